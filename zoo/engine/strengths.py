"""Strengths of L1 and L2 penalties on weights: numbers that runs of one program may differ in."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import keras

# `L1L2` asks in Python whether a strength is zero, so its strengths stay part of a program.
NAMES = {keras.regularizers.L1: "l1", keras.regularizers.L2: "l2"}


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
