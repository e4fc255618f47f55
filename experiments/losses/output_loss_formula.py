"""Are softmax, cross entropy and squared error what the lectures write, and equal to Keras's?

Two sentences are slips: cross entropy is lowest where prediction and truth agree, not highest, and
the binary loss to minimise is typed without its minus.

References:
    Goodfellow, Bengio and Courville (2016), Deep Learning, sections 3.13, 5.5 and 6.2.2.
    Bishop (2006), Pattern Recognition and Machine Learning, section 4.3.
"""

import keras
import numpy as np
from keras import layers, losses, ops

from zoo.claims import Claim, Trend, zero
from zoo.experiment import Measurement
from zoo.measure import draw, furthest, gradients

LABELS = np.arange(8) % 5
ONE_HOT = np.eye(5)[LABELS]


def distributions(seed):
    """Draws eight distributions over five classes."""
    return np.random.default_rng(seed).dirichlet(np.ones(5), 8).astype("float32") * 0.99 + 0.002


def softmax(seed):
    """Looks at softmax on logits of both signs, eighths so that a shift by 64 rounds nothing."""
    z = np.round(24 * draw(seed, 8, 5)) / 8
    outputs = ops.convert_to_numpy(ops.softmax(z))
    powers = np.exp(z.astype(float))
    return {
        "formula_error": furthest(outputs, powers / powers.sum(1, keepdims=True)),
        "sum_error": furthest(outputs.sum(1), np.ones(8)),
        "not_positive": (outputs <= 0).sum(),
        "change_by_shift": furthest(ops.softmax(z + 64), outputs),
        "other_predictions": (outputs.argmax(1) != z.argmax(1)).sum(),
    }


def crossentropy(seed):
    """Compares cross entropy with -log q of the correct class, and with entropy and divergence."""
    p, q = distributions(seed + 100), distributions(seed)
    parts = losses.kl_divergence(p, q) - (p * np.log(p)).sum(1)
    correct = (q * ONE_HOT).sum(1, keepdims=True)
    equal = np.where(ONE_HOT == 1, correct, (1 - correct) / 4)
    found = [losses.categorical_crossentropy(ONE_HOT, each) for each in (q, equal)]
    return {
        "error": furthest(found[0], -np.log(correct[:, 0])),
        "change_by_other_classes": furthest(*found),
        "below_0": max(0.0, -float(ops.min(found[0]))),
        "divergence_error": furthest(losses.categorical_crossentropy(p, q), parts),
    }


def agreement(share):
    """Returns the cross entropy of predictions that agree with the truth to a share."""

    def check(seed):
        q = share * ONE_HOT + (1 - share) * distributions(seed)
        return {"crossentropy": ops.mean(losses.categorical_crossentropy(ONE_HOT, q))}

    return check


def squares(seed):
    """Compares half the sum of squared errors with Keras's mean, and where they agree with 0."""
    y, q = draw(seed, 8, 5), draw(seed + 1, 8, 5)
    halves = ((y - q).astype(float) ** 2).sum(1) / 2
    return {
        "error": furthest(losses.mean_squared_error(y, q), 2 / 5 * halves),
        "below_0": max(0.0, -halves.min()),
        "where_they_agree": ops.max(losses.mean_squared_error(y, y)),
    }


def binary(seed):
    """Compares the binary loss with the log-likelihood of a coin, and with what is typed."""
    h = np.random.default_rng(seed).uniform(0.05, 0.95, (8, 1)).astype("float32")
    y = np.arange(8.0)[:, None] % 2
    found = losses.binary_crossentropy(y, h)
    return {
        "likelihood_error": furthest(found, -np.log(h**y * (1 - h) ** (1 - y))[:, 0]),
        "cases_error": furthest(found, np.where(y == 1, -np.log(h), -np.log(1 - h))[:, 0]),
        "error_as_typed": furthest(found, (y * np.log(h) + (1 - y) * np.log(1 - h))[:, 0]),
    }


def logistic_regression(seed):
    """Looks at Dense(1, sigmoid) at the maximum of the likelihood, found by Newton's method."""
    x, y = draw(seed, 100, 3), (draw(seed + 1, 100) > 0).astype(float)
    weights = np.zeros(3)
    for _ in range(20):
        h = 1 / (1 + np.exp(-x @ weights))
        weights += np.linalg.solve(x.T * (h * (1 - h)) @ x, x.T @ (y - h))
    model = keras.Sequential([keras.Input((3,)), layers.Dense(1, "sigmoid", use_bias=False)])
    model.set_weights([weights[:, None]])
    (slope,) = gradients(model, "binary_crossentropy", x, y[:, None])
    error = furthest(model(x)[:, 0], 1 / (1 + np.exp(-x @ weights)))
    return {"error": error, "gradient": np.abs(slope).max()}


def mean(seed):
    """Compares the loss of a batch with the mean of its examples' losses."""
    z = draw(seed, 8, 5)
    each = -np.log(np.exp(z) / np.exp(z).sum(1, keepdims=True))[np.arange(8), LABELS]
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    return {"error": furthest(loss(LABELS, z), each.mean())}


AGREEMENT = ("agreement 0", "agreement 0.5", "agreement 1")
SOFTMAX = ("formula_error", "sum_error", "not_positive", "change_by_shift")

EXPERIMENT = Measurement(
    factor="formula",
    variants={
        "softmax": softmax,
        "crossentropy": crossentropy,
        **{label: agreement(float(label.split()[1])) for label in AGREEMENT},
        "squares": squares,
        "binary": binary,
        "logistic regression": logistic_regression,
        "mean over examples": mean,
    },
    claims=[
        Claim("LOS01", zero(*SOFTMAX, of="softmax")),
        Claim("LOS02", zero("other_predictions", of="softmax")),
        Claim("LOS03", zero("error", "change_by_other_classes", of="crossentropy")),
        Claim(
            "LOS04",
            (*zero("below_0", of="crossentropy"), Trend(AGREEMENT, "crossentropy")),
            "Cross entropy is at least 0 and rises the more prediction and truth agree.",
        ),
        Claim("LOS05", zero("error", "below_0", "where_they_agree", of="squares")),
        Claim("LOS06", zero("likelihood_error", "cases_error", of="binary")),
        Claim("LOS07", zero("error_as_typed", of="binary")),
        Claim("LOS08", zero("divergence_error", of="crossentropy")),
        Claim("LOS12", zero("error", "gradient", of="logistic regression")),
        Claim("SPL12", zero("error", of="mean over examples")),
    ],
)
