"""The user's own files: archives of arrays, and tables."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from zoo.data.archives import WRITE, array_in, names_in
from zoo.data.options import TableOptions
from zoo.data.parts import FOUR_KEYS, Parts, check_is_file, checked
from zoo.data.tables import SUFFIXES, read_table
from zoo.errors import ZooError, shortened

ARCHIVE = ".npz"


def target_of(text: str) -> tuple[str, str | None]:
    """Splits `path.csv:column` into path and column; any other text has no column."""
    for place, mark in enumerate(text):
        if mark == ":" and text[:place].lower().endswith(SUFFIXES):
            return text[:place], text[place + 1 :]
    return text, None


def is_file(text: str) -> bool:
    """Returns whether a text names an archive or a table, by its ending or as it is there."""
    path = Path(target_of(text)[0])
    return path.suffix.lower() in (ARCHIVE, *SUFFIXES) or (bool(path.suffix) and path.is_file())


def read_file(text: str, options: TableOptions | None = None) -> Parts:
    """Reads an `.npz` file, a table, or `path.csv:column` with the target's name.

    Args:
        text: The path.
        options: What the user says about a table.

    Raises:
        ZooError: If the file is missing, unreadable, or not a data set for classifiers.
    """
    name, column = target_of(text)
    path = path_of(name)
    options = options or TableOptions()
    if path.suffix.lower() != ARCHIVE:
        if column is not None and options.target not in (None, column):
            raise ZooError(
                f"One target must be named. Received: {text} and --target {options.target}."
            )
        return read_table(path, replace(options, target=column or options.target))
    if options.of_tables:
        raise ZooError(f"{path} is no table: --target, --drop, --keep and --header are for tables.")
    return read_npz(path, task=options.task)


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


def read_npz(path: Path, keys: tuple[str, ...] = (), task: str | None = None) -> Parts:
    """Reads `keys` or, where none are given, x_train, y_train[, x_test, y_test] or x, y.

    Args:
        path: The file.
        keys: Names of the arrays.
        task: `classification` or `regression`; `None` to find out.

    Raises:
        ZooError: If the file is missing, unreadable, or not a data set for classifiers.
    """
    check_is_file(path)
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
    return checked(*arrays, source=str(path), names=keys, task=task)


def _keys_of(files: list[str]) -> tuple[str, ...]:
    if {"x_train", "y_train"} & set(files):
        return FOUR_KEYS if {"x_test", "y_test"} & set(files) else FOUR_KEYS[:2]
    return FOUR_KEYS if not {"x", "y"} & set(files) else ("x", "y")
