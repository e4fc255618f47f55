"""What a search costs: random trials that train together, beside keras-tuner's own RandomSearch.

Both search the learning rate of the same network on the same data for the same epochs, in turns on
the same machine. The trials of the one that trains together are trained again one at a time, to see
that their scores are the same. `make benchmark` prints the table and keeps it in
`results/timings/`.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.engine import ROOT, keep

LOW, HIGH = 1e-3, 0.3
EPOCHS, BATCH = 5, 128
SAME = 1e-4  # of scores; where training is chaotic, at high rates, rounding may grow beyond it


def network() -> Any:
    """Builds the default network: an MLP of three hidden layers with 100 units."""
    import keras

    hidden = [keras.layers.Dense(100, "relu", kernel_initializer="he_normal") for _ in range(3)]
    return keras.Sequential([keras.Input((40,)), *hidden, keras.layers.Dense(10)])


def optimizer(rate: float) -> Any:
    """Returns plain gradient descent with momentum."""
    import keras

    return keras.optimizers.SGD(rate, momentum=0.9)


def stock(data: Any, trials: int, folder: Path) -> float:
    """Returns the seconds of keras-tuner's RandomSearch."""
    import keras
    import keras_tuner

    def build(hyperparameters: Any) -> Any:
        rate = hyperparameters.Float("learning_rate", LOW, HIGH, sampling="log")
        model = network()
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(optimizer(rate), loss, metrics=["accuracy"])
        return model

    tuner = keras_tuner.RandomSearch(
        build, "val_accuracy", max_trials=trials, seed=1, directory=folder, project_name="stock"
    )
    began = time.perf_counter()
    tuner.search(
        data.x_train,
        data.y_train,
        epochs=EPOCHS,
        batch_size=BATCH,
        validation_data=(data.x_validation, data.y_validation),
        verbose=0,
    )
    return time.perf_counter() - began


def together(data: Any, trials: int, engine: str, folder: Path) -> tuple[float, list[float]]:
    """Returns the seconds of a search with our engine, and the scores of its trials."""
    from zoo.many import fit_many
    from zoo.search.oracle import Oracle
    from zoo.search_space import Dimension

    space = {"learning_rate": Dimension("learning_rate", LOW, HIGH, "log")}
    began = time.perf_counter()
    oracle = Oracle("random", space, trials, 1, EPOCHS, folder / engine)
    scores = []
    while batch := oracle.ask(32):
        results = fit_many(
            network,
            optimizer,
            data,
            seeds=(0,),
            learning_rates=[trial.values["learning_rate"] for trial in batch],
            epochs=EPOCHS,
            batch_size=BATCH,
            engine=engine,
        )
        for trial, result in zip(batch, results, strict=True):
            scores.append(result.final["val_accuracy"])
            oracle.tell(trial, scores[-1])
    return time.perf_counter() - began, scores


def main() -> None:
    """Measures, prints and keeps the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--results", type=Path, default=ROOT / "results")
    arguments = parser.parse_args()
    from zoo.engine.device import import_keras

    import_keras()
    from zoo import data as datasets

    data, trials = datasets.load("mnist1d"), arguments.trials
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        population, scores = together(data, trials, "population", folder)
        theirs = stock(data, trials, folder)
        alone, same = together(data, trials, "fit", folder)
    apart = [abs(one - other) for one, other in zip(scores, same, strict=True)]
    seconds = {
        "keras-tuner's RandomSearch": theirs,
        "one at a time with our engine": alone,
        "together": population,
    }
    rows = [
        {"search": how, "trials": trials, "seconds": value, "times_as_fast": theirs / value}
        for how, value in seconds.items()
    ]
    for row in rows:
        speed = f"{row['times_as_fast']:6.1f} times as fast"
        print(f"{row['search']:32s} {row['seconds']:7.1f} s {speed}")  # noqa: T201
    equal = sum(each <= SAME for each in apart)
    words = f"Scores of the last two that are equal to {SAME:g}: {equal} of {trials}"
    print(f"{words}; largest difference: {max(apart):.2g}")  # noqa: T201
    load = f"Load of the machine over the last minute: {os.getloadavg()[0]:.1f} processes.\n"
    print(load)  # noqa: T201
    keep(rows, arguments.results / "timings", "search-")


if __name__ == "__main__":
    main()
