"""What the examples in an array are: vectors, signals or images; with channels last."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

CHANNELS = (1, 3, 4)
IMAGES, SIGNALS = "images", "signals"
INPUTS = (IMAGES, SIGNALS)
SMALLEST = 8  # pixels of a side of an image


def channels_last(x: Array, inputs: str | None = None) -> Array:
    """Returns examples with an axis of channels, the last, if they are images.

    Shape (examples, channels, height, width) is known by 1, 3 or 4 where channels come first and
    not where they come last. Shape (examples, height, width) is taken for what `inputs_of` says;
    signals, (examples, steps, channels), stay.

    Args:
        x: Examples of any shape.
        inputs: `images` or `signals`; `None` to find out.
    """
    if x.ndim == 4 and x.shape[1] in CHANNELS and x.shape[3] not in CHANNELS:
        return np.moveaxis(x, 1, 3)
    return x[..., np.newaxis] if (inputs or inputs_of(x)) == IMAGES and x.ndim == 3 else x


def inputs_of(x: Array) -> str:
    """Returns what an array of shape (examples, rows, columns) is taken for.

    Those are grey images if they are square or of bytes, else signals.
    """
    square = x.ndim == 3 and x.shape[1] == x.shape[2] >= SMALLEST
    return IMAGES if x.ndim == 3 and (square or x.dtype == np.uint8) else SIGNALS


def doubt_about(x: Array, inputs: str | None) -> str:
    """Returns what to say of an array that may as well be the other, or an empty text."""
    if x.ndim != 3 or inputs or x.dtype == np.uint8 or inputs_of(x) == SIGNALS:
        return ""
    return f"taken for grey images, as they are square (--inputs {SIGNALS} for steps x channels)"


def place_of_one(y: Array) -> Array:
    """Returns one-hot labels of shape (examples, classes) as the places of the 1; others stay."""
    if y.ndim != 2 or y.shape[1] < 2 or y.dtype.kind not in "biuf" or not len(y):
        return y
    one_hot = np.isin(y, (0, 1)).all() and (y.sum(axis=1) == 1).all()
    return y.argmax(axis=1) if one_hot else y


def in_words(shape: Any) -> str:
    """Returns what examples of a shape are, without the batch axis."""
    if not isinstance(shape, tuple):
        return f"several inputs of shapes {shape}"
    if len(shape) == 1:
        return f"vectors of {shape[0]} numbers"
    many = f"{shape[-1]} channel{'s' * (shape[-1] != 1)}"
    if len(shape) == 2:
        return f"signals of {shape[0]} steps with {many}"
    if len(shape) == 3:
        return f"images of {shape[0]} x {shape[1]} pixels with {many}"
    return f"arrays of shape {shape}"
