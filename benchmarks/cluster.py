"""What training by several processes costs, and what it gains: figures of one run, as ratios.

What is compared takes turns on the same machine, each the median of its turns. Many workers are
simulated: stand-ins that sleep as long as a piece takes and then send its rows, so that the figures
show what the process that deals runs out, and Ray between, can keep up with.
`python -m benchmarks.cluster` prints the table, keeps it in `results/timings/` and writes
`results/cluster.md`, which says how busy the machine was.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.engine import ROOT, keep

TURNS = 3
WORKERS = (1, 8, 64, 512)
SLEEP_SECONDS, ROUNDS, ROWS = 10.0, 2, 20  # a piece: 20 runs of half a second each
EPOCHS = 20
ALONE = "store alone"
DEALT = "dealing: rows of one piece a second, kept in a store"
OWN = "dealing: the same a second of this process's own time"
ACTORS = 4  # processes that hold the stand-ins

Row = dict[str, Any]


def row(what: str, figure: float, unit: str) -> Row:
    """Returns a figure as it is printed and kept."""
    print(f"{what:60} {figure:10.4g} {unit}", flush=True)  # noqa: T201
    return {"what": what, "figure": figure, "unit": unit}


def result_of(place: int) -> Any:
    """Returns a finished run of a usual size."""
    from zoo.runs.run import METRICS, Result, Run

    history = {name: [0.1 + place] * EPOCHS for name in METRICS}
    final = dict.fromkeys(("val_loss", "val_accuracy", "test_loss", "test_accuracy"), 0.5)
    run = Run("relu", 0.1, place, f"{place:032x}")
    return Result(run, "completed", history, final, "population of 8", "CPU", 0.1, rights="A" * 180)


class StandIn:
    """Sleeps instead of training, for as many workers as may sleep at once."""

    async def train(self, places: Sequence[int], seconds: float) -> AsyncIterator[Any]:
        """Says who it is, sleeps, and sends a row for each place."""
        import asyncio

        yield "began", ("stand-in", 0)
        await asyncio.sleep(seconds)
        for place in places:
            yield "result", (place, result_of(place))


def dealing(workers: int, pieces: int, rows: int, seconds: float) -> float:
    """Returns the seconds that stand-ins take for some pieces, their rows kept in a store."""
    import ray

    from zoo.results.store import Store
    from zoo.runner.cluster.deal import Piece, dealt
    from zoo.runs.run import Silent

    actors = min(ACTORS, workers)
    each = workers // actors
    remote = ray.remote(StandIn).options(num_cpus=0, max_concurrency=each)
    pool = [remote.remote() for _ in range(actors)]
    work = [Piece(0, [*range(place * rows, (place + 1) * rows)], rows) for place in range(pieces)]
    sent = iter(range(pieces))

    def start(piece: Piece) -> Any:
        actor = pool[next(sent) % actors]
        return actor.train.options(num_returns="streaming").remote(piece.places, seconds)

    list(dealt([Piece(0, [0])], start, lambda: 1, Silent(), print))  # so that an actor is there
    sent = iter(range(pieces))
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder)) as store:
        began = time.perf_counter()
        for _, _, result in dealt(work, start, lambda: 2 * workers, Silent(), print):
            store.add("benchmark", result)
        taken = time.perf_counter() - began
    for actor in pool:
        ray.kill(actor)
    return taken


def simulated() -> Iterator[Row]:
    """Yields what dealing costs, and the share of an ideal speed by number of workers."""
    empty = dealing(8, 400, 1, 0.0)
    yield row("dealing: overhead of a piece with one row", 1000 * empty / 400, "ms")
    own = time.process_time()
    full = dealing(1, 1, 4000, 0.0)
    own = time.process_time() - own
    yield row(DEALT, 4000 / full, "rows/s")
    yield row(OWN, 4000 / own, "rows/s")
    for workers in WORKERS:
        taken = dealing(workers, ROUNDS * workers, ROWS, SLEEP_SECONDS)
        ideal = ROUNDS * SLEEP_SECONDS
        yield row(f"simulated: {workers} workers, of the ideal speed", ideal / taken, "")


def kept_alone() -> Iterator[Row]:
    """Yields how many rows a store keeps a second."""
    from zoo.results.store import Store

    results = [result_of(place) for place in range(2000)]
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder)) as store:
        began = time.perf_counter()
        for result in results:
            store.add("benchmark", result)
        yield row(ALONE, 2000 / (time.perf_counter() - began), "rows/s")


def network(kind: str) -> Callable[[], Any]:
    """Returns a function that builds the default network, or one with convolutions."""
    import keras
    from keras import layers

    def dense() -> Any:
        hidden = [layers.Dense(100, "relu") for _ in range(3)]
        return keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten(), *hidden, *last()])

    def convolutions() -> Any:
        hidden = [layers.Conv2D(16, 3, activation="relu"), layers.Conv2D(32, 3, activation="relu")]
        return keras.Sequential([keras.Input((8, 8, 1)), *hidden, layers.Flatten(), *last()])

    def last() -> list[Any]:
        return [layers.Dense(10)]

    return {"default": dense, "convolutions": convolutions}[kind]


def jobs_of(kind: str, epochs: int) -> tuple[list[Any], dict[str, Any]]:
    """Returns runs of a network, 2 rates and 8 seeds, and the data."""
    import keras

    from zoo import data
    from zoo.experiment import Recipe
    from zoo.runs.run import Job, Run

    build = network(kind)
    recipe = Recipe(
        build_model=lambda input_shape, num_classes: build(),
        optimizer=keras.optimizers.SGD,
        learning_rates=(0.01, 0.1),
        epochs=epochs,
        batch_size=64,
    )
    runs = [Run("v", rate, seed) for rate in (0.01, 0.1) for seed in range(8)]
    return [Job(recipe, run) for run in runs], {"v": data.load("digits")}


def two_against_one() -> Iterator[Row]:
    """Yields how much faster two processes train than one, and how long the first row takes."""
    from rich.console import Console

    from zoo.engine.device import import_keras
    from zoo.runner.cluster.connection import Cluster
    from zoo.runner.cluster.deal import elsewhere
    from zoo.runner.trainer import here

    import_keras()
    console = Console(quiet=True)

    def timed(where: Any, kind: str, epochs: int) -> tuple[float, float]:
        jobs, own = jobs_of(kind, epochs)
        began = time.perf_counter()
        results = where(jobs, own)
        next(results)
        first = time.perf_counter() - began
        for _ in results:
            pass
        return first, time.perf_counter() - began

    with Cluster(2) as cluster:
        many, one = elsewhere(cluster, console), here(console)
        cold, _ = timed(many, "default", 1)
        warm, _ = timed(many, "default", 1)
        alone, _ = timed(one, "default", 1)
        yield row("first row: Ray starts, processes import Keras", cold, "s")
        yield row("first row: processes are there", warm, "s")
        yield row("first row: this process", alone, "s")
        for kind, epochs in (("default", 100), ("convolutions", 100)):
            ratios = [
                timed(one, kind, epochs)[1] / timed(many, kind, epochs)[1] for _ in range(TURNS)
            ]
            name = f"two processes against one: {kind}"
            yield row(f"{name}, median of {TURNS}", statistics.median(ratios), "times")
            yield row(f"{name}, least", min(ratios), "times")
            yield row(f"{name}, most", max(ratios), "times")
        yield from simulated()


def page(rows: Sequence[Row], device: str, before: float) -> str:
    """Returns the table in Markdown, with what bounds the speed of many workers.

    Args:
        rows: The figures.
        device: What they were measured on.
        before: How many processes wanted a core in the minute before.
    """
    by_name = {each["what"]: each["figure"] for each in rows}
    last = 64 * ROWS
    lines = [
        "# What training by several processes costs and gains",
        "",
        f"`python -m benchmarks.cluster` on {device}. In the minute before it "
        f"{before:.1f} processes",
        "wanted to run; with more of them than cores, times are longer and shares "
        "smaller than on a",
        "machine of one's own, and two processes get a larger share of the cores than one, which",
        "makes them look better than they are.",
        "",
        "| what | figure | unit |",
        "|---|---|---|",
        *(f"| {each['what']} | {each['figure']:.4g} | {each['unit']} |" for each in rows),
        "",
        f"Simulated workers sleep for {SLEEP_SECONDS:g} seconds a piece instead of training, then",
        f"send {ROWS} rows; each has {ROUNDS} pieces, and the ideal is that nothing "
        "else takes time.",
        "",
        "What bounds them is the one process that deals runs out and keeps their rows: the store",
        f"alone takes {by_name[ALONE]:,.0f} rows a second, with Ray {by_name[DEALT]:,.0f}, at",
        f"{1000 / by_name[OWN]:.2g} ms of the process's own time a row. "
        "Simulated workers all end at",
        f"once: the last {last:,} rows of 64 of them take {last / by_name[DEALT]:.1f} of the",
        f"{ROUNDS * SLEEP_SECONDS:g} seconds. Workers that end at different times, "
        "as real ones do,",
        f"send {last / SLEEP_SECONDS:,.0f} rows a second, "
        f"512 of them {8 * last / SLEEP_SECONDS:,.0f}.",
        "The network was not measured: all is on one machine.",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Measures, prints and keeps the table."""
    from zoo.engine.device import device_name

    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--results", type=Path, default=ROOT / "results" / "timings")
    folder = parser.parse_args().results
    before = os.getloadavg()[0]
    rows = [*kept_alone(), *two_against_one()]
    keep(rows, folder, "cluster-")
    text = page(rows, device_name(), before)
    (folder.parent / "cluster.md").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
