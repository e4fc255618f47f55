"""How many runs of a group train at a time."""

import os
from types import SimpleNamespace

import keras
import pytest
from groups_case import BATCH, CLASSES, DATA, FEATURES, grouped, job
from keras import layers

from zoo.engine import groups as module
from zoo.engine.groups import bytes_per_run


@pytest.mark.slow
def test_places_on_a_processor_do_not_depend_on_the_number_of_runs():
    for count in (1, 8, 30):
        (group,) = grouped(*(job(seed=seed) for seed in range(count)))
        assert (group.size, group.why_size) == (module.PLACES_CPU, "")


def linear(input_shape, num_classes):
    return keras.Sequential([keras.Input(input_shape), layers.Dense(num_classes)])


@pytest.mark.parametrize(("fitting", "size"), [(8, 8), (7.9, 4), (3.9, 2), (1.9, 1), (0.1, 1)])
def test_a_processor_whose_memory_is_nearly_full_trains_fewer(monkeypatch, fitting, size):
    (group,) = grouped(job(build_model=linear))
    free = 1.0001 * fitting * bytes_per_run(group, DATA) / module.MEMORY_SHARE
    monkeypatch.setattr(module, "free_memory", lambda: free)
    (group,) = grouped(job(build_model=linear))
    assert group.size == size
    assert ("MB a run of" in group.why_size) == (size < 8)


@pytest.mark.parametrize("cores", [1, 3])
def test_a_step_that_keeps_all_cores_busy_is_for_one_run(monkeypatch, cores):
    # A multiply and an add, forward and twice backward, for each of 6 * 3 + 3 parameters.
    operations = 6 * (FEATURES * CLASSES + CLASSES) * BATCH
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(cores)), raising=False)
    monkeypatch.setattr(module, "BUSY_CORE_OPERATIONS", operations / cores)
    (group,) = grouped(job(build_model=linear))
    assert (group.size, group.why_size) == (module.PLACES_CPU, "")
    monkeypatch.setattr(module, "BUSY_CORE_OPERATIONS", 0.99 * operations / cores)
    (group,) = grouped(job(build_model=linear))
    assert (group.size, group.why_size) == (1, "one run keeps all cores busy")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("largest", "size", "why"),
    [(1, 1, "as asked for"), (3, 3, "as asked for"), (8, 8, ""), (100, 8, "")],
)
def test_largest_bounds_the_size(largest, size, why):
    (group,) = grouped(*(job(seed=seed) for seed in range(10)), largest=largest)
    assert (group.size, group.why_size) == (size, why)


def with_memory(monkeypatch, memory):
    monkeypatch.setattr(module, "seam", lambda: SimpleNamespace(device_memory=lambda: memory))


def test_bytes_of_a_run_count_its_variables_and_activations():
    (group,) = grouped(job(build_model=linear))
    parameters = FEATURES * CLASSES + CLASSES
    # Parameters and Adam's two moments, old and new, and gradients.
    variables = 2 * (3 * parameters) + parameters
    # The batch, then what the input layer and the dense layer put out; values and gradients.
    training = 2 * BATCH * (FEATURES + FEATURES + CLASSES)
    evaluation = 2 * 1000 * FEATURES  # examples of a chunk through the widest layer
    expected = 4 * (variables + training + evaluation)
    assert bytes_per_run(group, DATA) == expected


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fitting", "runs", "size", "bounded"),
    [
        (5, 12, 4, True),  # 3 rounds of 4 rather than 5 + 5 + 2
        (12, 12, 12, False),
        (11, 12, 6, True),
        (0.5, 3, 1, True),  # one must train, whatever the estimate
        (10**6, 20, 20, False),
    ],
)
def test_memory_of_an_accelerator_decides_how_many(monkeypatch, fitting, runs, size, bounded):
    jobs = [job(seed=seed, build_model=linear) for seed in range(runs)]
    (group,) = grouped(*jobs)
    each = bytes_per_run(group, DATA)
    with_memory(monkeypatch, 1.0001 * fitting * each / module.MEMORY_SHARE)
    (group,) = grouped(*jobs)
    assert group.size == size
    assert bool(group.why_size) == bounded
    (group,) = grouped(*jobs, largest=2)
    assert group.size == min(2, size)


@pytest.mark.slow
def test_no_accelerator_takes_more_than_its_limit(monkeypatch):
    with_memory(monkeypatch, 10**15)
    monkeypatch.setattr(module, "LARGEST_GPU", 16)
    (group,) = grouped(*(job(seed=seed, build_model=linear) for seed in range(20)))
    assert group.size == 10
