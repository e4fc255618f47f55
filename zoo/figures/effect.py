"""Draws differences from the baseline with their intervals, a forest plot."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import style
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from zoo.figures.page import current, too_much
from zoo.figures.palette import (
    HOUSE_STYLE,
    INK,
    QUIET,
    TEXT,
    covered,
    p_text,
    points_text,
    styles_in,
    widest,
    wrap,
)
from zoo.figures.panels import LINE, MARGIN, room, row_height, start_page
from zoo.results.scores import of_numbers, word

# Height of a row and width of the axes, in inches.
ROW = 0.36
FOREST, LEAST_FOREST = 5.2, 1.8
TICK_ROOM = 0.6  # inches between the numbers of the axis

house_style = style.context(["default", HOUSE_STYLE])


@house_style
def draw_effect(spec: Mapping[str, Any], table: pd.DataFrame) -> Figure:
    """Draws how far each variant's test accuracy lies from the baseline's, with its interval.

    The shaded noise floor is one standard error of the baseline's accuracy p on n test samples,
    sqrt(p (1 - p) / n).

    Args:
        spec: The declaration as run, as in `spec.json`.
        table: One row a variant, as in `table.csv`.

    Returns:
        A forest plot, variants in declared order from the top.
    """
    variants, baseline = list(spec["variants"]), spec["baseline"]
    rows = table.set_index("variant").reindex(variants)
    left = MARGIN + widest(variants) + 0.15
    columns, forest, right = _columns_and_forest(spec, rows, left)
    widths = [widest(column) for column in columns]
    width = left + forest + right
    accuracy = math.nan if of_numbers(spec) else rows.loc[baseline, "test_accuracy"]  # R2 has none
    floor = 100 * math.sqrt(accuracy * (1 - accuracy) / spec["data"]["test"])
    legend: list[Artist] = []
    if np.isfinite(rows["difference_low"]).any():
        over = f"95 % interval, {covered(len(spec['seeds']), rows)}"
        legend.append(Line2D([], [], color=INK, marker="o", linewidth=1.8, label=over))
    if math.isfinite(floor):
        legend.append(
            Patch(
                color="0.9",
                label=f"noise floor \N{PLUS-MINUS SIGN}{floor:.1f}: "
                f"standard error on {spec['data']['test']:,} test samples",
            )
        )
    axis = f"difference of test {word(spec)} from {baseline} (percentage points)"
    said = wrap(axis, 2 * min(left, right) + forest - 2 * MARGIN)
    under = 0.55 + LINE * (len(said) - 1)
    free = room(spec, width, under, legend)
    row_size = row_height(spec, ROW, None if free is None else free - 0.3, len(variants))
    body = len(variants) * row_size
    figure, bottom = start_page(spec, width, body + 0.3, under, legend)
    height = figure.get_figheight()
    axes = figure.add_axes((left / width, bottom / height, forest / width, body / height))
    if math.isfinite(floor):
        axes.axvspan(-floor, floor, color="0.9", linewidth=0, zorder=0)
    axes.axvline(0, color=QUIET, linewidth=1, linestyle="--", zorder=1)
    for row, (label, (colour, _, marker)) in enumerate(styles_in(spec).items()):
        difference, low, high = 100 * rows.loc[
            label, ["difference", "difference_low", "difference_high"]
        ].astype(float)
        if label == baseline:
            axes.plot(0, row, marker=marker, color=colour, markersize=7, markerfacecolor="white")
        elif math.isfinite(difference):
            axes.plot([low, high], [row, row], color=colour, linewidth=2, solid_capstyle="butt")
            axes.plot(difference, row, marker=marker, color=colour, markersize=7)
    axes.set_ylim(len(variants) - 0.5, -0.5)
    axes.set_yticks(range(len(variants)), variants, fontsize=TEXT)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(visible=False)
    ticks = min(7, int(forest / TICK_ROOM))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=ticks, steps=[1, 2, 5, 10]))
    axes.set_xlabel("\n".join(said))
    x = left + forest
    for column, column_width in zip(columns, widths, strict=True):
        x += column_width + 0.3 if column_width else 0.0
        for row, text in enumerate(column):
            y = bottom + body - (row - 0.5) * row_size if row else bottom + body + 0.5 * ROW
            colour = QUIET if row == 0 else INK
            figure.text(x / width, y / height, text, ha="right", va="center_baseline", color=colour)
    return figure


def _columns_and_forest(
    spec: Mapping[str, Any], rows: pd.DataFrame, left: float
) -> tuple[list[list[str]], float, float]:
    """Returns the columns right of the axes, the width of the axes and that of the columns.

    On a page that is too narrow p goes first, then the interval, which the axes show.
    """
    difference, interval, p, diverged = _effect_columns(spec, rows)
    for columns in (
        [difference, interval, p, diverged],
        [difference, interval, diverged],
        [difference, diverged],
    ):
        right = sum(width + 0.3 for width in map(widest, columns) if width) + MARGIN
        forest = current().width - left - right if current().width else FOREST
        if forest >= LEAST_FOREST:
            return columns, forest, right
    raise too_much(spec["variants"])


def _effect_columns(spec: Mapping[str, Any], rows: pd.DataFrame) -> list[list[str]]:
    """Returns the columns right of the forest plot, each with its heading first."""
    lines = [["difference", "[low, high]", "p", ""]]
    for label, row in rows.iterrows():
        difference, low, high = (
            points_text(100 * row[name])
            for name in ("difference", "difference_low", "difference_high")
        )
        diverged = diverged_text(spec, row["diverged"]) if row["diverged"] > 0 else ""
        if label == spec["baseline"]:
            accuracy = row["test_accuracy"]
            shown = f" {100 * accuracy:.1f} %" if math.isfinite(accuracy) else ""
            lines.append(["", f"baseline{shown}", "", diverged])
        elif difference:
            interval = f"[{low}, {high}]" if low and high else ""
            lines.append([difference, interval, p_text(row["p"]), diverged])
        else:
            lines.append(["", diverged or "no result", "", ""])
    return [list(column) for column in zip(*lines, strict=True)]


def diverged_text(spec: Mapping[str, Any], diverged: float) -> str:
    """Writes how many of the runs at a rate diverged."""
    return f"{diverged:.0f} of {len(spec['seeds'])} diverged"
