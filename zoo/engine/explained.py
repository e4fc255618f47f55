"""How well a number is predicted: R2 and RMSE, where classes have accuracy."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from zoo.data import Data
from zoo.engine.outputs import rights

WORST = -1.0  # how much worse than guessing the mean a network is does not matter beyond
NAME = "accuracy"


def score_of(data: Data) -> Callable[..., Any]:
    """Returns the function of labels and outputs that says how good each example is."""
    return explained if data.of_numbers else rights


def metric_of(data: Data) -> Any:
    """Returns the same as what `compile` takes as a metric, under the name `accuracy`."""
    return keras.metrics.MeanMetricWrapper(explained, NAME) if data.of_numbers else NAME


def explained(labels: Any, outputs: Any, largest: Any = None) -> Any:
    """Returns 1 less the squared error of each example, whose mean is R2 where the variance is 1.

    Args:
        labels: Numbers of shape `(examples,)` or `(examples, 1)`.
        outputs: Shape `(examples, 1)`.
        largest: As of `rights`; not used.

    Returns:
        Float32 of shape `(examples,)`.
    """
    labels, outputs = ops.convert_to_tensor(labels), ops.convert_to_tensor(outputs)
    known, found = (ops.cast(ops.reshape(each, (-1,)), "float32") for each in (labels, outputs))
    return 1 - ops.square(found - known)


def in_r2(
    history: Mapping[str, Sequence[float]], final: Mapping[str, float], data: Data
) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Returns the numbers of a run with R2 where `explained` was, and RMSE besides.

    R2 is 1 less the mean squared error over the variance of the numbers in that part, as
    scikit-learn has it, and -1 where it would be lower or is not finite.

    Args:
        history: As of a `Result`.
        final: As of a `Result`.
        data: The data of the run's seed.

    Returns:
        The history, and the final numbers with `val_rmse` and `test_rmse`, in the target's unit.
    """
    variance = {"val": _variance(data.y_validation), "test": _variance(data.y_test)}
    curves = {name: list(values) for name, values in history.items()}
    curves[NAME] = [r2(1 - value, 1.0) for value in curves[NAME]]
    curves[f"val_{NAME}"] = [r2(1 - value, variance["val"]) for value in curves[f"val_{NAME}"]]
    numbers = dict(final)
    _, deviation = data.target_scale or (0.0, 1.0)
    for part, own in variance.items():
        error = 1 - final[f"{part}_{NAME}"]
        numbers[f"{part}_{NAME}"] = r2(error, own)
        numbers[f"{part}_rmse"] = deviation * math.sqrt(max(error, 0.0))
    return curves, numbers


def r2(error: float, variance: float) -> float:
    """Returns R2 of a mean squared error, at least `WORST`.

    Numbers that do not differ have an R2 of 1 if each is met, else of 0.
    """
    if not math.isfinite(error):
        return WORST
    if variance == 0:
        return float(error <= 0)
    return max(WORST, 1 - error / variance)


def _variance(numbers: NDArray[Any]) -> float:
    return float(np.var(numbers.astype(np.float64)))
