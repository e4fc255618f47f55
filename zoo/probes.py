"""What is measured in a trained network besides its loss and accuracy.

A probe is called with the model and the data when a run has ended; its number is a column of
`runs.csv`. It leaves the model as it found it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from callbacks.activation_histogram import outputs_in
from callbacks.kernels import kernels, layer_blocks
from zoo.data import Data

BATCH = 1000


@dataclass(frozen=True)
class DropUnderNoise:
    """Accuracy lost on the test set when normal noise is added to the inputs.

    Attributes:
        deviation: Standard deviation of the noise; the features' is 1.
        seed: Seed of the noise, the same for every run.
    """

    deviation: float
    seed: int = 0

    def __call__(self, model: Any, data: Data) -> float:
        """Returns the accuracy without noise minus that with it."""
        noise = np.random.default_rng(self.seed).normal(0, self.deviation, data.x_test.shape)
        noisy = accuracy(model, (data.x_test + noise).astype(np.float32), data.y_test)
        return accuracy(model, data.x_test, data.y_test) - noisy


@dataclass(frozen=True)
class DropWithoutUnits:
    """Accuracy lost on the test set when hidden units are cut off.

    Attributes:
        share: Share of the units of every hidden layer, between 0 and 1.
        seed: Seed of their choice, the same for every run.
    """

    share: float
    seed: int = 0

    def __call__(self, model: Any, data: Data) -> float:
        """Returns the accuracy of the whole network minus that of what is left."""
        whole = accuracy(model, data.x_test, data.y_test)
        chosen = np.random.default_rng(self.seed)
        names = [name for name, _ in layer_blocks(model)]
        changed = []
        for name in names[1:]:  # cut where the next layer takes the units in
            kernel = kernels(model)[name]
            before = np.array(keras.ops.convert_to_numpy(kernel))
            after = before.copy()
            units = after.shape[-2]
            after[..., chosen.permutation(units)[: round(self.share * units)], :] = 0
            kernel.assign(after)
            changed.append((kernel, before))
        left = accuracy(model, data.x_test, data.y_test)
        for kernel, before in changed:
            kernel.assign(before)
        return whole - left


@dataclass(frozen=True)
class MeanActivation:
    """Distance from 0 of the hidden layers' mean output on the test set, averaged over layers."""

    def __call__(self, model: Any, data: Data) -> float:
        """Returns the mean over hidden layers of |mean output|."""
        outputs = outputs_in(model)
        hidden = [outputs[last][0] for _, last in layer_blocks(model)[:-1]]
        found = keras.Model(model.inputs[0], hidden).predict_on_batch(data.x_test)
        return float(np.mean([abs(np.mean(each)) for each in keras.tree.flatten(found)]))


@dataclass(frozen=True)
class SmallWeightShare:
    """Share of the kernels' elements that are nearly 0.

    Attributes:
        below: An element counts if its absolute value is below this.
    """

    below: float = 1e-3

    def __call__(self, model: Any, data: Data) -> float:
        """Returns the share over all kernels together."""
        return float(np.mean(np.abs(_elements(model)) < self.below))


@dataclass(frozen=True)
class PeakWeight:
    """How far the largest weight stands out: largest absolute value over root mean square."""

    def __call__(self, model: Any, data: Data) -> float:
        """Returns the ratio over all kernels together."""
        elements = _elements(model)
        return float(np.abs(elements).max() / np.sqrt(np.mean(np.square(elements))))


@dataclass(frozen=True)
class DistinctUnits:
    """Number of different units in the first layer: columns of its kernel, to four digits."""

    def __call__(self, model: Any, data: Data) -> float:
        """Returns the number."""
        first = next(iter(kernels(model).values()))
        columns = np.array(keras.ops.convert_to_numpy(first)).reshape(-1, first.shape[-1])
        scale = np.abs(columns).max() or 1.0
        return float(len(np.unique(np.round(columns / scale, 4), axis=1).T))


def accuracy(model: Any, x: npt.NDArray[Any], y: npt.NDArray[Any]) -> float:
    """Returns the share of examples whose highest logit is that of their class."""
    logits = model.predict(x, batch_size=BATCH, verbose=0)
    return float(np.mean(np.argmax(logits, axis=-1) == y))


def _elements(model: Any) -> npt.NDArray[np.float64]:
    flat = [np.ravel(keras.ops.convert_to_numpy(kernel)) for kernel in kernels(model).values()]
    return np.concatenate(flat).astype(np.float64)
