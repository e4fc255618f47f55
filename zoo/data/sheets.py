"""Where the names of an Excel sheet's columns stand: below titles, and in one row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from zoo.errors import ZooError

LOOKED_AT = 30  # rows from the top
SHOWN = 4  # cells in a message


def header_of(path: Path, top: Any) -> int:
    """Returns the row with the names of the columns, from 0: the first with more than one cell.

    Args:
        path: The file, for messages.
        top: The first rows, all of them as examples: a DataFrame without a header.

    Raises:
        ZooError: If names stand in two rows.
    """
    filled = top.notna().sum(axis=1).tolist()
    row = next((place for place, count in enumerate(filled) if count > 1), 0)
    if top.shape[1] < 2 or row + 2 >= len(top):
        return 0 if top.shape[1] < 2 else row
    second = top.iloc[row + 1].dropna()
    below = top.iloc[row + 2 :]
    words = len(second) > 1 and all(isinstance(cell, str) for cell in second)
    numbers = [name for name in second.index if _numbers(below[name])]
    if words and numbers:
        shown = ", ".join(map(str, second.tolist()[:SHOWN]))
        raise ZooError(
            f"{path}: row {row + 2} has words ({shown}) where numbers follow, so it looks like a "
            "second row of names, or of units. Keep one row of names above the first example."
        )
    return row


def _numbers(column: Any) -> bool:
    """Returns whether cells are numbers, but for those that are empty."""
    cells = column.dropna()
    return len(cells) > 0 and all(
        isinstance(cell, int | float) and not isinstance(cell, bool) for cell in cells
    )


def titles_in_words(row: int) -> list[str]:
    """Returns what is said about the rows above the names, if there are some."""
    return [f"{row} row{'s' * (row > 1)} above the names left out"] if row else []


def top_of(book: Any, sheet: str) -> Any:
    """Returns the first rows of a sheet, all of them as examples."""
    return pd.read_excel(book, sheet_name=sheet, header=None, nrows=LOOKED_AT)
