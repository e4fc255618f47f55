"""Arrays that are handed over in Python: features, labels, and what is wrong with them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zoo.errors import ZooError

Array = NDArray[Any]
Pair = tuple[Any, Any]

PARTS = ("training", "validation", "test")
WRITE = "Write data=((x, y), (x_validation, y_validation)), or data=(x, y) with validation_split."
SHARE = 0.2  # of one pair that validates, unless another is asked for
SHOWN = 10  # labels that an error lists


def over_inputs(function: Callable[[Any], Any], x: Any) -> Any:
    """Applies a function to the features of every input of a network, which may be one."""
    if isinstance(x, dict):
        return {name: over_inputs(function, each) for name, each in x.items()}
    return [over_inputs(function, each) for each in x] if isinstance(x, list) else function(x)


def inputs_of(x: Any) -> list[Any]:
    """Returns the features of all inputs of a network in a row."""
    found: list[Any] = []
    over_inputs(found.append, x)
    return found


def shapes_of(x: Any) -> Any:
    """Returns the shape of one example of every input, without the batch axis."""
    return over_inputs(lambda each: tuple(each.shape[1:]), x)


def rows(x: Any, chosen: Any) -> Any:
    """Returns these rows of the features of every input."""
    return over_inputs(lambda each: each[chosen], x)


def pairs_of(data: Any, validation_split: float | None = None) -> list[Pair]:
    """Returns features and labels for training, validation and test, checked.

    Args:
        data: Pairs `(x, y)` for training and validation, and for test if there are any; or one
            pair, whose last examples validate.
        validation_split: Their share, between 0 and 1; 0.2 if it is not given.

    Returns:
        Three pairs: float32 features, an array or a list or dict of arrays, and labels as they
        are: whole numbers, floats or texts. Without test examples the third is the second.

    Raises:
        ZooError: If something cannot be trained on.
    """
    if not isinstance(data, tuple | list) or not 2 <= len(data) <= 3:
        raise ZooError(
            f"`data` must be the name of a data set or pairs of arrays. Received: {_kind(data)}. "
            + WRITE
        )
    if are_pairs(data):
        if validation_split is not None:
            raise ZooError(
                "`validation_split` is for data=(x, y) without validation examples. Received: "
                f"it and {len(data)} pairs. Leave it out."
            )
        pairs = [_pair(x, y, part) for (x, y), part in zip(data, PARTS, strict=False)]
    elif len(data) == 2:
        x, y = _pair(data[0], data[1], "training")
        pairs = _split(x, y, SHARE if validation_split is None else validation_split)
    else:
        raise ZooError(f"`data` must be pairs of arrays. Received: {_kind(data)}. {WRITE}")
    shapes = [shapes_of(x) for x, _ in pairs]
    if any(shape != shapes[0] for shape in shapes):
        raise ZooError(
            "All parts must have examples of the same shape. Received: "
            + ", ".join(map(str, shapes))
        )
    return [*pairs, pairs[-1]][:3]


def are_pairs(data: Sequence[Any]) -> bool:
    """Returns whether there are several pairs, not one of features and labels."""
    return all(isinstance(each, tuple | list) and len(each) == 2 for each in data)


def _kind(data: Any) -> str:
    if isinstance(data, tuple | list):
        return f"a {type(data).__name__} of {len(data)}"
    return type(data).__name__


def _pair(x: Any, y: Any, part: str) -> Pair:
    labels = labels_of(y, part)
    features = features_of(x, len(labels), part)
    for each in inputs_of(features):
        if len(each) != len(labels):
            raise ZooError(
                f"x and y of the {part} part must have the same length. "
                f"Received: x of shape {each.shape} and y of shape {labels.shape}"
            )
    if not len(labels):
        raise ZooError(f"The {part} part must have examples. Received: none")
    return features, labels


def features_of(x: Any, examples: int, part: str) -> Any:
    """Returns features as float32, an array or a list or dict of arrays, checked.

    Args:
        x: What people hand over.
        examples: How many there are.
        part: Which part it is, for messages.
    """
    if isinstance(x, Mapping):
        return {str(name): features_of(each, examples, part) for name, each in x.items()}
    if isinstance(x, tuple | list) and len(x) != examples:
        lengths = [len(each) if hasattr(each, "__len__") else -1 for each in x]
        if set(lengths) == {examples}:  # the inputs of a network that has several
            return [features_of(each, examples, part) for each in x]
    return _numbers(x, f"x of the {part} part")


def _numbers(x: Any, what: str) -> Array:
    """Returns features as float32, shape `(examples, ...)`."""
    try:
        array = np.asarray(x)
        if array.dtype == object:
            array = array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ZooError(f"{what} must be an array of numbers. Received: {error}") from error
    if array.ndim == 0:
        raise ZooError(f"{what} must be an array of numbers. Received: {type(x).__name__}")
    if array.dtype.kind not in "biuf":
        raise ZooError(
            f"{what} must be an array of numbers. Received: type {array.dtype}. Turn words into "
            "numbers before, for example with keras.layers.TextVectorization."
        )
    with np.errstate(over="ignore"):  # what is beyond float32 becomes infinite, and is told of
        array = array.astype(np.float32)
    unusable = np.argwhere(~np.isfinite(array))
    if len(unusable):
        raise ZooError(
            f"{what} has {len(unusable)} values that are NaN, infinite or beyond float32, the "
            f"first at {unusable[0].tolist()}. Fill them in or drop these rows."
        )
    return array[:, None] if array.ndim == 1 else array  # as Keras does


def labels_of(y: Any, part: str) -> Array:
    """Returns labels as whole numbers, floats or texts, shape `(examples, ...)`."""
    what = f"y of the {part} part"
    try:
        array = np.asarray(y)
        if array.dtype == object and array.size:
            array = _of_one_type(array)
    except (TypeError, ValueError) as error:
        raise ZooError(f"{what} must be an array of labels. Received: {error}") from error
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8", "replace")
    if array.ndim == 0 or array.dtype.kind not in "biufU":
        raise ZooError(f"{what} must be an array of labels. Received: {type(y).__name__}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        rows = np.argwhere(~np.isfinite(array))
        raise ZooError(
            f"{what} has {len(rows)} labels that are missing, NaN or infinite, the first in row "
            f"{rows[0][0]}. Fill them in or drop these rows."
        )
    return array.astype(np.int8) if array.dtype.kind == "b" else array


def _of_one_type(array: Array) -> Array:
    """Returns an array of objects as texts or floats, what is missing as NaN."""
    flat = array.ravel().tolist()
    texts = [each for each in flat if isinstance(each, str)]
    if len(texts) == len(flat):
        return array.astype(str)
    if texts:
        other = next(each for each in flat if not isinstance(each, str))
        raise ValueError(f"words and {other!r}")
    # None and the missing values of pandas have no number.
    numbers = [float(each) if hasattr(each, "__float__") else math.nan for each in flat]
    return np.reshape(numbers, array.shape)


def _split(x: Any, y: Array, share: float) -> list[Pair]:
    """Splits off the last examples for validation, as Keras does."""
    first = first_held_out(len(y), share)
    if y.dtype.kind != "f":
        unseen = np.setdiff1d(y[first:], y[:first])
        if len(unseen):
            raise ZooError(
                f"The last {len(y) - first} examples, which validate, have labels that the others "
                f"lack ({_listed(unseen)}): the data are sorted. Shuffle x and y together before."
            )
    return [(rows(x, slice(first)), y[:first]), (rows(x, slice(first, None)), y[first:])]


def first_held_out(examples: int, share: Any) -> int:
    """Returns the place of the first example that validates, of the last share of them.

    Raises:
        ZooError: If the share is none, or leaves no examples.
    """
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share < 1:
        raise ZooError(f"`validation_split` must lie between 0 and 1. Received: {share!r}")
    first = math.floor(examples * (1 - share))
    if not 0 < first < examples:
        raise ZooError(f"{examples} examples cannot be split. Received: validation_split={share}")
    return first


def single(y: Array) -> Array:
    """Returns one label an example, shape `(examples,)`, of a column or of one-hot labels.

    Raises:
        ZooError: If there are several labels an example.
    """
    if y.ndim == 1:
        return y
    if y.ndim == 2 and y.shape[1] == 1:
        return y[:, 0]
    one_hot = y.ndim == 2 and y.dtype.kind != "U" and np.isin(y, (0, 1)).all()
    if not one_hot or (y.sum(axis=1) != 1).any():
        raise ZooError(
            "The loss takes one label an example. Received: labels of shape "
            f"{y.shape} that are not one-hot. Give a loss that takes them."
        )
    places: Array = y.argmax(axis=1)
    return places


def numbered(labels: Sequence[Array], places: int) -> tuple[list[Array], tuple[str, ...]]:
    """Returns the labels of all parts as whole numbers from 0 to `places - 1`, and their names.

    Labels that are such numbers stay as they are. Others, such as words, -1 and 1 or 1 to 3, are
    numbered in their sorted order, if there are not more of them than places.

    Raises:
        ZooError: If there are, or they have fractions.
    """
    if len({each.dtype.kind == "U" for each in labels}) > 1:
        raise ZooError("The labels of all parts must be words, or none of them. Received: both")
    found = np.unique(np.concatenate([each.ravel() for each in labels]))
    if found.dtype.kind == "f":
        if (found % 1 != 0).any():
            fraction = found[found % 1 != 0][0]
            raise ZooError(
                "Labels of classes must be whole numbers or words. Received: a label of "
                f"{fraction:g}. For a regression give loss=keras.losses.MeanSquaredError()."
            )
        found, labels = found.astype(np.int64), [each.astype(np.int64) for each in labels]
    if found.dtype.kind != "U" and found.min() >= 0 and found.max() < places:
        return [each.astype(np.int32) for each in labels], tuple(map(str, range(places)))
    if len(found) > places:
        raise ZooError(
            f"The network has outputs for {places} classes, and there are {len(found)} labels: "
            f"{_listed(found)}. Received: label {found[places]} without an output. Give the last "
            "layer a unit for each label."
        )
    return [np.searchsorted(found, each).astype(np.int32) for each in labels], tuple(
        map(str, found)
    )


def _listed(labels: Array) -> str:
    shown = ", ".join(map(str, labels[:SHOWN].tolist()))
    return shown + ", ..." * (len(labels) > SHOWN)
