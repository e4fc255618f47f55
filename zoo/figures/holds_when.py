"""Draws when an effect holds: the difference from the baseline against values that were set."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import style
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from zoo.figures.palette import (
    BASELINE_GREY,
    HOUSE_STYLE,
    INK,
    TICK,
    rate_text,
    style_of,
    styles_in,
    text_width,
)
from zoo.figures.panels import lay_panels
from zoo.figures.variants import only, rows_in
from zoo.results.files import read_spec, read_table
from zoo.results.holds_when import is_number, rows_at, settings_of
from zoo.results.scores import word

PICTURE = "holds_when"
# Values whose largest is this many times the smallest stand on a logarithmic axis.
WIDE = 5
# The lines of a panel are set apart by a part of its width, over a part of the shortest way between
# two values at most.
STEP, APART = 0.025, 0.4
# Inches between the names of two values.
ROOM = 0.1

house_style = style.context(["default", HOUSE_STYLE])


def pictures(folder: Path, variants: Sequence[str] = ()) -> dict[str, Callable[[], Figure]]:
    """Returns what draws the one picture, by its name.

    Args:
        folder: Holds `spec.json` and `holds_when.csv`.
        variants: Labels of those to draw beside the baseline; none for all.
    """
    spec = only(read_spec(folder), variants)
    return {PICTURE: partial(draw_effects, spec, rows_in(spec, read_table(folder)))}


def shown(folder: Path) -> list[str]:
    """Returns the name of the one picture."""
    return [PICTURE]


@house_style
def draw_effects(spec: Mapping[str, Any], table: pd.DataFrame) -> Figure:
    """Draws how far each variant's test accuracy lies from the baseline's, against what was set.

    Args:
        spec: As in `spec.json`: `swept` has one or two names with their values.
        table: One row a combination of values and variant, as in `holds_when.csv`.

    Returns:
        One panel a variant; in each a line with 95 % intervals over the values of the first name,
        or one for each value of the second.
    """
    (first, values), *rest = spec["swept"].items()
    compared = [label for label in spec["variants"] if label != spec["baseline"]]
    lines = settings_of(dict(rest))
    looks = _looks(spec, compared, lines)
    if not all(map(is_number, values)):  # nothing lies between two words
        looks = {k: [look | {"linestyle": "none"} for look in own] for k, own in looks.items()}
    legend: list[Artist] = [
        Line2D([], [], color=BASELINE_GREY, linewidth=1.5, label=f"baseline ({spec['baseline']})")
    ]
    legend += [
        Line2D([], [], **look, label=_legend_text(line))
        for look, line in zip(looks[compared[0]], lines, strict=True)
        if line
    ]
    legend.append(_interval_key())
    figure, panels = lay_panels(
        {**spec, "variants": compared},
        dict.fromkeys(compared, ""),
        first.replace("_", " "),
        f"difference in test {word(spec)} (points)",
        legend,
    )
    places = places_of(values)
    reach = [0.0]
    for label, axes in panels.items():
        axes.axhline(0, color=BASELINE_GREY, linewidth=1.5, zorder=1)
        for number, (line, look) in enumerate(zip(lines, looks[label], strict=True)):
            effects = _effects(table, label, first, values, line)
            shifted = places + _aside(number, len(lines), places)
            _draw_line(axes, shifted, effects, look)
            reach += [value for value in effects.ravel() if math.isfinite(value)]
    axes = panels[compared[0]]
    span = max(max(reach) - min(reach), 2.0)
    axes.set_ylim(min(reach) - 0.08 * span, max(reach) + 0.08 * span)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    _value_axis(axes, values, places, axes.bbox.width / figure.dpi)
    return figure


def _looks(
    spec: Mapping[str, Any], compared: Sequence[str], lines: Sequence[Mapping[str, str]]
) -> dict[str, list[dict[str, Any]]]:
    """Returns the look of every line by variant: the variant's own colour, or the line's."""
    if lines != [{}]:
        styles = list(style_of([str(line) for line in lines]).values())
        shared = [_look(*each) for each in styles]
        return dict.fromkeys(compared, shared)
    styles_by = styles_in(spec)
    return {label: [_look(styles_by[label][0], "-", "o")] for label in compared}


def _look(colour: str, line: str, marker: str) -> dict[str, Any]:
    return {
        "color": colour,
        "linestyle": line,
        "marker": marker,
        "markersize": 5,
        "linewidth": 1.6,
    }


def _legend_text(line: Mapping[str, str]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in line.items())


def _interval_key() -> Line2D:
    """Returns the key of the intervals: a bar without a line."""
    look: dict[str, Any] = {"marker": "|", "markersize": 12, "markeredgewidth": 1.6}
    return Line2D([], [], color=INK, linestyle="none", label="95 % interval over seeds", **look)


def _effects(
    table: pd.DataFrame, label: str, first: str, values: Sequence[str], line: Mapping[str, str]
) -> Any:
    """Returns mean, low and high difference in points at each value, of shape `(values, 3)`."""
    columns = ["difference", "difference_low", "difference_high"]
    found = []
    for value in values:
        rows = rows_at(table, {first: value, **line})
        there = label in rows.index
        found.append(rows.loc[label, columns].astype(float) if there else [math.nan] * 3)
    return 100 * np.array(found, dtype=float)


def _draw_line(axes: Axes, places: Any, effects: Any, look: Mapping[str, Any]) -> None:
    """Draws a line with its intervals; one point alone has none if there is one seed."""
    mean, low, high = effects.T
    known = np.isfinite(mean)
    axes.vlines(places[known], low[known], high[known], color=look["color"], linewidth=1.6)
    axes.plot(places[known], mean[known], **look)
    if not known.any():
        look_of_text: dict[str, Any] = {"ha": "right", "va": "bottom"}
        axes.text(0.97, 0.06, "no finite values", transform=axes.transAxes, **look_of_text)


def is_wide(values: Sequence[str]) -> bool:
    """Returns whether values are positive numbers that stand on a logarithmic axis."""
    if not all(map(is_number, values)):
        return False
    numbers = [float(value) for value in values]
    return min(numbers) > 0 and max(numbers) >= WIDE * min(numbers)


def places_of(values: Sequence[str]) -> Any:
    """Returns where values stand on their axis, of shape `(values,)`.

    Numbers stand where they lie, on a logarithmic scale (as their logarithm) if they are far apart;
    other values at equal distances.
    """
    if not all(map(is_number, values)):
        return np.arange(len(values), dtype=float)
    numbers = np.array([float(value) for value in values])
    return np.log10(numbers) if is_wide(values) else numbers


def _aside(line: int, lines: int, places: Any) -> float:
    """Returns how far a line is set aside, so that the intervals of several part."""
    if lines == 1:
        return 0.0
    nearest = min((right - left for left, right in pairwise(sorted(places))), default=1.0)
    step = min(STEP * float(np.ptp(places)), APART * nearest / (lines - 1))
    return float(step * (line - (lines - 1) / 2))


def _value_axis(axes: Axes, values: Sequence[str], places: Any, width: float) -> None:
    """Names the values that have room beside those before them; the others have short ticks.

    Args:
        axes: Any of the panels.
        values: The values as text.
        places: Where they stand.
        width: Width of a panel in inches.
    """
    span = max(float(np.ptp(places)), 1e-9)
    numbers = all(map(is_number, values))
    pad = 0.1 * span if numbers and len(values) > 1 else 0.5
    axes.set_xlim(places.min() - pad, places.max() + pad)
    inch = width / (np.ptp(places) + 2 * pad)
    texts = [rate_text(float(value)) if is_number(value) else value for value in values]
    if all(is_number(value) and float(value).is_integer() for value in values):
        texts = list(values)
    named: list[int] = []
    for each in map(int, np.argsort(places)):
        if not named or _have_room(named[-1], each, places, texts, inch):
            named.append(each)
    axes.set_xticks([float(places[each]) for each in named], [texts[each] for each in named])
    left = [float(place) for each, place in enumerate(places) if each not in named]
    axes.xaxis.set_minor_locator(FixedLocator(left) if left else NullLocator())


def _have_room(left: int, right: int, places: Any, texts: Sequence[str], inch: float) -> bool:
    words = (text_width(texts[left], TICK) + text_width(texts[right], TICK)) / 2
    return bool((places[right] - places[left]) * inch > words + ROOM)
