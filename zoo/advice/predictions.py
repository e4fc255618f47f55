"""A probe that keeps what networks predict, for whichever process of this machine asks."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from zoo.data import Data
from zoo.runs.run import Result

Array = NDArray[Any]
CHUNK = 1000
PLACE = "place"  # what the probe's number is called
MOST = 2**24  # networks of a process


class Predictions:
    """Keeps what each network puts out on the test part in a file, until it is asked for.

    It may be sent to other processes of this machine; its folder ends with the one that made it.
    """

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="zoo"))
        self._count = 0
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)

    def __getstate__(self) -> dict[str, Any]:
        """Returns what travels to another process."""
        return {"_folder": self._folder, "_count": 0}

    def __call__(self, model: Any, data: Data) -> float:
        """Keeps the outputs; returns a number that stands for them."""
        x = data.x_test
        parts = [
            keras.ops.convert_to_numpy(model(x[start : start + CHUNK], training=False))
            for start in range(0, len(x), CHUNK)
        ]
        self._count += 1
        number = os.getpid() * MOST + self._count
        np.save(self._path(number), np.concatenate(parts))
        return float(number)

    def of(self, result: Result) -> Array:
        """Returns the outputs of a run once, shape (examples, outputs)."""
        path = self._path(int(result.final[PLACE]))
        outputs: Array = np.load(path)
        path.unlink()
        return outputs

    def _path(self, number: int) -> Path:
        return self._folder / f"{number}.npy"
