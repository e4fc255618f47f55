"""A data set as its source gives it, and the checks that every data set passes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zoo.data.features import Features
from zoo.data.labels import MISSING_LABELS
from zoo.data.numbers import (
    FEWEST,
    MOST_CLASSES,
    REGRESSION,
    check_spread,
    checked_targets,
    has_fractions,
)
from zoo.errors import ZooError, printable

LAST_CHARACTER, SURROGATES = 0x10FFFF, (0xD800, 0xDFFF)
CHUNK_ROWS = 1024  # examples that are looked at, or computed, at a time
LARGEST_INTEGER = 2.0**53  # beyond, a float is no longer one label
FOUR_KEYS = ("x_train", "y_train", "x_test", "y_test")

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Parts:
    """A data set as its source gives it: checked, labels encoded, not yet split or normalised.

    Attributes:
        x: Features of shape (examples, ...), of the source's own type; `x_test` alike, or None
            where the source has no test part. Of a table with more than numbers its columns, of
            which `features` makes features.
        y: Labels of shape (examples,), int32, from 0, or float64 numbers to be predicted; `y_test`
            alike, or None.
        class_names: The name of class 0, of class 1, and so on; none of numbers.
        features: What makes features of raw columns, learned from the training part; or None.
        table: What was done with a table, ready for JSON; or None.
        note: What was done with other examples, in words; or nothing.
    """

    x: Array
    y: Array
    x_test: Array | None
    y_test: Array | None
    class_names: tuple[str, ...]
    features: Features | None = None
    table: Mapping[str, Any] | None = None
    note: str = ""

    @property
    def strata(self) -> Array:
        """Whole numbers of shape (examples,) that keep their shares in a split: the classes."""
        return self.y if self.class_names else np.zeros(len(self.y), np.int32)


def check_is_file(path: Path) -> None:
    """Raises ZooError unless a path is that of a file."""
    if not path.is_file():
        what = "is not a file" if path.exists() else "does not exist"
        raise ZooError(f"{path} {what}. Expected the path of an .npz file or of a table.")


def checked(
    x: Array,
    y: Array,
    x_test: Array | None = None,
    y_test: Array | None = None,
    *,
    source: str,
    names: tuple[str, ...] = FOUR_KEYS,
    missing: frozenset[str] = MISSING_LABELS,
    task: str | None = None,
) -> Parts:
    """Checks that the arrays can be trained on and encodes the labels.

    Labels of many fractions are numbers to be predicted, unless `task` says otherwise.

    Args:
        x: Features of shape (examples, ...).
        y: Labels of shape (examples,) or (examples, 1): numbers, truth values or strings.
        x_test: Features of the test part, or None.
        y_test: Labels of the test part, or None.
        source: Where the arrays come from, for messages.
        names: What the arrays are called there, for messages.
        missing: Texts, in small letters, that say that there is no label.
        task: `classification` or `regression`; `None` to find out.

    Raises:
        ZooError: If anything would make training fail or its result meaningless.
    """
    _check_features(x, f"{source}: {names[0]}")
    if x_test is not None:
        _check_features(x_test, f"{source}: {names[2]}")
        if x_test.shape[1:] != x.shape[1:]:
            raise ZooError(
                f"{source}: {names[2]} must have examples of shape {x.shape[1:]}, as {names[0]} "
                f"has. Received {x_test.shape[1:]}."
            )
    if task == REGRESSION or (task is None and has_fractions(y)):
        numbers = checked_targets(y, len(x), f"{source}: {names[1]}")
        check_spread(numbers, f"{source}: {names[1]}")
        if x_test is None or y_test is None:
            return Parts(x, numbers, None, None, ())
        tested = checked_targets(y_test, len(x_test), f"{source}: {names[3]}")
        return Parts(x, numbers, x_test, tested, ())
    labels = _plain_labels(y, len(x), f"{source}: {names[1]}", missing)
    classes, counts = np.unique(labels, return_counts=True)
    if len(classes) < 2:
        raise ZooError(
            f"{source}: expected at least two classes in {names[1]}. Received {len(classes)}: "
            f"{', '.join(map(str, classes)) or 'no examples'}."
        )
    fewest, use = (3, "train, validation and test") if x_test is None else (2, "train, validation")
    if counts.min() < fewest:
        _check_numbers(classes, counts, f"{source}: {names[1]}")
        many = labels.dtype.kind in "iuf" and len(classes) > MOST_CLASSES
        hint = f" To predict it as a number: --task {REGRESSION}." if many else ""
        raise ZooError(
            f"{source}: each class needs at least {fewest} examples (one each for {use}). Received "
            f"{counts.min()} of class {classes[counts.argmin()]}. Add some or drop it.{hint}"
        )
    code = {label: index for index, label in enumerate(classes.tolist())}
    encoded_test = None
    if x_test is not None and y_test is not None:
        labels_test = _plain_labels(y_test, len(x_test), f"{source}: {names[3]}", missing).tolist()
        unknown = sorted(map(str, set(labels_test) - set(code)))
        if unknown:
            raise ZooError(
                f"{source}: {names[3]} has labels that {names[1]} lacks: {', '.join(unknown[:5])}. "
                "Add training examples or drop these test examples."
            )
        encoded_test = np.array([code[label] for label in labels_test], np.int32)
    encoded = np.array([code[label] for label in labels.tolist()], np.int32)
    names_of_classes = tuple(printable(str(label), kept="") for label in code)
    return Parts(x, encoded, x_test, encoded_test, names_of_classes)


def _check_numbers(classes: Array, counts: Array, what: str) -> None:
    """Raises ZooError for few examples each of which has a number of its own."""
    try:
        classes.astype(np.float64)
    except ValueError:
        return
    if counts.max() == 1 and len(classes) < FEWEST:
        raise ZooError(
            f"{what} has another number in each of its {len(classes)} rows. To predict a number "
            f"takes at least {FEWEST} examples, and each class 3. Add some."
        )


def _check_features(x: Array, what: str) -> None:
    if x.dtype.kind not in "biuf":
        raise ZooError(f"{what} must hold numbers. Received dtype {x.dtype}.")
    if x.ndim < 2 or x.size == 0:
        raise ZooError(
            f"{what} must have shape (examples, features) or (examples, height, width, channels) "
            f"and not be empty. Received shape {x.shape}."
        )
    count, first = unusable(x)
    if count:
        place = ", ".join(map(str, first))
        raise ZooError(
            f"{what} has {count} values that are NaN, infinite or beyond float32; the "
            f"first is at row {first[0]}, index [{place}]. Fill them in or drop these rows."
        )


def unusable(x: Array) -> tuple[int, list[int]]:
    """Returns how many values are NaN, infinite or beyond float32, and where the first is.

    Looks at some examples at a time, to spare memory.

    Args:
        x: Shape (examples, ...).
    """
    count, first = 0, list[int]()
    for start in range(0, len(x) if x.dtype.kind == "f" else 0, CHUNK_ROWS):
        with np.errstate(over="ignore"):
            finite = np.isfinite(x[start : start + CHUNK_ROWS].astype(np.float32))
        if finite.all():
            continue
        places = np.argwhere(~finite)
        count += len(places)
        first = first or [start + int(places[0][0]), *map(int, places[0][1:])]
    return count, first


def _plain_labels(y: Array, examples: int, what: str, none: frozenset[str]) -> Array:
    """Returns labels of shape (examples,) as integers, fractions, truth values or strings."""
    labels = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if labels.shape != (examples,):
        raise ZooError(
            f"{what} must hold one label for each of the {examples} rows of features. "
            f"Received shape {y.shape}.{_advice(y)}"
        )
    if labels.dtype.kind not in "biufUS":
        raise ZooError(f"{what} must hold numbers or strings. Received dtype {y.dtype}.")
    if labels.dtype.kind in "SU":
        labels = _texts(labels, what)
        missing = np.isin(np.char.lower(np.char.strip(labels)), sorted(none))
    else:
        missing = ~np.isfinite(labels)
    if missing.any():
        raise ZooError(
            f"{what} has {missing.sum()} missing labels; the first is at row {missing.argmax()}. "
            "Fill them in or drop these rows."
        )
    integral = labels.dtype.kind == "f" and bool((labels % 1 == 0).all())
    if integral and bool((np.abs(labels) <= LARGEST_INTEGER).all()):
        return labels.astype(np.int64)
    return labels


def _advice(y: Array) -> str:
    """Returns what to do with labels in several columns."""
    if y.ndim != 2:
        return ""
    several = y.dtype.kind in "biuf" and np.isin(y, (0, 1)).all()
    odd = int((y.sum(axis=1) != 1).argmax()) if several and len(y) else 0
    if not several or not len(y) or y[odd].sum() == 1:
        return " Keep one column."
    return (
        f" Row {odd} is of {y[odd].sum():g} classes, and experiments predict one: keep one column, "
        "or train on all with zoo.fit_many and loss='binary_crossentropy'."
    )


def _texts(labels: Array, what: str) -> Array:
    """Returns labels that are texts or bytes as texts.

    Raises:
        ZooError: If they are no text.
    """
    if labels.dtype.kind == "S":
        try:
            return np.char.decode(labels, "utf-8")
        except UnicodeDecodeError as error:
            raise ZooError(f"{what} has labels that are not UTF-8. Save them as UTF-8.") from error
    labels = labels.astype(f"U{max(labels.dtype.itemsize // 4, 1)}")
    codes = np.ascontiguousarray(labels).view(np.uint32)
    if ((codes > LAST_CHARACTER) | ((codes >= SURROGATES[0]) & (codes <= SURROGATES[1]))).any():
        raise ZooError(f"{what} has labels that are no text. Save them as UTF-8.")
    return labels
