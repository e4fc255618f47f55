"""Which test examples runs have right: `examples.csv`, where all seeds are tested on the same.

It has a row for each run at the rates that count: those that are chosen, those that do as well, and
the baseline's. So the choice of the examples can have its share in intervals and p. The seeds' mean
of each example would not do: how often two variants differ on an example in the same seed is what
tells luck from the example (`zoo.evidence.examples`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from zoo.evidence.cells import RIGHT
from zoo.evidence.metrics import VALIDATION
from zoo.results.files import EXACT, read_frame, write_frame
from zoo.results.rates import rates_in
from zoo.results.schema import damaged
from zoo.runs.rights import packed, unpacked

NAME = "examples.csv"
RUN = ["variant", "learning_rate", "seed"]
APART = 0.01  # what an accuracy may differ by, as a network is evaluated and called in two ways


def fixes_test(spec: Mapping[str, Any]) -> bool:
    """Returns whether all seeds of what was run were tested on the same examples.

    Of a declaration that does not say how the data are split, by an older version, it is not known.
    """
    data = spec.get("data", {})
    return data.get("split") == "fixed" or bool(data.get("keeps_test"))


def frame_of(spec: Mapping[str, Any], runs: pd.DataFrame) -> pd.DataFrame:
    """Returns the rows of `examples.csv`.

    Args:
        spec: The declaration as run.
        runs: One row a run; perhaps with the column `right`, as `zoo.evidence.cells` has it.
    """
    if RIGHT not in runs.columns:
        return pd.DataFrame(columns=[*RUN, RIGHT])
    rates = rates_in(spec, runs)[VALIDATION]
    shared = rates.chosen.get(spec["baseline"])
    columns = (runs[name] for name in ("variant", "learning_rate", RIGHT))
    counting = [
        bool(right) and rate in (*rates.of(label), shared)
        for label, rate, right in zip(*columns, strict=True)
    ]
    found = runs.loc[counting, [*RUN, RIGHT]]
    return found.assign(**{RIGHT: [_text(right) for right in found[RIGHT]]})


def write(folder: Path, spec: Mapping[str, Any], runs: pd.DataFrame) -> None:
    """Writes `examples.csv` if there is anything to write, else removes it."""
    found = frame_of(spec, runs)
    if len(found):
        write_frame(folder / NAME, found, EXACT)
    else:
        (folder / NAME).unlink(missing_ok=True)


def with_rights(folder: Path, spec: Mapping[str, Any], runs: pd.DataFrame) -> pd.DataFrame:
    """Returns the runs with the column `right`, if all seeds are tested on the same examples.

    Args:
        folder: The results folder.
        spec: The declaration as run.
        runs: As in `runs.csv`.

    Raises:
        ZooError: If `examples.csv` is not of these runs.
    """
    if not fixes_test(spec):
        return runs
    path = folder / NAME
    found = read_frame(path) if path.is_file() else pd.DataFrame(columns=[*RUN, RIGHT])
    known: dict[tuple[Any, ...], bytes] = {}
    for line, (*key, text) in enumerate(found[[*RUN, RIGHT]].itertuples(index=False), 2):
        if tuple(key) in known:
            raise damaged(path, f"line {line} is of a run that another line is of")
        known[tuple(key)] = unpacked(text)
    keys = list(runs[RUN].itertuples(index=False, name=None))
    if strangers := set(known) - set(keys):
        told = "variant {}, learning rate {:g}, seed {}".format(*min(strangers))
        raise damaged(path, f"it has a run that runs.csv has not: {told}")
    rights = [known.get(key, b"") for key in keys]
    for key, right, share in zip(keys, rights, runs["test_accuracy"], strict=True):
        if right and not abs(sum(right) / len(right) - share) <= APART + 1 / len(right):
            told = "variant {}, learning rate {:g}, seed {}".format(*key)
            raise damaged(path, f"it has another test accuracy than runs.csv for {told}")
    return runs.assign(**{RIGHT: rights})


def _text(right: bytes) -> str:
    return packed(list(right))
