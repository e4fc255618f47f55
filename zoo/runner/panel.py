"""Runs an experiment on a panel of data sets and settles its claims over all of them.

It has the functions of a kind (`zoo/runner/kinds.py`), for trained experiments.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo import data as datasets
from zoo.errors import ZooError
from zoo.runner import several, trained
from zoo.runner.how import How
from zoo.runner.pictures import draw
from zoo.runner.prepare import Prepared as One
from zoo.runner.prepare import Settings, folder_name
from zoo.runner.registry import Entry

PANEL = ("mnist1d", "digits", "mnist5k")  # come with packages
WHERE_FOUND = ("mnist", "fashion_mnist", "cifar10")
FEWEST = 2


@dataclass(frozen=True)
class Prepared:
    """An experiment ready to be run on several data sets.

    Attributes:
        entry: The module.
        folder_name: Name of the results folder in which they are put together.
        parts: What is run on each data set.
    """

    entry: Entry
    folder_name: str
    parts: Sequence[One]

    @property
    def experiment(self) -> Any:
        """The experiment on the first data set."""
        return self.parts[0].experiment


def fits(entry: Entry) -> bool:
    """Returns whether an experiment trains on one data set that can be another."""
    return entry.kind == "trained" and entry.factor not in ("data", "train_examples")


def panel_of(own: str, given: str | None, data_dir: Path | None) -> list[str]:
    """Returns the data sets of a panel.

    Args:
        own: The experiment's data set.
        given: Names or files of others, separated by commas, or `None` for those that come with
            packages, and the larger ones where they are found.
        data_dir: As `zoo.data.load` takes it.

    Raises:
        ZooError: If fewer than two are given, or one twice.
    """
    if given is None:
        found = datasets.available(data_dir)
        larger = [n for n in WHERE_FOUND if found[n].startswith(("folder file", "cache"))]
        return list(dict.fromkeys([*([] if own in PANEL else [own]), *PANEL, *larger]))
    names = [name.strip() for name in given.split(",") if name.strip()]
    if len(names) < FEWEST or len(set(names)) < len(names):
        raise ZooError(
            f"`--panel` must have at least {FEWEST} different data sets. Received: --data {given}. "
            f"Separate them by commas, or leave `--data` out for {', '.join(PANEL)}."
        )
    return names


def prepare(entry: Entry, settings: Settings, data_dir: Path | None) -> Prepared:
    """Plans the runs on every data set; trains nothing.

    Raises:
        ZooError: If the experiment trains nothing, varies its data or has no claims, or as for one
            data set.
    """
    if not fits(entry):
        raise ZooError(
            f"`--panel` must go with an experiment that trains on one data set. Received: "
            f"{entry.name}, which {'varies its data' if entry.kind == 'trained' else 'measures'}. "
            "Run it without."
        )
    declared = entry.load()
    if not declared.claims:
        raise ZooError(
            f"`--panel` settles claims over data sets. Received: {entry.name}, which has none. "
            "Give it a claim, or run it once for each data set (--data)."
        )
    names = panel_of(declared.recipe.data, settings.data, data_dir)
    parts = [
        trained.prepare(entry, dataclasses.replace(settings, data=name), data_dir) for name in names
    ]
    others = dataclasses.replace(settings, data=None).beyond(declared).differing()
    given = "" if settings.data is None else "+".join(map(datasets.short_name, names))
    return Prepared(entry, folder_name(entry.name, others | {"panel": given}), parts)


def plan_of(prepared: Prepared) -> str:
    """Returns how much there is to train, a line for each data set and one for all."""
    return several.plan_of(prepared.folder_name, prepared.parts)


def run(prepared: Prepared, how: How) -> tuple[Path, list[str]]:
    """Trains on every data set as if on it alone, and settles the claims over all of them.

    Args:
        prepared: What to run.
        how: How.

    Returns:
        The folder of the panel: spec.json, panel.csv, panel.md, verdicts.csv and the picture. And
        lines that say what was done and what to do next.

    Raises:
        Interrupted: If the user interrupts; says how many runs are kept.
    """
    lines = several.run_each(prepared.parts, how)
    folder = write(prepared, how.results)
    end = f"Plots and tables: {folder}{os.sep}   effects: {folder / 'panel.svg'}"
    return folder, [*lines, end]


def write(prepared: Prepared, root: Path) -> Path:
    """Puts the results on all data sets together, from their folders.

    Returns:
        The folder that it is written into.
    """
    # pandas and matplotlib take seconds to import, which training need not wait for.
    from zoo.results import files, panel, tables

    folder = root / prepared.folder_name
    panel.write(folder, spec_of(prepared))
    text = tables.render(files.read_spec(folder), files.read_table(folder), "md")
    files.write_text(folder / "panel.md", text)
    draw(folder)
    return folder


def spec_of(prepared: Prepared) -> dict[str, Any]:
    """Returns what was run, ready for JSON."""
    first = prepared.parts[0]
    return {
        "experiment": prepared.folder_name,
        "kind": "panel",
        "question": prepared.entry.question,
        "factor": first.experiment.factor,
        "baseline": first.experiment.baseline,
        "variants": list(first.experiment.variants),
        **({"left_out": list(left)} if (left := first.experiment.left_out) else {}),
        "seeds": list(first.seeds),
        "datasets": [part.data.name for part in prepared.parts],
        "runs": [part.folder_name for part in prepared.parts],
        "setting": list(map(_setting, prepared.parts)),
    }


def _setting(part: One) -> str:
    """Returns the size of a data set and of training on it, in words."""
    data, recipe = part.data, part.experiment.recipe
    sizes = f"{len(data.x_train):,} training and {len(data.x_test):,} test examples"
    drawn = ", drawn anew by each seed" * part.settings.resampled
    epochs = f"{recipe.epochs} epoch{'s' * (recipe.epochs > 1)}"
    return f"{data.name}: {sizes}{drawn}, {epochs}, batch {recipe.batch_size}"
