"""Every layer of Keras starts as plain builds of it do: what is random, what is constant."""

import keras
import numpy as np
import pytest
from keras import layers
from scipy import stats

from zoo.runs.initial_values import InitialValues
from zoo.runs.seeding import fresh_model

SEEDS = range(8)
# Right draws differ so much from others with a chance of 1 in 100,000. The elements of an
# orthogonal matrix are not independent: that makes two samples more alike.
UNLIKELY = 1e-5

CLASSES = {
    cls.__name__: cls
    for name in dir(layers)
    if isinstance(cls := getattr(layers, name), type) and issubclass(cls, layers.Layer)
}
EXCEPTIONS = {
    "FlaxLayer": "wraps a module of another library",
    "JaxLayer": "wraps a function of another library",
    "TorchModuleWrapper": "wraps a module of another library",
    "TFSMLayer": "reads a saved model",
    "Layer": "is what layers derive from",
    "Wrapper": "is what wrappers derive from",
}

VECTOR, SEQUENCE, LINE, IMAGE, VOLUME = (6,), (5, 4), (7, 3), (8, 8, 3), (6, 6, 6, 3)
ATTENTION = ("AdditiveAttention", "Attention", "GroupedQueryAttention", "MultiHeadAttention")
SEVERAL = ("Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply", "Subtract")

# Layers with weights: their arguments, and the shape of an example.
WEIGHTED = {
    "AdditiveAttention": ({}, SEQUENCE),
    "Attention": ({"use_scale": True}, SEQUENCE),
    "BatchNormalization": ({}, VECTOR),
    "Bidirectional": ({"layer": lambda: layers.LSTM(5)}, SEQUENCE),
    "Conv1D": ({"filters": 4, "kernel_size": 3}, LINE),
    "Conv1DTranspose": ({"filters": 4, "kernel_size": 3}, LINE),
    "Conv2D": ({"filters": 4, "kernel_size": 3}, IMAGE),
    "Conv2DTranspose": ({"filters": 4, "kernel_size": 3}, IMAGE),
    "Conv3D": ({"filters": 4, "kernel_size": 3}, VOLUME),
    "Conv3DTranspose": ({"filters": 4, "kernel_size": 3}, VOLUME),
    "ConvLSTM1D": ({"filters": 4, "kernel_size": 3}, (2, *LINE)),
    "ConvLSTM2D": ({"filters": 4, "kernel_size": 3}, (2, *IMAGE)),
    "ConvLSTM3D": ({"filters": 4, "kernel_size": 3}, (2, *VOLUME)),
    "Dense": ({"units": 9}, VECTOR),
    "DepthwiseConv1D": ({"kernel_size": 3}, LINE),
    "DepthwiseConv2D": ({"kernel_size": 3}, IMAGE),
    "EinsumDense": ({"equation": "ab,bc->ac", "output_shape": 9, "bias_axes": "c"}, VECTOR),
    "Embedding": ({"input_dim": 11, "output_dim": 5}, VECTOR),
    "GRU": ({"units": 5}, SEQUENCE),
    "GRUCell": ({"units": 5}, SEQUENCE),
    "GroupNormalization": ({"groups": 2}, VECTOR),
    "GroupedQueryAttention": (
        {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2},
        SEQUENCE,
    ),
    "LSTM": ({"units": 5}, SEQUENCE),
    "LSTMCell": ({"units": 5}, SEQUENCE),
    "LayerNormalization": ({}, VECTOR),
    "MultiHeadAttention": ({"num_heads": 2, "key_dim": 3}, SEQUENCE),
    "Normalization": ({}, VECTOR),
    "PReLU": ({"alpha_initializer": "random_normal"}, VECTOR),
    "RMSNormalization": ({}, VECTOR),
    "RNN": ({"cell": lambda: layers.GRUCell(5)}, SEQUENCE),
    "ReversibleEmbedding": ({"input_dim": 11, "output_dim": 6, "tie_weights": False}, VECTOR),
    "SeparableConv1D": ({"filters": 4, "kernel_size": 3}, LINE),
    "SeparableConv2D": ({"filters": 4, "kernel_size": 3}, IMAGE),
    "SimpleRNN": ({"units": 5}, SEQUENCE),
    "SimpleRNNCell": ({"units": 5}, SEQUENCE),
    "SpectralNormalization": ({"layer": lambda: layers.Dense(9)}, VECTOR),
    "StackedRNNCells": (
        {"cells": lambda: [layers.GRUCell(5), layers.SimpleRNNCell(4)]},
        SEQUENCE,
    ),
    "TimeDistributed": ({"layer": lambda: layers.Dense(9)}, SEQUENCE),
}
# Arguments of layers that have none, besides streams of random numbers.
WEIGHTLESS = {
    "Activation": {"activation": "relu"},
    "AlphaDropout": {"rate": 0.5},
    **{f"AveragePooling{n}D": {"pool_size": 2} for n in (1, 2, 3)},
    "CategoryEncoding": {"num_tokens": 4},
    "CenterCrop": {"height": 4, "width": 4},
    "Discretization": {"bin_boundaries": [0.0, 1.0]},
    "Dot": {"axes": 1},
    "Dropout": {"rate": 0.5},
    "GaussianDropout": {"rate": 0.5},
    "GaussianNoise": {"stddev": 0.5},
    "HashedCrossing": {"num_bins": 4},
    "Hashing": {"num_bins": 4},
    "InputLayer": {"shape": (2,)},
    "IntegerLookup": {"vocabulary": [3, 4]},
    "Lambda": {"function": lambda: lambda inputs: inputs},
    "MaxNumBoundingBoxes": {"max_number": 2},
    "Permute": {"dims": (1,)},
    "Pipeline": {"layers": lambda: [layers.RandomFlip(), layers.RandomZoom(0.1)]},
    "RandomBrightness": {"factor": 0.1},
    "RandomColorDegeneration": {"factor": 0.1},
    "RandomContrast": {"factor": 0.1},
    "RandomCrop": {"height": 4, "width": 4},
    "RandomHue": {"factor": 0.1},
    "RandomPosterization": {"factor": 4},
    "RandomRotation": {"factor": 0.1},
    "RandomSaturation": {"factor": 0.1},
    "RandomSharpness": {"factor": 0.1},
    "RandomTranslation": {"height_factor": 0.1, "width_factor": 0.1},
    "RandomZoom": {"height_factor": 0.1},
    "RepeatVector": {"n": 2},
    "Rescaling": {"scale": 2.0},
    "Reshape": {"target_shape": (2, 3)},
    "Resizing": {"height": 4, "width": 4},
    "SpatialDropout1D": {"rate": 0.5},
    "SpatialDropout2D": {"rate": 0.5},
    "SpatialDropout3D": {"rate": 0.5},
    "StringLookup": {"vocabulary": ["a", "b"]},
    "TextVectorization": {"vocabulary": ["a", "b"]},
    **{
        f"Adaptive{kind}Pooling{n}D": {"output_size": 2}
        for kind in ("Average", "Max")
        for n in (1, 2, 3)
    },
}


def made(name, arguments):
    """Returns a layer; functions among its arguments make theirs anew."""
    own = {key: value() if callable(value) else value for key, value in arguments.items()}
    layer = CLASSES[name](**own)
    return (
        layers.RNN(layer)
        if name.endswith(("RNNCell", "RNNCells", "LSTMCell", "GRUCell"))
        else layer
    )


def with_weights(name):
    arguments, shape = WEIGHTED[name]

    def build():
        inputs = keras.Input(shape)
        layer = made(name, arguments)
        if name in ("AdditiveAttention", "Attention"):
            return keras.Model(inputs, layer([inputs, inputs]))
        if name in ATTENTION:
            return keras.Model(inputs, layer(inputs, inputs))
        return keras.Model(inputs, layer(inputs))

    return build


class Holder(keras.Model):
    """Holds a layer that need not be called to have all that it starts with."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer
        self.built = True


def without_weights(name):
    return lambda: Holder(made(name, WEIGHTLESS.get(name, {})))


def arrays(model):
    return [np.array(keras.ops.convert_to_numpy(each)) for each in model.variables]


def by_variable(builds):
    """Returns for each variable its values in all builds, shape `(builds, ...)`."""
    return [np.stack(values) for values in zip(*builds, strict=True)]


def compare(build):
    """Holds what runs start with against what plain builds have; returns what is random."""
    plain = by_variable([arrays(fresh_model(build, seed=100 + seed)) for seed in SEEDS])
    given = InitialValues(build)
    drawn = by_variable([given.of(seed) for seed in SEEDS])
    random = []
    for variable, wanted, found in zip(given.variables, plain, drawn, strict=True):
        assert found.dtype == wanted.dtype
        if (wanted == wanted[0]).all():
            np.testing.assert_array_equal(found, wanted)
            continue
        random.append(variable)
        assert len({values.tobytes() for values in found}) == len(SEEDS), variable.path
        if wanted.dtype.kind == "f":
            assert stats.ks_2samp(wanted.ravel(), found.ravel()).pvalue > UNLIKELY, variable.path
            spreads = [values.std(axis=0).ravel() for values in (wanted, found)]
            assert stats.ks_2samp(*spreads).pvalue > UNLIKELY, variable.path
    for seed in (3, 0):
        for value, array in zip(arrays(given.fresh(seed)), drawn, strict=True):
            np.testing.assert_array_equal(value, array[seed])
    return random


@pytest.mark.slow
@pytest.mark.parametrize("name", WEIGHTED)
def test_layers_with_weights(name):
    assert fresh_model(with_weights(name)).weights
    compare(with_weights(name))


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(CLASSES) - set(WEIGHTED) - set(EXCEPTIONS)))
def test_layers_without_weights(name):
    random = compare(without_weights(name))
    assert all("seed_generator" in variable.path for variable in random)
