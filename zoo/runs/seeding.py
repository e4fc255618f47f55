"""Derives every random number of a run from its seed, explicitly.

Keras draws an initializer's seed when the layer is made, from one global stream: a layer that draws
none (`Dropout(0.0)`) shifts the weights of all layers after it. Here the seed of a variable depends
on the run's seed, the kind of layer, its place among the layers of that kind and the variable's
name, so two variants that share a layer share its initial weights.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import numpy.typing as npt


def derived_seed(*path: object) -> int:
    """Returns a seed in [0, 2**31) that depends on every part of the path."""
    digest = hashlib.sha256(repr(path).encode()).digest()
    return int.from_bytes(digest[:4], "little") % 2**31


def epoch_order(examples: int, seed: int, epoch: int) -> npt.NDArray[np.int32]:
    """Returns the order in which a run meets its training examples.

    Args:
        examples: Number of training examples.
        seed: The run's seed.
        epoch: Epoch, counted from 0.

    Returns:
        A permutation of `0 .. examples - 1`, shape `(examples,)`.
    """
    generator = np.random.default_rng(derived_seed(seed, "order", epoch))
    return generator.permutation(examples).astype(np.int32)


def fresh_model(build: Callable[[], Any], input_shape: tuple[int, ...] | None = None) -> Any:
    """Makes a model as if it were the first: layer names do not depend on history.

    Args:
        build: Function that returns the model.
        input_shape: Shape of one example, to build a model that does not know it.
    """
    policy = keras.config.dtype_policy()
    keras.utils.clear_session(free_memory=False)
    keras.config.set_dtype_policy(policy)  # which clearing the session forgets
    keras.utils.set_random_seed(0)
    model = build()
    if input_shape is not None and not model.built:
        model(keras.ops.zeros((1, *input_shape)))
    return model


def draw_initial_values(model: Any, seed: int) -> None:
    """Gives every variable and dropout stream of a model its initial value for `seed`.

    An initializer or a layer that was given a seed by its author keeps it. A variable whose
    initializer is not an attribute of its layer (`<name>_initializer`) keeps the value that it was
    built with.

    Args:
        model: A built model; changed in place.
        seed: The run's seed.
    """
    seen: Counter[str] = Counter()
    for layer in model._flatten_layers(include_self=True):
        # A subclass of a Keras layer shares its parent's places, and so its initial weights.
        kind = next(cls.__name__ for cls in type(layer).__mro__ if _is_keras(cls))
        place = (kind, seen[kind])
        seen[kind] += 1
        for variable in (*layer._trainable_variables, *layer._non_trainable_variables):
            initializer = getattr(layer, f"{variable.name}_initializer", None)
            if initializer is not None:
                initializer = _seeded(initializer, derived_seed(seed, *place, variable.name))
                variable.assign(initializer(variable.shape, dtype=variable.dtype))
        for number, generator in enumerate(layer._seed_generators):
            if generator._initial_seed is None:
                state = np.array([derived_seed(seed, *place, "stream", number), 0])
                generator.state.assign(state.astype(generator.state.dtype))


def _is_keras(cls: type) -> bool:
    return cls.__module__.partition(".")[0] == "keras"


def _seeded(initializer: Any, seed: int) -> Any:
    """Returns the initializer with this seed, unless it takes none or was given one."""
    config = initializer.get_config() if hasattr(initializer, "get_config") else {}
    if config.get("seed", 0) is not None:
        return initializer
    return type(initializer).from_config({**config, "seed": seed})
