"""A model like one that was built before is built once, and starts where it would have anyway."""

import keras
import numpy as np
import pytest
from keras import layers
from seeding_case import assert_same, he

from zoo.runs.initial_values import InitialValues, Others
from zoo.runs.seeding import drawn, seeded, takes_seed


def dense(width=3):
    return keras.Sequential([keras.Input((4,)), he(width), layers.Dropout(0.5), he(2)])


def loaded():
    model = dense()
    model.layers[0].kernel.assign(np.ones((4, 3)))
    return model


def drawn_by_hand():
    model = dense()
    model.layers[0].kernel.assign(np.random.uniform(2, 3, (4, 3)))  # noqa: NPY002
    return model


def counted(build):
    """Returns a function that builds, and the list that grows whenever it does."""
    built = []

    def count():
        built.append(1)
        return build()

    return count, built


def starts(initial):
    return [initial.of(seed) for seed in range(2)]


@pytest.mark.parametrize(
    ("first", "second", "builds"),
    [(dense, dense, 1), (dense, loaded, 3), (loaded, loaded, 1), (drawn_by_hand, dense, 3)],
    ids=["alike", "loaded later", "loaded", "drawn by hand before"],
)
def test_a_model_like_an_earlier_one_is_built_once(first, second, builds):
    others = Others()
    InitialValues(first, others=others)
    build, built = counted(second)
    found = InitialValues(build, others=others)
    assert len(built) == builds
    for own, expected in zip(starts(found), starts(InitialValues(second)), strict=True):
        assert_same(own, expected)


def test_what_a_builder_draws_itself_is_never_told_by_an_earlier_model():
    others = Others()
    for _ in range(2):
        found = InitialValues(drawn_by_hand, others=others)
        for own, expected in zip(starts(found), starts(InitialValues(drawn_by_hand)), strict=True):
            assert_same(own, expected)


def test_models_of_several_shapes_are_known_but_only_the_last_ones():
    others = Others()
    for width, builds in ((3, 3), (4, 3), (3, 1), (4, 1)):
        build, built = counted(lambda width=width: dense(width))
        InitialValues(build, others=others)
        assert len(built) == builds
    for width in range(5, 5 + Others.MOST):
        InitialValues(lambda width=width: dense(width), others=others)
    build, built = counted(dense)
    InitialValues(build, others=others)
    assert len(built) == 3


def test_large_models_are_not_kept(monkeypatch):
    monkeypatch.setattr(Others, "LARGEST", 10)
    others = Others()
    for builds in (3, 2, 2):  # which is found out once
        build, built = counted(dense)
        InitialValues(build, others=others)
        assert len(built) == builds


def test_a_layer_from_outside_is_put_back_though_the_earlier_model_had_its_own():
    others = Others()
    InitialValues(dense, others=others)
    given = he(3)
    given.build((None, 4))
    before = given.get_weights()

    def build():
        return keras.Sequential([keras.Input((4,)), given, layers.Dropout(0.5), he(2)])

    found = InitialValues(build, others=others)
    found.fresh(5)
    assert (given.get_weights()[0] != before[0]).any()
    found.put_back()
    assert_same(given.get_weights(), before)


@pytest.mark.parametrize(
    "kind", ["he_normal", "glorot_uniform", "orthogonal", "zeros", "identity", "random_normal"]
)
def test_what_is_drawn_once_is_what_the_initializer_makes(kind):
    for seed in (0, 1, 0):
        initializer = keras.initializers.get(kind)
        if takes_seed(initializer):
            initializer = seeded(initializer, seed)
        expected = keras.ops.convert_to_numpy(initializer((4, 4), dtype="float32"))
        np.testing.assert_array_equal(drawn(initializer, (4, 4), "float32"), expected)


def test_the_same_seed_draws_by_the_settings_of_the_initializer():
    makes = [
        keras.initializers.RandomNormal(stddev=deviation, seed=3) for deviation in (1.0, 2.0, 1.0)
    ]
    first, wide, again = (drawn(each, (3,), "float32") for each in makes)
    np.testing.assert_allclose(wide, 2 * first, rtol=1e-6)
    assert again is first
    assert drawn(makes[0], (3,), "float16").dtype == "float16"


class Counting(keras.initializers.RandomNormal):
    """Makes other numbers at every call, which no seed says."""

    calls = 0

    def __call__(self, shape, dtype=None):
        Counting.calls += 1
        return keras.ops.full(shape, Counting.calls, dtype)


def test_an_initializer_of_somebodys_own_is_asked_every_time():
    assert [float(drawn(Counting(seed=0), (1,), "float32").item()) for _ in range(2)] == [1, 2]


def test_a_stream_of_random_numbers_goes_on():
    stream = keras.random.SeedGenerator(0)
    made = [drawn(keras.initializers.RandomNormal(seed=stream), (3,), "float32") for _ in range(2)]
    assert (made[0] != made[1]).all()
