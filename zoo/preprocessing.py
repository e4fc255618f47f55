"""What can be done to features before training, learned from the training part alone.

Each is a function of the raw training features, shape `(examples, ...)`, which returns the function
that is applied to the features of every part.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Apply = Callable[[Array], Array]


def unchanged(x_train: Array) -> Apply:
    """Leaves the features as they are."""
    return lambda x: x.astype(np.float64)


@dataclass(frozen=True)
class Range:
    """Brings each feature of the training part into a range.

    Attributes:
        low: What the smallest value becomes.
        high: What the largest value becomes, above `low`. A constant feature becomes `low`.
        together: Whether all features have one scale, that of the smallest and largest of all.
    """

    low: float
    high: float
    together: bool = False

    def __call__(self, x_train: Array) -> Apply:
        """Learns each feature's range, or that of all together."""
        axis = None if self.together else 0
        least, span = x_train.min(axis=axis), np.ptp(x_train.astype(np.float64), axis=axis)
        scale = (self.high - self.low) / np.where(span > 0, span, 1)
        return lambda x: self.low + (x.astype(np.float64) - least) * scale


@dataclass(frozen=True)
class Centre:
    """Subtracts the training part's mean.

    Attributes:
        by_channel: One mean for each channel, the last axis, instead of one for each feature.
    """

    by_channel: bool = False

    def __call__(self, x_train: Array) -> Apply:
        """Learns the mean, of shape `x_train.shape[1:]` or `(channels,)`."""
        axes = tuple(range(x_train.ndim - 1)) if self.by_channel else (0,)
        mean = x_train.mean(axis=axes, dtype=np.float64)
        return lambda x: x - mean


def standardise(x_train: Array) -> Apply:
    """Centres each feature and divides it by its standard deviation; a constant becomes 0."""
    mean, deviation = x_train.mean(axis=0, dtype=np.float64), x_train.std(axis=0, dtype=np.float64)
    # Rounding makes the computed deviation of a constant such as 0.1 tiny instead of 0.
    scale = np.where(deviation > 1e-12 * abs(mean), deviation, 1)
    return lambda x: (x - mean) / scale


@dataclass(frozen=True)
class OwnStatistics:
    """Standardises the training part, and every other with the statistics of its own small groups.

    Attributes:
        examples: How many examples each group has, at least 1.
    """

    examples: int

    def __call__(self, x_train: Array) -> Apply:
        """Remembers which part is the training part."""

        def apply(x: Array) -> Array:
            if x is x_train:
                return standardise(x)(x)
            starts = range(0, len(x), self.examples)
            groups = [x[start : start + self.examples] for start in starts]
            return np.concatenate([standardise(group)(group) for group in groups])

        return apply


@dataclass(frozen=True)
class Principal:
    """Rotates centred examples onto the principal components of the training part.

    Attributes:
        components: How many of them to keep, largest variance first; `None` for all.
        whiten: Whether each is divided by its standard deviation.
        epsilon: Float of at least 0, added to the variance before that.
    """

    components: int | None = None
    whiten: bool = False
    epsilon: float = 1e-5

    def __call__(self, x_train: Array) -> Apply:
        """Learns mean and components; examples become vectors."""
        flat = x_train.reshape(len(x_train), -1).astype(np.float64)
        mean = flat.mean(axis=0)
        # The covariance of a single feature comes as a number.
        variances, directions = np.linalg.eigh(np.atleast_2d(np.cov(flat, rowvar=False)))
        chosen = np.argsort(variances)[::-1][: self.components]
        rotation = directions[:, chosen]
        if self.whiten:
            rotation = rotation / np.sqrt(np.maximum(variances[chosen], 0) + self.epsilon)
        return lambda x: (x.reshape(len(x), -1) - mean) @ rotation


@dataclass(frozen=True)
class Units:
    """Multiplies each feature with a factor of its own, as if it were measured in another unit.

    Attributes:
        decades: Factors lie between 1 and 10 to this power, evenly on a logarithmic scale.
        seed: Seed of which feature gets which.
    """

    decades: float
    seed: int = 0

    def __call__(self, x_train: Array) -> Apply:
        """Draws the factors."""
        shape = x_train.shape[1:]
        factors = 10 ** np.linspace(0, self.decades, int(np.prod(shape)))
        factors = np.random.default_rng(self.seed).permutation(factors).reshape(shape)
        return lambda x: x * factors


@dataclass(frozen=True)
class NoiseFeatures:
    """Adds features that carry nothing: normal noise, drawn anew for each part.

    Attributes:
        deviation: Standard deviation of the noise.
        count: How many features; `None` for as many as there are.
        seed: Seed of the noise.
    """

    deviation: float
    count: int | None = None
    seed: int = 0

    def __call__(self, x_train: Array) -> Apply:
        """Starts the stream of noise; examples become vectors."""
        generator = np.random.default_rng(self.seed)

        def apply(x: Array) -> Array:
            flat = x.reshape(len(x), -1)
            count = flat.shape[1] if self.count is None else self.count
            noise = generator.normal(0, self.deviation, (len(x), count))
            return np.concatenate([flat, noise], axis=1)

        return apply


@dataclass(frozen=True)
class Chain:
    """Does one after the other, each learned from what the one before leaves.

    Attributes:
        steps: The parts, in order.
    """

    steps: tuple[Callable[[Array], Apply], ...]

    def __call__(self, x_train: Array) -> Apply:
        """Learns all steps."""
        learned: list[Apply] = []
        x = x_train
        for step in self.steps:
            learned.append(step(x))
            x = learned[-1](x)

        def apply(part: Array) -> Array:
            if part is x_train:
                return x  # noise that was drawn once stays
            for step in learned:
                part = step(part)
            return part

        return apply


@dataclass(frozen=True)
class Shift:
    """Adds the same number to every feature.

    Attributes:
        by: The number.
    """

    by: float

    def __call__(self, x_train: Array) -> Apply:
        """Learns nothing."""
        return lambda x: x + self.by
