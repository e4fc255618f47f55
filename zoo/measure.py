"""What measured experiments use to look at Keras: gradients as a training step sees them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt


def gradients(model: Any, loss: Any, x: Any, y: Any) -> list[npt.NDArray[Any]]:
    """Returns the gradient of the whole loss, penalties included, in each trained variable.

    Keras differentiates only in its training step. A step of plain gradient descent with the rate 1
    subtracts just the gradient; the weights are put back.

    Args:
        model: A built model; compiled anew. Moving statistics of batch normalisation and streams of
            dropout move on.
        loss: A Keras loss, or its name.
        x: Array of shape `(examples, ...)`.
        y: Array of shape `(examples, ...)`.
    """
    before = [np.array(keras.ops.convert_to_numpy(v)) for v in model.trainable_variables]
    model.compile(keras.optimizers.SGD(1.0), loss, run_eagerly=True)
    model.train_on_batch(x, y)
    found = []
    for variable, value in zip(model.trainable_variables, before, strict=True):
        found.append(value - keras.ops.convert_to_numpy(variable))
        variable.assign(value)
    return found


def furthest(first: Any, second: Any) -> float:
    """Returns the largest absolute difference between two arrays of the same shape."""
    a, b = (np.asarray(keras.ops.convert_to_numpy(item), np.float64) for item in (first, second))
    return float(np.abs(a - b).max())


def learning_rates(schedule: Callable[[int], Any], steps: Sequence[int]) -> npt.NDArray[Any]:
    """Returns the learning rates of a schedule at some steps, shape `(steps,)`."""
    return np.array([float(keras.ops.convert_to_numpy(schedule(step))) for step in steps])


def slopes(function: Callable[[Any], Any], points: Sequence[float]) -> npt.NDArray[Any]:
    """Returns the derivative of a function of one number, as training would see it.

    Args:
        function: Works on arrays element by element.
        points: Where to look.
    """
    shift = _Shift()
    model = keras.Sequential([keras.Input((len(points),)), shift, keras.layers.Lambda(function)])
    x = np.array([points], np.float32)
    (found,) = gradients(model, lambda _, output: keras.ops.sum(output, axis=-1), x, x)
    return found


class _Shift(keras.layers.Layer):
    """Adds a trained variable of 0 to each input."""

    def build(self, input_shape: tuple[int, ...]) -> None:
        self.shift = self.add_weight(shape=input_shape[1:], initializer="zeros", name="shift")

    def call(self, inputs: Any) -> Any:
        return inputs + self.shift
