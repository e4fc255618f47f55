"""Targets that are numbers, not classes: which they are, and what is made of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zoo.data.columns import cleaned, numbers_in
from zoo.data.labels import Labels, without_label
from zoo.errors import ZooError

Array = NDArray[Any]

CLASSIFICATION, REGRESSION = "classification", "regression"
TASKS = (CLASSIFICATION, REGRESSION)
MOST_CLASSES = 10  # different numbers that a table's target may have for it to be classes
MOST_FRACTIONAL_CLASSES = 20  # different fractions that labels in an array may have
FEWEST = 10  # examples of a number: to train on, to validate and to test
UNIT = r"^[-+]?[\d.,]+\s*([^\d\s.,]+)$"
STRAIGHT = 1e-10  # what a squared correlation of a target and what repeats it lacks of 1


def is_target(series: Any, comma: str) -> bool:
    """Returns whether a table's target is a number and no class: more than ten different ones.

    Args:
        series: A pandas series of any type.
        comma: What commas in numbers are: `decimal` or `thousands`.
    """
    numbers = numbers_in(series, comma)
    if numbers is None:
        return False
    return len(np.unique(numbers[~np.isnan(numbers)])) > MOST_CLASSES


def check_words(
    path: str, target: str, series: Any, comma: str, where: Callable[[int], str]
) -> None:
    """Raises ZooError if a target that seems to be classes is a number but for some words.

    Args:
        path: The file, for messages.
        target: The target's name.
        series: A pandas series of any type, one value for each row.
        comma: What commas in numbers are: `decimal` or `thousands`.
        where: Function of a row's place that says where it stands.
    """
    cells = cleaned(series)
    known = cells.dropna()
    if known.nunique() <= MOST_CLASSES or numbers_in(series, comma) is not None:
        return
    words = [text for text in known.unique() if numbers_in(known[known == text], comma) is None]
    of_words = known.isin(words)
    if 0 < 2 * of_words.sum() < len(known) and known[~of_words].nunique() > MOST_CLASSES:
        row = int(np.flatnonzero(cells.isin(words))[0])
        raise ZooError(
            f"{path}: column {target!r} holds text: {series.iloc[row]!r} in {where(row)}, where "
            "most values are numbers.\nCorrect it, write NA if it is missing, or make classes of "
            f"all with --task {CLASSIFICATION}."
        )


def unit_in(series: Any) -> str:
    """Returns a sentence about what stands behind all numbers of a target, if something does."""
    texts = cleaned(series).dropna().map(str)
    units = texts.str.extract(UNIT, expand=False)
    if not len(texts) or units.isna().any() or units.nunique() != 1:
        return ""
    return f" Are these numbers with a unit? Remove {units.iloc[0]!r}, then they are predicted."


def has_fractions(labels: Array) -> bool:
    """Returns whether labels of shape (examples,) are numbers, as they have many fractions."""
    if labels.dtype.kind != "f":
        return False
    return int((np.unique(labels[np.isfinite(labels)]) % 1 != 0).sum()) > MOST_FRACTIONAL_CLASSES


def targets_of(
    path: str, target: str, series: Any, comma: str, where: Callable[[int], str]
) -> Labels:
    """Returns the numbers in a table's target; rows without one are left out.

    Args:
        path: The file, for messages.
        target: The target's name.
        series: A pandas series of any type, one value for each row.
        comma: What commas in numbers are: `decimal` or `thousands`.
        where: Function of a row's place that says where it stands.

    Raises:
        ZooError: If too many rows have none, or a value is none.
    """
    numbers = numbers_in(series, comma)
    if numbers is None:
        row = next(
            row
            for row, value in enumerate(cleaned(series))
            if value is not None and numbers_in(series.iloc[[row]], comma) is None
        )
        raise ZooError(
            f"{path}: --task {REGRESSION} takes numbers in column {target!r}. Received: "
            f"{series.iloc[row]!r} in {where(row)}. Correct it, write NA if it is missing, or "
            "leave --task out."
        )
    missing = np.isnan(numbers)
    with np.errstate(over="ignore"):
        wrong = np.flatnonzero(~missing & ~np.isfinite(numbers.astype(np.float32)))
    if wrong.size:
        raise ZooError(
            f"{path}: column {target!r} has {wrong.size} numbers that are infinite or beyond "
            f"float32; the first is {series.iloc[wrong[0]]} in {where(int(wrong[0]))}. Correct it, "
            "or write NA if it is missing."
        )
    texts = ["" if gone else str(value) for gone, value in zip(series.isna(), series, strict=True)]
    notes = without_label(path, target, missing.tolist(), texts, where, hints=False)
    rows = np.flatnonzero(~missing).astype(np.int64)
    return Labels(rows, numbers[rows], {}, notes)


def checked_targets(y: Array, examples: int, what: str) -> Array:
    """Returns the numbers to be predicted as float64, shape (examples,).

    Args:
        y: Numbers of shape (examples,) or (examples, 1).
        examples: How many rows of features there are.
        what: Where they come from, for messages.

    Raises:
        ZooError: If they cannot be predicted.
    """
    numbers = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if numbers.dtype.kind not in "iuf":
        raise ZooError(
            f"{what} must hold numbers for --task {REGRESSION}. Received dtype {y.dtype}."
        )
    if numbers.shape != (examples,):
        raise ZooError(
            f"{what} must hold one number for each of the {examples} rows of features. "
            f"Received shape {y.shape}. Keep one column."
        )
    numbers = numbers.astype(np.float64)
    with np.errstate(over="ignore"):
        wrong = np.flatnonzero(~np.isfinite(numbers.astype(np.float32)))
    if wrong.size:
        raise ZooError(
            f"{what} has {wrong.size} numbers that are missing, infinite or beyond float32; the "
            f"first is {numbers[wrong[0]]} at row {wrong[0]}. Fill them in or drop these rows."
        )
    return numbers


def check_spread(numbers: Array, what: str) -> None:
    """Raises ZooError unless there are enough numbers, and they differ."""
    if len(numbers) < FEWEST:
        raise ZooError(
            f"{what}: a number to predict needs at least {FEWEST} examples. Received "
            f"{len(numbers)}. Add some."
        )
    if numbers.min() == numbers.max():
        raise ZooError(
            f"{what} is {numbers[0]:g} in every row, so there is nothing to predict. Name another "
            "target."
        )


def told(numbers: Array) -> dict[str, float]:
    """Returns what is told of the numbers to be predicted, ready for JSON."""
    found = {
        "lowest": numbers.min(),
        "highest": numbers.max(),
        "mean": numbers.mean(),
        "deviation": numbers.std(),
    }
    return {name: float(f"{value:.6g}") for name, value in found.items()}


def scale_of(numbers: Array) -> tuple[float, float]:
    """Returns mean and standard deviation of the training part's numbers; 1 for one of 0."""
    mean, deviation = float(numbers.mean()), float(numbers.std())
    return mean, deviation if deviation > 0 else 1.0


def standardised(numbers: Array, mean: float, deviation: float) -> Array:
    """Returns numbers as a network is to predict them, float32."""
    return np.asarray((numbers - mean) / deviation, np.float32)


def repeats(values: Array, numbers: Array) -> bool:
    """Returns whether a column is the target on another scale: a straight line through both.

    Args:
        values: The column, shape (examples,).
        numbers: The target, shape (examples,).
    """
    if np.isnan(values).any() or len(np.unique(values)) < 3:
        return False
    x, y = values - values.mean(), numbers - numbers.mean()
    spread = float((x @ x) * (y @ y))
    return spread > 0 and float(x @ y) ** 2 / spread > 1 - STRAIGHT
