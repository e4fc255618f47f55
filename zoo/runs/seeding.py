"""Derives every random number of a run from its seed, explicitly.

Keras draws an initializer's seed when the layer is made, from one global stream: a layer that draws
none (`Dropout(0.0)`) shifts the weights of all layers after it. Here the seed of a variable depends
on the run's seed, the kind of layer, its place among the layers of that kind and the variable's
name, so two variants that share a layer share its initial weights. What a builder loads or sets
stays as it is: only what differs between builds with other random numbers is drawn.
"""

from __future__ import annotations

import hashlib
import warnings
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


class InitialValues:
    """Where the variables of a model start: as they are built, or drawn from a run's seed.

    The model is built twice, with other random numbers. A variable that is equal in both stays as
    it was built: a bias, a loaded weight, a weight whose initializer was given a seed. The others
    are drawn, by the initializer that made them if their layer has it as `<name>_initializer`, else
    by a build whose random numbers are the run's own.

    Args:
        build: Function that returns the model.
        input_shape: Shape of one example, to build a model that does not know it.

    Attributes:
        model: The model, as built with the first random numbers.
        variables: All of its variables, each once.

    Raises:
        ZooError: If the builder returns no model, or two with other variables.
    """

    def __init__(self, build: Callable[[], Any], input_shape: Any = None) -> None:
        self._find_out(partial(fresh_model, build, input_shape, backend_too=False))
        if self._rebuilt:  # it may draw from the backend's own numbers
            self._find_out(partial(fresh_model, build, input_shape))
        self._warn_of_chance()

    def _find_out(self, build: Callable[..., Any]) -> None:
        """Builds the model twice, and sorts its variables by where their values come from."""
        self._build = build
        other = build(seed=1)
        self.model = build()  # last, so that Keras's global numbers are as in its first build
        self.variables = _once(self.model.variables)
        self._streams = _streams(self.model)
        self._kept: dict[int, Any] = {}
        self._drawn: dict[int, tuple[Any, tuple[Any, ...]]] = {}
        self._rebuilt: dict[int, Any] = {}
        self._outside: list[tuple[Any, Any]] = []
        owners, others_owners = _owners(self.model), _owners(other)
        pairs = zip(self.variables, self._matched(other), strict=True)
        for index, (variable, second) in enumerate(pairs):
            if id(variable) in self._streams:
                continue
            value = _value(variable)
            if variable is second:
                self._outside.append((variable, value))
            layer, place = owners.get(id(variable), (None, ()))
            initializer = _drawer(variable, layer)
            # A weight may be the size of a coin, and so equal in both builds by chance.
            if initializer and _drawer(second, others_owners.get(id(second), (None, ()))[0]):
                self._drawn[index] = initializer, (*place, variable.name)
            elif value.tobytes() == _value(second).tobytes():
                self._kept[index] = value
            else:
                self._rebuilt[index] = value

    def _warn_of_chance(self) -> None:
        """Warns of weights that two builds with the same random numbers do not have in common."""
        again = self._matched(self._build()) if self._rebuilt else []
        for index, value in self._rebuilt.items():
            if _value(again[index]).tobytes() != value.tobytes():
                warnings.warn(
                    f"`build_model` draws {self.variables[index].path} from random numbers that no "
                    "seed reaches, so its runs cannot be repeated. Draw it by an initializer.",
                    stacklevel=2,
                )

    def of(self, seed: int) -> list[Any]:
        """Returns the initial values of a run as arrays, in the order of `variables`."""
        found = dict(self._kept)
        if self._rebuilt:
            rebuilt = self._matched(self._build(seed=derived_seed(seed, "build")))
            found |= {index: _value(rebuilt[index]) for index in self._rebuilt}
        for index, variable in enumerate(self.variables):
            if index in self._drawn:
                initializer, path = self._drawn[index]
                drawer = _seeded(initializer, derived_seed(seed, *path))
                found[index] = _value(drawer(variable.shape, dtype=variable.dtype))
            elif id(variable) in self._streams:
                state = np.array([derived_seed(seed, *self._streams[id(variable)]), 0])
                found[index] = state.astype(variable.dtype)
        return [found[index] for index in range(len(self.variables))]

    def fresh(self, seed: int) -> Any:
        """Returns a new model with the initial values of a run."""
        values = self.of(seed)
        model = self._build()
        for variable, value in zip(self._matched(model), values, strict=True):
            variable.assign(value)
        return model

    def put_back(self) -> None:
        """Gives layers that the builder did not make, but was given, what they had before."""
        for variable, value in self._outside:
            variable.assign(value)

    def _matched(self, model: Any) -> list[Any]:
        """Returns the variables of another build, which must be alike."""
        found = _once(model.variables)
        shapes = [[tuple(each.shape) for each in every] for every in (self.variables, found)]
        if shapes[0] != shapes[1]:
            raise ZooError(
                "`build_model` must build the same network at every call. Received: variables of "
                f"shapes {shapes[0]}, then {shapes[1]}"
            )
        return found


def draw_initial_values(model: Any, seed: int) -> None:
    """Draws in place what `<name>_initializer` attributes and streams of a model can draw.

    Whatever the builder made of them is lost, so this only tells whether a seed reaches them.
    """
    for layer, place in _places(model):
        for variable in own_variables(layer):
            initializer = getattr(layer, f"{variable.name}_initializer", None)
            if initializer is not None:
                if _takes_seed(initializer):
                    initializer = _seeded(initializer, derived_seed(seed, *place, variable.name))
                variable.assign(initializer(variable.shape, dtype=variable.dtype))
        for number, generator in enumerate(seed_generators(layer)):
            if given_seed(generator) is None:
                state = np.array([derived_seed(seed, *place, "stream", number), 0])
                generator.state.assign(state.astype(generator.state.dtype))


def _once(variables: Sequence[Any]) -> list[Any]:
    return list({id(variable): variable for variable in variables}.values())


def _value(variable: Any) -> Any:
    return np.array(keras.ops.convert_to_numpy(variable))


def _places(model: Any) -> list[tuple[Any, tuple[str, int]]]:
    """Returns the layers, each with its kind and its number among the layers of that kind."""
    seen: Counter[str] = Counter()
    found = []
    for layer in all_layers(model, include_self=True):
        # A subclass of a Keras layer shares its parent's places, and so its initial weights.
        kind = next(cls.__name__ for cls in type(layer).__mro__ if _is_keras(cls))
        found.append((layer, (kind, seen[kind])))
        seen[kind] += 1
    return found


def _owners(model: Any) -> dict[int, tuple[Any, tuple[str, int]]]:
    """Returns for each variable, by its id, the layer that it belongs to and the layer's place."""
    return {
        id(variable): (layer, place)
        for layer, place in _places(model)
        for variable in own_variables(layer)
    }


def _streams(model: Any) -> dict[int, tuple[Any, ...]]:
    """Returns the path of the seed of each stream of random numbers that its author gave none."""
    return {
        id(generator.state): (*place, "stream", number)
        for layer, place in _places(model)
        for number, generator in enumerate(seed_generators(layer))
        if given_seed(generator) is None
    }


def _drawer(variable: Any, layer: Any) -> Any:
    """Returns the initializer without a seed that a variable's value was drawn by, or None."""
    for name in (variable.name, variable.name.removesuffix("_kernel")):
        initializer: Any = getattr(layer, f"{name}_initializer", None)
        if _takes_seed(initializer):
            drawn = _value(initializer(variable.shape, dtype=variable.dtype))
            if drawn.tobytes() == _value(variable).tobytes():
                return initializer
    return None


def _is_keras(cls: type) -> bool:
    return cls.__module__.partition(".")[0] == "keras"


def _takes_seed(initializer: Any) -> bool:
    """Returns whether an initializer draws, and was given no seed by its author."""
    config = initializer.get_config() if hasattr(initializer, "get_config") else {}
    return config.get("seed", 0) is None


def _seeded(initializer: Any, seed: int) -> Any:
    return type(initializer).from_config({**initializer.get_config(), "seed": seed})
