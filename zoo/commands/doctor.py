"""The command `doctor`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from zoo.commands.options import (
    RESULTS,
    ClusterOption,
    DataDirOption,
    DebugOption,
    ResultsOption,
    cluster_of,
    echo,
)
from zoo.engine.device import device_name, import_keras

PACKAGES = ("keras", "tensorflow", "jax", "torch", "keras-tuner", "ray", "numpy", "scipy", "pandas")


def doctor(
    data_dir: DataDirOption = None,
    results: ResultsOption = RESULTS,
    cluster: ClusterOption = None,
    debug: DebugOption = False,
) -> None:
    """Say which versions, device, data and store are there; with --cluster, which machines."""
    processes = cluster_of(None, cluster)
    import_keras()
    for line in report(data_dir, results):
        echo(line)
    if processes is not None:
        with processes:
            for line in processes.lines():
                echo(line)


def report(data_dir: Path | None, results: Path) -> Iterator[str]:
    """Yields one line for each thing that can be there or not."""
    yield f"python       {sys.version.split()[0]}"
    for name in PACKAGES:
        yield f"{name.ljust(12)} {_version(name)}"
    import keras

    from zoo import data
    from zoo.results.store import Store

    yield f"backend      {keras.backend.backend()}"
    yield f"device       {device_name()}"
    for name, where in data.available(data_dir).items():
        yield f"data         {name.ljust(14)} {where}"
    if not (results / "zoo.db").is_file():
        yield f"store        none in {results}"
        return
    with Store(results) as store:
        kept = store.summary()
    yield (
        f"store        {results / 'zoo.db'}: {kept['runs']} runs of {kept['experiments']} "
        f"experiments, {kept['bytes'] / 1e6:.1f} MB, healthy"
    )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
