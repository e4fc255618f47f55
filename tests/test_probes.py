import keras
import numpy as np
import pytest

from zoo import probes
from zoo.data import load
from zoo.experiment import Recipe

# TensorFlow's variables do not know NumPy 2's `copy` yet.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def data():
    return load("digits")


def make(*layers):
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), *layers])


def values(model):
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in model.variables]


ALL = (
    probes.DropUnderNoise(0.5),
    probes.DropWithoutUnits(0.5),
    probes.MeanActivation(),
    probes.SmallWeightShare(),
    probes.PeakWeight(),
    probes.DistinctUnits(),
)


@pytest.mark.parametrize("probe", ALL, ids=lambda probe: type(probe).__name__)
def test_a_probe_gives_the_same_number_twice_and_leaves_the_model(probe, data):
    model = make(keras.layers.Dense(16, "relu"), keras.layers.Dense(10))
    before = values(model)
    assert probe(model, data) == probe(model, data)
    for was, now in zip(before, values(model), strict=True):
        np.testing.assert_array_equal(was, now)


def test_no_noise_and_no_cut_cost_nothing(data):
    model = make(keras.layers.Dense(16, "relu"), keras.layers.Dense(10))
    assert probes.DropUnderNoise(0.0)(model, data) == 0
    assert probes.DropWithoutUnits(0.0)(model, data) == 0


def test_a_network_without_units_guesses_one_class(data):
    model = make(keras.layers.Dense(16, "relu"), keras.layers.Dense(10))
    bias = np.zeros(10, np.float32)
    bias[3] = 1.0
    model.layers[-1].bias.assign(bias)
    whole = probes.accuracy(model, data.x_test, data.y_test)
    expected = whole - np.mean(data.y_test == 3)
    assert probes.DropWithoutUnits(1.0)(model, data) == pytest.approx(expected)


def test_noise_costs_what_it_costs_by_hand(data):
    model = make(keras.layers.Dense(10))
    kernel, bias = values(model)
    noise = np.random.default_rng(0).normal(0, 2.0, data.x_test.shape)

    def right(x):
        return np.mean(np.argmax(x.reshape(len(x), -1) @ kernel + bias, axis=1) == data.y_test)

    expected = right(data.x_test) - right((data.x_test + noise).astype(np.float32))
    assert probes.DropUnderNoise(2.0)(model, data) == pytest.approx(expected, abs=1e-6)


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
    assert probes.PeakWeight()(model, data) == pytest.approx(3 / np.sqrt((9 + 4) / 132))


def test_equal_columns_are_one_unit(data):
    model = make(keras.layers.Dense(6, "relu"), keras.layers.Dense(10))
    assert probes.DistinctUnits()(model, data) == 6
    kernel = values(model)[0]
    kernel[:, 1:4] = kernel[:, :1]
    model.layers[1].kernel.assign(kernel)
    assert probes.DistinctUnits()(model, data) == 3


def test_both_engines_probe_alike_and_probes_change_the_key(data):
    import dataclasses

    from zoo.engine import fit, population
    from zoo.engine.result import Silent
    from zoo.experiment import Experiment
    from zoo.plan import plan

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
        plain, probes={"peak": probes.PeakWeight(), "drop": probes.DropUnderNoise(1.0)}
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
        assert result.final["drop"] == pytest.approx(alone[run].final["drop"], abs=0.01)
        for name, curve in result.history.items():
            assert curve == pytest.approx(alone[run].history[name], rel=1e-5)
