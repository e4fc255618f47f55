"""Numbers of penalties, constraints and optimizers: runs of one program may differ in them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import keras

from zoo.layers import Swish

# Of `Swish` it is an initial value and nothing else.
NAMES = {
    keras.regularizers.L1: ("l1",),
    keras.regularizers.L2: ("l2",),
    keras.regularizers.L1L2: ("l1", "l2"),
    keras.constraints.MaxNorm: ("max_value",),
    Swish: ("beta",),
}

# A penalty, constraint or layer, and the name of its number.
Number = tuple[Any, str]


def strengths(model: Any) -> list[Number]:
    """Returns the numbers of the penalties and constraints of a model's trainable variables."""
    kinds = ("regularizer", "constraint")
    own = [getattr(each, kind, None) for each in model.trainable_variables for kind in kinds]
    return [number for each in own for number in numbers_of(each)]


def numbers_of(owner: Any) -> list[Number]:
    """Returns the numbers of a penalty, constraint or layer in which runs may differ.

    `L1L2` asks in Python whether one of its own is zero, so a zero is part of a program.
    """
    both = type(owner) is keras.regularizers.L1L2
    names = NAMES.get(type(owner), ())
    return [(owner, name) for name in names if not (both and getattr(owner, name) == 0)]


def sharing(found: Sequence[Number]) -> list[int]:
    """Returns for each number the place of the first that is the same one of the same object."""
    keys = [(id(owner), name) for owner, name in found]
    return [keys.index(key) for key in keys]


def values(found: Sequence[Number]) -> list[Any]:
    """Returns numbers, as their owners have them."""
    return [getattr(owner, name) for owner, name in found]


@contextlib.contextmanager
def given(found: Sequence[Number], traced: Sequence[Any]) -> Iterator[None]:
    """Gives owners other numbers, which are traced, as long as the context lasts."""
    before = values(found)
    both = keras.regularizers.L1L2
    assign(
        found,
        [
            Traced(value) if type(owner) is both else value
            for (owner, _), value in zip(found, traced, strict=True)
        ],
    )
    try:
        yield
    finally:
        assign(found, before)


@contextlib.contextmanager
def alike(found: Sequence[Number]) -> Iterator[None]:
    """Gives all numbers the same value as long as the context lasts."""
    before = values(found)
    assign(found, [1.0] * len(found))
    try:
        yield
    finally:
        assign(found, before)


def assign(found: Sequence[Number], numbers: Sequence[Any]) -> None:
    """Gives owners other numbers."""
    for (owner, name), value in zip(found, numbers, strict=True):
        setattr(owner, name, value)


class Traced:
    """A number of a program's input where Keras expects one of Python that is not zero."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __ne__(self, other: object) -> bool:
        return True

    def __tf_tensor__(self, dtype: Any = None, name: str | None = None) -> Any:
        return self.value

    def __jax_array__(self) -> Any:
        return self.value


def momentum(optimizer: Any) -> list[float]:
    """Returns the momentum of `keras.optimizers.SGD` if it has one, in a list, else none."""
    plain = type(optimizer) is keras.optimizers.SGD and optimizer.momentum != 0
    return [optimizer.momentum] if plain else []


@contextlib.contextmanager
def given_momentum(optimizer: Any, values: Sequence[Any]) -> Iterator[None]:
    """Gives an optimizer the momentum that is traced, if one is, as long as the context lasts."""
    if not values:
        yield
        return
    before = optimizer.momentum
    optimizer.momentum = Traced(values[0])
    try:
        yield
    finally:
        optimizer.momentum = before
