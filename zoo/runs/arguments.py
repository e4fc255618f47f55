"""Turns what people give as optimizer, loss, callbacks, seeds and rates into what a recipe has."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np

from callbacks.keras_internals import excludes_from_weight_decay, learning_rate_of
from zoo.errors import ZooError
from zoo.experiment import no_schedule

Factory = Callable[..., Any]


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
        if not callable(given) or not accepts(given, 1):
            raise ZooError(
                "`optimizer` must be a function of the learning rate, such as "
                f"keras.optimizers.Adam. Received: {given!r}"
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
    if callable(given):
        if accepts(given, 0):
            return lambda: _checked_loss(given())
        if accepts(given, 2) and not isinstance(given, type):
            return lambda: given
    raise ZooError(
        "`loss` must be a Keras loss, its name, or a function of labels and outputs. "
        f"Received: {given!r}"
    )


def _checked_loss(made: Any) -> Any:
    if isinstance(made, str | keras.losses.Loss) or callable(made):
        return made
    raise ZooError(
        "`loss` must be a Keras loss, its name, or a function of labels and outputs, or a function "
        f"without arguments that returns one. Received: one that returns {made!r}"
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
    if callable(given) and not isinstance(given, type | keras.callbacks.Callback):
        if not accepts(given, 0):
            raise ZooError(
                "`callbacks` must be a function without arguments that returns a list of Keras "
                f"callbacks. Received: {given!r}"
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
                f"Received: {each!r}.{hint}"
            )
    return found


def seeds_from(given: Any) -> list[int]:
    """Returns one seed or several as a list.

    Raises:
        ZooError: If they are not distinct integers from 0.
    """
    several = list(given) if isinstance(given, Iterable) and not isinstance(given, str) else [given]
    whole = all(hasattr(each, "__index__") and not isinstance(each, bool) for each in several)
    found = [int(each) for each in several] if whole else []
    if not found or len(set(found)) < len(found) or min(found) < 0:
        raise ZooError(
            f"`seeds` must be distinct integers of at least 0, or one. Received: {given!r}"
        )
    return found


def rates_from(given: Any) -> tuple[Any, ...]:
    """Returns one learning rate or several; a recipe checks them."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        given = (given,)
    return tuple(float(each) if hasattr(each, "__float__") else each for each in given)


def _named(argument: str, name: str, get: Callable[[str], Any]) -> Any:
    try:
        return get(name)
    except ValueError as error:
        raise ZooError(
            f"`{argument}` must be a name that Keras knows, such as "
            f"{'adam' if argument == 'optimizer' else 'mse'!r}. Received: {name!r}"
        ) from error


def accepts(function: Callable[..., Any], count: int) -> bool:
    """Returns whether a function can be called with so many arguments by position."""
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return False
    except ValueError:  # one of C, which does not say
        return count > 0
    return True
