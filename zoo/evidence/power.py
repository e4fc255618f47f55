"""How many seeds would decide: numbers in, numbers out."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from zoo.evidence.examples import Share
from zoo.evidence.statistics import POWER, fewest_seeds


def seeds_needed(
    differences: Sequence[float],
    margin: float = 0.0,
    alpha: float = 0.05,
    overlap: float = 0.0,
    examples: Share | None = None,
) -> int:
    """Returns how many seeds would tell the mean difference from a margin, if both stay as seen.

    Student's t test of that many values with the same mean and deviation falls below `alpha` with
    a power of `POWER`, and the exact sign-flip test can. That all tests of `mean_p` do is a little
    less likely: about 75 % for ten normal values, 71 % for six.

    Args:
        differences: At least two finite numbers that are not all the same.
        margin: What the mean has to be told from.
        alpha: Level of the two-sided test.
        overlap: Held-out over training examples of seeds that share them, at least 0. More seeds
            then say less and less, and no number may be enough.
        examples: What the choice of test examples adds, or `None`. No seeds make it less.

    Returns:
        The number, or 0 if it would be above 10,000 or cannot be said.
    """
    sample = np.asarray(differences, dtype=float)
    if len(sample) < 2 or not np.isfinite(sample).all():
        return 0
    distance, deviation = abs(float(sample.mean()) - margin), float(sample.std(ddof=1))
    fixed = examples.square if examples else 0.0
    if deviation == 0 and not fixed:
        return fewest_seeds(alpha) if distance > 0 else 0
    numbers, effects = _shown_effects(alpha)
    spread = np.sqrt(1 + numbers * overlap) * deviation
    if fixed:
        spread = np.sqrt(spread**2 + numbers * fixed)
    enough = numbers[effects * spread <= distance]
    return int(enough[0]) if len(enough) else 0


@functools.cache
def _shown_effects(alpha: float) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Returns numbers of seeds, and the mean in deviations that the t test shows with `POWER`.

    Both have the shape `(numbers,)`. With a true mean of m deviations t has the noncentral
    distribution with noncentrality m sqrt(n); that it errs on the wrong side is neglected.
    """
    fewest = fewest_seeds(alpha)
    close = np.arange(fewest, max(fewest, 100))
    numbers = np.concatenate([close, np.arange(max(fewest, 100), 10_001, 10)])
    critical = stats.t.ppf(1 - alpha / 2, numbers - 1)
    return numbers, special.nctdtrinc(numbers - 1, 1 - POWER, critical) / np.sqrt(numbers)
