import keras
import numpy as np
import pytest
from scipy.special import expit, lambertw

from zoo.layers import DropConnect, Maxout, RandomMap, RReLU, Swish

BOUND = 5  # standard errors; a correct layer crosses them once in 1.7 million draws


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def built(layer, width):
    """Returns the layer, its kernel and bias drawn from a normal distribution."""
    layer.build((None, width))
    for number, weight in enumerate(layer.trainable_variables):
        weight.assign(normal(*weight.shape, seed=number + 1))
    return layer


def numpy_of(tensor):
    return keras.ops.convert_to_numpy(tensor)


# Maxout


@pytest.mark.parametrize(("units", "pieces", "shape"), [(4, 2, ()), (1, 5, ()), (3, 1, (2, 5))])
def test_maxout_is_the_largest_of_its_pieces(units, pieces, shape):
    x = normal(7, *shape, units * pieces)
    layer = Maxout(pieces)
    expected = np.empty((7, *shape, units))
    for place in np.ndindex(expected.shape):
        *front, unit = place
        expected[place] = max(x[(*front, unit * pieces + piece)] for piece in range(pieces))
    np.testing.assert_array_equal(numpy_of(layer(x)), expected)
    assert layer.compute_output_shape(x.shape) == expected.shape
    assert layer.count_params() == 0


def test_maxout_of_opposite_lines_is_the_absolute_value():
    lines = keras.layers.Dense(2, use_bias=False)
    lines.build((None, 1))
    lines.kernel.assign([[1.0, -1.0]])
    x = normal(20, 1)
    np.testing.assert_array_equal(numpy_of(Maxout()(lines(x))), np.abs(x))


def test_maxout_needs_pieces_that_divide_the_units():
    with pytest.raises(ValueError, match=r"positive integer. Received: pieces=0"):
        Maxout(0)
    with pytest.raises(ValueError, match=r"must divide the last axis. Received: pieces=2, .*3\)"):
        Maxout(2)(normal(4, 3))


# RReLU


@pytest.mark.parametrize(("lower", "upper"), [(3.0, 8.0), (2.0, 2.0), (1.0, 100.0)])
def test_rrelu_infers_with_the_mean_divisor(lower, upper):
    x = normal(50, 4)
    expected = np.where(x >= 0, x, x * 2 / (lower + upper))
    layer = RReLU(lower, upper)
    np.testing.assert_allclose(numpy_of(layer(x)), expected, rtol=1e-6)
    np.testing.assert_array_equal(numpy_of(layer(x)), numpy_of(layer(x)))


def test_rrelu_trains_with_slopes_between_an_eighth_and_a_third():
    layer = RReLU(seed=0)
    slopes = -numpy_of(layer(np.full((200, 100), -1.0, "float32"), training=True))
    assert slopes.min() >= 1 / 8 - 1e-7
    assert slopes.max() <= 1 / 3 + 1e-7
    # Divisors are uniform on [3, 8]: mean 5.5, variance 5 ** 2 / 12.
    error = 5 / np.sqrt(12 * slopes.size)
    assert abs((1 / slopes).mean() - 5.5) < BOUND * error
    # The chance that none of n divisors falls within 0.01 of an end is (1 - 0.01 / 5) ** n = 4e-18.
    assert (1 / slopes).min() < 3.01
    assert (1 / slopes).max() > 7.99


def test_rrelu_draws_anew_for_every_value_and_every_call():
    layer, twin = RReLU(seed=4), RReLU(seed=4)
    x = np.full((6, 5), -1.0, "float32")
    first, second = (numpy_of(layer(x, training=True)) for _ in range(2))
    assert len(np.unique(first)) == first.size
    assert not np.isin(first, second).any()
    np.testing.assert_array_equal(numpy_of(twin(x, training=True)), first)


def test_rrelu_leaves_positive_values_alone():
    x = np.abs(normal(20, 3))
    np.testing.assert_array_equal(numpy_of(RReLU()(x, training=True)), x)


def test_rrelu_with_equal_divisors_is_leaky_relu():
    x = normal(20, 3)
    trained = numpy_of(RReLU(4.0, 4.0)(x, training=True))
    np.testing.assert_allclose(trained, np.where(x >= 0, x, x / 4), rtol=1e-6)


@pytest.mark.parametrize(("lower", "upper"), [(0.0, 8.0), (-1.0, 8.0), (8.0, 3.0)])
def test_rrelu_needs_ordered_positive_divisors(lower, upper):
    with pytest.raises(ValueError, match=f"Received: {lower}, {upper}"):
        RReLU(lower, upper)


# Swish


@pytest.mark.parametrize("beta", [0.0, 0.5, 1.0, 10.0, -2.0])
def test_swish_is_x_times_sigmoid_of_beta_x(beta):
    x = normal(30, 2) * 4
    np.testing.assert_allclose(numpy_of(Swish(beta)(x)), x * expit(beta * x), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("beta", [1.0, 10.0])
def test_swish_has_its_minimum_where_the_derivative_says(beta):
    # x * sigmoid(x) has derivative 0 where 1 + x = -exp(x), so x = -1 - W(1 / e), value -W(1 / e).
    omega = lambertw(np.exp(-1)).real
    assert omega == pytest.approx(0.2784645, abs=1e-7)
    x = np.linspace(-3, 1, 40_001, dtype="float32") / beta
    y = numpy_of(Swish(beta)(x))
    assert y.min() * beta == pytest.approx(-omega, abs=1e-6)
    # Float32 cannot tell y apart where 0.5 * y'' * distance ** 2 is below its resolution.
    assert x[y.argmin()] * beta == pytest.approx(-1 - omega, abs=2e-3)


def test_swish_0_halves_and_swish_100_is_relu_up_to_its_minimum():
    x = normal(100, 5)
    np.testing.assert_array_equal(numpy_of(Swish(0.0)(x)), x / 2)
    # The distance from ReLU is largest at the minimum, W(1 / e) / beta.
    distance = np.abs(numpy_of(Swish(100.0)(x)) - np.maximum(x, 0))
    assert distance.max() <= lambertw(np.exp(-1)).real / 100 + 1e-6


@pytest.mark.parametrize(("learn", "trainable"), [(True, 1), (False, 0)])
def test_swish_has_one_beta_for_the_layer(learn, trainable):
    layer = Swish(0.7, learn=learn)
    layer.build((None, 9))
    assert layer.count_params() == 1
    assert len(layer.trainable_variables) == trainable
    assert float(layer.scale) == pytest.approx(0.7)


# DropConnect


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("arguments", [{}, {"use_bias": False}, {"activation": "relu"}])
def test_dropconnect_at_rate_0_equals_dense(arguments, training):
    ours, dense = built(DropConnect(5, 0.0, **arguments), 4), keras.layers.Dense(5, **arguments)
    dense.build((None, 4))
    dense.set_weights(ours.get_weights())
    x = normal(10, 4)
    np.testing.assert_allclose(
        numpy_of(ours(x, training=training)), numpy_of(dense(x)), rtol=1e-5, atol=1e-6
    )
    assert ours.count_params() == dense.count_params()
    assert ours.compute_output_shape((10, 4)) == (10, 5)


def test_dropconnect_infers_with_the_kernel_as_it_is():
    layer = built(DropConnect(3, 0.5), 4)
    x = normal(6, 4)
    expected = x @ numpy_of(layer.kernel.value) + numpy_of(layer.bias.value)
    for _ in range(2):
        np.testing.assert_allclose(numpy_of(layer(x)), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("rate", [0.2, 0.5, 0.9])
def test_dropconnect_keeps_the_share_it_says_and_scales_it(rate):
    layer = DropConnect(150, rate, seed=1, use_bias=False, kernel_initializer="ones")
    kernel = numpy_of(layer(np.eye(200, dtype="float32"), training=True))  # the kernel itself
    kept = kernel != 0
    np.testing.assert_allclose(kernel[kept], 1 / (1 - rate), rtol=1e-6)
    count = 200 * 150
    assert abs(kept.sum() - count * (1 - rate)) < BOUND * np.sqrt(count * rate * (1 - rate))


def test_dropconnect_shares_one_mask_among_the_batch_and_draws_it_anew():
    layer = built(DropConnect(8, 0.5, seed=1), 6)
    x = np.repeat(normal(1, 6), 5, axis=0)
    first, second = (numpy_of(layer(x, training=True)) for _ in range(2))
    np.testing.assert_array_equal(first, np.repeat(first[:1], 5, axis=0))
    assert (first != second).any()


def test_dropconnect_trains_on_what_it_infers_with_on_average():
    rate, draws = 0.5, 400
    layer = built(DropConnect(5, rate, seed=0), 10)
    x = normal(1, 10)
    mean = np.mean([numpy_of(layer(x, training=True)) for _ in range(draws)], axis=0)
    # A kept entry is scaled by 1 / (1 - rate): its variance is w ** 2 * rate / (1 - rate).
    variance = (x**2) @ (numpy_of(layer.kernel.value) ** 2) * rate / (1 - rate)
    assert (np.abs(mean - numpy_of(layer(x))) < BOUND * np.sqrt(variance / draws)).all()


@pytest.mark.parametrize("rate", [-0.1, 1.0, float("nan")])
def test_dropconnect_needs_a_rate_below_1(rate):
    with pytest.raises(ValueError, match=f"Received: rate={rate}"):
        DropConnect(3, rate)


# RandomMap

QUARTER = np.eye(6)[[2, 5, 1, 4, 0, 3]]


def test_random_map_leaves_examples_alone_at_inference():
    x = normal(8, 2, 3)
    np.testing.assert_array_equal(numpy_of(RandomMap([QUARTER])(x)), x)
    assert RandomMap([QUARTER]).compute_output_shape(x.shape) == x.shape


def test_random_map_multiplies_flattened_examples_by_a_map():
    x, own = normal(8, 2, 3), normal(1, 6, 6, seed=1)
    expected = np.stack([(each.ravel() @ own[0]).reshape(2, 3) for each in x])
    found = numpy_of(RandomMap(own)(x, training=True))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_random_map_draws_each_map_as_often_anew_for_every_example_and_call():
    layer, examples = RandomMap(np.arange(4.0).reshape(4, 1, 1), seed=3), 10_000
    first, second = (numpy_of(layer(np.ones((examples, 1)), training=True)) for _ in range(2))
    shares = np.bincount(first[:, 0].astype(int), minlength=4) / examples
    error = np.sqrt(1 / 4 * 3 / 4 / examples)
    assert (abs(shares - 1 / 4) < BOUND * error).all()
    assert abs(np.mean(first == second) - 1 / 4) < BOUND * error


@pytest.mark.parametrize("maps", [np.eye(6), np.zeros((0, 6, 6)), np.zeros((2, 6, 5))])
def test_random_map_needs_square_maps(maps):
    with pytest.raises(ValueError, match=r"must be an array of shape \(maps, inputs, inputs\)"):
        RandomMap(maps)


def test_random_map_needs_maps_of_as_many_inputs_as_there_are():
    with pytest.raises(ValueError, match=r"maps of 6, examples of shape \(2, 4\)"):
        RandomMap([QUARTER])(normal(5, 2, 4))


# Saving


@pytest.mark.parametrize(
    "make",
    [
        lambda: Maxout(3),
        lambda: RReLU(2.0, 5.0, seed=9),
        lambda: Swish(1.5, learn=True),
        lambda: DropConnect(4, 0.3, seed=2, activation="relu", kernel_initializer="he_normal"),
        lambda: RandomMap([QUARTER, 2 * QUARTER], seed=5),
    ],
    ids=["maxout", "rrelu", "swish", "dropconnect", "random map"],
)
def test_saved_model_computes_the_same(make, tmp_path):
    model = keras.Sequential([keras.Input((6,)), make()])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.layers[0].get_config() == model.layers[0].get_config()
    x = normal(5, 6)
    for training in (False, True):
        expected = numpy_of(model(x, training=training))
        np.testing.assert_array_equal(numpy_of(loaded(x, training=training)), expected)
