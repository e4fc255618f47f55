"""How a text file holds a table: encoding, separator, comments, and whether names stand first."""

from __future__ import annotations

import csv
import gzip
import io
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import IO, cast

from zoo.errors import ZooError

SAMPLE_BYTES = 2**18
SAMPLE_ROWS = 200
GZIP = b"\x1f\x8b"
SPACES = r"\s+"
SEPARATORS = (";", "\t", ",", "|")  # of two that fit as well the first, as 1,5;2,5 has both
SEPARATOR_NAMES = {";": "semicolons", "\t": "tabs", "|": "bars", SPACES: "spaces"}
BYTE_ORDER_MARKS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
UTF8 = "utf-8-sig"
ENCODINGS = (UTF8, "cp1252", "latin-1")  # the last reads any bytes
MISSING = (
    *("", "NaN", "nan", "NA", "N/A", "n/a", "null", "NULL", "None", "<NA>", "?"),
    *("na", "none", "#N/A", "-nan", "NaT", "-", "--", "."),
)
NONE, FIRST = "none", "first"  # what `--header` takes
FEWEST_IN_A_ROW = 3  # numbers that count up in a first line, like years, are names


@dataclass(frozen=True)
class Layout:
    """How a text file holds a table.

    Attributes:
        encoding: As Python calls it.
        separator: What stands between cells; `SPACES` for any number of blanks.
        skipped: How many lines of comments stand before the table.
        header: Whether the first line of the table names its columns.
        names: The columns' names, as many as a row has cells.
    """

    encoding: str
    separator: str
    skipped: int
    header: bool
    names: tuple[str, ...]

    @property
    def words(self) -> list[str]:
        """What is not as in most files, in words."""
        return [
            *([f"separated by {other}"] if (other := SEPARATOR_NAMES.get(self.separator)) else []),
            *([_comment_lines(self.skipped)] if self.skipped else []),
            *([] if self.header else ["no header"]),
            *([] if self.encoding == UTF8 else [self.encoding]),
        ]


def _comment_lines(lines: int) -> str:
    return f"{lines} line{'s' * (lines > 1)} of comments"


def layout_of(path: Path, header: str | None = None, encoding: str | None = None) -> Layout:
    """Finds out how a text file holds a table, from its first lines.

    Args:
        path: The file.
        header: `none` if the first line is an example, `first` if it has the names, or `None` to
            find out.
        encoding: The encoding, or `None` to find out.

    Raises:
        ZooError: If the file is empty, or its first lines are no table.
    """
    with opened(path) as file:
        content = file.read(SAMPLE_BYTES)
        complete = len(content) < SAMPLE_BYTES
    encoding = encoding or _encoding_of(path, content)
    lines = content.decode(encoding, errors="replace").splitlines()
    lines = lines if complete else lines[:-1]
    skipped = _comments(lines)
    filled = [line for line in lines[skipped:] if line.strip()][:SAMPLE_ROWS]
    if not filled:
        raise ZooError(f"{path}: the file is empty. Expected a header row, then the examples.")
    separator = _separator_of(filled)
    rows = rows_of(filled, separator)
    first, others = rows[0], rows[1:]
    there = has_header(first, others) if header is None else header == FIRST
    comment = _cells_of_comment(lines[:skipped], separator, len(first))
    if there or not comment or header == NONE:
        names = _names(path, first, others) if there else _numbered(rows)
    else:
        names = comment
    return Layout(encoding, separator, skipped, there, tuple(names))


def is_compressed(path: Path) -> bool:
    """Returns whether a file is compressed by gzip, whatever it is called."""
    with path.open("rb") as file:
        return file.read(len(GZIP)) == GZIP


def opened(path: Path) -> IO[bytes]:
    """Opens a file for reading bytes, those that were compressed if they are."""
    return cast("IO[bytes]", gzip.open(path)) if is_compressed(path) else path.open("rb")


def _encoding_of(path: Path, content: bytes) -> str:
    for mark, encoding in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return encoding
    if b"\0" in content:
        raise ZooError(
            f"{path}: no text, and neither .npz, .parquet nor .xlsx. Save it as one of these."
        )
    for encoding in ENCODINGS[:-1]:
        try:
            # The sample may end within a character.
            content[: content.rfind(b"\n") + 1 or None].decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return ENCODINGS[-1]


def rows_of(lines: Sequence[str], separator: str) -> list[list[str]]:
    """Returns the cells of lines, without blanks around them."""
    if separator == SPACES:
        lines, separator = [" ".join(line.split()) for line in lines], " "
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True)
    try:
        return [[cell.strip() for cell in row] for row in reader if row]
    except csv.Error as error:
        raise ZooError(f"The first lines are no table: {error}. Check their quotes.") from error


def _comments(lines: Sequence[str]) -> int:
    """Returns how many lines stand before the table because `#` begins them."""
    last = 0
    for number, line in enumerate(lines, 1):
        if line.lstrip().startswith("#"):
            last = number
        elif line.strip():
            break
    rest = [line for line in lines[last:] if line.strip()]
    if last == 1 and rest:  # names may begin with `#`, too
        separator = _separator_of(rest)
        if not re.match(r"\s*#\s", lines[0]) and _cells(lines[0], separator) == _cells(
            rest[0], separator
        ):
            return 0
    return last if rest else 0


def _cells(line: str, separator: str) -> int:
    return len(rows_of([line], separator)[0])


def _cells_of_comment(comments: Sequence[str], separator: str, width: int) -> list[str]:
    """Returns the names in the last comment, as NumPy writes them, or none."""
    last = next((line for line in reversed(comments) if line.strip()), "")
    text = last.lstrip().removeprefix("#").strip()
    found = rows_of([text], separator) if text else []
    return found[0] if found and len(found[0]) == width > 1 and len(set(found[0])) == width else []


def _separator_of(lines: Sequence[str]) -> str:
    """Returns what stands between cells: what most lines have as often."""
    shares = {}
    for separator in SEPARATORS:
        if sum(separator in line for line in lines) * 2 < len(lines):
            continue
        widths = Counter(len(row) for row in rows_of(lines, separator))
        width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
        if width > 1:
            shares[separator] = count / len(lines)
    if not set(shares) - {"\t"}:  # two tabs in a row may be one gap
        widths = Counter(len(line.split()) for line in lines)
        width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
        if width > 1 and count / len(lines) > shares.get("\t", 0.5):
            return SPACES
    return max(shares, key=lambda separator: shares[separator]) if shares else ","


def has_header(first: Sequence[str], others: Sequence[Sequence[str]]) -> bool:
    """Returns whether a first line names columns instead of being an example.

    It does where a name stands above numbers. It does not where a number, or nothing, stands above
    numbers, unless all of them count up, as the positions or years that pandas writes do. Where all
    columns are words it does if its words are not among those below.
    """
    columns = [
        [row[place] for row in others if place < len(row) and row[place] not in MISSING]
        for place in range(len(first))
    ]
    pairs = [(cell, below) for cell, below in zip(first, columns, strict=True) if below]
    if not pairs:
        return True
    numeric = [cell for cell, below in pairs if all(map(is_number, below))]
    if any(cell not in MISSING and not is_number(cell) for cell in numeric):
        return True
    if _are_positions(first):
        return True
    if any(cell and cell in MISSING for cell in numeric):
        return False
    figures = [cell for cell in numeric if is_number(cell)]
    if figures:
        return _count_up(figures)
    words = [(cell, below) for cell, below in pairs if cell not in numeric]
    return sum(cell in below for cell, below in words) * 2 <= len(words)


def _are_positions(first: Sequence[str]) -> bool:
    """Returns whether all numbers in a line say where they stand, as pandas names columns."""
    figures = [(place, cell) for place, cell in enumerate(first) if is_number(cell)]
    return len(figures) > 1 and all(cell == str(place) for place, cell in figures)


def _count_up(figures: Sequence[str]) -> bool:
    steps = [after == before + 1 for before, after in pairwise(map(plain_number, figures))]
    many = len(figures) >= FEWEST_IN_A_ROW
    return all(steps) and (many or figures == [str(place) for place in range(len(figures))])


def is_number(text: str) -> bool:
    """Returns whether a cell holds a number, perhaps with a comma or a percent sign."""
    return not math.isnan(plain_number(text))


def plain_number(text: str) -> float:
    """Returns the number in a cell, NaN if there is none."""
    try:
        return float(text.removesuffix("%").replace(",", ".", 1).replace(",", ""))
    except ValueError:
        return math.nan


def _names(path: Path, first: Sequence[str], others: Sequence[Sequence[str]]) -> list[str]:
    """Returns the names in a header, as many as rows have cells."""
    widths = Counter(map(len, others))
    width = max(widths, key=lambda each: widths[each]) if widths else len(first)
    names, surplus = list(first), width - len(first)
    if surplus == 1 and _are_row_names([row[0] for row in others if len(row) == width]):
        names = ["", *names]  # as R writes them
    elif surplus > 0:
        if any(any(row[len(first) :]) for row in others):
            # pandas would silently take the surplus for row names and shift every column.
            raise ZooError(
                f"{path}: the header names {len(first)} columns, the first row has {width}. "
                "Name every column, or write --header none if the first line is an example."
            )
        names += [""] * surplus
    return [name or f"unnamed {place}" for place, name in enumerate(names, 1)]


def _are_row_names(cells: Sequence[str]) -> bool:
    if len(set(cells)) < len(cells):
        return False
    return cells == [str(place) for place in range(1, len(cells) + 1)] or not any(
        map(is_number, cells)
    )


def _numbered(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = Counter(map(len, rows))
    return [f"column {place}" for place in range(1, max(widths, key=lambda w: widths[w]) + 1)]


def line_of(path: Path, layout: Layout, row: int) -> int:
    """Returns the line, from 1, in which example `row`, from 0, begins.

    Empty lines are no examples, and a text in quotes may have several lines.
    """
    wanted = row + 1 + layout.header
    if_each_has_one = layout.skipped + wanted
    separator = " " if layout.separator == SPACES else layout.separator
    with io.TextIOWrapper(opened(path), layout.encoding, errors="replace", newline="") as file:
        rest = islice(file, layout.skipped, None)
        reader = csv.reader(rest, delimiter=separator, skipinitialspace=True)
        begins = 1
        try:
            for cells in reader:
                wanted -= any(cells) or len(cells) > 1
                if not wanted:
                    return layout.skipped + begins
                begins = reader.line_num + 1
        except csv.Error:  # a text that is too long for this reader, not for pandas
            return if_each_has_one
    return if_each_has_one
