"""Draws what claims come to on a panel of data sets: each claim's effect on every data set."""

from __future__ import annotations

import math
import re
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
from matplotlib.ticker import MaxNLocator

from zoo.errors import ZooError
from zoo.figures.page import current
from zoo.figures.palette import (
    BASELINE_GREY,
    COLOURS,
    HOUSE_STYLE,
    INK,
    LINES,
    QUIET,
    TEXT,
    wrap,
)
from zoo.figures.panels import LINE, MARGIN, room, row_height, start_page
from zoo.results.files import read_frame, read_spec, read_table
from zoo.results.ledger_words import metric_in_words
from zoo.results.panel import TOGETHER, first_effects, no_effect, scale_of

PICTURE = "panel"
# Inches: the words beside a claim's axes, the axes, a data set in them, what is around them.
WORDS, AXES, ROW, AROUND = 4.3, 4.4, 0.2, 0.55
SHARE = 0.55  # of a given width that the axes have
NO_NAME = r"[^\w.+-]"  # what the name of a file leaves out of a claim's id

house_style = style.context(["default", HOUSE_STYLE])


def pictures(folder: Path, variants: Sequence[str] = ()) -> dict[str, Callable[[], Figure]]:
    """Returns what draws the pictures, by name; nothing if no claim has an effect.

    There is one of all claims, or on a page of a given size one a claim, under its sentence.

    Args:
        folder: Holds `spec.json`, `panel.csv` and `verdicts.csv`.
        variants: None: a panel shows claims.

    Raises:
        ZooError: If there are variants.
    """
    if variants:
        raise ZooError(
            f"{folder.name} shows claims, not variants. Leave --variants out, or name the results "
            f"of one data set: python -m zoo plot {folder.name.partition('@')[0]}."
        )
    table = read_table(folder)
    rows = _drawn(table)
    if not len(rows):
        return {}
    spec, found = read_spec(folder), read_frame(folder / "verdicts.csv").set_index("id")
    verdicts = found["verdict"].to_dict()
    if not current().width:
        return {PICTURE: partial(draw_panel, spec, table, verdicts)}
    return {
        f"{PICTURE}-{re.sub(NO_NAME, '_', claim)}": partial(
            draw_panel,
            {**spec, "question": found.loc[claim, "says"] or spec["question"]},
            table[table["id"] == claim],
            verdicts,
        )
        for claim in dict.fromkeys(rows["id"])
    }


def shown(folder: Path) -> list[str]:
    """Returns the names of the pictures, none where no claim has an effect."""
    return list(pictures(folder))


@house_style
def draw_panel(spec: Mapping[str, Any], table: pd.DataFrame, verdicts: Mapping[str, str]) -> Figure:
    """Draws the first effect of every claim on all data sets, and their random-effects mean.

    Args:
        spec: As in `spec.json`.
        table: As in `panel.csv`; on a page of a given size of a single claim.
        verdicts: The verdict over data sets by claim.

    Returns:
        Claims below each other, each with axes of its own; to the right of the line is where the
        variant that is named first has more.

    Raises:
        DoesNotFitError: If the page is too small for it.
    """
    rows = _drawn(table)
    claims = list(dict.fromkeys(rows["id"]))
    looks = _looks(spec["datasets"])
    words, across = WORDS, AXES
    if current().width:
        across = SHARE * (current().width - 2 * MARGIN)
        words = current().width - 2 * MARGIN - across
    width = 2 * MARGIN + words + across
    told = {
        claim: _words(rows[rows["id"] == claim].iloc[0], verdicts[claim], words - 0.3)
        for claim in claims
    }
    legend = _legend(looks)
    free = room(spec, width, 0.1, legend)
    row = row_height(spec, ROW, None if free is None else free - AROUND, len(looks) + 1, ROW)
    least = row * (len(looks) + 1)
    heights = {claim: max(least, LINE * sum(map(len, told[claim]))) + AROUND for claim in claims}
    figure, bottom = start_page(spec, width, sum(heights.values()), 0.1, legend)
    height = figure.get_figheight()
    top = bottom + sum(heights.values())
    for claim in claims:
        own = rows[rows["id"] == claim]
        inside = heights[claim] - AROUND
        place = [(MARGIN + words) / width, (top - inside) / height]
        size = [across / width, inside / height]
        axes = figure.add_axes((place[0], place[1], size[0], size[1]))
        _draw_claim(axes, own, looks)
        head, rest = told[claim]
        figure.text(MARGIN / width, top / height, "\n".join(head), va="top", fontweight="bold")
        under = top - LINE * len(head)
        figure.text(MARGIN / width, under / height, "\n".join(rest), va="top", color=QUIET)
        top -= heights[claim]
    return figure


def _drawn(table: pd.DataFrame) -> pd.DataFrame:
    """Returns the rows of each claim's first effect, of claims that have a finite one."""
    rows = first_effects(table)
    return rows[np.isfinite(rows["value"]).groupby(rows["id"], sort=False).transform("any")]


def _looks(datasets: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Returns colour and marker of every data set, and of all together."""
    markers = [marker for _, marker in LINES] + ["D", "v", "P"]
    looks: dict[str, dict[str, Any]] = {
        name: {"color": COLOURS[place % len(COLOURS)], "marker": markers[place % len(markers)]}
        for place, name in enumerate(datasets)
    }
    return looks | {TOGETHER: {"color": INK, "marker": "d"}}


def _legend(looks: Mapping[str, Mapping[str, Any]]) -> list[Line2D]:
    names = {name: "together (random effects)" if name == TOGETHER else name for name in looks}
    keys = [Line2D([], [], linewidth=1.6, **look, label=names[k]) for k, look in looks.items()]
    bar: dict[str, Any] = {"marker": "|", "markersize": 12, "markeredgewidth": 1.6}
    return [*keys, Line2D([], [], color=INK, linestyle="none", label="95 % interval", **bar)]


def _words(row: Any, verdict: str, width: float) -> tuple[list[str], list[str]]:
    """Returns the lines beside a claim: id and verdict, and what its axes show."""
    unit = " (points)" if scale_of(row["metric"]) > 1 else ""
    what = row["what"]
    head = wrap(f"{row['id']}: {verdict}", width, TEXT, "bold")
    return head, wrap(f"{what}: {metric_in_words(row['metric'])}{unit}", width)


def _draw_claim(axes: Axes, own: pd.DataFrame, looks: Mapping[str, Mapping[str, Any]]) -> None:
    """Draws an effect on every data set below each other, with the line of no effect."""
    scale = scale_of(str(own["metric"].iloc[0]))
    nothing = no_effect(str(own["kind"].iloc[0]))
    if nothing is not None:
        axes.axvline(nothing, color=BASELINE_GREY, linewidth=1.5, zorder=1)
    by_data = own.set_index("data")
    for place, (name, look) in enumerate(looks.items()):
        if name not in by_data.index or not math.isfinite(by_data.loc[name, "value"]):
            continue
        mean, low, high = (
            scale * float(by_data.loc[name, end]) for end in ("value", "low", "high")
        )
        if math.isfinite(low):
            axes.plot([low, high], [place, place], color=look["color"], linewidth=1.6)
        axes.plot([mean], [place], linestyle="none", markersize=6, **look)
    _set_reach(axes, own, scale, nothing or 0.0)
    axes.set_ylim(len(looks) - 0.4, -0.6)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(visible=False)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))


def _set_reach(axes: Axes, own: pd.DataFrame, scale: float, nothing: float) -> None:
    """Limits the axis to the data sets' intervals; that of the mean of few may leave it."""
    single = own[own["data"] != TOGETHER]
    ends = [
        scale * float(end)
        for end in single[["value", "low", "high"]].to_numpy(float).ravel()
        if math.isfinite(end)
    ]
    ends.append(nothing)
    span = max(ends) - min(ends) or 1.0
    axes.set_xlim(min(ends) - 0.15 * span, max(ends) + 0.15 * span)
