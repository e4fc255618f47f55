"""Draws what measured experiments found as images: filters, and classes in the plane."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zoo.figures.page import current
from zoo.figures.palette import HOUSE_STYLE, widest
from zoo.figures.panels import MARGIN, room, row_height, start_page

# Inches: an image where a variant has several or one, and the title of one.
SIDE, LARGE, TITLE = 0.62, 1.6, 0.35
COLUMNS = 6  # of images side by side
BLUE_TO_RED, STRONGEST = "RdBu_r", 0.8  # blue is below 0, white 0; the share of it that is used
Image = npt.NDArray[np.float64]  # shape (rows, columns)

house_style = style.context(["default", HOUSE_STYLE])


def image_of(rows: pd.DataFrame) -> Image:
    """Returns one image of `images.csv`, shape (rows, columns)."""
    texts = rows.sort_values("row")["values"].astype(str)
    return np.array([[float(number) for number in text.split(" ")] for text in texts])


@house_style
def draw_images(spec: Mapping[str, Any], images: pd.DataFrame) -> Figure:
    """Draws a row of images for each variant, or all side by side where each has one.

    White is 0, and each image has its own scale.

    Args:
        spec: The declaration as run, as in `spec.json`.
        images: As in `images.csv`.
    """
    own = {
        label: [image_of(rows) for _, rows in images[images["variant"] == label].groupby("place")]
        for label in spec["variants"]
        if label in set(images["variant"])
    }
    several = max(map(len, own.values())) > 1
    return _in_rows(spec, own) if several else _side_by_side(spec, own)


def _in_rows(spec: Mapping[str, Any], own: Mapping[str, Sequence[Image]]) -> Figure:
    most, left = max(map(len, own.values())), MARGIN + widest(own) + 0.25
    width = current().width or left + most * SIDE + MARGIN
    side = min(SIDE, (width - left - MARGIN) / most)
    cell = row_height(spec, side, room(spec, width, 0.1, []), len(own), 0.3)
    figure, bottom = start_page(spec, width, len(own) * cell, 0.1, [])
    height = figure.get_figheight()
    for row, (label, pictures) in enumerate(own.items()):
        y = bottom + (len(own) - 1 - row) * cell
        middle = (y + 0.5 * cell) / height
        figure.text((left - 0.15) / width, middle, label, ha="right", va="center")
        for column, picture in enumerate(pictures):
            corner = left + column * side, y + 0.05 * cell
            _show(figure, picture, corner, (0.9 * side, 0.9 * cell))
    return figure


def _side_by_side(spec: Mapping[str, Any], own: Mapping[str, Sequence[Image]]) -> Figure:
    natural = max(LARGE, widest(own) + 0.1)
    columns = min(len(own), COLUMNS)
    if current().width:
        columns = max(1, min(columns, int((current().width - 2 * MARGIN) / natural)))
    rows = math.ceil(len(own) / columns)
    width = current().width or 2 * MARGIN + columns * natural
    free = room(spec, width, 0.1, [])
    cell = row_height(spec, natural + TITLE, free, rows, LARGE / 2 + TITLE)
    figure, bottom = start_page(spec, width, rows * cell, 0.1, [])
    side = min(natural, cell - TITLE) - 0.1
    for place, (label, [picture]) in enumerate(own.items()):
        row, column = divmod(place, columns)
        corner = MARGIN + column * natural, bottom + (rows - 1 - row) * cell
        axes = _show(figure, picture, corner, (side, side))
        axes.set_title(label, loc="left", pad=4)
    return figure


def _show(
    figure: Figure, picture: Image, corner: tuple[float, float], size: tuple[float, float]
) -> Axes:
    """Draws an image; corner and size are in inches."""
    width, height = figure.get_size_inches()
    axes = figure.add_axes(
        (corner[0] / width, corner[1] / height, size[0] / width, size[1] / height)
    )
    largest = abs(picture).max() / STRONGEST or 1.0
    axes.imshow(picture, BLUE_TO_RED, vmin=-largest, vmax=largest, interpolation="nearest")
    axes.set_axis_off()
    return axes
