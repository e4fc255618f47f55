"""What the recording callbacks cost: epochs with them, beside epochs of the same runs without.

Runs of a network of ten layers train eight at once and, as the engine does where one keeps all
cores busy, one at a time. All rows share one compiled program and take turns in random order, a few
epochs each, so that whatever else the machine does falls on all of them alike. The first turn,
which compiles, and the first epoch of each turn are left out. A ratio is the median over the turns
of the time of an epoch divided by that of the same turn without callbacks. The second row without
any shows how far a ratio is from 1 by chance.
`make benchmark` prints the table and keeps it in `results/timings/`.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.engine import ROOT, keep

LAYERS, UNITS, INPUTS, CLASSES = 10, 100, 40, 10
EXAMPLES, VALIDATION, PROBE = 4000, 1000, 256
BATCH, RUNS = 128, 8
EPOCHS, TURNS = 4, 15


def build() -> Any:
    """Builds the network: ten layers with weights."""
    import keras

    hidden = [keras.layers.Dense(UNITS, "relu", "he_normal") for _ in range(LAYERS - 1)]
    return keras.Sequential([keras.Input((INPUTS,)), *hidden, keras.layers.Dense(CLASSES)])


def recorders(x: Any, y: Any) -> dict[str, Callable[[], list[Any]]]:
    """Returns what to measure: for each row a function that makes a run's callbacks."""
    from callbacks import ActivationHistogram, GradientStatistics, UpdateRatio, WeightStatistics

    rows: dict[str, Callable[[], list[Any]]] = {
        "no callback": list,
        "no callback again": list,
        "ActivationHistogram": lambda: [ActivationHistogram(x)],
        "GradientStatistics": lambda: [GradientStatistics(x, y)],
        "UpdateRatio": lambda: [UpdateRatio()],
        "WeightStatistics": lambda: [WeightStatistics()],
    }
    every = list(rows.values())
    return {**rows, "all four": lambda: [callback for make in every for callback in make()]}


def populations(places: int) -> dict[str, Any]:
    """Returns a population for each row; they share one program.

    Args:
        places: How many of the runs train at once.
    """
    import keras
    import numpy as np

    from zoo.data import Data
    from zoo.engine.groups import groups
    from zoo.engine.program import Program
    from zoo.engine.together import Population
    from zoo.experiment import Recipe
    from zoo.runs.run import Job, Run, Silent

    rng = np.random.default_rng(0)
    x = rng.normal(size=(EXAMPLES + VALIDATION, INPUTS)).astype("float32")
    y = rng.integers(0, CLASSES, len(x)).astype("int32")
    held_out = x[EXAMPLES:], y[EXAMPLES:]
    classes = tuple(map(str, range(CLASSES)))
    data = Data("noise", x[:EXAMPLES], y[:EXAMPLES], *held_out, *held_out, CLASSES, classes, "")
    found: dict[str, Any] = {}
    program = None
    for name, callbacks in recorders(x[-PROBE:], y[-PROBE:]).items():
        recipe = Recipe(
            build_model=lambda input_shape, num_classes: build(),
            optimizer=keras.optimizers.SGD,
            learning_rates=(0.01,),
            epochs=(1 + EPOCHS) * (1 + TURNS) + 1,
            batch_size=BATCH,
            callbacks=callbacks,
        )
        jobs = [Job(recipe, Run(name, 0.01, seed)) for seed in range(places)]
        (group,) = groups(jobs, data)
        if group.reason:
            raise SystemExit(f"{name}: {group.reason}")
        group.size = places
        program = program or Program(group, data)
        found[name] = Population(program, group, data, Silent())
    return found


def epoch(population: Any) -> None:
    """Trains a population for an epoch, in this thread."""
    steps, outcome = population.epochs(), None
    with contextlib.suppress(StopIteration):
        while True:
            outcome = steps.send(outcome).call()


def measure(places: int) -> list[dict[str, Any]]:
    """Trains all populations in turn and returns one row each."""
    import keras

    from zoo.engine import together

    together.AHEAD = 0.0  # an epoch at a time, as with callbacks
    found = populations(places)
    names = list(found)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    order = random.Random(0)
    for turn in range(1 + TURNS):
        for name in order.sample(names, len(names)):
            epoch(found[name])  # finds the caches as another row has left them
            began = time.perf_counter()
            for _ in range(EPOCHS):
                epoch(found[name])
            if turn:  # the first compiles
                seconds[name].append((time.perf_counter() - began) / EPOCHS)
    rows = []
    for name, times in seconds.items():
        pairs = zip(times, seconds[names[0]], strict=True)
        ratios = [each / alone for each, alone in pairs]
        lower, _, upper = statistics.quantiles(ratios, n=4)
        rows.append(
            {
                "callbacks": f"{name} ({keras.backend.backend()})",
                "runs": places,
                "epoch_ms": 1e3 * statistics.median(times),
                "ratio": statistics.median(ratios),
                "lower_quartile": lower,
                "upper_quartile": upper,
            }
        )
    return rows


def table(rows: list[dict[str, Any]]) -> str:
    """Renders rows for people."""
    head = f"{'callbacks':34s} {'runs':>4s} {'epoch ms':>8s} {'ratio':>6s} {'its quartiles':>13s}"
    lines = [head, "-" * len(head)]
    for row in rows:
        quartiles = f"{row['lower_quartile']:.2f} to {row['upper_quartile']:.2f}"
        lines.append(
            f"{row['callbacks']:34s} {row['runs']:4d} {row['epoch_ms']:8.1f} {row['ratio']:6.2f} "
            f"{quartiles:>13s}"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measures both sizes and prints and keeps the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=ROOT / "results")
    arguments = parser.parse_args()
    from zoo.engine.device import import_keras

    import_keras()
    rows = [row for places in (RUNS, 1) for row in measure(places)]
    load = f"Load of the machine over the last minute: {os.getloadavg()[0]:.1f} processes.\n"
    print(f"{table(rows)}\n{load}")  # noqa: T201
    keep(rows, arguments.results / "timings", "callbacks-")


if __name__ == "__main__":
    main()
