import keras
import numpy as np
import pytest
from keras import layers

from zoo.initializers import LSUV, DeltaOrthogonal, IdenticalColumns, scale_to_unit_variance

INPUTS = np.random.default_rng(0).normal(2.0, 3.0, (400, 20)).astype("float32")


def numpy_of(tensor):
    return keras.ops.convert_to_numpy(tensor)


def network(initializer, activation="relu"):
    stack = [keras.Input((20,))]
    for width in (30, 30, 30, 4):
        stack.append(layers.Dense(width, kernel_initializer=initializer()))
        stack.append(layers.Activation(activation))
    return keras.Sequential(stack)


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


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda: IdenticalColumns(seed=5), (6, 4)),
        (lambda: LSUV(gain=2.0, seed=5), (6, 4)),
        (lambda: DeltaOrthogonal(gain=2.0, seed=5), (3, 4, 6)),
    ],
)
def test_initializers_are_serializable(make, shape):
    initializer = make()
    config = keras.initializers.serialize(initializer)
    again = keras.initializers.deserialize(config)
    assert type(again) is type(initializer)
    assert again.get_config() == initializer.get_config()
    np.testing.assert_array_equal(numpy_of(again(shape)), numpy_of(initializer(shape)))


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


# DeltaOrthogonal


def circular(layer, inputs, reach):
    """Returns what a convolution without padding gives on inputs that are wrapped round."""
    around = [(0, 0)] + [(reach, reach)] * (inputs.ndim - 2) + [(0, 0)]
    return numpy_of(layer(np.pad(inputs, around, mode="wrap")))


@pytest.mark.parametrize("shape", [(3, 4, 4), (5, 4, 7), (1, 2, 2), (3, 3, 4, 6), (5, 1, 2, 2)])
def test_the_centre_is_orthogonal_and_the_rest_zero(shape):
    kernel = numpy_of(DeltaOrthogonal(gain=3.0, seed=0)(shape))
    assert kernel.shape == shape
    centre = tuple(size // 2 for size in shape[:-2])
    matrix = kernel[centre].copy()
    np.testing.assert_allclose(matrix @ matrix.T, 9 * np.eye(shape[-2]), atol=1e-4)
    kernel[centre] = 0
    assert not kernel.any()


@pytest.mark.parametrize("padding", ["same", "wrap"])
@pytest.mark.parametrize(
    ("layer", "shape"), [(layers.Conv1D, (6, 20, 5)), (layers.Conv2D, (6, 8, 7, 5))]
)
def test_convolution_multiplies_norms_by_the_gain(layer, shape, padding):
    inputs = np.random.default_rng(1).normal(size=shape).astype("float32")
    made = layer(
        9,
        3,
        padding="valid" if padding == "wrap" else "same",
        kernel_initializer=DeltaOrthogonal(gain=1.5, seed=2),
    )
    outputs = circular(made, inputs, 1) if padding == "wrap" else numpy_of(made(inputs))
    assert outputs.shape == (*shape[:-1], 9)
    norms = [np.linalg.norm(each.reshape(6, -1), axis=1) for each in (inputs, outputs)]
    np.testing.assert_allclose(norms[1], 1.5 * norms[0], rtol=1e-5)


def jacobian_singular_values(initializer):
    """Returns the singular values of a circular 1-D convolution, from the images of a basis."""
    layer = layers.Conv1D(4, 3, kernel_initializer=initializer)
    basis = np.eye(10 * 4, dtype="float32").reshape(40, 10, 4)
    return np.linalg.svd(circular(layer, basis, 1).reshape(40, 40), compute_uv=False)


def test_all_singular_values_of_the_jacobian_are_one():
    np.testing.assert_allclose(jacobian_singular_values(DeltaOrthogonal(seed=3)), 1, atol=1e-5)
    # An orthogonal matrix of the flattened kernel does not make the convolution orthogonal.
    flattened = jacobian_singular_values(keras.initializers.Orthogonal(seed=3))
    assert flattened.max() > 1.2
    assert flattened.min() < 0.8


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((3, 5, 4), "at least as many outputs as inputs. Received: shape=\\(3, 5, 4\\)"),
        ((4, 3, 3), "must be odd"),
        ((3, 2, 3, 3), "must be odd"),
        ((3, 3), "1-D or 2-D convolution"),
        ((3, 3, 3, 2, 2), "1-D or 2-D convolution"),
    ],
)
def test_kernels_that_cannot_keep_norms_are_refused(shape, message):
    with pytest.raises(ValueError, match=message):
        DeltaOrthogonal()(shape)
