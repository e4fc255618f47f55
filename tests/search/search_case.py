"""What the tests of searches over hypermodels share: a toy problem and small networks."""

import keras
import keras_tuner
import numpy as np
from keras import layers

from zoo.tuner import Search

LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def examples(count, seed):
    """Returns examples of three classes around three centres."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 3, count)
    return np.eye(3, 5)[labels] * 2 + generator.normal(size=(count, 5)), labels


X, Y = examples(60, 0)
VALIDATION = examples(30, 1)
GIVEN = {"validation_data": VALIDATION, "epochs": 3, "batch_size": 10, "verbose": 0}


def network(*hidden, activation=None):
    return keras.Sequential([keras.Input((5,)), *hidden, layers.Dense(3, activation)])


def compiled(model, optimizer, loss=LOSS):
    model.compile(optimizer, loss, metrics=["accuracy"])
    return model


def of_rate(hp):
    """A linear classifier that varies in the learning rate alone, so all trials share a program."""
    return compiled(network(), keras.optimizers.SGD(hp.Float("lr", 1e-3, 1.0, sampling="log")))


def regression(hp):
    model = keras.Sequential([keras.Input((5,)), layers.Dense(1)])
    model.compile(keras.optimizers.SGD(hp.Float("lr", 1e-3, 1e-2)), "mse")
    return model


class OwnFit(keras_tuner.HyperModel):
    """Asks for the batch size where it fits, and counts how often it does."""

    fits = 0

    def build(self, hp):
        return of_rate(hp)

    def fit(self, hp, model, *args, **kwargs):
        OwnFit.fits += 1
        kwargs["batch_size"] = hp.Choice("batch_size", [10, 30])
        return model.fit(*args, **kwargs)


def searched(hypermodel, folder, *, given=None, **arguments):
    search = Search(hypermodel, folder=folder, **{"trials": 4} | arguments)
    search.search(X, Y, **GIVEN | (given or {}))
    return search


def text_of(folder):
    return (folder / "trials.csv").read_text(encoding="utf-8")
