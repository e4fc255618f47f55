"""Does the perceptron's rule stop making mistakes?

Weights move by alpha times error times input, one example after the other. On data that a line
parts with a margin the number of mistakes is bounded by (R / margin)^2, R the length of the longest
input with a 1 for the bias; on data that no line parts the weights never settle.

References:
    Rosenblatt (1958), The perceptron, Psychological Review 65.
    Novikoff (1962), On convergence proofs for perceptrons.
"""

import numpy as np

from zoo.claims import Claim, Difference, zero
from zoo.experiment import Measurement

EPOCHS, ALPHA = 300, 0.5
MISTAKES = ("mistakes_beyond_the_bound", "mistakes_in_the_last_epoch")


def measure(labels, seed):
    """Trains a perceptron on 100 points of the plane for 300 epochs and counts its mistakes."""
    x = np.random.default_rng(seed).uniform(-1, 1, (400, 2))
    x = x[abs(x @ [0.6, 0.8] - 0.2) > 0.1][:100]
    y = labels(x)
    inputs = np.hstack([x, np.ones((100, 1))])  # the last weight is the bias
    weights, mistakes = np.zeros(3), np.zeros(EPOCHS)
    for epoch in range(EPOCHS):
        for example, wanted in zip(inputs, y, strict=True):
            output = float(weights @ example > 0)
            weights += ALPHA * (wanted - output) * example
            mistakes[epoch] += wanted != output
    # The parting line, scaled to weights of length 1, bias included.
    parting = np.array([0.6, 0.8, -0.2]) / np.sqrt(1.04)
    bound = (inputs**2).sum(1).max() / abs(inputs @ parting).min() ** 2
    return {
        "mistakes": mistakes.sum(),
        "mistakes_beyond_the_bound": max(0.0, mistakes.sum() - bound),
        "mistakes_in_the_last_epoch": mistakes[-1],
    }


EXPERIMENT = Measurement(
    factor="labels",
    variants={
        "parted by a line": lambda x: x @ [0.6, 0.8] > 0.2,
        "exclusive or": lambda x: x[:, 0] * x[:, 1] > 0,
    },
    measure=measure,
    claims=[
        Claim(
            "BPR09",
            (
                *zero(*MISTAKES, of="parted by a line", tolerance=0.0),
                Difference("exclusive or", "parted by a line", "mistakes_in_the_last_epoch"),
            ),
            "The rule ends its mistakes within Novikoff's bound where a line parts the classes, "
            "and goes on making them where none does.",
        ),
    ],
)
