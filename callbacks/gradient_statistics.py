"""How large the gradients are, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from callbacks.gradient_probe import Probe


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
