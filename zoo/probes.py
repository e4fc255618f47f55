"""What is measured in a trained network besides its loss and accuracy.

A probe is called with the model and the data when a run has ended; its number is a column of
`runs.csv`. It leaves the model as it found it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import keras
import numpy as np
import numpy.typing as npt

from callbacks.activation_histogram import outputs_in
from callbacks.kernels import kernels, layer_blocks
from zoo.data import Data
from zoo.engine.outputs import rights
from zoo.layers import Maxout

BATCH = 1000
_UP_TO_HIDDEN: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()


@dataclass(frozen=True)
class AccuracyUnderNoise:
    """Test accuracy with normal noise added to the inputs, averaged over sizes of the noise.

    Attributes:
        deviations: Standard deviations of the noise; the features' is 1.
        seed: Seed of the noise, the same for every run.
    """

    deviations: tuple[float, ...]
    seed: int = 0

    def __call__(self, model: Any, data: Data) -> float:
        """Returns the mean accuracy; one draw of the noise is scaled to each size."""
        noise = np.random.default_rng(self.seed).normal(size=data.x_test.shape)
        noisy = [(data.x_test + size * noise).astype(np.float32) for size in self.deviations]
        return accuracy(model, np.concatenate(noisy), np.concatenate([data.y_test] * len(noisy)))


@dataclass(frozen=True)
class AccuracyWithoutUnits:
    """Test accuracy when hidden units are cut off, averaged over shares of them.

    Attributes:
        shares: Shares of the units of every hidden layer, each between 0 and 1.
        seed: Seed of their choice, the same for every run.
    """

    shares: tuple[float, ...]
    seed: int = 0

    def __call__(self, model: Any, data: Data) -> float:
        """Returns the mean accuracy of what is left."""
        names = [name for name, _ in layer_blocks(model)[1:]]  # cut where units are taken in
        whole = {name: np.array(keras.ops.convert_to_numpy(kernels(model)[name])) for name in names}
        found = []
        for share in self.shares:
            chosen = np.random.default_rng(self.seed)
            for name, kernel in whole.items():
                left, units = kernel.copy(), kernel.shape[-2]
                left[..., chosen.permutation(units)[: round(share * units)], :] = 0
                kernels(model)[name].assign(left)
            found.append(accuracy(model, data.x_test, data.y_test))
        for name, kernel in whole.items():
            kernels(model)[name].assign(kernel)
        return float(np.mean(found))


@dataclass(frozen=True)
class GainFromMasks:
    """Test accuracy gained by averaging the networks that dropout trains, instead of one pass.

    The probabilities of networks with random masks are averaged. For sequential models.

    Attributes:
        masks: How many masks, at least 1.
        seed: Seed of the masks, the same for every run.
    """

    masks: int
    seed: int = 0

    def __call__(self, model: Any, data: Data) -> float:
        """Returns the average's accuracy minus that of one pass without dropout.

        Raises:
            ValueError: If the model is not sequential.
        """
        if not any(getattr(layer, "rate", 0) > 0 for layer in model.layers):
            return 0.0  # all networks are the same
        drawn = np.random.default_rng(self.seed)

        def masked(layer: Any, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
            kept = drawn.random(x.shape) >= layer.rate
            return np.asarray(x * kept / (1 - layer.rate), np.float32)

        total = sum(
            keras.ops.convert_to_numpy(
                keras.ops.softmax(_replaced(model, data.x_test, keras.layers.Dropout, masked))
            )
            for _ in range(self.masks)
        )
        return _share_right(data.y_test, total) - accuracy(model, data.x_test, data.y_test)


@dataclass(frozen=True)
class MeanActivation:
    """Distance from 0 of the hidden layers' mean output on the test set, averaged over layers."""

    def __call__(self, model: Any, data: Data) -> float:
        """Returns the mean over hidden layers of |mean output|."""
        found = _up_to_hidden(model).predict_on_batch(data.x_test)
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
class LargestWeight:
    """Largest absolute value of all kernels' elements."""

    def __call__(self, model: Any, data: Data) -> float:
        """Returns the value."""
        return float(np.abs(_elements(model)).max())


@dataclass(frozen=True)
class PeakWeight:
    """How far a unit's largest incoming weight stands out, in the middle of all units.

    The largest absolute value over the root mean square, from 1, where all weigh the same, to the
    root of their number. It does not change when a unit's weights shrink together.
    """

    def __call__(self, model: Any, data: Data) -> float:
        """Returns the median over the units of all kernels; a unit without weights has no peak.

        NaN if no unit has one, as in a network that has diverged.
        """
        peaks: list[npt.NDArray[np.float64]] = []
        for kernel in kernels(model).values():
            columns = np.abs(keras.ops.convert_to_numpy(kernel).reshape(-1, kernel.shape[-1]))
            columns = columns[:, columns.max(axis=0) > 0].astype(np.float64)
            relative = columns / columns.max(axis=0)  # squares of tiny weights would be 0
            peaks.append(1 / np.sqrt(np.mean(np.square(relative), axis=0)))
        found = np.concatenate(peaks)
        return float(np.median(found)) if found.size else float("nan")


@dataclass(frozen=True)
class DistinctUnits:
    """Number of different units in the first layer: columns of its kernel, to four digits."""

    def __call__(self, model: Any, data: Data) -> float:
        """Returns the number."""
        first = next(iter(kernels(model).values()))
        columns = np.array(keras.ops.convert_to_numpy(first)).reshape(-1, first.shape[-1])
        scale = np.abs(columns).max() or 1.0
        return float(len(np.unique(np.round(columns / scale, 4), axis=1).T))


@dataclass(frozen=True)
class AccuracyInTrainingMode:
    """Test accuracy when batch normalisation uses the statistics of the batch at hand.

    Dropout and other layers stay as they are at inference. For sequential models.

    Attributes:
        batch_size: Examples a batch; those of an incomplete last batch are left out.
        seed: Seed of the order of the examples, the same for every run.
    """

    batch_size: int
    seed: int = 0

    def __call__(self, model: Any, data: Data) -> float:
        """Returns the accuracy."""
        order = np.random.default_rng(self.seed).permutation(len(data.x_test))
        order = order[: len(order) // self.batch_size * self.batch_size]

        def by_batch(layer: Any, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
            batches = x.reshape(-1, self.batch_size, *x.shape[1:])
            axes = tuple(range(1, batches.ndim - 1))
            mean, variance = (
                moment(batches, axis=axes, keepdims=True) for moment in (np.mean, np.var)
            )
            return _normalised(layer, batches, mean, variance).reshape(x.shape)

        logits = _replaced(model, data.x_test[order], keras.layers.BatchNormalization, by_batch)
        return _share_right(data.y_test[order], logits)


@dataclass(frozen=True)
class GainFromFullStatistics:
    """Test accuracy gained when batch normalisation uses the statistics of the training set.

    They take the place of the moving ones, first layer to last. For sequential models.
    """

    def __call__(self, model: Any, data: Data) -> float:
        """Returns the accuracy with them minus that with the moving statistics."""
        examples = len(data.x_train)

        def by_training_set(layer: Any, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
            train = x[:examples]
            axes = tuple(range(train.ndim - 1))
            return _normalised(layer, x, np.mean(train, axis=axes), np.var(train, axis=axes))

        both = np.concatenate([data.x_train, data.x_test])
        layers = keras.layers.BatchNormalization
        logits = _replaced(model, both, layers, by_training_set)[examples:]
        full = _share_right(data.y_test, logits)
        return full - accuracy(model, data.x_test, data.y_test)


@dataclass(frozen=True)
class DeadShare:
    """Share of hidden units through which no training example sends a gradient.

    A unit is dead if the slope of its activation is 0 for every example: what comes into it does
    not change until the layers below do. The slope of a maxout unit is the largest of its pieces'.

    Attributes:
        below: A unit counts if its steepest slope, without sign, is not above this.
    """

    below: float = 0.0

    def __call__(self, model: Any, data: Data) -> float:
        """Returns the share over all hidden layers, or NaN if an output is not finite.

        Raises:
            ValueError: If a hidden layer ends in an activation whose slope is not known here.
        """
        last = [model.get_layer(name) for _, name in layer_blocks(model)[:-1]]
        sums = keras.Model(model.inputs[0], [layer.input for layer in last])(data.x_train)
        steepest = []
        for layer, each in zip(last, keras.tree.flatten(sums), strict=True):
            z = keras.ops.convert_to_numpy(each)
            if not np.isfinite(z).all():
                return float("nan")
            slope = np.abs(slope_of(layer, z))
            steepest.append(slope.max(axis=tuple(range(slope.ndim - 1))))
        return float(np.mean(np.concatenate(steepest) <= self.below))


OF_CLASSES = (
    AccuracyUnderNoise,
    AccuracyWithoutUnits,
    GainFromMasks,
    AccuracyInTrainingMode,
    GainFromFullStatistics,
)
"""The probes that count which examples are right."""


def slope_of(layer: Any, z: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Returns the slope of an activation layer where it is.

    Args:
        layer: A rectifier or `Maxout`.
        z: Its inputs, shape `(examples, ..., units)`; with pieces, `units * pieces`.

    Returns:
        Array of the outputs' shape. For ELU the formula, which a backend may round to 0 sooner.

    Raises:
        ValueError: If the layer is of another kind.
    """
    negative: Any
    if isinstance(layer, Maxout):
        pieces = z.reshape(*z.shape[:-1], -1, layer.pieces)
        largest = pieces == pieces.max(axis=-1, keepdims=True)
        return np.asarray(largest.any(axis=-1), z.dtype)
    if isinstance(layer, keras.layers.ReLU):
        negative = 0.0
    elif isinstance(layer, keras.layers.LeakyReLU):
        negative = layer.negative_slope
    elif isinstance(layer, keras.layers.PReLU):
        negative = keras.ops.convert_to_numpy(layer.alpha)
    elif isinstance(layer, keras.layers.ELU):
        negative = layer.alpha * np.exp(np.minimum(z, 0))
    else:
        raise ValueError(
            "`layer` must be ReLU, LeakyReLU, PReLU, ELU or Maxout. "
            f"Received: {type(layer).__name__} {layer.name!r}"
        )
    return np.asarray(np.where(z > 0, 1.0, negative), z.dtype)


def _up_to_hidden(model: Any) -> Any:
    """Returns a model of the outputs of the hidden layers, which share their weights with it."""
    if model not in _UP_TO_HIDDEN:  # the runs of a population share one model
        outputs = outputs_in(model)
        hidden = [outputs[last][0] for _, last in layer_blocks(model)[:-1]]
        _UP_TO_HIDDEN[model] = keras.Model(model.inputs[0], hidden)
    return _UP_TO_HIDDEN[model]


def accuracy(model: Any, x: npt.NDArray[Any], y: npt.NDArray[Any]) -> float:
    """Returns the share of examples that the model gets right, as Keras's accuracy counts them."""
    # `predict` makes a tf.data pipeline at every call, which takes longer than the network.
    starts = range(0, len(x), BATCH)
    outputs = [model.predict_on_batch(x[start : start + BATCH]) for start in starts]
    return _share_right(y, np.concatenate(outputs))


def _share_right(labels: npt.NDArray[Any], outputs: npt.NDArray[Any]) -> float:
    return float(np.mean(keras.ops.convert_to_numpy(rights(labels, outputs)), dtype=np.float64))


def _replaced(
    model: Any,
    x: npt.NDArray[Any],
    kind: Any,
    function: Callable[[Any, npt.NDArray[Any]], npt.NDArray[Any]],
) -> npt.NDArray[Any]:
    """Returns a sequential model's outputs, each layer of a kind replaced by a function.

    Args:
        model: The model; nothing in it changes.
        x: Inputs of shape `(examples, ...)`.
        kind: Class of the layers.
        function: Takes such a layer and its inputs.

    Raises:
        ValueError: If the model is not sequential or normalises another axis than the last.
    """
    if not isinstance(model, keras.Sequential):
        raise ValueError(f"`model` must be sequential. Received: {type(model).__name__}")
    for layer in model.layers:
        if not isinstance(layer, kind):
            x = keras.ops.convert_to_numpy(layer(x, training=False))
        elif getattr(layer, "axis", -1) in (-1, x.ndim - 1):
            x = function(layer, x)
        else:
            raise ValueError(f"`axis` of {layer.name} must be the last. Received: {layer.axis}")
    return x


def _normalised(layer: Any, x: Any, mean: Any, variance: Any) -> npt.NDArray[Any]:
    """Returns what a batch normalisation makes of its inputs with the given statistics."""
    read = keras.ops.convert_to_numpy
    outputs = (x - mean) / np.sqrt(variance + layer.epsilon)
    outputs = outputs * read(layer.gamma) if layer.scale else outputs
    return np.asarray(outputs + read(layer.beta) if layer.center else outputs)


def _elements(model: Any) -> npt.NDArray[np.float64]:
    flat = [np.ravel(keras.ops.convert_to_numpy(kernel)) for kernel in kernels(model).values()]
    return np.concatenate(flat).astype(np.float64)
