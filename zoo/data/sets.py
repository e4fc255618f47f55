"""Data sets by name or from the user's files: split, normalised, and with a fingerprint."""

import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from zoo.data import numbers
from zoo.data.arrays import PARTS
from zoo.data.files import SINGLE, is_file, path_of, read_file, read_npz, target_of
from zoo.data.labels import FEWEST
from zoo.data.options import TableOptions
from zoo.data.parts import CHUNK_ROWS, FOUR_KEYS, Array, Parts, checked, unusable
from zoo.data.ready import Data
from zoo.data.sources import KERAS_FILES, PACKAGES, cache_path, from_keras, from_package
from zoo.data.splits import some_rows, stratified_split
from zoo.data.tables import parts_of_frame
from zoo.errors import ZooError, closest

FRAME = "frame"  # what a DataFrame is called
SPLIT_SEED = 0
HELD_OUT_SHARE = 0.2

Preprocessing = Callable[[Array], Callable[[Array], Array]]

NAMES = (*PACKAGES, *KERAS_FILES)


def load(
    name_or_path: Any,
    *,
    data_dir: str | Path | None = None,
    train_examples: int | None = None,
    preprocessing: Preprocessing | None = None,
    table: TableOptions | None = None,
) -> Data:
    """Loads, splits and normalises a data set; the same words give the same arrays.

    A fifth of the training part becomes the validation part. Unless told otherwise features are
    centred and scaled with the mean and standard deviation of what remains: of each feature where
    an example is a vector, of each channel (last axis) otherwise.

    Args:
        name_or_path: One of `NAMES`, the path of an `.npz` file or of a table (CSV and its like,
            Parquet, Excel; `path.csv:column` names a target column other than the last), or a
            pandas DataFrame.
        data_dir: Folder in which `<name>.npz` is looked for first. None: the folder that the
            environment variable ZOO_DATA names, if any.
        train_examples: Size of a stratified subset of the training part; validation and test
            keep their examples. None: all of it.
        preprocessing: Function of the raw training features that returns the function which is
            applied to the features of each part.
        table: What is to be known about a table.

    Raises:
        MissingDataError: If the data set cannot be had here.
        ZooError: If its name is wrong, or it cannot be read or train a classifier.
    """
    name, parts = read(name_or_path, data_dir, table)
    return assembled(name, parts, train_examples, preprocessing)


def read(
    name_or_path: Any, data_dir: str | Path | None = None, table: TableOptions | None = None
) -> tuple[str, Parts]:
    """Returns a data set's short name and what its source has; the arguments are those of `load`.

    Raises:
        MissingDataError: If the data set cannot be had here.
        ZooError: If its name is wrong, or it cannot be read or train a classifier.
    """
    name, parts = _whole(name_or_path, data_dir, table)
    wanted = None if table is None else table.examples
    return name, parts if wanted is None else _sampled(name, parts, wanted)


def _sampled(name: str, parts: Parts, wanted: int) -> Parts:
    """Returns some examples, in which each class keeps its share; a test part stays whole."""
    classes = len(parts.class_names)
    most, least = len(parts.y), FEWEST * classes or numbers.FEWEST
    if not least <= wanted <= most:
        each = f" ({FEWEST} of each class)" if classes else ""
        raise ZooError(
            f"`--examples` must be {least}{each} to {most}, which {name} has. Received: {wanted}"
        )
    rows = some_rows(parts.strata, wanted, SPLIT_SEED, FEWEST)
    told = parts.table
    if told is not None:
        told = {**told, "examples": wanted, "drawn_from": most}
        if classes:
            counts = np.bincount(parts.y[rows]).tolist()
            told["classes"] = dict(zip(told["classes"], counts, strict=True))
        else:
            told["numbers"] = numbers.told(parts.y[rows])
    return replace(parts, x=parts.x[rows], y=parts.y[rows], table=told)


def _whole(
    name_or_path: Any, data_dir: str | Path | None, table: TableOptions | None
) -> tuple[str, Parts]:
    folder = folder_of(data_dir)
    if hasattr(name_or_path, "columns"):
        return FRAME, parts_of_frame(name_or_path, table or TableOptions())
    if name_or_path in NAMES:
        if table is not None and table.of_tables:
            raise ZooError(
                f"{name_or_path} is no table: --target, --drop, --keep and --header are for the "
                "path of one (--data FILE)."
            )
        if table is not None and table.inputs:
            raise ZooError(f"{name_or_path} is known: --inputs is for arrays of yours.")
        if table is not None and table.task == numbers.REGRESSION:
            raise ZooError(
                f"{name_or_path} has classes. --task {numbers.REGRESSION} is for data of yours "
                "whose target is a number."
            )
        return name_or_path, _named(name_or_path, folder)
    if not is_file(name_or_path):
        raise ZooError(
            f"Unknown data set {name_or_path!r}. {closest(name_or_path, list(NAMES))} "
            "The path of an .npz file, a table (.csv, .tsv, .parquet, .xlsx) or a folder works too."
        )
    return Path(target_of(name_or_path)[0]).stem, read_file(name_or_path, table)


def short_name(name_or_path: str, target: str | None = None) -> str:
    """Returns what a data set is called in the names of folders.

    A file is called by its stem, the first digits of its content's SHA-256, so that two files of
    one name are told apart, and the target column if that is named.

    Args:
        name_or_path: As `load` takes it.
        target: The target of a table, where `name_or_path` does not name it.
    """
    if name_or_path in NAMES:
        return name_or_path
    path, column = target_of(name_or_path)
    file = path_of(path)
    words = (file.stem or file.absolute().name, digest_of(file), column or target or "")
    return "-".join(re.sub(r"[^\w.+]+", "_", word) for word in words if word)


def digest_of(path: Path) -> str:
    """Returns the first digits of the SHA-256 of a file, or of all that belong to it."""
    if path.is_dir() or path.suffix.lower() == SINGLE:
        folder = path if path.is_dir() else path.parent
        pattern = "**/*" if path.is_dir() else f"*{SINGLE}"
        files = sorted(each for each in folder.glob(pattern) if each.is_file())
        digest = hashlib.sha256()
        for file in files:
            digest.update(f"{file.relative_to(folder)} ".encode())
            digest.update(bytes.fromhex(_digest_of_file(file)))
        return digest.hexdigest()[:6]
    return _digest_of_file(path)[:6] if path.is_file() else ""


def _digest_of_file(path: Path) -> str:
    with path.open("rb") as file:  # which may be larger than the memory
        return hashlib.file_digest(file, "sha256").hexdigest()


def available(data_dir: str | Path | None = None) -> dict[str, str]:
    """Says for each name where `load` would take it from; loads and downloads nothing."""
    folder = folder_of(data_dir)
    return {name: _where(name, folder) for name in NAMES}


def _where(name: str, folder: Path | None) -> str:
    if folder is not None and (folder / f"{name}.npz").is_file():
        return f"folder file {folder / f'{name}.npz'}"
    if name in KERAS_FILES:
        home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
        path = home / "datasets" / KERAS_FILES[name]
        return f"cache {path}" if path.exists() else "keras download, not downloaded"
    try:
        path = cache_path(name)
    except metadata.PackageNotFoundError:
        return f"missing: pip install {PACKAGES[name]}"
    return f"cache {path}" if path.is_file() else f"generated by {PACKAGES[name]}, not yet cached"


def folder_of(data_dir: str | Path | None) -> Path | None:
    """Returns the folder in which data sets are looked for first, if there is one."""
    given = os.environ.get("ZOO_DATA") if data_dir is None else data_dir
    if given is None or given == "":
        return None
    folder = path_of(given)
    if not folder.is_dir():
        word = "ZOO_DATA" if data_dir is None else "--data-dir"
        raise ZooError(f"{word} must name a folder that exists. Received: {given}")
    return folder


def _named(name: str, folder: Path | None) -> Parts:
    if folder is not None and (folder / f"{name}.npz").is_file():
        parts = read_npz(folder / f"{name}.npz", keys=FOUR_KEYS)
    elif name in KERAS_FILES:
        parts = checked(*from_keras(name), source=name)
    else:
        parts = checked(*from_package(name), source=name)
    if name == "mnist1d" or parts.x.ndim != 3:
        return parts
    x_test = None if parts.x_test is None else parts.x_test[..., np.newaxis]
    return Parts(parts.x[..., np.newaxis], parts.y, x_test, parts.y_test, parts.class_names)


def always(word: str) -> int:
    """Returns the seed of each split of data that are the same for every run."""
    return SPLIT_SEED


def assembled(
    name: str,
    parts: Parts,
    train_examples: int | None,
    preprocessing: Preprocessing | None,
    seed_of: Callable[[str], int] = always,
) -> Data:
    """Returns a data set split, and preprocessed by its own training part.

    Args:
        name: Its name.
        parts: What its source has.
        train_examples: As `load` takes it.
        preprocessing: As `load` takes it.
        seed_of: Function of `test`, `validation` or `subset` that returns the seed by which it is
            drawn. The sizes are the same for all seeds.
    """
    # Rows are taken of the whole once, as each copy takes as much memory as the data.
    whole, strata = np.arange(len(parts.y)), parts.strata
    tested = None
    if parts.x_test is None or parts.y_test is None:
        whole, tested = stratified_split(strata, HELD_OUT_SHARE, seed_of("test"))
        strata = strata[whole]
    rest, held_out = stratified_split(strata, HELD_OUT_SHARE, seed_of("validation"))
    if train_examples is not None:
        least = len(parts.class_names) or numbers.FEWEST
        if not least <= train_examples <= len(rest):
            of = " (its classes)" if parts.class_names else ""
            raise ZooError(
                f"{name} can train on {least}{of} to {len(rest)} "
                f"examples (validation is split off). Received: train_examples={train_examples}"
            )
        rest = rest[some_rows(strata[rest], train_examples, seed_of("subset"))]
    rows = whole[rest], whole[held_out], tested
    x_train = parts.x[rows[0]]
    featured = (lambda x: x) if parts.features is None else parts.features(x_train)
    x_train = featured(x_train)  # one array, as a preprocessing may ask which part it is given
    apply = (preprocessing or _standardised)(x_train)
    train = _applied(apply, x_train, f"the {PARTS[0]} part of {name}")
    del x_train
    validation, test = (
        _applied(apply, featured(_rows(parts.x, parts.x_test, own)), f"the {part} part of {name}")
        for own, part in zip(rows[1:], PARTS[1:], strict=True)
    )
    labels = [_rows(parts.y, parts.y_test, own) for own in rows]
    names = parts.class_names
    scale = None if names else numbers.scale_of(labels[0])
    if scale is not None:
        labels = [numbers.standardised(each, *scale) for each in labels]
    arrays = train, labels[0], validation, labels[1], test, labels[2]
    known = fingerprint_of(*arrays)
    told = parts.table, scale, parts.note
    return Data(name, *arrays, len(names) or 1, names, known, *told)


def _rows(whole: Array, test: Array | None, rows: Array | None) -> Any:
    """Returns some rows of the whole, or without any the test part of its own."""
    return test if rows is None else whole[rows]


def _applied(apply: Callable[[Array], Array], x: Array, what: str) -> Array:
    """Preprocesses features of shape (examples, ...) and returns them as float32.

    Raises:
        ZooError: If what comes out is not a finite array of as many examples.
    """
    result = apply(x)
    with np.errstate(over="ignore"):  # what is beyond float32 becomes infinite, and is told of
        array = np.asarray(result, np.float32)
    if array.ndim < 2 or len(array) != len(x):
        raise ZooError(
            f"Preprocessing must return as many examples as it is given, {len(x)} in {what}. "
            f"Received: an array of shape {array.shape}"
        )
    count, first = unusable(array)
    if count:
        raise ZooError(
            f"Preprocessing of {what} gives {count} values that are NaN, infinite or "
            f"beyond float32, the first at {first}. Look for a division by 0 or a "
            "logarithm of 0."
        )
    return array


def statistics(x: Array) -> tuple[Array, Array]:
    """Computes mean and standard deviation in float64, piece by piece to spare memory.

    Args:
        x: Features of shape (examples, features) or (examples, ..., channels).

    Returns:
        Two arrays of shape (features,) or (channels,); the deviation of a constant is given as 1.
    """
    axes, count = tuple(range(x.ndim - 1)), x.size // x.shape[-1]
    pieces = [x[start : start + CHUNK_ROWS] for start in range(0, len(x), CHUNK_ROWS)]
    mean = sum(piece.sum(axis=axes, dtype=np.float64) for piece in pieces) / count
    variance = sum(np.square(piece - mean).sum(axis=axes) for piece in pieces) / count
    low, high = x.min(axis=axes), x.max(axis=axes)
    # Rounding makes the computed deviation of a constant such as 0.1 tiny instead of 0.
    constant = (low == high) | (variance == 0)
    scale = np.where(constant, 1.0, _rounded(np.sqrt(variance)))
    return np.where(constant, low, _rounded(mean)), scale


def _rounded(values: Array) -> Array:
    """Keeps 32 bits: the last bits of a sum depend on the CPU, and a fingerprint must not."""
    mantissa, exponent = np.frexp(values.astype(np.float64))
    rounded: Array = np.ldexp(np.round(np.ldexp(mantissa, 32)), exponent - 32)
    return rounded


def _standardised(x_train: Array) -> Callable[[Array], Array]:
    return partial(_normalised, *statistics(x_train))


def _normalised(mean: Array, scale: Array, x: Array) -> Array:
    result = np.empty(x.shape, np.float32)
    for start in range(0, len(x), CHUNK_ROWS):
        rows = slice(start, start + CHUNK_ROWS)
        result[rows] = (x[rows] - mean) / scale  # mean is float64, so the difference is too
    return result


def fingerprint_of(*arrays: Array) -> str:
    """Returns 16 hexadecimal digits of the SHA-256 of values, shapes and types."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.shape}{array.dtype.str}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:16]
