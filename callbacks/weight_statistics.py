"""Mean and deviation of each kernel, epoch by epoch."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from callbacks.kernels import kernels


class WeightStatistics(keras.callbacks.Callback):
    """Records mean, standard deviation and norm of each kernel, before training and every epoch.

    Biases and other variables that are no kernels are left out.

    Attributes:
        records: List of dicts with the keys `epoch` (epochs trained so far: 0 is the untrained
            network), `layer`, `metric` (`mean`, `standard_deviation`, `norm`) and `value`.

    References:
        Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward neural
        networks, AISTATS.
    """

    def __init__(self) -> None:
        super().__init__()
        self.records: list[dict[str, Any]] = []

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Forgets an earlier fit."""
        self.records = []

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Looks at the network as training finds it."""
        if not self.records:
            self._record(epoch)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Looks at the network after an epoch."""
        self._record(epoch + 1)

    def _record(self, epoch: int) -> None:
        for layer, kernel in kernels(self.model).items():
            for metric, value in weight_statistics(keras.ops.convert_to_numpy(kernel)).items():
                self.records.append(
                    {"epoch": epoch, "layer": layer, "metric": metric, "value": value}
                )


def weight_statistics(weights: npt.NDArray[Any]) -> dict[str, float]:
    """Returns mean, standard deviation and Euclidean norm of an array's elements."""
    numbers = np.asarray(weights, np.float64)
    with np.errstate(invalid="ignore"):  # a diverged network has NaN here, which is the answer
        return {
            "mean": float(numbers.mean()),
            "standard_deviation": float(numbers.std()),
            "norm": float(np.sqrt(np.square(numbers).sum())),
        }
