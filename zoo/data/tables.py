"""Tables as people have them: text of any kind, Parquet, Excel, pandas. And what became of them."""

from __future__ import annotations

import dataclasses
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zoo.data.archives import check_memory
from zoo.data.columns import Column, column_of, numbers_in, numbers_rows, quoted, useless
from zoo.data.features import encoded
from zoo.data.labels import Labels, check_repeated, labels_of
from zoo.data.layout import (
    ENCODINGS,
    MISSING,
    NONE,
    UTF8,
    Layout,
    is_compressed,
    layout_of,
    line_of,
)
from zoo.data.numbers import (
    CLASSIFICATION,
    REGRESSION,
    check_words,
    is_target,
    repeats,
    targets_of,
    told,
    unit_in,
)
from zoo.data.options import TableOptions
from zoo.data.parts import Parts, check_is_file, checked
from zoo.errors import ZooError, closest

PARQUET, ZIP, OLD_EXCEL = b"PAR1", b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
SUFFIXES = (
    ".csv",
    ".tsv",
    ".tab",
    ".txt",
    ".data",
    ".dat",
    ".parquet",
    ".pq",
    ".xlsx",
    ".xls",
    ".gz",
)
SMALLEST_GZIP = 18  # bytes of its head and end
INDEX_NAMES = "Unnamed: "  # how pandas calls columns without a name
TARGET_NAMES = frozenset({"class", "label", "target", "y"})
MOST_OFFERED = 10  # values of a column that is offered as the target


@dataclass(frozen=True, eq=False)
class Raw:
    """A table as it was read.

    Attributes:
        path: Its file, for messages.
        frame: Its columns; those of texts without blanks around.
        words: What is not as in most files, in words.
        layout: Of a text file how it holds the table.
    """

    path: str
    frame: Any
    words: Sequence[str] = ()
    layout: Layout | None = None

    @property
    def comma(self) -> str:
        """What commas in numbers are, which may be quoted in a file with commas between cells."""
        return "thousands" if self.layout is None or self.layout.separator == "," else "decimal"

    def where(self, row: int) -> str:
        """Says where example `row`, from 0, stands."""
        if self.layout is None:
            return f"row {row + 1}"
        return f"line {line_of(Path(self.path), self.layout, row)}"


def read_table(path: Path, options: TableOptions) -> Parts:
    """Reads a table.

    Args:
        path: A file of any of `SUFFIXES`; what it holds counts, not what it is called.
        options: What the user says about it.

    Raises:
        ZooError: If it is missing, unreadable, or not a data set for classifiers.
    """
    check_is_file(path)
    check_memory(path, _size(path))
    with path.open("rb") as file:
        start = file.read(8)
    try:
        if start.startswith(PARQUET):
            raw, target = _parquet(path), ""
        elif start.startswith((ZIP, OLD_EXCEL)):
            raw, target = _excel(path, options), ""
        else:
            raw, target = _text(path, options)
    except ZooError:
        raise
    except Exception as error:  # damaged bytes make the readers raise anything
        raise _unreadable(path, error) from error
    target = target or target_in(raw.path, list(raw.frame.columns), options.target)
    return parts_of(raw, target, options)


def _size(path: Path) -> int:
    """Returns how many bytes a file holds; of a compressed one as its end says."""
    size = path.stat().st_size
    if size < SMALLEST_GZIP or not is_compressed(path):
        return size
    with path.open("rb") as file:
        file.seek(-4, 2)
        return int.from_bytes(file.read(), "little")


def parts_of_frame(frame: Any, options: TableOptions) -> Parts:
    """Returns what a pandas DataFrame holds, as `read_table` does of a file."""
    named = frame.rename(columns=str)
    raw = Raw("The DataFrame", named)
    return parts_of(raw, target_in(raw.path, list(named.columns), options.target), options)


def target_in(path: str, names: list[str], target: str | None) -> str:
    """Returns the target's name.

    If none is given it is the last column, unless that is called otherwise and one other column is
    called `class`, `label`, `target` or `y`.

    Raises:
        ZooError: If no column is called so, or stands there.
    """
    if target is None:
        called = [name for name in names if name.casefold() in TARGET_NAMES]
        return called[0] if len(called) == 1 else names[-1]
    if target in names:
        return target
    try:
        place = int(target)
    except ValueError:
        raise ZooError(f"{path}: no column {target!r}. {closest(target, names)}") from None
    if not (1 <= place <= len(names) or -len(names) <= place <= -1):
        raise ZooError(
            f"{path}: there is no column {place} among {len(names)}. Count from 1, or from -1 at "
            "the end."
        )
    return names[place - 1 if place > 0 else place]


def _text(path: Path, options: TableOptions) -> tuple[Raw, str]:
    """Reads a text file."""
    layout = layout_of(path, options.header)
    names = list(layout.names)
    if len(names) < 2:
        raise ZooError(
            f"{path}: expected at least one feature column and the target, separated by commas, "
            f"semicolons, tabs or blanks. Received one column: {names[0]!r}."
        )
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ZooError(f"{path}: two columns are named {twice!r}. Give each its own name.")
    filled = [name for name in names if not name.startswith("unnamed ")]
    target = target_in(str(path), names if options.target else filled or names, options.target)
    encodings = dict.fromkeys([layout.encoding, *ENCODINGS[ENCODINGS.index(UTF8) + 1 :]])
    for encoding in encodings:
        try:
            layout = dataclasses.replace(layout, encoding=encoding)
            frame = _parsed(path, layout, target)
        except UnicodeDecodeError:
            continue
        return Raw(str(path), frame, layout.words, layout), target
    raise ZooError(f"{path}: no text. Save it as UTF-8.")


def _parsed(path: Path, layout: Layout, target: str) -> Any:
    import pandas as pd

    try:
        with warnings.catch_warnings():
            # Rows with more cells than the first are no table.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            return _read(path, layout, target)
    except UnicodeDecodeError:
        raise
    except Exception as error:  # damaged bytes make pandas raise anything
        raise _unreadable(path, error) from error


def _read(path: Path, layout: Layout, target: str) -> Any:
    import pandas as pd

    # By default pandas reads a label such as "None" as missing; in features it is.
    return pd.read_csv(
        path,
        sep=layout.separator,
        header=0 if layout.header else None,
        names=list(layout.names),
        skiprows=layout.skipped,
        dtype={target: str},
        keep_default_na=False,
        na_values={name: list(MISSING) for name in layout.names if name != target},
        skipinitialspace=True,
        low_memory=False,
        index_col=False,
        encoding=layout.encoding,
        compression="gzip" if is_compressed(path) else None,
    )


def _unreadable(path: Path, error: Exception) -> ZooError:
    reason = " ".join(str(error).split()).removeprefix("Error tokenizing data. C error: ")
    return ZooError(f"{path}: not a readable table: {reason or type(error).__name__}")


def _parquet(path: Path) -> Raw:
    import pandas as pd

    frame = pd.read_parquet(path)
    if not isinstance(frame.index, pd.RangeIndex):
        frame = frame.reset_index()
    return Raw(str(path), frame.rename(columns=str), ["Parquet"])


def _excel(path: Path, options: TableOptions) -> Raw:
    import pandas as pd

    from zoo.data.sheets import header_of, titles_in_words, top_of

    sheets = {"xl/workbook.xml"}
    if not zipfile.is_zipfile(path) or not sheets & set(zipfile.ZipFile(path).namelist()):
        raise ZooError(
            f"{path}: neither a text table nor .xlsx, .parquet or .npz. Save it as one of these."
        )
    with pd.ExcelFile(path, engine="openpyxl") as book:
        name = book.sheet_names[0]
        header = None if options.header == NONE else header_of(path, top_of(book, name))
        frame = pd.read_excel(
            book, sheet_name=name, header=header, keep_default_na=False, na_values=list(MISSING)
        )
        others = len(book.sheet_names) - 1
    names = [
        f"unnamed {place}" if str(each).startswith(INDEX_NAMES) else str(each)
        for place, each in enumerate(frame.columns, 1)
    ]
    if header is None:
        names = [f"column {place}" for place in range(1, len(names) + 1)]
    words = ["Excel", *([f"sheet {name!r} of {others + 1}"] if others else [])]
    words += titles_in_words(header or 0)
    return Raw(str(path), frame.set_axis(names, axis=1), words)


def parts_of(raw: Raw, target: str, options: TableOptions) -> Parts:
    """Returns what a table holds: raw examples, labels, and what makes features of them.

    Raises:
        ZooError: If it cannot train a classifier.
    """
    frame = raw.frame
    if frame.empty or len(frame.columns) < 2:
        raise ZooError(
            f"{raw.path}: a header but no rows. Expected one line for each example, with at least "
            "one feature and the target."
        )
    names = list(frame.columns)
    drop, keep = (
        _columns_in(raw.path, names, given, option)
        for option, given in (("drop", options.drop), ("keep", options.keep))
    )
    options = dataclasses.replace(options, drop=drop, keep=keep)
    if target in options.drop:
        raise ZooError(f"{raw.path}: {target!r} is the target. Name another with --target.")
    task = options.task or (
        REGRESSION
        if target not in options.keep and is_target(frame[target], raw.comma)
        else CLASSIFICATION
    )
    if options.task is None:
        _check_target(raw, target, task)
    if task == REGRESSION:
        labels = targets_of(raw.path, target, frame[target], raw.comma, raw.where)
        if options.target is None and (offered := _offered(raw, target)):
            labels = dataclasses.replace(labels, notes=[*labels.notes, f"o{offered[2:]}"])
    else:
        labels = labels_of(raw.path, target, frame[target], raw.where, target in options.keep)
    columns, left_out = _columns(raw, target, labels, options)
    x, features = encoded(columns) if columns else (np.zeros((len(labels.rows), 1)), None)
    try:
        parts = checked(
            np.nan_to_num(x) if features else x,
            labels.values,
            source=raw.path,
            names=("features", f"column {target!r}"),
            missing=frozenset(),
            task=task,
        )
    except ZooError as error:
        unit = "" if task == REGRESSION else unit_in(frame[target])
        if task == CLASSIFICATION and not unit:
            check_repeated(raw.path, target, labels)
        raise ZooError(f"{error}{unit or _offered(raw, target)}") from error
    if not columns:
        reasons = "; ".join(f"{name} {reason}" for name, reason in left_out.items())
        raise ZooError(
            f"{raw.path}: no column is left to learn from: {reasons}.\n--keep "
            f"{quoted(list(left_out))} puts them back."
        )
    table = _told(raw, target, columns, left_out, labels, options)
    return dataclasses.replace(parts, x=x, features=features, table=table)


def _check_target(raw: Raw, target: str, task: str) -> None:
    """Raises ZooError if a target is none that anybody would have chosen."""
    series = raw.frame[target]
    if task == CLASSIFICATION:
        check_words(raw.path, target, series, raw.comma, raw.where)
        return
    numbers = numbers_in(series, raw.comma)
    if numbers is not None and numbers_rows(numbers):
        raise ZooError(
            f"{raw.path}: column {target!r} numbers the rows, so it is no target. Name another "
            f"with --target NAME, or give --task {REGRESSION} if it is one."
        )


def _columns_in(path: str, names: list[str], given: Sequence[str], option: str) -> tuple[str, ...]:
    """Returns the columns that an option names, each alone or several with commas between."""
    found: list[str] = []
    for text in given:
        found += [text] if text in names else [name.strip() for name in text.split(",")]
    for name in found:
        if name not in names:
            raise ZooError(f"{path}: no column {name!r} to {option}. {closest(name, names)}")
    return tuple(sorted(set(found)))


def _offered(raw: Raw, target: str) -> str:
    """Returns a sentence that names the columns that could be the target instead."""
    others = raw.frame.drop(columns=target)
    found = [name for name in others if 2 <= others[name].nunique() <= MOST_OFFERED]
    named = " or ".join(quoted([name]) for name in found[-3:])
    return f" Or is it another column, as with --target {named}?" if named else ""


def _columns(
    raw: Raw, target: str, labels: Labels, options: TableOptions
) -> tuple[list[Column], dict[str, str]]:
    """Returns the columns that are learned from, and why the others are not, by name."""
    left_out, columns = dict.fromkeys(options.drop, "was dropped"), []
    same = None if labels.counts else repeats  # of numbers a straight line, else they all differ
    for name in raw.frame.columns:
        if name == target or name in options.drop:
            continue
        try:
            series = raw.frame[name].iloc[labels.rows]
            found = column_of(name, series, raw.comma, lambda r: raw.where(int(labels.rows[r])))
        except ZooError as error:
            raise ZooError(f"{raw.path}: {error}") from error
        reason = found if isinstance(found, str) else ""
        if isinstance(found, Column) and name not in options.keep:
            reason = useless(found, labels.values, labels.rows, same)
        if reason:
            left_out[name] = reason
        elif isinstance(found, Column):
            columns.append(found)
    return columns, left_out


def _told(
    raw: Raw,
    target: str,
    columns: Sequence[Column],
    left_out: Mapping[str, str],
    labels: Labels,
    options: TableOptions,
) -> dict[str, Any]:
    """Returns what was done with a table, ready for JSON."""
    return {
        "read": list(raw.words),
        "target": target,
        "columns": {column.name: column.kind for column in columns},
        "missing": {column.name: column.missing for column in columns if column.missing},
        "left_out": dict(left_out),
        "labels": list(labels.notes),
        **({"classes": labels.counts} if labels.counts else {"numbers": told(labels.values)}),
        "examples": len(labels.rows),
        "options": options.words(),
    }
