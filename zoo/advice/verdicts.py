"""From differences on random splits to verdicts. Pure.

It is known which rows each network has right, or how far it is off. A row that is tested in several
splits is one row, so the variance of the mean difference is that of clusters: of rows, and of
splits for what the training part adds. Splits share training rows, so what these add is corrected
as Nadeau and Bengio (2003) propose. Where only the scores of whole splits are known, the correction
is made to all of their variance, which is safe and wide.

There are up to three looks at growing numbers of splits, each with a third of the 5 %; at each look
the p of all items are adjusted together (Benjamini and Hochberg 1995).

References:
    Nadeau and Bengio (2003), Inference for the Generalization Error, Machine Learning 52.
    Cameron, Gelbach and Miller (2011), Robust Inference With Multiway Clustering, JBES 29(2).
    Schuirmann (1987), A comparison of the two one-sided tests procedure and the power approach,
    J. Pharmacokinetics and Biopharmaceutics 15.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from zoo.advice.clock import LOOKS
from zoo.evidence.statistics import POWER, benjamini_hochberg, standard_error, student_tail

Array = NDArray[Any]
LEVEL = 0.05
UNSEEN = 4  # rows; where no row differs the bound on the share that does is that of the binomial
ALPHA = LEVEL / len(LOOKS)
HELPS, HURTS, EQUAL, UNDECIDED = "helps", "hurts", "does not matter", "undecided"


@dataclass(frozen=True)
class Evidence:
    """A mean difference of test scores and what is known of its error.

    Attributes:
        mean: Mean difference, as a share of 1.
        error: Its standard error, at least 0.
        freedom: Degrees of freedom of that.
        n: Number of splits.
    """

    mean: float
    error: float
    freedom: float
    n: int

    @property
    def p(self) -> float:
        """Two-sided p that the true difference is 0."""
        if self.error == 0:
            return float(self.mean == 0)
        return 2 * student_tail(abs(self.mean) / self.error, self.freedom)

    def equal_p(self, margin: float) -> float:
        """Returns the p of two one-sided tests that the true difference lies within the margin."""
        distance = margin - abs(self.mean)
        if self.error == 0:
            return float(distance <= 0)
        return student_tail(distance / self.error, self.freedom)

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval."""
        half = self.error * float(stats.t.ppf(1 - LEVEL / 2, self.freedom))
        return self.mean - half, self.mean + half

    @property
    def shown(self) -> float:
        """The smallest true difference that a look shows with a power of 80 % at this error."""
        quantiles = stats.t.ppf([1 - ALPHA / 2, POWER], self.freedom)
        return self.error * float(quantiles.sum())


def of_splits(differences: Sequence[float], overlap: float) -> Evidence:
    """Returns what the scores of whole splits say.

    Args:
        differences: One number a split, at least three.
        overlap: Held-out over training examples of a split.
    """
    error = standard_error(differences, overlap)
    n = len(differences)
    return Evidence(float(np.mean(differences)), error, float(n - 1), n)


def of_rows(
    differences: Sequence[Array], tested: Sequence[Array], overlap: float, most: float = 0.0
) -> Evidence:
    """Returns what single rows say.

    With the residuals r of row i in split s, and N of them, the variance of the mean is that of
    rows, sum_i (sum_s r)^2 / N^2, and what splits add to it, sum_s (sum_i r)^2 / N^2 less
    sum r^2 / N^2, which counts 1 + overlap times the number of splits, as their luck is shared. Of
    classes some rows more are taken to differ than were seen: that none of 300 rows differs does
    not say that none ever will.

    Args:
        differences: For each split an array of shape (test rows,), whose mean is the split's
            difference: of classes 1 where only the other is right, -1 where only the baseline is,
            else 0.
        tested: For each split the numbers of these rows, from 0.
        overlap: Held-out over training examples of a split.
        most: Most by which a row can differ, 1 of classes; `UNSEEN` rows more are taken to differ
            by that.

    References:
        Agresti and Min (2005), Simple improved confidence intervals for comparing matched
        proportions, Statistics in Medicine 24, who add pairs as well.
    """
    rows, values = np.concatenate(list(tested)), np.concatenate(list(differences)).astype(float)
    splits, total = len(differences), len(values)
    mean = float(values.mean())
    rest = values - mean
    by_row = np.bincount(rows, weights=rest)[np.bincount(rows) > 0]
    sizes = np.array([len(own) for own in differences])
    by_split = np.add.reduceat(rest, np.concatenate([[0], sizes.cumsum()[:-1]]))
    of_row = float((by_row**2).sum()) * len(by_row) / (len(by_row) - 1)
    of_row += UNSEEN * (most * total / len(by_row)) ** 2
    of_split = float((by_split**2).sum()) * splits / (splits - 1) - float((rest**2).sum())
    luck = max(of_split, 0.0) * (1 + splits * overlap)
    whole = of_row + luck
    if whole <= 0:
        return Evidence(mean, 0.0, float(splits - 1), splits)
    freedom = whole**2 / (of_row**2 / (len(by_row) - 1) + luck**2 / (splits - 1))
    return Evidence(mean, math.sqrt(whole) / total, freedom, splits)


@dataclass(frozen=True)
class Effect:
    """What turning a knob does.

    Attributes:
        evidence: The difference and its error.
        verdict: `helps`, `hurts`, `does not matter` or `undecided`.
        rows: Of the undecided how many rows would decide; 0 if that cannot be said.
    """

    evidence: Evidence
    verdict: str
    rows: int = 0


def settled(
    evidence: Mapping[str, Evidence], margin: float, before: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Returns the verdict on every item at one look.

    What lies within the margin does not matter, whether it differs from 0 or not. What was decided
    at an earlier look stays so.

    Args:
        evidence: What is known, by item.
        margin: Largest difference that does not matter, above 0.
        before: The verdicts of the look before.
    """
    adjusted = benjamini_hochberg([each.p for each in evidence.values()])
    found = {}
    for (label, own), p in zip(evidence.items(), adjusted, strict=True):
        found[label] = (before or {}).get(label, UNDECIDED)
        if found[label] == UNDECIDED:
            if own.equal_p(margin) < ALPHA:
                found[label] = EQUAL
            elif p < ALPHA:
                found[label] = HELPS if own.mean > 0 else HURTS
    return found


def rows_needed(evidence: Evidence, margin: float, rows: int) -> int:
    """Returns how many rows would decide, if the mean stays as seen.

    The variance is taken to fall with the number of rows. Either the difference shows, or that it
    lies within the margin: what takes fewer.

    Args:
        evidence: What is known.
        margin: Largest difference that does not matter.
        rows: How many rows the splits are of.

    Returns:
        A number of two digits, at least `rows`; 0 if it is above 10 million.
    """
    mean = abs(evidence.mean)
    distance = max(mean, margin - mean)
    needed = rows * (evidence.shown / distance) ** 2
    if not math.isfinite(needed) or needed > 1e7:
        return 0
    digits = 10.0 ** max(math.floor(math.log10(max(needed, 1))) - 1, 0)
    return max(rows, int(math.ceil(needed / digits) * digits))


def chosen(validation: Sequence[Sequence[float]]) -> list[int]:
    """Returns for each split the place of the rate that validates best there.

    Args:
        validation: Scores of shape (rates, splits), rates in rising order; a tie goes to the first.
    """
    table = np.nan_to_num(np.asarray(validation, float), nan=-math.inf)
    return [int(place) for place in table.argmax(axis=0)]
