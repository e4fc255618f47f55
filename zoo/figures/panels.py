"""The sheet that figures are drawn on: heading, titled panels on common axes, legend."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator, NullFormatter

from zoo.figures import formats
from zoo.figures.page import current, too_much
from zoo.figures.palette import (
    QUIET,
    TICK,
    TITLE,
    count,
    rate_text,
    text_width,
    widest,
    wrap,
)
from zoo.results.kinds import kind_of

# Lengths are inches: text keeps its size while a figure grows with the number of variants.
MARGIN = 0.25
LINE = 0.21
TITLE_LINE = 0.3
LEGEND_LINE = 0.3
AXIS = 0.5
PANEL_WIDTHS = {1: 6.5, 2: 4.4, 3: 3.3, 4: 2.7, 5: 2.45}
SLOPE = 0.62  # height of a panel as a part of its width
LEAST_WIDTH, LEAST_HEIGHT = 1.3, 0.75


class Sheet(Figure):
    """A figure that a notebook shows by itself, whether pyplot is loaded or not."""

    def _repr_png_(self) -> bytes:
        return formats.contents_of(self, ["png"])[0]


def start_page(
    spec: Mapping[str, Any], width: float, body: float, axis: float, legend: Sequence[Artist]
) -> tuple[Figure, float]:
    """Starts a figure with its heading and legend.

    Args:
        spec: The declaration as run.
        width: Width of the figure in inches, that of the page if it has one.
        body: Height in inches of what stands between heading and axis labels.
        axis: Height in inches of the lowest tick labels and axis label.
        legend: Keys of the legend.

    Returns:
        The figure and the height in inches at which the body starts.

    Raises:
        DoesNotFitError: If the page is too small for it.
    """
    page = current()
    if page.width and width > page.width + 1e-6:
        raise too_much(spec["variants"])
    title, subtitle = _heading(spec, width)
    heading = _heading_height(title, subtitle)
    columns = _legend_columns(legend, width)
    bottom = _bottom(axis, legend, width)
    spare = page.height - heading - body - bottom if page.height else 0.0
    if spare < -1e-6:
        raise too_much(spec["variants"])
    bottom += 0.4 * spare
    height = page.height or heading + body + bottom
    if page.most and height > page.most:
        raise too_much(spec["variants"])
    figure = Sheet(figsize=(width, height), dpi=page.dots if page.width else None)
    x, y = MARGIN / width, height - MARGIN
    if title:
        figure.text(x, y / height, "\n".join(title), va="top", fontsize=TITLE, fontweight="bold")
        y -= len(title) * TITLE_LINE + 0.03
        figure.text(x, y / height, "\n".join(subtitle), va="top", color=QUIET)
    if legend:
        figure.legend(
            handles=list(legend),
            ncols=columns,
            loc="lower center",
            bbox_to_anchor=(0.5, 0.12 / height),
            borderaxespad=0,
            borderpad=0,
        )
    return figure, bottom


def room(
    spec: Mapping[str, Any], width: float, axis: float, legend: Sequence[Artist]
) -> float | None:
    """Returns the height in inches that the page has for the body of `start_page`.

    `None` stands for as much as it needs.
    """
    page = current()
    if not page.height:
        return None
    heading = _heading_height(*_heading(spec, width))
    return page.height - heading - _bottom(axis, legend, width)


def row_height(
    spec: Mapping[str, Any], natural: float, free: float | None, rows: int, least: float = 0.21
) -> float:
    """Returns the height of each of some rows in inches.

    Args:
        spec: The declaration as run.
        natural: What a row has where the page is as high as it needs.
        free: What the page has for all rows, or `None` for as much as they need.
        rows: How many there are.
        least: What a row needs.

    Raises:
        DoesNotFitError: If they have less on this page.
    """
    if free is None:
        return natural
    if free < rows * least:
        raise too_much(spec["variants"])
    return min(free / rows, 1.6 * natural)


def _heading(spec: Mapping[str, Any], width: float) -> tuple[list[str], list[str]]:
    """Returns the lines of the question and of the setting; none where a caption says them."""
    if not current().heading:
        return [], []
    inside = width - 2 * MARGIN
    setting = wrap(" \N{MIDDLE DOT} ".join(_setting(spec)), inside)
    return wrap(spec["question"], inside, TITLE, "bold"), setting


def _heading_height(title: Sequence[str], subtitle: Sequence[str]) -> float:
    return MARGIN + len(title) * TITLE_LINE + len(subtitle) * LINE + (0.2 if title else 0.0)


def _bottom(axis: float, legend: Sequence[Artist], width: float) -> float:
    rows = math.ceil(len(legend) / _legend_columns(legend, width)) if legend else 0
    return axis + rows * LEGEND_LINE + 0.2


def _legend_columns(legend: Sequence[Artist], width: float) -> int:
    columns = len(legend)
    while columns > 1 and _legend_width(legend, columns) > width - 2 * MARGIN:
        columns -= 1
    return columns


def _setting(spec: Mapping[str, Any]) -> list[str]:
    """Returns what the numbers were obtained with, in words."""
    return SETTINGS[kind_of(spec)](spec)


def _of_search(spec: Mapping[str, Any]) -> list[str]:
    parts = [spec["data"], f"{spec['strategy']} search", count(spec["epochs"], "epoch")]
    return [*parts, count(spec["executions"], "network") + " a trial"]


def _of_measured(spec: Mapping[str, Any]) -> list[str]:
    how = "measured" if spec.get("trains") else "measured without training"
    return [how, *_set(spec), count(len(spec["seeds"]), "seed")]


def _of_trained(spec: Mapping[str, Any]) -> list[str]:
    data, epochs = spec["data"], spec["recipe"]["epochs"]
    examples = (
        f"{data['name']}: {data['train']:,} training, {data['validation']:,} validation, "
        f"{data['test']:,} test samples"
    )
    return [examples, *_set(spec), count(epochs, "epoch"), count(len(spec["seeds"]), "seed")]


def _of_holds_when(spec: Mapping[str, Any]) -> list[str]:
    return [*spec["setting"], count(len(spec["seeds"]), "seed")]


def _set(spec: Mapping[str, Any]) -> list[str]:
    """Returns what was set otherwise than declared, in words."""
    return [f"{name.replace('_', ' ')} {value}" for name, value in spec.get("set", {}).items()]


SETTINGS = {
    "trained": _of_trained,
    "measured": _of_measured,
    "holds_when": _of_holds_when,
    "panel": _of_holds_when,
    "search": _of_search,
}


def lay_panels(
    spec: Mapping[str, Any],
    notes: Mapping[str, str],
    x: str,
    y: str,
    legend: Sequence[Artist],
    *,
    share_y: bool = True,
) -> tuple[Figure, dict[str, Axes]]:
    """Lays out one titled panel a variant, all on the same axes.

    Args:
        spec: The declaration as run.
        notes: What stands in each title after the label.
        x: Label of the horizontal axes.
        y: Label of the vertical axes.
        legend: Keys of the legend.
        share_y: Whether the panels have one vertical axis in common; else each has its own.

    Returns:
        The figure and the panels by label.
    """
    variants = list(spec["variants"])
    gap, left = 0.3 if share_y else 0.8, MARGIN + 0.75
    columns, panel_width, panel_height = _grid(spec, notes, left, gap, legend)
    rows = math.ceil(len(variants) / columns)
    titles = _titles(spec, notes, panel_width)
    title_height = max(map(len, titles.values())) * LINE + 0.08
    pitch = title_height + panel_height + 0.2
    width = left + columns * (panel_width + gap) - gap + MARGIN
    figure, bottom = start_page(spec, width, rows * pitch - 0.2, AXIS, legend)
    height = figure.get_figheight()
    panels: dict[str, Axes] = {}
    first: Axes | None = None
    for index, label in enumerate(variants):
        row, column = divmod(index, columns)
        corner = left + column * (panel_width + gap), bottom + (rows - 1 - row) * pitch
        size = panel_width / width, panel_height / height
        rectangle = (corner[0] / width, corner[1] / height, *size)
        axes = figure.add_axes(rectangle, sharex=first, sharey=first if share_y else None)
        first = first or axes
        axes.set_title("\n".join(titles[label]), loc="left", pad=5)
        lowest = index + columns >= len(variants)
        axes.tick_params(labelleft=column == 0 or not share_y, labelbottom=lowest)
        if lowest:
            axes.set_xlabel(x)
        panels[label] = axes
    middle = (bottom + (rows * pitch - 0.2 - title_height) / 2) / height
    figure.text(MARGIN / width, middle, y, rotation=90, ha="left", va="center")
    return figure, panels


def _grid(
    spec: Mapping[str, Any],
    notes: Mapping[str, str],
    left: float,
    gap: float,
    legend: Sequence[Artist],
) -> tuple[int, float, float]:
    """Returns how many panels stand beside each other, and their width and height in inches.

    On a page it is the grid with the largest panels.

    Raises:
        DoesNotFitError: If none has panels that are legible.
    """
    count, page = len(spec["variants"]), current()
    natural = count if count <= 3 else min(math.ceil(math.sqrt(count)), 5)
    if not page.width:
        return natural, PANEL_WIDTHS[natural], SLOPE * PANEL_WIDTHS[natural]
    free = room(spec, page.width, AXIS, legend)
    best, largest = None, LEAST_HEIGHT
    for columns in range(1, count + 1):
        width = (page.width - left - MARGIN + gap) / columns - gap
        height = SLOPE * width
        if free is not None:
            lines = max(map(len, _titles(spec, notes, width).values()))
            height = (free + 0.2) / math.ceil(count / columns) - lines * LINE - 0.28
        # A page as long as it needs has as many beside each other as stand so anywhere.
        size = min(SLOPE * width, height) if free is not None else float(columns <= natural)
        if width >= LEAST_WIDTH and size >= largest:
            best, largest = (columns, width, height), size
    if best is None:
        raise too_much(spec["variants"])
    return best


def percent_axis(axes: Axes, shares: Sequence[float], room: float = 0.0) -> None:
    """Fits the shared vertical axis to shares 0..1; `room` is a part of it kept free below."""
    finite = [100 * share for share in shares if math.isfinite(share)] or [0.0, 100.0]
    low, high = min(finite), max(finite)
    span = max(high - low, 2.0)
    axes.set_ylim(low - (0.06 + room) * span, high + 0.08 * span)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))


def rate_axis(axes: Axes, rates: Sequence[float], width: float) -> None:
    """Puts the shared horizontal axis on a log scale and names as many rates as have room.

    Args:
        axes: Any of the panels.
        rates: Learning rates in rising order.
        width: Width of a panel in inches.
    """
    pad = max(1.25, (rates[-1] / rates[0]) ** 0.07)
    scale = width / math.log10(rates[-1] / rates[0] * pad**2)
    tens = [rate for rate in rates if math.log10(rate).is_integer()]
    choices = [rates, *([tens] if len(tens) > 1 else [])]
    choices += [rates[::step] for step in range(2, len(rates) + 1)]
    named = next(choice for choice in choices if _have_room(choice, scale))
    axes.set_xscale("log")
    axes.set_xlim(rates[0] / pad, rates[-1] * pad)
    axes.xaxis.set_major_locator(FixedLocator(named))
    axes.xaxis.set_major_formatter(lambda rate, _: rate_text(rate))
    axes.xaxis.set_minor_locator(FixedLocator([rate for rate in rates if rate not in named]))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _have_room(rates: Sequence[float], scale: float) -> bool:
    # `scale` is the length of a decade in inches.
    return all(
        math.log10(right / left) * scale
        > (text_width(rate_text(left), TICK) + text_width(rate_text(right), TICK)) / 2 + 0.1
        for left, right in pairwise(rates)
    )


def _titles(
    spec: Mapping[str, Any], notes: Mapping[str, str], width: float
) -> dict[str, list[str]]:
    # One line if every title fits into it, otherwise label and note below each other everywhere.
    parts = {
        label: (f"{label} (baseline)" if label == spec["baseline"] else label, notes[label])
        for label in spec["variants"]
    }
    single = {label: ", ".join(filter(None, pair)) for label, pair in parts.items()}
    if widest(single.values()) <= width:
        return {label: [text] for label, text in single.items()}
    return {label: wrap(a, width) + wrap(b, width) for label, (a, b) in parts.items()}


def _legend_width(legend: Sequence[Artist], columns: int) -> float:
    # Matplotlib fills the columns of a legend from the top, one after the other, the first of them
    # with one key more if need be. A key and the space around it take 0.7 inches besides the words.
    labels = [str(key.get_label()) for key in legend]
    return sum(widest([*own]) + 0.7 for own in np.array_split(labels, columns))
