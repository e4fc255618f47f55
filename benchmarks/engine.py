"""What a run-step costs: `model.fit`, the population, and the machine's own matrix products.

Every network is measured in a process of its own, methods in turn, each the median of several
repeats after one that compiles. All figures of a table come from one run of this command; compare
the ratios, not figures of different days. `make benchmark` prints the table and keeps it in
`results/timings/`.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
NETWORKS = {  # units by layer; the first number is the inputs
    "40-32-10": [40, 32, 10],
    "40-100-100-10": [40, 100, 100, 10],
    "40-100-100-10 bn+dropout": [40, 100, 100, 10],
    "784-512-512-10": [784, 512, 512, 10],
    "784-512-512-10 bn+dropout": [784, 512, 512, 10],
    "cnn 40 16-32": [],
    "cnn 28x28 16-32": [],
}
BATCH = 128
STEPS = 20
POPULATIONS = (1, 8, 32, 128)
REPEATS = 5


def build(name: str) -> Any:
    """Builds one of the networks."""
    import keras
    from keras import layers

    if name.startswith("cnn"):
        images = len(shape_of(name)) == 3
        convolution = layers.Conv2D if images else layers.Conv1D
        pooling = layers.MaxPooling2D if images else layers.MaxPooling1D
        return keras.Sequential(
            [
                keras.Input(shape_of(name)),
                convolution(16, 3, activation="relu"),
                pooling(2),
                convolution(32, 3, activation="relu"),
                pooling(2),
                layers.Flatten(),
                layers.Dense(10),
            ]
        )
    inputs, *hidden, outputs = NETWORKS[name]
    stack = [keras.Input((inputs,))]
    for units in hidden:
        stack.append(layers.Dense(units))
        if "bn" in name:
            stack.append(layers.BatchNormalization())
        stack.append(layers.ReLU())
        if "dropout" in name:
            stack.append(layers.Dropout(0.5))
    stack.append(layers.Dense(outputs))
    return keras.Sequential(stack)


def shape_of(name: str) -> tuple[int, ...]:
    """Returns the shape of an example of a network with convolutions, which its name has."""
    return (*map(int, name.split()[1].split("x")), 1)


def operations(name: str) -> float:
    """Floating-point operations of the matrix products of a step: forward, dW and dX."""
    widths = NETWORKS[name]
    products = [2 * BATCH * a * b for a, b in itertools.pairwise(widths)]
    return 3 * sum(products) - (products[0] if products else 0)  # nobody needs the inputs' dX


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Returns the seconds of the first call and the median of the later ones."""
    times = []
    for _ in range(REPEATS + 1):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return times[0], statistics.median(times[1:])


def measure(name: str) -> Iterator[dict[str, Any]]:
    """Yields one row for each way to train a network."""
    import keras
    import numpy as np

    import zoo

    backend = keras.backend.backend()
    shape = shape_of(name) if name.startswith("cnn") else (NETWORKS[name][0],)
    steps = 5 if name.startswith("cnn") else STEPS
    rng = np.random.default_rng(0)
    x = rng.normal(size=(steps * BATCH, *shape)).astype("float32")
    y = rng.integers(0, 10, len(x)).astype("int32")

    def row(method: str, runs: int, first: float, each: float) -> dict[str, Any]:
        step = each / runs / steps
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return {
            "network": name,
            "method": f"{method} ({backend})",
            "runs": runs,
            "us_per_run_step": 1e6 * step,
            "gflops": operations(name) / step / 1e9,
            "first_call_seconds": first - each,
            "peak_mb": peak,
        }

    def by_fit(jit: bool | str, executions: int) -> tuple[float, float]:
        model = build(name)
        model.compile(
            keras.optimizers.SGD(0.01),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            jit_compile=jit,
            steps_per_execution=executions,
        )
        return seconds(lambda: model.fit(x, y, batch_size=BATCH, verbose=0))

    yield row("fit", 1, *by_fit("auto", 1))
    options = [(False, 1), (False, steps), (True, 1), (True, steps)]
    if name.startswith("cnn"):
        options = options[:2]
    yield row("fit, best options", 1, *min((by_fit(*o) for o in options), key=lambda t: t[1]))

    epochs: list[float] = []

    class Clock:
        def epoch(self, jobs: list[Any], epoch: int) -> None:
            epochs.append(time.perf_counter())

        def note(self, text: str) -> None:
            notes.append(text)

    for runs in (1,) if name.startswith("cnn") else POPULATIONS:
        notes: list[str] = []
        epochs.clear()
        began = time.perf_counter()
        zoo.fit_many(
            lambda: build(name),
            keras.optimizers.SGD,
            ((x, y), (x[:BATCH], y[:BATCH])),
            seeds=range(runs),
            learning_rates=(0.01,),
            epochs=REPEATS + 1,
            batch_size=BATCH,
            progress=Clock(),
        )
        whole = time.perf_counter() - began
        each = steady_seconds(epochs, runs)
        result = row("population", runs, whole - REPEATS * each, each)
        if any(": fit" in note for note in notes):
            result["method"] = f"population -> fit ({backend})"
        yield result
    if backend == "jax" and not name.startswith("cnn") and "bn" not in name:
        from benchmarks.jax_by_hand import epoch_of

        for runs in POPULATIONS:
            work = epoch_of(NETWORKS[name], runs, x, y, BATCH)
            yield row("vmap by hand", runs, *seconds(work))
    if backend == "tensorflow":
        yield from machine(name, row)


def steady_seconds(stamps: list[float], runs: int) -> float:
    """Returns the seconds that an epoch of all runs takes, from the times its parts ended.

    The first epoch of every place compiles or fills it and is left out, as it is no median. Two
    populations may train at once, so that one of two gaps is short.
    """
    gaps = [(b - a) / 2 for a, b in zip(stamps, stamps[2:], strict=False)]
    rounds = max(1, len(stamps) // (REPEATS + 1))
    return statistics.median(gaps) * rounds


def machine(name: str, row: Callable[..., dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yields what the machine can do: the same shapes as bare batched products, a large sgemm."""
    import tensorflow as tf

    if NETWORKS[name]:
        shapes = list(zip(NETWORKS[name], NETWORKS[name][1:], strict=False))
        runs = 8
        pairs = []
        for place, (a, b) in enumerate(shapes):
            forward = (tf.random.normal((runs, BATCH, a)), tf.random.normal((runs, a, b)))
            weights = (tf.random.normal((runs, a, BATCH)), tf.random.normal((runs, BATCH, b)))
            inputs = (tf.random.normal((runs, BATCH, b)), tf.random.normal((runs, b, a)))
            pairs += [forward, weights] + [inputs] * (place > 0)

        def products() -> Any:
            def body(i: Any, total: Any) -> Any:
                # The factor changes with the step, or XLA would compute the products once.
                scale = 1.0 + 1e-9 * tf.cast(i, tf.float32)
                parts = [tf.reduce_sum(tf.matmul(p * scale, q)) for p, q in pairs]
                return i + 1, total + tf.add_n(parts)

            return tf.while_loop(lambda i, _: i < STEPS, body, (0, 0.0))[1]

        compiled = tf.function(products, jit_compile=True)
        first, each = seconds(lambda: compiled().numpy())
        yield row("bare batched products", runs, first, each)
    a, b = tf.random.normal((2048, 2048)), tf.random.normal((2048, 2048))
    _, each = seconds(lambda: tf.matmul(a, b).numpy())
    result = row("sgemm 2048", 1, 0.0, 1.0)
    unknown = dict.fromkeys(("us_per_run_step", "first_call_seconds"), float("nan"))
    yield {**result, **unknown, "gflops": 2 * 2048**3 / each / 1e9}


START = """
import sys, time
began = float(sys.argv[1])
from zoo.engine.device import import_keras
import_keras()
imported = time.time() - began
from zoo.runner.prepare import Settings, prepare
from zoo.runner.registry import find
from zoo.runner.trainer import Engine
from zoo.runs.run import Silent
settings = Settings(seeds=1, epochs=1, learning_rates=(0.1,))
prepared = prepare(find("optimizer"), settings, None)
planned = time.time() - began
next(iter(Engine().train(prepared.jobs[:1], prepared.data, Silent())))
print(f"{imported:.1f} {planned:.1f} {time.time() - began:.1f}")
"""


def main() -> None:
    """Measures all networks and prints and keeps the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", help="measure one network and print JSON lines")
    parser.add_argument("--results", type=Path, default=ROOT / "results")
    arguments = parser.parse_args()
    if arguments.network:
        from zoo.engine.device import import_keras

        import_keras()
        for found in measure(arguments.network):
            print(json.dumps(found), flush=True)  # noqa: T201
        return
    rows = list(all_rows())
    text = table(rows)
    began = repr(time.time())
    out = subprocess.run(
        [sys.executable, "-c", START, began], cwd=ROOT, capture_output=True, text=True, check=True
    )
    imported, planned, ended = out.stdout.split()
    text += (
        f"\nFrom command to the end of the first epoch: {ended} s; "
        f"Keras imported after {imported} s, data loaded and runs planned after {planned} s.\n"
    )
    print(text)  # noqa: T201
    keep(rows, arguments.results / "timings")


def all_rows() -> Iterator[dict[str, Any]]:
    """Measures every network on TensorFlow and, if it is installed, on JAX."""
    import importlib.util

    backends = ["tensorflow"] + ["jax"] * (importlib.util.find_spec("jax") is not None)
    for name in NETWORKS:
        for backend in backends:
            command = [sys.executable, "-m", "benchmarks.engine", "--network", name]
            environment = {**os.environ, "KERAS_BACKEND": backend}
            out = subprocess.run(
                command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True
            )
            yield from map(json.loads, out.stdout.splitlines())


def table(rows: list[dict[str, Any]]) -> str:
    """Renders rows for people, with ratios to plain `model.fit` on TensorFlow."""
    plain = {
        row["network"]: row["us_per_run_step"]
        for row in rows
        if row["method"] == "fit (tensorflow)"
    }
    sgemm = {row["network"]: row["gflops"] for row in rows if row["method"].startswith("sgemm")}
    head = (
        f"{'network':26s} {'method':32s} {'runs':>4s} {'us/run-step':>11s} {'times fit':>9s} "
        f"{'GFLOP/s':>8s} {'of sgemm':>8s} {'first call s':>12s} {'peak MB':>8s}"
    )
    lines = [head, "-" * len(head)]
    for row in rows:
        step = row["us_per_run_step"]
        faster = plain[row["network"]] / step
        share = row["gflops"] / sgemm[row["network"]] if row["gflops"] else float("nan")
        lines.append(
            f"{row['network']:26s} {row['method']:32s} {row['runs']:4d} {step:11.0f} {faster:9.1f} "
            f"{row['gflops']:8.1f} {share:8.2f} {row['first_call_seconds']:12.2f} "
            f"{row['peak_mb']:8.0f}"
        )
    return "\n".join(lines) + "\n"


def keep(rows: list[dict[str, Any]], folder: Path, prefix: str = "") -> None:
    """Writes the rows to a file named for the machine, after a prefix."""
    import pandas as pd

    from zoo.engine.device import device_slug, import_keras

    import_keras()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{prefix}{device_slug()}.csv"
    pd.DataFrame(rows).to_csv(path, index=False, float_format="%.4g", lineterminator="\n")
    print(f"Kept in {path}")  # noqa: T201


if __name__ == "__main__":
    main()
