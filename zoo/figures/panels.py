"""The sheet that figures are drawn on: heading, titled panels on common axes, legend."""

import io
import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import style
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator, MaxNLocator, NullFormatter

from zoo.errors import printable
from zoo.figures.palette import (
    HOUSE_STYLE,
    QUIET,
    TICK,
    TITLE,
    count,
    rate_text,
    text_width,
    widest,
    wrap,
)
from zoo.results.files import write_bytes
from zoo.results.kinds import kind_of

# Lengths are inches: text keeps its size while a figure grows with the number of variants.
MARGIN = 0.25
LINE = 0.21
TITLE_LINE = 0.3
LEGEND_LINE = 0.3
PANEL_WIDTHS = {1: 6.5, 2: 4.4, 3: 3.3, 4: 2.7, 5: 2.45}


class Sheet(Figure):
    """A figure that a notebook shows by itself, whether pyplot is loaded or not."""

    def _repr_png_(self) -> bytes:
        return _content(self, "png")


def start_page(
    spec: Mapping[str, Any], width: float, body: float, axis: float, legend: Sequence[Artist]
) -> tuple[Figure, float]:
    """Starts a figure with its heading and legend.

    Args:
        spec: The declaration as run.
        width: Width of the figure in inches.
        body: Height in inches of what stands between heading and axis labels.
        axis: Height in inches of the lowest tick labels and axis label.
        legend: Keys of the legend.

    Returns:
        The figure and the height in inches at which the body starts.
    """
    parts = _setting(spec)
    title = wrap(spec["question"], width - 2 * MARGIN, TITLE, "bold")
    subtitle = wrap(" \N{MIDDLE DOT} ".join(parts), width - 2 * MARGIN)
    columns = len(legend)
    while columns > 1 and _legend_width(legend, columns) > width - 2 * MARGIN:
        columns -= 1
    legend_rows = math.ceil(len(legend) / columns) if legend else 0
    heading = MARGIN + len(title) * TITLE_LINE + len(subtitle) * LINE + 0.2
    bottom = axis + legend_rows * LEGEND_LINE + 0.2
    height = heading + body + bottom
    figure = Sheet(figsize=(width, height))
    x, y = MARGIN / width, height - MARGIN
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
    columns = len(variants) if len(variants) <= 3 else min(math.ceil(math.sqrt(len(variants))), 5)
    rows = math.ceil(len(variants) / columns)
    panel_width, gap, left = PANEL_WIDTHS[columns], 0.3 if share_y else 0.8, MARGIN + 0.75
    panel_height = 0.62 * panel_width
    titles = _titles(spec, notes, panel_width)
    title_height = max(map(len, titles.values())) * LINE + 0.08
    pitch = title_height + panel_height + 0.2
    width = left + columns * (panel_width + gap) - gap + MARGIN
    figure, bottom = start_page(spec, width, rows * pitch - 0.2, 0.5, legend)
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


def save_figures(folder: Path, figures: Mapping[str, Figure]) -> list[Path]:
    """Writes figures into a folder by their names, as `save_figure` does; returns the files."""
    return [path for name, each in figures.items() for path in save_figure(each, folder / name)]


def save_figure(figure: Figure, stem: Path) -> list[Path]:
    """Writes a figure as SVG and as PNG; the same figure gives the same bytes.

    Returns:
        The two files.
    """
    files = [stem.with_suffix(".svg"), stem.with_suffix(".png")]
    contents = [_content(figure, form) for form in ("svg", "png")]
    for path, content in zip(files, contents, strict=True):
        write_bytes(path, content)
    return files


@style.context(["default", HOUSE_STYLE])
def _content(figure: Figure, form: str) -> bytes:
    """Returns a figure as SVG or as PNG."""
    for text in figure.findobj(Text):
        text.set_text(printable(text.get_text()))  # an escape character ends an SVG
        text.set_parse_math(False)
    content = io.BytesIO()
    options: dict[str, Any] = {
        "svg": {"metadata": {"Date": None, "Creator": None}},
        "png": {"metadata": {"Software": None}, "dpi": 120},
    }
    figure.savefig(content, format=form, **options[form])
    return content.getvalue()
