"""Draws what happened during training: learning rates, activations, gradients, updates.

The functions take tables and return a figure, one panel a variant.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps, style
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, LogLocator, MaxNLocator, NullFormatter

from zoo.errors import ZooError
from zoo.figures.palette import HOUSE_STYLE, INK, QUIET, count, rate_text, styles_in
from zoo.figures.panels import lay_panels

# The depth of a layer and the epoch of a histogram: dark is deep, dark is late.
DEPTHS = colormaps["viridis_r"]
# Between these lie the edges of the recorded histograms, in steps of 0.1.
LOWEST, HIGHEST, WIDTH = -3.0, 3.0, 0.1
SHOWN = 5  # layers in a legend, or beside each other

house_style = style.context(["default", HOUSE_STYLE])


@house_style
def draw_learning_rate(spec: Mapping[str, Any], curves: pd.DataFrame) -> Figure:
    """Draws the learning rate after each epoch, at every variant's chosen initial rate.

    Args:
        spec: The declaration as run, as in `spec.json`.
        curves: As in `curves.csv`.
    """
    rates = curves[(curves["metric"] == "learning_rate") & np.isfinite(curves["mean"])]
    if rates.empty:
        raise ZooError(
            f"curves.csv of {spec['experiment']} has no learning rates. `python -m zoo run` writes "
            "it again from what is stored."
        )
    legend = [
        Line2D([], [], color=INK, linewidth=1.8, label="mean over seeds"),
        Patch(color=INK, alpha=0.25, linewidth=0, label="95 % interval, where seeds differ"),
    ]
    notes = {
        label: f"from {rate_text(group['learning_rate'].iloc[0])}"
        for label, group in rates.groupby("variant")
    }
    figure, panels = lay_panels(spec, _noted(spec, notes), "epoch", "learning rate", legend)
    for label, axes in panels.items():
        own = rates[rates["variant"] == label].sort_values("epoch")
        if own.empty:
            continue
        colour = styles_in(spec)[label][0]
        epochs = [0, *own["epoch"]]
        axes.plot(epochs, [own["learning_rate"].iloc[0], *own["mean"]], color=colour, linewidth=1.8)
        band = own[np.isfinite(own["low"]) & (own["low"] > 0)]
        axes.fill_between(
            band["epoch"], band["low"], band["high"], color=colour, alpha=0.25, linewidth=0
        )
    _epoch_axis(panels[spec["variants"][0]], rates["epoch"])
    _log_axis(panels[spec["variants"][0]], [*rates["mean"], *rates["learning_rate"]])
    return figure


@house_style
def draw_layers(spec: Mapping[str, Any], layers: pd.DataFrame, metric: str, label: str) -> Figure:
    """Draws one quantity of every layer against the epochs, on a logarithmic axis.

    Args:
        spec: The declaration as run, as in `spec.json`.
        layers: As in `layers.csv`.
        metric: Which of its metrics.
        label: What the vertical axis says.
    """
    rows = layers[layers["metric"] == metric]
    rows = rows[np.isfinite(rows["mean"])]
    deepest = int(rows["layer"].max()) if len(rows) else 1
    legend: list[Artist] = [
        Line2D([], [], color=_depth(layer, deepest), linewidth=1.8, label=f"layer {layer}")
        for layer in _some(range(1, deepest + 1))
    ]
    seeds = int(rows["n"].max()) if len(rows) else 0
    legend.append(
        Patch(color=INK, alpha=0.2, linewidth=0, label=f"range over {count(seeds, 'seed')}")
    )
    figure, panels = lay_panels(spec, _noted(spec, {}), "epoch", label, legend)
    for variant, axes in panels.items():
        for layer, own in rows[rows["variant"] == variant].groupby("layer"):
            own = own.sort_values("epoch")
            colour = _depth(int(layer), deepest)
            axes.plot(own["epoch"], own["mean"], color=colour, linewidth=1.6)
            axes.fill_between(
                own["epoch"], own["lowest"], own["highest"], color=colour, alpha=0.2, linewidth=0
            )
        zero = rows[(rows["variant"] == variant) & (rows["mean"] == 0)]
        if len(zero):
            _say(axes, f"0 in {count(zero['layer'].nunique(), 'layer')}")
    _epoch_axis(panels[spec["variants"][0]], rows["epoch"])
    _log_axis(panels[spec["variants"][0]], list(rows["mean"]))
    return figure


@house_style
def draw_activations(
    spec: Mapping[str, Any], histograms: pd.DataFrame, layers: pd.DataFrame
) -> Figure:
    """Draws the histograms of the hidden layers' outputs, layer by layer and epoch by epoch.

    Each layer is a column of a panel; in it the histograms stand one above the other, the untrained
    network lowest. Each is scaled to its third highest bin and cut off there, so that a spike at 0
    or at a bound leaves the rest to be seen. What lies outside of the axis is not drawn; below each
    column stands the share of exact zeros at the end.

    Args:
        spec: The declaration as run, as in `spec.json`.
        histograms: As in `histograms.csv`.
        layers: As in `layers.csv`, for the shares of zeros.
    """
    epochs = sorted(set(histograms["epoch"]))
    legend = [
        Patch(
            color=_depth(place, len(epochs) - 1),
            linewidth=0,
            label=f"after epoch {epoch}" if epoch else "untrained",
        )
        for place, epoch in enumerate(epochs)
    ]
    axis = "output of each hidden layer"
    figure, panels = lay_panels(spec, _noted(spec, {}), axis, "epoch", legend)
    deepest = int(histograms["layer"].max())
    shown = _some(range(1, deepest + 1))
    span = HIGHEST - LOWEST
    edges = np.arange(round(span / WIDTH) + 1) * WIDTH + LOWEST
    zeros = layers[layers["metric"] == "activation_zero_share"]
    for variant, axes in panels.items():
        own = histograms[(histograms["variant"] == variant)]
        for column, layer in enumerate(shown):
            shift = column * (span + 1)
            for place, epoch in reversed(list(enumerate(epochs))):
                cell = own[(own["layer"] == layer) & (own["epoch"] == epoch)]
                inside = np.zeros(len(edges) - 1)
                within = cell[(cell["bin"] > 0) & (cell["bin"] < len(edges))]
                inside[within["bin"].to_numpy(int) - 1] = within["share"]
                if inside.max() > 0:
                    top = np.sort(inside)[-3] or inside.max()
                    axes.stairs(
                        place + 1.4 * np.minimum(inside / top, 1),
                        edges + shift,
                        baseline=place,
                        fill=True,
                        facecolor=_depth(place, len(epochs) - 1),
                        edgecolor="white",
                        linewidth=0.5,
                        zorder=10 - place,
                    )
            last = zeros[(zeros["variant"] == variant) & (zeros["layer"] == layer)]
            if len(last):
                share = last.sort_values("epoch")["mean"].iloc[-1]
                axes.text(
                    shift, -0.15, f"{100 * share:.0f} % zero", ha="center", va="top", fontsize=8
                )
        axes.grid(visible=False)
    axes = panels[spec["variants"][0]]
    columns = [column * (span + 1) for column in range(len(shown))]
    axes.set_xlim(LOWEST - 0.5, columns[-1] + HIGHEST + 0.5)
    axes.xaxis.set_major_locator(FixedLocator([x + tick for x in columns for tick in (-2, 0, 2)]))
    axes.xaxis.set_major_formatter(lambda x, _: f"{(x - LOWEST) % (span + 1) + LOWEST:.0f}")
    axes.set_ylim(-0.9, len(epochs) + 0.8)
    axes.yaxis.set_major_locator(FixedLocator(range(len(epochs))))
    axes.yaxis.set_major_formatter(lambda y, _: str(epochs[round(y)]))
    return figure


def _noted(spec: Mapping[str, Any], notes: Mapping[str, str]) -> dict[str, str]:
    return {label: notes.get(label, "") for label in spec["variants"]}


def _depth(place: int, last: int) -> Any:
    return DEPTHS(0.1 + 0.9 * place / max(last, 1))


def _some(places: Sequence[int]) -> list[int]:
    """Returns at most `SHOWN` of the places, the first and the last among them."""
    chosen = np.linspace(0, len(places) - 1, min(SHOWN, len(places)))
    return [places[round(float(index))] for index in chosen]


def _epoch_axis(axes: Axes, epochs: pd.Series) -> None:
    axes.set_xlim(0, 1.03 * max([1, *epochs]))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True, steps=[1, 2, 5, 10]))


def _log_axis(axes: Axes, values: Sequence[float]) -> None:
    positive = [value for value in values if value > 0 and math.isfinite(value)]
    axes.set_yscale("log")
    if positive:
        axes.set_ylim(min(positive) / 1.5, max(positive) * 1.5)
    # Formulas are not parsed in the house style, so powers of ten are written out.
    axes.yaxis.set_major_locator(LogLocator(numticks=5))
    axes.yaxis.set_major_formatter(lambda y, _: rate_text(y))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _say(axes: Axes, text: str) -> None:
    axes.text(0.97, 0.06, text, transform=axes.transAxes, ha="right", color=QUIET)
