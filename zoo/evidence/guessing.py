"""What always guessing the most frequent class gives, and accuracy that it cannot win. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

IMBALANCED = 0.8  # share of the largest class beyond which accuracy says little


def guess_of(y_train: Array, y_test: Array, class_names: Sequence[str]) -> dict[str, Any]:
    """Returns what is right without looking at the features, ready for JSON.

    Args:
        y_train: Labels of the training part, shape (examples,), from 0.
        y_test: Labels of the test part.
        class_names: The name of class 0, of class 1, and so on.

    Returns:
        The name of the class with most training examples (`class`) and its share of them (`share`);
        the accuracy on the test part of always guessing it, its balanced accuracy, and the log loss
        of guessing every class with its share.
    """
    shares = np.bincount(y_train, minlength=len(class_names)) / len(y_train)
    largest = int(shares.argmax())
    right = y_test == largest
    return {
        "class": class_names[largest],
        "share": round(float(shares[largest]), 6),
        "accuracy": round(float(right.mean()), 6),
        "balanced_accuracy": round(balanced_accuracy(right, y_test), 6),
        "log_loss": round(float(-np.log(shares[y_test]).mean()), 6),
    }


def guess_of_numbers(y_test: Array, deviation: float) -> dict[str, Any]:
    """Returns what always predicting the training part's mean gives, ready for JSON.

    Args:
        y_test: Numbers of the test part, shape (examples,), less the training part's mean and over
            its standard deviation.
        deviation: That standard deviation.

    Returns:
        R2 on the test part (`accuracy`), the mean squared error (`loss`) of such numbers, and its
        root in the target's unit (`rmse`).
    """
    numbers = np.asarray(y_test, np.float64)
    error, variance = float(np.square(numbers).mean()), float(numbers.var())
    return {
        "accuracy": round(1 - error / variance if variance else 0.0, 6),
        "loss": round(error, 6),
        "rmse": float(f"{deviation * error**0.5:.6g}"),
    }


def balanced_accuracy(right: Array, labels: Array) -> float:
    """Returns the mean over classes of the share of each class's examples that is right.

    Args:
        right: Whether each example is right, shape (examples,).
        labels: Labels of shape (examples,), from 0; classes without an example do not count.
    """
    counts = np.bincount(labels)
    hits = np.bincount(labels, weights=np.asarray(right, np.float64))
    there = counts > 0
    return float((hits[there] / counts[there]).mean())
