"""What a builder loads or sets stays, and what it draws is the seed's own."""

import keras
import numpy as np
import pytest
from keras import initializers, layers
from seeding_case import assert_same, drawn, he, start, stream

from zoo.errors import ZooError
from zoo.runs.initial_values import InitialValues
from zoo.runs.seeding import derived_seed


def values(build, seed):
    return InitialValues(build).fresh(seed).get_weights()


def table(rows=5, columns=3):
    return np.linspace(-1, 1, rows * columns, dtype="float32").reshape(rows, columns)


def with_argument():
    return keras.Sequential(
        [
            keras.Input((4,)),
            layers.Embedding(5, 3, weights=[table()], trainable=False),
            *(layers.Flatten(), layers.Dense(2)),
        ]
    )


def with_set_weights():
    embedding = layers.Embedding(5, 3)
    embedding.build((None,))
    embedding.set_weights([table()])
    return keras.Sequential([keras.Input((4,)), embedding, layers.Flatten(), layers.Dense(2)])


OUTSIDE = layers.Embedding(5, 3, weights=[table()])


def with_a_layer_from_outside():
    return keras.Sequential([keras.Input((4,)), OUTSIDE, layers.Flatten(), layers.Dense(2)])


@pytest.mark.parametrize(
    "build", [with_argument, with_set_weights, with_a_layer_from_outside], ids=lambda f: f.__name__
)
def test_what_a_builder_loads_stays_and_the_rest_is_drawn(build):
    first, second = values(build, 0), values(build, 1)
    for loaded, kernel, bias in (first, second):
        np.testing.assert_array_equal(loaded, table())
        assert (bias == 0).all()
        assert kernel.any()
    assert (first[1] != second[1]).all()


@pytest.mark.parametrize("saved_from", [0, 1, 7])
def test_a_saved_network_stays_even_if_it_was_saved_untrained(tmp_path, saved_from):
    path = tmp_path / "body.keras"
    keras.utils.set_random_seed(saved_from)  # so the loaded layers' own initializers are these
    body = keras.Sequential([keras.Input((4,)), he(3)])
    body.save(path)

    def build():
        return keras.Sequential([keras.models.load_model(path), he(2)])

    for seed in (0, 1):
        loaded = values(build, seed)[0]
        np.testing.assert_array_equal(loaded, body.get_weights()[0])
    assert (values(build, 0)[2] != values(build, 1)[2]).all()


def test_a_trained_layer_from_outside_is_put_back():
    given = InitialValues(with_a_layer_from_outside)
    trained = given.fresh(0)
    trained.set_weights([value + 1 for value in trained.get_weights()])
    np.testing.assert_array_equal(given.of(1)[0], table())
    np.testing.assert_array_equal(OUTSIDE.get_weights()[0], table() + 1)
    given.put_back()
    np.testing.assert_array_equal(OUTSIDE.get_weights()[0], table())


class Own(layers.Layer):
    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1], 4), initializer="glorot_normal")
        self.scale = self.add_weight(shape=(4,), initializer="ones")

    def call(self, inputs):
        return (inputs @ self.w) * self.scale


def test_weights_without_an_initializer_of_their_name_are_the_seeds_own():
    def build():
        return keras.Sequential([keras.Input((4,)), Own(), layers.Dropout(0.5), Own()])

    given = InitialValues(build)
    first, again, other = given.fresh(0), given.fresh(0), given.fresh(1)
    assert_same(first.get_weights(), again.get_weights())
    for index in (0, 2):
        assert (first.get_weights()[index] != other.get_weights()[index]).all()
        assert (first.get_weights()[index + 1] == 1).all()
    assert (first.get_weights()[0] != first.get_weights()[2]).all()
    assert stream(first.layers[1]) == stream(drawn(layers.Dropout(0.5)).layers[0])


def test_weights_that_a_builder_draws_itself_are_the_seeds_own():
    def build():
        model = keras.Sequential([keras.Input((5,)), he(4)])
        model.layers[0].kernel.assign(np.random.uniform(2, 3, (5, 4)))  # noqa: NPY002
        return model

    first, second = values(build, 0)[0], values(build, 1)[0]
    assert (first != second).all()
    assert ((first >= 2) & (first <= 3)).all()


def test_adapters_start_alike_only_where_they_do_in_keras():
    def build():
        model = keras.Sequential([keras.Input((5,)), he(4)])
        model.layers[0].enable_lora(2)
        return model

    first, second = InitialValues(build).fresh(0), InitialValues(build).fresh(1)
    for one, other in ((first, second), (second, first)):
        dense, others = one.layers[0], other.layers[0]
        assert (keras.ops.convert_to_numpy(dense.lora_kernel_b) == 0).all()
        a, b = (keras.ops.convert_to_numpy(each.lora_kernel_a) for each in (dense, others))
        assert (a != b).all()


def test_the_recurrent_kernel_has_the_seed_of_its_place():
    model = drawn(layers.SimpleRNN(4), shape=(3, 2), seed=5)
    seed = derived_seed(5, "SimpleRNNCell", 0, "recurrent_kernel")
    expected = keras.ops.convert_to_numpy(initializers.Orthogonal(seed=seed)((4, 4)))
    assert_same([model.get_weights()[1]], [expected])


def test_a_weight_of_one_element_is_random_though_two_builds_may_agree():
    # An orthogonal matrix of one element is 1 or -1: two builds agree half of the time.
    model = start(layers.Dense(1, kernel_initializer="orthogonal"), shape=(1,))
    signs = {float(model.of(seed)[0].item()) for seed in range(20)}
    assert signs == {-1.0, 1.0}


def test_an_initializer_made_once_is_drawn_from_the_seed():
    shared = initializers.HeNormal()
    first, second = (
        values(
            lambda: keras.Sequential([keras.Input((5,)), layers.Dense(3, None, True, shared)]), seed
        )
        for seed in (0, 1)
    )
    assert (first[0] != second[0]).all()


def test_a_network_that_differs_from_build_to_build_is_refused():
    widths = iter(range(1, 9))

    def build():
        return keras.Sequential([keras.Input((2,)), layers.Dense(next(widths))])

    with pytest.raises(ZooError, match="the same network at every call"):
        InitialValues(build)


def test_what_two_builds_tell_is_asked_once():
    built = []

    def build():
        built.append(1)
        return keras.Sequential([keras.Input((2,)), he(2)])

    given = InitialValues(build)
    for seed in range(5):
        given.of(seed)
    assert len(built) == 2


def test_random_numbers_that_no_seed_reaches_are_warned_of():
    generator = np.random.default_rng(0)

    def build():
        model = keras.Sequential([keras.Input((5,)), he(4)])
        model.layers[0].kernel.assign(generator.normal(size=(5, 4)))
        return model

    with pytest.warns(UserWarning, match="draws sequential/dense/kernel from random numbers"):
        InitialValues(build)
