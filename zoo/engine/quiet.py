"""Imports Keras: on the device that was asked for, and without TensorFlow's lines about it."""

from __future__ import annotations

import os
import re
import sys
import tempfile

from zoo.errors import ZooError


def import_keras(device: str = "auto") -> None:
    """Imports Keras; what is printed to standard error meanwhile is shown only if that fails.

    Args:
        device: `auto` (a GPU where there is one), `cpu`, `gpu`, or `gpu:N` for the GPU with number
            N, counted from 0. It has no effect once Keras has been imported.

    Raises:
        ZooError: If the device is not one of these, or there is no GPU and one was asked for.
    """
    if not re.fullmatch(r"auto|cpu|gpu(:\d+)?", device):
        raise ZooError(f"`--device` must be auto, cpu, gpu or gpu:N. Received: {device!r}")
    if "keras" not in sys.modules:
        if device == "cpu":
            os.environ.update(CUDA_VISIBLE_DEVICES="-1", JAX_PLATFORMS="cpu")
        elif ":" in device:
            os.environ["CUDA_VISIBLE_DEVICES"] = device.partition(":")[2]
        _import_quietly()
    if device.startswith("gpu"):
        from zoo.engine.device import device_name, on_processor

        if on_processor():
            raise ZooError(
                f"`--device {device}` needs a GPU that Keras's backend can see; there is "
                f"{device_name()}. Install requirements-gpu.txt, or take --device auto."
            )


def _import_quietly() -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as caught:
        # TensorFlow logs before it reads the level above, so the descriptor itself is turned away.
        os.dup2(caught.fileno(), 2)
        try:
            import keras  # noqa: F401
        except BaseException:
            caught.seek(0)
            os.write(kept, caught.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
