"""Draws what turning each knob does to the test score, with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import style
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from zoo.errors import capital
from zoo.figures.palette import (
    COLOURS,
    HOUSE_STYLE,
    INK,
    QUIET,
    TITLE,
    points_text,
    widest,
    wrap,
)
from zoo.figures.panels import LINE, MARGIN, TITLE_LINE, Sheet
from zoo.results.advised import stricter_words, title_of

ROW, FOREST = 0.34, 4.8
BEYOND = "a triangle that points to the side lies beyond the axis"
REACH = 3.0  # how much further than that of half of the rows the axis goes at most
# Colour and marker of each verdict: never the colour alone.
LOOKS = {
    "helps": (COLOURS[2], "^"),
    "hurts": (COLOURS[1], "v"),
    "does not matter": (COLOURS[0], "s"),
    "undecided": (QUIET, "o"),
}

house_style = style.context(["default", HOUSE_STYLE])


@house_style
def draw_advice(record: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Draws the differences from the baseline as a forest plot.

    Args:
        record: The advice, as in `advice.json`.
        rows: Its items in the order in which they stand, from the top.
    """
    labels = [f"{row['knob']}: {row['from']} \N{RIGHTWARDS ARROW} {row['to']}" for row in rows]
    verdicts = [str(row["verdict"]) for row in rows]
    told = [points_text(100 * row["difference"]) for row in rows]
    left, right = MARGIN + widest(labels) + 0.15, widest(verdicts) + widest(told) + 0.75
    width = left + FOREST + right
    inside = width - 2 * MARGIN
    title = wrap(f"What should be changed on {title_of(record)}?", inside, TITLE, "bold")
    setting = wrap(record["sentence"], inside)
    limit = limit_of(rows, 100 * record["margin"])
    beyond = any(abs(100 * row["difference"]) > limit for row in rows)
    told_below = [text for text in (BEYOND * beyond, stricter_words(rows)) if text]
    notes = wrap(" ".join(f"{capital(text)}." for text in told_below), inside)
    head = MARGIN + len(title) * TITLE_LINE + len(setting) * LINE + 0.2
    body, under = max(len(rows), 1) * ROW, 0.75 + len(notes) * LINE
    height = head + body + under
    figure = Sheet(figsize=(width, height))
    y = height - MARGIN
    figure.text(
        MARGIN / width, y / height, "\n".join(title), va="top", fontsize=TITLE, weight="bold"
    )
    y -= len(title) * TITLE_LINE + 0.03
    figure.text(MARGIN / width, y / height, "\n".join(setting), va="top", color=QUIET)
    axes = figure.add_axes((left / width, under / height, FOREST / width, body / height))
    margin = 100 * record["margin"]
    axes.axvspan(-margin, margin, color="0.92", linewidth=0, zorder=0)
    axes.axvline(0, color=QUIET, linewidth=1, linestyle="--", zorder=1)
    for place, row in enumerate(rows):
        colour, marker = LOOKS[str(row["verdict"])]
        mean = 100 * row["difference"]
        if row["low"] is not None and row["high"] is not None:
            ends = np.clip([100 * row["low"], 100 * row["high"]], -limit, limit)
            axes.plot(ends, [place, place], color=colour, linewidth=2, solid_capstyle="butt")
        if abs(mean) > limit:
            marker = "<" if mean < 0 else ">"  # it lies beyond the axis
        axes.plot(np.clip(mean, -limit, limit), place, marker=marker, color=colour, markersize=7)
        where = height - head - (place + 0.5) * ROW
        x = left + FOREST + widest(told) + 0.25
        kept: dict[str, Any] = {
            "va": "center_baseline",
            "color": INK if row["verdict"] != "undecided" else QUIET,
        }
        figure.text(x / width, where / height, told[place], ha="right", **kept)
        figure.text((x + 0.2) / width, where / height, verdicts[place], ha="left", **kept)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), labels)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(visible=False)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 5, 10]))
    axes.set_xlabel(
        f"difference of test {record['score']} in points; 95 % interval; grey band: does not matter"
    )
    figure.text(MARGIN / width, MARGIN / height, "\n".join(notes), va="bottom", color=QUIET)
    return figure


def limit_of(rows: Sequence[Mapping[str, Any]], margin: float) -> float:
    """Returns how far from 0 the axis goes, so that one huge effect does not hide the others.

    Args:
        rows: The items.
        margin: Largest difference that does not matter, in points.
    """
    names = ("difference", "low", "high")
    reaches = [max(abs(100 * row[name]) for name in names if row[name] is not None) for row in rows]
    if not reaches:
        return 2 * margin
    return float(min(max(*reaches, 2 * margin), max(REACH * np.median(reaches), 4 * margin)))
