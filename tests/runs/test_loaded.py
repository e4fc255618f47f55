"""What a builder sets of its weights belongs to a run's key; what it draws does not."""

import keras
import numpy as np
import pytest
from keras import layers

from zoo.runs.loaded import loaded
from zoo.runs.seeding import fresh_model


class Own(layers.Layer):
    def build(self, shape):
        self.scale = self.add_weight(shape=shape[1:], initializer="normal", name="scale")

    def call(self, inputs):
        return inputs * self.scale


def setting(value):
    def build():
        model = plain()
        model.layers[0].set_weights([np.full((4, 3), value), np.zeros(3)])
        return model

    return build


def plain(*more):
    return keras.Sequential([keras.Input((4,)), layers.Dense(3), *more, layers.Dense(2)])


def embedded():
    weights = [np.ones((5, 3), "float32")]
    return keras.Sequential([keras.Input((4,)), layers.Embedding(5, 3, weights=weights)])


def described(build):
    return loaded(fresh_model(build, (4,)), build, (4,))


@pytest.mark.parametrize(
    "build",
    [
        plain,
        lambda: plain(layers.BatchNormalization(), layers.Dropout(0.5)),
        lambda: plain(Own()),
        lambda: keras.Sequential([keras.Input((4, 2)), layers.GRU(3)]),
        lambda: keras.Sequential([keras.Input((8, 2)), layers.SeparableConv1D(3, 2)]),
    ],
    ids=["dense", "normalised", "own layer", "recurrent", "separable"],
)
def test_what_is_drawn_or_constant_is_not_loaded(build):
    assert described(build) == []


def test_what_is_set_is_known_by_its_values():
    assert len(described(setting(1.0))) == 1
    assert described(setting(1.0)) == described(setting(1.0))
    assert described(setting(1.0)) != described(setting(2.0))
    assert len(described(embedded)) == 1
