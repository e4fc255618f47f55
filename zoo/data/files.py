"""The user's own `.npz` and `.csv` files, and the checks that every data set passes."""

import csv
import zipfile
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zoo.data.archives import WRITE, array_in, check_memory, names_in
from zoo.errors import ZooError, closest, printable, shortened

MOST_FRACTIONAL_CLASSES = 20
LAST_CHARACTER, SURROGATES = 0x10FFFF, (0xD800, 0xDFFF)
LARGEST_INTEGER = 2.0**53  # beyond, a float is no longer one label
MISSING_LABELS = frozenset({"", "nan", "na", "n/a", "null", "<na>"})
MISSING_FEATURES = ["", "NaN", "nan", "NA", "N/A", "n/a", "null", "NULL", "None", "<NA>", "?"]
FOUR_KEYS = ("x_train", "y_train", "x_test", "y_test")

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Parts:
    """A data set as its source gives it: checked, labels encoded, not yet split or normalised.

    Attributes:
        x: Features of shape (examples, ...), of the source's own type; `x_test` alike, or None
            where the source has no test part.
        y: Labels of shape (examples,), int32, from 0; `y_test` alike, or None.
        class_names: The name of class 0, of class 1, and so on.
    """

    x: Array
    y: Array
    x_test: Array | None
    y_test: Array | None
    class_names: tuple[str, ...]


def target_of(text: str) -> tuple[str, str | None]:
    """Splits `path.csv:column` into path and column; any other text has no column."""
    path, colon, column = text.rpartition(":")
    if colon and path.lower().endswith(".csv"):
        return path, column
    return text, None


def read_file(text: str) -> Parts:
    """Reads a `.npz` file, a `.csv` file, or `path.csv:column` with the target's name."""
    name, column = target_of(text)
    path = path_of(name)
    if path.suffix.lower() == ".csv":
        return read_csv(path, column)
    return read_npz(path)


def path_of(text: str | Path) -> Path:
    """Returns the path that the user has written, `~` filled in.

    Raises:
        ZooError: If no file can have that name.
    """
    try:
        path = Path(text).expanduser()
        path.exists()
    except RuntimeError as error:
        raise ZooError(f"{text}: there is no such user. Write the whole path.") from error
    except OSError as error:
        reason = error.strerror
        raise ZooError(f"{shortened(str(text))} cannot be opened: {reason}. Check it.") from error
    return path


def read_npz(path: Path, keys: tuple[str, ...] = ()) -> Parts:
    """Reads `keys` or, where none are given, x_train, y_train[, x_test, y_test] or x, y.

    Raises:
        ZooError: If the file is missing, unreadable, or not a data set for classifiers.
    """
    _check_is_file(path)
    try:
        with path.open("rb") as file:
            if file.read(len(np.lib.format.MAGIC_PREFIX)) == np.lib.format.MAGIC_PREFIX:
                raise ZooError(f"{path}: expected an .npz archive, received a single .npy array.")
            with zipfile.ZipFile(file) as archive:
                there = names_in(archive)
                keys = keys or _keys_of(there)
                missing = [key for key in keys if key not in there]
                if missing:
                    raise ZooError(
                        f"{path}: expected the keys {', '.join(keys)}; missing: "
                        f"{', '.join(missing)}. Received: {', '.join(there) or 'none'}."
                    )
                arrays = [array_in(archive, key, path) for key in keys]
    except ZooError:
        raise
    except Exception as error:  # damaged bytes make the readers below raise anything
        raise ZooError(
            f"{path}: not a readable .npz archive ({type(error).__name__}). {WRITE}"
        ) from error
    return checked(*arrays, source=str(path), names=keys)


def _keys_of(files: list[str]) -> tuple[str, ...]:
    if {"x_train", "y_train"} & set(files):
        return FOUR_KEYS if {"x_test", "y_test"} & set(files) else FOUR_KEYS[:2]
    return FOUR_KEYS if not {"x", "y"} & set(files) else ("x", "y")


def read_csv(path: Path, column: str | None = None) -> Parts:
    """Reads a CSV file with a header row; `column` names the target, None means the last.

    Raises:
        ZooError: If the file is missing, unreadable, or not a data set for classifiers.
    """
    import pandas as pd

    _check_is_file(path)
    check_memory(path, path.stat().st_size)
    try:
        header = _header(path)
        target = header[-1] if column is None else column
        if target not in header:
            raise ZooError(f"{path}: no column {target!r}. {closest(target, header)}")
        _check_header(path, header, target)
        # By default pandas reads a label such as "None" as missing; in features it is.
        frame = pd.read_csv(
            path,
            header=0,
            names=header,
            dtype={target: str},
            keep_default_na=False,
            na_values={name: MISSING_FEATURES for name in header if name != target},
            skipinitialspace=True,
            low_memory=False,
            encoding="utf-8-sig",
        )
    except ZooError:
        raise
    except UnicodeDecodeError as error:
        raise ZooError(f"{path}: not UTF-8 text ({error.reason}). Save it as UTF-8.") from error
    except Exception as error:  # damaged bytes make the readers below raise anything
        reason = " ".join(str(error).split())
        raise ZooError(f"{path}: not a readable CSV file: {reason}") from error
    if frame.empty:
        raise ZooError(f"{path}: a header but no rows. Expected one line for each example.")
    labels = frame.pop(target).fillna("").str.strip().tolist()  # a short row has no label at all
    for row, label in enumerate(labels):
        if label.lower() in MISSING_LABELS:
            raise ZooError(
                f"{path}: no label in column {target!r}, line {_line(path, row)} ({label!r}). "
                "Fill in or drop such rows."
            )
    x = np.empty(frame.shape, np.float64)  # (examples, features)
    for index, name in enumerate(frame.columns):
        numbers = pd.to_numeric(frame[name], errors="coerce")
        text = np.flatnonzero(numbers.isna() & frame[name].notna())
        if text.size:
            raise ZooError(
                f"{path}: feature column {name!r} holds text: {frame[name].iloc[text[0]]!r} in "
                f"line {_line(path, int(text[0]))}.\nEncode it as numbers, drop the column, or make"
                f" it the target with {path.name}:{name}."
            )
        x[:, index] = numbers
    unusable = np.argwhere(_unusable(x))
    if len(unusable):
        row, index = unusable[0]
        raise ZooError(
            f"{path}: {len(unusable)} feature values are missing, NaN, infinite or beyond float32; "
            f"the first is in line {_line(path, int(row))}, column {frame.columns[index]!r}. "
            "Fill them in or drop these rows."
        )
    return checked(x, _typed(labels), source=str(path), names=("features", "labels"))


def _header(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = (row for row in csv.reader(file, skipinitialspace=True) if row)
        header = [name.strip() for name in next(rows, [])]
        first = next(rows, header)
    if not header:
        raise ZooError(f"{path}: the file is empty. Expected a header row, then the examples.")
    if len(first) > len(header):
        # pandas would silently take the surplus for row names and shift every column.
        raise ZooError(
            f"{path}: the header names {len(header)} columns, the first row has {len(first)}. "
            "Name every column."
        )
    return header


def _check_header(path: Path, header: list[str], target: str) -> None:
    if len(header) < 2:
        raise ZooError(
            f"{path}: expected at least one feature column and the target, separated by commas. "
            f"Received one column: {header[0]!r}."
        )
    features = [name for name in header if name != target]
    # pandas itself writes 0, 1, 2, ... as the names of columns without names.
    if _typed(features).dtype.kind in "if" and features != [
        str(number) for number in range(len(features))
    ]:
        raise ZooError(
            f"{path}: the first line holds numbers ({', '.join(header[:3])}, ...). "
            "Expected a header row that names the columns."
        )
    if "" in header:
        raise ZooError(
            f"{path}: column {header.index('') + 1} has no name. Name it, or drop it if it only "
            "numbers the rows (pandas: to_csv(path, index=False))."
        )
    twice = next((name for name in header if header.count(name) > 1), None)
    if twice is not None:
        raise ZooError(f"{path}: two columns are named {twice!r}. Give each its own name.")


def _typed(labels: list[str]) -> Array:
    for convert in (int, float):
        try:
            numbers = np.array([convert(label) for label in labels])
        except ValueError:
            continue
        return numbers if numbers.dtype != object else np.array(labels)  # beyond 64 bits
    return np.array(labels)


def _line(path: Path, row: int) -> int:
    """Returns the line, from 1, of example `row`, from 0: pandas skips empty lines."""
    with path.open(encoding="utf-8-sig") as file:
        filled = (number for number, line in enumerate(file, start=1) if line.strip())
        return next(islice(filled, row + 1, None), row + 2)


def _check_is_file(path: Path) -> None:
    if not path.is_file():
        what = "is not a file" if path.exists() else "does not exist"
        raise ZooError(f"{path} {what}. Expected the path of an .npz or .csv file.")


def checked(
    x: Array,
    y: Array,
    x_test: Array | None = None,
    y_test: Array | None = None,
    *,
    source: str,
    names: tuple[str, ...] = FOUR_KEYS,
) -> Parts:
    """Checks that the arrays can train a classifier and encodes the labels.

    Args:
        x: Features of shape (examples, ...).
        y: Labels of shape (examples,) or (examples, 1): numbers, truth values or strings.
        x_test: Features of the test part, or None.
        y_test: Labels of the test part, or None.
        source: Where the arrays come from, for messages.
        names: What the arrays are called there, for messages.

    Raises:
        ZooError: If anything would make training fail or its result meaningless.
    """
    _check_features(x, f"{source}: {names[0]}")
    labels = _plain_labels(y, len(x), f"{source}: {names[1]}")
    classes, counts = np.unique(labels, return_counts=True)
    fractional = labels.dtype.kind == "f" and int((classes % 1 != 0).sum())
    if fractional > MOST_FRACTIONAL_CLASSES:
        raise ZooError(
            f"{source}: {names[1]} has {fractional} different values with fractions, which looks "
            "like a regression target. The zoo trains classifiers: bin the target into classes."
        )
    if len(classes) < 2:
        raise ZooError(
            f"{source}: expected at least two classes in {names[1]}. Received {len(classes)}: "
            f"{', '.join(map(str, classes)) or 'no examples'}."
        )
    fewest, use = (3, "train, validation and test") if x_test is None else (2, "train, validation")
    if counts.min() < fewest:
        raise ZooError(
            f"{source}: each class needs at least {fewest} examples (one each for {use}). "
            f"Received {counts.min()} of class {classes[counts.argmin()]}. Add some or drop it."
        )
    code = {label: index for index, label in enumerate(classes.tolist())}
    encoded_test = None
    if x_test is not None and y_test is not None:
        _check_features(x_test, f"{source}: {names[2]}")
        if x_test.shape[1:] != x.shape[1:]:
            raise ZooError(
                f"{source}: {names[2]} must have examples of shape {x.shape[1:]}, as {names[0]} "
                f"has. Received {x_test.shape[1:]}."
            )
        labels_test = _plain_labels(y_test, len(x_test), f"{source}: {names[3]}").tolist()
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


def _check_features(x: Array, what: str) -> None:
    if x.dtype.kind not in "biuf":
        raise ZooError(f"{what} must hold numbers. Received dtype {x.dtype}.")
    if x.ndim < 2 or x.size == 0:
        raise ZooError(
            f"{what} must have shape (examples, features) or (examples, height, width, channels) "
            f"and not be empty. Received shape {x.shape}."
        )
    unusable = np.argwhere(_unusable(x))
    if len(unusable):
        place = ", ".join(map(str, unusable[0]))
        raise ZooError(
            f"{what} has {len(unusable)} values that are NaN, infinite or beyond float32; the "
            f"first is at row {unusable[0][0]}, index [{place}]. Fill them in or drop these rows."
        )


def _unusable(x: Array) -> Array:
    if x.dtype.kind != "f":
        return np.zeros((0, 0), bool)
    with np.errstate(over="ignore"):
        return ~np.isfinite(x.astype(np.float32))


def _plain_labels(y: Array, examples: int, what: str) -> Array:
    """Returns labels of shape (examples,) as integers, fractions, truth values or strings."""
    labels = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if labels.shape != (examples,):
        raise ZooError(
            f"{what} must hold one label for each of the {examples} rows of features. "
            f"Received shape {y.shape}. One-hot labels: save y.argmax(axis=1)."
        )
    if labels.dtype.kind not in "biufUS":
        raise ZooError(f"{what} must hold numbers or strings. Received dtype {y.dtype}.")
    if labels.dtype.kind in "SU":
        labels = _texts(labels, what)
        missing = np.isin(np.char.lower(np.char.strip(labels)), sorted(MISSING_LABELS))
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
