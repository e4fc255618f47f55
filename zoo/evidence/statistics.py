"""Intervals and tests on small samples of seeds: numbers in, numbers out.

Where every seed splits one finite set of examples anew, the values of different seeds are
correlated, because their parts share examples, and the variance of their mean is larger than a
single value's over their number. Functions that take an `overlap` correct for that: with
`overlap` = held-out examples / training examples the variance of a mean of n values is taken to be
(1/n + overlap) times theirs, with n - 1 degrees of freedom (Nadeau and Bengio 2003, Inference for
the Generalization Error, Machine Learning 52). 0 is for seeds that share no examples, or all.

Where all seeds are tested on the same examples, functions that take `examples` add what the choice
of these adds to the variance of the mean (`zoo.evidence.examples`). Intervals and p are never those
of less doubt than the seeds alone leave.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from zoo.evidence.examples import Share

FEWEST_FOR_INTERVAL = 3  # two values say next to nothing about their spread
POWER = 0.8  # of a test with as many seeds as are said to be needed

TIED = 1e-7  # of the largest difference, within which means tie
MOST_ENUMERATED = 16  # differences, whose 65,536 assignments of signs are all counted


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95 % interval.

    Attributes:
        mean: Sample mean.
        low: Lower end of the interval, NaN for fewer than `FEWEST_FOR_INTERVAL` values.
        high: Upper end.
        n: Number of values.
    """

    mean: float
    low: float
    high: float
    n: int

    def within(self, least: float, most: float) -> Estimate:
        """Returns the estimate with its interval cut where no value can be; NaN ends stay."""
        low, high = np.clip([self.low, self.high], least, most).tolist()
        return replace(self, low=low, high=high)


def mean_interval(
    values: Sequence[float],
    level: float = 0.95,
    overlap: float = 0.0,
    examples: Share | None = None,
) -> Estimate:
    """Returns the mean with Student's t interval.

    Args:
        values: One finite number a seed. A value that is not finite makes the estimate NaN.
        level: Coverage of the interval, between 0 and 1.
        overlap: Held-out over training examples of seeds that share them, at least 0.
        examples: What the choice of test examples adds, or `None`.
    """
    sample = np.asarray(values, dtype=float)
    n = len(sample)
    if n == 0 or not np.isfinite(sample).all():
        return Estimate(math.nan, math.nan, math.nan, n)
    mean = float(sample.mean())
    if n < FEWEST_FOR_INTERVAL:
        return Estimate(mean, math.nan, math.nan, n)
    if np.ptp(sample) == 0:  # the mean of equal values may round away from them
        mean, error = float(sample[0]), 0.0
    else:
        error = sample.std(ddof=1) * math.sqrt(1 / n + overlap)
    half = float(special.stdtrit(n - 1, (1 + level) / 2) * error)
    if examples is not None:
        freedom = examples.freedom(error**2, n)
        whole = math.sqrt(error**2 + examples.square)
        half = max(half, float(special.stdtrit(freedom, (1 + level) / 2) * whole))
    return Estimate(mean, mean - half, mean + half, n)


def standard_error(
    values: Sequence[float], overlap: float = 0.0, examples: Share | None = None
) -> float:
    """Returns the standard error of a mean; NaN if it has no interval.

    Args:
        values: One finite number a seed. A value that is not finite makes the error NaN.
        overlap: As in `mean_interval`.
        examples: As in `mean_interval`.
    """
    n = len(values)
    if n < FEWEST_FOR_INTERVAL or not np.isfinite(values).all():
        return math.nan
    seeds = float(np.var(values, ddof=1)) * (1 / n + overlap)
    return math.sqrt(seeds + (examples.square if examples else 0.0))


def welch_interval(
    first: Sequence[float],
    second: Sequence[float],
    level: float = 0.95,
    overlaps: tuple[float, float] = (0.0, 0.0),
) -> Estimate:
    """Returns the difference of two means, second minus first, of values that are no pairs.

    Args:
        first: Finite numbers; a value that is not finite makes the estimate NaN.
        second: The others, whose number and deviation may differ.
        level: Coverage of the interval, between 0 and 1.
        overlaps: Held-out over training examples of the first and of the others, at least 0.

    Returns:
        The difference; its `n` is the smaller of the two numbers.

    References:
        Welch (1947), The Generalization of "Student's" Problem when Several Different Population
        Variances are Involved, Biometrika 34.
    """
    parts = [mean_interval(values) for values in (first, second)]
    mean, n = parts[1].mean - parts[0].mean, min(part.n for part in parts)
    if n < FEWEST_FOR_INTERVAL or not math.isfinite(mean):
        return Estimate(mean, math.nan, math.nan, n)
    squares = [
        float(np.var(values, ddof=1)) * (1 / len(values) + overlap)
        for values, overlap in zip((first, second), overlaps, strict=True)
    ]
    square = sum(squares)
    if square == 0:
        return Estimate(mean, mean, mean, n)
    sizes = (len(first), len(second))
    freedom = square**2 / sum(own**2 / (size - 1) for own, size in zip(squares, sizes, strict=True))
    half = float(special.stdtrit(freedom, (1 + level) / 2)) * math.sqrt(square)
    return Estimate(mean, mean - half, mean + half, n)


def share_interval(successes: int, n: int, level: float = 0.95) -> Estimate:
    """Returns a share with Wilson's interval.

    Args:
        successes: How many of `n`.
        n: Number of trials; 0 makes the estimate NaN.
        level: Coverage of the interval, between 0 and 1.

    References:
        Wilson (1927), Probable Inference, the Law of Succession, and Statistical Inference, JASA.
    """
    if n == 0:
        return Estimate(math.nan, math.nan, math.nan, 0)
    found = stats.binomtest(successes, n).proportion_ci(level, method="wilson")
    return Estimate(successes / n, float(found.low), float(found.high), n)


def sign_flip_p(differences: Sequence[float], alternative: str = "two-sided") -> float:
    """Returns the p of the paired permutation test on the mean difference.

    Under the hypothesis of no difference each sign is a fair coin. All 2**n assignments are
    counted up to n = 16; beyond that 10,000 are drawn with a fixed seed (0), the observed one among
    them. Means within 1e-7 of the largest difference are ties, so that accuracies that a file keeps
    with ten digits tie as they did.

    Args:
        differences: One finite number a pair; at least two, else the result is NaN.
        alternative: `two-sided`, `greater` or `less`.

    References:
        Fisher (1935), The Design of Experiments.
    """
    sample = np.asarray(differences, dtype=float)
    if len(sample) < 2 or not np.isfinite(sample).all():
        return math.nan
    # Subtraction leaves rounding errors in the differences, which would break ties.
    sample = sample / (np.abs(sample).max() or 1.0)
    means = _signs(len(sample)) @ sample / len(sample)
    beyond = (means >= means[0] - TIED, means <= means[0] + TIED)
    greater, less = (float(np.mean(tail)) for tail in beyond)
    if alternative == "two-sided":
        return min(1.0, 2 * min(greater, less))
    return greater if alternative == "greater" else less


@functools.lru_cache(maxsize=4)
def _signs(n: int) -> npt.NDArray[np.float64]:
    """Returns assignments of signs to `n` differences, shape `(assignments, n)`, all + first."""
    if n > MOST_ENUMERATED:
        flipped = np.random.default_rng(0).integers(0, 2, (10_000, n))
        flipped[0] = 0
    else:
        flipped = np.arange(2**n)[:, None] >> np.arange(n) & 1
    return np.asarray(1 - 2 * flipped, np.float64)


def student_p(
    values: Sequence[float], overlap: float = 0.0, examples: Share | None = None
) -> float:
    """Returns the two-sided p of Student's t test that the mean is 0.

    Args:
        values: One finite number a seed; at least two, else the result is NaN.
        overlap: Held-out over training examples of seeds that share them, at least 0.
        examples: What the choice of test examples adds, or `None`.
    """
    sample = _scaled(np.asarray(values, dtype=float))
    n = len(sample)
    if n < 2 or not np.isfinite(sample).all():
        return math.nan
    if np.ptp(sample) == 0:
        p = 0.0 if sample[0] else 1.0
    else:
        p = 2 * student_tail(abs(_t(sample)) / math.sqrt(1 + n * overlap), n - 1)
    if examples is None or not examples.square:
        return p
    # The larger of two tests, so that examples never make up for seeds.
    mean, seeds = float(np.mean(values)), float(np.var(values, ddof=1)) * (1 / n + overlap)
    t = abs(mean) / math.sqrt(seeds + examples.square)
    return max(p, 2 * student_tail(t, examples.freedom(seeds, n)))


def skewness_adjusted_p(values: Sequence[float]) -> float:
    """Returns the two-sided p of the t test that the mean is 0, adjusted for skewness.

    With few values of a skewed distribution Student's t misses the mean on the side of the long
    tail up to four times too often. Where the long tail lies towards 0, t is brought back by its
    first-order dependence on skewness. That removes part of the excess, not all; elsewhere nothing
    is changed.

    Args:
        values: One finite number a seed; at least two, else the result is NaN.

    References:
        Johnson (1978), Modified t Tests and Confidence Intervals for Asymmetrical Populations,
        JASA 73(363).
    """
    sample = _scaled(np.asarray(values, dtype=float))
    n = len(sample)
    if n < 3 or not np.isfinite(sample).all() or np.ptp(sample) == 0:
        return student_p(values)
    t = _t(sample)
    distances = (sample - sample.mean()) / sample.std(ddof=1)
    skewness = float((distances**3).sum()) * n / ((n - 1) * (n - 2))
    against = -math.copysign(skewness, t * skewness)
    if against < 1e-6:
        return student_p(values)
    # |t| = z + against * (2 z**2 + 1) / (6 sqrt(n)), solved for z.
    square = against / (3 * math.sqrt(n))
    rest = max(abs(t) - square / 2, 0)
    z = (math.sqrt(1 + 4 * square * rest) - 1) / (2 * square)
    return 2 * student_tail(z, n - 1)


def student_tail(t: float, freedom: float) -> float:
    """Returns the chance that Student's t is above a value.

    It is what `scipy.stats.t.sf` calls, which takes dozens of times as long.

    Args:
        t: The value.
        freedom: Degrees of freedom, above 0.
    """
    return float(special.stdtr(freedom, -t))


def _t(sample: npt.NDArray[np.float64]) -> float:
    return float(sample.mean() / sample.std(ddof=1)) * math.sqrt(len(sample))


def _scaled(sample: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Returns values with the largest at 1 or -1, without the rounding errors of subtraction."""
    largest = np.abs(sample).max(initial=0.0)
    if largest == 0 or not math.isfinite(largest):
        return sample
    scaled: npt.NDArray[np.float64] = np.round(sample / largest, 12)
    return scaled


def mean_p(values: Sequence[float], overlap: float = 0.0, examples: Share | None = None) -> float:
    """Returns the p that a mean is not 0: the largest of three tests, which thus agree.

    They are exact sign flips, Student's t and Student's t adjusted for skewness. Of these only
    Student's t has a correction for seeds that share examples, and a part for the choice of test
    examples, so that alone bounds the error there. The others, which take the seeds to be
    independent, can only make p larger: what they do not show of independent seeds is not shown,
    and equal values of a few seeds decide nothing.

    Args:
        values: One finite number a seed; at least two, else the result is NaN.
        overlap: Held-out over training examples of seeds that share them, at least 0.
        examples: What the choice of test examples adds, or `None`.
    """
    of_means = student_p(values, overlap, examples)
    return max(sign_flip_p(values), of_means, skewness_adjusted_p(values))


def equivalence_p(
    differences: Sequence[float],
    margin: float,
    overlap: float = 0.0,
    examples: Share | None = None,
) -> float:
    """Returns the p of two tests, one at each end: is the mean difference within the margin?

    It is the larger `mean_p`, so that it is below 0.05 where the 95 % interval lies within the
    margin: stricter than the usual 90 %.

    Args:
        differences: One finite number a pair; at least two, else the result is NaN.
        margin: Largest difference that does not count, above 0.
        overlap: Held-out over training examples of seeds that share them, at least 0.
        examples: What the choice of test examples adds, or `None`.

    References:
        Schuirmann (1987), A comparison of the two one-sided tests procedure and the power approach,
        J. Pharmacokinetics and Biopharmaceutics 15.
    """
    sample = np.asarray(differences, dtype=float)
    if len(sample) < 2 or not np.isfinite(sample).all():
        return math.nan
    if abs(sample.mean()) >= margin:
        return 1.0
    return max(mean_p((sample - edge).tolist(), overlap, examples) for edge in (-margin, margin))


def trend_p(values: npt.ArrayLike) -> float:
    """Returns the p of Page's test that the columns rise from left to right.

    Args:
        values: Array of shape `(seeds, levels)` with at least 2 seeds and 3 levels.

    References:
        Page (1963), Ordered Hypotheses for Multiple Treatments, JASA 58(301).
    """
    table = np.asarray(values, dtype=float)
    if table.ndim != 2 or len(table) < 2 or table.shape[1] < 3 or not np.isfinite(table).all():
        return math.nan
    return float(stats.page_trend_test(table).pvalue)


def holm(p: Sequence[float]) -> list[float]:
    """Returns p-values adjusted so that the chance of any false rejection is bounded.

    References:
        Holm (1979), A Simple Sequentially Rejective Multiple Test Procedure, Scand. J. Statistics.
    """
    values = np.asarray(p, dtype=float)
    order = np.argsort(values)
    steps = np.minimum(values[order] * np.arange(len(values), 0, -1), 1)
    adjusted = np.empty(len(values))
    adjusted[order] = np.maximum.accumulate(steps)
    return [float(value) for value in adjusted]


def broken_p(p: Sequence[float]) -> list[float]:
    """Returns the p-values of parts that are broken, adjusted for the number of parts.

    By accident one of several is broken the more easily. Holm's factors are for one side, as only
    one side breaks a part; a single part keeps its two-sided p.

    Args:
        p: Two-sided p of a part on the wrong side of its margin, 1 for any other, NaN for a part
            that is broken without a test.
    """
    given = [0.0 if math.isnan(one) else one for one in p]
    one_sided = holm([one / 2 for one in given])
    return [1.0 if one == 1 else max(one, half) for one, half in zip(given, one_sided, strict=True)]


def benjamini_hochberg(p: Sequence[float]) -> list[float]:
    """Returns p-values adjusted so that the expected share of false rejections is bounded.

    References:
        Benjamini and Hochberg (1995), Controlling the False Discovery Rate, JRSS B 57(1).
    """
    return [float(value) for value in stats.false_discovery_control(list(p))] if len(p) else []


def fewest_seeds(alpha: float = 0.05) -> int:
    """Returns with how many seeds the two-sided sign-flip test can fall below `alpha`."""
    return math.floor(1 - math.log2(alpha)) + 1  # 2 / 2**n < alpha
