"""Runs to which none is added train in as few places as they need."""

import keras
import numpy as np
import pytest
from population_case import DATA, assert_same_as_fit, jobs_of

from zoo.engine import population
from zoo.runs.run import Silent


@pytest.mark.parametrize(("runs", "places"), [(1, 1), (3, 3), (9, 5)])
def test_places_follow_from_the_number_of_runs(runs, places):
    jobs = jobs_of(range(runs))
    found = {each.run: each for each in population.train_whole(jobs, DATA, Silent())}
    assert {each.engine for each in found.values()} == {f"population of {places}"}
    assert_same_as_fit(found[jobs[-1].run], jobs[-1], compiled=False)
    assert len(found) == runs


def test_programs_of_one_call_have_places_of_their_own():
    jobs = [*jobs_of(range(2)), *jobs_of(range(3), variant="b", batch_size=8)]
    found = list(population.train_whole(jobs, DATA, Silent()))
    assert {(each.run.variant, each.engine) for each in found} == {
        ("a", "population of 2"),
        ("b", "population of 3"),
    }


def test_numbers_do_not_depend_on_what_else_is_trained_by_the_same_call():
    jobs = jobs_of(range(2))
    others = jobs_of(range(3), variant="b", batch_size=8)
    alone = {each.run: each for each in population.train_whole(jobs, DATA, Silent())}
    beside = {each.run: each for each in population.train_whole([*jobs, *others], DATA, Silent())}
    for job in jobs:
        assert alone[job.run].history == beside[job.run].history
        assert alone[job.run].final == beside[job.run].final


def test_what_is_not_validated_after_each_epoch_ends_in_the_same_bits():
    jobs = jobs_of(range(3), epochs=4)
    often, once = (
        {each.run: each for each in population.train_whole(jobs, DATA, Silent(), validates)}
        for validates in (True, False)
    )
    for job in jobs:
        assert once[job.run].final == often[job.run].final
        told = {name: once[job.run].history[name] for name in ("loss", "accuracy", "learning_rate")}
        assert told == {name: often[job.run].history[name] for name in told}
        for name in ("val_loss", "val_accuracy"):
            assert np.isnan(once[job.run].history[name]).tolist() == 4 * [True]


def test_what_has_callbacks_is_validated_after_each_epoch_whatever_is_asked_for():
    stop = {"monitor": "val_accuracy", "min_delta": 2.0, "patience": 1}
    own = {"epochs": 4, "callbacks": lambda: [keras.callbacks.EarlyStopping(**stop)]}
    found = population.train_whole(jobs_of(range(2), **own), DATA, Silent(), validates=False)
    for result in found:
        assert result.epochs == 2
        assert np.isfinite(result.history["val_accuracy"]).all()
