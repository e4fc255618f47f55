"""Always guessing the most frequent class."""

import numpy as np
import pytest

from zoo.evidence.guessing import balanced_accuracy, guess_of


def test_guessing_is_right_as_often_as_the_class_is_there():
    y_train, y_test = np.repeat([0, 1], [1, 3]), np.repeat([0, 1], [2, 8])
    assert guess_of(y_train, y_test, ("no", "yes")) == {
        "class": "yes",
        "share": 0.75,
        "accuracy": 0.8,
        "balanced_accuracy": 0.5,
        "log_loss": round(-(0.2 * np.log(0.25) + 0.8 * np.log(0.75)), 6),
    }


@pytest.mark.parametrize(
    ("right", "expected"),
    [
        ([1, 1, 1, 1, 0], (1 + 0) / 2),
        ([1, 0, 1, 0, 1], (0.5 + 1) / 2),
        ([0, 0, 0, 0, 0], 0),
        ([1, 1, 1, 1, 1], 1),
    ],
)
def test_balanced_accuracy_gives_every_class_the_same_weight(right, expected):
    assert balanced_accuracy(np.array(right), np.array([0, 0, 0, 0, 2])) == expected


def test_balanced_accuracy_is_that_of_scikit_learn():
    from sklearn.metrics import balanced_accuracy_score

    generator = np.random.default_rng(0)
    labels, guesses = generator.integers(0, 3, 200), generator.integers(0, 3, 200)
    found = balanced_accuracy(labels == guesses, labels)
    assert found == pytest.approx(balanced_accuracy_score(labels, guesses))
