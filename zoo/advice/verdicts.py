"""From differences on random splits to verdicts. Pure.

Splits of the same rows overlap, so intervals and tests are those of Nadeau and Bengio (2003).
There are up to three looks at growing numbers of splits, each with a third of the 5 %; at each look
the p of all items are adjusted together (Benjamini and Hochberg 1995).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from zoo.advice.clock import LOOKS
from zoo.evidence.statistics import (
    POWER,
    benjamini_hochberg,
    equivalence_p,
    mean_interval,
    student_p,
)

ALPHA = 0.05 / len(LOOKS)
HELPS, HURTS, EQUAL, UNDECIDED = "helps", "hurts", "does not matter", "undecided"


@dataclass(frozen=True)
class Effect:
    """What turning a knob does.

    Attributes:
        mean: Mean difference of the test score from the baseline's, as a share of 1.
        low: Lower end of its 95 % interval.
        high: Upper end.
        n: Number of splits.
        p: Two-sided p that it is not 0, not adjusted.
        verdict: `helps`, `hurts`, `does not matter` or `undecided`.
        rows: Of the undecided how many rows would decide; 0 if that cannot be said.
    """

    mean: float
    low: float
    high: float
    n: int
    p: float
    verdict: str
    rows: int = 0


def settled(
    differences: Mapping[str, Sequence[float]],
    margin: float,
    overlap: float,
    before: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Returns the verdict on every item at one look.

    What lies within the margin does not matter, whether it differs from 0 or not. What was decided
    at an earlier look stays so.

    Args:
        differences: One number a split, by item; at least two.
        margin: Largest difference that does not matter, above 0.
        overlap: Held-out over training examples of a split.
        before: The verdicts of the look before.
    """
    labels = list(differences)
    p = [student_p(differences[label], overlap) for label in labels]
    adjusted = benjamini_hochberg([1.0 if math.isnan(each) else each for each in p])
    found = {}
    for label, own in zip(labels, adjusted, strict=True):
        earlier = (before or {}).get(label, UNDECIDED)
        found[label] = earlier
        if earlier == UNDECIDED:
            found[label] = _verdict(differences[label], own, margin, overlap)
    return found


def _verdict(sample: Sequence[float], adjusted: float, margin: float, overlap: float) -> str:
    if equivalence_p(sample, margin, overlap) < ALPHA:
        return EQUAL
    if not adjusted < ALPHA:
        return UNDECIDED
    return HELPS if float(np.mean(sample)) > 0 else HURTS


def effect_of(
    sample: Sequence[float], verdict: str, margin: float, overlap: float, rows: int
) -> Effect:
    """Returns the effect of an item with its interval and, if it is undecided, the rows it takes.

    Args:
        sample: Differences, one a split.
        verdict: What was found.
        margin: Largest difference that does not matter.
        overlap: Held-out over training examples of a split.
        rows: How many rows the splits are of.
    """
    told = mean_interval(sample, overlap=overlap)
    needed = rows_needed(sample, margin, overlap, rows) if verdict == UNDECIDED else 0
    p = student_p(sample, overlap)
    return Effect(told.mean, told.low, told.high, told.n, p, verdict, needed)


def shown_difference(deviation: float, overlap: float, splits: int = LOOKS[-1]) -> float:
    """Returns the smallest true difference that so many splits show with a power of 80 %.

    Args:
        deviation: Standard deviation of a split's difference.
        overlap: Held-out over training examples of a split.
        splits: Number of splits, at least 2.
    """
    error = deviation * math.sqrt(1 / splits + overlap)
    return error * float(stats.t.ppf(1 - ALPHA / 2, splits - 1) + stats.t.ppf(POWER, splits - 1))


def rows_needed(sample: Sequence[float], margin: float, overlap: float, rows: int) -> int:
    """Returns how many rows would decide, if mean and deviation stay as seen.

    The variance of a split's difference is taken to fall with the number of rows, as the test
    part's does. Either the difference shows, or that it lies within the margin: what takes fewer.

    Args:
        sample: Differences, one a split.
        margin: Largest difference that does not matter.
        overlap: Held-out over training examples of a split.
        rows: How many rows the splits are of.

    Returns:
        A number of two digits, at least `rows`; 0 if it cannot be said, or is above 10 million.
    """
    if len(sample) < 2 or not np.isfinite(sample).all():
        return 0
    mean = abs(float(np.mean(sample)))
    least = shown_difference(float(np.std(sample, ddof=1)), overlap)
    distance = max(mean, margin - mean)
    if distance <= 0:
        return 0
    needed = rows * (least / distance) ** 2
    if not math.isfinite(needed) or needed > 1e7:
        return 0
    digits = 10.0 ** max(math.floor(math.log10(max(needed, 1))) - 1, 0)
    return max(rows, int(math.ceil(needed / digits) * digits))


def chosen_scores(
    validation: Sequence[Sequence[float]], test: Sequence[Sequence[float]]
) -> list[float]:
    """Returns each split's test score at the rate that validates best there.

    Args:
        validation: Scores of shape (rates, splits), rates in rising order; a tie goes to the first.
        test: Those of the test part.
    """
    table = np.nan_to_num(np.asarray(validation, float), nan=-math.inf)
    places = table.argmax(axis=0)
    scores = np.asarray(test, float)[places, np.arange(table.shape[1])]
    return [float(score) for score in scores]
