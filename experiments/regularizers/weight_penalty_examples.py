"""Do weight penalties help most when data are scarce?

For each number of training examples networks are trained without a penalty and with L2 of three
strengths, at three learning rates. Strength and rate are those with the best validation accuracy;
what the penalty gains is the difference of the two test accuracies. All networks take the same
number of steps.

References:
    Krogh and Hertz (1992), A Simple Weight Decay Can Improve Generalization, NeurIPS.
"""

import functools

import keras
from keras import layers, regularizers

from zoo.claims import Claim, Trend
from zoo.experiment import Measurement, Recipe
from zoo.trials import train

STEPS, BATCH = 1500, 50
RATES, STRENGTHS = (0.01, 0.03, 0.1), (1e-3, 3e-3, 1e-2)


def build_model(input_shape, num_classes, penalty=0.0, units=100):
    """Builds a ReLU network with two hidden layers and an L2 penalty on each kernel."""
    stack = [keras.Input(input_shape), layers.Flatten()]
    for width, activation in ((units, "relu"), (units, "relu"), (num_classes, None)):
        own = {"kernel_initializer": "he_normal", "kernel_regularizer": regularizers.L2(penalty)}
        stack.append(layers.Dense(width, activation, **own))
    return keras.Sequential(stack)


def gain(examples, seed):
    """Measures the test accuracy with and without a penalty."""
    recipe = Recipe(
        build_model=build_model,
        optimizer=lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
        learning_rates=RATES,
        epochs=STEPS // (examples // BATCH),
        batch_size=BATCH,
        train_examples=examples,
    )
    points = [{"learning_rate": r, "penalty": p} for p in (0.0, *STRENGTHS) for r in RATES]
    runs = train(recipe, points, seed)
    plain, penalised = (
        max(own, key=lambda run: run.final["val_accuracy"]).final["test_accuracy"]
        for own in (runs[: len(RATES)], runs[len(RATES) :])
    )
    return {"test_accuracy": plain, "penalised_test_accuracy": penalised, "gain": penalised - plain}


SIZES = (100, 300, 1000, 3000)

EXPERIMENT = Measurement(
    factor="train_examples",
    trains=True,
    variants={f"{size} examples": functools.partial(gain, size) for size in SIZES},
    claims=[
        Claim(
            "BV13",
            Trend(tuple(f"{size} examples" for size in SIZES), "gain", rises=False),
            "The more examples there are, the less an L2 penalty adds to the test accuracy.",
        ),
    ],
)
