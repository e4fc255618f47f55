"""Where optimizers go on a surface: Keras's step by step, and formulas beside them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from zoo.measure import total

Array = npt.NDArray[np.float64]
Slope = Callable[[Array], Array]
Formula = Callable[[Array, Array, Array, int, Slope], tuple[Array, Array, Array]]
"""A step: place, two memories that begin at 0, the step's number from 1, and the slope at a place
become the next place and memories."""


class Path:
    """Follows an optimizer over a surface, step by step, as training moves weights.

    One compiled program, which starts anew at every call.

    Args:
        optimizer: A Keras optimizer.
        height: Function of the place, an array of shape `shape`, that returns the heights whose sum
            is descended. It is made of Keras operations.
        shape: Shape of the place.
        steps: Positive integer. How many steps it makes.
    """

    def __init__(
        self,
        optimizer: Any,
        height: Callable[[Any], Any],
        shape: tuple[int, ...],
        steps: int,
    ) -> None:
        self._place = _Place(height, shape, steps)
        self._model = keras.Sequential([keras.Input(shape), self._place])
        self._model.compile(optimizer, total, steps_per_execution=steps)
        optimizer.build(self._model.trainable_variables)
        self._first = [np.array(keras.ops.convert_to_numpy(v)) for v in optimizer.variables]
        self._steps = steps

    def __call__(
        self, start: npt.NDArray[Any], slopes: Any = 0.0, learning_rate: float | None = None
    ) -> npt.NDArray[np.float64]:
        """Returns the places from the start on, shape `(steps + 1, *shape)`.

        Args:
            start: Array of the surface's shape.
            slopes: Added to the gradient of each step, such as noise: what can be broadcast to
                `(steps, *shape)`.
            learning_rate: Instead of the optimizer's own.
        """
        optimizer, place = self._model.optimizer, self._place
        for variable, value in zip(optimizer.variables, self._first, strict=True):
            variable.assign(value)
        if learning_rate is not None:
            optimizer.learning_rate = learning_rate
        place.restart(start)
        added = np.broadcast_to(np.asarray(slopes), (self._steps, *place.place.shape))
        nothing = np.zeros((self._steps, 1))
        self._model.fit(added, nothing, batch_size=1, shuffle=False, verbose=0)
        made = [keras.ops.convert_to_numpy(v) for v in (place.places, place.place)]
        return np.concatenate([made[0], made[1][None]])


class _Place(keras.layers.Layer):
    """A trained array that remembers where it was at each step."""

    def __init__(self, height: Callable[[Any], Any], shape: tuple[int, ...], steps: int) -> None:
        super().__init__(dtype="float64")
        self._height, self._shape, self._steps = height, shape, steps

    def build(self, input_shape: tuple[int, ...]) -> None:
        self.place = self.add_weight(shape=self._shape, initializer="zeros", name="place")
        known = (self._steps, *self._shape)
        self.places = self.add_weight(known, "zeros", trainable=False, name="places")
        self.step = self.add_weight((), "zeros", "int32", trainable=False, name="step")

    def restart(self, start: npt.NDArray[Any]) -> None:
        self.place.assign(start)
        self.places.assign(np.zeros(self.places.shape))
        self.step.assign(0)

    def call(self, inputs: Any) -> Any:
        now = keras.ops.one_hot(self.step, self._steps, dtype=self.compute_dtype)
        line = keras.ops.reshape(now, (-1, *[1] * len(self._shape)))
        self.places.assign_add(line * self.place)
        self.step.assign_add(1)
        heights = keras.ops.sum(self._height(self.place))
        return keras.ops.reshape(heights + keras.ops.sum(inputs * self.place), (1, 1))


def follow(formula: Formula, start: Any, slopes: Any, steepness: Any = 0.0) -> tuple[Array, Array]:
    """Returns the places of a formula and its first memory, each of shape `(steps + 1, *shape)`.

    Args:
        formula: The step.
        start: The first place, an array of shape `shape`.
        slopes: Added to the gradient of each step, shape `(steps, *shape)`.
        steepness: The gradient is this times the place.
    """
    place = np.array(start, np.float64)
    states = [(place, 0 * place, 0 * place)]
    for number, added in enumerate(slopes, 1):

        def slope(at: Array, added: Any = added) -> Array:
            return np.asarray(steepness * at + added, np.float64)

        states.append(formula(*states[-1], number, slope))
    places, memories, _ = zip(*states, strict=True)
    return np.array(places), np.array(memories)
