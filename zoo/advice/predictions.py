"""A probe that keeps what networks predict."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from zoo.data import Data
from zoo.runs.run import Result

Array = NDArray[Any]
CHUNK = 1000
PLACE = "place"  # what the probe's number is called


class Predictions:
    """Keeps what each network puts out on the test part, until it is asked for.

    Attributes:
        kept: Outputs of shape (examples, outputs) by the number that the probe has returned.
    """

    def __init__(self) -> None:
        self.kept: dict[int, Array] = {}
        self._count = 0

    def __call__(self, model: Any, data: Data) -> float:
        """Keeps the outputs; returns a number that stands for them."""
        x = data.x_test
        parts = [
            keras.ops.convert_to_numpy(model(x[start : start + CHUNK], training=False))
            for start in range(0, len(x), CHUNK)
        ]
        self._count += 1
        self.kept[self._count] = np.concatenate(parts)
        return float(self._count)

    def of(self, result: Result) -> Array:
        """Returns the outputs of a run once, shape (examples, outputs)."""
        return self.kept.pop(int(result.final[PLACE]))
