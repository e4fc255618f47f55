"""Which models make the most of many examples?

A linear classifier, narrow and wide networks with two hidden layers learn 100 to 3,000 examples. Of
two learning rates the one with the higher validation accuracy counts, averaged over three starts.
What a model gains is its test accuracy on 3,000 examples less that on 100.

References:
    Banko and Brill (2001), Scaling to Very Very Large Corpora for Natural Language Disambiguation,
    ACL.
    Hestness et al. (2017), Deep Learning Scaling is Predictable, Empirically, arXiv:1712.00409.
"""

import keras
import numpy as np
from keras import layers

from zoo.claims import Claim, Difference
from zoo.experiment import Measurement, Recipe
from zoo.trials import train

SIZES, RATES, STARTS = (100, 600, 3000), (0.001, 0.01), 3
STEPS, BATCH = 600, 50


def build_model(input_shape, num_classes, units):
    """Builds a ReLU network with two hidden layers of some units, or with 0 a linear classifier."""
    stack = [keras.Input(input_shape), layers.Flatten()]
    for _ in range(2 if units else 0):
        stack.append(layers.Dense(units, "relu", kernel_initializer="he_normal"))
    return keras.Sequential([*stack, layers.Dense(num_classes)])


def accuracy(units, examples, seed):
    """Returns the test accuracy of a model after STEPS steps on some examples."""
    recipe = Recipe(
        build_model=build_model,
        optimizer=keras.optimizers.Adam,
        learning_rates=RATES,
        epochs=STEPS * BATCH // examples,
        batch_size=BATCH,
        train_examples=examples,
    )
    points = [{"learning_rate": rate, "units": units} for rate in RATES for _ in range(STARTS)]
    runs = train(recipe, points, (seed, units), draw=seed)
    validated, tested = (
        np.reshape([run.final[f"{part}_accuracy"] for run in runs], (-1, STARTS)).mean(axis=1)
        for part in ("val", "test")
    )
    return tested[validated.argmax()]


def model(units):
    """Returns a measurement of test accuracies by number of examples, and of the gain."""

    def check(seed):
        found = {("test_accuracy", size): accuracy(units, size, seed) for size in SIZES}
        few, many = (found["test_accuracy", size] for size in (SIZES[0], SIZES[-1]))
        return {**found, "gain": many - few}

    return check


LINEAR, NARROW, WIDE = "linear", "2 x 25 units", "2 x 100 units"

EXPERIMENT = Measurement(
    factor="model",
    places="training examples",
    trains=True,
    variants={LINEAR: model(0), NARROW: model(25), WIDE: model(100)},
    claims=[
        Claim(
            "DEP12",
            (Difference(WIDE, LINEAR, "gain"), Difference(NARROW, LINEAR, "gain")),
            "From 100 to 3,000 examples networks with two hidden layers gain more test accuracy "
            "than a linear classifier.",
        ),
        Claim(
            "DEP12 bigger",
            (Difference(WIDE, NARROW, "gain"), Difference(WIDE, NARROW, "test_accuracy@3000")),
            "From 100 to 3,000 examples 100 units a layer gain more test accuracy than 25, and end "
            "higher.",
        ),
    ],
)
