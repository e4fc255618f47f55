"""Does batch normalisation keep gradients from vanishing and from exploding?

A 10-layer ReLU network is looked at before training, with weights half or twice as large as He's.
The verdict is on the size of the first kernel's gradient. Its ratio to the last hidden kernel's
stands beside it: that is near 1 without normalisation, where small outputs make up for what the
gradient loses on its way, and not with it. A second part shows the problem that one lecture names
as the reason: in a chain of linear layers gradients, each right while the other layers stay,
mispredict what a step of all of them does.

References:
    Ioffe and Szegedy (2015), Batch Normalization, arXiv:1502.03167.
    Goodfellow, Bengio and Courville (2016), Deep Learning, section 8.7.1.
"""

import math

import keras
from keras import layers, ops

from zoo.claims import Claim, Difference, Trend
from zoo.experiment import Measurement, crossentropy
from zoo.measure import gradients

RATE = 0.1


def network(scale, normalise):
    """Returns a measurement of the kernels' gradients in a deep network at the start."""

    def measure(seed):
        stack = [keras.Input((40,))]
        for _ in range(10):
            drawn = keras.initializers.VarianceScaling(2 * scale**2, "fan_in", "untruncated_normal")
            stack.append(layers.Dense(100, kernel_initializer=drawn))
            if normalise:
                stack.append(layers.BatchNormalization())
            stack.append(layers.ReLU())
        model = keras.Sequential([*stack, layers.Dense(10)])
        x = keras.random.normal((256, 40), seed=seed)
        y = keras.random.randint((256,), 0, 10, seed=seed)
        found = gradients(model, crossentropy(), x, y)
        sizes = [float((each**2).sum() ** 0.5) for each in found if each.shape == (100, 100)]
        return {
            "log10_first_gradient": math.log10(sizes[0]),
            "first_over_last": sizes[0] / sizes[-1],
        }

    return measure


def chain(depth):
    """Returns a measurement of y = w1 w2 ... wn x: what a step changes, over what gradients say."""

    def measure(seed):
        weights = 1 + 0.1 * ops.convert_to_numpy(keras.random.normal((depth,), seed=seed))
        output = weights.prod()
        slopes = output / weights  # of y with respect to each weight, at x = 1
        predicted = -RATE * (slopes**2).sum()
        actual = (weights - RATE * slopes).prod() - output
        return {"misprediction": abs(actual - predicted) / abs(predicted)}

    return measure


EXPERIMENT = Measurement(
    factor="batch_norm",
    variants={
        "small weights": network(0.5, normalise=False),
        "small weights normalised": network(0.5, normalise=True),
        "large weights": network(2.0, normalise=False),
        "large weights normalised": network(2.0, normalise=True),
        "chain of 2": chain(2),
        "chain of 5": chain(5),
        "chain of 10": chain(10),
    },
    claims=[
        Claim(
            "BN07",
            (
                Difference("small weights normalised", "small weights", "log10_first_gradient"),
                Difference("large weights", "large weights normalised", "log10_first_gradient"),
            ),
            "Normalisation makes the first layer's gradient larger where weights are half of He's, "
            "smaller where they are twice.",
        ),
        Claim(
            "BN21",
            Trend(("chain of 2", "chain of 5", "chain of 10"), "misprediction"),
            "The more linear layers step at once, the more their gradients mispredict the output.",
        ),
    ],
)
