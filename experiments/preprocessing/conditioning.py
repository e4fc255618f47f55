"""Do features of different scale make the loss surface a ravine, and gradient descent slow?

The lecture's contours are those of a linear model. The curvature of its loss is X'X/N: gradient
descent is stable below the rate 2 over the largest eigenvalue, and the larger the condition number
the more steps it takes at its best rate. Every feature matters equally to the target. Steps are
counted until the loss is a hundredth of the first; that it diverges above the limit and not below
is tried with a dense layer and SGD.

References:
    LeCun et al. (1998), Efficient BackProp, sections 4.3 and 5.
    Goodfellow, Bengio and Courville (2016), Deep Learning, section 4.3.1.
"""

import math

import keras
import numpy as np
from keras import layers

from zoo.claims import Claim, Order, equal
from zoo.experiment import Measurement
from zoo.preprocessing import Chain, Units, standardise

EXAMPLES, FEATURES = 500, 8


def linear_model(prepare, steps=40):
    """Returns a measurement of gradient descent on (y - Xw)^2 / 2 with features that all matter."""

    def check(seed):
        raw = np.random.default_rng(seed).normal(size=(EXAMPLES, FEATURES))
        x = prepare(raw)(raw)
        curvature = x.T @ x / EXAMPLES
        eigenvalues = np.linalg.eigvalsh(curvature)
        best = 1 / x.std(axis=0)
        y = x @ best
        limit = 2 / eigenvalues.max()
        count, error, rate = 0, best.copy(), 2 / (eigenvalues.max() + eigenvalues.min())
        while error @ curvature @ error > 0.01 * best @ curvature @ best:
            error = error - rate * curvature @ error
            count += 1
        return {
            "log10_condition_number": math.log10(eigenvalues.max() / eigenvalues.min()),
            "log10_steps": math.log10(count),
            "diverges_above": descent(x, y, 1.1 * limit, steps) > 1,
            "diverges_below": descent(x, y, 0.9 * limit, steps) > 1,
        }

    return check


def descent(x, y, rate, steps):
    """Returns the loss of a dense layer after steps of gradient descent from 0, over the first."""
    dense = layers.Dense(1, use_bias=False, kernel_initializer="zeros")
    model = keras.Sequential([keras.Input((FEATURES,)), dense])
    loss = keras.losses.MeanSquaredError()
    model.compile(keras.optimizers.SGD(rate), lambda a, b: loss(a, b) / 2, run_eagerly=True)
    losses = [float(model.train_on_batch(x, y[:, None])) for _ in range(steps)]
    return losses[-1] / losses[0]


SCALED, *RAW = "ratio 100 standardised", "ratio 1", "ratio 10", "ratio 100"
UNITS = dict(zip(RAW, (Units(0), Units(1), Units(2)), strict=True))

EXPERIMENT = Measurement(
    factor="feature_scale",
    baseline="ratio 1",
    variants={
        **{ratio: linear_model(units) for ratio, units in UNITS.items()},
        SCALED: linear_model(Chain((Units(2), standardise))),
    },
    claims=[
        Claim(
            "PRE04",
            (
                Order((SCALED, *RAW[1:]), "log10_condition_number"),
                Order((SCALED, *RAW[1:]), "log10_steps"),
            ),
            "The less features differ in scale, the rounder the loss and the fewer the steps.",
            deviation="a linear model",
        ),
        Claim(
            "PRE04 limit",
            equal({"diverges_above": 1.0, "diverges_below": 0.0}, tolerance=0.0),
            "Descent diverges above a rate of two over the largest curvature, and not below.",
            deviation="a linear model",
        ),
    ],
)
