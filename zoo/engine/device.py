"""Names the device that a backend computes on."""

from __future__ import annotations

import functools
import platform
from pathlib import Path


@functools.cache
def device_name() -> str:
    """Returns the accelerator's name, or the processor's with its number of cores."""
    return _accelerator() or _processor()


def on_processor() -> bool:
    """Returns whether there is no accelerator."""
    return not _accelerator()


@functools.cache
def _accelerator() -> str:
    """Returns the name of the first GPU that the backend sees, or an empty text."""
    import keras

    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        for gpu in tf.config.list_physical_devices("GPU"):
            return str(tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name))
    if backend == "jax":
        import jax

        device = jax.devices()[0]
        return "" if device.platform == "cpu" else str(device.device_kind)
    return ""


def _processor() -> str:
    """Returns the processor's model name and the number of cores that this process may use."""
    import os

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    return f"CPU, {name}, {cores} cores"
