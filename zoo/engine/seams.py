"""Which module speaks to Keras's backend."""

from __future__ import annotations

import functools
import importlib
from typing import Any

import keras

SEAMS = {"tensorflow": "zoo.engine.backend_tensorflow", "jax": "zoo.engine.backend_jax"}


@functools.cache
def seam() -> Any:
    """Returns the module that speaks to Keras's backend."""
    return importlib.import_module(SEAMS[keras.backend.backend()])
