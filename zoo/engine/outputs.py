"""What a network puts out, held against its labels: accuracy and loss as Keras has them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.data.arrays import inputs_of
from zoo.errors import ZooError
from zoo.losses import OneHotLoss

THRESHOLD = 0.5  # of Keras's binary accuracy, also where the output is a logit
LIBRARIES = ("keras", "zoo")  # whose losses are means over the examples, each on its own
KINDS = {
    "sparse_categorical_crossentropy": "sparse",
    "categorical_crossentropy": "categorical",
    "categorical_focal_crossentropy": "categorical",
    "binary_crossentropy": "binary",
    "binary_focal_crossentropy": "binary",
}


def rights(labels: Any, outputs: Any, largest: Callable[[Any], Any] | None = None) -> Any:
    """Returns what `metrics=["accuracy"]` says of each example: 1 if it is right, else 0.

    Keras goes by the shapes. A single output is compared with the threshold; of several, the place
    of the largest is compared with the label, or with that of the largest label.

    Args:
        labels: Shape `(examples,)`, `(examples, 1)` or `(examples, outputs)`.
        outputs: Shape `(examples, outputs)`.
        largest: Function that returns the place of the largest along the last axis.

    Returns:
        Float32 of shape `(examples,)`.
    """
    largest = largest or (lambda values: ops.argmax(values, axis=-1))
    labels, outputs = ops.convert_to_tensor(labels), ops.convert_to_tensor(outputs)
    if len(labels.shape) > 1 and labels.shape[-1] == 1:
        labels = ops.squeeze(labels, axis=-1)
    if outputs.shape[-1] == 1:
        above = ops.greater(ops.squeeze(outputs, axis=-1), THRESHOLD)
        return ops.cast(ops.equal(labels, ops.cast(above, labels.dtype)), "float32")
    known = largest(labels) if len(labels.shape) > 1 else labels
    found = ops.cast(largest(outputs), "int32")
    return ops.cast(ops.equal(found, ops.cast(known, "int32")), "float32")


def loss_of(given: Any, labels: Any, outputs: Any) -> Any:
    """Returns the loss that Keras makes of what `compile` is given.

    Args:
        given: A `keras.losses.Loss`, the name of one, or a function of labels and outputs.
        labels: Some labels; only their shape counts.
        outputs: What the network makes of some examples; only its shape counts.
    """
    if given in ("crossentropy", "ce"):
        sparse = len(labels.shape) < len(outputs.shape) or labels.shape[-1] == 1
        several = "sparse_categorical" if sparse else "categorical"
        given = f"{'binary' if outputs.shape[-1] == 1 else several}_crossentropy"
    found = keras.losses.get(given)
    if isinstance(found, keras.losses.Loss):
        return found
    wrapper: Any = keras.losses.MeanSquaredError.__base__  # the class by which Keras does the same
    name = re.sub(r"\W+", "_", getattr(found, "__name__", "loss")).strip("_")
    return wrapper(found, name=name)


def of_each_example(loss: Any) -> bool:
    """Returns whether a loss is known to be a mean over the examples, each on its own."""
    function = getattr(loss, "fn", type(loss))
    known = function.__module__.partition(".")[0] in LIBRARIES
    return known and loss.reduction in ("sum_over_batch_size", "mean")


def kind_of(loss: Any) -> str:
    """Returns which labels a loss takes: `sparse`, `categorical`, `binary`, or nothing known."""
    if isinstance(loss, OneHotLoss):
        return "sparse"
    return KINDS.get(getattr(getattr(loss, "fn", None), "__name__", ""), "")


def of_numbers(loss: Any, labels: Any) -> bool:
    """Returns whether a loss and its labels are of numbers, so that accuracy means nothing.

    Args:
        loss: As given to `compile`.
        labels: Shape `(examples, ...)`.
    """
    if labels.dtype.kind == "f" and (labels % 1 != 0).any():
        return not kind_of(loss_of(loss, labels, labels))
    found = loss_of(loss, labels, labels)
    name = getattr(getattr(found, "fn", None), "__name__", "")
    return of_each_example(found) and not kind_of(found) and "hinge" not in name


def check(loss: Any, outputs: Any, parts: Mapping[str, tuple[Any, Any]]) -> None:
    """Raises ZooError for examples that a network cannot learn from with this loss.

    Args:
        loss: As given to `compile`.
        outputs: What the network makes of some examples; only its shape counts.
        parts: Features, in one array or a list or dict of several, and labels, shape
            `(examples, ...)`, by the name of the part, such as `training`.

    Raises:
        ZooError: If a feature is NaN or infinite, or a label is one that the network has no output
            for or that the loss does not take.
    """
    for part, (x, y) in parts.items():
        if any(not np.isfinite(each).all() for each in inputs_of(x)):
            raise ZooError(
                f"x of the {part} part must be finite. Received: NaN or infinite values. Fill them "
                "in or drop these rows."
            )
        check_labels(loss, outputs, {part: y})


def check_labels(loss: Any, outputs: Any, parts: Mapping[str, Any]) -> None:
    """Raises ZooError for labels that the network or the loss does not take; see `check`."""
    places = outputs.shape[-1]
    for part, y in parts.items():
        kind = kind_of(loss_of(loss, y, outputs))
        if kind == "sparse":
            _check_range(y, part, places, getattr(loss, "ignore_class", None))
        elif kind == "binary":
            _check_binary(y, part, places)
        elif kind == "categorical" and y.shape[1:] != tuple(outputs.shape[1:]):
            raise ZooError(
                "A categorical crossentropy takes labels of the shape of the outputs, "
                f"{tuple(outputs.shape[1:])} an example. Received: {y.shape[1:]} in the {part} "
                "part. For whole numbers take SparseCategoricalCrossentropy."
            )


def _check_range(y: Any, part: str, places: int, ignored: int | None) -> None:
    wrong = y[((y < 0) | (y >= places)) & (y != ignored)]
    if not len(wrong):
        return
    remedy = "Number the labels from 0." if wrong[0] < 0 else "Give the last layer a unit for each."
    if places == 1:
        remedy = "For two classes take BinaryCrossentropy, or give the last layer 2 units."
    raise ZooError(
        f"The network has {_outputs(places)}, for labels from 0 to {places - 1}. Received: label "
        f"{wrong[0]} in the {part} part. {remedy}"
    )


def _check_binary(y: Any, part: str, places: int) -> None:
    each = int(np.prod(y.shape[1:]))
    if each != places:
        raise ZooError(
            "A binary crossentropy takes a label for each output. Received: "
            f"{each} an example in the {part} part, and a network with {_outputs(places)}. For one "
            "label an example give the last layer 1 unit."
        )
    wrong = y[(y < 0) | (y > 1)]
    if len(wrong):
        raise ZooError(
            f"A binary crossentropy takes labels from 0 to 1. Received: label {wrong[0]} in the "
            f"{part} part, and a network with {_outputs(places)}. For more classes give the last "
            "layer a unit for each, and take SparseCategoricalCrossentropy."
        )


def _outputs(places: int) -> str:
    return f"{places} output" + "s" * (places != 1)
