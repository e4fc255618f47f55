"""The pictures of what was run with several values: when an effect holds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from zoo.report import words
from zoo.report.charts import Chart, Point, Series, lines
from zoo.results.files import read_table
from zoo.results.holds_when import in_words, rows_at, settings_of
from zoo.results.scores import word

WIDE = 9.9  # times the smallest, from which on values stand on a logarithmic axis


def charts(folder: Path, spec: Mapping[str, Any]) -> dict[str, list[Chart]]:
    """Returns the pictures of a results folder under their heading; none over values of no number.

    Args:
        folder: Holds `holds_when.csv`.
        spec: Its declaration as run.
    """
    (first, values), *rest = spec["swept"].items()
    places = _numbers(values)
    if not places:
        return {}
    table = read_table(folder)
    drawn = [_chart(spec, table, first, places, other) for other in settings_of(dict(rest))]
    return {"When it holds": drawn}


def _numbers(values: Any) -> dict[str, float]:
    """Returns the values as numbers, in rising order; nothing if one is none."""
    try:
        found = {str(value): float(value) for value in values}
    except ValueError:
        return {}
    return dict(sorted(found.items(), key=lambda item: item[1]))


def _chart(
    spec: Mapping[str, Any],
    table: pd.DataFrame,
    name: str,
    places: Mapping[str, float],
    other: Mapping[str, str],
) -> Chart:
    """Draws each variant's difference from the baseline against the values of a name."""
    baseline = spec["baseline"]
    labels = [label for label in spec["variants"] if label != baseline]
    points: dict[str, list[Point]] = {label: [] for label in labels}
    for value, place in places.items():
        rows = rows_at(table, {name: value, **other})
        for label in labels:
            if label in rows.index:
                row = rows.loc[label]
                ends = (row["difference"], row["difference_low"], row["difference_high"])
                mean, low, high = (100 * float(end) for end in ends)
                points[label].append(Point(place, mean, low, high))
    found = [Series(label, own, place) for place, (label, own) in enumerate(points.items())]
    where = f" at {in_words(other)}" if other else ""
    reach = list(places.values())
    return lines(
        f"Test {word(spec)}: difference from {baseline}{where}",
        [each for each in found if each.points] or [Series(baseline, [])],
        name,
        "points",
        log_x=reach[0] > 0 and reach[-1] > WIDE * reach[0],
        log_y=False,
        text=lambda value: words.points(value / 100),
        note="Each at its own best learning rate; 95 % interval, paired by seed.",
    )
