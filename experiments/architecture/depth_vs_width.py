"""Is a deep network better than a wide one, and does accuracy grow with depth?

ReLU networks with 1 to 8 hidden layers have either 12,000 parameters in all, so that more layers
are narrower, or 50 units in each layer, so that more layers are more parameters. A linear one
stands beside. Each has its own best learning rate, and enough epochs to learn nearly all of the
training examples by heart.

References:
    Goodfellow et al. (2013), Multi-digit Number Recognition from Street View Imagery using Deep
    Convolutional Neural Networks, arXiv:1312.6082.
    Ba and Caruana (2014), Do Deep Nets Really Need to be Deep?, NeurIPS.
"""

import keras
import numpy as np
from keras import layers

from zoo.claims import Claim, Difference, Order, Trend
from zoo.experiment import Experiment, Recipe

PARAMETERS, UNITS = 12_000, 50


def width(depth, inputs, outputs):
    """Returns how many units each of some hidden layers has if there are PARAMETERS in all."""
    linear = inputs + depth + outputs  # kernels of first and last layer, and biases
    if depth == 1:
        return round((PARAMETERS - outputs) / linear)
    squared = depth - 1
    root = np.sqrt(linear**2 + 4 * squared * (PARAMETERS - outputs))
    return max(1, round((root - linear) / (2 * squared)))


def build_model(input_shape, num_classes, shape):
    """Builds a ReLU network; `shape` gives the number of hidden layers, and their units or None."""
    depth, units = shape
    stack = [keras.Input(input_shape), layers.Flatten()]
    for _ in range(depth):
        own = units or width(depth, int(np.prod(input_shape)), num_classes)
        stack.append(layers.Dense(own, "relu", kernel_initializer="he_normal"))
    return keras.Sequential([*stack, layers.Dense(num_classes)])


DEPTHS = (1, 2, 4, 8)
EQUAL = {f"{depth} deep - 12k parameters": (depth, None) for depth in DEPTHS}
WIDE = {f"{depth} deep - 50 units": (depth, UNITS) for depth in DEPTHS}
ONE, TWO, FOUR, EIGHT = EQUAL
OF_50 = tuple(WIDE)

SOURCE = "dense networks on signals; the source has convolutions on photographs of house numbers"

EXPERIMENT = Experiment(
    factor="shape",
    baseline=ONE,
    variants={"linear": (0, None), **EQUAL, **WIDE},
    recipe=Recipe(
        build_model=build_model,
        train_examples=2000,
        optimizer=keras.optimizers.Adam,
        learning_rates=(0.001, 0.003, 0.01),
        epochs=60,
        batch_size=100,
    ),
    claims=[
        Claim(
            "DEP04",
            Trend(OF_50),
            "With 50 units a layer test accuracy rises from 1 over 2 and 4 to 8 hidden layers.",
            deviation=SOURCE,
        ),
        Claim(
            "DEP05",
            (Difference(TWO, ONE), Difference(FOUR, ONE), Difference(EIGHT, ONE)),
            "Of networks with 12,000 parameters those with 2, 4 and 8 hidden layers have a higher "
            "test accuracy than that with one.",
            deviation=SOURCE,
        ),
        Claim(
            "DEP05 two layers",
            Difference(TWO, ONE),
            "Of networks with 12,000 parameters that with 2 hidden layers has a higher test "
            "accuracy than that with one.",
        ),
        Claim(
            "DEP07",
            Order(("linear", *OF_50[:2])),
            "Each of two hidden layers that a linear score gets raises the test accuracy.",
        ),
    ],
)
