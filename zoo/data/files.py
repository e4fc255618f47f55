"""The user's own files: archives of arrays, and tables."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from zoo.data.archives import WRITE, array_in, check_memory, names_in
from zoo.data.images import is_folder, read_folder
from zoo.data.keys import (
    TEST,
    TRAIN,
    VALIDATION,
    WHOLE,
    Role,
    X,
    Y,
    called,
    role_of,
    roles_in,
    wanted,
)
from zoo.data.options import TableOptions
from zoo.data.parts import Parts, check_is_file, checked
from zoo.data.shapes import channels_last, doubt_about, inputs_of, place_of_one
from zoo.data.tables import SUFFIXES, read_table
from zoo.errors import ZooError, shortened

ARCHIVE, SINGLE = ".npz", ".npy"


def target_of(text: str) -> tuple[str, str | None]:
    """Splits `path.csv:column` into path and column; any other text has no column."""
    for place, mark in enumerate(text):
        if mark == ":" and text[:place].lower().endswith(SUFFIXES):
            return text[:place], text[place + 1 :]
    return text, None


def is_file(text: str) -> bool:
    """Returns whether a text names arrays, a table or a folder, by its ending or as it is there."""
    path = Path(target_of(text)[0])
    known = path.suffix.lower() in (ARCHIVE, SINGLE, *SUFFIXES)
    return known or (bool(path.suffix) and path.is_file()) or path.is_dir()


def read_file(text: str, options: TableOptions | None = None) -> Parts:
    """Reads arrays, a folder of images, a table, or `path.csv:column` with the target's name.

    Args:
        text: The path.
        options: What the user says about a table.

    Raises:
        ZooError: If the file is missing, unreadable, or not a data set for classifiers.
    """
    name, column = target_of(text)
    path = path_of(name)
    options = options or TableOptions()
    arrays = path.is_dir() or path.suffix.lower() in (ARCHIVE, SINGLE)
    if not arrays:
        if column is not None and options.target not in (None, column):
            raise ZooError(
                f"One target must be named. Received: {text} and --target {options.target}."
            )
        if options.inputs:
            raise ZooError(f"{path} is a table: --inputs is for arrays. Leave it out.")
        return read_table(path, replace(options, target=column or options.target))
    if options.of_tables:
        raise ZooError(f"{path} is no table: --target, --drop, --keep and --header are for tables.")
    if path.is_dir() and is_folder(path):
        return _of_images(path, options)
    if path.suffix.lower() == SINGLE or (path.is_dir() and any(path.glob(f"*{SINGLE}"))):
        return read_npy(path, options)
    if path.is_dir():
        raise ZooError(
            f"{path} is a folder without data. Expected a folder of images for each class "
            f"({path.name}/CLASS/image.png), or x.npy and y.npy."
        )
    return read_npz(path, options=options)


def _of_images(path: Path, options: TableOptions) -> Parts:
    found, note = read_folder(path)
    own = {(letter, part): f"{letter}_{part}" for part in found for letter in (X, Y)}
    arrays = {
        (letter, part): array
        for part, pair in found.items()
        for letter, array in zip((X, Y), pair, strict=True)
    }
    return replace(_of_roles(path, own, arrays, options), note=note)


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


def read_npz(path: Path, keys: tuple[str, ...] = (), options: TableOptions | None = None) -> Parts:
    """Reads `keys` or, where none are given, x_train, y_train[, x_test, y_test] or x, y.

    Other names that say the same, such as `train_images` and `labels`, do as well. A validation
    part is put to the training part, as every seed splits off its own.

    Args:
        path: The file.
        keys: Names of the arrays.
        options: What the user says about the data.

    Raises:
        ZooError: If the file is missing, unreadable, or cannot be trained on.
    """
    check_is_file(path)
    try:
        with path.open("rb") as file:
            if file.read(len(np.lib.format.MAGIC_PREFIX)) == np.lib.format.MAGIC_PREFIX:
                raise ZooError(
                    f"{path}: expected an .npz archive, received a single .npy array. Call it "
                    "x.npy and put the labels beside it, as y.npy."
                )
            with zipfile.ZipFile(file) as archive:
                there = names_in(archive)
                own = {role_of(key) or (key, ""): key for key in keys} or _named(path, there)
                missing = [key for key in keys if key not in there]
                if missing:
                    raise _lacking(path, keys, missing, there)
                arrays = {role: array_in(archive, name, path) for role, name in own.items()}
    except ZooError:
        raise
    except Exception as error:  # damaged bytes make the readers below raise anything
        raise ZooError(
            f"{path}: not a readable .npz archive ({type(error).__name__}). {WRITE}"
        ) from error
    if keys:
        return checked(*arrays.values(), source=str(path), names=keys)
    return _of_roles(path, own, arrays, options or TableOptions())


def read_npy(path: Path, options: TableOptions) -> Parts:
    """Reads an array `x.npy` with the arrays beside it: `y.npy`, or those of parts.

    Args:
        path: One of the files, or their folder.
        options: What the user says about the data.

    Raises:
        ZooError: If one is missing, unreadable, or cannot be trained on.
    """
    folder = path if path.is_dir() else path.parent
    files = {each.stem: each for each in sorted(folder.glob(f"*{SINGLE}"))}
    if not path.is_dir():
        check_is_file(path)
        if role_of(path.stem) is None:
            raise ZooError(
                f"{path}: one array has no labels. Call it x.npy, and put them beside it as y.npy."
            )
    own = _named(folder, list(files))
    arrays = {}
    for role, name in own.items():
        check_memory(files[name], files[name].stat().st_size)
        try:
            arrays[role] = np.load(files[name], allow_pickle=False)
        except Exception as error:  # damaged bytes make NumPy raise anything
            raise ZooError(
                f"{files[name]}: not a readable .npy array ({type(error).__name__}). Write it "
                "again with numpy.save."
            ) from error
    return _of_roles(folder, own, arrays, options)


def _named(path: Path, there: list[str]) -> dict[Role, str]:
    """Returns the names of the arrays that are to be read by what they are."""
    roles = roles_in(there)
    needed = wanted(roles)
    missing = [called(role) for role in needed if role not in roles]
    if missing:
        raise _lacking(path, list(map(called, needed)), missing, there)
    return {role: roles[role] for role in needed}


def _lacking(
    path: Path, needed: Sequence[str], missing: Sequence[str], there: Sequence[str]
) -> ZooError:
    return ZooError(
        f"{path}: expected the keys {', '.join(needed)}; missing: {', '.join(missing)}. "
        f"Received: {', '.join(there) or 'none'}."
    )


def _of_roles(
    path: Path, own: dict[Role, str], arrays: dict[Role, Any], options: TableOptions
) -> Parts:
    """Returns the arrays of a file or folder, checked; a validation part with the training part."""
    first = WHOLE if (X, WHOLE) in own else TRAIN
    kept = [(X, first), (Y, first)]
    if (X, VALIDATION) in own:
        for letter, role in zip((X, Y), kept, strict=True):
            more = arrays.pop((letter, VALIDATION))
            if more.shape[1:] != arrays[role].shape[1:]:
                raise ZooError(
                    f"{path}: {own[letter, VALIDATION]} must have examples of shape "
                    f"{arrays[role].shape[1:]}, as {own[role]} has. Received {more.shape[1:]}."
                )
            arrays[role] = np.concatenate([arrays[role], more])
    if (X, TEST) in own:
        kept += [(X, TEST), (Y, TEST)]
    first_x = arrays[kept[0]]
    if options.inputs and first_x.ndim != 3:
        raise ZooError(
            f"--inputs {options.inputs} is for arrays of shape (examples, rows, columns). {path}: "
            f"{own[kept[0]]} has shape {first_x.shape}. Leave it out."
        )
    inputs = options.inputs or inputs_of(first_x)
    found = [
        channels_last(arrays[role], inputs) if role[0] == X else place_of_one(arrays[role])
        for role in kept
    ]
    names = tuple(own[role] for role in kept)
    parts = checked(*found, source=str(path), names=names, task=options.task)
    return replace(parts, note=doubt_about(first_x, options.inputs))
