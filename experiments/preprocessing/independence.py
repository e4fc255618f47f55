"""Does whitened mean independent?

Whitening removes the correlation of all data together. Within a class it may remain, and points on
a circle or a parabola are uncorrelated and yet depend on each other. Of normal data it makes
independent features. Dependence is the mutual information of two features, from the shares of ten
by ten bins with equal numbers of examples, less what chance alone gives.

References:
    Hyvarinen and Oja (2000), Independent Component Analysis: Algorithms and Applications.
    Miller (1955), Note on the bias of information estimates.
"""

import math

import numpy as np

from zoo.claims import Claim, Difference, Identity, Number
from zoo.experiment import Measurement
from zoo.preprocessing import Principal

EXAMPLES, BINS = 10_000, 10


def circle(drawn):
    """Returns points on a circle, shape (EXAMPLES, 2)."""
    angle = drawn.uniform(0, 2 * math.pi, EXAMPLES)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def parabola(drawn):
    """Returns points on y = x^2."""
    x = drawn.uniform(-1, 1, EXAMPLES)
    return np.stack([x, x**2], axis=1)


def normal(drawn):
    """Returns normal points with correlation."""
    return drawn.normal(size=(EXAMPLES, 2)) @ np.array([[1.0, 0.8], [0.0, 0.6]])


def two_classes(drawn):
    """Returns the points of two classes, the first half and the second."""
    side = np.where(np.arange(EXAMPLES) < EXAMPLES // 2, -1.0, 1.0)
    return normal(drawn) + side[:, None] * CENTRE


CENTRE = np.array([2.0, 0.0])


def shape(points):
    """Returns a measurement of the whitened points."""

    def check(seed):
        x = points(np.random.default_rng(seed))
        white = Principal(whiten=True, epsilon=0.0)(x)(x)
        first, second = white[: EXAMPLES // 2], white[EXAMPLES // 2 :]
        within = [abs(np.corrcoef(half, rowvar=False)[0, 1]) for half in (first, second)]
        return {
            "correlation": np.corrcoef(white, rowvar=False)[0, 1],
            "correlation_in_halves": np.mean(within),
            "mutual_information": mutual_information(white),
        }

    return check


def mutual_information(x):
    """Returns an estimate in nats, 0 on average for independent features."""
    ranks = x.argsort(axis=0).argsort(axis=0) * BINS // EXAMPLES
    joint = np.zeros((BINS, BINS))
    np.add.at(joint, tuple(ranks.T), 1 / EXAMPLES)
    filled = joint[joint > 0]
    return (filled * np.log(filled * BINS**2)).sum() - (BINS - 1) ** 2 / (2 * EXAMPLES)


def expected_within():
    """Returns the correlation within the classes of `two_classes`, whitened, in the long run."""
    within = np.array([[1.0, 0.8], [0.8, 1.0]])
    variances, directions = np.linalg.eigh(within + np.outer(CENTRE, CENTRE))
    whitened = directions.T @ within @ directions / np.sqrt(np.outer(variances, variances))
    return abs(whitened[0, 1]) / math.sqrt(whitened[0, 0] * whitened[1, 1])


# Of 2 n times an estimate, which is chi-squared with 81 degrees of freedom, in one seed.
ERROR = math.sqrt(2 * (BINS - 1) ** 2) / (2 * EXAMPLES)
UNCORRELATED = Identity("correlation", 0.0, 1e-9)
SHAPES = {"circle": circle, "parabola": parabola, "normal": normal, "two classes": two_classes}

EXPERIMENT = Measurement(
    factor="distribution",
    baseline="normal",
    variants={name: shape(points) for name, points in SHAPES.items()},
    claims=[
        Claim(
            "PRE17",
            (
                UNCORRELATED,
                # 3 standard errors of a correlation of 5000 examples, at most.
                Number("two classes", "correlation_in_halves", expected_within(), 0.04),
                Difference("two classes", "normal", "correlation_in_halves", margin=0.1),
                Difference("circle", "normal", "mutual_information", margin=0.1),
                Difference("parabola", "normal", "mutual_information", margin=0.1),
            ),
            "Whitened data may be correlated within a class, and uncorrelated ones dependent.",
        ),
        Claim(
            "PRE18",
            (UNCORRELATED, Number("normal", "mutual_information", 0.0, 3 * ERROR)),
            "Whitened normal features have no mutual information.",
        ),
    ],
)
