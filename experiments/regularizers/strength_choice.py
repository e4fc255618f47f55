"""How is the strength of a penalty determined?

The lecture asks it of lambda. Networks with six strengths of an L2 penalty learn 300 examples. One
may take the strength that does best on the training examples or on validation examples; none at all
and 0.01 are taken without looking. What counts is the test accuracy of the strength that was taken,
a mean over three starts, and how much the best strength would have had more.

References:
    Bergstra and Bengio (2012), Random Search for Hyper-Parameter Optimization, JMLR 13.
"""

import functools

import keras
import numpy as np
from keras import layers, regularizers

from zoo.claims import Claim, Number
from zoo.experiment import Measurement, Recipe
from zoo.trials import train

STRENGTHS, STARTS = (0.0, 0.0001, 0.001, 0.01, 0.1, 1.0), 3
UNITS, EXAMPLES, EPOCHS, BATCH, RATE, MARGIN = 200, 300, 100, 50, 0.001, 0.02


def build_model(input_shape, num_classes, penalty=0.0):
    """Builds a ReLU network with an L2 penalty on each kernel."""

    def dense(units, activation=None):
        own = {"kernel_initializer": "he_normal", "kernel_regularizer": regularizers.L2(penalty)}
        return layers.Dense(units, activation, **own)

    stack = [dense(UNITS, "relu"), dense(UNITS, "relu"), dense(num_classes)]
    return keras.Sequential([keras.Input(input_shape), layers.Flatten(), *stack])


RECIPE = Recipe(
    build_model=build_model,
    optimizer=keras.optimizers.Adam,
    learning_rates=(RATE,),
    epochs=EPOCHS,
    batch_size=BATCH,
    train_examples=EXAMPLES,
)


@functools.cache
def accuracies(seed):
    """Returns training, validation and test accuracies, each of shape (strengths,)."""
    points = [{"learning_rate": RATE, "penalty": each} for each in STRENGTHS for _ in range(STARTS)]
    runs = train(RECIPE, points, seed, draw=seed)
    found = [
        (run.history["accuracy"][-1], run.final["val_accuracy"], run.final["test_accuracy"])
        for run in runs
    ]
    return np.reshape(found, (len(STRENGTHS), STARTS, 3)).mean(axis=1).T


def by_training(seed):
    """Takes the strength with the highest training accuracy; the weakest of equals."""
    return accuracies(seed)[0].argmax()


def by_validation(seed):
    """Takes the strength with the highest validation accuracy."""
    return accuracies(seed)[1].argmax()


def measure(chosen, seed):
    """Measures the test accuracy of a strength that is given, or that a function takes."""
    place = chosen(seed) if callable(chosen) else chosen
    tested = accuracies(seed)[2]
    return {"test_accuracy": tested[place], "lost": tested.max() - tested[place]}


NONE, FIXED, TRAINING, VALIDATION = "none", "0.01", "by training", "by validation"

EXPERIMENT = Measurement(
    factor="choice",
    trains=True,
    baseline=NONE,
    variants={NONE: 0, FIXED: 3, TRAINING: by_training, VALIDATION: by_validation},
    measure=measure,
    claims=[
        Claim(
            "REG21",
            Number(VALIDATION, "lost", 0.0, MARGIN),
            "Validation determines it: the strength with the highest validation accuracy has less "
            "than 2 points less on test data than the best of six.",
        ),
    ],
)
