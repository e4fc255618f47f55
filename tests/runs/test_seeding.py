import hashlib
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import initializers, layers
from seeding_case import assert_same, drawn, he, kernels, start, stream

from zoo.initializers import IdenticalColumns
from zoo.layers import DropConnect, RReLU
from zoo.runs.seeding import derived_seed, epoch_order, fresh_model

ROOT = Path(__file__).parents[2]


# Seeds and orders


def test_derived_seed_is_the_start_of_a_sha256():
    path = (3, "Dense", 0, "kernel")
    first_four = hashlib.sha256(b"(3, 'Dense', 0, 'kernel')").hexdigest()[:8]
    expected = int.from_bytes(bytes.fromhex(first_four), "little") & 0x7FFFFFFF
    assert derived_seed(*path) == expected


def test_derived_seed_depends_on_every_part_and_on_their_order():
    paths = [(0, "a", 1), (1, "a", 1), (0, "b", 1), (0, "a", 2), (1, "a", 0), (0, "a"), ("0", "a")]
    seeds = [derived_seed(*path) for path in paths]
    assert len(set(seeds)) == len(paths)
    assert all(0 <= seed < 2**31 for seed in seeds)


@pytest.mark.parametrize("examples", [1, 2, 37, 4000])
def test_epoch_order_is_a_permutation(examples):
    order = epoch_order(examples, seed=3, epoch=2)
    assert order.dtype == np.int32
    assert sorted(order.tolist()) == list(range(examples))


def test_epoch_order_depends_on_seed_and_epoch_only():
    orders = {(s, e): tuple(epoch_order(50, s, e)) for s in range(4) for e in range(4)}
    assert len(set(orders.values())) == 16
    np.random.default_rng(5).random()
    assert tuple(epoch_order(50, 2, 1)) == orders[2, 1]


def test_epoch_order_favours_no_place():
    # Where example 0 stands is uniform over 10 places: chi-square with 9 degrees of freedom.
    places = [int(np.flatnonzero(epoch_order(10, seed, 0) == 0)[0]) for seed in range(2000)]
    counts = np.bincount(places, minlength=10)
    assert ((counts - 200) ** 2 / 200).sum() < 33.7  # its 0.9999 quantile


def test_seeds_and_orders_are_the_same_in_every_process():
    # Keras takes seconds to import and neither function needs it.
    program = (
        "import sys, types; sys.modules['keras'] = types.ModuleType('keras');"
        "sys.modules['callbacks'] = types.ModuleType('callbacks');"
        "sys.modules['callbacks'].__path__ = ['callbacks'];"
        "from zoo.runs.seeding import derived_seed, epoch_order;"
        "print(derived_seed(1, 'Dense', 0, 'kernel'), epoch_order(9, 4, 2).tolist())"
    )
    here = f"{derived_seed(1, 'Dense', 0, 'kernel')} {epoch_order(9, 4, 2).tolist()}"
    for hash_seed in ("0", "1", "77"):
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
        )
        assert done.stdout.strip() == here


# Initial values


def test_drawing_twice_gives_the_same_and_another_seed_gives_others():
    given = start(he(8), layers.Dropout(0.5), he(8))
    model = given.fresh(5)
    first, state = kernels(model), stream(model.layers[1])
    given.fresh(6)
    for a, b in zip(first, kernels(model), strict=True):
        assert (a != b).all()
    assert stream(model.layers[1]) != state
    given.fresh(5)
    assert_same(first, kernels(model))
    assert stream(model.layers[1]) == state


def test_drawing_does_not_depend_on_the_global_seed_or_on_models_before():
    def draw(global_seed):
        keras.utils.set_random_seed(global_seed)
        return kernels(drawn(he(8), he(8)))

    first = draw(1)
    he(3).build((None, 3))
    assert_same(first, draw(2))


@pytest.mark.parametrize(
    "between",
    [
        [layers.Dropout(0.5)],
        [layers.Dropout(0.0)],
        [layers.BatchNormalization()],
        [layers.ReLU(), layers.Dropout(0.2), layers.BatchNormalization(), layers.PReLU()],
        [RReLU()],
    ],
    ids=["dropout", "dropout 0", "batch norm", "several", "rrelu"],
)
def test_layers_in_between_leave_the_dense_weights_as_they_are(between):
    plain = drawn(he(8), he(8), he(3))
    assert_same(kernels(plain), kernels(drawn(he(8), *between, he(8), he(3))))


def test_dropout_stream_belongs_to_its_place():
    first = drawn(layers.Dropout(0.1), he(4), layers.Dropout(0.5))
    second = drawn(layers.Dropout(0.0), he(4), layers.BatchNormalization(), layers.Dropout(0.2))
    assert stream(first.layers[2]) == stream(second.layers[3])
    assert stream(first.layers[0]) != stream(first.layers[2])


def test_dropconnect_has_the_weights_of_dense():
    dense = drawn(he(8), he(3))
    dropped = drawn(DropConnect(8, 0.5, kernel_initializer="he_normal"), he(3))
    assert_same(kernels(dense), kernels(dropped))


def test_zoo_initializer_with_the_seed_of_its_place():
    model = drawn(layers.Dense(4, kernel_initializer=IdenticalColumns()), seed=2)
    expected = IdenticalColumns(seed=derived_seed(2, "Dense", 0, "kernel"))((6, 4))
    assert_same(kernels(model), [keras.ops.convert_to_numpy(expected)])


def test_zoo_layer_gets_its_seed_too():
    first, again, other = (
        drawn(DropConnect(4, 0.5, kernel_initializer="he_normal"), seed=seed).get_weights()[0]
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).all()


def test_places_of_equal_shape_get_unrelated_weights():
    first, second = kernels(drawn(he(200), he(200), shape=(200,)))
    correlation = np.corrcoef(first.ravel(), second.ravel())[0, 1]
    assert abs(correlation) < 5 / np.sqrt(first.size)


def test_he_normal_weights_have_its_statistics():
    kernel = kernels(drawn(he(300), shape=(400,)))[0].astype("float64")
    stddev = np.sqrt(2 / 400)
    assert abs(kernel.mean()) < 5 * stddev / np.sqrt(kernel.size)
    # A normal sample's variance has relative error sqrt(2 / n); cutting the tails lowers it.
    assert abs(kernel.var() / stddev**2 - 1) < 5 * np.sqrt(2 / kernel.size)
    # Cut at two standard deviations of a normal that keeps the variance after the cut.
    assert np.abs(kernel).max() <= 2 * stddev / 0.87962566103423978 * (1 + 1e-6)


def test_an_authors_seed_is_kept():
    def stack():
        kernel = initializers.HeNormal(seed=7)
        return layers.Dense(8, kernel_initializer=kernel), layers.Dropout(0.5, seed=3)

    first, second = drawn(*stack(), seed=0), drawn(*stack(), seed=1)
    assert_same(kernels(first), kernels(second))
    assert stream(first.layers[1]) == stream(second.layers[1])
    expected = keras.ops.convert_to_numpy(initializers.HeNormal(seed=7)((6, 8)))
    assert_same(kernels(first), [expected])


def test_biases_and_moving_statistics_get_their_initial_values_back():
    given = start(he(4), layers.BatchNormalization(), layers.PReLU("ones"))
    model = given.fresh(0)
    for variable in model.variables:
        if "seed" not in variable.path:
            variable.assign(keras.ops.full(variable.shape, 9.0, variable.dtype))
    given.fresh(0)
    dense, norm, prelu = model.layers
    assert (dense.get_weights()[1] == 0).all()
    for value, expected in zip(norm.get_weights(), (1, 0, 0, 1), strict=True):
        assert (value == expected).all()
    assert (prelu.get_weights()[0] == 1).all()


def test_layers_inside_layers_are_drawn():
    inner = keras.Sequential([keras.Input((6,)), he(5)])
    first = drawn(inner, seed=0).get_weights()[0]
    assert_same([first], kernels(drawn(he(5), seed=0)))


def test_fresh_models_have_the_same_names_whatever_was_built_before():
    def build():
        return keras.Sequential([keras.Input((3,)), layers.Dense(2), layers.Dense(2)])

    first = [variable.path for variable in fresh_model(build).variables]
    build()
    assert [variable.path for variable in fresh_model(build).variables] == first
