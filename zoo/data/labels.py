"""The target of a table: which rows have a label, and what its classes are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zoo.errors import ZooError

Array = NDArray[Any]

MISSING_LABELS = frozenset({"", "nan", "na", "n/a", "null", "<na>"})
FEWEST = 3  # examples of a class: one each to train on, to validate and to test
FREE = 20  # rows, from which on a text that hardly ever occurs twice is none of a class
RARE_SHARE = 0.05  # of the rows, that may be left out because their classes are too rare
MOST_WITHOUT = 0.5  # of the rows, that may have no label
WHOLE = 2.0**53  # beyond, a float is no longer one label
SHORT = 2  # letters; a and A may be two classes, yes and Yes are one


@dataclass(frozen=True, eq=False)
class Labels:
    """The labels of a table.

    Attributes:
        rows: Places of the rows that have a label of a class with enough examples, sorted.
        values: Their labels: numbers or texts.
        counts: How many examples each class has, by its name.
        notes: What was done about labels, in words.
    """

    rows: Array
    values: Array
    counts: dict[str, int]
    notes: Sequence[str]


def labels_of(
    path: str, target: str, series: Any, where: Callable[[int], str], keep: bool = False
) -> Labels:
    """Returns the labels of a table.

    Args:
        path: The file, for messages.
        target: The target's name.
        series: A pandas series of any type, one value for each row.
        where: Function of a row's place that says where it stands.
        keep: Whether texts such as NA are a class.

    Raises:
        ZooError: If too many rows have none.
    """
    texts = [
        "" if missing else _text(value)
        for value, missing in zip(series, series.isna(), strict=True)
    ]
    none = {""} if keep else MISSING_LABELS
    rows = np.array([row for row, text in enumerate(texts) if text.lower() not in none], np.int64)
    missing = [text.lower() in none for text in texts]
    notes = without_label(path, target, missing, texts, where)
    found, merged = _one_spelling([texts[row] for row in rows])
    notes += merged
    few = {label for label, count in Counter(found).items() if count < FEWEST}
    kept = [place for place, label in enumerate(found) if label not in few]
    rare = len(found) - len(kept)
    if 0 < rare <= RARE_SHARE * len(found):
        rows, found = rows[kept], [found[place] for place in kept]
        names = ", ".join(sorted(few))
        notes.append(f"{_rows(rare)} of {names} left out, as a class needs {FEWEST} examples")
    values = typed(found)
    if (
        len(values)
        and values.dtype.kind == "f"
        and (values % 1 == 0).all()
        and np.abs(values).max() < WHOLE
    ):
        values = values.astype(np.int64)
    labels, counts = np.unique(values, return_counts=True)
    named = {str(label): int(count) for label, count in zip(labels, counts, strict=True)}
    return Labels(rows, values, named, notes)


def check_repeated(path: str, target: str, labels: Labels) -> None:
    """Raises ZooError if a target is free text, whose values hardly ever occur twice."""
    different, rows = len(labels.counts), len(labels.rows)
    if labels.values.dtype.kind not in "iufb" and rows >= FREE and 2 * different > rows:
        raise ZooError(
            f"{path}: column {target!r} holds {different} different values in {rows} rows, so they "
            "are no classes. Name another column with --target NAME."
        )


def without_label(
    path: str,
    target: str,
    missing: Sequence[bool],
    texts: Sequence[str],
    where: Callable[[int], str],
    hints: bool = True,
) -> list[str]:
    """Returns what is to be said about rows without a label, a text or none.

    Args:
        path: The file, for messages.
        target: The target's name.
        missing: For each row whether it has none.
        texts: What stands there.
        where: Function of a row's place that says where it stands.
        hints: Whether such a text could be a class.

    Raises:
        ZooError: If too many rows have none.
    """
    without = sum(missing)
    if not without:
        return []
    first = list(missing).index(True)
    hint = f"; --keep {target} makes {texts[first]} a class" if hints and texts[first] else ""
    if without > MOST_WITHOUT * len(texts):
        raise ZooError(
            f"{path}: no label in column {target!r}, {where(first)} ({texts[first]!r}), and in "
            f"{without} of {len(texts)} rows. Fill them in, or name another target with --target "
            f"NAME{hint}."
        )
    return [f"{_rows(without)} without a label left out, the first in {where(first)}{hint}"]


def _rows(count: int) -> str:
    return f"{count} row{'s' * (count > 1)}"


def _text(value: Any) -> str:
    """Returns a label as a text; a whole number, which pandas has as a float, as a whole one."""
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace").strip()
    return str(value).strip()


def _one_spelling(texts: list[str]) -> tuple[list[str], list[str]]:
    """Returns labels in one spelling where they differ in capitals alone, and what was changed."""
    spellings: dict[str, Counter[str]] = {}
    for text in texts:
        spellings.setdefault(text.casefold(), Counter())[text] += 1
    chosen, notes = {}, []
    for found in spellings.values():
        usual = min(found, key=lambda text: (-found[text], text))
        one = len(usual) > SHORT - 1 and len(found) > 1
        chosen.update({text: usual if one else text for text in found})
        if one:
            notes.append(f"{', '.join(sorted(set(found) - {usual}))} read as {usual}")
    return [chosen[text] for text in texts], notes


def typed(labels: list[str]) -> Array:
    """Returns labels as whole numbers or floats, if all of them are numbers."""
    for convert in (int, float):
        try:
            numbers = np.array([convert(label) for label in labels])
        except ValueError:
            continue
        return numbers if numbers.dtype != object else np.array(labels)  # beyond 64 bits
    return np.array(labels)
