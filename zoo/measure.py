"""What measured experiments draw, and how they look at Keras: gradients as training sees them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from callbacks.gradient_probe import Probe


def draw(seed: int | Sequence[int], *shape: int) -> npt.NDArray[np.float32]:
    """Returns standard normal numbers, the same on every backend.

    Args:
        seed: Integer from 0 on, or several that are the seed together.
        shape: Shape of the array.
    """
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def draw_with_keras(seed: int, *shape: int) -> npt.NDArray[np.float32]:
    """Returns standard normal numbers as Keras draws them, which depends on the backend."""
    return np.asarray(keras.ops.convert_to_numpy(keras.random.normal(shape, seed=seed)))


def total(_: Any, outputs: Any) -> Any:
    """Adds up the outputs: a loss whose gradient in each is 1 over the number of examples."""
    return keras.ops.sum(outputs, axis=-1)


def gradients(model: Any, loss: Any, x: Any, y: Any) -> list[npt.NDArray[Any]]:
    """Returns the gradient of the whole loss, penalties included, in each trained variable.

    Keras differentiates only in its training step. A step of plain gradient descent with the rate 1
    subtracts just the gradient; the weights are put back.

    Args:
        model: A built model; compiled anew. Moving statistics of batch normalisation and streams of
            dropout move on.
        loss: A Keras loss, or its name.
        x: Array of shape `(examples, ...)`.
        y: Array of shape `(examples, ...)`.
    """
    before = [np.array(keras.ops.convert_to_numpy(v)) for v in model.trainable_variables]
    model.compile(keras.optimizers.SGD(1.0), loss, run_eagerly=True)
    model.train_on_batch(x, y)
    found = []
    for variable, value in zip(model.trainable_variables, before, strict=True):
        found.append(value - keras.ops.convert_to_numpy(variable))
        variable.assign(value)
    return found


def rank_correlation(first: Any, second: Any) -> float:
    """Returns Spearman's rank correlation of two sequences of numbers of equal length."""
    from scipy.stats import spearmanr

    return float(spearmanr(first, second).statistic)


def furthest(first: Any, second: Any) -> float:
    """Returns the largest absolute difference between two arrays of the same shape."""
    a, b = (np.asarray(keras.ops.convert_to_numpy(item), np.float64) for item in (first, second))
    return float(np.abs(a - b).max())


def learning_rates(schedule: Callable[[int], Any], steps: Sequence[int]) -> npt.NDArray[Any]:
    """Returns the learning rates of a schedule at some steps, shape `(steps,)`."""
    return np.array([float(keras.ops.convert_to_numpy(schedule(step))) for step in steps])


def slopes(
    function: Callable[[Any], Any], points: Sequence[float] | npt.NDArray[Any]
) -> npt.NDArray[Any]:
    """Returns the derivative of a function of one number, as training would see it.

    Args:
        function: Works on arrays element by element.
        points: Where to look.
    """
    shift = _Shift()
    model = keras.Sequential([keras.Input((len(points),)), shift, keras.layers.Lambda(function)])
    x = np.array([points], np.float32)
    (found,) = gradients(model, total, x, x)
    return found


class _Shift(keras.layers.Layer):
    """Adds a trained variable of 0 to each input."""

    def build(self, input_shape: tuple[int, ...]) -> None:
        self.shift = self.add_weight(shape=input_shape[1:], initializer="zeros", name="shift")

    def call(self, inputs: Any) -> Any:
        return inputs + self.shift


def layer_gradients(
    model: Any, loss: Any, x: Any, y: Any, layers: Sequence[str] | None = None
) -> tuple[dict[str, npt.NDArray[Any]], dict[str, npt.NDArray[Any]]]:
    """Returns the gradients in the kernels and in the layers' outputs, however small they are.

    `gradients` subtracts from the weights, so what is small beside a weight is rounded there; here
    a copy of the model keeps the gradients as they are. The model's values stay.

    Args:
        model: A built Functional or Sequential model with one input and one output; compiled anew.
        loss: A Keras loss, or its name.
        x: Array of shape `(examples, ...)`.
        y: Array of shape `(examples, ...)`.
        layers: Names of the layers that count, or `None` for all.

    Returns:
        The gradient in each layer's kernel and that in each layer's output, by the layer's name.
    """
    model.compile(loss=loss)
    x, y = (np.asarray(keras.ops.convert_to_numpy(item)) for item in (x, y))
    weights, outputs = Probe(model, x.shape, layers).gradients(x, y)
    return weights, {name: calls.sum(axis=0) for name, calls in outputs.items()}


def signal_gradients(model: Any, loss: Any, x: Any, y: Any) -> dict[str, npt.NDArray[Any]]:
    """Returns the gradient in each layer's output, the signal that is passed back through it.

    Of a dense layer without activation this is dL/dz. Arguments as in `layer_gradients`.
    """
    return layer_gradients(model, loss, x, y)[1]


def numerical_gradient(
    function: Callable[[Any], Any], at: Any, step: float = 1e-5
) -> npt.NDArray[np.float64]:
    """Returns the gradient of a number by centred differences, in double precision.

    Args:
        function: Takes an array like `at` and returns one number.
        at: Where to look, an array of any shape.
        step: Float above 0. How far each element is moved to either side.
    """
    moved = np.array(at, np.float64)
    found = np.empty_like(moved)
    for place in np.ndindex(moved.shape):
        middle = moved[place]
        moved[place] = middle + step
        above = function(moved)
        moved[place] = middle - step
        found[place] = (above - function(moved)) / (2 * step)
        moved[place] = middle
    return found


SLOPES: Mapping[str, Callable[[Any], Any]] = {
    "linear": keras.ops.ones_like,
    "relu": lambda a: keras.ops.cast(a > 0, a.dtype),
    "sigmoid": lambda a: a * (1 - a),
    "tanh": lambda a: 1 - a**2,
}
"""The derivative of an activation from its output."""


def flow(kernels: Sequence[Any], activation: str, inputs: Any, gradient: Any) -> dict[Any, Any]:
    """Sends inputs up through dense layers without biases, and a gradient down.

    Args:
        kernels: Arrays of shape `(fan_in, fan_out)`, the first layer's first.
        activation: A name in `SLOPES`; Keras's activation of every layer.
        inputs: Array of shape `(examples, inputs)`.
        gradient: The gradient in the last layer's outputs, shape `(examples, outputs)`.

    Returns:
        By metric and layer what `layer_statistics` gives, and the root mean squares
        `signal_gradient` of dL/dz and `weight_gradient` of dL/dW, the latter a mean over examples;
        `log10_change_of_...` from the first layer to the last for `std`, from the last to the first
        for the gradients.
    """
    found: dict[Any, Any] = {}
    signals = [inputs]
    for layer, kernel in enumerate(kernels, 1):
        signals.append(keras.activations.get(activation)(signals[-1] @ kernel))
        found |= layer_statistics(signals[-1], layer)
    last = len(kernels)
    for layer in range(last, 0, -1):
        below, kernel = signals[layer - 1], kernels[layer - 1]
        gradient = gradient * SLOPES[activation](signals[layer])
        found["signal_gradient", layer] = rms(gradient)
        found["weight_gradient", layer] = rms(keras.ops.transpose(below) @ gradient) / len(inputs)
        gradient = gradient @ keras.ops.transpose(kernel)
    ends = {"std": (1, last), "signal_gradient": (last, 1), "weight_gradient": (last, 1)}
    for metric, (start, end) in ends.items():
        change = found[metric, end] / found[metric, start]
        found[f"log10_change_of_{metric}"] = math.log10(change) if change > 0 else -math.inf
    return found


def relative_time(one: Callable[[], Any], other: Callable[[], Any], turns: int) -> float:
    """Returns how long a call takes, in multiples of another, with both taking turns.

    Args:
        one: What is timed. Both are called twice before the clock starts.
        other: What it is compared with.
        turns: Positive integer. How often each is timed; medians are compared.
    """
    seconds: tuple[list[float], list[float]] = ([], [])
    for turn in range(turns + 2):
        for call, own in zip((one, other), seconds, strict=True):
            start = time.perf_counter()
            call()
            if turn >= 2:
                own.append(time.perf_counter() - start)
    return float(np.median(seconds[0]) / np.median(seconds[1]))


def rms(x: Any) -> float:
    """Returns the root mean square of an array, in double precision."""
    return float(np.sqrt(np.mean(np.square(_double(x)))))


def layer_statistics(outputs: Any, layer: int, units: int = 20) -> dict[tuple[str, int], Any]:
    """Returns what a layer's outputs look like, by metric and layer.

    Args:
        outputs: Array of shape `(examples, units)`.
        layer: The layer's number, which is the place of the metrics.
        units: The correlation is averaged over the pairs among this many units.

    Returns:
        `mean` and `std` over all values, `saturated_share` beyond 0.97 on either side, the mean
        `unit_correlation`, and a `histogram` with 30 bins from -1 to 1, as on the slides.
    """
    a = _double(outputs)
    shares, edges = np.histogram(a, 30, (-1, 1))
    some = a[:, :units]
    alive = some[:, some.max(axis=0) > some.min(axis=0)]  # a constant unit correlates with none
    pairs = np.atleast_2d(np.corrcoef(alive, rowvar=False))[np.triu_indices(alive.shape[1], 1)]
    return {
        ("mean", layer): a.mean(),
        ("std", layer): a.std(),
        ("saturated_share", layer): float(np.mean(np.abs(a) > 0.97)),
        ("unit_correlation", layer): pairs.mean() if pairs.size else 0.0,
        ("histogram", layer): (shares / a.size, edges),
    }


def _double(x: Any) -> npt.NDArray[np.float64]:
    return np.asarray(keras.ops.convert_to_numpy(x), np.float64)
