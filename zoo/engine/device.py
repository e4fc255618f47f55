"""Imports Keras on the device that was asked for, quietly, and names that device."""

from __future__ import annotations

import atexit
import functools
import gc
import hashlib
import os
import platform
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from zoo.errors import FullError, ZooError

JAX_FOLDER = "JAX_COMPILATION_CACHE_DIR"
JAX_BYTES = 2**30  # of what JAX has compiled that later processes find
MAPS_SHARE = 0.9  # of the memory maps of a process; a network's programs take some hundred and more


@functools.cache
def device_name() -> str:
    """Returns the accelerator's name, or the processor's with its number of cores."""
    return _accelerator() or _processor()


def device_slug() -> str:
    """Returns the device's name as a part of a file's name."""
    return re.sub(r"[^a-z0-9]+", "-", device_name().lower()).strip("-")


def cores() -> int:
    """Returns how many processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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
    name = _cpuinfo("model name") or platform.processor() or platform.machine()
    return f"CPU, {name}, {cores()} cores"


def _cpuinfo(field: str) -> str:
    """Returns what Linux says of the first core; an empty text if it says nothing."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    parts = (line.partition(":") for line in lines)
    return next((value.strip() for name, _, value in parts if name.strip() == field), "")


def compiled_by_jax() -> dict[str, str]:
    """Returns the variables that have JAX keep what it compiles, for later processes.

    What is compiled for one processor may end a process on another, so each kind has a folder.
    TensorFlow's cache is of no use here: it looks for a function's name, which has a counter.
    """
    home = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))
    kind = hashlib.sha256(f"{_processor()} {_cpuinfo('flags')}".encode()).hexdigest()[:12]
    return {
        JAX_FOLDER: str(home / "experiment-zoo" / f"jax-{kind}"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.1",
    }


def bound(folder: Path, most: int = JAX_BYTES) -> None:
    """Deletes a folder's oldest files until the others have at most so many bytes.

    JAX can do it, too, but with a file for each entry, and it keeps nothing any more once one of
    these is missing, as after a kill.
    """
    if not folder.is_dir():
        return
    # Another process deletes them, too, and a folder that is read only stays as it is.
    with suppress(FileNotFoundError, PermissionError):
        # On a GPU XLA keeps a folder of its own beside the files.
        known = [(file.stat(), file) for file in folder.iterdir() if file.is_file()]
        left = sum(stat.st_size for stat, _ in known)
        for stat, file in sorted(known, key=lambda each: each[0].st_mtime):
            if left <= most:
                return
            file.unlink()
            left -= stat.st_size


def import_keras(device: str = "auto", alone: bool = False) -> None:
    """Imports Keras; what is printed to standard error meanwhile is shown only if that fails.

    Args:
        device: `auto` (a GPU where there is one), `cpu`, `gpu`, or `gpu:N` for the GPU with number
            N, counted from 0. It has no effect once Keras has been imported.
        alone: Whether the process is ours alone. What it has imported is then never looked through
            for garbage, which took 4 % of the time of `run activation`, and what it has made is
            not when it ends, which took half a second.

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
        compiled = compiled_by_jax()
        for name, value in compiled.items():
            os.environ.setdefault(name, value)
        if os.environ[JAX_FOLDER] == compiled[JAX_FOLDER]:  # ours, not the user's
            bound(Path(compiled[JAX_FOLDER]))
        _import_quietly()
        if alone:
            gc.freeze()
            atexit.register(gc.freeze)
    if device.startswith("gpu") and on_processor():
        raise ZooError(
            f"`--device {device}` needs a GPU that Keras's backend can see; there is "
            f"{device_name()}. Install requirements-gpu.txt, or take --device auto."
        )


def check_maps(most: int | None = None) -> None:
    """Raises FullError where XLA should compile no more in this process.

    TensorFlow keeps whatever it has compiled, in 70 memory maps a program, and JAX does until it is
    told to forget. Without any left a process ends without a word.

    Args:
        most: Memory maps that it may have; `None` for nearly all that Linux allows.
    """
    from zoo.data.memory import memory_maps  # with NumPy, which not every command takes

    used, allowed = memory_maps()
    most = most or int(MAPS_SHARE * allowed)
    if used > most and (jax := sys.modules.get("jax")):
        jax.clear_caches()
        used, _ = memory_maps()
    if used > most:
        raise FullError(
            f"This process has {used:,} memory maps, and Linux allows {allowed:,}: what XLA has "
            "compiled is kept. Run it again, without --fresh: what is stored is not trained again."
        )


@contextmanager
def only_new_garbage() -> Iterator[None]:
    """Has Python look for garbage only among what is made while the context lasts.

    Else it goes through all that Keras has imported again and again.
    """
    if gc.get_freeze_count():  # somebody has done so for longer
        yield
        return
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def use_mixed_precision() -> None:
    """Has layers that are made from now on compute in bfloat16, with variables in float32.

    Raises:
        ZooError: If there is no GPU, as a processor only loses by it.
    """
    import keras

    if on_processor():
        raise ZooError(f"`--mixed-precision` needs a GPU. Received: {device_name()}. Leave it out.")
    keras.config.set_dtype_policy("mixed_bfloat16")


def _import_quietly() -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as caught:
        # TensorFlow logs before it reads the level above, so the descriptor itself is turned away.
        os.dup2(caught.fileno(), 2)
        gc.disable()
        try:
            import keras  # noqa: F401
        except Exception:  # whatever it is, what was printed may say why; Ctrl-C needs no reason
            caught.seek(0)
            os.write(kept, caught.read())
            raise
        finally:
            gc.enable()
            os.dup2(kept, 2)
            os.close(kept)
