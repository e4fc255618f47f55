"""Draws a search: scores, the best so far, trials as lines, and what mattered."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib import colormaps, style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from zoo.figures.formats import save_figure
from zoo.figures.palette import COLOURS, HOUSE_STYLE, INK, rate_text, widest
from zoo.figures.panels import MARGIN, start_page
from zoo.results.files import read_frame
from zoo.results.searches import best_of_k, importance, shares
from zoo.search_space import Dimension

PANEL, GAP, ROW = 3.4, 0.75, 2.6  # inches
DECADES = 30  # a loss whose largest value is this many times its smallest
FEWEST = 10  # trials from which a model of the scores says anything
SCORES = colormaps["viridis"].reversed()

house_style = style.context(["default", HOUSE_STYLE])


def plot(
    folder: Path, spec: Mapping[str, Any], trials: pd.DataFrame, space: Mapping[str, Dimension]
) -> list[Path]:
    """Writes the pictures of a search into its folder and returns their files.

    Args:
        folder: Where they are written.
        spec: The search as declared, as in `spec.json`.
        trials: As in `trials.csv`; those that failed are not drawn.
        space: What was varied, by name.
    """
    trials = trials[trials["status"] != "failed"]
    if trials.empty or not space:
        return []
    figures = {
        "scores": draw_scores(spec, trials, space),
        "best_so_far": draw_best_so_far(spec, trials),
    }
    varied = {name: each for name, each in space.items() if len(each.choices) != 1}
    if len(varied) > 1:
        figures["parallel"] = draw_parallel(spec, trials, varied)
    if varied and len(trials) >= FEWEST:
        figures["importance"] = draw_importance(spec, trials, varied)
    pair = grid_and_random(folder, spec, trials)
    if len(pair) == 2 and len(varied) > 1 and not all(each.is_list for each in varied.values()):
        figures["grid_and_random"] = draw_grid_and_random(spec, pair, varied)
    return [path for name, figure in figures.items() for path in save_figure(figure, folder / name)]


def scale_of(spec: Mapping[str, Any]) -> tuple[float, str, int]:
    """Returns the factor and label of scores on their axis, and 1 if higher is better, else -1."""
    objective = str(spec["objective"])
    sign = -1 if spec["direction"] == "min" else 1
    words = _words(objective.replace("val_", "validation ", 1)).replace("r2", "R2")
    share = objective.endswith(("accuracy", "r2"))
    return (100.0, f"{words} (%)", sign) if share else (1.0, words, sign)


def _score_axis(axes: Axes, label: str, scores: npt.NDArray[Any]) -> None:
    """Names the axis of the scores; losses that span decades are drawn on a logarithmic one."""
    axes.set_ylabel(label)
    if not label.endswith("(%)") and 0 < DECADES * scores.min() < scores.max():
        axes.set_yscale("log")


def grid_and_random(
    folder: Path, spec: Mapping[str, Any], trials: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """Returns the trials of a grid and of a random search, where both were made alike."""
    own = str(spec["strategy"])
    other = {"grid": "random", "random": "grid"}.get(own)
    beside = folder.with_name(folder.name.replace(f"@{own}", f"@{other}", 1)) / "trials.csv"
    if other is None or f"@{own}" not in folder.name or not beside.is_file():
        return {own: trials}
    return dict(sorted({own: trials, other: read_frame(beside)}.items()))


@house_style
def draw_scores(
    spec: Mapping[str, Any], trials: pd.DataFrame, space: Mapping[str, Dimension]
) -> Figure:
    """Draws the score of every trial against each hyperparameter.

    Args:
        spec: The search as declared, as in `spec.json`.
        trials: As in `trials.csv`.
        space: What was varied, by name.
    """
    factor, label, _ = scale_of(spec)
    names = [name for name, each in space.items() if len(each.choices) != 1]
    columns = max(min(len(names), 3), 1)
    lines = math.ceil(len(names) / columns)
    stages = sorted(trials["stage"].unique())
    legend = [
        Line2D(
            [], [], linestyle="none", marker="o", color=COLOURS[place], label=_stage(stages, stage)
        )
        for place, stage in enumerate(stages)
    ]
    legend.append(Line2D([], [], linestyle="none", marker="x", color=INK, label="diverged"))
    width = MARGIN + 0.65 + columns * (PANEL + GAP)
    figure, bottom = start_page(spec, width, lines * (ROW + GAP) - GAP / 2, 0.6, legend)
    height = figure.get_figheight()
    for index, name in enumerate(names):
        line, column = divmod(index, columns)
        left = MARGIN + 0.65 + column * (PANEL + GAP)
        low = bottom + (lines - 1 - line) * (ROW + GAP)
        axes = figure.add_axes((left / width, low / height, PANEL / width, ROW / height))
        axes.set_xlabel(_words(name))
        if column == 0:
            _score_axis(axes, label, trials["score"].to_numpy(float))
        places, ticks = _places(space[name], trials[name])
        for number, stage in enumerate(stages):
            for diverged, marker in ((False, "o"), (True, "x")):
                own = (trials["stage"] == stage) & ((trials["diverged"] > 0) == diverged)
                axes.plot(
                    places[own.to_numpy()],
                    factor * trials.loc[own, "score"],
                    linestyle="none",
                    marker=marker,
                    markersize=5,
                    color=COLOURS[number],
                    alpha=0.8,
                )
        _horizontal(axes, space[name], ticks)
    return figure


@house_style
def draw_best_so_far(spec: Mapping[str, Any], trials: pd.DataFrame) -> Figure:
    """Draws the best score among the first trials, and what other orders would have found.

    Args:
        spec: The search as declared, as in `spec.json`.
        trials: As in `trials.csv`.
    """
    factor, label, sign = scale_of(spec)
    score = sign * trials["score"].to_numpy(float)
    counts = np.arange(1, len(score) + 1)
    low, middle, high = (sign * factor * each for each in best_of_k(score))
    best = sign * factor * np.maximum.accumulate(score)
    legend = [
        Line2D([], [], color=COLOURS[0], label="best so far"),
        Line2D([], [], color=INK, linestyle="--", label="best of as many, in any order: median"),
        Patch(color=INK, alpha=0.15, linewidth=0, label="and 95 % of the orders"),
    ]
    width, body = 7.2, 3.6
    figure, bottom = start_page(spec, width, body, 0.6, legend)
    height = figure.get_figheight()
    left = MARGIN + 0.65
    axes = figure.add_axes(
        (left / width, bottom / height, (width - left - MARGIN) / width, body / height)
    )
    axes.fill_between(counts, low, high, color=INK, alpha=0.15, linewidth=0)
    axes.plot(counts, middle, color=INK, linestyle="--", linewidth=1.2)
    axes.step(counts, best, where="post", color=COLOURS[0], linewidth=2)
    axes.set_xlabel("trials")
    _score_axis(axes, label, sign * score)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
    return figure


@house_style
def draw_parallel(
    spec: Mapping[str, Any], trials: pd.DataFrame, space: Mapping[str, Dimension]
) -> Figure:
    """Draws every trial as a line through its values, from the worst to the best.

    Args:
        spec: The search as declared, as in `spec.json`.
        trials: As in `trials.csv`.
        space: What was varied, by name; at least two.
    """
    legend = [
        Line2D([], [], color=SCORES(1.0), linewidth=2, label="best score"),
        Line2D([], [], color=SCORES(0.0), linewidth=2, label="worst"),
        Line2D([], [], color="0.6", linestyle=":", label="diverged"),
    ]
    width, body = MARGIN + 0.9 + 1.9 * len(space), 3.4
    figure, bottom = start_page(spec, width, body, 0.6, legend)
    height = figure.get_figheight()
    left = MARGIN + 0.65
    axes = figure.add_axes(
        (left / width, bottom / height, (width - left - 0.9) / width, body / height)
    )
    places = np.column_stack([shares(each, trials[name]) for name, each in space.items()])
    rank = (scale_of(spec)[2] * trials["score"]).rank(pct=True).to_numpy()
    for row in np.argsort(rank, kind="stable"):
        diverged = trials["diverged"].iloc[row] > 0
        look = {"color": "0.6", "linestyle": ":"} if diverged else {"color": SCORES(rank[row])}
        axes.plot(range(len(space)), places[row], linewidth=1.4, alpha=0.85, **look)
    for place, each in enumerate(space.values()):
        axes.axvline(place, color=INK, linewidth=0.8)
        for at, text in _marks(each):
            behind = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1}
            axes.text(place + 0.03, at, text, fontsize=8, va="center", bbox=behind)
    axes.set_xticks(range(len(space)), [_words(name) for name in space])
    axes.set_yticks([])
    axes.set_ylim(-0.05, 1.05)
    axes.spines["left"].set_visible(False)
    axes.grid(visible=False)
    return figure


@house_style
def draw_importance(
    spec: Mapping[str, Any], trials: pd.DataFrame, space: Mapping[str, Dimension]
) -> Figure:
    """Draws how much a model of the scores loses when a hyperparameter is shuffled.

    Args:
        spec: The search as declared, as in `spec.json`.
        trials: As in `trials.csv`.
        space: What was varied, by name.
    """
    mean, deviation = importance(trials, space)
    order = np.argsort(mean)
    width, body = 7.2, 0.4 * len(space) + 0.3
    figure, bottom = start_page(spec, width, body, 0.6, [])
    height = figure.get_figheight()
    labels = [_words(list(space)[place]) for place in order]
    left = MARGIN + widest(labels) + 0.2
    axes = figure.add_axes(
        (left / width, bottom / height, (width - left - MARGIN) / width, body / height)
    )
    factor, label, _ = scale_of(spec)
    axes.barh(
        labels, factor * mean[order], xerr=factor * deviation[order], color=COLOURS[0], height=0.6
    )
    score = "R2" if "R2" in label else "accuracy"
    unit = f"points of {score}" if factor != 1 else label
    axes.set_xlabel(f"mean error added by shuffling it ({unit})")
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    return figure


@house_style
def draw_grid_and_random(
    spec: Mapping[str, Any], pair: Mapping[str, pd.DataFrame], space: Mapping[str, Dimension]
) -> Figure:
    """Draws where a grid and a random search looked, and which values of one axis that tried.

    Args:
        spec: Either search as declared, as in `spec.json`.
        pair: Their trials, as in `trials.csv`, by strategy.
        space: What was varied, by name; at least one range and something else.

    References:
        Bergstra and Bengio (2012), Random Search for Hyper-Parameter Optimization, JMLR 13, fig. 1.
    """
    across = next(name for name, each in space.items() if not each.is_list)
    up = [name for name in space if name != across][-1]
    shown = np.concatenate([trials["score"] for trials in pair.values()])
    strip, gap = 0.9, 0.15
    width, body = MARGIN + 0.75 + 2 * (PANEL + GAP), strip + gap + PANEL
    heading = {**spec, "strategy": " and ".join(pair)}
    figure, bottom = start_page(heading, width, body + 0.3, 0.6, [])
    height = figure.get_figheight()
    for column, (strategy, trials) in enumerate(pair.items()):
        left = (MARGIN + 0.75 + column * (PANEL + GAP)) / width
        first = figure.axes[0] if column else None
        box = (left, bottom / height, PANEL / width, PANEL / height)
        plane = figure.add_axes(box, sharex=first, sharey=first)
        top = (bottom + PANEL + gap) / height
        scores = figure.add_axes((left, top, PANEL / width, strip / height), sharex=plane)
        score = 100 * trials["score"]
        places, labels = _places(space[up], trials[up])
        look = {"c": score, "cmap": SCORES, "vmin": 100 * shown.min(), "vmax": 100 * shown.max()}
        plane.scatter(trials[across], places, s=36, edgecolors=INK, linewidths=0.5, **look)
        scores.vlines(trials[across], 100 * shown.min(), score, color="0.8", linewidth=0.8)
        scores.scatter(trials[across], score, s=20, edgecolors=INK, linewidths=0.5, **look)
        values = trials[across].nunique()
        scores.set_title(f"{strategy}: {len(trials)} trials, {values} values of {_words(across)}")
        scores.tick_params(labelbottom=False)
        scores.set_ylim(100 * shown.min() - 4, 100 * shown.max() + 4)
        plane.set_xlabel(_words(across))
        _horizontal(plane, space[across], [])
        _vertical(plane, space[up], labels)
        if column == 0:
            plane.set_ylabel(_words(up))
            scores.set_ylabel("score (%)")
    return figure


def _marks(dimension: Dimension) -> list[tuple[float, str]]:
    """Returns places and texts along an axis of the parallel coordinates."""
    if not dimension.is_list:
        return [(0.0, rate_text(dimension.low)), (1.0, rate_text(dimension.high))]
    labels = [str(choice) for choice in dimension.choices]
    steps = max(len(labels) - 1, 1)
    return [(place / steps, label) for place, label in enumerate(labels)]


def _stage(stages: Sequence[Any], stage: Any) -> str:
    return "trial" if len(stages) == 1 else f"trial of stage {stage}"


def _places(dimension: Dimension, values: pd.Series) -> tuple[npt.NDArray[Any], list[str]]:
    """Returns where values stand on the axis: numbers as they are, labels in a row."""
    numbers = all(type(choice) in (int, float) for choice in dimension.choices)
    if not dimension.is_list or numbers:
        return values.to_numpy(float), []
    labels = [str(choice) for choice in dimension.choices]
    order = {label: place for place, label in enumerate(labels)}
    return np.array([order.get(str(value), math.nan) for value in values], float), labels


def _horizontal(axes: Axes, dimension: Dimension, labels: Sequence[str]) -> None:
    if labels:
        axes.set_xlim(-0.5, len(labels) - 0.5)
        axes.set_xticks(range(len(labels)), labels, rotation=60, ha="right")
    elif dimension.sampling == "log":
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(lambda x, _: rate_text(x))


def _vertical(axes: Axes, dimension: Dimension, labels: Sequence[str]) -> None:
    if labels:
        axes.set_ylim(-0.5, len(labels) - 0.5)
        axes.set_yticks(range(len(labels)), labels)
    elif dimension.sampling == "log":
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(lambda y, _: rate_text(y))


def _words(name: str) -> str:
    return name.replace("_", " ")
