"""Runs whose data are drawn by their seed train together, each as `fit` trains it alone."""

from collections import OrderedDict

import numpy as np
import pytest
from population_case import (
    Notes,
    dense,
    job,
    linear,
    make_data,
    share_right,
    stack,
    tensorflow_only,
)

from zoo import data
from zoo.data import Data
from zoo.data.draws import KEPT_BYTES, Draws, bytes_of
from zoo.engine import fit, groups, population, steps
from zoo.engine.groups import PLACES_CPU
from zoo.engine.pools import Pools
from zoo.initializers import LSUV
from zoo.runs.run import Silent
from zoo.runs.seeding import epoch_order

SIZES = ("x_train", "y_train", "x_validation", "y_validation", "x_test", "y_test")


def drawn(make=make_data):
    """Returns toy data of which each seed has other examples, with other centres."""
    first = make(0)
    given = {name: getattr(first, name) for name in (*SIZES, "num_classes", "class_names")}
    return Draws(name="toy", fingerprint="drawn", _draw=make, **given)


def train(items, given, **arguments):
    found = {one.run: one for one in population.train(items, given, Silent(), **arguments)}
    assert set(found) == {item.run for item in items}
    return found


def assert_as_alone(result, item, own):
    """Asserts that a run is as `fit` trains it on these data, which belong to its seed."""
    expected = fit.train_one(item, own, Silent())
    for name in ("loss", "val_loss", "accuracy", "val_accuracy"):
        np.testing.assert_allclose(result.history[name], expected.history[name], rtol=1e-5)
    for name in expected.final:
        assert result.final[name] == pytest.approx(expected.final[name], rel=1e-5), name
    assert result.rights == expected.rights
    assert share_right(result) == pytest.approx(result.final["test_accuracy"], abs=1e-12)


def test_two_variants_of_two_seeds_equal_fit_on_their_own_data_in_one_program():
    builds = {"a": stack(dense("relu")), "b": stack(dense("relu", kernel_initializer="he_normal"))}
    items = [
        job(variant, 0.05, seed, build_model=build, probes={"first": first_test_number})
        for variant, build in builds.items()
        for seed in (3, 8)
    ]
    notes = Notes()
    results = {one.run: one for one in population.train(items, drawn(), notes)}
    assert len(notes.texts) == 1
    assert notes.texts[0].startswith("a, b: 4 runs: population of ")
    for item in items:
        own = make_data(item.run.seed)
        assert_as_alone(results[item.run], item, own)
        assert results[item.run].final["first"] == own.x_test[0, 0]
    first_losses = {(item.run.variant, results[item.run].history["loss"][0]) for item in items}
    assert len(first_losses) == 4


@tensorflow_only
def test_one_compiled_evaluation_does_for_both_parts(monkeypatch):
    monkeypatch.setattr(steps, "_known", OrderedDict())
    items = [job(seed=seed, build_model=linear) for seed in (0, 1)]
    train(items, drawn())
    assert len(make_data(0).y_validation) != len(make_data(0).y_test)
    (made,) = steps._known.values()
    assert made.evaluation.experimental_get_tracing_count() == 1


def first_test_number(model, own):
    return float(own.x_test[0, 0])


@pytest.mark.slow
def test_mnist1d_of_two_seeds_equals_fit():
    given = data.load_draws("mnist1d")
    items = [
        job(name, 0.05, seed, build_model=build, epochs=3)
        for name, build in (("relu", stack(dense("relu"))), ("tanh", stack(dense("tanh"))))
        for seed in (0, 1)
    ]
    results = train(items, given)
    for item in items:
        assert_as_alone(results[item.run], item, given.of(item.run.seed))


def test_places_that_are_taken_again_have_the_data_of_the_next_run():
    given = drawn()
    items = [job("a", 0.05, seed, build_model=linear) for seed in range(5)]
    few, many = (train(items, given, largest=most) for most in (2, 5))
    for item in items:
        for name in ("loss", "val_loss"):
            history = few[item.run].history[name], many[item.run].history[name]
            np.testing.assert_allclose(*history, rtol=1e-6)
    assert_as_alone(few[items[4].run], items[4], make_data(4))


def test_an_initializer_that_looks_at_data_looks_at_the_runs_own():
    given = drawn()
    items = [
        job("a", 0.05, seed, build_model=stack(dense(kernel_initializer=LSUV()))) for seed in (1, 2)
    ]
    results = train(items, given)
    for item in items:
        assert_as_alone(results[item.run], item, make_data(item.run.seed))


def test_a_single_seed_has_the_program_of_fixed_data():
    pools = Pools(drawn(), [4, 4], 50, fill=True)
    assert all(rows is None for *_, rows in pools.chunks("val", [4, 4]))
    np.testing.assert_array_equal(np.array(pools.x), make_data(4).x_train)


@pytest.mark.parametrize("fill", [True, False])
def test_rows_and_chunks_are_the_examples_of_the_runs_own_draw(fill):
    given = drawn()
    pools = Pools(given, [2, 0, 2, 7], 32, fill)
    order = epoch_order(180, 7, 0)
    np.testing.assert_array_equal(
        np.array(pools.x)[pools.rows(7, order)], make_data(7).x_train[order]
    )
    seeds = [7, 2]
    for part, name in (("val", "validation"), ("test", "test")):
        found = {seed: [] for seed in seeds}
        for x, y, weight, count, rows in pools.chunks(part, seeds):
            assert np.array(weight).sum() == count
            for place, seed in enumerate(seeds):
                own = np.array(rows)[place][:count]
                found[seed].append((np.array(x)[own], np.array(y)[own]))
        for seed in seeds:
            x, y = map(np.concatenate, zip(*found[seed], strict=True))
            np.testing.assert_array_equal(x, getattr(make_data(seed), f"x_{name}"))
            np.testing.assert_array_equal(y, getattr(make_data(seed), f"y_{name}"))


def test_draws_that_do_not_fit_into_memory_train_one_block_of_seeds_after_the_other(monkeypatch):
    given = drawn()
    items = [job(label, 0.05, seed, build_model=linear) for label in "ab" for seed in range(5)]
    (whole,) = groups.groups(items, given)
    assert len(whole.jobs) == 10
    two = 2.5 * bytes_of(given) / groups.DRAWS_SHARE
    monkeypatch.setattr(groups, "free_memory", lambda: two)
    parts = list(groups.groups(items, given))
    assert [sorted({one.run.seed for one in part.jobs}) for part in parts] == [[0, 1], [2, 3], [4]]
    assert sum(len(part.jobs) for part in parts) == 10
    (fixed,) = groups.groups(items, make_data(0))
    assert len(fixed.jobs) == 10


def test_what_draws_take_is_no_longer_free_for_runs(monkeypatch):
    given, items = drawn(), [job("a", 0.05, seed, build_model=linear) for seed in range(8)]
    (group,) = groups.groups(items, given)
    each = groups.bytes_per_run(group, given)
    free = PLACES_CPU * each / groups.MEMORY_SHARE + 1
    monkeypatch.setattr(groups, "free_memory", lambda: free)
    assert groups.places(group, make_data(0))[0] == PLACES_CPU
    assert groups.places(group, given)[0] < PLACES_CPU


def test_draws_are_kept_as_far_as_they_are_small(monkeypatch):
    made = []

    def make(seed):
        made.append(seed)
        return make_data(seed)

    given = drawn(make)
    assert bytes_of(given) * 9 < KEPT_BYTES
    assert given.of(1) is given.of(1)
    monkeypatch.setattr("zoo.data.draws.KEPT_BYTES", 2 * bytes_of(given))
    for seed in (1, 2, 3, 1):
        given.of(seed)
    assert made == [0, 1, 2, 3, 1]


def test_data_that_are_fixed_are_those_of_every_seed():
    fixed = make_data()
    assert isinstance(fixed, Data)
    assert fixed.of(0) is fixed.of(7) is fixed
