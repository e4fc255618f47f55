"""Histograms as small pictures in a table: a row a variant, a column a layer. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from zoo.report.svg import coordinate, element, joined, number

WIDTH, HEIGHT = 60, 30
BINS = 60  # of what is recorded in training, between -3 and 3
REACH = 3.0
CUT = (
    "Each is scaled to its third highest bin and cut off there, so that a spike leaves the rest to "
    "be seen."
)


@dataclass(frozen=True)
class Grid:
    """Histograms side by side.

    Attributes:
        title: What they show.
        columns: Heads: what the rows are, then the places.
        rows: By row its label and its pictures, empty where nothing was measured.
        note: How to read them.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Markup]]]
    note: str


def measured(spec: Mapping[str, Any], histograms: pd.DataFrame) -> Grid:
    """Returns the histograms of a measured experiment, each from its first bin to its last.

    Args:
        spec: The declaration as run.
        histograms: One row a variant, place and bin: its ends and its share.
    """
    cells = {}
    for key, own in histograms.groupby(["variant", "place"], sort=False):
        own = own.sort_values("left")
        ends = float(own["left"].iloc[0]), float(own["right"].iloc[-1])
        cells[key] = _picture(own["share"].to_numpy(float), ends)
    places = sorted(histograms["place"].dropna().unique())
    note = f"Below each are the ends of its axis. {CUT}"
    return _grid(spec, cells, places, "Histograms", f"{spec['places']} ", note)


def recorded(spec: Mapping[str, Any], histograms: pd.DataFrame) -> Grid:
    """Returns the histograms of the hidden layers' outputs after the last epoch recorded.

    Args:
        spec: The declaration as run.
        histograms: One row a variant, layer, epoch and bin with its share.
    """
    last = histograms.groupby("variant")["epoch"].transform("max")
    own, cells = histograms[histograms["epoch"] == last], {}
    for key, each in own.groupby(["variant", "layer"], sort=False):
        inside = each[each["bin"].between(1, BINS)]
        shares = np.zeros(BINS)
        shares[inside["bin"].to_numpy(int) - 1] = inside["share"]
        cells[key] = _picture(shares, (-REACH, REACH))
    note = (
        f"Outputs between {number(-REACH)} and {number(REACH)} after epoch {own['epoch'].max()}. "
        + CUT
    )
    places = sorted(own["layer"].unique())
    return _grid(spec, cells, places, "Outputs of the hidden layers", "layer ", note)


def _grid(
    spec: Mapping[str, Any],
    cells: Mapping[Any, Markup],
    places: Sequence[float],
    title: str,
    head: str,
    note: str,
) -> Grid:
    there = {label for label, _ in cells}
    rows = [
        (label, [cells.get((label, place), Markup("")) for place in places])
        for label in spec["variants"]
        if label in there
    ]
    return Grid(title, ["variant", *(f"{head}{place:g}" for place in places)], rows, note)


def _picture(shares: Any, ends: tuple[float, float]) -> Markup:
    """Returns a histogram with the ends of its axis; a spike is cut off at the third highest."""
    top = float(np.sort(shares)[-3:][0]) or float(shares.max()) or 1.0
    heights = np.minimum(shares / top, 1) * HEIGHT
    width = WIDTH / max(len(shares), 1)
    path = [f"M0,{HEIGHT}"]
    for place, height in enumerate(heights):
        path.append(f"V{coordinate(HEIGHT - height)}H{coordinate(width * (place + 1))}")
    low, high = map(number, ends)
    parts = [
        element("path", d="".join(path) + f"V{HEIGHT}Z", class_="bars"),
        element("text", low, x=0, y=HEIGHT + 11),
        element("text", high, x=WIDTH, y=HEIGHT + 11, class_="end"),
    ]
    shown = f"histogram from {low} to {high}"
    return element(
        "svg", joined(parts), class_="histogram", viewBox=f"0 0 {WIDTH} {HEIGHT + 13}",
        width=WIDTH, height=HEIGHT + 13, role="img", aria_label=shown,
    )  # fmt: skip
