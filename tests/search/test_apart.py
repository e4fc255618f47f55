"""Trials that hardly share programs take few places, and the same ones however they are trained."""

import sqlite3

import keras
import keras_tuner
import pytest
from keras import layers
from search_case import GIVEN, compiled, network, of_rate, searched, text_of

from zoo.engine import population
from zoo.results.store import FILE
from zoo.search.apart import POINTS, apart


def space_of(**ranges):
    space = keras_tuner.HyperParameters()
    space.Float("lr", 1e-3, 1.0, sampling="log")
    for name, (low, high) in ranges.items():
        space.Int(name, low, high)
    return space


@pytest.mark.parametrize(
    ("ranges", "expected"),
    [({"units": (1, 10_000)}, 3), ({"units": (1, 3)}, None), ({}, None)],
    ids=["widths", "few widths", "rates"],
)
def test_what_most_points_of_a_space_have_decides(ranges, expected):
    asked = []

    def program_of(point):
        asked.append(dict(point.values))
        return f"{[point.values[name] for name in ranges]}"

    assert apart(space_of(**ranges), 3, program_of) == expected
    again = [*asked]
    asked.clear()
    apart(space_of(**ranges), 3, program_of)
    assert asked == again
    assert len({point["lr"] for point in again}) == len(again)
    assert len(again) == POINTS if expected else len(again) < POINTS


def of_width(hp):
    hidden = layers.Dense(hp.Int("units", 3, 600), "relu")
    return compiled(network(hidden), keras.optimizers.SGD(hp.Float("lr", 1e-3, 0.1)))


@pytest.fixture
def engines(monkeypatch):
    """Returns the groups that are trained."""
    found = []
    made = population.Program

    def noted(group, *arguments):
        found.append((group.size, group.by_xla))
        return made(group, *arguments)

    monkeypatch.setattr(population, "Program", noted)
    return found


@pytest.mark.slow
def test_a_search_goes_on_to_the_same_bits_where_each_trial_has_a_width(tmp_path, engines):
    searched(of_width, tmp_path / "whole", executions=2)
    assert set(engines) == {(2, False)}
    assert len(engines) == 4
    folder = tmp_path / "left"
    searched(of_width, folder, executions=2)
    with sqlite3.connect(folder / FILE) as connection:
        lost = "DELETE FROM runs WHERE rowid IN (SELECT rowid FROM runs ORDER BY key LIMIT 3)"
        assert connection.execute(lost).rowcount == 3
    connection.close()
    engines.clear()
    searched(of_width, folder, executions=2)
    assert set(engines) == {(2, False)}
    assert text_of(folder) == text_of(tmp_path / "whole")


@pytest.mark.slow
def test_trials_that_differ_in_numbers_share_places_as_before(tmp_path, engines):
    searched(of_rate, tmp_path, given=GIVEN | {"epochs": 1})
    ((size, by_xla),) = engines
    assert by_xla
    assert size > 2 or keras.backend.backend() == "jax"
