"""Strengths of L1 and L2 penalties and SGD's momentum: runs of one program may differ in them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import keras

from zoo.layers import Swish

# `L1L2` asks in Python whether a strength is zero, so its strengths stay part of a program.
# Of `Swish` it is an initial value and nothing else.
NAMES = {keras.regularizers.L1: "l1", keras.regularizers.L2: "l2", Swish: "beta"}


def penalties(model: Any) -> list[Any]:
    """Returns the L1 and L2 penalties of a model's variables, one a variable that has one."""
    own = [getattr(variable, "regularizer", None) for variable in model.trainable_variables]
    return [penalty for penalty in own if type(penalty) in NAMES]


def sharing(found: Sequence[Any]) -> list[int]:
    """Returns for each penalty the place of the first that is the same object."""
    return [next(place for place, one in enumerate(found) if one is each) for each in found]


def strengths(found: Sequence[Any]) -> list[Any]:
    """Returns the strengths of penalties, as the penalties have them."""
    return [getattr(each, NAMES[type(each)]) for each in found]


@contextlib.contextmanager
def given(found: Sequence[Any], values: Sequence[Any]) -> Iterator[None]:
    """Gives penalties other strengths, which may be traced, as long as the context lasts."""
    before = strengths(found)
    assign(found, values)
    try:
        yield
    finally:
        assign(found, before)


def assign(found: Sequence[Any], values: Sequence[Any]) -> None:
    """Gives penalties other strengths."""
    for each, value in zip(found, values, strict=True):
        setattr(each, NAMES[type(each)], value)


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
