"""Which test examples a run has right, as a short text: a bit for each example."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np


def packed(right: Any) -> str:
    """Returns bits as a text: their number, a colon, eight to a byte in base64.

    Args:
        right: Whether each example is right, shape `(examples,)`, at least one. The first stands in
            the highest bit of the first byte, and the last byte is filled up with zeros.
    """
    bits = np.asarray(right, dtype=bool)
    return f"{len(bits)}:{base64.b64encode(np.packbits(bits).tobytes()).decode('ascii')}"


def unpacked(text: str) -> bytes:
    """Returns a byte for each example of a text as `packed` makes it: 1 if it is right, else 0.

    Raises:
        ValueError: If it is no such text.
    """
    number, _, code = text.partition(":")
    if not (number.isascii() and number.isdecimal()):
        raise ValueError("it has no number of examples")
    content = np.frombuffer(base64.b64decode(code, validate=True), np.uint8)
    if len(content) != -(-int(number) // 8) or not len(content):
        raise ValueError(f"it has {len(content)} bytes for {int(number)} examples")
    bits = np.unpackbits(content, count=int(number))
    if packed(bits) != text:
        raise ValueError("it is written in another way")
    return bits.tobytes()
