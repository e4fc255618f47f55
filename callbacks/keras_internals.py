"""What Keras keeps to itself and we cannot do without, in one place for the day that it changes.

Names are those of Keras 3.15.
"""

from __future__ import annotations

import inspect
import random
from collections.abc import Mapping
from typing import Any

import numpy as np

# For training on several devices Keras gives optimizers on one backend methods that refuse to work
# on plain tensors; these are the ones to take from the class which all backends share.
BACKEND_NEUTRAL = (
    "stateless_apply",
    "assign",
    "assign_add",
    "assign_sub",
    "_var_key",
    "_apply_weight_decay",
    "_backend_update_step",
    "_overwrite_model_variables_with_average_value",
)


def forget_names() -> None:
    """Lets Keras name layers from the start again: `dense`, `dense_1` and so on."""
    from keras.src.backend.common import global_state

    global_state.set_global_attribute("object_name_uids", None)


def seed_all_but_backend(seed: int) -> None:
    """Seeds Python's, NumPy's and Keras's global random numbers, but not those of the backend.

    `keras.utils.set_random_seed` seeds these as well, after which TensorFlow makes all of its
    kernels anew, at half a millisecond each.
    """
    from keras.src.backend.common import global_state

    global_state.set_global_attribute("global_random_seed", seed)
    global_state.set_global_attribute("global_seed_generator", None)
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - for those who draw from the global stream


def all_layers(model: Any, include_self: bool = False) -> list[Any]:
    """Returns the layers of a model or layer, those inside of others too, in a fixed order."""
    return list(model._flatten_layers(include_self=include_self))


def own_variables(layer: Any) -> list[Any]:
    """Returns the variables of a layer itself, without those of the layers inside of it."""
    return [*layer._trainable_variables, *layer._non_trainable_variables]


def seed_generators(layer: Any) -> list[Any]:
    """Returns the streams of random numbers of a layer itself."""
    return list(layer._seed_generators)


def given_seed(generator: Any) -> int | None:
    """Returns the seed that a stream of random numbers was made with, or None."""
    seed: int | None = generator._initial_seed
    return seed


def learning_rate_of(optimizer: Any) -> Any:
    """Returns the variable, schedule or function that is an optimizer's rate, or None."""
    return getattr(optimizer, "_learning_rate", None)


def excludes_from_weight_decay(optimizer: Any) -> bool:
    """Returns whether an optimizer leaves variables out of weight decay."""
    return hasattr(optimizer, "_exclude_from_weight_decay")


def compiled_with(model: Any) -> Mapping[str, Any]:
    """Returns what a model was compiled with, by argument."""
    config: Mapping[str, Any] = model._compile_config.config
    return config


def unwritten_arguments(loss: Any) -> dict[str, Any]:
    """Returns the arguments of a loss that its configuration leaves out and that are no defaults.

    Keras writes down name and reduction of many losses, but not, say, the `delta` of `Huber`.
    """
    defaults = inspect.signature(type(loss)).parameters
    return {
        name: value
        for name, value in getattr(loss, "_fn_kwargs", {}).items()
        if name not in loss.get_config()
        and (name not in defaults or defaults[name].default != value)
    }


def nodes_by_depth(graph: Any) -> Mapping[int, Any]:
    """Returns the operations of a functional model by their distance from its output."""
    nodes: Mapping[int, Any] = graph._nodes_by_depth
    return nodes


def inbound_nodes(layer: Any) -> list[Any]:
    """Returns the calls of a layer on symbolic tensors."""
    return list(layer._inbound_nodes)


def output_shape(layer: Any) -> Any:
    """Returns the `output_shape` that a Lambda layer was given, or None."""
    return layer._output_shape
