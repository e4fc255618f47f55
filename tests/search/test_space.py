import keras_tuner
import pytest

from zoo.search.space import dimensions, hyperparameters
from zoo.search_space import Dimension

SPACE = {
    "variant": Dimension("variant", choices=("relu", "tanh")),
    "learning_rate": Dimension("learning_rate", 1e-3, 1.0, "log"),
    "dropout": Dimension("dropout", 0.0, 0.8),
    "units": Dimension("units", 8, 64, "log", whole=True),
}


def test_a_space_in_words_goes_to_keras_tuner_and_back():
    assert dimensions(hyperparameters(SPACE)) == SPACE


@pytest.mark.parametrize("name", SPACE)
def test_keras_tuner_draws_within_the_space(name):
    each, dimension = hyperparameters(SPACE).space[list(SPACE).index(name)], SPACE[name]
    drawn = [each.random_sample(seed) for seed in range(100)]
    if dimension.is_list:
        assert set(drawn) == set(dimension.choices)
    else:
        assert dimension.low <= min(drawn) < max(drawn) <= dimension.high
        assert all(isinstance(value, int) == dimension.whole for value in drawn)


def test_what_is_fixed_is_no_dimension_and_what_is_true_or_false_is_a_list():
    space = keras_tuner.HyperParameters()
    space.Fixed("depth", 3)
    space.Boolean("normalised")
    space.Int("alone", 2, 2)
    assert [each.name for each in dimensions(space).values()] == ["normalised"]
    assert set(dimensions(space)["normalised"].choices) == {True, False}
