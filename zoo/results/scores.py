"""What runs are scored by, accuracy or R2: its word, and its name in files.

Where the target is a number, R2 takes the place of accuracy everywhere. Files and tables say so;
inside the columns keep their names. Imports no pandas.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoo.runs.run import Result

ACCURACY, R2 = "accuracy", "R2"
IN_FILES = "r2"
REGRESSION = "regression"
RMSE = "test_rmse"
METRIC = "metric"  # column of curves.csv


def of_numbers(spec: Mapping[str, Any]) -> bool:
    """Returns whether what was run predicts numbers."""
    data = spec.get("data")
    return REGRESSION in (spec.get("task"), data.get("task") if isinstance(data, dict) else None)


def word(spec: Mapping[str, Any]) -> str:
    """Returns what runs are scored by, in words."""
    return R2 if of_numbers(spec) else ACCURACY


def file_name(metric: str) -> str:
    """Returns what a metric is called in files where numbers are predicted."""
    return _name(metric, ACCURACY, IN_FILES)


def with_r2(result: Result) -> Result:
    """Returns a run that predicts numbers with R2 by its name, where the engines say accuracy."""
    history = {file_name(name): values for name, values in result.history.items()}
    final = {file_name(name): value for name, value in result.final.items()}
    return dataclasses.replace(result, history=history, final=final)


def in_files(spec: Mapping[str, Any], frame: Any) -> Any:
    """Returns a table as it is written and shown: with `test_r2` for `test_accuracy`, and so on."""
    return _renamed(frame, ACCURACY, IN_FILES) if of_numbers(spec) else frame


def from_files(spec: Mapping[str, Any], frame: Any) -> Any:
    """Returns a table of a file with the names that the zoo computes with."""
    return _renamed(frame, IN_FILES, ACCURACY) if of_numbers(spec) else frame


def header_from_files(spec: Mapping[str, Any], text: str) -> str:
    """Returns the text of a file with the names in its first line that the zoo computes with."""
    if not of_numbers(spec):
        return text
    first, end, rest = text.partition("\n")
    names = [_name(name, IN_FILES, ACCURACY) for name in first.split(",")]
    return ",".join(names) + end + rest


def _renamed(frame: Any, old: str, new: str) -> Any:
    frame = frame.rename(columns={name: _name(name, old, new) for name in frame.columns})
    if METRIC in frame.columns:
        names = frame[METRIC].map(lambda name: _name(str(name), old, new))
        frame = frame.assign(**{METRIC: names})
    return frame


def _name(name: str, old: str, new: str) -> str:
    """Returns a name with the last of its words replaced, if it is the old one, or that of a curve.

    The curve is that which a speed such as `epochs_to_accuracy_0.5_of_best` is measured on.
    """
    start, _, last = name.rpartition("_")
    if last == old:
        return "_".join(filter(None, [start, new]))
    return re.sub(rf"^(epochs_to_(?:val_)?){old}_", rf"\g<1>{new}_", name)
