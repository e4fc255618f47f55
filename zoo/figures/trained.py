"""Draws the results of one experiment: learning curves, learning rates, differences.

The drawing functions take tables and return a figure; `pictures` reads a results folder for them.
The same tables give the same bytes.
"""

import math
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
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator

from zoo.errors import ZooError
from zoo.figures import recorded as traces
from zoo.figures.effect import diverged_text, draw_effect
from zoo.figures.palette import (
    BASELINE_GREY,
    HOUSE_STYLE,
    INK,
    count,
    rate_text,
    styles_in,
)
from zoo.figures.panels import (
    lay_panels,
    percent_axis,
    rate_axis,
)
from zoo.figures.variants import only, rows_in
from zoo.results.files import read_frame, read_spec
from zoo.results.scores import word

# Part of a panel's height that is kept for diverged runs.
STRIP = 0.09

# Starting from Matplotlib's defaults keeps a user's matplotlibrc out of the results.
house_style = style.context(["default", HOUSE_STYLE])


@house_style
def draw_curves(spec: Mapping[str, Any], curves: pd.DataFrame, table: pd.DataFrame) -> Figure:
    """Draws the learning curves of every variant at its own best learning rate.

    Args:
        spec: The declaration as run, as in `spec.json`.
        curves: Mean and interval by variant, epoch and metric, as in `curves.csv`.
        table: One row a variant, as in `table.csv`.

    Returns:
        One panel a variant, with the baseline's validation accuracy in each.
    """
    validation = curves[(curves["metric"] == "val_accuracy") & np.isfinite(curves["mean"])]
    training = curves[(curves["metric"] == "accuracy") & np.isfinite(curves["mean"])]
    baseline = validation[validation["variant"] == spec["baseline"]].sort_values("epoch")
    styles = styles_in(spec)
    legend = [
        Line2D([], [], color=INK, linewidth=1.8, label="validation"),
        Line2D([], [], color=INK, linewidth=1, linestyle="--", label="training"),
        *_band_key(validation),
        *_baseline_key(spec),
    ]
    figure, panels = lay_panels(spec, _notes(spec, table), "epoch", f"{word(spec)} (%)", legend)
    for label, axes in panels.items():
        colour = styles[label][0]
        own = validation[validation["variant"] == label].sort_values("epoch")
        seen = training[training["variant"] == label].sort_values("epoch")
        if label != spec["baseline"]:
            _line(axes, baseline["epoch"], baseline["mean"], color=BASELINE_GREY, linewidth=1.5)
        _line(axes, seen["epoch"], seen["mean"], color=colour, linewidth=1, linestyle="--")
        band = own[np.isfinite(own["low"]) & np.isfinite(own["high"])]
        axes.fill_between(
            band["epoch"], 100 * band["low"], 100 * band["high"], color=colour, alpha=0.25, lw=0
        )
        _line(axes, own["epoch"], own["mean"], color=colour, linewidth=1.8)
        if own.empty:
            _say_empty(axes)
    axes = panels[spec["variants"][0]]
    last = max([1, *validation["epoch"], *training["epoch"]])
    axes.set_xlim(0, 1.03 * last)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True, steps=[1, 2, 5, 10]))
    percent_axis(axes, [*validation["mean"], *training["mean"], *validation["low"]])
    return figure


@house_style
def draw_sensitivity(spec: Mapping[str, Any], runs: pd.DataFrame, table: pd.DataFrame) -> Figure:
    """Draws validation accuracy against learning rate for every variant.

    The mean is over all runs, as in the choice of the rate: a diverged run counts with the accuracy
    that its weights give. Its cross stands in a grey strip below.

    Args:
        spec: The declaration as run, as in `spec.json`.
        runs: One row a run, as in `runs.csv`.
        table: One row a variant with its chosen learning rate, as in `table.csv`.

    Returns:
        One panel a variant, with the baseline's means in each, and rings around rates that count.
    """
    runs = runs[runs["learning_rate"] > 0]
    completed = runs[(runs["status"] == "completed") & np.isfinite(runs["val_accuracy"])]
    diverged = runs[runs["status"] == "diverged"]
    means = runs.groupby(["variant", "learning_rate"], as_index=False)["val_accuracy"].mean()
    baseline = means[means["variant"] == spec["baseline"]]
    styles = styles_in(spec)
    chosen, tied = spec.get("rates"), spec.get("tied", {})
    chosen = chosen or dict(zip(table["variant"], table["learning_rate"], strict=True))
    legend = [
        Line2D([], [], color=INK, marker="o", markersize=5, label="mean over seeds"),
        _dot_key("o", 4, "one seed", alpha=0.35, markeredgewidth=0),
        _dot_key("o", 11, "chosen rate", markerfacecolor="none"),
        *([_dot_key("o", 11, "validates as well", markerfacecolor="none", alpha=0.4)] * bool(tied)),
        *_baseline_key(spec),
    ]
    if len(diverged):
        legend.insert(2, _dot_key("x", 5, "diverged (in the grey strip)"))
    notes, y = _notes(spec, table, edge=True), f"validation {word(spec)} (%)"
    figure, panels = lay_panels(spec, notes, "learning rate", y, legend)
    rates = sorted(set(runs["learning_rate"])) or [0.1]
    shift = _seed_shift(sorted(set(runs["seed"])), rates)
    for label, axes in panels.items():
        colour, line, marker = styles[label]
        mean, dots, crosses = (
            part[part["variant"] == label] for part in (means, completed, diverged)
        )
        if label != spec["baseline"]:
            _line(axes, baseline["learning_rate"], baseline["val_accuracy"], color=BASELINE_GREY)
        if len(diverged):
            strip = Rectangle((0, 0), 1, STRIP, transform=axes.transAxes, color="0.94", zorder=1)
            axes.add_patch(strip)
        dot: dict[str, Any] = {"color": colour, "linestyle": "none"}
        axes.plot(
            dots["learning_rate"] * dots["seed"].map(shift),
            100 * dots["val_accuracy"],
            **dot | {"marker": "o", "markersize": 3.5, "alpha": 0.35, "markeredgewidth": 0},
        )
        axes.plot(
            crosses["learning_rate"] * crosses["seed"].map(shift),
            np.full(len(crosses), STRIP / 2),
            **dot | {"marker": "x", "markersize": 4, "transform": axes.get_xaxis_transform()},
        )
        look = {"color": colour, "linestyle": line, "marker": marker, "markersize": 5}
        _line(axes, mean["learning_rate"], mean["val_accuracy"], linewidth=1.6, **look)
        ring = dot | {"marker": "o", "markersize": 11, "markerfacecolor": "none"}
        pale = [(rate, {"alpha": 0.4}) for rate in tied.get(label, ())]
        for rate, shade in [(chosen.get(label, math.nan), {}), *pale]:
            at = mean[np.isclose(mean["learning_rate"], rate, rtol=1e-4)]
            _line(axes, at["learning_rate"], at["val_accuracy"], **ring, **shade)
        if dots.empty and crosses.empty:
            _say_empty(axes)
    axes = panels[spec["variants"][0]]
    rate_axis(axes, rates, axes.bbox.width / figure.dpi)
    percent_axis(axes, runs["val_accuracy"], room=0.14 if len(diverged) else 0.0)
    return figure


KINDS = ("curves", "sweep", "effect", "learning_rate", "activations", "gradients", "updates")


def pictures(folder: Path, variants: Sequence[str] = ()) -> dict[str, Callable[[], Figure]]:
    """Returns what draws each picture of a trained experiment, by name.

    Args:
        folder: Holds `spec.json`, `runs.csv`, `curves.csv` and `table.csv`, and `layers.csv` and
            `histograms.csv` if it was recorded; a picture whose files are missing says so.
        variants: Labels of those to draw beside the baseline; none for all.
    """
    spec = only(read_spec(folder), variants)
    return {name: partial(_draw, folder, spec, name) for name in KINDS}


def shown(folder: Path) -> list[str]:
    """Returns the pictures that there are tables for, without learning rates that never change."""
    recorded = (folder / "layers.csv").is_file() and (folder / "histograms.csv").is_file()
    names = [*(KINDS if recorded else KINDS[:4])]
    if not _rates_change(folder):
        names.remove("learning_rate")
    return names


def _draw(folder: Path, spec: Mapping[str, Any], kind: str) -> Figure:
    def read(name: str) -> pd.DataFrame:
        return rows_in(spec, _read(folder, name))

    if kind == "curves":
        return draw_curves(spec, read("curves"), read("table"))
    if kind == "sweep":
        return draw_sensitivity(spec, read("runs"), read("table"))
    if kind == "effect":
        return draw_effect(spec, read("table"))
    if kind == "learning_rate":
        return traces.draw_learning_rate(spec, read("curves"))
    layers = read("layers")
    if kind == "activations":
        return traces.draw_activations(spec, read("histograms"), layers)
    if kind == "gradients":
        label = "norm of the gradient of the weights"
        return traces.draw_layers(spec, layers, "weight_gradient_norm", label)
    label = "norm(update) / norm(weights) of an epoch"
    return traces.draw_layers(spec, layers, "update_ratio", label)


def _rates_change(folder: Path) -> bool:
    curves = _read(folder, "curves")
    rates = curves[curves["metric"] == "learning_rate"]
    return bool((rates["mean"] != rates["learning_rate"]).any())


def _read(folder: Path, name: str) -> pd.DataFrame:
    return read_frame(_existing(folder / f"{name}.csv"))


def _existing(path: Path) -> Path:
    if not path.is_file():
        name = path.resolve().parent.name
        record = " --record" if path.name in ("layers.csv", "histograms.csv") else ""
        raise ZooError(
            f"No {path.name} in the results of {name}. `python -m zoo run {name}{record}` makes it."
        )
    return path


def _notes(spec: Mapping[str, Any], table: pd.DataFrame, edge: bool = False) -> dict[str, str]:
    notes = dict.fromkeys(spec["variants"], "")
    for _, row in table.iterrows():
        note = []
        if math.isfinite(row["learning_rate"]):
            note.append(f"learning rate {rate_text(row['learning_rate'])}")
        if edge and _is_true(row["at_edge"]):
            note.append("edge of the grid")
        if row["diverged"] > 0:
            note.append(diverged_text(spec, row["diverged"]))
        notes[row["variant"]] = ", ".join(note)
    return notes


def _is_true(value: object) -> bool:
    return str(value).lower() == "true"  # text in a column with an empty cell


def _band_key(validation: pd.DataFrame) -> list[Patch]:
    drawn = validation[np.isfinite(validation["low"]) & np.isfinite(validation["high"])]
    if drawn.empty:
        return []
    fewest, most = int(drawn["n"].min()), int(drawn["n"].max())
    seeds = count(most, "seed") if fewest == most else f"{fewest} to {most} seeds"
    return [Patch(color=INK, alpha=0.25, linewidth=0, label=f"95 % interval over {seeds}")]


def _baseline_key(spec: Mapping[str, Any]) -> list[Line2D]:
    if len(spec["variants"]) == 1:
        return []
    label = f"baseline ({spec['baseline']})"
    return [Line2D([], [], color=BASELINE_GREY, linewidth=1.5, label=label)]


def _dot_key(marker: str, size: float, label: str, **look: Any) -> Line2D:
    return Line2D(
        [], [], color=INK, linestyle="none", marker=marker, markersize=size, label=label, **look
    )


def _line(axes: Axes, x: pd.Series, share: pd.Series, **look: Any) -> None:
    # A line through a single point is invisible.
    if len(x) == 1:
        look = {"marker": "o", "markersize": 4, **look}
    axes.plot(x, 100 * share, **look)


def _say_empty(axes: Axes) -> None:
    axes.text(
        0.97,
        0.06,
        "no finite values",
        transform=axes.transAxes,
        ha="right",
        va="bottom",
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8},
    )


def _seed_shift(seeds: Sequence[int], rates: Sequence[float]) -> dict[int, float]:
    """Returns the factor that sets each seed a little aside of its rate, so that dots part."""
    gaps = np.diff(np.log10(rates))
    spread = 0.4 * float(gaps.min()) if len(gaps) else 0.1
    places = np.linspace(-spread / 2, spread / 2, len(seeds)) if len(seeds) > 1 else [0.0]
    return {seed: 10 ** float(place) for seed, place in zip(seeds, places, strict=False)}
