"""Which learning rate each variant counts at, and which other rates do as well. Pure.

Rates that nearly tie are chosen by the seeds' luck, and what is measured besides may differ a lot
between them. So a verdict has to hold at every rate that does as well as the chosen one:
simulations (`results/planted_truth.md`) show that choosing on other seeds than those that report is
not enough.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from zoo.evidence.metrics import VALIDATION, chosen_by, lower_is_better
from zoo.evidence.statistics import student_p

TIE_DIGITS = 9
LEVEL = 0.05  # one-sided, at which a rate is shown to do worse than the chosen one


@dataclass(frozen=True)
class Rates:
    """The learning rates of variants.

    Attributes:
        chosen: The rate with the best mean, by variant.
        tied: The other rates that do as well, by variant, in rising order; only variants with some.
    """

    chosen: Mapping[str, float]
    tied: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def of(self, variant: str) -> tuple[float, ...]:
        """Returns the chosen rate and those that do as well; nothing for a variant without runs."""
        if variant not in self.chosen:
            return ()
        return self.chosen[variant], *self.tied.get(variant, ())


def choose(
    runs: pd.DataFrame,
    metric: str = VALIDATION,
    chosen: Mapping[str, float] | None = None,
    overlap: float = 0.0,
) -> Rates:
    """Chooses each variant's learning rate by the mean of a metric, and finds what ties with it.

    Args:
        runs: One row a run of the seeds that choose: variant, learning_rate, seed, and the metric.
        metric: What is compared; for losses and epochs the lowest mean is the best.
        chosen: Each variant's rate if it has been chosen already, else `None`.
        overlap: Held-out over training examples of seeds that share them, else 0.

    Returns:
        The rates. A rate does as well as the chosen one unless the seeds that both have show it to
        be worse (`worse_p` below `LEVEL`).
    """
    keys = ["variant", "learning_rate", "seed"]
    scores = runs[keys].assign(score=_scores(runs, metric)).drop_duplicates(keys)
    chosen = chosen or best_rates(runs, metric)
    tied = {}
    for label, own in scores.groupby("variant", sort=False):
        if label in chosen:
            table = own.pivot(index="learning_rate", columns="seed", values="score")
            others = [rate for rate in table.index if rate != chosen[label]]
            best = table.loc[chosen[label]]
            equal = [float(r) for r in others if not worse_p(best - table.loc[r], overlap) < LEVEL]
            if equal:
                tied[str(label)] = tuple(equal)
    return Rates(dict(chosen), tied)


def choose_all(
    runs: pd.DataFrame, metrics: Iterable[str], overlap: float = 0.0
) -> dict[str, Rates]:
    """Returns the rates by what chooses them: validation accuracy, and what metrics ask for.

    Args:
        runs: One row a run of the seeds that choose.
        metrics: The metrics of claims.
        overlap: As in `choose`.
    """
    by = dict.fromkeys([VALIDATION, *sorted({chosen_by(metric) for metric in metrics})])
    return {
        metric: choose(runs, metric, overlap=overlap) for metric in by if metric in runs.columns
    }


def best_rates(runs: pd.DataFrame, metric: str = VALIDATION) -> dict[str, float]:
    """Returns each variant's learning rate with the best mean of a metric.

    Diverged runs count with the accuracy that their weights give. A tie goes to the smaller rate.
    A variant without a finite mean at any rate gets its smallest.
    """
    scores = runs.assign(score=_scores(runs, metric))
    means = scores.groupby(["variant", "learning_rate"], sort=True)["score"].mean()
    means = means.round(TIE_DIGITS).fillna(-math.inf)  # else the last bits of a sum break a tie
    return {label: float(group.idxmax()[1]) for label, group in means.groupby(level="variant")}


def worse_p(gaps: pd.Series, overlap: float = 0.0) -> float:
    """Returns the one-sided p of Student's paired t test that a rate does worse than another.

    Args:
        gaps: How much better the other did, one number a seed; NaN for seeds without both.
        overlap: Held-out over training examples of seeds that share them, else 0.

    Returns:
        The p: 1 if the mean is not above 0, 0 if runs were lost that the other did not lose, NaN if
        fewer than two seeds are left.
    """
    sample = gaps.dropna().to_numpy(float)
    if np.isinf(sample).any():
        return 0.0 if (sample > 0).any() else 1.0
    if len(sample) < 2:
        return math.nan
    sample = np.round(sample, TIE_DIGITS)
    if sample.mean() <= 0:
        return 1.0
    return student_p(sample.tolist(), overlap) / 2


def _scores(runs: pd.DataFrame, metric: str) -> pd.Series:
    """Returns what is to be high; a loss that is not finite is the lowest."""
    scores = pd.to_numeric(runs[metric], errors="coerce")
    return -scores.fillna(math.inf) if lower_is_better(metric) else scores
