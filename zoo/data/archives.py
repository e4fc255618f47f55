"""Arrays out of `.npz` archives of anybody's: what they claim is checked before it is unpacked."""

import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zoo.data.memory import free_memory
from zoo.errors import ZooError

Array = NDArray[Any]

COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
ENCRYPTED = 0x1  # a member's flag in the zip format
HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
# An array itself, and its copies while it is checked, split and normalised.
COPIES = 3
CHUNK_BYTES = 2**20
WRITE = "Write it again with numpy.savez(path, x=..., y=...)."


def names_in(archive: zipfile.ZipFile) -> list[str]:
    """Returns the names of the arrays in an archive."""
    return [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]


def array_in(archive: zipfile.ZipFile, name: str, path: Path) -> Array:
    """Reads one array of an archive, without pickle.

    Args:
        archive: The open archive.
        name: Name of the array.
        path: Its file, for messages.

    Raises:
        ZooError: If the array is encrypted, compressed in an unknown way, larger than the memory
            that is free, or not what its header claims.
    """
    member = archive.getinfo(f"{name}.npy")
    if member.flag_bits & ENCRYPTED:
        raise ZooError(f"{path}: {name} is encrypted. {WRITE}")
    if member.compress_type not in COMPRESSIONS:
        raise ZooError(
            f"{path}: {name} is compressed in a way that Python does not know (zip method "
            f"{member.compress_type}). {WRITE}"
        )
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        if version not in HEADERS:
            raise ZooError(f"{path}: {name} has a header of unknown version {version}. {WRITE}")
        shape, by_columns, dtype = HEADERS[version](file)
        if dtype.hasobject:
            raise ZooError(
                f"{path}: {name} cannot be read without pickle, which may run foreign code. "
                "Save plain numbers or strings, for example y.astype(str)."
            )
        size = math.prod(shape) * dtype.itemsize
        if min(shape, default=0) < 0 or size != member.file_size - file.tell():
            raise ZooError(
                f"{path}: {name} claims the shape {shape}, {size} bytes, and has "
                f"{member.file_size - file.tell()}: the file is damaged. {WRITE}"
            )
        check_memory(path, size)
        content = np.empty(size, np.uint8)
        for start in range(0, size, CHUNK_BYTES):
            part = file.read(min(CHUNK_BYTES, size - start))
            content[start : start + len(part)] = np.frombuffer(part, np.uint8)
            if len(part) < min(CHUNK_BYTES, size - start):
                raise EOFError(f"{name} is cut off")
        file.read(1)  # at the end the checksum is compared
    flat = content.view(dtype) if size else np.empty(math.prod(shape), dtype)
    return flat.reshape(shape, order="F" if by_columns else "C")


def check_memory(path: Path, size: int) -> None:
    """Raises ZooError if what is in a file, and its copies, do not fit the memory that is free."""
    free = free_memory()
    if size * COPIES > free:
        raise ZooError(
            f"{path} holds {_amount(size)} and needs about {COPIES} times as much; "
            f"{_amount(free)} of memory are free. Take fewer examples, or smaller types."
        )


def _amount(size: int) -> str:
    return f"{size / 2**30:.3g} GiB" if size >= 2**30 else f"{size / 2**20:.3g} MiB"
