"""Where the variables of a network start: as they are built, or drawn from a run's seed."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import keras
import numpy as np

from callbacks.keras_internals import given_seed, own_variables, seed_generators
from zoo.errors import ZooError
from zoo.runs.seeding import derived_seed, drawn, fresh_model, places, seeded, takes_seed


class Build:
    """A model as it was built, and what tells where the values of its variables come from.

    Args:
        model: The model.

    Attributes:
        variables: All of its variables, each once.
        values: Their values.
        streams: The path of the seed of each stream of random numbers, by the id of its variable.
        drawers: The initializer without a seed that has drawn a variable, and the path of the seed
            that it is to have, by the variable's place among all.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self.variables = _once(model.variables)
        self.values = [_value(each) for each in self.variables]
        self.streams = _streams(model)
        self.drawers: dict[int, tuple[Any, tuple[Any, ...]]] = {}
        owners = _owners(model)
        for index, (variable, value) in enumerate(zip(self.variables, self.values, strict=True)):
            layer, place = owners.get(id(variable), (None, ()))
            if initializer := _drawer(variable, value, layer):
                self.drawers[index] = initializer, (*place, variable.name)

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """The shapes of the variables."""
        return [value.shape for value in self.values]

    def unexplained(self, other: Build) -> list[int]:
        """Returns the places of variables that are others there, and that no initializer draws.

        Args:
            other: A build with other random numbers.
        """
        return [
            index
            for index, variable in enumerate(self.variables)
            # A weight may be the size of a coin, and so equal in both builds by chance.
            if not (index in self.drawers and index in other.drawers)
            and id(variable) not in self.streams
            and self.values[index].tobytes() != other.values[index].tobytes()
        ]


class Others:
    """Builds with other random numbers of models that are alike, such as those of trials.

    Attributes:
        worth: Whether to look here: until a network is so large that keeping it costs more.
    """

    MOST = 8  # the last ones
    LARGEST = 1_000_000  # numbers in the variables of one

    def __init__(self) -> None:
        self._known: list[Build] = []
        self.worth = True

    def like(self, own: Build) -> Build | None:
        """Returns a build that can stand for another one of a model, if there is one.

        Each variable is drawn by an initializer in both, or has the same value.
        """
        alike = (each for each in self._known if each.shapes == own.shapes)
        return next((each for each in alike if not own.unexplained(each)), None)

    def add(self, other: Build) -> None:
        """Keeps a build, or none any more if it is large."""
        self.worth = sum(value.size for value in other.values) <= self.LARGEST
        self._known = [other, *self._known][: self.MOST] if self.worth else []


class InitialValues:
    """Where the variables of a model start: as they are built, or drawn from a run's seed.

    The model is built twice, with other random numbers. A variable that is equal in both stays as
    it was built: a bias, a loaded weight, a weight whose initializer was given a seed. The others
    are drawn, by the initializer that made them if their layer has it as `<name>_initializer`, else
    by a build whose random numbers are the run's own.

    Args:
        build: Function that returns the model.
        input_shape: Shape of one example, to build a model that does not know it.
        others: Builds of models that may be like this one, which is built once then.

    Attributes:
        model: The model, as built with the first random numbers.
        variables: All of its variables, each once.
        outputs: What the model makes of some examples, if somebody has seen.

    Raises:
        ZooError: If the builder returns no model, or two with other variables.
    """

    def __init__(
        self, build: Callable[[], Any], input_shape: Any = None, others: Others | None = None
    ) -> None:
        self._build = partial(fresh_model, build, input_shape, backend_too=False)
        others = others if others is not None and others.worth else None
        known = self._once_only(others) if others is not None else None
        own, other = known or self._twice()
        rebuilt = own.unexplained(other)
        if rebuilt:  # it may draw from the backend's own numbers
            self._build = partial(fresh_model, build, input_shape)
            own, other = self._twice()
            rebuilt = own.unexplained(other)
        elif others is not None and known is None:
            others.add(other)
        self.model, self.variables = own.model, own.variables
        self.outputs: Any = None
        self._streams = own.streams
        self._drawn = {place: each for place, each in own.drawers.items() if place in other.drawers}
        self._rebuilt = {place: own.values[place] for place in rebuilt}
        fixed = [
            (place, variable)
            for place, variable in enumerate(self.variables)
            if id(variable) not in self._streams
        ]
        apart = {*self._drawn, *rebuilt}
        self._kept = {place: own.values[place] for place, _ in fixed if place not in apart}
        # Whether a variable is one that the builder was given, an earlier model does not tell.
        self._outside = [
            (variable, own.values[place])
            for place, variable in fixed
            if known is not None or variable is other.variables[place]
        ]
        self._warn_of_chance()

    def _once_only(self, others: Others) -> tuple[Build, Build] | None:
        """Builds the model once; returns that and an earlier build like another, if there is."""
        own = Build(self._build())
        other = others.like(own)
        return None if other is None else (own, other)

    def _twice(self) -> tuple[Build, Build]:
        """Builds the model twice, with other random numbers."""
        other = Build(self._build(seed=1))
        own = Build(self._build())  # last, so that Keras's global numbers are as in its first build
        _check_alike(own.shapes, other.shapes)
        return own, other

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
                drawer = seeded(initializer, derived_seed(seed, *path))
                found[index] = drawn(drawer, variable.shape, variable.dtype)
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
        _check_alike(*([tuple(each.shape) for each in every] for every in (self.variables, found)))
        return found


class KnownBuilder:
    """Builds a model as a recipe wants it, and knows where its variables start.

    Args:
        build: Function that returns a fresh model.
        initial: Its initial values, with a model that nobody has trained yet.
    """

    def __init__(self, build: Callable[[], Any], initial: InitialValues) -> None:
        self._build = build
        self._initial: InitialValues | None = initial

    def __call__(self, input_shape: Any, num_classes: int) -> Any:
        """Returns a fresh model."""
        return self._build()

    def taken(self) -> InitialValues | None:
        """Returns the initial values to whoever asks first, and will change the model."""
        initial, self._initial = self._initial, None
        return initial


def _check_alike(shapes: Sequence[Any], others: Sequence[Any]) -> None:
    """Raises ZooError unless two builds have variables of the same shapes."""
    if shapes != others:
        raise ZooError(
            "`build_model` must build the same network at every call. Received: variables of "
            f"shapes {shapes}, then {others}"
        )


def _once(variables: Sequence[Any]) -> list[Any]:
    return list({id(variable): variable for variable in variables}.values())


def _value(variable: Any) -> Any:
    return np.array(keras.ops.convert_to_numpy(variable))


def _owners(model: Any) -> dict[int, tuple[Any, tuple[str, int]]]:
    """Returns for each variable, by its id, the layer that it belongs to and the layer's place."""
    return {
        id(variable): (layer, place)
        for layer, place in places(model)
        for variable in own_variables(layer)
    }


def _streams(model: Any) -> dict[int, tuple[Any, ...]]:
    """Returns the path of the seed of each stream of random numbers that its author gave none."""
    return {
        id(generator.state): (*place, "stream", number)
        for layer, place in places(model)
        for number, generator in enumerate(seed_generators(layer))
        if given_seed(generator) is None
    }


def _drawer(variable: Any, value: Any, layer: Any) -> Any:
    """Returns the initializer without a seed that a variable's value was drawn by, or None."""
    for name in (variable.name, variable.name.removesuffix("_kernel")):
        initializer: Any = getattr(layer, f"{name}_initializer", None)
        if takes_seed(initializer):
            made = drawn(initializer, variable.shape, variable.dtype)
            if made.tobytes() == value.tobytes():
                return initializer
    return None
