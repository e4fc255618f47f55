"""What enters a network and what its hidden layers make of it, before training."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from callbacks.activation_histogram import activation_statistics, bounds_of
from callbacks.keras_internals import all_layers, inbound_nodes
from callbacks.preflight import checks
from callbacks.preflight.checks import Check
from callbacks.preflight.copy import numbers_of

_RELU = ("relu", "relu6")
_NORMALISERS = (
    keras.layers.BatchNormalization,
    keras.layers.GroupNormalization,
    keras.layers.LayerNormalization,
)


def signals(model: Any, x: npt.NDArray[Any]) -> dict[str, Check]:
    """Looks at what enters the first layer with weights, and at the outputs of hidden layers.

    Args:
        model: A copy of the network without dropout; as in training, the moving statistics of its
            batch normalisation change.
        x: Examples, of shape `(examples, ...)`.

    Returns:
        The checks of the inputs, `activation spread`, `saturation` and `dead units`, by name.
    """
    weighted = [
        place
        for place, layer in enumerate(model.layers)
        if any(variable.name.endswith("kernel") for variable in layer.weights)
    ]
    last = weighted[-1] if weighted else 0
    first = model.layers[weighted[0]] if weighted else None
    hidden = {
        layer.name: (place, layer)
        for place, layer in enumerate(model.layers[:last])
        if _has_one_output(layer)
    }
    tensors = {name: layer.output for name, (_, layer) in hidden.items()}
    enters = first.input if first is not None and _has_one_output(first) else None
    if not hasattr(enters, "shape"):
        enters = model.inputs[0]
    # Asked for together: each layer computes once, so the numbers belong to each other.
    look = keras.Model(model.inputs[0], [enters, *tensors.values()], name="preflight_probe")
    entering, *outputs = map(numbers_of, keras.tree.flatten(look(x, training=True)))
    found: dict[str, Check] = {}
    spread, saturated, dead = {}, {}, {}
    reference = checks.signal(entering)
    for (name, (place, layer)), output in zip(hidden.items(), outputs, strict=True):
        axis = 1 if getattr(layer, "data_format", None) == "channels_first" else -1
        if isinstance(layer, _NORMALISERS):
            reference = checks.signal(output, axis)
        elif place in weighted and not isinstance(model.layers[place + 1], _NORMALISERS):
            size = checks.signal(output, axis)
            spread[name] = size / reference if reference else math.nan
        activation = getattr(getattr(layer, "activation", None), "__name__", "")
        rectifies = activation in _RELU or isinstance(layer, keras.layers.ReLU)
        if not rectifies and bounds_of(layer) is None:
            continue
        statistics: Any = activation_statistics(
            output, np.array([0.0, 1.0]), bounds_of(layer), unit_axis=axis
        )
        if rectifies:
            dead[name] = statistics["dead_share"]
        else:
            saturated[name] = statistics["saturated_share"]
    if any(
        isinstance(layer, keras.layers.Embedding) for layer in all_layers(model, include_self=True)
    ):
        reason = "The inputs are indices of an Embedding."
        found |= {name: checks.skipped(name, reason) for name in ("input mean", "input deviation")}
    elif first is not None and _normalises(first):
        reason = "The inputs are normalised inside an inner model."
        found |= {name: checks.skipped(name, reason) for name in ("input mean", "input deviation")}
    else:
        found |= {check.name: check for check in checks.check_input(entering)}
    judges: tuple[tuple[str, dict[str, float], Callable[[dict[str, float]], Check], str], ...] = (
        (
            "activation spread",
            spread,
            checks.check_spread,
            "No hidden layer has weights that are not normalised away.",
        ),
        ("saturation", saturated, checks.check_saturation, "No hidden activation has two bounds."),
        ("dead units", dead, checks.check_dead_units, "No hidden layer ends in a ReLU."),
    )
    for name, numbers, judge, reason in judges:
        found[name] = judge(numbers) if numbers else checks.skipped(name, reason)
    return found


def _has_one_output(layer: Any) -> bool:
    # Keras refuses `output` of a layer that is called several times.
    if isinstance(layer, keras.layers.InputLayer) or len(inbound_nodes(layer)) != 1:
        return False
    return "float" in str(getattr(layer.output, "dtype", ""))


def _normalises(layer: Any) -> bool:
    kinds = (
        keras.layers.Rescaling,
        keras.layers.Normalization,
        keras.layers.BatchNormalization,
    )
    inner = all_layers(layer)
    return isinstance(layer, keras.Model) and any(isinstance(item, kinds) for item in inner)
