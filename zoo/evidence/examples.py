"""The part that the choice of the test examples has in the uncertainty of a mean. Pure.

Where all seeds are tested on the same examples, others would have given another mean, and no number
of seeds shows it. Seeds and examples are crossed: whether seed s has example i right is taken as
mu + a_s + b_i + e_si, with a, b and e drawn independently. Then the mean over n seeds and m
examples has the variance

    var(a) / n + var(b) / m + var(e) / (n m) = (MS_seeds + MS_examples - MS_rest) / (n m)

in expected mean squares. The spread of the seeds' means, MS_seeds / m, holds the rest's share
already; so what the examples add is (MS_examples - MS_rest) / (n m), never below 0.

References:
    Searle, Casella and McCulloch (1992), Variance Components, Wiley, chapter 4.
    Satterthwaite (1946), An Approximate Distribution of Estimates of Variance Components,
    Biometrics Bulletin 2(6).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

TINY = 1e-12  # of a mean square, below which a difference of two is rounding


@dataclass(frozen=True)
class Share:
    """What the choice of test examples adds to the variance of a mean over seeds.

    Attributes:
        square: The variance.
        spread: The variance of `square` itself, halved: the sum of each mean square's part in it,
            squared, over its degrees of freedom, as Satterthwaite takes it.
    """

    square: float
    spread: float

    @property
    def error(self) -> float:
        """The standard error that comes from the examples alone."""
        return math.sqrt(self.square)

    def freedom(self, seeds: float, n: int) -> float:
        """Returns the degrees of freedom of the whole variance, by Satterthwaite.

        Args:
            seeds: The seeds' part of the variance.
            n: Number of seeds, at least 2.
        """
        spread = seeds**2 / (n - 1) + self.spread
        return (seeds + self.square) ** 2 / spread if spread > 0 else float(n - 1)


def share_of(values: npt.ArrayLike) -> Share:
    """Returns the share of the examples in the variance of a mean over seeds and examples.

    Args:
        values: One finite number for each seed and example, such as 1 where a network is right and
            another is wrong, -1 the other way round and 0 else; shape `(seeds, examples)`, at least
            two of each.
    """
    table = np.asarray(values, dtype=float)
    n, m = table.shape
    mean = table.mean()
    of_examples = n * float(((table.mean(axis=0) - mean) ** 2).sum())
    of_seeds = m * float(((table.mean(axis=1) - mean) ** 2).sum())
    rest = max(float(((table - mean) ** 2).sum()) - of_examples - of_seeds, 0.0)
    examples, rest = of_examples / (m - 1), rest / ((n - 1) * (m - 1))
    if examples - rest <= TINY * examples:
        return Share(0.0, 0.0)
    spread = examples**2 / (m - 1) + rest**2 / ((n - 1) * (m - 1))
    return Share((examples - rest) / (n * m), spread / (n * m) ** 2)


def share_of_sum(terms: Sequence[tuple[float, Sequence[bytes]]]) -> Share | None:
    """Returns the share of the examples in a sum of mean accuracies with weights.

    Args:
        terms: A weight and, for each seed, a byte for each example, 1 if it is right and else 0, or
            no byte at all if that is not known; seeds are in the same order everywhere. Variants
            with as many examples are taken to be tested on the same, so that what they have in
            common cancels; others are independent.

    Returns:
        The share, or `None` if some run's bits are not known, or there are fewer than two seeds or
        examples.
    """
    sums: dict[int, npt.NDArray[np.float64]] = {}
    for weight, rights in terms:
        m = len(rights[0]) if len(rights) > 1 else 0
        if m < 2 or any(len(own) != m for own in rights):
            return None
        table = np.frombuffer(b"".join(rights), np.uint8).reshape(-1, m)  # (seeds, examples)
        sums[m] = sums.get(m, np.zeros(table.shape)) + weight * table
    shares = [share_of(table) for table in sums.values()]
    return Share(sum(s.square for s in shares), sum(s.spread for s in shares))
