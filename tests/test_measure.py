import math

import keras
import numpy as np
import pytest
from keras import layers, ops

from experiments.depth import extreme_depth, gradient_flow, loss_surface
from zoo.initializers import DeltaOrthogonal
from zoo.measure import (
    draw,
    draw_with_keras,
    layer_gradients,
    numerical_gradient,
    signal_gradients,
    slopes,
    total,
)


def tanh_chain(weights):
    """Returns a model of units in a row, z1 to zn, each of one weight and a tanh."""
    model = keras.Sequential([keras.Input((1,))])
    for place, weight in enumerate(weights, 1):
        constant = keras.initializers.Constant(weight)
        model.add(layers.Dense(1, kernel_initializer=constant, name=f"z{place}"))
        model.add(layers.Activation("tanh"))
    return model


# draw, draw_with_keras, total


@pytest.mark.parametrize("function", [draw, draw_with_keras])
def test_numbers_are_standard_normal_and_those_of_their_seed(function):
    numbers = function(3, 100, 200)
    assert (numbers.shape, numbers.dtype) == ((100, 200), np.float32)
    assert isinstance(numbers, np.ndarray)
    # Four standard errors of 20,000: of the mean 1 / sqrt(n), of the deviation 1 / sqrt(2 n).
    assert abs(numbers.mean()) < 4 / math.sqrt(20_000)
    assert abs(numbers.std() - 1) < 4 / math.sqrt(40_000)
    keras.utils.set_random_seed(7)
    np.testing.assert_array_equal(function(3, 100, 200), numbers)
    assert (function(4, 100, 200) != numbers).mean() > 0.99
    assert function(0).shape == ()


def test_numbers_may_have_several_seeds_together():
    assert (draw([1, 2], 50) != draw([2, 1], 50)).all()
    np.testing.assert_array_equal(draw([1, 2], 50), draw((1, 2), 50))


def test_total_hands_each_output_the_same_gradient():
    model, x = tanh_chain([0.5]), np.array([[1.0], [2.0], [3.0], [4.0]], np.float32)
    model.add(layers.Activation("linear", name="outputs"))
    found = signal_gradients(model, total, x, x)["outputs"]
    np.testing.assert_array_equal(found, np.full((4, 1), 1 / 4))


def test_slopes_are_those_of_the_formula_at_points_in_any_form():
    points = [-1.0, 0.0, 0.5]
    expected = 1 - np.tanh(points) ** 2
    for given in (points, np.float32(points)):
        np.testing.assert_allclose(slopes(ops.tanh, given), expected, atol=1e-6)


# layer_gradients, signal_gradients


def test_gradients_of_a_chain_are_the_products():
    weights, x = [0.5, -2.0, 1.5], 0.3
    kernels, signals = layer_gradients(tanh_chain(weights), total, [[x]], [[0.0]])
    below, slopes = [x], []
    for weight in weights:
        below.append(math.tanh(weight * below[-1]))
        slopes.append(1 - below[-1] ** 2)
    expected = slopes[2]
    for place in (3, 2, 1):
        assert signals[f"z{place}"].shape == (1, 1)
        assert signals[f"z{place}"].item() == pytest.approx(expected, rel=1e-5)
        kernel = kernels[f"z{place}"].item()
        assert kernel == pytest.approx(expected * below[place - 1], rel=1e-5)
        expected *= weights[place - 1] * slopes[place - 2]


def test_what_is_small_beside_the_weights_is_not_rounded():
    # z = 1e-6 z' six times over: the first kernel's gradient is 1e-30, its value 1.
    model = keras.Sequential([keras.Input((1,))])
    for place, weight in enumerate([1.0] + [1e-6] * 5):
        constant = keras.initializers.Constant(weight)
        model.add(layers.Dense(1, use_bias=False, kernel_initializer=constant, name=f"z{place}"))
    kernels, _ = layer_gradients(model, total, [[1.0]], [[0.0]])
    assert kernels["z0"].item() == pytest.approx(1e-30, rel=1e-5)


def test_the_model_keeps_its_values_and_only_the_named_layers_are_told():
    model = tanh_chain([0.5, 0.7])
    before = model.get_weights()
    kernels, signals = layer_gradients(model, total, [[1.0]], [[0.0]], ["z2"])
    assert (list(kernels), list(signals)) == (["z2"], ["z2"])
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_signals_are_those_of_layer_gradients():
    model, x = tanh_chain([0.5, 0.7]), np.array([[1.0], [2.0]], np.float32)
    _, signals = layer_gradients(model, total, x, x)
    found = signal_gradients(model, total, x, x)
    assert list(found) == list(signals)
    for name in found:
        np.testing.assert_array_equal(found[name], signals[name])
    # The loss is the mean over the two examples.
    slope = (1 - np.tanh(0.7 * np.tanh(0.5 * x)) ** 2) / 2
    np.testing.assert_allclose(found["z2"], slope, rtol=1e-5)


# What extreme_depth and gradient_flow compute on their own, against Keras and integrals


def network(kernels):
    """Returns the layers of extreme_depth as Keras convolutions without padding, input first."""
    inputs = keras.Input((6, 5))
    outputs = layers.Activation("linear", name="input")(inputs)
    for kernel in kernels:
        last, first = layers.Cropping1D((5, 0))(outputs), layers.Cropping1D((0, 5))(outputs)
        wrapped = layers.Concatenate(axis=1)([last, outputs, first])
        convolution = layers.Conv1D(5, 3, activation="tanh", use_bias=False)
        outputs = convolution(wrapped)
        convolution.set_weights([kernel])
    return keras.Model(inputs, outputs)


def test_convolutions_and_their_gradients_are_those_of_keras():
    drawn = np.random.default_rng(0)
    kernels = drawn.normal(0, 0.4, (4, 3, 5, 5))
    x, above = drawn.normal(size=(2, 2, 6, 5))
    slopes, signal = [], x
    for kernel in kernels:
        signal = np.tanh(extreme_depth.convolve(signal, kernel))
        slopes.append(1 - signal**2)
    gradient = above
    for kernel, slope in zip(kernels[::-1], slopes[::-1], strict=True):
        gradient = extreme_depth.pull_back(gradient * slope, kernel)
    model = network(kernels)
    np.testing.assert_allclose(ops.convert_to_numpy(model(x)), signal, atol=1e-5)

    def weighted(y, outputs):
        return ops.sum(y * outputs, axis=(1, 2)) * 2  # two examples are averaged

    found = signal_gradients(model, weighted, np.float32(x), np.float32(above))["input"]
    np.testing.assert_allclose(found, gradient, atol=1e-5)


def test_the_jacobian_is_that_of_each_frequency():
    # Convolutions that wrap round are matrix products, frequency by frequency.
    kernels = list(extreme_depth.kernels(DeltaOrthogonal, 2, 3, seed=1))
    mixed = [kernel + np.random.default_rng(2).normal(size=kernel.shape) for kernel in kernels]
    size = extreme_depth.LENGTH * 3
    images = np.eye(size).reshape(size, extreme_depth.LENGTH, 3)
    for kernel in mixed:
        images = extreme_depth.convolve(images, kernel)
    turns = np.exp(2j * np.pi * np.arange(extreme_depth.LENGTH) / extreme_depth.LENGTH)
    values = []
    for turn in turns:
        first, second = (sum(turn**k * kernel[k] for k in range(3)) for kernel in mixed)
        values += np.linalg.svd(first @ second, compute_uv=False).tolist()
    found = np.linalg.svd(images.reshape(size, size), compute_uv=False)
    np.testing.assert_allclose(found, sorted(values, reverse=True), rtol=1e-9)


def mean(function, variance):
    """Returns the mean of a function of a normal number, by a fine sum."""
    z = np.linspace(-12, 12, 200_001) * math.sqrt(variance)
    shares = np.exp(-(z**2) / (2 * variance))
    return float((function(z) * shares).sum() / shares.sum())


def test_expected_norms_of_wide_tanh_networks():
    second = mean(lambda z: np.tanh(z) ** 2, 1.0)
    activations = mean(lambda z: np.tanh(z) ** 2, second)
    gradients = 1.0
    for variance in (1.0, second):
        gradients *= mean(lambda z: (1 - np.tanh(z) ** 2) ** 2, variance)
    expected = (math.log10(activations) / 2, math.log10(gradients) / 2)
    assert extreme_depth.expected(2) == pytest.approx(expected, abs=1e-6)


def test_expected_ratio_of_wide_sigmoid_networks():
    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    def squared_slope(z):
        return (sigmoid(z) * (1 - sigmoid(z))) ** 2

    second = mean(lambda z: sigmoid(z) ** 2, 1.0)
    product = mean(squared_slope, 1.0) * mean(squared_slope, second)
    assert gradient_flow.expected_ratio(3) == pytest.approx(math.log10(product) / 2, abs=1e-6)
    assert gradient_flow.expected_ratio(1) == 0


def test_a_numerical_gradient_is_the_derivative_of_the_formula():
    at = np.random.default_rng(0).normal(size=(2, 3)).astype(np.float32)
    before = at.copy()
    found = numerical_gradient(lambda x: np.sum(x**3) + x[0, 1] * x[1, 2], at)
    expected = 3 * at.astype(float) ** 2
    expected[0, 1] += at[1, 2]
    expected[1, 2] += at[0, 1]
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, atol=1e-8)
    np.testing.assert_array_equal(at, before)


def test_a_numerical_gradient_is_exact_for_squares_at_any_step():
    # Centred differences lose the third derivative only.
    for step in (1e-3, 0.5):
        assert numerical_gradient(lambda x: x**2, 3.0, step) == pytest.approx(6.0)


def test_a_numerical_gradient_at_a_kink_is_the_mean_of_both_sides():
    assert numerical_gradient(lambda x: max(float(x), 0.0), 0.0) == pytest.approx(0.5)


# What loss_surface computes on its own, against Keras


@pytest.mark.parametrize("skips", [False, True])
def test_losses_of_many_networks_are_keras_s_in_training(skips):
    keras.utils.set_random_seed(3)
    x, y = loss_surface.clusters(3)
    models = [loss_surface.build(4, skips) for _ in range(2)]
    kernels = [[w for w in model.get_weights() if w.ndim == 2] for model in models]
    together = [np.stack(pair) for pair in zip(*kernels, strict=True)]
    expected = [float(loss_surface.LOSS(y, model(x, training=True))) for model in models]
    found = loss_surface.losses(together, x, y, skips)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_lines_pass_through_the_network_and_differ():
    x, y = loss_surface.clusters(0)
    kernels = [w for w in loss_surface.build(2, False).get_weights() if w.ndim == 2]
    found = loss_surface.lines(kernels, x, y, False, 0)
    assert found.shape == (loss_surface.LINES, len(loss_surface.STEPS))
    here = loss_surface.losses([kernel[None] for kernel in kernels], x, y, False)
    np.testing.assert_allclose(found[:, len(loss_surface.STEPS) // 2], here.item(), rtol=1e-5)
    assert len(np.unique(found[:, 0])) == loss_surface.LINES
