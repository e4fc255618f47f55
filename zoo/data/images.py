"""A folder of images, one folder a class."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zoo.data.archives import check_memory
from zoo.data.keys import PARTS, TRAIN
from zoo.errors import ZooError

Array = NDArray[Any]

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff")
LARGEST = 128  # pixels of the longer side; larger ones are scaled down
GREY = ("1", "L", "LA", "I", "I;16", "F")  # modes of Pillow


def is_folder(path: Path) -> bool:
    """Returns whether a folder has folders with images in it."""
    return path.is_dir() and any(_parts(path).values())


def read_folder(path: Path) -> tuple[dict[str, tuple[Array, Array]], str]:
    """Reads a folder with a folder of images for each class, or with such folders for each part.

    All images get the size that most have, of at most `LARGEST` pixels a side, and are grey if all
    of them are.

    Args:
        path: `path/CLASS/image.png`, or `path/train/CLASS/image.png`, `path/test/CLASS/image.png`.

    Returns:
        Images of shape (examples, height, width, channels), uint8, and the names of their classes,
        by part (`train`, `validation`, `test`); and what was done, in words.

    Raises:
        ZooError: If a file is no image, or a class has none.
    """
    parts = {part: own for part, own in _parts(path).items() if own}
    files = [file for own in parts.values() for each in own.values() for file in each]
    looks = [_looked_at(file) for file in files]
    counts = Counter(size for size, _ in looks)
    (width, height), most = counts.most_common(1)[0]
    shrink = min(1.0, LARGEST / max(width, height))
    size = max(1, round(height * shrink)), max(1, round(width * shrink))
    grey = all(mode in GREY for _, mode in looks)
    check_memory(path, len(files) * size[0] * size[1] * (1 if grey else 3))
    found = {part: _read(own, size, grey) for part, own in parts.items()}
    words = []
    if len(counts) > 1 or shrink < 1:
        others = len(files) - most if shrink == 1 else len(files)
        words = [f"{others} of {len(files)} images scaled to {size[0]} x {size[1]} pixels"]
    return found, "; ".join(words)


def _parts(path: Path) -> dict[str, dict[str, list[Path]]]:
    """Returns the images of each class, by part; without folders for parts all are to train on."""
    called = {word: part for part, words in PARTS.items() for word in words if part}
    folders = {each.name.lower(): each for each in _folders(path)}
    if folders and set(folders) <= set(called) and TRAIN in map(called.get, folders):
        return {called[name]: _classes(each) for name, each in folders.items()}
    return {TRAIN: _classes(path)}


def _classes(path: Path) -> dict[str, list[Path]]:
    found = {each.name: _images(each) for each in _folders(path)}
    if any(found.values()) and not all(found.values()):
        empty = next(name for name, own in found.items() if not own)
        raise ZooError(
            f"{path / empty} has no images ({', '.join(SUFFIXES)}), and its neighbours have. Put "
            f"some in, or remove the folder{_or_file(path)}."
        )
    return found if any(found.values()) else {}


def _or_file(path: Path) -> str:
    """Returns that a file in a folder may be meant, if it holds any but images."""
    files = [each for each in path.iterdir() if each.is_file() and each.name[0] not in "._"]
    named = sorted(each for each in files if each.suffix.lower() not in SUFFIXES)
    return f"; or name a file in it, such as {named[0]}" if named else ""


def _folders(path: Path) -> list[Path]:
    return sorted(each for each in path.iterdir() if each.is_dir() and each.name[0] not in "._")


def _images(path: Path) -> list[Path]:
    files = sorted(each for each in path.rglob("*") if each.suffix.lower() in SUFFIXES)
    return [each for each in files if each.is_file() and not each.name.startswith(".")]


def _looked_at(file: Path) -> tuple[tuple[int, int], str]:
    """Returns width and height, and the mode of an image, without reading its pixels."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(file) as image:
            return image.size, image.mode
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise _no_image(file) from error


def _read(classes: dict[str, list[Path]], size: tuple[int, int], grey: bool) -> tuple[Array, Array]:
    import keras

    mode = "grayscale" if grey else "rgb"
    files = [(file, name) for name, own in classes.items() for file in own]
    x = np.empty((len(files), *size, 1 if grey else 3), np.uint8)
    for place, (file, _) in enumerate(files):
        try:
            image = keras.utils.load_img(
                file, color_mode=mode, target_size=size, interpolation="bilinear"
            )
        except (OSError, SyntaxError, ValueError) as error:
            raise _no_image(file) from error
        x[place] = keras.utils.img_to_array(image, data_format="channels_last")
    return x, np.array([name for _, name in files])


def _no_image(file: Path) -> ZooError:
    return ZooError(f"{file} is no image that can be read. Remove it, or save it again as PNG.")
