"""A model like one that was built before is built once, and starts where it would have anyway."""

import keras
import numpy as np
import pytest
from keras import layers
from seeding_case import assert_same, he

from zoo.runs.initial_values import InitialValues, Others


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
