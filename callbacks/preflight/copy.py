"""Copies of a model that are looked at and trained in its place."""

from __future__ import annotations

import warnings
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from callbacks.keras_internals import output_shape


class CannotCopyError(Exception):
    """A layer, an optimizer or a loss cannot be made again."""


class _Copy(keras.Model):
    """A copy of a network that can be trained without its penalties."""

    penalised = True

    @property
    def losses(self) -> list[Any]:
        """The penalties that are added to the loss."""
        return list(super().losses) if self.penalised else []


def copied(model: Any, plain: bool) -> Any:
    """Copies a network with its weights and the state of its random streams.

    Whoever calls this restores the state of Python's `random`, from which Keras draws the seeds of
    the copied initializers.

    Args:
        model: A built Functional or Sequential model.
        plain: Whether to leave out dropout.

    Raises:
        CannotCopyError: If a layer cannot be made again from its configuration.
    """
    pairs: list[tuple[Any, Any]] = []

    def copy(layer: Any) -> Any:
        if isinstance(layer, keras.layers.Lambda):
            made = _copied_lambda(layer)
        else:
            config = layer.get_config()
            if plain:
                described = {"class_name": type(layer).__name__, "config": config}
                config = _without_dropout(described)["config"]
            made = layer.__class__.from_config(config)
        if isinstance(layer, keras.layers.Layer):
            pairs.append((layer, made))
        return made

    try:
        graph = keras.Model(model.inputs[0], model.outputs[0], name="preflight_graph")
        cloned = keras.models.clone_model(graph, clone_function=copy, recursive=True)
        for layer, made in pairs:
            streams = len(layer.variables) == len(made.variables)  # dropout has taken them along
            for variable, copied in zip(
                layer.variables if streams else layer.weights,
                made.variables if streams else made.weights,
                strict=True,
            ):
                copied.assign(variable)
    except (TypeError, ValueError, NotImplementedError, KeyError, AttributeError) as error:
        raise CannotCopyError(str(error).strip().partition("\n")[0]) from error
    return _Copy(cloned.inputs[0], cloned.outputs[0], name="preflight_copy")


def _copied_lambda(layer: Any) -> Any:
    # From its configuration, Keras makes a Lambda only of code that the user has called safe.
    return keras.layers.Lambda(
        layer.function,
        output_shape=output_shape(layer),
        mask=layer.mask,
        arguments=layer.arguments,
        name=layer.name,
        dtype=layer.dtype_policy,
    )


def _without_dropout(value: Any) -> Any:
    """Returns a configuration with every rate of dropout, and the deviation of noise, set to 0."""
    if isinstance(value, list | tuple):
        return type(value)(_without_dropout(item) for item in value)
    if not isinstance(value, dict):
        return value
    changed = {key: _without_dropout(item) for key, item in value.items()}
    for key in ("dropout", "recurrent_dropout"):
        if isinstance(changed.get(key), float):
            changed[key] = 0.0
    name, config = str(changed.get("class_name", "")), changed.get("config")
    if isinstance(config, dict):
        if "drop" in name.lower() and "rate" in config:
            config["rate"] = 0.0
        if name == "GaussianNoise":
            config["stddev"] = 0.0
    return changed


def compile_like(copy: Any, model: Any, plain: bool, metrics: list[Any] | None = None) -> None:
    """Compiles a copy with the loss of a model and a fresh optimizer like the model's.

    Args:
        copy: What `copied` returned; changed in place.
        model: The compiled model.
        plain: Whether to leave out penalties and weight decay.
        metrics: Keras metrics.

    Raises:
        CannotCopyError: If the optimizer cannot be made again from its configuration.
    """
    optimizer = model.optimizer
    config = optimizer.get_config()
    if isinstance(config.get("learning_rate"), float):
        config["learning_rate"] = float(numbers_of(optimizer.learning_rate))
    if plain and config.get("weight_decay"):
        config["weight_decay"] = 0.0
    try:
        made = optimizer.from_config(config)
    except (TypeError, ValueError, NotImplementedError, KeyError) as error:
        raise CannotCopyError(f"its optimizer, {error}") from error
    # So few steps are not worth XLA's compilation, without which JAX is slow at any number.
    jit = "auto" if keras.backend.backend() == "jax" else False
    copy.compile(made, model.loss, metrics=metrics, jit_compile=jit)
    copy.penalised = not plain


def step_of(copy: Any, x: npt.NDArray[Any], y: npt.NDArray[Any]) -> dict[str, Any]:
    """Trains one step; returns the metrics of this step alone."""
    with warnings.catch_warnings():
        # Keras warns of a softmax before logits, which `outputs` says in its own words.
        warnings.filterwarnings("ignore", message=".*received `from_logits=True`")
        logs: dict[str, Any] = copy.train_on_batch(x, y, return_dict=True)
    return logs


def numbers_of(value: Any) -> npt.NDArray[Any]:
    """Returns a tensor or variable as an array, of float64 where it holds floats."""
    array: npt.NDArray[Any] = np.asarray(keras.ops.convert_to_numpy(value))
    return array.astype(np.float64) if array.dtype.kind not in "biu" else array
