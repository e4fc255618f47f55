"""A space in words, as `--space` takes it, and in keras-tuner's form, which is searched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zoo.search.oracle import keras_tuner_or_error
from zoo.search_space import Dimension


def hyperparameters(space: Mapping[str, Dimension]) -> Any:
    """Returns a space as `keras_tuner.HyperParameters`.

    Args:
        space: What varies, by name.
    """
    found = keras_tuner_or_error().HyperParameters()
    for name, each in space.items():
        if each.is_list:
            found.Choice(name, list(each.choices))
        elif each.whole:
            found.Int(name, int(each.low), int(each.high), sampling=each.sampling)
        else:
            found.Float(name, each.low, each.high, sampling=each.sampling)
    return found


def dimensions(space: Any) -> dict[str, Dimension]:
    """Returns `keras_tuner.HyperParameters` by name, as lists and ranges, for pictures of them.

    Args:
        space: A `keras_tuner.HyperParameters`. What is fixed is left out.
    """
    found = {}
    for each in space.space:
        kind = type(each).__name__
        if kind in ("Choice", "Boolean"):
            found[each.name] = Dimension(each.name, choices=tuple(each.values))
        elif kind in ("Int", "Float") and each.min_value < each.max_value:
            sampling = "linear" if each.sampling == "linear" else "log"
            ends = float(each.min_value), float(each.max_value)
            found[each.name] = Dimension(each.name, *ends, sampling, kind == "Int")
    return found
