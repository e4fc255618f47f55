"""Draws what measured experiments found: by layer, by variant, as histograms and as images."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from zoo.figures.images import draw_images
from zoo.figures.page import current, too_much
from zoo.figures.palette import (
    HOUSE_STYLE,
    INK,
    QUIET,
    fitting,
    rate_text,
    styles_in,
    widest,
    wrap,
)
from zoo.figures.panels import (
    MARGIN,
    lay_panels,
    room,
    row_height,
    start_page,
)
from zoo.figures.variants import only, rows_in
from zoo.results.files import read_frame, read_spec, read_table
from zoo.results.measured import compared, series_of, stated_numbers

# Values whose largest is this many times the smallest are drawn on a logarithmic axis.
DECADES = 30
# Inches: a row of the dot plot, the width of one of its panels, and a histogram.
ROW, DOTS, LEAST_DOTS = 0.3, 3.4, 1.7
CELL_WIDTH, CELL_HEIGHT = 1.05, 0.75

house_style = style.context(["default", HOUSE_STYLE])


def pictures(folder: Path, variants: Sequence[str] = ()) -> dict[str, Callable[[], Figure]]:
    """Returns what draws each of the pictures that there are tables for, by name.

    Args:
        folder: Holds `spec.json` and `table.csv`, perhaps `histograms.csv` and `images.csv`.
        variants: Labels of those to draw beside the baseline; none for all.
    """
    spec = only(read_spec(folder), variants)
    table = rows_in(spec, read_table(folder))
    figures: dict[str, Callable[[], Figure]] = {
        metric: partial(draw_series, spec, table, metric) for metric in series_of(table)
    }
    if compared(spec, table):
        figures["values"] = partial(draw_values, spec, table)
    if (folder / "histograms.csv").is_file():
        histograms = rows_in(spec, read_frame(folder / "histograms.csv"))
        figures["histograms"] = partial(draw_histograms, spec, histograms)
    if (folder / "images.csv").is_file():
        images = rows_in(spec, read_frame(folder / "images.csv"))
        figures["images"] = partial(draw_images, spec, images)
    return figures


def shown(folder: Path) -> list[str]:
    """Returns the names of all its pictures; none where the table shows everything better."""
    return list(pictures(folder))


@house_style
def draw_series(spec: Mapping[str, Any], table: pd.DataFrame, metric: str) -> Figure:
    """Draws a metric against its places, such as layers; one panel a variant, each on its own axis.

    Functions of an input are drawn over the baseline's, which has no panel of its own.

    Args:
        spec: The declaration as run, as in `spec.json`.
        table: As in `table.csv`.
        metric: One that is known at several places.
    """
    rows = table[(table["metric"] == metric) & np.isfinite(table["mean"])]
    measured = [label for label in spec["variants"] if label in set(rows["variant"])]
    beside = spec["baseline"] if spec["places"] == "input" and len(measured) > 1 else ""
    behind = rows[rows["variant"] == beside]
    measured = [label for label in measured if label != beside]
    stated = stated_numbers(spec, table)
    stated = stated[stated["metric"] == metric]
    legend: list[Any] = [
        Line2D([], [], color=INK, marker="o", markersize=4, label="mean over seeds"),
        Patch(color=INK, alpha=0.25, linewidth=0, label="two standard deviations of one network"),
    ]
    if len(stated):
        legend.append(_ring(label="printed in the lecture"))
    if len(behind):
        legend.append(Line2D([], [], label=beside, **_BEHIND))
    shown = {**spec, "variants": measured}
    notes = dict.fromkeys(measured, "")
    figure, panels = lay_panels(
        shown, notes, spec["places"], metric.replace("_", " "), legend, share_y=False
    )
    for label, axes in panels.items():
        colour = styles_in(spec)[label][0]
        own = rows[rows["variant"] == label].sort_values("place")
        if len(behind):
            axes.plot(behind["place"], behind["mean"], **_BEHIND)
        axes.plot(own["place"], own["mean"], color=colour, marker="o", markersize=4, linewidth=1.6)
        spread = 2 * own["deviation"].fillna(0)
        low = own["mean"] - spread
        printed = stated[stated["variant"] == label]
        values = pd.concat([own["mean"], printed["stated"], behind["mean"]])
        # A function is drawn as it is; what changes from layer to layer changes by factors.
        geometric = spec["places"] != "input" and _spans_decades(metric, values)
        _own_axis(axes, geometric, values, pd.concat([low, own["mean"] + spread]))
        if axes.get_yscale() == "log":
            low = low.clip(lower=axes.get_ylim()[0])
        axes.fill_between(
            own["place"], low, own["mean"] + spread, color=colour, alpha=0.25, linewidth=0
        )
        axes.plot(printed["place"], printed["stated"], **_RING)
    _place_axis(panels[measured[0]], rows["place"])
    return figure


@house_style
def draw_values(spec: Mapping[str, Any], table: pd.DataFrame) -> Figure:
    """Draws the metrics that claims compare: one panel a metric, one line a variant.

    Args:
        spec: The declaration as run, as in `spec.json`.
        table: As in `table.csv`.
    """
    metrics = compared(spec, table)
    rows = table[table["metric"].isin(metrics) & np.isfinite(table["mean"])]
    variants = [label for label in spec["variants"] if label in set(rows["variant"])]
    left = MARGIN + widest(variants) + 0.2
    columns = min(len(metrics), 3)
    dots = DOTS
    if current().width:
        columns = max(1, min(columns, int((current().width - left) / (LEAST_DOTS + 0.35))))
        dots = (current().width - left) / columns - 0.35
    if dots < LEAST_DOTS:
        raise too_much(variants)
    lines = math.ceil(len(metrics) / columns)
    width = left + columns * (dots + 0.35)
    interval = ", with its 95 % interval" if rows["low"].notna().any() else ""
    legend = [Line2D([], [], color=INK, marker="o", label=f"mean over seeds{interval}")]
    free = room(spec, width, 0.4, legend)
    free = None if free is None else free + 0.4 - 0.85 * lines
    size_of_row = row_height(spec, ROW, free, lines * len(variants))
    pitch = len(variants) * size_of_row + 0.85
    figure, bottom = start_page(spec, width, lines * pitch - 0.4, 0.4, legend)
    height = figure.get_figheight()
    for index, metric in enumerate(metrics):
        line, column = divmod(index, columns)
        corner = left + column * (dots + 0.35), bottom + (lines - 1 - line) * pitch
        size = dots / width, len(variants) * size_of_row / height
        axes = figure.add_axes((corner[0] / width, corner[1] / height, *size))
        title = metric.replace("_", " ")
        axes.set_title(_in_two_lines(title, dots) if current().width else title, loc="left", pad=5)
        own = rows[rows["metric"] == metric].set_index("variant")
        for row, label in enumerate(variants):
            if label not in own.index:
                continue
            cell, colour = own.loc[label], styles_in(spec)[label][0]
            axes.plot([cell["low"], cell["high"]], [row, row], color=colour, linewidth=1.8)
            axes.plot(cell["mean"], row, marker="o", color=colour, markersize=6)
        axes.set_ylim(len(variants) - 0.5, -0.5)
        axes.set_yticks(range(len(variants)), variants if column == 0 else [""] * len(variants))
        axes.tick_params(axis="y", length=0)
        axes.grid(visible=True, axis="both")
        # A logarithmic axis has no room for intervals that reach 0.
        geometric = _spans_decades(metric, own["mean"]) and not (own["low"] <= 0).any()
        _horizontal_axis(axes, geometric)
    return figure


def _in_two_lines(title: str, width: float) -> str:
    """Returns a title in one line or two of a width; what has no room in the second is left out."""
    first, *others = wrap(title, width)
    return "\n".join([first, *([fitting(" ".join(others), width)] if others else [])])


@house_style
def draw_histograms(spec: Mapping[str, Any], histograms: pd.DataFrame) -> Figure:
    """Draws a small histogram for each variant and place; each is as high as its cell.

    Args:
        spec: The declaration as run, as in `spec.json`.
        histograms: As in `histograms.csv`. What lies outside of the bins is not drawn.
    """
    variants = [label for label in spec["variants"] if label in set(histograms["variant"])]
    places = sorted(histograms["place"].unique())
    left = MARGIN + widest(variants) + 0.25
    cell_width = CELL_WIDTH
    if current().width:
        cell_width = min(1.6 * CELL_WIDTH, (current().width - left - MARGIN) / len(places))
    width = current().width or left + len(places) * cell_width + MARGIN
    free = room(spec, width, 0.3, [])
    free = None if free is None else free - 0.3
    cell_height = row_height(spec, CELL_HEIGHT, free, len(variants), 0.4)
    body = len(variants) * cell_height + 0.3
    figure, bottom = start_page(spec, width, body, 0.3, [])
    height = figure.get_figheight()
    for row, label in enumerate(variants):
        y = bottom + body - 0.3 - (row + 1) * cell_height
        middle = (y + 0.3 * cell_height) / height
        figure.text((left - 0.15) / width, middle, label, ha="right", va="center")
        for column, place in enumerate(places):
            chosen = (histograms["variant"] == label) & (histograms["place"] == place)
            cell = histograms[chosen].sort_values("left")
            x = (left + column * cell_width) / width
            size = 0.9 * cell_width / width, 0.62 * cell_height / height
            axes = figure.add_axes((x, y / height, *size))
            if row == 0:
                axes.set_title(f"{spec['places']} {place:g}", fontsize=9, color=QUIET)
            if len(cell):
                edges = [*cell["left"], cell["right"].iloc[-1]]
                colour = styles_in(spec)[label][0]
                axes.stairs(cell["share"], edges, fill=True, color=colour)
                axes.set_xlim(edges[0], edges[-1])
                axes.set_xticks([edges[0], (edges[0] + edges[-1]) / 2, edges[-1]])
            axes.tick_params(labelsize=7, length=2, labelbottom=row == len(variants) - 1)
            axes.set_yticks([])
            axes.spines["left"].set_visible(False)
            axes.grid(visible=False)
    return figure


_BEHIND: dict[str, Any] = {"color": QUIET, "linewidth": 3.0, "alpha": 0.5}
_RING: dict[str, Any] = {
    "linestyle": "none",
    "marker": "o",
    "markersize": 8,
    "markerfacecolor": "none",
    "markeredgecolor": INK,
}


def _ring(label: str) -> Line2D:
    return Line2D([], [], label=label, **_RING)


def _own_axis(axes: Axes, geometric: bool, values: pd.Series, band: pd.Series) -> None:
    """Puts the vertical axis on a logarithmic scale where the values ask for it.

    A linear axis has room for the band, too.
    """
    low, high = float(values.min()), float(values.max())
    if geometric:
        axes.set_yscale("log")
        axes.set_ylim(low / 2, high * 2)
        axes.yaxis.set_major_locator(LogLocator(numticks=5))
        axes.yaxis.set_major_formatter(lambda y, _: rate_text(y))
        axes.yaxis.set_minor_formatter(NullFormatter())
        return
    low, high = min(low, float(band.min())), max(high, float(band.max()))
    # Noise must not fill the panel: a tenth of the size is the least that is shown.
    room = max(0.15 * (high - low), 0.05 * max(abs(low), abs(high)), 1e-12)
    axes.set_ylim(low - room, high + room)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(lambda y, _: f"{y:.4g}")


def _horizontal_axis(axes: Axes, geometric: bool) -> None:
    if geometric:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(numticks=5))
        axes.xaxis.set_major_formatter(lambda x, _: rate_text(x))
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
        axes.xaxis.set_major_formatter(lambda x, _: f"{x:.4g}")


def _spans_decades(metric: str, values: pd.Series) -> bool:
    """Returns whether positive values lie so that a linear axis would squeeze most of them."""
    if metric.startswith("log"):
        return False
    low, high = float(values.min()), float(values.max())
    return low > 0 and high / low > DECADES and high / float(values.median()) > 4


def _place_axis(axes: Axes, places: pd.Series) -> None:
    low, high = float(places.min()), float(places.max())
    # Layers are counted, depths of 10, 100 and 1,000 are compared.
    if low > 0 and high / low > DECADES and places.nunique() < high / 2:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, steps=[1, 2, 5, 10]))
