"""The pictures of an experiment that trained, from the tables in its folder."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from zoo.errors import capital
from zoo.report import words
from zoo.report.charts import Chart, Point, Row, Series, lines, rows
from zoo.report.svg import number
from zoo.results.files import read_frame, read_table
from zoo.results.ledger_words import CURVES
from zoo.results.panel import scale_of
from zoo.results.scores import ACCURACY, of_numbers, word

RECORDED = {
    "activation_standard_deviation": "standard deviation of the outputs",
    "activation_dead_share": "dead units, %",
    "activation_zero_share": "outputs that are 0, %",
    "activation_saturated_share": "saturated outputs, %",
    "weight_gradient_norm": "norm of the gradient in the weights",
    "output_gradient_rms": "rms of the gradient in the outputs",
    "weight_standard_deviation": "standard deviation of the weights",
    "update_ratio": "norm of the update over norm of the weights",
}
SHARES = ("activation_dead_share", "activation_zero_share", "activation_saturated_share")
SHOWN = ("val_accuracy", "accuracy", "val_loss", "loss")


def charts(folder: Path, spec: Mapping[str, Any]) -> dict[str, list[Chart]]:
    """Returns the pictures of a results folder under their headings.

    Args:
        folder: Holds the tables of a trained experiment.
        spec: Its declaration as run, with the chosen learning rates.
    """
    table = read_table(folder)
    found = {"Effects": [effects(spec, table)], "Learning curves": [], "Learning rates": []}
    curves, runs, layers = (_rows(folder / f"{name}.csv") for name in ("curves", "runs", "layers"))
    if len(curves):
        found["Learning curves"] = [*_curves(spec, curves), *_schedules(spec, curves)]
    if len(runs):
        found["Learning rates"] = sensitivity(spec, runs)
    if len(layers):
        found["Inside the networks"] = recorded(spec, layers)
    return {heading: own for heading, own in found.items() if own}


def _rows(path: Path) -> pd.DataFrame:
    """Returns a table, an empty one where there is none."""
    return read_frame(path) if path.is_file() else pd.DataFrame()


def styles(spec: Mapping[str, Any]) -> dict[str, int]:
    """Returns the number of each variant's colour and dashes, the same in all pictures."""
    others = [label for label in spec["variants"] if label != spec["baseline"]]
    return {label: place for place, label in enumerate(others)} | {spec["baseline"]: -1}


def effects(spec: Mapping[str, Any], table: pd.DataFrame) -> Chart:
    """Draws how far each variant's test accuracy lies from the baseline's, with its interval.

    The grey band is one standard error of the baseline's accuracy on the test examples.
    """
    baseline, own = spec["baseline"], styles(spec)
    found, floor = [], math.nan
    for row in table.itertuples():
        if row.variant == baseline:
            accuracy = float(row.test_accuracy)
            if not of_numbers(spec):
                floor = math.sqrt(max(accuracy * (1 - accuracy), 0) / spec["data"]["test"])
            told = f"baseline {words.percent(accuracy)} %"
            found.append(Row(baseline, Point(0, 0.0), told))
            continue
        ends = (row.difference, row.difference_low, row.difference_high)
        told = words.with_interval(words.points, *ends) or "no result"
        value = Point(0, *(100 * end for end in ends))
        found.append(Row(row.variant, value, told, own.get(row.variant, 0)))
    note = f"95 % intervals, paired by seed; right of the line is better than {baseline}."
    if not of_numbers(spec):
        note += " Grey: one standard error of the baseline's accuracy on the test examples."
    heads = ("variant", "difference in points [95 % interval]")
    title = f"Test {word(spec)}: difference from {baseline}, each at its own best learning rate"
    return rows(title, found, "points", floor=100 * floor, note=note, heads=heads)


def _curves(spec: Mapping[str, Any], curves: pd.DataFrame) -> list[Chart]:
    found = []
    for metric in SHOWN:
        own = curves[(curves["metric"] == metric) & np.isfinite(curves["mean"])]
        if own.empty:
            continue
        scale = scale_of(metric)
        series = _by_variant(spec, own, "epoch", scale)
        n = int(own["n"].max())
        unit = " (%)" if scale > 1 else ""
        told = words.percent if scale > 1 else number
        said = CURVES[metric].replace(ACCURACY, word(spec))
        found.append(
            lines(
                capital(said),
                series,
                "epoch",
                said + unit,
                log_y=False if scale > 1 else None,
                text=_scaled(told, scale),
                note=f"Mean and 95 % interval over up to {n} seeds.",
            )
        )
    return found


def _schedules(spec: Mapping[str, Any], curves: pd.DataFrame) -> list[Chart]:
    """Draws the learning rate after each epoch, where it changes."""
    own = curves[(curves["metric"] == "learning_rate") & np.isfinite(curves["mean"])]
    spread = own.groupby("variant")["mean"].agg(lambda means: means.max() - means.min())
    if own.empty or not (spread > 1e-12).any():
        return []
    series = _by_variant(spec, own, "epoch", 1)
    return [lines("Learning rate after each epoch", series, "epoch", "learning rate", log_y=True)]


def sensitivity(spec: Mapping[str, Any], runs: pd.DataFrame) -> list[Chart]:
    """Draws the mean validation accuracy against the learning rate, as the choice of it sees it.

    Args:
        spec: The declaration as run, with the chosen rates.
        runs: As in `runs.csv`.
    """
    runs = runs[runs["learning_rate"] > 0]
    if runs["learning_rate"].nunique() < 2:
        return []
    lost = runs["status"] == "diverged"
    grouped = runs.assign(lost=lost).groupby(["variant", "learning_rate"], sort=True)
    means = grouped.agg(mean=("val_accuracy", "mean"), lost=("lost", "sum"), n=("lost", "size"))
    found: dict[str, list[Point]] = {label: [] for label in spec["variants"]}
    for row in means.reset_index().itertuples():
        if row.variant in found:
            found[row.variant].append(_at_rate(spec, row))
    own = styles(spec)
    series = [Series(label, each, own[label]) for label, each in found.items() if each]
    note = "Rings: the chosen rate; pale ones validate as well."
    if lost.any():
        note += " Crosses: runs diverged; they count with the accuracy that their weights give."
    title, axis = f"Validation {word(spec)} by learning rate", f"validation {word(spec)} (%)"
    told = _scaled(words.percent, 100)
    return [
        lines(title, series, "learning rate", axis, log_x=True, log_y=False, text=told, note=note)
    ]


def _at_rate(spec: Mapping[str, Any], row: Any) -> Point:
    chosen = spec.get("rates", {}).get(row.variant, math.nan)
    tied = spec.get("tied", {}).get(row.variant, ())
    notes, mark = [], ""
    if row.lost:
        mark = "cross"
        notes.append(f"{row.lost} of {row.n} diverged")
    if math.isclose(row.learning_rate, chosen, rel_tol=1e-4):
        mark = "ring"
        notes.append("chosen")
    elif any(math.isclose(row.learning_rate, rate, rel_tol=1e-4) for rate in tied):
        mark = "pale"
        notes.append("as good")
    told = f"({', '.join(notes)})" if notes else ""
    return Point(row.learning_rate, 100 * row.mean, mark=mark, note=told)


def recorded(spec: Mapping[str, Any], layers: pd.DataFrame) -> list[Chart]:
    """Draws what was recorded layer by layer, after the last epoch that was recorded.

    Args:
        spec: The declaration as run.
        layers: As in `layers.csv`.
    """
    found = []
    for metric, said in RECORDED.items():
        own = layers[(layers["metric"] == metric) & np.isfinite(layers["mean"])]
        own = own[own["epoch"] == own.groupby("variant")["epoch"].transform("max")]
        if own["layer"].nunique() < 2:
            continue
        scale = 100 if metric in SHARES else 1
        own = own.rename(columns={"lowest": "low", "highest": "high"})
        series = _by_variant(spec, own, "layer", scale)
        told = _scaled(words.percent if scale > 1 else number, scale)
        last, n = int(own["epoch"].max()), int(own["n"].max())
        note = f"After epoch {last}: mean and range over {n} seeds."
        title = said.removesuffix(", %").capitalize() + ", layer by layer"
        log_y = False if scale > 1 else None
        found.append(lines(title, series, "layer", said, log_y=log_y, text=told, note=note))
    return found


def _by_variant(spec: Mapping[str, Any], frame: pd.DataFrame, x: str, scale: float) -> list[Series]:
    own, found = styles(spec), []
    by = dict(iter(frame.sort_values(x, kind="stable").groupby("variant", sort=False)))
    for label in spec["variants"]:
        if label in by:
            columns = by[label][[x, "mean", "low", "high"]].to_numpy(float)
            points = [Point(at, *(scale * end for end in ends)) for at, *ends in columns.tolist()]
            found.append(Series(label, points, own[label]))
    return found


def _scaled(text: Any, scale: float) -> Any:
    """Returns what says a value that was multiplied by a scale."""
    return text if scale == 1 else lambda value: text(value / scale)
