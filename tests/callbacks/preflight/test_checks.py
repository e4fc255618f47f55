"""From numbers to a verdict: the checks themselves."""

import math

import numpy as np
import pytest

from callbacks.preflight import checks
from callbacks.preflight.checks import Task

CLASSES = 5
LOGITS = Task("sparse", CLASSES, from_logits=True)


@pytest.mark.parametrize(
    ("measured", "result"),
    [(0.9, "warn"), (1.0, "pass"), (2.0, "pass"), (2.1, "warn"), (math.nan, "warn")],
)
def test_bounds_belong_to_the_range_and_nan_to_no_range(measured, result):
    assert checks.between("name", measured, 1.0, 2.0, "advice").result == result


def test_equal_outputs_have_the_crossentropy_ln_c():
    indices = np.arange(10) % CLASSES
    for outputs, from_logits in ((np.full((10, 5), 7.0), True), (np.full((10, 5), 0.2), False)):
        found = checks.crossentropy(outputs, indices, Task("sparse", 5, from_logits))
        assert found == pytest.approx(math.log(5))
    for outputs, from_logits in ((np.zeros((10, 1)), True), (np.full((10, 1), 0.5), False)):
        found = checks.crossentropy(outputs, indices % 2, Task("binary", 2, from_logits))
        assert found == pytest.approx(math.log(2))


def test_crossentropy_agrees_with_a_slow_computation():
    logits = np.random.default_rng(0).normal(size=(6, 4)) * 5
    classes = np.array([0, 1, 2, 3, 0, 1])
    total = 0.0
    for row, label in zip(logits.tolist(), classes.tolist(), strict=True):
        total -= math.log(math.exp(row[label]) / sum(math.exp(value) for value in row))
    found = checks.crossentropy(logits, classes, Task("sparse", 4, from_logits=True))
    assert found == pytest.approx(total / 6)


@pytest.mark.parametrize(
    ("labels", "loss", "result"),
    [
        ([0, 1] * 5, math.log(2) + 2.0, "pass"),
        ([0, 1] * 5, math.log(2) + 2.1, "warn"),
        # A quarter below the entropy of the labels is below chance.
        ([0, 1] * 5, 0.76 * math.log(2), "pass"),
        ([0, 1] * 5, 0.74 * math.log(2), "warn"),
        # Of one class alone, chance is certain.
        ([0] * 10, 0.0, "pass"),
        ([0, 1] * 5, math.nan, "warn"),
    ],
)
def test_initial_loss_lies_between_entropy_and_chance(labels, loss, result):
    assert checks.check_initial_loss(loss, np.array(labels), 2).result == result


@pytest.mark.parametrize(
    ("y", "task", "shape", "result"),
    [
        ([0, 4], LOGITS, (5,), "pass"),
        ([[0], [4]], LOGITS, (5,), "pass"),
        ([[0, 4, 1]], LOGITS, (3, 5), "pass"),
        ([1, 5], LOGITS, (5,), "warn"),
        ([0, -1], LOGITS, (5,), "warn"),
        ([0, 0.5], LOGITS, (5,), "warn"),
        ([[1, 0, 0, 0, 0]], LOGITS, (5,), "warn"),
        ([[1, 0, 0, 0, 0]], Task("one_hot", 5, True), (5,), "pass"),
        ([[0.5, 0.5, 0, 0, 0]], Task("one_hot", 5, True), (5,), "pass"),
        ([[1, 1, 0, 0, 0]], Task("one_hot", 5, True), (5,), "warn"),
        ([0, 4], Task("one_hot", 5, True), (5,), "warn"),
        ([0, 1], Task("binary", 2, False), (1,), "pass"),
        ([0, 2], Task("binary", 2, False), (1,), "warn"),
    ],
)
def test_labels_must_be_of_the_kind_that_the_loss_takes(y, task, shape, result):
    assert checks.check_labels(np.array(y), task, shape).result == result


def test_labels_from_one_are_told_apart_from_other_mistakes():
    assert "subtract 1" in checks.check_labels(np.arange(1, 6), LOGITS, (5,)).advice
    assert "subtract 1" not in checks.check_labels(np.array([0, 7]), LOGITS, (5,)).advice


@pytest.mark.parametrize(
    ("counts", "ratio", "result"),
    [((3, 3), 1, "pass"), ((10, 1), 10, "pass"), ((11, 1), 11, "warn"), ((3, 0), math.inf, "warn")],
)
def test_balance_is_the_ratio_of_largest_and_smallest_class(counts, ratio, result):
    check = checks.check_balance(np.repeat([0, 1], counts), 2)
    assert (check.measured, check.result) == (ratio, result)


@pytest.mark.parametrize(
    ("outputs", "task", "result"),
    [
        ([[0.5, 0.5], [0.1, 0.9]], Task("sparse", 2, False), "pass"),
        ([[0.5, 0.5], [0.1, 0.9]], Task("sparse", 2, True), "warn"),
        ([[0.5, 0.5], [0.1, 0.8]], Task("sparse", 2, False), "warn"),
        ([[0.5, 0.5], [-0.1, 1.1]], Task("sparse", 2, False), "warn"),
        ([[0.5, 0.5], [-0.1, 1.1]], Task("sparse", 2, True), "pass"),
        ([[0.0, 0.0]], Task("sparse", 2, True), "pass"),
        ([[0.2], [0.9]], Task("binary", 2, False), "pass"),
        ([[0.2], [0.9]], Task("binary", 2, True), "warn"),
        ([[0.2], [1.9]], Task("binary", 2, False), "warn"),
        ([[0.2], [-1.9]], Task("binary", 2, True), "pass"),
    ],
)
def test_outputs_must_be_what_the_loss_takes(outputs, task, result):
    assert checks.check_outputs(np.array(outputs), task).result == result


def test_signal_is_each_units_own_deviation():
    # Deviations 1 and 7 around means that are far apart.
    outputs = np.array([[101.0, -7.0], [99.0, 7.0]])
    assert checks.signal(outputs) == pytest.approx(math.sqrt((1 + 49) / 2))
    assert checks.signal(outputs.T, unit_axis=0) == pytest.approx(math.sqrt((1 + 49) / 2))
    assert checks.signal(np.array([[5.0, -3.0], [5.0, -3.0]])) == 0


@pytest.mark.parametrize(
    ("ratios", "where", "result"),
    [
        ({"a": 1.0, "b": 2.0}, "b", "pass"),
        ({"a": 0.4, "b": 2.0}, "a", "pass"),
        ({"a": 1.0, "b": 1 / 21}, "b", "warn"),
        ({"a": 21.0, "b": 1.0}, "a", "warn"),
        ({"a": 1.0, "b": 0.0}, "b", "warn"),
        ({"a": math.nan, "b": 1.0}, "a", "warn"),
    ],
)
def test_spread_names_the_layer_that_differs_most(ratios, where, result):
    check = checks.check_spread(ratios)
    assert (check.where, check.result) == (where, result)


@pytest.mark.parametrize(
    ("penalty", "result"),
    [(0.1, "pass"), (20.0, "pass"), (20.1, "warn"), (0, "warn"), (-1, "warn")],
)
def test_penalty_must_add_to_the_loss_and_not_swamp_it(penalty, result):
    assert checks.check_penalty(penalty, loss=2.0).result == result


def test_smoothed_labels_leave_a_loss():
    # The best outputs are 0.9 + 0.1 / 4 for the label.
    bound = checks.overfit_bound(Task("one_hot", 4, True, label_smoothing=0.1))
    assert bound == pytest.approx(0.1 * math.log(4) - math.log(0.925))
    assert checks.overfit_bound(Task("one_hot", 4, True)) == pytest.approx(0.1 * math.log(4))
