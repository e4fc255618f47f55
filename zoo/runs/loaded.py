"""Values that a builder has set itself: they determine a run, and no configuration tells them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

from callbacks.keras_internals import all_layers, own_variables
from zoo.runs.seeding import drawn, fresh_model


def loaded(model: Any, build: Callable[[], Any], input_shape: Any) -> list[str]:
    """Describes the variables that were loaded or set, such as the weights of a saved network.

    They are those that no initializer of their layer explains, and that another build with other
    random numbers has as well. The model is built once more only if there may be some.

    Args:
        model: As `build` returned it.
        build: Function that returns the model.
        input_shape: Shape of one example, to build a model that does not know it.

    Returns:
        A digest of each, in the order of the variables; of most models none.
    """
    own = list(_values(model))
    if all(explained for _, explained in own):
        return []
    other = list(_values(fresh_model(build, input_shape, seed=1, backend_too=False)))
    return [
        hashlib.sha256(f"{index} {value.shape}".encode() + value.tobytes()).hexdigest()
        for index, ((value, explained), (second, _)) in enumerate(zip(own, other, strict=False))
        if not explained and value.tobytes() == second.tobytes()
    ]


def _values(model: Any) -> Iterator[tuple[Any, bool]]:
    """Yields the value of each variable of each layer, and whether its initializer explains it."""
    for layer in all_layers(model, include_self=True):
        for variable in own_variables(layer):
            value = _array(variable)
            yield value, _explains(layer, variable, value)


def _explains(layer: Any, variable: Any, value: Any) -> bool:
    for name in (variable.name, variable.name.removesuffix("_kernel")):
        initializer: Any = getattr(layer, f"{name}_initializer", None)
        if initializer is not None:
            made = drawn(initializer, variable.shape, variable.dtype)
            if made.tobytes() == value.tobytes():
                return True
    return False


def _array(value: Any) -> Any:
    inner = getattr(value, "value", value)
    if hasattr(inner, "numpy") and keras.backend.backend() == "tensorflow":
        return inner.numpy()  # convert_to_numpy warns of NumPy 2 there
    return np.asarray(keras.ops.convert_to_numpy(inner))
