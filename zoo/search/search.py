"""The one loop of every search: ask a strategy, have its trials trained, tell it their scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from zoo.search.oracle import Oracle, Trial
from zoo.search.table import Execution, Table

# What becomes of trials that are trained together: their executions, or an error.
Train = Callable[[Sequence[Trial]], Mapping[Trial, Sequence[Execution] | Exception]]


def search(
    oracle: Oracle,
    train: Train,
    table: Table,
    at_once: int,
    stage: int = 1,
    epochs: int | None = None,
) -> Iterator[Sequence[Trial]]:
    """Searches until the strategy has no more trials; yields each batch that has ended.

    Args:
        oracle: The strategy.
        train: Trains the trials of a batch.
        table: Takes in what became of them.
        at_once: How many trials are asked for before the strategy hears of their scores.
        stage: Number of the stage.
        epochs: Epochs of the stage, if they are not the table's.
    """
    while batch := oracle.ask(at_once):
        scores = table.add(train(batch), stage, epochs)
        for trial, score in zip(batch, scores, strict=True):
            oracle.tell(trial, score)
        yield batch


def shortfall(strategy: str, table: Table) -> str:
    """Returns a sentence if Hyperband ended before any trial had all of its epochs, else nothing.

    keras-tuner ends a bracket for which the space has too few points.
    """
    longest = max((row["epochs"] for row in table.rows), default=0)
    if strategy != "hyperband" or longest >= table.epochs:
        return ""
    return (
        f"Hyperband ended with trials of {longest} of {table.epochs} epochs: the space has fewer "
        "points than its first bracket needs. Search it on a grid, or at random."
    )
