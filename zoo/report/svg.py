"""What pictures need: elements with escaped texts, numbers, texts that fit. Pure."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable

from markupsafe import Markup, escape

from zoo.errors import printable

LETTER = 7.0  # units that a letter of the pictures takes on average
ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
MINUS = "\N{MINUS SIGN}"


def element(name: str, content: str | Markup = "", **attributes: object) -> Markup:
    """Returns an element; what others wrote, in its text or attributes, stays text.

    Args:
        name: The element's name.
        content: Its text, or elements as `Markup`.
        **attributes: By name, `_` for `-`, with a `_` at the end where Python has the word; those
            that are `None` are left out.
    """
    parts = [
        f' {key.rstrip("_").replace("_", "-")}="{escape(_said(value))}"'
        for key, value in attributes.items()
        if value is not None
    ]
    inside = content if isinstance(content, Markup) else escape(printable(content))
    if name in ("path", "line", "rect") and not inside:
        return Markup(f"<{name}{''.join(parts)}/>")
    return Markup(f"<{name}{''.join(parts)}>{inside}</{name}>")


def joined(parts: Iterable[Markup]) -> Markup:
    """Returns elements one after the other."""
    return Markup("").join(parts)


def _said(value: object) -> str:
    return coordinate(value) if isinstance(value, float) else printable(str(value))


def coordinate(value: float) -> str:
    """Returns a coordinate to a tenth of a unit, without needless zeros."""
    text = f"{value:.1f}"
    return text.removesuffix(".0") if text != "-0.0" else "0"


def fitted(text: str, width: float) -> str:
    """Returns a text in at most `width` units; what is cut off is told by an ellipsis."""
    shown = printable(text, kept="")
    if width_of(shown) <= width:
        return shown
    while shown and width_of(shown + ELLIPSIS) > width:
        shown = shown[:-1]
    return shown.rstrip() + ELLIPSIS


def width_of(text: str) -> float:
    """Returns about how many units a line of text takes."""
    wide = sum(unicodedata.east_asian_width(mark) in "WF" for mark in text)
    return LETTER * (len(text) + wide)


def number(value: float) -> str:
    """Returns a number with three digits, such as 0.0316, 3e-4, 1,200; empty if it is none."""
    if math.isnan(value):
        return ""
    if math.isinf(value):
        return f"{MINUS * (value < 0)}infinite"
    if 1000 <= abs(value) < 1e6:
        text = f"{value:,.0f}"
    elif 0 < abs(value) < 1e-3:
        digits, _, power = f"{value:.2e}".partition("e")
        text = f"{digits.rstrip('0').rstrip('.')}e{int(power)}"
    else:
        text = f"{value:.3g}".replace("e+0", "e").replace("e+", "e")
    return MINUS + text[1:] if text.startswith("-") else text
