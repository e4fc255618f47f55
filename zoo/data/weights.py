"""How much each example counts in the loss: a number for each, or for each class."""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zoo.data.draws import Draws
from zoo.data.ready import Data
from zoo.data.sets import fingerprint_of
from zoo.errors import NeedsClassesError, ZooError

Array = NDArray[Any]

BALANCED = "balanced"
BOTH = (
    "`sample_weight` and `class_weight` cannot both be given, as in `fit`. Multiply them into one "
    "sample_weight."
)
LENGTH = 60  # of what an error shows of what it was given
SHOWN = 10  # classes that an error lists


def of_examples(given: Any, examples: int) -> Array:
    """Returns weights of examples as float32 of shape `(examples,)`, checked.

    Args:
        given: What people call `sample_weight`.
        examples: How many there are.

    Raises:
        ZooError: If it is not one number of at least 0 for each.
    """
    try:
        weights = np.asarray(given)
        if weights.dtype == object:
            weights = weights.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ZooError(f"`sample_weight` must be an array of numbers. Received: {error}") from error
    if weights.dtype.kind not in "biuf" or weights.shape != (examples,):
        what = f"shape {weights.shape}" if weights.dtype.kind in "biuf" else _shown(given)
        raise ZooError(
            f"`sample_weight` must have one number for each of the {examples} examples. "
            f"Received: {what}"
        )
    with np.errstate(over="ignore"):  # what is beyond float32 becomes infinite
        found: Array = weights.astype(np.float32)
    wrong = np.flatnonzero(~np.isfinite(found) | (found < 0))
    if wrong.size:
        raise ZooError(
            "`sample_weight` must be finite numbers of at least 0. Received: "
            f"{weights[wrong[0]]} for example {wrong[0]}"
        )
    if not found.any():
        raise ZooError("`sample_weight` must be above 0 for some example. Received: only 0")
    return found


def of_classes(given: Any, labels: Array, names: Sequence[str] = ()) -> Array:
    """Returns the weight of each example's class as float32 of shape `(examples,)`.

    The arguments are those of `by_class`.
    """
    weights = by_class(given, labels, names)
    found, places = np.unique(_whole(labels), return_inverse=True)
    of_found = np.array([weights.get(each, 1.0) for each in found.tolist()], np.float32)
    if not of_found.any():
        raise ZooError("`class_weight` must be above 0 for some class. Received: only 0")
    rows: Array = of_found[places]
    return rows


def by_class(given: Any, labels: Array, names: Sequence[str] = ()) -> dict[int, float]:
    """Returns the weights of classes by their numbers.

    Args:
        given: Weights by label, as people call `class_weight`; a class that is not among them
            counts once, as in Keras. Or `"balanced"`: examples over classes over the class's
            examples, as scikit-learn has it.
        labels: Whole numbers of shape `(examples,)` or `(examples, 1)`, or one-hot.
        names: What class 0 is called, class 1, and so on; nothing if their numbers are their names.

    Raises:
        ZooError: If it is something else, or has a label that is none.
    """
    if not isinstance(given, Mapping) and not (isinstance(given, str) and given == BALANCED):
        raise ZooError(
            "`class_weight` must be weights by label, such as {0: 1, 1: 5}, or 'balanced'. "
            f"Received: {_shown(given)}"
        )
    classes = _whole(labels)
    found = np.unique(classes)
    if isinstance(given, str):
        counts = {each: int((classes == each).sum()) for each in found.tolist()}
        return {each: len(classes) / len(found) / count for each, count in counts.items()}
    numbers = range(len(names)) if names else found.tolist()
    code = dict(zip(names or map(str, numbers), numbers, strict=True))
    return {_place(label, code): _checked(label, each) for label, each in given.items()}


def _whole(labels: Array) -> Array:
    """Returns the class of each example."""
    one_hot = labels.ndim == 2 and labels.shape[1] > 1
    if one_hot and np.isin(labels, (0, 1)).all() and (labels.sum(axis=1) == 1).all():
        return np.asarray(labels.argmax(axis=1))
    flat = labels.reshape(len(labels), -1)
    if flat.shape[1] != 1 or (flat % 1 != 0).any():
        raise ZooError(
            "`class_weight` is for examples of one class each. Received: labels of shape "
            f"{labels.shape} that are not. Give sample_weight, a number for each example."
        )
    return np.asarray(flat[:, 0].astype(np.int64))


def _place(label: Any, code: Mapping[str, int]) -> int:
    """Returns the number of a class by the label that people give it."""
    words = [str(label)]
    if isinstance(label, bool | float | np.number) and float(label).is_integer():
        words.append(str(int(label)))
    for word in words:
        if word in code:
            return code[word]
    known = ", ".join(list(code)[:SHOWN]) + ", ..." * (len(code) > SHOWN)
    raise ZooError(
        f"`class_weight` must be weights of the classes {known}. Received: one of {_shown(label)}"
    )


def _checked(label: Any, weight: Any) -> float:
    number = isinstance(weight, int | float | np.number) and not isinstance(weight, bool)
    if not number or not math.isfinite(weight) or weight < 0:
        raise ZooError(
            "`class_weight` must have finite numbers of at least 0. Received: "
            f"{_shown(weight)} for class {label}"
        )
    return float(weight)


def _shown(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= LENGTH else f"{text[: LENGTH - 4]} ..."


def weighted(data: Data, class_weight: Any) -> Data:
    """Returns data whose training examples count as their classes do; of each seed, if they differ.

    Args:
        data: The data.
        class_weight: As `of_classes` takes it; None for data as they are.

    Raises:
        ZooError: If it does not fit, or the target is a number.
    """
    if class_weight is None:
        return data
    if data.of_numbers:
        raise NeedsClassesError(
            f"`class_weight` is for classes, and the target of {data.name} is a number. Leave it "
            "out."
        )
    own = of_classes(class_weight, data.y_train, data.class_names)
    text = f"{data.fingerprint} weights {fingerprint_of(own)}"
    changes: dict[str, Any] = {
        "w_train": own,
        "fingerprint": hashlib.sha256(text.encode()).hexdigest()[:16],
    }
    if isinstance(data, Draws):
        changes |= {"_draw": partial(_drawn, data, class_weight), "_kept": OrderedDict()}
    return dataclasses.replace(data, **changes)


def _drawn(data: Draws, class_weight: Any, seed: int) -> Data:
    return weighted(data.of(seed), class_weight)
