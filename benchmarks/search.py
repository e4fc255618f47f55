"""What a search costs: random trials of `zoo.tuner.Search`, beside keras-tuner's RandomSearch.

Both search with the same hypermodel on the same data for the same epochs, one after the other on
the same machine: once for the learning rate, so that all trials share a program, once for the width
as well, so that hardly two do. Some trials are trained again by `fit`, one at a time, to see that
their scores are the same. `make benchmark` prints the table and keeps it in `results/timings/`.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.engine import ROOT, keep

LOW, HIGH = 1e-3, 0.3
NARROW, WIDE = 20, 200
EPOCHS, BATCH = 5, 128
CHECKED = 20  # trials that are trained again
OURS, STOCK = "zoo.tuner.Search", "keras-tuner's RandomSearch"
SAME = 1e-4  # of scores; where training is chaotic, at high rates, rounding may grow beyond it


def network(units: int) -> Any:
    """Builds an MLP of three hidden layers; the default network has 100 units in each."""
    import keras

    hidden = [keras.layers.Dense(units, "relu", kernel_initializer="he_normal") for _ in range(3)]
    return keras.Sequential([keras.Input((40,)), *hidden, keras.layers.Dense(10)])


def optimizer(rate: float) -> Any:
    """Returns plain gradient descent with momentum."""
    import keras

    return keras.optimizers.SGD(rate, momentum=0.9)


def build(hyperparameters: Any, widths: bool) -> Any:
    """Builds the compiled model of a trial."""
    import keras

    rate = hyperparameters.Float("learning_rate", LOW, HIGH, sampling="log")
    model = network(hyperparameters.Int("units", NARROW, WIDE) if widths else 100)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer(rate), loss, metrics=["accuracy"])
    return model


def seconds_of(search: Callable[..., Any], data: Any) -> float:
    """Returns the seconds of a search, which is told nothing but what both of them take."""
    began = time.perf_counter()
    search(
        data.x_train,
        data.y_train,
        epochs=EPOCHS,
        batch_size=BATCH,
        validation_data=(data.x_validation, data.y_validation),
        verbose=0,
    )
    return time.perf_counter() - began


def apart(trials: Any, data: Any) -> list[float]:
    """Returns how far the scores of the first trials are from what `fit` gives for them."""
    from zoo.many import fit_many

    found = []
    for trial in trials.head(CHECKED).to_dict("records"):
        (result,) = fit_many(
            partial(network, int(trial.get("units", 100))),
            optimizer,
            data,
            seeds=(0,),
            learning_rates=[trial["learning_rate"]],
            epochs=EPOCHS,
            batch_size=BATCH,
            engine="fit",
        )
        found.append(abs(result.final["val_accuracy"] - trial["score"]))
    return found


def search(way: str, widths: bool, trials: int) -> tuple[float, list[float]]:
    """Searches one way; returns the seconds and, of ours, how far scores are from `fit`'s."""
    import keras_tuner

    from zoo import data as datasets
    from zoo.tuner import Search

    made, data = partial(build, widths=widths), datasets.load("mnist1d")
    with tempfile.TemporaryDirectory() as folder:
        if way == OURS:
            ours = Search(made, trials=trials, seed=1, folder=folder)
            return seconds_of(ours.search, data), apart(ours.trials, data)
        theirs = keras_tuner.RandomSearch(
            made, "val_accuracy", max_trials=trials, seed=1, directory=folder, project_name="stock"
        )
        return seconds_of(theirs.search, data), []


def alone(*arguments: Any) -> tuple[float, list[float]]:
    """Searches in a process of its own, as those that came before would slow it down."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(search, arguments)


def rows_of(name: str, widths: bool, trials: int) -> list[dict[str, Any]]:
    """Searches both ways, prints and returns their rows."""
    (ours, far), (theirs, _) = (alone(way, widths, trials) for way in (OURS, STOCK))
    rows = [
        {
            "searched": name,
            "search": way,
            "trials": trials,
            "seconds": seconds,
            "times_as_fast": theirs / seconds,
        }
        for way, seconds in ((OURS, ours), (STOCK, theirs))
    ]
    for row in rows:
        speed = f"{row['seconds']:7.1f} s {row['times_as_fast']:6.1f} times as fast"
        print(f"{name:16s} {row['search']:28s} {speed}")  # noqa: T201
    equal = sum(each <= SAME for each in far)
    words = f"{equal} of {len(far)} scores are those of fit to {SAME:g}"
    print(f"{name:16s} {words}; largest difference: {max(far):.2g}")  # noqa: T201
    return rows


def main() -> None:
    """Measures, prints and keeps the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--results", type=Path, default=ROOT / "results")
    arguments = parser.parse_args()
    rows = [
        row
        for name, widths in (("learning rate", False), ("rate and width", True))
        for row in rows_of(name, widths, arguments.trials)
    ]
    load = f"Load of the machine over the last minute: {os.getloadavg()[0]:.1f} processes.\n"
    print(load)  # noqa: T201
    keep(rows, arguments.results / "timings", "search-")


if __name__ == "__main__":
    main()
