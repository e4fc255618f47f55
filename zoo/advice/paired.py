"""Two models on the same examples: are they equally good? Pure.

Of classes McNemar's exact test takes the examples that one has right and the other has not. Of
numbers the examples are drawn again (bootstrap), as R2 is about the mean of squared errors, which a
test on ranks, such as Wilcoxon's, is not about.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from zoo.evidence.examples import share_of
from zoo.evidence.statistics import mean_interval

Array = NDArray[Any]
DRAWS = 4000  # of the bootstrap


@dataclass(frozen=True)
class Gap:
    """How much better one model is than another.

    Attributes:
        mean: Difference of their scores, as a share of 1.
        low: Lower end of the 95 % interval.
        high: Upper end.
        p: Two-sided p that they are equally good.
    """

    mean: float
    low: float
    high: float
    p: float


def mcnemar_p(first: int, second: int) -> float:
    """Returns the exact two-sided p of McNemar's test.

    Args:
        first: How many examples only the first model has right.
        second: How many only the second has right.

    References:
        McNemar (1947), Note on the Sampling Error of the Difference between Correlated Proportions
        or Percentages, Psychometrika 12.
    """
    if first + second == 0:
        return 1.0
    return min(1.0, 2 * float(stats.binom.cdf(min(first, second), first + second, 0.5)))


def gap_of_classes(first: Array, second: Array) -> Gap:
    """Compares what two kinds of networks, or other models, have right.

    The interval is of the mean over networks and covers examples and, of several networks, seeds; p
    is McNemar's on the first of each, as whoever follows advice trains one.

    Args:
        first: Truth values of shape (networks, examples).
        second: The others, of the same shape, or with one network less or more.
    """
    one, other = np.asarray(first[0], bool), np.asarray(second[0], bool)
    p = mcnemar_p(int((one & ~other).sum()), int((other & ~one).sum()))
    if len(first) == len(second) and len(first) > 2:
        table = np.asarray(second, float) - np.asarray(first, float)
        told = mean_interval(table.mean(axis=1).tolist(), examples=share_of(table))
        return Gap(told.mean, told.low, told.high, p)
    gaps = np.asarray(second, float).mean(axis=0) - np.asarray(first, float).mean(axis=0)
    told = mean_interval(gaps.tolist())
    return Gap(told.mean, told.low, told.high, p)


def gap_of_numbers(first: Array, second: Array, numbers: Array) -> Gap:
    """Compares how well two kinds of networks, or other models, predict numbers, by R2.

    Args:
        first: Squared errors of shape (networks, examples).
        second: The others.
        numbers: What was to be predicted, shape (examples,).
    """
    gains = np.asarray(first, float).mean(axis=0) - np.asarray(second, float).mean(axis=0)
    squares = (numbers - numbers.mean()) ** 2
    if not squares.any():
        return Gap(0.0, 0.0, 0.0, 1.0)
    rows = np.random.default_rng(0).integers(0, len(gains), (DRAWS, len(gains)))
    drawn = gains[rows].mean(axis=1) / squares[rows].mean(axis=1).clip(min=1e-12 * squares.max())
    low, high = np.quantile(drawn, [0.025, 0.975])
    below = (1 + (drawn <= 0).sum()) / (DRAWS + 1)
    above = (1 + (drawn >= 0).sum()) / (DRAWS + 1)
    mean = float(gains.mean() / squares.mean())
    return Gap(mean, float(low), float(high), min(1.0, 2 * float(min(below, above))))
