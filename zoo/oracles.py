"""keras-tuner's oracles, asked for as many trials as train together. Only this module imports it.

What keras-tuner 1.4 needs besides is here, with the number of its issue where there is one:

- a seed of 0 means none, and neighbouring seeds give shifted copies of one stream: a search's seed
  is hashed;
- `GridSearchOracle` waits for a trial to end before it gives two more, and forgets its queue when
  it is resumed (#1055): the grid is enumerated;
- three scores in a row that are not finite end a search: a score is finite, divergence a record;
- nothing is resumed from its files: the same seed and scores lead to the same trials, so a search
  is replayed from the stored runs (#702, #439).
"""

from __future__ import annotations

import itertools
import math
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.errors import ZooError
from zoo.search_space import Dimension
from zoo.seeding import derived_seed

STRATEGIES = ("random", "grid", "bayesian", "hyperband")
OBJECTIVE = "val_accuracy"
HALVING = 3  # of Hyperband: how many times more epochs for a third of the trials


@dataclass(frozen=True, eq=False)
class Trial:
    """One point of a search.

    Attributes:
        id: The oracle's.
        values: Value by hyperparameter.
        epochs: Epochs that the strategy gives it, or `None` for the search's own.
    """

    id: str
    values: Mapping[str, Any]
    epochs: int | None = None


class Oracle:
    """Asks one of keras-tuner's strategies for trials, and tells it their scores.

    Args:
        strategy: One of `STRATEGIES`.
        space: What varies.
        trials: Most trials, at least 1; Hyperband has its own number.
        seed: Any integer.
        epochs: Epochs of a trial; of Hyperband's longest.
        folder: Folder for keras-tuner's own files, emptied first.
    """

    def __init__(
        self,
        strategy: str,
        space: Mapping[str, Dimension],
        trials: int,
        seed: int,
        epochs: int,
        folder: Path,
    ) -> None:
        check(strategy, trials)
        self._oracle = _make(strategy, space, trials, derived_seed("search", seed) or 1, epochs)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        # By this file a stock tuner sees that there is something to read.
        (folder / "tuner0.json").write_text("{}", encoding="utf-8")
        self._oracle._set_project_dir(str(folder.parent), folder.name)
        self._oracle.verbose = 0
        self._known = set(space)
        self._asked = 0

    def ask(self, most: int) -> list[Trial]:
        """Returns the next trials, at most so many; none when the search is over."""
        found: list[Trial] = []
        while len(found) < most:
            self._asked += 1  # a place that still has a trial would be given the same again
            given = self._oracle.create_trial(f"place{self._asked}")
            if given.status != "RUNNING":  # over, or waiting for those that were given
                break
            values = given.hyperparameters.values
            own = {name: value for name, value in values.items() if name in self._known}
            found.append(Trial(given.trial_id, own, values.get("tuner/epochs")))
        return found

    def tell(self, trial: Trial, score: float) -> None:
        """Ends a trial.

        Args:
            trial: One that `ask` returned.
            score: Its validation accuracy, finite.
        """
        if not math.isfinite(score):
            raise ValueError(f"`score` must be finite. Received: {score}")
        self._oracle.update_trial(trial.id, {OBJECTIVE: score})
        given = self._oracle.get_trial(trial.id)
        given.status = "COMPLETED"
        self._oracle.end_trial(given)


def check(strategy: str, trials: int) -> None:
    """Raises ZooError unless there is such a strategy, and a trial."""
    if strategy not in STRATEGIES:
        raise ZooError(
            f"`--strategy` must be one of {', '.join(STRATEGIES)}. Received: {strategy!r}"
        )
    if trials < 1:
        raise ZooError(f"`--trials` must be at least 1. Received: {trials}")


def _make(
    strategy: str, space: Mapping[str, Dimension], trials: int, seed: int, epochs: int
) -> Any:
    kt = _keras_tuner()
    shared = {
        "objective": kt.Objective(OBJECTIVE, "max"),
        "hyperparameters": _hyperparameters(kt, space, strategy, trials),
        "seed": seed,
        "tune_new_entries": False,
        "allow_new_entries": False,
        "max_consecutive_failed_trials": sys.maxsize,
    }
    if strategy == "random":
        return kt.oracles.RandomSearchOracle(max_trials=trials, **shared)
    if strategy == "bayesian":
        return kt.oracles.BayesianOptimizationOracle(max_trials=trials, **shared)
    if strategy == "hyperband":
        return kt.oracles.HyperbandOracle(max_epochs=epochs, factor=HALVING, **shared)
    points = grid(space, trials)

    class Enumerated(kt.oracles.GridSearchOracle):  # type: ignore[name-defined, misc]
        """Gives the points of the grid in order, whether or not earlier ones have ended."""

        def populate_space(self, trial_id: str) -> dict[str, Any]:
            if len(self.start_order) < len(points):
                return {"status": "RUNNING", "values": points[len(self.start_order)]}
            return {"status": "IDLE" if self.ongoing_trials else "STOPPED", "values": None}

    return Enumerated(max_trials=trials, **shared)


def grid(space: Mapping[str, Dimension], trials: int) -> list[dict[str, Any]]:
    """Returns the points of the finest even grid that has no more than so many.

    A list is always taken whole; every range gets the same number of values, at least one.
    """
    lists = math.prod(len(each.choices) for each in space.values() if each.is_list)
    ranges = sum(not each.is_list for each in space.values())
    if lists > trials:
        raise ZooError(
            f"A grid over these lists has at least {lists} points. Received: --trials {trials}. "
            "Give more trials, or shorter lists with --space."
        )
    points = 1
    while ranges and lists * (points + 1) ** ranges <= trials:
        points += 1
    values = [dimension.grid(points) for dimension in space.values()]
    return [dict(zip(space, each, strict=True)) for each in itertools.product(*values)]


def _hyperparameters(kt: Any, space: Mapping[str, Dimension], strategy: str, trials: int) -> Any:
    """Returns keras-tuner's form of the space."""
    found = kt.HyperParameters()
    for name, dimension in space.items():
        if strategy == "grid" and not dimension.is_list:
            values = {point[name] for point in grid(space, trials)}
            found.Choice(name, sorted(values), ordered=True)
        elif dimension.is_list:
            found.Choice(name, list(dimension.choices))
        elif dimension.whole:
            low, high = int(dimension.low), int(dimension.high)
            found.Int(name, low, high, sampling=dimension.sampling)
        else:
            found.Float(name, dimension.low, dimension.high, sampling=dimension.sampling)
    return found


def _keras_tuner() -> Any:
    try:
        import keras_tuner
    except ImportError as error:
        raise ZooError(
            f"A search needs keras-tuner: pip install -r requirements.txt ({error})"
        ) from error
    return keras_tuner


def scores(values: Sequence[float]) -> float:
    """Returns the score of a trial from its runs' validation accuracies; none counts as 0."""
    finite = [value if math.isfinite(value) else 0.0 for value in values]
    return sum(finite) / len(finite)
