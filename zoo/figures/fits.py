"""Draws the learning curves of many fits of one model."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib import style
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from zoo.figures.palette import HOUSE_STYLE, rate_text, style_of
from zoo.figures.panels import Sheet

SIZE = (6.5, 4.0)  # inches


@style.context(["default", HOUSE_STYLE])
def draw_fits(curves: pd.DataFrame, metric: str) -> Figure:
    """Draws a metric over the epochs: the mean of each learning rate, and every run faintly.

    Args:
        curves: One row a run and epoch with the columns `rate`, `seed`, `epoch` and the metric.
        metric: What to draw; accuracies and R2 are shares of 1 and drawn in percent.
    """
    figure = Sheet(figsize=SIZE, layout="constrained")
    axes = figure.add_subplot()
    percent = metric.endswith(("accuracy", "r2"))
    values = curves.assign(y=curves[metric] * (100 if percent else 1))
    looks = style_of([rate_text(rate) for rate in sorted(curves["rate"].unique())])
    for (rate, own), (colour, line, _) in zip(values.groupby("rate"), looks.values(), strict=True):
        look: dict[str, Any] = {"color": colour, "linestyle": line}
        for _, run in own.groupby("seed"):
            axes.plot(run["epoch"], run["y"], linewidth=0.8, alpha=0.3, **look)
        mean = own.groupby("epoch")["y"].mean()
        mark = "o" if len(mean) == 1 else ""  # a line through a single point is invisible
        seeds = own["seed"].nunique()
        label = f"learning rate {rate_text(float(rate))}, mean of {seeds}"
        axes.plot(mean.index, mean, linewidth=2, marker=mark, label=label, **look)
    said = metric.replace("val_", "validation ").replace("_", " ").replace("r2", "R2")
    axes.set_xlabel("epoch")
    axes.set_ylabel(f"{said} (%)" if percent else said)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, steps=[1, 2, 5, 10]))
    if not percent and (values["y"].dropna() > 0).all():
        axes.set_yscale("log")
    axes.legend(loc="best")
    return figure
