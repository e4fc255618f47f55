"""What the layers of a network put out, epoch by epoch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from callbacks.keras_internals import nodes_by_depth

# Lower and upper bound of the activations that have both.
BOUNDS = {
    "hard_sigmoid": (0.0, 1.0),
    "hard_tanh": (-1.0, 1.0),
    "relu6": (0.0, 6.0),
    "sigmoid": (0.0, 1.0),
    "soft_sign": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
    "tanh": (-1.0, 1.0),
}
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


class ActivationHistogram(keras.callbacks.Callback):
    """Records how the outputs of layers are distributed, before training and every epoch.

    The same examples are shown to the network each time, as in prediction: dropout is off and batch
    normalisation uses its moving statistics. The metrics of each layer are

    - `mean` and `standard_deviation` over all elements of the output;
    - `quantile_0.05`, `quantile_0.25`, `quantile_0.5`, `quantile_0.75`, `quantile_0.95`;
    - `histogram`: a list of counts, below the first edge, between the edges, above the last one;
      an element on an edge counts above it, and NaN does not count;
    - `zero_share`: share of elements that are exactly 0;
    - `dead_share`: share of units (the last axis, of convolutions the channels) that are exactly 0
      for every example and everywhere;
    - `saturated_share`, for activations with two bounds: share of elements that are nearer to a
      bound than `margin` times the distance of the bounds.

    Args:
        x: Array of shape `(examples, ...)`, as the model takes it. A few hundred examples do.
        layers: List of layer names, or `None` for all layers but the input.
        bins: Sequence of at least two increasing numbers, the edges of the histogram, or `None`
            for edges from -3 to 3 in steps of 0.1.
        margin: Float above 0 and at most 0.5. 0.01 calls a sigmoid saturated below 0.01 and above
            0.99.

    Attributes:
        records: List of dicts with the keys `epoch` (epochs trained so far: 0 is the untrained
            network), `layer`, `metric` and `value`.

    Raises:
        ValueError: If an argument is out of its range; when training begins, if the model is
            neither Functional nor Sequential, has several inputs or no such layer, or calls a layer
            several times.

    References:
        Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward neural
        networks, AISTATS.
    """

    def __init__(
        self,
        x: Any,
        layers: Sequence[str] | None = None,
        bins: Sequence[float] | None = None,
        margin: float = 0.01,
    ) -> None:
        super().__init__()
        self.x = np.asarray(x)
        if not self.x.size:
            raise ValueError(f"`x` must hold at least one example. Received: shape {self.x.shape}")
        if layers is not None and (isinstance(layers, str) or not layers):
            raise ValueError(
                f"`layers` must be a list of layer names or None. Received: layers={layers!r}"
            )
        self.layers = layers
        edges = np.arange(-30, 31) / 10 if bins is None else np.asarray(bins, np.float64)
        if edges.ndim != 1 or len(edges) < 2 or not (np.diff(edges) > 0).all():
            raise ValueError(
                f"`bins` must be at least two increasing numbers or None. Received: bins={bins}"
            )
        self.bins = edges
        if not 0 < margin <= 0.5:
            raise ValueError(f"`margin` must be above 0 and at most 0.5. Received: margin={margin}")
        self.margin = margin
        self._reset()

    def _reset(self) -> None:
        self.records: list[dict[str, Any]] = []
        self._probe: Any = None
        self._chosen: list[Any] = []

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Forgets an earlier fit and finds the layers."""
        self._reset()
        self._chosen = chosen_layers(self.model, self.layers)
        outputs = outputs_in(self.model)
        self._probe = keras.Model(
            self.model.inputs[0], [outputs[layer.name][0] for layer in self._chosen]
        )

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
        outputs = keras.tree.flatten(self._probe.predict_on_batch(self.x))
        for layer, output in zip(self._chosen, outputs, strict=True):
            channels_first = getattr(layer, "data_format", None) == "channels_first"
            statistics = activation_statistics(
                output,
                self.bins,
                bounds_of(layer),
                self.margin,
                unit_axis=1 if channels_first else -1,
            )
            for metric, value in statistics.items():
                self.records.append(
                    {"epoch": epoch, "layer": layer.name, "metric": metric, "value": value}
                )


def activation_statistics(
    output: npt.NDArray[Any],
    bins: npt.NDArray[Any],
    bounds: tuple[float, float] | None = None,
    margin: float = 0.01,
    unit_axis: int = -1,
) -> dict[str, float | list[int]]:
    """Returns the statistics of one layer's output.

    Args:
        output: Array of shape `(examples, ..., units)`.
        bins: Increasing edges of the histogram, shape `(edges,)`.
        bounds: Lower and upper bound of the activation, or `None` if it has not both.
        margin: Float above 0. Share of the distance of the bounds within which an element is
            saturated.
        unit_axis: Integer. The axis of the units.

    Returns:
        The value of each metric that `ActivationHistogram` lists.
    """
    numbers = np.asarray(output)
    # Sorted first: half as much to move for single precision, and the same order.
    flat = np.sort(numbers, axis=None).astype(np.float64, copy=False)  # NaN at the end
    size = len(flat)
    with np.errstate(invalid="ignore"):  # a diverged network has NaN here, which is the answer
        mean = flat.mean(keepdims=True)
        found: dict[str, float | list[int]] = {
            "mean": float(mean[0]),
            "standard_deviation": float(flat.std(mean=mean)),
        }
        for share, value in zip(QUANTILES, quantiles_of(flat, QUANTILES), strict=True):
            found[f"quantile_{share:g}"] = value
    finite = np.searchsorted(flat, np.nan)
    below = np.searchsorted(flat[:finite], bins, side="left")
    found["histogram"] = np.diff(below, prepend=0, append=finite).tolist()
    zero = numbers == 0
    units = np.moveaxis(zero, unit_axis, -1).reshape(-1, numbers.shape[unit_axis])
    found["zero_share"] = float(np.count_nonzero(zero) / size)
    found["dead_share"] = float(units.all(axis=0).mean())
    if bounds is not None:
        low, high = bounds
        near = margin * (high - low)
        close = (flat - low < near) | (high - flat < near)
        found["saturated_share"] = float(np.count_nonzero(close) / size)
    return found


def quantiles_of(ordered: npt.NDArray[np.float64], shares: Sequence[float]) -> list[float]:
    """Returns the quantiles that `np.quantile` gives, of numbers that are sorted already.

    Args:
        ordered: Increasing numbers, NaN at the end, shape `(numbers,)`.
        shares: Between 0 and 1.
    """
    last = len(ordered) - 1
    if math.isnan(ordered[last]):
        return [math.nan] * len(shares)
    found = []
    for share in shares:
        low = int(share * last)
        part = share * last - low
        below, above = float(ordered[low]), float(ordered[min(low + 1, last)])
        # From the nearer of the two, as NumPy does, to the same last bit.
        step = above - below
        found.append(below + step * part if part < 0.5 else above - step * (1 - part))
    return found


def chosen_layers(model: Any, names: Sequence[str] | None) -> list[Any]:
    """Returns the layers of a model that are to be looked at.

    Args:
        model: A built Functional or Sequential model.
        names: Their names, or `None` for all but the input.

    Raises:
        ValueError: If the model has no known graph, several inputs or no such layer, or calls one
            several times.
    """
    if len(getattr(model, "inputs", None) or ()) != 1:
        raise ValueError(
            "Outputs are known only of a built Functional or Sequential model with one input. "
            f"Received: a {type(model).__name__}"
        )
    known = {
        layer.name: layer
        for layer in model.layers
        if not isinstance(layer, keras.layers.InputLayer)
    }
    chosen = list(known) if names is None else list(names)
    outputs = outputs_in(model)
    for name in chosen:
        if name not in known:
            raise ValueError(
                f"`layers` must be among the model's layers {list(known)}. Received: {name!r}"
            )
        if len(outputs[name]) != 1:
            raise ValueError(
                "A layer must be called once and have one output. Name the others in `layers`. "
                f"Received: {name!r}"
            )
    return [known[name] for name in chosen]


def outputs_in(model: Any) -> dict[str, list[Any]]:
    """Returns the output tensors of each layer by its name, over all its calls in the model.

    A layer has been called more often than that if it serves several models, or a Sequential model
    that layers were added to one by one.

    Args:
        model: A built Functional or Sequential model.
    """
    graph = keras.Model(model.inputs, model.outputs)
    found: dict[str, list[Any]] = {}
    for nodes in nodes_by_depth(graph).values():
        for node in nodes:
            found.setdefault(node.operation.name, []).extend(node.output_tensors)
    return found


def bounds_of(layer: Any) -> tuple[float, float] | None:
    """Returns lower and upper bound of a layer's activation, or `None` if it has not both."""
    activation = getattr(layer, "activation", None)
    return BOUNDS.get(getattr(activation, "__name__", ""))
