"""What a network puts out, held against its labels: accuracy and loss as Keras has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

THRESHOLD = 0.5  # of Keras's binary accuracy, also where the output is a logit
LIBRARIES = ("keras", "zoo")  # whose losses are means over the examples, each on its own


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
    return wrapper(found, name=getattr(found, "__name__", "loss"))


def of_each_example(loss: Any) -> bool:
    """Returns whether a loss is known to be a mean over the examples, each on its own."""
    function = getattr(loss, "fn", type(loss))
    known = function.__module__.partition(".")[0] in LIBRARIES
    return known and loss.reduction in ("sum_over_batch_size", "mean")
