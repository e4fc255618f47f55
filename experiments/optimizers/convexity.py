"""Is the loss of linear models convex in the weights, and that of a network not?

Losses on the same 100 examples are looked at between 1,000 pairs of random weights: a convex loss
lies nowhere above the chord, a concave one nowhere below it. Half-way is looked at, and what
rounding explains does not count. The network has one hidden layer of five tanh units.

References:
    Boyd and Vandenberghe (2004), Convex Optimization, section 3.1.
"""

import numpy as np
from keras import losses, ops

from zoo.claims import Claim, Difference, zero
from zoo.experiment import Measurement

EXAMPLES, FEATURES, UNITS, PAIRS = 100, 3, 5, 1000
ROUNDING = 1e-12  # of the losses at both ends


def linear(weights, x):
    """Returns the outputs of a linear model, shape (pairs, examples)."""
    return weights[:, :FEATURES] @ x.T + weights[:, FEATURES, None]


def network(weights, x):
    """Returns the outputs of a network with one hidden layer, shape (pairs, examples)."""
    first, second = np.split(weights, [UNITS * FEATURES], axis=1)
    hidden = np.tanh(np.einsum("puf,ef->peu", first.reshape(-1, UNITS, FEATURES), x))
    return np.einsum("peu,pu->pe", hidden, second)


def squares(outputs, targets, weights):
    """Returns the mean squared error, shape (pairs,)."""
    return losses.mean_squared_error(np.broadcast_to(targets, outputs.shape), outputs)


def hinge(outputs, targets, weights):
    """Returns the loss of a support vector machine, shape (pairs,)."""
    signs = np.broadcast_to(np.sign(targets), outputs.shape)
    return losses.hinge(signs, outputs) + (weights**2).sum(axis=1) / 100


def between(outputs, loss, size):
    """Returns a measurement of how many pairs have a loss beside the chord half-way."""

    def measure(seed):
        drawn = np.random.default_rng(seed)
        x, targets = drawn.normal(size=(EXAMPLES, FEATURES)), drawn.normal(size=EXAMPLES)
        ends = drawn.normal(size=(2, PAIRS, size))
        one, other, middle = (
            ops.convert_to_numpy(loss(outputs(each, x), targets, each))
            for each in (*ends, ends.mean(axis=0))
        )
        beside, rounding = middle - (one + other) / 2, ROUNDING * (one + other)
        return {
            "share_above_chord": (beside > rounding).mean(),
            "share_below_chord": (beside < -rounding).mean(),
        }

    return measure


LINEAR = ("linear regression", "support vector machine")
ABOVE = "share_above_chord"

EXPERIMENT = Measurement(
    factor="model",
    variants={
        "linear regression": between(linear, squares, FEATURES + 1),
        "support vector machine": between(linear, hinge, FEATURES + 1),
        "network": between(network, squares, UNITS * (FEATURES + 1)),
    },
    claims=[
        Claim(
            "OPT28",
            (*zero(ABOVE, of=LINEAR, tolerance=0.0), Difference("network", LINEAR[0], ABOVE, 0.01)),
            "Half-way between random weights the losses of linear regression and of a support "
            "vector machine are never above the chord, that of a network is for over 1 %.",
            deviation="what convexity does for training and generalisation is not asked",
        ),
    ],
)
