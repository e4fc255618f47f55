"""What the tests of seeds share: models, and what they start with."""

import keras
import numpy as np
from keras import layers

from zoo.runs.initial_values import InitialValues


def he(units, **arguments):
    return layers.Dense(units, kernel_initializer="he_normal", **arguments)


def start(*stack, shape=(6,)):
    """Returns where runs of a model of these layers start."""
    model = keras.Sequential([keras.Input(shape), *stack])
    return InitialValues(lambda: model)


def drawn(*stack, seed=0, shape=(6,)):
    """Returns a model of these layers with the initial values of a seed."""
    return start(*stack, shape=shape).fresh(seed)


def kernels(model):
    return [layer.get_weights()[0] for layer in model.layers if isinstance(layer, layers.Dense)]


def stream(layer):
    return keras.ops.convert_to_numpy(layer.seed_generator.state).tolist()


def assert_same(first, second):
    assert len(first) == len(second) > 0
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
