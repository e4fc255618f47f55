"""Intervals and tests on small samples of seeds: numbers in, numbers out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95 % interval.

    Attributes:
        mean: Sample mean.
        low: Lower end of the interval, NaN for fewer than two values.
        high: Upper end.
        n: Number of values.
    """

    mean: float
    low: float
    high: float
    n: int


def mean_interval(values: Sequence[float]) -> Estimate:
    """Returns the mean with Student's t interval (95 %).

    Args:
        values: One finite number a seed. A value that is not finite makes the estimate NaN.
    """
    sample = np.asarray(values, dtype=float)
    n = len(sample)
    if n == 0 or not np.isfinite(sample).all():
        return Estimate(math.nan, math.nan, math.nan, n)
    mean = float(sample.mean())
    if n == 1:
        return Estimate(mean, math.nan, math.nan, n)
    half = float(stats.t.ppf(0.975, n - 1) * sample.std(ddof=1) / math.sqrt(n))
    return Estimate(mean, mean - half, mean + half, n)


def sign_flip_p(differences: Sequence[float]) -> float:
    """Returns the two-sided p of the paired permutation test on the mean difference.

    Under the hypothesis of no difference each sign is a fair coin. All 2**n assignments are
    counted up to n = 13; beyond that 9,999 are drawn with a fixed seed (0).

    Args:
        differences: One finite number a pair; at least two, else the result is NaN.

    References:
        Fisher (1935), The Design of Experiments.
    """
    sample = np.asarray(differences, dtype=float)
    if len(sample) < 2 or not np.isfinite(sample).all():
        return math.nan
    test = stats.permutation_test(
        (sample,),
        lambda values, axis: np.mean(values, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=9999,
        rng=np.random.default_rng(0),
    )
    return float(test.pvalue)


def noise_floor(share: float, examples: int) -> float:
    """Returns the standard error of an accuracy measured on that many examples.

    Args:
        share: The accuracy, between 0 and 1.
        examples: Size of the test set.
    """
    return math.sqrt(share * (1 - share) / examples)
