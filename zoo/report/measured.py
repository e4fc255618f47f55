"""The pictures of an experiment that only measured, from the tables in its folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from zoo.report import words
from zoo.report.charts import Chart, Point, Row, Series, lines, rows
from zoo.report.scales import DECADES
from zoo.results.files import read_table
from zoo.results.ledger_words import metric_in_words
from zoo.results.measured import compared, series_of, stated_numbers


def charts(folder: Path, spec: Mapping[str, Any]) -> dict[str, list[Chart]]:
    """Returns the pictures of a results folder under their headings.

    Args:
        folder: Holds the tables of a measured experiment.
        spec: Its declaration as run.
    """
    table = read_table(folder)
    found = {
        "Values that claims compare": [
            values(spec, table, metric) for metric in compared(spec, table)
        ],
        f"By {spec['places']}": [series(spec, table, metric) for metric in series_of(table)],
    }
    return {heading: own for heading, own in found.items() if own}


def values(spec: Mapping[str, Any], table: pd.DataFrame, metric: str) -> Chart:
    """Draws a metric of all variants below each other, with its interval over the seeds."""
    own = table[(table["metric"] == metric) & table["place"].isna()]
    text, found = words.teller(metric), []
    scale = 100 if text is words.percent else 1
    for row in own.itertuples():
        ends = (row.mean, row.low, row.high)
        same = row.low == row.high
        told = words.with_interval(text, *ends) if not same else text(row.mean)
        value = Point(0, *(scale * end for end in ends))
        found.append(Row(row.variant, value, told or "none", spec["variants"].index(row.variant)))
    said = metric_in_words(metric)
    title = said[:1].upper() + said[1:]
    axis = f"{said} (%)" if scale > 1 else said
    return rows(title, found, axis, zero=None, note="Mean and 95 % interval over seeds.")


def series(spec: Mapping[str, Any], table: pd.DataFrame, metric: str) -> Chart:
    """Draws a metric against its places, such as layers, with the printed numbers as rings."""
    own = table[(table["metric"] == metric) & np.isfinite(table["mean"]) & table["place"].notna()]
    printed = stated_numbers(spec, table)
    printed = printed[printed["metric"] == metric]
    found = []
    for nth, label in enumerate(spec["variants"]):
        mine = own[own["variant"] == label].sort_values("place")
        if len(mine):
            columns = mine[["place", "mean", "low", "high"]].to_numpy(float).tolist()
            stated = printed[printed["variant"] == label]
            there = dict(zip(stated["place"], stated["stated"], strict=True))
            found += [Series(label, [Point(*each) for each in columns], nth)]
            found += _printed(label, there, nth)
    said = metric_in_words(metric)
    places = own["place"]
    wide = places.min() > 0 and places.max() > DECADES * places.min()
    note = "Mean and 95 % interval over seeds."
    if len(printed):
        note += " Rings: printed in the lecture."
    return lines(
        said[:1].upper() + said[1:], found, spec["places"], said,
        log_x=bool(wide and places.nunique() < places.max() / 2),
        log_y=False if spec["places"] == "input" or metric.startswith("log") else None, note=note,
    )  # fmt: skip


def _printed(label: str, stated: Mapping[float, float], style: int) -> list[Series]:
    if not stated:
        return []
    points = [Point(at, value, mark="ring") for at, value in sorted(stated.items())]
    return [Series(f"{label}, printed", points, style)]
