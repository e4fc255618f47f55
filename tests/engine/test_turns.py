"""Several trainings take turns: one waits for what is compiled while another goes on."""

import threading

import keras
import pytest
from population_case import (
    DATA,
    RECIPE,
    assert_identical,
    dense,
    job,
    jobs_of,
    noisy,
    stack,
    together,
)

from zoo.engine import population, turns
from zoo.engine.groups import PLACES_CPU
from zoo.engine.turns import Work, at_once, in_turns
from zoo.runs.run import Result, Silent

HERE = threading.get_ident()


def result(name):
    return Result(name, "ok", {}, {}, "", "", 0.0, "", [])


class Training:
    """Does some work, and yields one result that says what came out."""

    def __init__(self, name, *calls):
        self.name, self.calls = name, calls
        self.threads, self.ended = set(), False

    def steps(self, clock):
        try:
            outcomes = []
            for call in self.calls:
                self.threads.add(threading.get_ident())
                outcomes.append((yield Work("epochs", call)))
            self.seconds = clock()
            yield result((self.name, outcomes))
        finally:
            self.ended = True


def one_after_the_other(*trainings):
    coming = iter(trainings)
    return lambda active: next(coming, None)


def test_two_work_at_the_same_time_and_all_else_is_done_here():
    meeting, threads = threading.Barrier(2, timeout=60), set()

    def work():
        meeting.wait()  # each waits until the other is there
        threads.add(threading.get_ident())

    both = [Training(name, *3 * [work]) for name in "ab"]
    found = {each.run[0] for each in in_turns(one_after_the_other(*both), 2)}
    assert found == {"a", "b"}
    assert all(each.threads == {HERE} for each in both)
    assert HERE not in threads


def test_no_more_train_at_once_than_asked_for():
    active = []
    coming = iter([Training(name, lambda: None) for name in "abcd"])

    def following(others):
        active.append(len(others))
        return next(coming, None)

    assert len(list(in_turns(following, 2))) == 4
    assert max(active) == 1


def test_what_work_makes_is_told_to_its_training():
    training = Training("a", lambda: 1, lambda: 2)
    assert [each.run for each in in_turns(one_after_the_other(training), 1)] == [("a", [1, 2])]


def test_a_failure_reaches_the_training_which_may_go_on():
    def failing():
        raise ValueError("no")

    class Careful(Training):
        def steps(self, clock):
            try:
                yield Work("epochs", failing)
            except ValueError as error:
                yield result(str(error))

    assert [each.run for each in in_turns(one_after_the_other(Careful("a")), 2)] == ["no"]
    other = Training("b", *9 * [lambda: None])
    with pytest.raises(ValueError, match="no"):
        list(in_turns(one_after_the_other(Training("a", failing), other), 2))
    assert other.ended


def test_whoever_stops_ends_all_that_train():
    both = Training("a", lambda: None), Training("b", *99 * [lambda: None])
    found = in_turns(one_after_the_other(*both), 2)
    next(found)
    found.close()
    assert all(each.ended for each in both)


def test_the_time_is_shared_among_those_that_train(monkeypatch):
    clock = iter(range(1000))
    monkeypatch.setattr(turns.time, "perf_counter", lambda: next(clock))
    both = [Training(name, *4 * [lambda: None]) for name in "ab"]
    list(in_turns(one_after_the_other(*both), 2))
    spent = next(clock)
    assert all(0 < each.seconds < spent for each in both)
    assert sum(each.seconds for each in both) <= spent


@pytest.mark.parametrize(("cores", "most"), [(1, 1), (2, 3), (64, turns.MOST)])
def test_a_processor_trains_several_at_once_and_an_accelerator_one(monkeypatch, cores, most):
    monkeypatch.setattr(turns, "cores", lambda: cores)
    monkeypatch.setattr(turns, "on_processor", lambda: True)
    assert at_once() == most
    monkeypatch.setattr(turns, "on_processor", lambda: False)
    assert at_once() == 1


# Populations


def seen_by(monkeypatch, *jobs, most=2):
    """Returns the results of jobs by run, and how many populations trained at once, at most."""
    monkeypatch.setattr(population, "at_once", lambda: most)
    following, counts = population._Following.__call__, []

    def watched(self, active):
        found = following(self, active)
        counts.append(len(active) + (found is not None))
        return found

    monkeypatch.setattr(population._Following, "__call__", watched)
    return together(*jobs), max(counts)


@pytest.mark.slow
def test_two_populations_of_a_group_have_the_bits_of_one(monkeypatch):
    jobs = jobs_of(range(2 * PLACES_CPU + 3), build_model=noisy)
    expected, alone = seen_by(monkeypatch, *jobs, most=1)
    found, both = seen_by(monkeypatch, *jobs)
    assert (alone, both) == (1, 2)
    for run, own in found.items():
        assert_identical(own, expected[run])
        assert own.rights == expected[run].rights


@pytest.mark.slow
def test_two_groups_have_the_bits_that_they_have_one_after_the_other(monkeypatch):
    jobs = [*jobs_of((0, 1), variant="noisy", build_model=noisy), job("relu"), job("relu", seed=1)]
    expected, alone = seen_by(monkeypatch, *jobs, most=1)
    found, both = seen_by(monkeypatch, *jobs)
    assert (alone, both) == (1, 2)
    for run, own in found.items():
        assert_identical(own, expected[run])


class Look(keras.callbacks.Callback):
    """A user's callback."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "most"),
    [
        ({}, 2),
        ({"callbacks": lambda: [keras.callbacks.EarlyStopping(patience=9)]}, 1),  # one host
        ({"probes": {"weights": lambda model, data: float(model.count_params())}}, 1),
        ({"callbacks": lambda: [Look()]}, 1),
    ],
)
def test_programs_that_lend_one_model_do_not_train_at_once(monkeypatch, changes, most):
    build = stack(dense("relu"))
    other = lambda rate: keras.optimizers.Adam(rate)  # noqa: E731
    jobs = [job("sgd", build_model=build, **changes)]
    jobs.append(job("adam", build_model=build, optimizer=other, **changes))
    assert seen_by(monkeypatch, *jobs)[1] == most


@pytest.mark.slow
def test_a_users_callback_trains_in_one_population(monkeypatch):
    jobs = jobs_of(range(PLACES_CPU + 1), callbacks=lambda: [Look()])
    assert seen_by(monkeypatch, *jobs)[1] == 1


@pytest.mark.slow
def test_what_fits_alone_trains_when_no_other_does(monkeypatch):
    class Batches(keras.callbacks.Callback):
        def on_batch_end(self, batch, logs=None):
            pass

    jobs = [job("fit", callbacks=lambda: [Batches()]), job("relu"), job("noisy", build_model=noisy)]
    found, most = seen_by(monkeypatch, *jobs)
    assert most == 2
    assert list(found)[-1].variant == "fit"


def test_a_number_at_once_that_is_asked_for_is_kept(monkeypatch):
    monkeypatch.setattr(population, "at_once", lambda: pytest.fail("nobody asks"))
    jobs = jobs_of((0, 1))
    found = list(population.train(jobs, DATA, Silent(), largest=1))
    assert [each.engine for each in found] == 2 * ["population of 1"]
    assert RECIPE.epochs == found[0].epochs
