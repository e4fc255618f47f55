import math

import pandas as pd
import pytest

from zoo.errors import ZooError
from zoo.experiment import Experiment, Recipe
from zoo.search_space import Dimension, closer, keywords, overridden, space_of


def build(input_shape, num_classes, activation, depth=3, units=100, dropout=0.2, l2=1e-4, mode="a"):
    raise NotImplementedError


@pytest.fixture
def experiment():
    recipe = Recipe(
        build_model=build,
        optimizer=lambda rate: None,
        learning_rates={"a": (0.01, 0.1), "b": (0.003, 0.03)},
        epochs=2,
        batch_size=8,
    )
    variants = {"a": "relu", "b": "tanh"}
    return Experiment(factor="activation", baseline="a", variants=variants, recipe=recipe)


def test_the_space_follows_from_the_experiment(experiment):
    assert [str(each) for each in space_of(experiment).values()] == [
        "variant=a,b",
        "learning_rate=0.003:0.3:log",
        "depth=1:6",
        "units=25:400:log",
        "dropout=0:0.8",
        "l2=1e-06:0.1:log",
    ]
    assert keywords(build, "activation") == {"depth": 3, "units": 100, "dropout": 0.2, "l2": 1e-4}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("lr=1e-5:1e-1:log", Dimension("learning_rate", 1e-5, 0.1, "log")),
        ("units=32,64", Dimension("units", choices=(32, 64))),
        ("units=10:20", Dimension("units", 10, 20, whole=True)),
        ("dropout=0.5", Dimension("dropout", choices=(0.5,))),
        ("variant=b", Dimension("variant", choices=("b",))),
        ("one_minus_momentum=0.01:0.5:log", Dimension("one_minus_momentum", 0.01, 0.5, "log")),
    ],
)
def test_words_change_it(experiment, words, expected):
    found = overridden(space_of(experiment), [words], ["one_minus_momentum"])
    assert found[expected.name] == expected


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("units", "`--space` must be NAME=LOW:HIGH"),
        ("unit=1:2", "no hyperparameter 'unit'. Did you mean units"),
        ("lr=0.1:0.01", "must go from a number to a higher one. Received: 0.1:0.01"),
        ("lr=0:0.1:log", "must begin above 0 for log. Received: 0"),
        ("lr=a:b", "must go from a number to a number. Received: 'a:b'"),
        ("lr=0.1:1:root", "must be sampled linear or log. Received: 'root'"),
        ("variant=c", "There is no variant 'c'"),
        ("variant=1:2", "`--space variant` must list labels"),
        ("units=8,8", "must list different values"),
        ("units=5..2", "units=A,B,C or units=LOW:HIGH. Received: '5..2'"),
        ("units=8,,9", "whole numbers from 1: units=A,B,C or units=LOW:HIGH. Received: ''"),
        ("units=8,2.5", "units=LOW:HIGH. Received: 2.5"),
        ("units=-8:8", "units=LOW:HIGH. Received: -8.0"),
        ("lr=fast", "`--space learning_rate` must have numbers: learning_rate=A,B,C or"),
        ("dropout=nan", "dropout=LOW:HIGH. Received: nan"),
    ],
)
def test_wrong_words_are_named(experiment, words, message):
    with pytest.raises(ZooError) as caught:
        overridden(space_of(experiment), [words], [])
    assert message in str(caught.value)


def test_places_and_values_are_inverse():
    linear, log = Dimension("a", -2.0, 6.0), Dimension("b", 1e-4, 1e-2, "log")
    assert linear.place(0.0) == 0.25
    assert linear.value_at(0.25) == 0.0
    assert log.place(1e-3) == pytest.approx(0.5)
    assert log.value_at(0.5) == pytest.approx(1e-3)
    assert log.value_at(1.5) == pytest.approx(0.1)  # beyond the end


def test_a_grid_takes_the_middles_of_equal_parts():
    assert Dimension("a", 0.0, 1.0).grid(2) == (0.25, 0.75)
    assert Dimension("a", 1e-4, 1.0, "log").grid(2) == (1e-3, 0.1)
    assert Dimension("a", 1, 4, whole=True).grid(9) == (1, 2, 3, 4)
    assert Dimension("a", choices=("x", "y")).grid(5) == ("x", "y")


def test_a_narrowed_range_goes_on_beyond_an_end_that_was_best():
    before = Dimension("lr", 1e-4, 1e-1, "log")
    inside = before.narrowed(1e-2, 1 / 3)
    assert (inside.low, inside.high) == (pytest.approx(3.16e-3), pytest.approx(3.16e-2))
    beyond = before.narrowed(1e-1, 1 / 3)
    assert beyond.low < 1e-1 < beyond.high
    assert before.at_end(0.099)
    assert not before.at_end(1e-2)
    whole = Dimension("depth", 1, 6, whole=True).narrowed(1, 1 / 3)
    assert whole.low == 1
    assert whole.high >= 2


def test_lists_keep_what_the_best_quarter_has():

    space = {"variant": Dimension("variant", choices=("a", "b", "c")), "x": Dimension("x", 0, 1)}
    rows = pd.DataFrame(
        {
            "variant": ["a", "b", "c", "b", "a", "c", "c", "c"],
            "x": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8],
            "score": [0.1, 0.9, 0.2, 0.8, 0.3, 0.0, 0.1, 0.2],
        }
    )
    found = closer(space, rows)
    assert found["variant"].choices == ("b",)
    assert (found["x"].low, found["x"].high) == (pytest.approx(0.0333), pytest.approx(0.367))


def test_a_range_must_have_ends():
    with pytest.raises(ZooError, match="must go from a number to a higher one"):
        Dimension("x", 1.0, math.inf)


@pytest.mark.parametrize(
    ("dimension", "best"),
    [
        (Dimension("dropout", 0.0, 0.8), 0.0),
        (Dimension("dropout", 0.0, 0.8), 0.8),
        (Dimension("penalty", 0.0, 0.1), 0.001),
        (Dimension("one_minus_momentum", 1e-3, 1.0, "log"), 1.0),
        (Dimension("units", 4, 64, "log", whole=True), 4),
    ],
    ids=str,
)
def test_a_narrowed_range_holds_what_can_be_built(dimension, best):
    found = dimension.narrowed(best, 1 / 3)
    assert found.low <= best <= found.high
    assert found.low >= (1 if dimension.whole else 0)
    assert found.high <= {"dropout": 0.95, "one_minus_momentum": 1.0}.get(dimension.name, 1e9)
    assert found.high - found.low < dimension.high - dimension.low
