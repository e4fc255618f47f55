"""Weights of examples and of classes, and what is said where they do not fit."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from sklearn.utils.class_weight import compute_class_weight

from zoo import data
from zoo.data.weights import of_classes, of_examples, weighted
from zoo.errors import NeedsClassesError, ZooError

LABELS = np.array([0, 1, 1, 2, 1, 0])
NAMES = ("ant", "bee", "cat")


@pytest.mark.parametrize(
    "given", [[0, 1, 2], np.arange(3), pd.Series([0, 1, 2]), np.array([0.0, 1, 2], object)]
)
def test_weights_of_examples_are_float32(given):
    found = of_examples(given, 3)
    assert found.dtype == np.float32
    assert found.tolist() == [0, 1, 2]


def test_a_mask_of_truth_values_leaves_examples_out():
    assert of_examples(np.array([True, False]), 2).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([1, 2], "for each of the 3 examples. Received: shape (2,)"),
        ([[1], [2], [3]], "Received: shape (3, 1)"),
        ([1, np.nan, -2], "Received: nan for example 1"),
        ([1, 2, -2], "Received: -2 for example 2"),
        ([1, np.inf, 2], "Received: inf for example 1"),
        ([1, 1e39, 2], "Received: 1e+39 for example 1"),
        ([0, 0, 0], "above 0 for some example"),
        ("balanced", "Received: 'balanced'"),
        (2.0, "Received: shape ()"),
        ([1, None, "b"], "must be an array of numbers"),
        ([[1], [2, 3], [4]], "must be an array of numbers"),
    ],
)
def test_wrong_weights_of_examples(given, said):
    with pytest.raises(ZooError, match="`sample_weight`") as told:
        of_examples(given, 3)
    assert said in str(told.value)


@pytest.mark.parametrize(
    ("given", "labels", "names"),
    [
        ({0: 3, 2: 0.5}, LABELS, ()),
        ({0.0: 3, np.int64(2): 0.5}, LABELS, ()),
        ({"ant": 3, "cat": 0.5}, LABELS, NAMES),
        ({-1: 3, 1: 0.5}, LABELS, ("-1", "0", "1")),
        ({0: 3, 2: 0.5}, LABELS[:, None], ()),
        ({0: 3, 2: 0.5}, np.eye(3)[LABELS], ()),
    ],
)
def test_a_class_that_is_left_out_counts_once(given, labels, names):
    assert of_classes(given, labels, names).tolist() == [3, 1, 1, 0.5, 1, 3]


def test_truth_values_are_0_and_1():
    assert of_classes({True: 5}, np.array([0, 1])).tolist() == [1, 5]


def test_balanced_is_as_in_scikit_learn():
    expected = compute_class_weight("balanced", classes=np.arange(3), y=LABELS)[LABELS]
    np.testing.assert_allclose(of_classes("balanced", LABELS), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({3: 1}, "weights of the classes ant, bee, cat. Received: one of 3"),
        ({"dog": 1}, "Received: one of 'dog'"),
        ({"ant": -1}, "at least 0. Received: -1 for class ant"),
        ({"ant": float("nan")}, "Received: nan for class ant"),
        ({"ant": "much"}, "Received: 'much' for class ant"),
        ({"ant": True}, "Received: True for class ant"),
        ({"ant": 0, "bee": 0, "cat": 0}, "above 0 for some class"),
        ([1, 2, 3], "weights by label, such as"),
        (np.ones(3), "weights by label, such as"),
        ("equal", "Received: 'equal'"),
    ],
)
def test_wrong_weights_of_classes(given, said):
    with pytest.raises(ZooError, match="`class_weight`") as told:
        of_classes(given, LABELS, NAMES)
    assert said in str(told.value)


def test_several_labels_an_example_have_no_class():
    with pytest.raises(ZooError, match="of one class each"):
        of_classes({1: 2}, np.array([[0, 1], [1, 1]]))


def test_each_draw_of_the_data_is_weighted_by_its_own_labels():
    draws = data.load_draws("digits", train_examples=100)
    own = weighted(draws, {"3": 7.0})
    assert own.fingerprint != draws.fingerprint
    for seed in (0, 1):
        drawn = own.of(seed)
        assert drawn.w_train.tolist() == np.where(drawn.y_train == 3, 7.0, 1.0).tolist()
        assert np.array_equal(drawn.x_train, draws.of(seed).x_train)
    assert weighted(draws, None) is draws


def test_numbers_have_no_classes():
    numbers = dataclasses.replace(data.load("digits"), target_scale=(0.0, 1.0))
    with pytest.raises(NeedsClassesError, match="target of digits is a number"):
        weighted(numbers, "balanced")
