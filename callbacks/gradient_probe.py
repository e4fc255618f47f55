"""A copy of a model that gives its gradients by layer."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from callbacks.kernels import kernels


class Probe:
    """A copy of a model that gives its gradients.

    Keras has no function that differentiates on every backend, but its training step does. The
    copy is trained for one step by an optimizer that keeps the gradients and changes nothing. To
    the output of each layer a variable is added that is 0, whose gradient is the output's.

    Args:
        model: A built Functional or Sequential model with one input and one output.
        shape: Shape of the examples, `(examples, ...)`.
        layers: Names of layers, or `None` for all.
    """

    def __init__(self, model: Any, shape: tuple[int, ...], layers: Sequence[str] | None) -> None:
        if len(getattr(model, "inputs", None) or ()) != 1 or len(model.outputs) != 1:
            raise ValueError(
                "Gradients are known only of a built Functional or Sequential model with one input "
                f"and one output. Received: a {type(model).__name__}"
            )
        known = [
            layer.name for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)
        ]
        unknown = sorted(set(layers or ()) - set(known))
        if unknown:
            raise ValueError(
                f"`layers` must be among the model's layers {known}. Received: {unknown}"
            )
        chosen = set(known if layers is None else layers)
        self._pairs: list[tuple[Any, Any]] = []
        self._taps: dict[str, list[Any]] = {}

        def copy(layer: Any) -> Any:
            made = layer.__class__.from_config(layer.get_config())
            if isinstance(layer, keras.layers.Layer):
                self._pairs.append((layer, made))
            return made

        def call(layer: Any, *arguments: Any, **keywords: Any) -> Any:
            output = layer(*arguments, **keywords)
            if layer.name not in chosen or not _is_float(output):
                return output
            taps = self._taps.setdefault(layer.name, [])
            taps.append(_Tap(name=f"{layer.name}_tap_{len(taps)}", dtype=layer.dtype_policy))
            return taps[-1](output)

        state = random.getstate()  # Keras draws the seeds of the copied initializers from it
        try:
            self._copy = keras.models.clone_model(
                keras.Model(model.inputs[0], model.outputs[0]),
                input_tensors=keras.Input(batch_shape=shape, dtype=model.inputs[0].dtype),
                clone_function=copy,
                call_function=call,
            )
        finally:
            random.setstate(state)
        self._optimizer = _Keeper(0.0)
        self._copy.compile(self._optimizer, model.loss, run_eagerly=True)
        self._kernels = {
            name: kernel
            for name, kernel in kernels(self._copy).items()
            if kernel.trainable and name.partition("/")[0] in chosen
        }

    def gradients(
        self, x: npt.NDArray[Any], y: npt.NDArray[Any]
    ) -> tuple[dict[str, npt.NDArray[Any]], dict[str, npt.NDArray[Any]]]:
        """Returns the gradients by kernel and by layer output."""
        for layer, made in self._pairs:
            for variable, copied in zip(layer.variables, made.variables, strict=True):
                copied.assign(variable)
        self._copy.train_on_batch(x, y)
        weights = {name: self._optimizer.gradient(item) for name, item in self._kernels.items()}
        outputs = {
            name: np.stack([self._optimizer.gradient(tap.addend) for tap in taps])
            for name, taps in self._taps.items()
        }
        return weights, outputs


def _is_float(output: Any) -> bool:
    return "float" in str(getattr(output, "dtype", ""))


class _Tap(keras.layers.Layer):
    """Adds a variable that is 0, of the whole batch's shape."""

    def __init__(self, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.supports_masking = True

    def build(self, input_shape: tuple[int, ...]) -> None:
        self.addend = self.add_weight(shape=input_shape, initializer="zeros", name="addend")

    def call(self, inputs: Any) -> Any:
        return inputs + self.addend


class _Keeper(keras.optimizers.Optimizer):
    """Keeps the gradients that it is given and changes no variable of the model."""

    def build(self, variables: list[Any]) -> None:
        if not self.built:
            super().build(variables)
            self._kept = [self.add_variable_from_reference(item, "gradient") for item in variables]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        kept = self._kept[self._get_variable_index(variable)]
        kept.assign(keras.ops.cast(gradient, kept.dtype))

    def gradient(self, variable: Any) -> npt.NDArray[Any]:
        """Returns the last gradient of a variable."""
        kept = self._kept[self._get_variable_index(variable)]
        return np.array(keras.ops.convert_to_numpy(kept))
