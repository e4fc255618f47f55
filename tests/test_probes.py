import keras
import numpy as np
import pytest

from zoo import probes
from zoo.data import load
from zoo.experiment import Recipe
from zoo.layers import Maxout
from zoo.measure import slopes


@pytest.fixture(scope="module")
def data():
    return load("digits")


def make(*layers):
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), *layers])


def values(model):
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in model.variables]


ALL = (
    probes.AccuracyUnderNoise((0.5, 1.0)),
    probes.AccuracyWithoutUnits((0.25, 0.5)),
    probes.GainFromMasks(3),
    probes.MeanActivation(),
    probes.SmallWeightShare(),
    probes.LargestWeight(),
    probes.PeakWeight(),
    probes.DistinctUnits(),
    probes.AccuracyInTrainingMode(2),
    probes.GainFromFullStatistics(),
)


# Of what probes look at in networks with an activation layer of its own.
WITH_LAYER = (probes.DeadShare(), probes.DeadShare(0.1))


@pytest.mark.parametrize("probe", WITH_LAYER)
def test_a_probe_of_activation_layers_leaves_the_model(probe, data):
    model = make(keras.layers.Dense(16), keras.layers.ReLU(), keras.layers.Dense(10))
    before = values(model)
    assert probe(model, data) == probe(model, data)
    for was, now in zip(before, values(model), strict=True):
        np.testing.assert_array_equal(was, now)


@pytest.mark.parametrize("probe", ALL, ids=lambda probe: type(probe).__name__)
def test_a_probe_gives_the_same_number_twice_and_leaves_the_model(probe, data):
    model = make(keras.layers.Dense(16, "relu"), keras.layers.Dense(10))
    before = values(model)
    assert probe(model, data) == probe(model, data)
    for was, now in zip(before, values(model), strict=True):
        np.testing.assert_array_equal(was, now)


def test_no_noise_and_no_cut_cost_nothing(data):
    model = make(keras.layers.Dense(16, "relu"), keras.layers.Dense(10))
    whole = probes.accuracy(model, data.x_test, data.y_test)
    assert probes.AccuracyUnderNoise((0.0,))(model, data) == whole
    assert probes.AccuracyWithoutUnits((0.0,))(model, data) == whole


def test_a_network_without_units_guesses_one_class(data):
    model = make(keras.layers.Dense(16, "relu"), keras.layers.Dense(10))
    bias = np.zeros(10, np.float32)
    bias[3] = 1.0
    model.layers[-1].bias.assign(bias)
    whole = probes.accuracy(model, data.x_test, data.y_test)
    one_class = np.mean(data.y_test == 3)
    assert probes.AccuracyWithoutUnits((1.0,))(model, data) == pytest.approx(one_class)
    half_way = probes.AccuracyWithoutUnits((0.0, 1.0))(model, data)
    assert half_way == pytest.approx((whole + one_class) / 2)


def test_noise_costs_what_it_costs_by_hand(data):
    model = make(keras.layers.Dense(10))
    kernel, bias = values(model)
    noise = np.random.default_rng(0).normal(0, 2.0, data.x_test.shape)

    def right(x):
        return np.mean(np.argmax(x.reshape(len(x), -1) @ kernel + bias, axis=1) == data.y_test)

    noisy = right((data.x_test + noise).astype(np.float32))
    assert probes.AccuracyUnderNoise((2.0,))(model, data) == pytest.approx(noisy, abs=1e-6)
    less = right((data.x_test + noise / 2).astype(np.float32))
    found = probes.AccuracyUnderNoise((1.0, 2.0))(model, data)
    assert found == pytest.approx((noisy + less) / 2, abs=1e-6)


def test_networks_with_masks_are_averaged_by_hand(data):
    model = make(keras.layers.Dropout(0.5), keras.layers.Dense(10))
    kernel, bias = values(model)[-2:]
    flat = data.x_test.reshape(len(data.x_test), -1)
    drawn = np.random.default_rng(0)
    total = 0.0
    for _ in range(4):
        logits = flat * 2 * (drawn.random(flat.shape) >= 0.5) @ kernel + bias
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        total = total + powers / powers.sum(axis=1, keepdims=True)
    average = np.mean(np.argmax(total, axis=1) == data.y_test)
    expected = average - probes.accuracy(model, data.x_test, data.y_test)
    assert expected != 0
    assert probes.GainFromMasks(4)(model, data) == pytest.approx(expected, abs=1e-6)


def test_without_dropout_there_is_one_network(data):
    model = make(keras.layers.Dropout(0.0), keras.layers.Dense(10))
    assert probes.GainFromMasks(4)(model, data) == 0


def test_accuracy_under_noise_is_the_mean_over_its_sizes(data):
    model = make(keras.layers.Dense(10))
    at_one, at_two = (probes.AccuracyUnderNoise((size,))(model, data) for size in (1.0, 2.0))
    assert at_one != at_two
    found = probes.AccuracyUnderNoise((1.0, 2.0))(model, data)
    assert found == pytest.approx((at_one + at_two) / 2, abs=1e-6)


def test_mean_activation_is_that_of_the_hidden_layers(data):
    model = make(
        keras.layers.Dense(5),
        keras.layers.ReLU(),
        keras.layers.Dense(4, "tanh"),
        keras.layers.Dense(10),
    )
    w1, b1, w2, b2 = values(model)[:4]
    first = np.maximum(data.x_test.reshape(len(data.x_test), -1) @ w1 + b1, 0)
    second = np.tanh(first @ w2 + b2)
    expected = (abs(first.mean()) + abs(second.mean())) / 2
    assert probes.MeanActivation()(model, data) == pytest.approx(expected, rel=1e-4)


def test_weights_are_counted_over_all_kernels(data):
    model = make(keras.layers.Dense(2), keras.layers.Dense(2))
    first = np.zeros((64, 2), np.float32)
    first[0, 0] = 3.0
    model.layers[1].kernel.assign(first)
    model.layers[2].kernel.assign(np.full((2, 2), 1.0))
    assert probes.SmallWeightShare(0.5)(model, data) == 127 / 132
    assert probes.LargestWeight()(model, data) == 3.0
    # The first kernel has one weight in one unit, of 64, and a unit without; the second equal ones.
    assert probes.PeakWeight()(model, data) == 1.0


def test_a_peak_is_that_of_the_middle_unit_and_shrinks_with_none(data):
    model = make(keras.layers.Dense(3))
    kernel = np.zeros((64, 3), np.float32)
    kernel[:, 0] = 1.0
    kernel[:16, 1] = -2.0
    kernel[0, 2] = 5.0
    peaks = []
    for scale in (1.0, 1e-30):
        model.layers[1].kernel.assign(scale * kernel)
        peaks.append(probes.PeakWeight()(model, data))
    # 1 for equal weights, 2 where a quarter is there, 8 for a single one of 64.
    assert peaks == pytest.approx([2.0, 2.0])


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("value", [0.0, np.nan])
def test_a_network_without_weights_or_one_that_diverged_has_no_peak(data, value):
    model = make(keras.layers.Dense(3))
    model.layers[1].kernel.assign(np.full((64, 3), value, np.float32))
    assert np.isnan(probes.PeakWeight()(model, data))


def test_equal_columns_are_one_unit(data):
    model = make(keras.layers.Dense(6, "relu"), keras.layers.Dense(10))
    assert probes.DistinctUnits()(model, data) == 6
    kernel = values(model)[0]
    kernel[:, 1:4] = kernel[:, :1]
    model.layers[1].kernel.assign(kernel)
    assert probes.DistinctUnits()(model, data) == 3


RECTIFIERS = {
    "relu": keras.layers.ReLU,
    "leaky": lambda: keras.layers.LeakyReLU(negative_slope=0.05),
    "elu": lambda: keras.layers.ELU(alpha=2.0),
    "prelu": lambda: keras.layers.PReLU(alpha_initializer=keras.initializers.Constant(-0.3)),
    "maxout": lambda: Maxout(2),
}


@pytest.mark.parametrize("name", RECTIFIERS)
def test_slopes_are_those_of_the_gradient(name):
    layer = RECTIFIERS[name]()
    z = np.random.default_rng(0).normal(0, 20, (50, 6)).astype("float32")
    z[0] = [-110, -9, -0.5, 0.5, 9, 110]  # exp(-110) is 0 in single precision
    layer.build(z.shape)

    def flat(row):
        return keras.ops.reshape(layer(keras.ops.reshape(row, z.shape)), (1, -1))

    expected = slopes(flat, z.ravel().tolist()).reshape(z.shape)
    if name == "maxout":  # the gradient goes into one piece, the largest
        expected = expected.reshape(50, 3, 2).sum(axis=-1)
    found = probes.slope_of(layer, z)
    assert found.shape == expected.shape
    # TensorFlow takes the slope of ELU from its output, which rounds what is small beside 1.
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=5e-7 if name == "elu" else 0)


def test_units_are_dead_that_no_example_reaches(data):
    model = make(
        keras.layers.Dense(8),
        keras.layers.ReLU(),
        keras.layers.Dense(2),
        keras.layers.LeakyReLU(negative_slope=0.25),
        keras.layers.Dense(10),
    )
    kernel, bias = values(model)[:2]
    bias[:3] = -1e4  # three of eight never rise above 0
    kernel[:, 3], bias[3] = 0.0, 0.0  # and one is 0 everywhere
    x = data.x_train.reshape(len(data.x_train), -1)
    kernel[:, 4] = np.sign(x[7])  # and one is above 0 for a few examples only
    bias[4] = -np.sort(x @ kernel[:, 4])[-4]
    model.layers[1].kernel.assign(kernel)
    model.layers[1].bias.assign(bias)
    model.layers[3].bias.assign(np.array([-1e6, 1e6]))
    assert 0 < np.mean(x @ kernel[:, 4] + bias[4] > 0) < 0.01
    assert probes.DeadShare()(model, data) == pytest.approx(4 / 10)
    assert probes.DeadShare(0.2)(model, data) == pytest.approx(4 / 10)
    assert probes.DeadShare(0.25)(model, data) == pytest.approx(5 / 10)
    assert probes.DeadShare(1.0)(model, data) == 1


def test_the_dead_share_of_a_diverged_network_is_not_a_number(data):
    model = make(keras.layers.Dense(8), keras.layers.ReLU(), keras.layers.Dense(10))
    bias = np.zeros(8)
    bias[2] = np.nan
    model.layers[1].bias.assign(bias)
    assert np.isnan(probes.DeadShare()(model, data))


def test_dead_units_are_counted_only_where_the_slope_is_known(data):
    model = make(keras.layers.Dense(8, "tanh"), keras.layers.Dense(10))
    with pytest.raises(ValueError, match=r"must be ReLU, .* or Maxout\. Received: Dense 'dense"):
        probes.DeadShare()(model, data)


def normalising(data, *, image=False):
    """Returns a network with normalisations whose parameters and statistics are not the initial."""
    keras.utils.set_random_seed(0)
    flat = [] if image else [keras.layers.Flatten()]
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            *flat,
            keras.layers.BatchNormalization(scale=False),
            keras.layers.Dense(12),
            keras.layers.BatchNormalization(center=False),
            keras.layers.ReLU(),
            keras.layers.Dropout(0.5),
            keras.layers.Flatten(),
            keras.layers.Dense(10),
        ]
    )
    model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    generator = np.random.default_rng(0)
    for variable in model.variables:
        if "seed" not in variable.path:
            variable.assign(np.abs(generator.normal(size=variable.shape)) + 0.1)
    model.layers[-1].kernel.assign(generator.normal(size=model.layers[-1].kernel.shape))
    return model


def one_layer_after_another(model, x):
    """Applies a model with only its batch normalisations in training mode."""
    for layer in model.layers:
        x = layer(x, training=isinstance(layer, keras.layers.BatchNormalization))
    return keras.ops.convert_to_numpy(x)


@pytest.mark.slow
@pytest.mark.parametrize("image", [False, True])
@pytest.mark.parametrize("size", [1, 2, 32])
def test_accuracy_in_training_mode_is_that_of_the_batches_one_by_one(size, image, data):
    model = normalising(data, image=image)
    found = probes.AccuracyInTrainingMode(size, seed=3)(model, data)
    order = np.random.default_rng(3).permutation(len(data.x_test))
    right = []
    for start in range(0, len(order) - size + 1, size):
        rows = order[start : start + size]
        logits = one_layer_after_another(model, data.x_test[rows])
        right += list(np.argmax(logits, axis=1) == data.y_test[rows])
    assert len(right) == len(order) // size * size
    assert found == pytest.approx(np.mean(right), abs=1e-9)


@pytest.mark.parametrize("image", [False, True])
def test_full_statistics_are_those_of_the_training_set_as_one_batch(image, data):
    model = normalising(data, image=image)
    before = probes.accuracy(model, data.x_test, data.y_test)
    gain = probes.GainFromFullStatistics()(model, data)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0  # keep the statistics of the last batch only
    one_layer_after_another(model, data.x_train)
    after = probes.accuracy(model, data.x_test, data.y_test)
    assert gain == pytest.approx(after - before, abs=1e-9)
    assert gain != 0
    assert probes.GainFromFullStatistics()(model, data) == pytest.approx(0, abs=1e-9)


def test_a_single_example_in_training_mode_gets_the_same_logits(data):
    model = normalising(data)
    guess = one_layer_after_another(model, data.x_test[:1]).argmax()
    expected = np.mean(data.y_test == guess)
    assert probes.AccuracyInTrainingMode(1)(model, data) == pytest.approx(expected)


def test_statistics_are_replaced_only_where_that_is_possible(data):
    inputs = keras.Input((8, 8, 1))
    functional = keras.Model(inputs, keras.layers.Dense(10)(keras.layers.Flatten()(inputs)))
    with pytest.raises(ValueError, match=r"must be sequential\. Received: Functional"):
        probes.AccuracyInTrainingMode(2)(functional, data)
    other_axis = keras.Sequential(
        [keras.Input((8, 8, 1)), keras.layers.BatchNormalization(axis=1), keras.layers.Flatten()]
    )
    with pytest.raises(ValueError, match=r"must be the last\. Received: 1"):
        probes.GainFromFullStatistics()(other_axis, data)


@pytest.mark.slow
def test_both_engines_probe_alike_and_probes_change_the_key(data, fit_uncompiled):
    import dataclasses

    from zoo.engine import fit, population
    from zoo.experiment import Experiment
    from zoo.runs.plan import plan
    from zoo.runs.run import Silent

    def build_model(input_shape, num_classes, units):
        return make(keras.layers.Dense(units, "relu"), keras.layers.Dense(num_classes))

    plain = Recipe(
        build_model=build_model,
        optimizer=keras.optimizers.SGD,
        learning_rates=(0.1,),
        epochs=2,
        batch_size=64,
    )
    probed = dataclasses.replace(
        plain, probes={"peak": probes.PeakWeight(), "noisy": probes.AccuracyUnderNoise((1.0,))}
    )
    both = [
        plan(
            Experiment(factor="units", baseline="8", variants={"8": 8, "12": 12}, recipe=recipe),
            data,
            [0, 1],
        )
        for recipe in (plain, probed)
    ]
    assert not {job.run.key for job in both[0]} & {job.run.key for job in both[1]}
    alone = {result.run: result for result in fit.train(both[1], data, Silent())}
    together = {result.run: result for result in population.train(both[1], data, Silent())}
    assert len(together) == 4
    for run, result in together.items():
        assert result.final["peak"] == pytest.approx(alone[run].final["peak"], rel=1e-5)
        assert result.final["noisy"] == pytest.approx(alone[run].final["noisy"], abs=0.01)
        for name, curve in result.history.items():
            assert curve == pytest.approx(alone[run].history[name], rel=1e-5)
