"""What was done with a table, in five lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from zoo.data.columns import CATEGORY, DATE, quoted
from zoo.data.ready import Data
from zoo.data.shapes import in_words
from zoo.errors import printable

MOST_NAMES = 8
OFFER = "or is it another column"  # how a note begins that is a question about the target
VERBS = {"has": "have", "is": "are", "was": "were"}
PLURALS = {CATEGORY: "categories"}


def lines_of(data: Data) -> list[str]:
    """Returns columns, missing values, what is left out, classes and examples: a line each.

    Args:
        data: Any data; of what is no table what examples are, and the last two lines.
    """
    inputs = f"{in_words(data.input_shape)}{'; ' * bool(data.note)}{data.note}"
    rows = {"inputs": inputs} if data.table is None else _of_table(data, data.table)
    if data.target_scale is None:
        rows["classes"] = _classes(data)
    else:
        rows["target"] = _target(data, data.target_scale)
    rows["examples"] = (
        f"{len(data.y_train)} to train on, {len(data.y_validation)} to validate, "
        f"{len(data.y_test)} to test{_drawn(data)}"
    )
    return [printable(f"{name.ljust(9)} {text}", kept="") for name, text in rows.items()]


def notes_of(table: Mapping[str, Any]) -> list[str]:
    """Returns what was done with missing values, columns and rows, a line each where it was."""
    missing = f"missing: {_missing(table)}" if table["missing"] else ""
    left_out = f"left out: {_left_out(table['left_out'])}" if table["left_out"] else ""
    labels = [note for note in table["labels"] if not note.startswith(OFFER)]
    return [printable(each, kept="") for each in (missing, left_out, *labels) if each]


def _of_table(data: Data, table: Mapping[str, Any]) -> dict[str, str]:
    kinds = Counter(table["columns"].values())
    sums = ", ".join(
        f"{count} {kind if count == 1 else PLURALS.get(kind, f'{kind}s')} "
        f"({_some(name for name, own in table['columns'].items() if own == kind)})"
        for kind, count in kinds.items()
    )
    total = len(table["columns"]) + len(table["left_out"])
    read = "".join(f", {word}" for word in table["read"])
    width = data.input_shape[0]
    features = f"{width} feature{'s' * (width > 1)}"
    return {
        "columns": f"{sum(kinds.values())} of {total} make {features}: {sums}{read}",
        "missing": _missing(table),
        "left out": _left_out(table["left_out"]),
    }


def _drawn(data: Data) -> str:
    drawn = (data.table or {}).get("drawn_from")
    return f"; drawn from {drawn}, classes keep their shares" if drawn else ""


def _missing(table: Mapping[str, Any]) -> str:
    missing, columns = table["missing"], table["columns"]
    if not missing:
        return "nothing"
    told = f"{_some(f'{name} {count}' for name, count in missing.items())}: "
    ways = []
    if any(columns[name] != CATEGORY for name in missing):
        what = "dates" if all(columns[name] in (CATEGORY, DATE) for name in missing) else "numbers"
        ways.append(f"{what} get the training part's median, and one more feature says so")
    if any(columns[name] == CATEGORY for name in missing):
        ways.append("a missing category counts as one more")
    return told + "; ".join(ways)


def _left_out(left_out: Mapping[str, str]) -> str:
    by_reason: dict[str, list[str]] = {}
    for name, reason in left_out.items():
        by_reason.setdefault(reason, []).append(name)
    back = [name for name, reason in left_out.items() if reason not in ("was dropped", "is empty")]
    told = "; ".join(
        f"{_some(names)} {_of_several(reason) if len(names) > 1 else reason}"
        for reason, names in by_reason.items()
    )
    return (told or "nothing") + (f" (--keep {quoted(back[:MOST_NAMES])})" if back else "")


def _of_several(reason: str) -> str:
    """Returns a reason such as `holds one value` as it is said of several columns."""
    verb, _, rest = reason.partition(" ")
    return f"{VERBS.get(verb, verb.removesuffix('s'))} {rest}"


def _classes(data: Data) -> str:
    table = data.table or {}
    counts = table.get("classes") or dict.fromkeys(data.class_names)
    named = _some(f"{name} {count}" if count else name for name, count in counts.items())
    of = f" of {table['target']!r}" if table else ""
    notes = "".join(f"; {note}" for note in table.get("labels", ()))
    return f"{data.num_classes}{of}: {named}{notes}"


def _target(data: Data, scale: tuple[float, float]) -> str:
    """Returns what is told of a number that is predicted."""
    table = data.table or {}
    own = table.get("numbers")
    if own is None:
        told = f"a number, mean {scale[0]:.4g}, standard deviation {scale[1]:.4g} in training"
    else:
        told = (
            f"{table['target']!r} is a number from {own['lowest']:g} to {own['highest']:g}, mean "
            f"{own['mean']:.4g}, standard deviation {own['deviation']:.4g}"
        )
    notes = "".join(f"; {note}" for note in table.get("labels", ()))
    return f"{told}: regression (--task classification makes classes of it){notes}"


def _some(words: Iterable[str]) -> str:
    """Returns the first of some words, and how many there are besides."""
    found = list(words)
    more = len(found) - MOST_NAMES
    shown = ", ".join(found[:MOST_NAMES])
    return f"{shown} and {more} more" if more > 0 else shown
