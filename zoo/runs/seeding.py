"""Derives every random number of a run from its seed, explicitly.

Keras draws an initializer's seed when the layer is made, from one global stream: a layer that draws
none (`Dropout(0.0)`) shifts the weights of all layers after it. Here the seed of a variable depends
on the run's seed, the kind of layer, its place among the layers of that kind and the variable's
name, so two variants that share a layer share its initial weights. What a builder loads or sets
stays as it is: only what differs between builds with other random numbers is drawn.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from callbacks.keras_internals import (
    all_layers,
    forget_names,
    given_seed,
    own_variables,
    seed_all_but_backend,
    seed_generators,
)
from zoo.errors import ZooError

SMALL = 100_000  # numbers of an array that is kept, of which there are at most so many:
DRAWS = 256


def derived_seed(*path: object) -> int:
    """Returns a seed in [0, 2**31) that depends on every part of the path."""
    digest = hashlib.sha256(repr(path).encode()).digest()
    return int.from_bytes(digest[:4], "little") % 2**31


@lru_cache(maxsize=256)  # asked for by every learning rate and variant
def epoch_order(examples: int, seed: int, epoch: int) -> npt.NDArray[np.int32]:
    """Returns the order in which a run meets its training examples.

    Args:
        examples: Number of training examples.
        seed: The run's seed.
        epoch: Epoch, counted from 0.

    Returns:
        A permutation of `0 .. examples - 1`, shape `(examples,)`; it cannot be written to.
    """
    generator = np.random.default_rng(derived_seed(seed, "order", epoch))
    order = generator.permutation(examples).astype(np.int32)
    order.flags.writeable = False
    return order


def fresh_model(
    build: Callable[[], Any], input_shape: Any = None, seed: int = 0, backend_too: bool = True
) -> Any:
    """Makes a model as if it were the first: layer names do not depend on history.

    Args:
        build: Function that returns the model.
        input_shape: Shape of one example, to build a model that does not know it; a list or dict
            of shapes if it has several inputs.
        seed: Of all global random numbers.
        backend_too: Whether the backend's own global numbers, such as `tf.random`'s, are among
            them. Few builders draw from these, and TensorFlow then makes all of its kernels anew.

    Raises:
        ZooError: If the function returns no model; names its file and line.
    """
    if backend_too:
        policy = keras.config.dtype_policy()
        keras.utils.clear_session(free_memory=False)
        keras.config.set_dtype_policy(policy)  # which clearing the session forgets
        keras.utils.set_random_seed(seed)
    else:
        forget_names()
        seed_all_but_backend(seed)
    model = build()
    if not isinstance(model, keras.Model):
        raise ZooError(
            f"`build_model` must return a Keras model. Received: {model!r}{_origin(build)}"
        )
    if input_shape is not None and not model.built:
        model(_zeros(input_shape))
    return model


def _origin(function: Any) -> str:
    """Returns file and line of a function, as words that end a message."""
    while isinstance(function, partial):
        function = function.func
    code = getattr(function, "__code__", None)
    return f", from {code.co_filename}:{code.co_firstlineno}" if code else ""


def _zeros(shape: Any) -> Any:
    """Returns an example of zeros for every input."""
    if isinstance(shape, dict):
        return {name: _zeros(each) for name, each in shape.items()}
    if isinstance(shape, list):
        return [_zeros(each) for each in shape]
    return keras.ops.zeros((1, *shape))


def draw_initial_values(model: Any, seed: int) -> None:
    """Draws in place what `<name>_initializer` attributes and streams of a model can draw.

    Whatever the builder made of them is lost, so this only tells whether a seed reaches them.
    """
    for layer, place in places(model):
        for variable in own_variables(layer):
            initializer = getattr(layer, f"{variable.name}_initializer", None)
            if initializer is not None:
                if takes_seed(initializer):
                    initializer = seeded(initializer, derived_seed(seed, *place, variable.name))
                variable.assign(initializer(variable.shape, dtype=variable.dtype))
        for number, generator in enumerate(seed_generators(layer)):
            if given_seed(generator) is None:
                state = np.array([derived_seed(seed, *place, "stream", number), 0])
                generator.state.assign(state.astype(generator.state.dtype))


def places(model: Any) -> list[tuple[Any, tuple[str, int]]]:
    """Returns the layers, each with its kind and its number among the layers of that kind."""
    seen: Counter[str] = Counter()
    found = []
    for layer in all_layers(model, include_self=True):
        # A subclass of a Keras layer shares its parent's places, and so its initial weights.
        kind = next(cls.__name__ for cls in type(layer).__mro__ if _is_keras(cls))
        found.append((layer, (kind, seen[kind])))
        seen[kind] += 1
    return found


def _is_keras(cls: type) -> bool:
    return cls.__module__.partition(".")[0] == "keras"


def takes_seed(initializer: Any) -> bool:
    """Returns whether an initializer draws, and was given no seed by its author."""
    config = initializer.get_config() if hasattr(initializer, "get_config") else {}
    return config.get("seed", 0) is None


def seeded(initializer: Any, seed: int) -> Any:
    """Returns an initializer like another, with a seed."""
    return type(initializer).from_config({**initializer.get_config(), "seed": seed})


def drawn(initializer: Any, shape: Sequence[int], dtype: Any) -> npt.NDArray[Any]:
    """Returns what an initializer makes; of Keras's own, small ones are drawn once for many runs.

    Args:
        initializer: A Keras initializer.
        shape: Shape of the array.
        dtype: Its type.

    Returns:
        The array, which may be one that cannot be written to.
    """
    seed = getattr(initializer, "seed", None)
    if isinstance(seed, int) and _is_keras(type(initializer)) and math.prod(shape) <= SMALL:
        config = tuple(sorted(initializer.get_config().items()))
        kind: Any = type(initializer)
        return _drawn(kind, config, seed, tuple(shape), dtype)
    return np.array(keras.ops.convert_to_numpy(initializer(shape, dtype=dtype)))


@lru_cache(maxsize=DRAWS)
def _drawn(
    kind: Any, config: tuple[Any, ...], seed: int, shape: tuple[int, ...], dtype: Any
) -> npt.NDArray[Any]:
    made = kind.from_config({**dict(config), "seed": seed})
    values = np.array(keras.ops.convert_to_numpy(made(shape, dtype=dtype)))
    values.flags.writeable = False
    return values
