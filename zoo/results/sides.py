"""Reads what two results folders hold, each a side of a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from zoo.errors import ZooError, closest
from zoo.results import kinds, ledger
from zoo.results.files import read_frame, read_spec, read_table
from zoo.results.verdicts import COLUMNS


@dataclass(frozen=True)
class Side:
    """What one side has of an experiment.

    Attributes:
        spec: The declaration as run, as in `spec.json`.
        table: As in `table.csv`.
        rows: What claims are settled on: one row a run, or one a variant and seed; of what was put
            together from other folders the table.
        rates: Chosen learning rate by variant; empty for what is measured.
        verdicts: As in `verdicts.csv`, with empty texts for missing values; perhaps without rows.
    """

    spec: Mapping[str, Any]
    table: pd.DataFrame
    rows: pd.DataFrame
    rates: Mapping[str, float]
    verdicts: pd.DataFrame

    def equals(self, other: Side) -> bool:
        """Returns whether two sides are the same, number for number."""
        frames = ("table", "rows", "verdicts")
        return (self.spec, self.rates) == (other.spec, other.rates) and all(
            getattr(self, name).equals(getattr(other, name)) for name in frames
        )


def read_both(a: Path, b: Path) -> tuple[dict[str, Side], dict[str, Side]]:
    """Reads two results folders, or folders of one experiment, by experiment.

    Two experiments that are named themselves are compared whatever they are called. Beside a single
    experiment only that one is read of a results folder. Searches have no claims and are left out.

    Raises:
        ZooError: If a folder holds no results, is damaged, or both have no experiment in common.
    """
    first, second = _folders("A", a), _folders("B", b)
    if _is_one(a) and _is_one(b):
        ours, theirs = (_read(folder) for folder in (a, b))
        names = dict.fromkeys(str(side.spec["experiment"]) for side in (ours, theirs))
        return {" -> ".join(names): ours}, {" -> ".join(names): theirs}
    if _is_one(a):
        second = _only(next(iter(first)), second, b)
    if _is_one(b):
        first = _only(next(iter(second)), first, a)
    if not set(first) & set(second):
        raise ZooError(
            f"A and B must have an experiment in common. Received: {a} with {_some(first)}, and "
            f"{b} with {_some(second)}."
        )
    return (
        {name: _read(folder) for name, folder in first.items()},
        {name: _read(folder) for name, folder in second.items()},
    )


def _is_one(path: Path) -> bool:
    return (path / "spec.json").is_file()


def _folders(side: str, path: Path) -> dict[str, Path]:
    """Returns the folders of experiments by name: of all in a results folder, or of the one."""
    folders = [path] if _is_one(path) else sorted(each.parent for each in path.glob("*/spec.json"))
    found = {
        folder.resolve().name: folder
        for folder in folders
        if kinds.kind_of(read_spec(folder)) in kinds.KINDS
    }
    if not found:
        why = "which holds none" if path.is_dir() else "which is no folder"
        raise ZooError(
            f"`{side}` must be a results folder, or a folder in it with the results of one "
            f"experiment. Received: {path}, {why}. `python -m zoo run` makes results."
        )
    return found


def _only(name: str, folders: Mapping[str, Path], root: Path) -> dict[str, Path]:
    if name not in folders:
        raise ZooError(f"There are no results for {name!r} in {root}. {closest(name, [*folders])}")
    return {name: folders[name]}


def _some(names: Mapping[str, Path]) -> str:
    shown = list(names)[:3]
    return ", ".join(shown) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _read(folder: Path) -> Side:
    spec = read_spec(folder)
    kind, table = kinds.of(spec), read_table(folder)
    put_together = kinds.kind_of(spec) not in kinds.WITH_ROWS
    rows = table if put_together else kind.rows_of(folder)
    rates = {} if put_together else kind.rates_of(folder, rows)
    verdicts = pd.DataFrame(columns=COLUMNS)
    if spec.get("claims"):
        verdicts = ledger.blank(read_frame(folder / "verdicts.csv"))
    return Side(spec, table, rows, rates, verdicts)
