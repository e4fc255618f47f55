"""A figure in files of one format or several; the same figure gives the same bytes."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from matplotlib import style
from matplotlib.artist import Artist
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter

from zoo.errors import printable
from zoo.figures.page import current
from zoo.figures.palette import HOUSE_STYLE
from zoo.results.files import write_bytes

# What files say of themselves besides the picture: no date and no program, so that they stay equal.
FORMS: Mapping[str, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
BOTH = ("svg", "png")


def save_figure(figure: Figure, stem: Path, forms: Sequence[str] = BOTH) -> list[Path]:
    """Writes a figure in each of some formats; the same figure gives the same bytes.

    Args:
        figure: The figure.
        stem: Path of the files without their endings.
        forms: Endings out of `FORMS`.

    Returns:
        The files.
    """
    files = [stem.parent / f"{stem.name}.{form}" for form in forms]
    contents = contents_of(figure, forms)
    for path, content in zip(files, contents, strict=True):
        write_bytes(path, content)
    return files


@style.context(["default", HOUSE_STYLE])
def contents_of(figure: Figure, forms: Sequence[str]) -> list[bytes]:
    """Returns a figure in each of some formats."""
    _settle(figure)
    contents = []
    for form in forms:
        content = io.BytesIO()
        dots = current().dots if form == "png" else "figure"
        figure.savefig(content, format=form, metadata=FORMS[form], dpi=dots)
        contents.append(content.getvalue())
    return contents


def _settle(figure: Figure) -> None:
    """Prepares a figure for being written: nothing in it ends a file, nothing empty is placed."""
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        formatter = axis.get_major_formatter()
        if isinstance(formatter, FuncFormatter):  # names along an axis
            formatter.func = partial(_shown, formatter.func)
        if not axis.get_label_text():
            axis.set_label_coords(0, 0)  # else its place is sought beside all numbers of the axis
    for text in _texts(figure):
        text.set_text(printable(text.get_text()))  # an escape character ends an SVG
        text.set_parse_math(False)


def _texts(artist: Artist) -> Iterator[Text]:
    """Yields the texts of a figure but the numbers and names along axes.

    To be asked for those an axis makes ticks, of which most are never drawn.
    """
    if isinstance(artist, Axis):
        yield artist.label
        return
    if isinstance(artist, Text):
        yield artist
    for child in artist.get_children():
        yield from _texts(child)


def _shown(name: Callable[..., str], place: float, index: int | None = None) -> str:
    return printable(name(place, index))
