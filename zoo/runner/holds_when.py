"""Runs an experiment once for each of several values and puts together when its effects hold.

It has the functions of a kind (`zoo/runner/kinds.py`), for trained experiments.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.data.numbers import REGRESSION
from zoo.errors import ZooError
from zoo.runner import overrides, several, trained
from zoo.runner.how import How
from zoo.runner.pictures import draw
from zoo.runner.prepare import Prepared as One
from zoo.runner.prepare import Settings, folder_name
from zoo.runner.registry import Entry

MOST_NAMES = 2  # what a picture can show


@dataclass(frozen=True)
class Prepared:
    """An experiment ready to be run with several values.

    Attributes:
        entry: The module.
        folder_name: Name of the results folder in which they are put together.
        swept: The values, as text, by name.
        parts: What is run for each combination, the last name's value changing fastest.
    """

    entry: Entry
    folder_name: str
    swept: Mapping[str, list[str]]
    parts: Sequence[One]

    @property
    def experiment(self) -> Any:
        """The experiment with the first combination."""
        return self.parts[0].experiment


def has_several(settings: Settings) -> bool:
    """Returns whether some name has several values."""
    return any("," in text for _, text in settings.words)


def prepare(entry: Entry, settings: Settings, data_dir: Path | None) -> Prepared:
    """Plans the runs of every combination; trains nothing.

    Raises:
        ZooError: If more than two names have several values, or the experiment trains nothing, or
            as for one value.
    """
    several = [name for name, text in settings.words if "," in text]
    if len(several) > MOST_NAMES:
        raise ZooError(
            f"`--set` must give several values to at most {MOST_NAMES} names, as a picture has no "
            f"room for more. Received: {len(several)} ({', '.join(several)})"
        )
    if entry.kind != "trained":
        raise ZooError(
            f"`--set {several[0]}` must have one value for {entry.name}, which has no test "
            f"accuracy to compare. Received: {dict(settings.words)[several[0]]!r}. Run it once for "
            "each."
        )
    declared = entry.load()
    experiment = settings.sized(declared)
    swept = {
        name: list(map(overrides.text_of, values))
        for name, values in overrides.several_of(settings.words, experiment).items()
    }
    fixed = tuple(word for word in settings.words if word[0] not in swept)
    parts = [
        trained.prepare(
            entry,
            dataclasses.replace(settings, words=(*fixed, *zip(swept, values, strict=True))),
            data_dir,
        )
        for values in itertools.product(*swept.values())
    ]
    others = dataclasses.replace(settings, words=fixed).beyond(declared).differing()
    name = folder_name(entry.name, others | overrides.differing((), list(swept.items())))
    return Prepared(entry, name, swept, parts)


def plan_of(prepared: Prepared) -> str:
    """Returns how much there is to train, a line for each combination and one for all."""
    return several.plan_of(prepared.folder_name, prepared.parts)


def run(prepared: Prepared, how: How) -> tuple[Path, list[str]]:
    """Trains every combination as if it were run alone, and puts the results together.

    Args:
        prepared: What to run.
        how: How.

    Returns:
        The folder in which they are put together: spec.json, holds_when.csv, holds_when.md and the
        picture. And lines that say what was done and what to do next.

    Raises:
        Interrupted: If the user interrupts; says how many runs are kept.
    """
    lines = several.run_each(prepared.parts, how)
    folder = write(prepared, how.results)
    picture = folder / "holds_when.svg"
    return folder, [*lines, f"Plots and tables: {folder}{os.sep}   effects: {picture}"]


def write(prepared: Prepared, root: Path) -> Path:
    """Puts the results of all combinations together, from their folders.

    Returns:
        The folder that it is written into.
    """
    # pandas and matplotlib take seconds to import, which training need not wait for.
    from zoo.results import files, holds_when, scores, tables

    parts = []
    for values, part in zip(holds_when.settings_of(prepared.swept), prepared.parts, strict=True):
        own = root / part.folder_name
        known = (own / "verdicts.csv").is_file()
        verdicts = files.read_frame(own / "verdicts.csv") if known else None
        parts.append(holds_when.Part(values, files.read_table(own), verdicts))
    folder = root / prepared.folder_name
    folder.mkdir(parents=True, exist_ok=True)
    spec = spec_of(prepared) | {"verdicts": holds_when.verdicts_of(parts)}
    files.write_text(folder / "spec.json", json.dumps(spec, indent=2) + "\n")
    files.write_frame(folder / "holds_when.csv", scores.in_files(spec, holds_when.frame_of(parts)))
    text = tables.render(files.read_spec(folder), files.read_table(folder), "md")
    files.write_text(folder / "holds_when.md", text)
    draw(folder)
    return folder


def spec_of(prepared: Prepared) -> dict[str, Any]:
    """Returns what was run, ready for JSON, but for the verdicts."""
    first = prepared.parts[0]
    recipe, data = first.experiment.recipe, first.data
    common = [word for word in first.settings.words if word[0] not in prepared.swept]
    epochs = f"{recipe.epochs} epoch{'s' * (recipe.epochs > 1)}"
    return {
        "experiment": prepared.folder_name,
        "kind": "holds_when",
        **({"task": REGRESSION} if first.data.of_numbers else {}),
        "question": prepared.entry.question,
        "factor": first.experiment.factor,
        "baseline": first.experiment.baseline,
        "variants": list(first.experiment.variants),
        "seeds": list(first.seeds),
        "swept": dict(prepared.swept),
        "setting": [
            f"{data.name}: {len(data.x_test):,} test samples"
            + ", drawn anew by each seed" * first.settings.resampled,
            *(f"{name.replace('_', ' ')} {text}" for name, text in common),
            *([epochs] if "epochs" not in prepared.swept else []),
        ],
        "runs": [part.folder_name for part in prepared.parts],
    }
