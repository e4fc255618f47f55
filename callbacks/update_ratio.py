"""How far the weights move, in relation to their size."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from callbacks.kernels import kernels


class UpdateRatio(keras.callbacks.Callback):
    """Records norm(update) / norm(weights) of each kernel, every epoch.

    The update is the difference between the weights after the epoch and before it: the sum of all
    its steps, with the learning rate, momentum and whatever else the optimizer does. It is not the
    gradient, and it is the update of one step, of which a ratio around 0.001 is the rule of thumb,
    only if an epoch has one step. T steps in one direction make it T times as large as that, steps
    in random directions about the square root of T times.

    Biases and other variables that are no kernels are left out: they often start at 0.

    Attributes:
        records: List of dicts with the keys `epoch` (epochs trained so far: 1 after the first),
            `layer`, `metric` (`update_ratio`) and `value`: a float of at least 0; infinite if the
            weights were all 0 before the epoch, NaN if they did not move from there either.

    References:
        Karpathy (2015), CS231n lecture notes, Neural Networks Part 3: ratio of weights and updates.
    """

    def __init__(self) -> None:
        super().__init__()
        self._reset()

    def _reset(self) -> None:
        self.records: list[dict[str, Any]] = []
        self._before: dict[str, npt.NDArray[Any]] | None = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Forgets an earlier fit."""
        self._reset()

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Keeps the weights as training finds them."""
        if self._before is None:
            self._before = self._copies()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Compares the weights with those before the epoch."""
        after = self._copies()
        for layer, before in (self._before or {}).items():
            value = update_ratio(before, after[layer])
            self.records.append(
                {"epoch": epoch + 1, "layer": layer, "metric": "update_ratio", "value": value}
            )
        self._before = after

    def _copies(self) -> dict[str, npt.NDArray[Any]]:
        found = kernels(self.model)
        return {name: np.array(keras.ops.convert_to_numpy(item)) for name, item in found.items()}


def update_ratio(before: npt.NDArray[Any], after: npt.NDArray[Any]) -> float:
    """Returns norm(after - before) / norm(before), both Euclidean over all elements."""
    start = np.asarray(before, np.float64)
    with np.errstate(invalid="ignore"):
        update = float(np.sqrt(np.square(np.asarray(after, np.float64) - start).sum()))
        size = float(np.sqrt(np.square(start).sum()))
    if size == 0:
        return math.inf if update > 0 else math.nan
    return update / size
