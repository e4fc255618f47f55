"""What a run-step costs where each seed has its own draw of the data, against data that are fixed.

Both train in turn in one process, several times; an epoch's share of evaluation on validation
examples is counted in. Printed is the ratio of the medians.

    python -m benchmarks.resampled
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from typing import Any

SEEDS = 8
BATCH = 128
ROUNDS = 5
EPOCHS = 41  # of a round; the first compiles and is left out
HIDDEN = {"mnist1d": (100, 100), "digits": (100, 100), "mnist5k": (100, 100)}


class Clock:
    """Keeps the times at which epochs end."""

    def __init__(self) -> None:
        self.stamps: list[float] = []

    def epoch(self, jobs: list[Any], epoch: int) -> None:
        """Keeps the time."""
        self.stamps.append(time.perf_counter())

    def note(self, text: str) -> None:
        """Raises an error if the runs do not train together."""
        if ": fit" in text:
            raise RuntimeError(text)


def build(shape: tuple[int, ...], hidden: tuple[int, ...]) -> Any:
    """Returns a network of dense layers."""
    import keras

    layers = [keras.layers.Dense(units, "relu") for units in hidden]
    return keras.Sequential(
        [keras.Input(shape), keras.layers.Flatten(), *layers, keras.layers.Dense(10)]
    )


def seconds(given: Any, hidden: tuple[int, ...]) -> list[float]:
    """Returns the seconds of each epoch of `SEEDS` runs but the first."""
    import keras

    import zoo

    clock = Clock()
    zoo.fit_many(
        lambda: build(given.input_shape, hidden),
        keras.optimizers.SGD,
        given,
        seeds=range(SEEDS),
        learning_rates=(0.01,),
        epochs=EPOCHS,
        batch_size=BATCH,
        progress=clock,
    )
    return [after - before for before, after in itertools.pairwise(clock.stamps)]


def main() -> None:
    """Measures every data set and prints a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="+", default=list(HIDDEN), choices=list(HIDDEN))
    arguments = parser.parse_args()
    from zoo.engine.device import import_keras

    import_keras()
    from zoo import data

    print("data       fixed us/run-step  resampled us/run-step  ratio  by round")  # noqa: T201
    for name in arguments.data:
        kinds = data.load(name), data.load_draws(name)
        for seed in range(SEEDS):
            kinds[1].of(seed)
        rounds = [[seconds(each, HIDDEN[name]) for each in kinds] for _ in range(ROUNDS)]
        runs = SEEDS * (len(kinds[0].y_train) // BATCH)
        fixed, drawn = (
            1e6 / runs * statistics.median(itertools.chain.from_iterable(each))
            for each in zip(*rounds, strict=True)
        )
        each = [statistics.median(b) / statistics.median(a) for a, b in rounds]
        told = " ".join(f"{ratio:.2f}" for ratio in each)
        print(f"{name:10s} {fixed:17.0f} {drawn:22.0f} {drawn / fixed:6.2f}  {told}")  # noqa: T201


if __name__ == "__main__":
    main()
