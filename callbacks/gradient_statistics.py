"""How large the gradients are, layer by layer."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from callbacks.kernels import kernels


class GradientStatistics(keras.callbacks.Callback):
    """Records the size of the loss's gradients by layer, before training and every epoch.

    The gradients are those of the loss that the model was compiled with, on fixed examples, as a
    training step on them would see them: with the penalties of regularisers, batch normalisation
    with the batch's own statistics, dropout with the masks that the network would draw next. The
    network itself is left alone: a copy of it takes the step. For each kernel that is trained there
    are `weight_gradient_norm` and `weight_gradient_rms` (norm divided by the square root of the
    number of elements), and for the output of each layer `output_gradient_norm` and
    `output_gradient_rms`. As losses are means over examples, an output's gradient is smaller the
    more examples there are.

    It works on every backend, for Functional and Sequential models with one input and one output
    whose layers can be made again from their configuration. Inner models count as one layer.

    Args:
        x: Array of shape `(examples, ...)`, as the model takes it. A few hundred examples do.
        y: Array of shape `(examples, ...)`, the targets as the loss takes them.
        layers: List of layer names, or `None` for all layers but the input.

    Attributes:
        records: List of dicts with the keys `epoch` (epochs trained so far: 0 is the untrained
            network), `layer`, `metric` and `value`.

    Raises:
        ValueError: If an argument is out of its range; when training begins, if the model is of
            another kind or has no such layer.

    References:
        Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward neural
        networks, AISTATS.
    """

    def __init__(self, x: Any, y: Any, layers: Sequence[str] | None = None) -> None:
        super().__init__()
        self.x = np.asarray(x)
        self.y = np.asarray(y)
        if not self.x.size or len(self.x) != len(self.y):
            raise ValueError(
                "`x` and `y` must hold the same number of examples, at least one. "
                f"Received: shapes {self.x.shape} and {self.y.shape}"
            )
        if layers is not None and (isinstance(layers, str) or not layers):
            raise ValueError(
                f"`layers` must be a list of layer names or None. Received: layers={layers!r}"
            )
        self.layers = layers
        self._reset()

    def _reset(self) -> None:
        self.records: list[dict[str, Any]] = []
        self._probe: Probe | None = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Forgets an earlier fit and copies the network."""
        self._reset()
        self._probe = Probe(self.model, self.x.shape, self.layers)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Looks at the network as training finds it."""
        if not self.records:
            self._record(epoch)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Looks at the network after an epoch."""
        self._record(epoch + 1)

    def _record(self, epoch: int) -> None:
        # Where several networks share the layers, asking the model is what loads this one's values.
        _ = self.model.layers
        assert self._probe is not None
        for kind, gradients in zip(
            ("weight", "output"), self._probe.gradients(self.x, self.y), strict=True
        ):
            for layer, gradient in gradients.items():
                for metric, value in gradient_size(gradient).items():
                    name = f"{kind}_gradient_{metric}"
                    self.records.append(
                        {"epoch": epoch, "layer": layer, "metric": name, "value": value}
                    )


def gradient_size(gradient: npt.NDArray[Any]) -> dict[str, float]:
    """Returns Euclidean norm and root mean square of an array's elements."""
    square = np.square(np.asarray(gradient, np.float64))
    return {"norm": float(np.sqrt(square.sum())), "rms": float(np.sqrt(square.mean()))}


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
