"""The life of a population: who trains beside whom, who leaves, what does not fit."""

import itertools
import math
from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers
from keras.callbacks import EarlyStopping
from keras.optimizers import schedules
from population_case import (
    DATA,
    RECIPE,
    Notes,
    assert_identical,
    assert_same_as_fit,
    dense,
    failing_epoch,
    job,
    jobs_of,
    linear,
    noisy,
    stack,
    tensorflow_only,
    together,
)

from zoo.engine import groups as grouping
from zoo.engine import population
from zoo.engine import together as grouped
from zoo.engine.groups import PLACES_CPU, groups
from zoo.engine.program import Program
from zoo.errors import FullError
from zoo.layers import Swish
from zoo.runs.run import Job, Run, Silent

# The same bits, whoever trains beside


@pytest.fixture(scope="module")
def crowd():
    """Returns 20 jobs with dropout and batch normalization, and their results by run."""
    items = jobs_of(range(20), build_model=noisy)
    return items, together(*items)


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 7])
def test_a_run_has_the_same_bits_among_few_and_many(crowd, count):
    items, expected = crowd
    for run, result in together(*items[:count]).items():
        assert_identical(result, expected[run])


@pytest.mark.slow
def test_a_run_has_the_same_bits_in_any_order(crowd):
    items, expected = crowd
    for run, result in together(*reversed(items[5:])).items():
        assert_identical(result, expected[run])


@pytest.mark.slow
def test_a_run_has_the_same_bits_among_other_rates_initializers_and_schedules(crowd):
    items, expected = crowd
    other = stack(
        dense(kernel_initializer="orthogonal"),
        *(layers.BatchNormalization, layers.ReLU, lambda: layers.Dropout(0.5, seed=3)),
    )
    others = [
        *jobs_of((0, 1), variant="rate", rate=1.0, build_model=noisy),
        *jobs_of((0, 1), variant="initializer", build_model=other),
        *jobs_of((3,), variant="epochs", build_model=noisy, epochs=3),
        *jobs_of(
            (4,),
            variant="schedule",
            build_model=noisy,
            schedule=lambda rate, steps, epochs: schedules.CosineDecay(rate, steps * epochs),
        ),
    ]
    mixed = [*others[:3], *items[:3], *others[3:]]
    assert len(list(groups(mixed, DATA))) == 1
    results = together(*mixed)
    for item in items[:3]:
        assert_identical(results[item.run], expected[item.run])
    losses = {tuple(results[item.run].history["loss"]) for item in mixed}
    assert len(losses) == len(mixed)


@pytest.mark.slow
def test_a_run_that_waited_for_a_place_starts_like_any_other():
    learned = stack(dense(), lambda: Swish(1.0, learn=True), lambda: layers.Dropout(0.3, seed=5))
    count = PLACES_CPU + 3
    expected = together(*jobs_of(range(count), rate=0.5, build_model=learned))
    read = []

    class Reader(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            read.append(self.model.get_weights())

    watched = jobs_of(range(count), rate=0.5, build_model=learned, callbacks=lambda: [Reader()])
    for run, result in together(*watched).items():
        assert_identical(result, expected[run])
    assert len(read) == count * RECIPE.epochs


@pytest.mark.slow
def test_runs_of_unlike_length_share_places():
    items = [
        item
        for epochs in (3, 1, 2)
        for item in jobs_of(range(4), variant=f"{epochs}", epochs=epochs)
    ]
    notes = Notes()
    results = together(*items, progress=notes)
    for item in items:
        result = results[item.run]
        assert result.epochs == item.recipe.epochs
        longest = results[Run("3", 0.1, item.run.seed)]
        for name, values in result.history.items():
            assert values == longest.history[name][: result.epochs]
        if result.epochs == 1:
            assert result.final["val_loss"] == longest.history["val_loss"][0]
    told = [
        (item.run.variant, item.run.seed, epoch + 1)
        for item in items
        for epoch in range(item.recipe.epochs)
    ]
    assert sorted(notes.epochs) == sorted(told)
    assert notes.texts == ["3, 1, 2: 12 runs: population of 8"]


@pytest.mark.slow
def test_large_populations_close_their_free_places(monkeypatch):
    monkeypatch.setattr(grouping, "PLACES_CPU", 12)
    short = jobs_of(range(9), variant="short", epochs=1)
    long = jobs_of(range(3), variant="long", epochs=3, callbacks=lambda: [EarlyStopping()])
    sizes = failing_epoch(monkeypatch, None, lambda call, size: False)
    results = together(*short, *long)
    assert sizes == [12, 3, 3]
    for item in (short[8], long[2]):
        assert_same_as_fit(results[item.run], item, compiled=False)


def test_nothing_to_train_gives_nothing():
    assert together() == {}


@pytest.mark.slow
def test_a_run_that_is_asked_for_twice_is_trained_twice():
    twice = jobs_of((0, 0), build_model=linear)
    first, second = itertools.islice(population.train(twice, DATA, Silent()), 3)
    assert_identical(first, second)


# Runs that diverge


@pytest.mark.slow
def test_a_diverging_run_is_frozen_and_harms_nobody(crowd):
    items, expected = crowd
    healthy = items[:9]
    longer = replace(healthy[0].recipe, epochs=6)
    wild = [Job(longer, Run("wild", 1e38, seed)) for seed in (0, 1)]
    notes = Notes()
    results = together(*wild, *healthy, progress=notes)  # more than there are places
    for item in healthy:
        assert_identical(results[item.run], expected[item.run])
        assert results[item.run].status == "completed"
    for item in wild:
        result = results[item.run]
        assert result.status == "diverged"
        assert result.epochs < 6
        assert not math.isfinite(result.history["loss"][-1])
        assert all(math.isfinite(loss) for loss in result.history["loss"][:-1])
        told = [
            epoch for name, seed, epoch in notes.epochs if (name, seed) == ("wild", item.run.seed)
        ]
        assert told == [*range(1, result.epochs + 1)]


# Several epochs as one piece of work


def explosive(rate, steps, epochs):
    return schedules.PiecewiseConstantDecay([3 * steps], [rate, 1e38])


@tensorflow_only
def test_several_epochs_ahead_are_those_that_one_after_the_other_gives(monkeypatch):
    items = [
        *jobs_of(range(4), variant="long", build_model=noisy, epochs=7),
        *jobs_of(range(5), variant="short", build_model=noisy, epochs=4),
        *(job("wild", 1e19, seed, build_model=noisy, epochs=7) for seed in (0, 1)),
        job("later", 0.1, 0, build_model=noisy, epochs=7, schedule=explosive),
    ]
    ahead = []
    epochs_of = Program.epochs

    def counted(self, state, given, seeds):
        ahead.append(len(given))
        return epochs_of(self, state, given, seeds)

    monkeypatch.setattr(Program, "epochs", counted)
    found = []
    for seconds in (0.0, 1000.0):
        monkeypatch.setattr(grouped, "AHEAD", seconds)
        notes = Notes()
        results = together(*items, progress=notes)
        found.append((results, sorted(notes.epochs), [*ahead]))
        ahead.clear()
    (expected, told, single), (results, told_ahead, several) = found
    assert set(single) == {1}
    assert max(several) > 2
    assert len(several) < len(single)
    assert told_ahead == told
    for run, result in expected.items():
        np.testing.assert_equal(results[run].history, result.history)
        np.testing.assert_equal(results[run].final, result.final)
    epochs = {run.variant: result.epochs for run, result in expected.items()}
    assert epochs["long"] == 7
    assert epochs["wild"] < 3 < epochs["later"] < 7


# Hardly two recipes share a program


@tensorflow_only
def test_runs_apart_take_few_places_and_leave_xla_out_where_they_are_short():
    items = jobs_of(range(5), build_model=stack(dense("relu")))
    results = together(*items, apart=2)
    for item in items:
        assert results[item.run].engine == "population of 2"
        assert_same_as_fit(results[item.run], item)
    changes = {"short": {}, "long": {"epochs": 10**5}, "drawing": {"build_model": noisy}}
    for name, change in changes.items():
        (group,) = groups([job(**{"build_model": linear} | change)], DATA, apart=1)
        assert (group.size, group.by_xla) == (1, name != "short")
    (group,) = groups(items, DATA)
    assert (group.size, group.by_xla) == (PLACES_CPU, True)


# What cannot be compiled, and what does not fit


class Tally(layers.Layer):
    """Counts its batches with TensorFlow's own assignment, which a population has no form for."""

    def build(self, input_shape):
        self.count = self.add_weight(shape=(), initializer="zeros", trainable=False, name="count")

    def call(self, inputs, training=False):
        if training:
            self.count.value.assign_add(1.0)
        return inputs


@pytest.mark.slow
@tensorflow_only
def test_a_layer_that_cannot_be_compiled_trains_with_fit():
    item = job(build_model=stack(Tally))
    notes = Notes()
    result = together(item, progress=notes)[item.run]
    assert result.engine.startswith("fit (not compiled: AttributeError")
    assert result.epochs == 2
    first, second = notes.texts
    assert first == "a: 1 runs: population of 8"
    assert second.startswith("a: 1 runs: fit, not compiled: AttributeError")


@pytest.mark.slow
def test_an_error_before_the_first_epoch_ends_means_fit(monkeypatch):
    failing_epoch(
        monkeypatch, RuntimeError("in user code:\n\n  no kernel\n"), lambda call, size: True
    )
    item = job(build_model=linear)
    assert together(item)[item.run].engine == "fit (not compiled: RuntimeError: no kernel)"


@pytest.mark.slow
def test_an_error_after_it_reaches_the_caller(monkeypatch):
    failing_epoch(monkeypatch, RuntimeError("broken"), lambda call, size: call == 2)
    with pytest.raises(RuntimeError, match="broken"):
        together(job(build_model=linear))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 8 bytes"), True),
        (RuntimeError("unexpected shape"), False),
    ],
)
def test_errors_that_say_that_memory_is_full(error, expected):
    assert population.out_of_memory(error) is expected


@pytest.mark.slow
def test_a_population_that_does_not_fit_is_halved_until_it_does(monkeypatch):
    items = jobs_of(range(5), build_model=linear)
    expected = together(*items)
    error = RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 8 bytes")
    sizes = failing_epoch(monkeypatch, error, lambda call, size: size > 3)
    notes = Notes()
    results = together(*items, progress=notes)
    assert sizes == [8, 4] + [2] * 6  # three rounds of two places, two epochs each
    why = "out of memory with twice as many"
    assert notes.texts == [
        "a: 5 runs: population of 8",
        f"a: 5 runs: population of 4 ({why})",
        f"a: 5 runs: population of 2 ({why})",
    ]
    for run, result in results.items():
        assert result.engine == "population of 2"
        for name, values in result.history.items():
            np.testing.assert_allclose(values, expected[run].history[name], rtol=1e-5)


@pytest.mark.slow
def test_memory_that_ends_later_costs_no_result_and_gives_none_twice(monkeypatch):
    short = jobs_of(range(3), variant="short", build_model=linear, epochs=1)
    long = jobs_of(range(3), variant="long", build_model=linear, epochs=3)
    failing_epoch(monkeypatch, MemoryError(), lambda call, size: call > 1 and size > 4)
    results = together(*short, *long)
    assert {results[item.run].engine for item in short} == {"population of 8"}
    assert {results[item.run].engine for item in long} == {"population of 4"}
    assert [results[item.run].epochs for item in (*short, *long)] == [1, 1, 1, 3, 3, 3]
    assert_same_as_fit(results[long[2].run], long[2], compiled=False)


@pytest.mark.slow
def test_one_run_that_does_not_fit_goes_to_fit(monkeypatch):
    sizes = failing_epoch(monkeypatch, MemoryError("full"), lambda call, size: True)
    item = job(build_model=linear)
    assert together(item)[item.run].engine == "fit (not compiled: MemoryError: full)"
    assert sizes == [8, 4, 2, 1]


@pytest.mark.slow
@pytest.mark.parametrize("largest", [1, 2])
def test_largest_bounds_how_many_train_at_once(crowd, largest):
    items, expected = crowd
    for run, result in together(*items[:3], largest=largest).items():
        assert result.engine == f"population of {largest}"
        for name, values in result.history.items():
            np.testing.assert_allclose(values, expected[run].history[name], rtol=1e-5)


def test_a_full_process_trains_only_what_xla_does_not_compile(monkeypatch):
    monkeypatch.setattr("zoo.data.memory.memory_maps", lambda: (999, 1000))
    with pytest.raises(FullError, match="999 memory maps"):
        together(job(build_model=linear))
    assert len(together(job(build_model=linear), apart=1)) == 1
