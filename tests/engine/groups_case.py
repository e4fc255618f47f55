"""What the tests of groups share: toy data, networks and their jobs."""

from dataclasses import replace

import keras
import numpy as np
from keras import layers, optimizers

from zoo.data import Data
from zoo.engine.groups import groups
from zoo.experiment import Recipe
from zoo.runs.run import Job, Run

FEATURES, CLASSES, UNITS, BATCH = 6, 3, 12, 32


def make_data(shape=(FEATURES,)):
    generator = np.random.default_rng(0)
    parts = []
    for examples in (180, 60, 45):
        x = generator.normal(size=(examples, *shape)).astype(np.float32)
        parts += [x, (np.arange(examples) % CLASSES).astype(np.int32)]
    return Data("toy", *parts, CLASSES, tuple("abc"), "toy")


DATA = make_data()


def mlp(units=UNITS, activation="relu", initializer="he_normal", rate=0.5, seed=None, last=()):
    """Returns a function that builds a model with one hidden layer."""

    def build(input_shape, num_classes):
        return keras.Sequential(
            [
                keras.Input(input_shape),
                layers.Dense(units, activation, kernel_initializer=initializer),
                layers.Dropout(rate, seed=seed),
                layers.Dense(num_classes),
                *[layer() for layer in last],
            ]
        )

    return build


RECIPE = Recipe(
    build_model=mlp(),
    optimizer=lambda rate: optimizers.SGD(rate, momentum=0.9),
    learning_rates=(0.1,),
    epochs=2,
    batch_size=BATCH,
)


def job(variant="a", rate=0.1, seed=0, **changes):
    return Job(replace(RECIPE, **changes), Run(variant, rate, seed))


def grouped(*jobs, data=DATA, **arguments):
    return list(groups(jobs, data, **arguments))


def reason(data=DATA, **changes):
    (group,) = grouped(job(**changes), data=data)
    return group.reason
