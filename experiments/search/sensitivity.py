"""Which hyperparameters need tuning, by the size of their effect?

Each of the lecture's list takes its usual values while the others keep theirs. Its spread is the
test accuracy of the value that validates best less that of the one that validates worst, each a
mean over two starts. Values of other hyperparameters than the learning rate have the best of three
rates. Choosing among four networks that differ in nothing but their starts stands beside.

References:
    Bergstra and Bengio (2012), Random Search for Hyper-Parameter Optimization, JMLR 13.
    van Rijn and Hutter (2018), Hyperparameter Importance Across Datasets, KDD.
"""

import dataclasses
import functools
from typing import Any

import keras
import numpy as np
from keras import layers, optimizers, regularizers
from keras.optimizers import schedules

from zoo.claims import Claim, above
from zoo.experiment import Measurement, Recipe
from zoo.trials import train

RATES, STARTS, EPOCHS, MARGIN = (0.0003, 0.001, 0.003), 2, 40, 0.02


def build_model(input_shape, num_classes, depth=2, units=100, l2=0.0, rate=0.0, normal=False):
    """Builds a ReLU network, with a penalty, dropout or batch normalisation where told."""
    stack = [keras.Input(input_shape), layers.Flatten()]
    for _ in range(depth):
        own = {"kernel_initializer": "he_normal", "kernel_regularizer": regularizers.L2(l2)}
        stack += [layers.Dense(units, **own), *([layers.BatchNormalization()] if normal else [])]
        stack += [layers.ReLU(), layers.Dropout(rate)]
    return keras.Sequential([*stack, layers.Dense(num_classes)])


RECIPE = Recipe(
    build_model=build_model,
    optimizer=optimizers.Adam,
    learning_rates=RATES,
    epochs=EPOCHS,
    batch_size=50,
    train_examples=1000,
)

DECAYS: Any = (
    lambda rate, steps, epochs: schedules.PiecewiseConstantDecay(
        [steps * epochs * 3 // 4], [rate, rate / 10]
    ),
    lambda rate, steps, epochs: schedules.ExponentialDecay(rate, steps * epochs, 0.01),
    lambda rate, steps, epochs: schedules.CosineDecay(rate, steps * epochs),
)

# What differs from the recipe, by hyperparameter and value; the usual value has no change.
KNOBS: dict[str, Any] = {
    "nothing": [{"again": again} for again in (1, 2, 3)],
    "layers": [{"depth": depth} for depth in (1, 4, 8)],
    "units": [{"units": units} for units in (25, 400)],
    "learning rate": [{"rates": (rate,)} for rate in (0.0001, 0.001, 0.01, 0.1)],
    "decay": [{"schedule": schedule} for schedule in DECAYS],
    "update": [
        {"optimizer": optimizers.SGD, "rates": (0.03, 0.1, 0.3)},
        {"optimizer": functools.partial(optimizers.SGD, momentum=0.9), "rates": (0.01, 0.03, 0.1)},
        {"optimizer": optimizers.RMSprop},
    ],
    "L2": [{"l2": strength} for strength in (0.0001, 0.001, 0.01)],
    "dropout": [{"rate": rate} for rate in (0.2, 0.5)],
    "batch normalisation": [{"normal": True}],
}
NOTHING, LAYERS, UNITS, RATE, DECAY, UPDATE, *REGULARISERS, NORMAL = KNOBS


@functools.cache
def accuracies(knob, place, seed, data, epochs):
    """Returns validation and test accuracy of a value; a negative place is the usual one."""
    changes = dict(KNOBS[knob][place]) if place >= 0 else {}
    rates = changes.pop("rates", RATES)
    changes.pop("again", None)
    fields = {name: changes.pop(name) for name in ("optimizer", "schedule") if name in changes}
    recipe = dataclasses.replace(RECIPE, data=data, epochs=epochs, **fields)
    points = [{"learning_rate": rate, **changes} for rate in rates for _ in range(STARTS)]
    runs = train(recipe, points, (seed, knob, place), draw=seed)
    found = [[run.final[f"{part}_accuracy"] for part in ("val", "test")] for run in runs]
    by_rate = np.reshape(found, (len(rates), STARTS, 2)).mean(axis=1)
    return by_rate[by_rate[:, 0].argmax()]


def measure(knob, seed, data="mnist1d", epochs=EPOCHS):
    """Measures what choosing the best value of a hyperparameter gains over worst and usual."""
    values = [accuracies(knob, place, seed, data, epochs) for place in range(len(KNOBS[knob]))]
    usual = accuracies(NOTHING, -1, seed, data, epochs)
    own = values if knob == RATE else [usual, *values]  # 0.001 is among the rates
    best, worst = max(own, key=lambda pair: pair[0]), min(own, key=lambda pair: pair[0])
    return {"spread": best[1] - worst[1], "gain_over_usual": best[1] - usual[1]}


def moves(*knobs):
    """Says that choosing values moves the test accuracy over 2 points more than starts do."""
    proposition = (
        f"From the worst validated value of {' and of '.join(knobs)} to the best the test accuracy "
        "rises by over 2 points more than from start to start."
    )
    return {"rule": above(knobs, NOTHING, "spread", MARGIN), "proposition": proposition}


EXPERIMENT = Measurement(
    factor="hyperparameter",
    trains=True,
    baseline=NOTHING,
    variants={knob: knob for knob in KNOBS},
    measure=measure,
    claims=[
        Claim("HPO15 learning rate", **moves(RATE)),
        Claim(
            "HPO15 architecture",
            **moves(LAYERS, UNITS),
            deviation="neither strides nor kernel sizes",
        ),
        Claim("HPO15 decay", **moves(DECAY)),
        Claim("HPO15 update", **moves(UPDATE)),
        Claim("HPO15 regularisation", **moves(*REGULARISERS)),
        Claim("HPO15 batch normalisation", **moves(NORMAL)),
        Claim(
            "HPO15 first",
            above(RATE, [knob for knob in KNOBS if knob not in (NOTHING, RATE)], "spread"),
            "From the value that validates worst to the one that validates best the learning rate "
            "moves the test accuracy more than any of the others.",
        ),
    ],
)
