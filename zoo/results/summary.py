"""From finished runs to the small tables that are committed. Pure: results in, frames out."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from zoo.evidence.cells import RIGHT
from zoo.evidence.examples import Share, share_of_sum
from zoo.evidence.metrics import EPOCHS_TO_SHARE, measure, range_of, way_of
from zoo.evidence.rates import best_rates
from zoo.evidence.statistics import mean_interval, sign_flip_p, student_p
from zoo.results.scores import RMSE
from zoo.runs.rights import unpacked
from zoo.runs.run import Result

FINAL = ["val_loss", "val_accuracy", "test_loss", "test_accuracy"]
BALANCED = "balanced_accuracy"
CURVES = ["loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"]


@dataclass(frozen=True)
class Summary:
    """What is written into the results folder of an experiment.

    Attributes:
        runs: One row a run: variant, learning_rate, seed, status, epochs, the training loss and
            accuracy of the last epoch, and `FINAL`. Where all seeds have the same test examples the
            column `right` has which are right, as `zoo.evidence.cells` has it.
        curves: One row a variant, epoch and metric, at the variant's own best learning rate: mean,
            95 % interval over seeds, n.
        table: One row a variant at its own best learning rate: accuracies, and the seed-paired
            difference from the baseline with interval and p.
    """

    runs: pd.DataFrame
    curves: pd.DataFrame
    table: pd.DataFrame


def summarise(
    results: Sequence[Result],
    variants: Sequence[str],
    baseline: str,
    metrics: Sequence[str] = (),
    epochs: int = 0,
    seeds: Sequence[int] | None = None,
    overlap: float = 0.0,
    classes: int = 0,
    fixed: Collection[str] = (),
    balanced: Callable[[Result], float] | None = None,
) -> Summary:
    """Makes the three tables.

    Args:
        results: Finished runs, in any order.
        variants: Labels in the order of the declaration; labels without a run are left out.
        baseline: Label that the others are compared with.
        metrics: What claims measure besides: names of `zoo.evidence.metrics`.
        epochs: Epochs of the recipe, for these.
        seeds: Seeds that the learning rates are chosen on; `None` for all.
        overlap: Held-out over training examples of seeds that share them, else 0; see
            `zoo.evidence.statistics`.
        classes: Number of classes, for metrics with a share of the way from chance to the best; 1
            of numbers, whose accuracy is R2.
        fixed: Labels of the variants that all seeds are tested on the same examples of.
        balanced: Function of a run that returns its balanced accuracy, where that is told.
    """
    runs = runs_frame(results, variants)
    by_run = {(r.run.variant, r.run.learning_rate, r.run.seed): r for r in results}
    for name in metrics:
        if name not in runs.columns:
            found = EPOCHS_TO_SHARE.fullmatch(name)
            ways = {found[1]: way_of(results, found[1], classes)} if found else None
            runs[name] = [measure(by_run[key], name, epochs, ways) for key in _keys(runs)]
    if balanced is not None:
        runs[BALANCED] = [balanced(by_run[key]) for key in _keys(runs)]
    if fixed:
        runs[RIGHT] = [_right(by_run[key], fixed) for key in _keys(runs)]
    chosen = best_rates(runs if seeds is None else runs[runs["seed"].isin(seeds)])
    present = [label for label in variants if label in chosen]
    numbers = classes == 1
    if numbers:
        runs[RMSE] = [by_run[key].final[RMSE] for key in _keys(runs)]
    curves = curves_frame(results, present, chosen, overlap, numbers)
    return Summary(runs, curves, table_frame(runs, present, chosen, baseline, overlap, numbers))


def _keys(runs: pd.DataFrame) -> Iterator[tuple[str, float, int]]:
    return zip(runs["variant"], runs["learning_rate"], runs["seed"], strict=True)


def _right(result: Result, fixed: Collection[str]) -> bytes:
    known = result.rights and result.run.variant in fixed
    return unpacked(result.rights) if known else b""


def runs_frame(results: Sequence[Result], variants: Sequence[str]) -> pd.DataFrame:
    """Returns one row a run, in the order of variants, learning rates and seeds."""
    order = {label: place for place, label in enumerate(variants)}
    rows = [
        {
            "variant": result.run.variant,
            "learning_rate": result.run.learning_rate,
            "seed": result.run.seed,
            "status": result.status,
            "epochs": result.epochs,
            "loss": result.history["loss"][-1],
            "accuracy": result.history["accuracy"][-1],
            **{name: result.final[name] for name in FINAL},
        }
        for result in sorted(
            results,
            key=lambda item: (order[item.run.variant], item.run.learning_rate, item.run.seed),
        )
    ]
    return pd.DataFrame(rows)


def curves_frame(
    results: Sequence[Result],
    variants: Sequence[str],
    chosen: dict[str, float],
    overlap: float = 0.0,
    numbers: bool = False,
) -> pd.DataFrame:
    """Returns mean and interval by variant, epoch and metric at the chosen learning rates.

    A run that stopped early keeps its last value for the epochs it did not train. Of numbers
    accuracy is R2.
    """
    rows = []
    for label in variants:
        group = [
            item
            for item in results
            if item.run.variant == label and item.run.learning_rate == chosen[label]
        ]
        group.sort(key=lambda item: item.run.seed)
        epochs = max(item.epochs for item in group)
        for metric in CURVES:
            curves = np.array([_held(item.history[metric], epochs) for item in group])
            for epoch in range(epochs):
                cell = mean_interval(curves[:, epoch].tolist(), overlap=overlap)
                least, most = range_of(metric)
                cell = cell.within(least - (numbers and math.isfinite(least)), most)
                rows.append(
                    (
                        label,
                        chosen[label],
                        epoch + 1,
                        metric,
                        cell.mean,
                        cell.low,
                        cell.high,
                        cell.n,
                    )
                )
    names = ["variant", "learning_rate", "epoch", "metric", "mean", "low", "high", "n"]
    return pd.DataFrame(rows, columns=names)


def _held(values: list[float], length: int) -> list[float]:
    return values + values[-1:] * (length - len(values))


def best_edge(runs: pd.DataFrame) -> str:
    """Returns whether the `lowest` or `highest` rate of a variant's grid is its best, or neither.

    It beats the rate next to it, so a wider grid may help.

    Args:
        runs: One row a run, all of one variant.
    """
    means = runs.groupby("learning_rate", sort=True)["val_accuracy"].mean().tolist()
    if len(means) < 2:
        return ""
    best = max(means)
    if means[0] == best and means[1] < best:
        return "lowest"
    return "highest" if means[-1] == best and best not in means[:-1] else ""


def _at_rate(runs: pd.DataFrame, variant: str, rate: float) -> float:
    """Returns a variant's mean test accuracy at a rate; NaN if it was not trained at it."""
    own = runs[(runs["variant"] == variant) & (runs["learning_rate"] == rate)]
    return float(own["test_accuracy"].mean())


def table_frame(
    runs: pd.DataFrame,
    variants: Sequence[str],
    chosen: dict[str, float],
    baseline: str,
    overlap: float = 0.0,
    numbers: bool = False,
) -> pd.DataFrame:
    """Returns one row a variant at its chosen rate, compared with the baseline seed by seed.

    Of numbers accuracy is R2, which the engines keep between -1 and 1.

    p is that of sign flips; where seeds share examples, of the corrected t test if that is larger.
    Where all seeds have the same test examples, intervals and p have these examples' share, and the
    column `examples_error` has the standard error of the difference, or of the baseline's accuracy,
    that comes from their choice; NaN if it is not known.
    """
    at_best = {
        label: runs[
            (runs["variant"] == label) & (runs["learning_rate"] == chosen[label])
        ].set_index("seed")
        for label in variants
    }
    rows = []
    for label in variants:
        cell = at_best[label]
        share = _share({label: 1.0}, at_best, cell.index)
        test = mean_interval(cell["test_accuracy"].tolist(), 0.95, overlap, share)
        test = test.within(-1.0 if numbers else 0.0, 1)
        row = {
            "variant": label,
            "learning_rate": chosen[label],
            "n": test.n,
            "diverged": int((cell["status"] == "diverged").sum()),
            "val_accuracy": cell["val_accuracy"].mean(),
            "test_accuracy": test.mean,
            "test_low": test.low,
            "test_high": test.high,
            "same_rate_accuracy": _at_rate(runs, label, chosen.get(baseline, math.nan)),
            "difference": math.nan,
            "difference_low": math.nan,
            "difference_high": math.nan,
            "p": math.nan,
            "at_edge": bool(best_edge(runs[runs["variant"] == label])),
        }
        if label != baseline and baseline in at_best:
            pairs = (cell["test_accuracy"] - at_best[baseline]["test_accuracy"]).dropna()
            share = _share({label: 1.0, baseline: -1.0}, at_best, pairs.index)
            gap = mean_interval(pairs.tolist(), 0.95, overlap, share)
            gap = gap.within(*((-2, 2) if numbers else (-1, 1)))
            p = sign_flip_p(pairs.tolist())
            if overlap or share:
                p = max(p, student_p(pairs.tolist(), overlap, share))
            row |= {
                "difference": gap.mean,
                "difference_low": gap.low,
                "difference_high": gap.high,
                "p": p,
            }
        if BALANCED in cell.columns:
            row |= {name: cell[name].mean() for name in (BALANCED, "test_loss")}
        if RMSE in cell.columns:
            row[RMSE] = cell[RMSE].mean()
        if RIGHT in cell.columns:
            row["examples_error"] = share.error if share else math.nan
        rows.append(row)
    return pd.DataFrame(rows)


def _share(
    weights: Mapping[str, float], cells: Mapping[str, pd.DataFrame], seeds: pd.Index
) -> Share | None:
    """Returns the share of the test examples in a weighted sum of mean test accuracies."""
    if not all(RIGHT in cells[label].columns for label in weights):
        return None
    return share_of_sum(
        [(weight, cells[label].loc[seeds, RIGHT].tolist()) for label, weight in weights.items()]
    )
