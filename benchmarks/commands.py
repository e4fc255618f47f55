"""What whole commands take: with the zoo's engine, with one population at a time, with `model.fit`.

Each command runs in a process of its own, with results of its own, from the start of Python to the
last picture, in turns on the same machine. `make benchmark` prints the table and keeps it in
`results/timings/`; searches stand in a table of their own (`benchmarks.search`).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.engine import ROOT, keep

CONVOLUTIONS = '''"""Does dropout help a convolutional network?"""

import keras
from keras import layers

from zoo.experiment import Experiment, Recipe


def build_model(input_shape, num_classes, rate):
    """Builds two convolutions with pooling; `rate` is that of dropout."""
    stack = [keras.Input(input_shape), layers.Reshape((*input_shape, 1))]
    for filters in (16, 32):
        stack += [layers.Conv1D(filters, 3, activation="relu"), layers.MaxPooling1D(2)]
        stack += [layers.Dropout(rate)]
    return keras.Sequential([*stack, layers.Flatten(), layers.Dense(num_classes)])


EXPERIMENT = Experiment(
    factor="rate",
    baseline="none",
    variants={"none": 0.0, "0.2": 0.2},
    recipe=Recipe(
        build_model=build_model,
        optimizer=lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
        learning_rates=(0.03,),
        epochs=20,
        batch_size=100,
    ),
)
'''
SMALL = ("--learning-rates", "0.1", "--epochs", "40")
COMMANDS: Mapping[str, Sequence[str]] = {
    "import to first epoch": ("activation", "--smoke", "--seeds", "1", "--variants", "tanh"),
    "activation": ("activation", "--variants", "relu,tanh", *SMALL),
    "dropout": ("dropout", "--variants", "hidden 0.2", *SMALL),
    "batch_norm": ("batch_norm", "--variants", "before activation", *SMALL),
    "convolutions with dropout": ("convolutions.py", "--seeds", "6"),
}
WAYS: Mapping[str, Sequence[str]] = {
    "seconds": (),
    "seconds_one": ("--population", "8"),  # as many places as by itself, but one population
    "seconds_fit": ("--engine", "fit"),
}


def seconds_of(words: Sequence[str], folder: Path) -> float:
    """Returns the seconds of a command whose results go into a fresh folder.

    Args:
        words: Its arguments.
        folder: Where the experiment's file is, if it is not one of the zoo's.

    Raises:
        RuntimeError: If the command fails.
    """
    with tempfile.TemporaryDirectory() as results:
        command = [sys.executable, "-m", "zoo", "run", *words]
        here = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
        began = time.perf_counter()
        done = subprocess.run(
            [*command, "--results", results],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": here},
            capture_output=True,
            text=True,
            check=False,
        )
        spent = time.perf_counter() - began
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr}")
    return spent


def main() -> None:
    """Measures, prints and keeps the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default=",".join(COMMANDS), help="rows, separated by commas")
    parser.add_argument("--results", type=Path, default=ROOT / "results")
    arguments = parser.parse_args()
    from zoo.engine.device import import_keras

    import_keras()  # for the name of the device
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "convolutions.py").write_text(CONVOLUTIONS, encoding="utf-8")
        for command in arguments.only.split(","):
            took = {
                name: seconds_of([*COMMANDS[command], *way], folder) for name, way in WAYS.items()
            }
            own, one, fit = took.values()
            row = {"command": command, **took, "ratio_one": one / own, "ratio": fit / own}
            rows.append(row)
            told = (
                f"{own:6.1f} s, one population at a time {one:6.1f} s ({one / own:.2f} times), "
                f"fit {fit:6.1f} s ({fit / own:.1f} times)"
            )
            print(f"{command:28s} {told}")  # noqa: T201
    print(f"Load of the machine over the last minute: {os.getloadavg()[0]:.1f} processes.")  # noqa: T201
    keep(rows, arguments.results / "timings", "commands-")


if __name__ == "__main__":
    main()
