"""Turns a figure dark: paper becomes near black, ink becomes light, colours keep their hue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.colors import to_rgba, to_rgba_array
from matplotlib.figure import Figure
from matplotlib.text import Text

PAPER = 0.09  # the grey of dark paper, 0 black to 1 white
# The Web Content Accessibility Guidelines 2.2 ask for 3 of graphics; text is grey and has more.
CONTRAST = 4.5
COLOURS = ("color", "facecolor", "edgecolor", "markerfacecolor", "markeredgecolor")


def darken(figure: Figure) -> None:
    """Changes all colours of a figure, which is laid out before."""
    figure.draw_without_rendering()  # makes the ticks, which have colours of their own
    boxes = [text.get_bbox_patch() for text in figure.findobj(Text) if isinstance(text, Text)]
    own = {id(artist): artist for artist in [*figure.findobj(), *filter(None, boxes)]}
    changes = []
    for artist in own.values():
        for name in COLOURS:
            if hasattr(artist, f"get_{name}") and hasattr(artist, f"set_{name}"):
                changes.append((artist, name, getattr(artist, f"get_{name}")()))
    for artist, name, colour in changes:
        getattr(artist, f"set_{name}")(_dark_of(colour))


def _dark_of(colour: Any) -> Any:
    """Returns a colour, or an array of shape `(n, 4)` of them, for dark paper."""
    if isinstance(colour, str) and colour in ("none", "auto"):
        return colour
    rows = to_rgba_array(colour)
    if len(rows) == 0:
        return colour
    turned = [dark(row) for row in rows]
    single = isinstance(colour, str) or len(rows) == 1
    return turned[0] if single else turned


def dark(colour: Any) -> tuple[float, float, float, float]:
    """Returns a colour for dark paper: a grey turned round, a hue as light as it must be.

    Args:
        colour: As matplotlib knows them.

    Returns:
        Red, green, blue and opacity, each 0 to 1.
    """
    red, green, blue, alpha = to_rgba(colour)
    if max(red, green, blue) - min(red, green, blue) < 0.02:
        grey = PAPER + (1 - PAPER) * (1 - red)
        return grey, grey, grey, alpha
    own = [red, green, blue]
    while contrast(own, [PAPER] * 3) < CONTRAST:
        own = [0.9 * each + 0.1 for each in own]
    return own[0], own[1], own[2], alpha


def contrast(first: Sequence[float], second: Sequence[float]) -> float:
    """Returns the contrast of two colours, 1 to 21.

    The formula of the Web Content Accessibility Guidelines 2.2, "contrast ratio".
    """
    lights = sorted(_light(colour) for colour in (first, second))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def _light(colour: Sequence[float]) -> float:
    """Returns the relative luminance of an sRGB colour."""
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
