import keras
import numpy as np
import pytest
from keras import layers

from zoo.initializers import LSUV, IdenticalColumns, scale_to_unit_variance

# TensorFlow's variables do not know NumPy 2's `copy` yet.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

INPUTS = np.random.default_rng(0).normal(2.0, 3.0, (400, 20)).astype("float32")


def numpy_of(tensor):
    return keras.ops.convert_to_numpy(tensor)


def network(initializer, activation="relu"):
    model = keras.Sequential([keras.Input((20,))])
    for width in (30, 30, 30, 4):
        model.add(layers.Dense(width, kernel_initializer=initializer()))
        model.add(layers.Activation(activation))
    return model


def dense_variances(model):
    """Returns the variance of each Dense layer's output, computed in float64."""
    variances, values = [], INPUTS.astype("float64")
    for layer in model.layers:
        if isinstance(layer, layers.Dense):
            kernel, bias = (weight.astype("float64") for weight in layer.get_weights())
            values = values @ kernel + bias
            variances.append(values.var())
        elif layer.activation is keras.activations.relu:
            values = np.maximum(values, 0)
    return variances


# IdenticalColumns


def test_identical_columns_are_equal_and_he_normal():
    kernel = numpy_of(IdenticalColumns(seed=3)((2000, 7)))
    np.testing.assert_array_equal(kernel, np.repeat(kernel[:, :1], 7, axis=1))
    assert len(np.unique(kernel[:, 0])) > 1990
    # The variance is 2 / inputs, estimated from 2000 values with relative error sqrt(2 / 2000).
    assert abs(kernel[:, 0].var() * 2000 / 2 - 1) < 5 * np.sqrt(2 / 2000)


def test_identical_columns_follow_the_seed():
    first, again, other = (numpy_of(IdenticalColumns(seed=seed)((9, 2))) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).all()


@pytest.mark.parametrize("make", [lambda: IdenticalColumns(seed=5), lambda: LSUV(gain=2.0, seed=5)])
def test_initializers_are_serializable(make):
    initializer = make()
    config = keras.initializers.serialize(initializer)
    again = keras.initializers.deserialize(config)
    assert type(again) is type(initializer)
    assert again.get_config() == initializer.get_config()
    np.testing.assert_array_equal(numpy_of(again((6, 4))), numpy_of(initializer((6, 4))))


# LSUV


def test_lsuv_starts_orthogonal():
    kernel = numpy_of(LSUV(seed=0)((12, 5)))
    np.testing.assert_allclose(kernel.T @ kernel, np.eye(5), atol=1e-5)


@pytest.mark.parametrize("activation", ["relu", "linear"])
@pytest.mark.parametrize("tolerance", [0.02, 0.001])
def test_every_layer_gets_unit_variance(activation, tolerance):
    model = network(LSUV, activation)
    before = dense_variances(model)
    assert all(abs(variance - 1) > tolerance for variance in before)
    scale_to_unit_variance(model, INPUTS, tolerance)
    np.testing.assert_allclose(dense_variances(model), 1, atol=tolerance + 1e-4)


def test_scaling_keeps_directions_and_biases():
    model = network(LSUV)
    before = model.get_weights()
    scale_to_unit_variance(model, INPUTS)
    for old, new in zip(before, model.get_weights(), strict=True):
        ratio = new[old != 0] / old[old != 0]
        np.testing.assert_allclose(ratio, ratio.mean() if ratio.size else 1, rtol=1e-5)
        assert (new[old == 0] == 0).all()


def test_only_lsuv_layers_are_scaled():
    model = keras.Sequential(
        [
            keras.Input((20,)),
            layers.Dense(9, kernel_initializer="he_normal"),
            layers.Dense(9, kernel_initializer=LSUV()),
        ]
    )
    first, second = (layer.get_weights()[0] for layer in model.layers)
    scale_to_unit_variance(model, INPUTS)
    np.testing.assert_array_equal(model.layers[0].get_weights()[0], first)
    assert (model.layers[1].get_weights()[0] != second).all()


def test_model_without_lsuv_is_unchanged_bit_for_bit():
    model = network(keras.initializers.Orthogonal)
    before = [weight.tobytes() for weight in model.get_weights()]
    scale_to_unit_variance(model, INPUTS)
    assert [weight.tobytes() for weight in model.get_weights()] == before


def test_constant_output_is_an_error_that_names_the_layer():
    model = network(LSUV)
    name = model.layers[0].name
    with pytest.raises(ValueError, match=f"outputs of layer '{name}' are constant"):
        scale_to_unit_variance(model, np.zeros_like(INPUTS))
