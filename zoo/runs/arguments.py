"""Turns what people give as optimizer, loss, callbacks, seeds and rates into what a recipe has."""

from __future__ import annotations

import copy
import inspect
import operator
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from callbacks.keras_internals import excludes_from_weight_decay, learning_rate_of
from zoo.errors import ZooError
from zoo.experiment import no_schedule

Factory = Callable[..., Any]
LENGTH = 80  # of what an error shows of what it was given


def shown(value: Any) -> str:
    """Returns a value in one short line."""
    text = " ".join(repr(value).split())
    return text if len(text) <= LENGTH else f"{text[: LENGTH - 4]} ..."


def optimizer_from(given: Any) -> tuple[Factory, float | None, Factory]:
    """Returns a function of the learning rate, the rate that is given with it, and a schedule.

    Args:
        given: A function of the rate, a class, the name of one, or an instance.

    Returns:
        The function; the initial rate of an instance or a name, else None; and a recipe's schedule.

    Raises:
        ZooError: If it is something else, or an instance that has what no copy would have.
    """
    if isinstance(given, str):
        given = _named("optimizer", given, keras.optimizers.get)
    if not isinstance(given, keras.optimizers.Optimizer):
        other = isinstance(given, type) and not issubclass(given, keras.optimizers.Optimizer)
        if other or _is_keras_object(given) or not accepts(given, 1):
            raise ZooError(
                "`optimizer` must be a function of the learning rate, such as "
                f"keras.optimizers.Adam. Received: {shown(given)}"
            )
        return given, None, no_schedule
    kind, config = type(given), given.get_config()
    if "learning_rate" not in config or excludes_from_weight_decay(given):
        raise ZooError(
            f"`optimizer` cannot be copied from this instance of {kind.__name__}. Write a function "
            "that makes it: lambda rate: ..."
        )
    rate = learning_rate_of(given)

    def copied(rate: Any) -> Any:
        return kind.from_config({**config, "learning_rate": rate})

    if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
        return copied, _short(rate(0)), lambda *_: rate
    return copied, _short(rate), no_schedule


def _short(rate: Any) -> float:
    """Returns a single-precision number as a person would write it."""
    return float(str(np.float32(keras.ops.convert_to_numpy(rate))))


def loss_from(given: Any) -> Callable[[], Any]:
    """Returns a function that returns a loss.

    Args:
        given: Such a function, a loss, the name or class of one, or a function of labels and
            outputs that returns the loss of each example.

    Raises:
        ZooError: If it is something else.
    """
    if isinstance(given, str):
        if given not in ("crossentropy", "ce"):
            _named("loss", given, keras.losses.get)
        return lambda: given
    if isinstance(given, keras.losses.Loss):
        return lambda: given
    if not _is_keras_object(given):
        if accepts(given, 0):
            return lambda: _checked_loss(given())
        if accepts(given, 2) and not isinstance(given, type):
            return lambda: given
    raise ZooError(
        "`loss` must be a Keras loss, its name, or a function of labels and outputs. "
        f"Received: {shown(given)}"
    )


def _checked_loss(made: Any) -> Any:
    if isinstance(made, str | keras.losses.Loss) or callable(made):
        return made
    raise ZooError(
        "`loss` must be a Keras loss, its name, or a function of labels and outputs, or a function "
        f"without arguments that returns one. Received: one that returns {shown(made)}"
    )


def callbacks_from(given: Any) -> Callable[[], list[Any]]:
    """Returns a function that returns fresh callbacks for a run.

    Args:
        given: Such a function; or a callback or a list of some, which is copied for each run.

    Raises:
        ZooError: If it is something else, or they cannot be copied.
    """
    if given is None:
        return list
    if callable(given) and not isinstance(given, type) and not _is_keras_object(given):
        if not accepts(given, 0):
            raise ZooError(
                "`callbacks` must be a function without arguments that returns a list of Keras "
                f"callbacks. Received: {shown(given)}"
            )
        first, second = _listed(given()), _listed(given())
        if not any(one is other for one in first for other in second):
            return lambda: _listed(given())
        given = first  # made outside of the function, so shared by all runs
    found = _listed(given)
    try:
        copy.deepcopy(found)
    except (TypeError, ValueError, NotImplementedError) as error:
        raise ZooError(
            f"`callbacks` must be copied for each run, and cannot be ({error}). Give a function "
            "that makes them: callbacks=lambda: [...]"
        ) from error
    return lambda: copy.deepcopy(found)


def _listed(given: Any) -> list[Any]:
    if given is None:
        return []
    found = list(given) if isinstance(given, list | tuple) else [given]
    for each in found:
        if not isinstance(each, keras.callbacks.Callback):
            hint = f" Write {each.__name__}(...)." if isinstance(each, type) else ""
            raise ZooError(
                "`callbacks` must be a list of Keras callbacks, or a function that returns one. "
                f"Received: {shown(each)}.{hint}"
            )
    return found


def seeds_from(given: Any) -> list[int]:
    """Returns one seed or several as a list.

    Raises:
        ZooError: If they are not distinct integers from 0.
    """
    try:
        found = [operator.index(each) for each in _several(given)]
    except TypeError:
        found = []
    whole = not any(isinstance(each, bool) for each in _several(given))
    if not whole or not found or len(set(found)) < len(found) or min(found) < 0:
        raise ZooError(
            f"`seeds` must be distinct integers of at least 0, or one. Received: {shown(given)}"
        )
    return found


def rates_from(given: Any) -> tuple[float, ...]:
    """Returns one learning rate or several.

    Raises:
        ZooError: If they are not numbers.
    """
    try:
        return tuple(float(each) for each in _several(given))
    except (TypeError, ValueError) as error:
        raise ZooError(
            f"`learning_rates` must be numbers above 0, or one. Received: {shown(given)}"
        ) from error


def whole_from(name: str, given: Any) -> int:
    """Returns a positive integer.

    Raises:
        ZooError: If it is none.
    """
    try:
        found = operator.index(given)
    except (TypeError, AttributeError):  # a tensor has no index that it seems to have
        found = 0
    if isinstance(given, bool) or found < 1:
        raise ZooError(f"`{name}` must be a positive integer. Received: {name}={shown(given)}")
    return found


def _several(given: Any) -> list[Any]:
    """Returns what may be one value as a list."""
    if isinstance(given, str | bytes) or not hasattr(given, "__iter__"):
        return [given]
    return np.ravel(given).tolist() if hasattr(given, "__array__") else list(given)


def _is_keras_object(value: Any) -> bool:
    """Returns whether a value is no function, though one can call it."""
    kinds = keras.layers.Layer | keras.callbacks.Callback | keras.optimizers.Optimizer
    return isinstance(value, kinds)


def _named(argument: str, name: str, get: Callable[[str], Any]) -> Any:
    try:
        return get(name)
    except ValueError as error:
        raise ZooError(
            f"`{argument}` must be a name that Keras knows, such as "
            f"{'adam' if argument == 'optimizer' else 'mse'!r}. Received: {shown(name)}"
        ) from error


def accepts(function: Callable[..., Any], count: int) -> bool:
    """Returns whether a function can be called with so many arguments by position."""
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:  # also if it is no function
        return False
    except ValueError:  # one of C, which does not say
        return count > 0
    return True
