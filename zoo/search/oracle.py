"""keras-tuner's oracles, asked for as many trials as train together.

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

import math
import shutil
import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.errors import ZooError, check_count
from zoo.runs.seeding import derived_seed

STRATEGIES = ("random", "grid", "bayesian", "hyperband")
OBJECTIVE = "val_accuracy"
# Metrics of Keras whose direction keras-tuner does not know by their names.
HIGHER_IS_BETTER = ("auc", "f1_score", "fbeta_score", "precision", "recall", "r2_score")
HALVING = 3  # of Hyperband: how many times more epochs for a third of the trials
RUNS_AT_ONCE = 32
BAYESIAN_AT_ONCE = 8  # a model of the scores learns from each; asked for many at once it guesses
OWN = "tuner/"  # begins the names of what Hyperband notes among a trial's values


@dataclass(frozen=True, eq=False)
class Trial:
    """One point of a search.

    Attributes:
        id: The oracle's.
        values: Value by hyperparameter.
        epochs: Epochs that the strategy gives it, or `None` for the search's own.
        hyperparameters: The same for a `keras_tuner.HyperModel`. What its `build` asks for besides
            joins the space when the trial ends, if the space is keras-tuner's.
    """

    id: str
    values: Mapping[str, Any]
    epochs: int | None = None
    hyperparameters: Any = None


class Oracle:
    """Asks one of keras-tuner's strategies for trials, and tells it their scores.

    Args:
        strategy: One of `STRATEGIES`.
        space: The `keras_tuner.HyperParameters` that vary; copied.
        trials: Most trials, at least 1; Hyperband has its own number.
        seed: Any integer.
        epochs: Epochs of a trial; of Hyperband's longest.
        folder: Folder for keras-tuner's own files, emptied first.
        objective: What a score is, for keras-tuner's files.
        direction: `max` if a higher score is better, else `min`.
        growing: Whether the space takes in what a hypermodel asks for besides.
    """

    def __init__(
        self,
        strategy: str,
        space: Any,
        trials: int,
        seed: int,
        epochs: int,
        folder: Path,
        objective: str = OBJECTIVE,
        direction: str = "max",
        growing: bool = False,
    ) -> None:
        check(strategy, trials)
        kt = keras_tuner_or_error()
        shared = {
            "objective": kt.Objective(objective, direction),
            "hyperparameters": space.copy(),
            "seed": derived_seed("search", seed) or 1,
            "tune_new_entries": growing,
            "allow_new_entries": growing,
            "max_consecutive_failed_trials": sys.maxsize,
        }
        self._oracle = _make(strategy, trials, epochs, shared)
        self._objective = objective
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        # By this file a stock tuner sees that there is something to read.
        (folder / "tuner0.json").write_text("{}", encoding="utf-8")
        self._oracle._set_project_dir(str(folder.parent), folder.name)
        self._oracle.verbose = 0
        self._asked = 0

    def ask(self, most: int) -> list[Trial]:
        """Returns up to `most` further trials; none when the search is over."""
        found: list[Trial] = []
        while len(found) < most:
            self._asked += 1  # a place that still has a trial would be given the same again
            with warnings.catch_warnings():
                # That the model of the scores fits them badly is no news to whoever searches.
                warnings.filterwarnings("ignore", module=r"sklearn\.gaussian_process")
                given = self._oracle.create_trial(f"place{self._asked}")
            if given.status != "RUNNING":  # over, or waiting for those that were given
                break
            values = given.hyperparameters.values
            own = {name: value for name, value in values.items() if not name.startswith(OWN)}
            epochs = values.get(f"{OWN}epochs")
            found.append(Trial(given.trial_id, own, epochs, given.hyperparameters))
        return found

    def tell(self, trial: Trial, score: float) -> None:
        """Ends a trial.

        Args:
            trial: One that `ask` returned.
            score: What the objective is, such as its validation accuracy; finite.
        """
        if not math.isfinite(score):
            raise ValueError(f"`score` must be finite. Received: {score}")
        self._oracle.update_trial(trial.id, {self._objective: score})
        given = self._oracle.get_trial(trial.id)
        given.status = "COMPLETED"
        self._oracle.end_trial(given)


def check(strategy: str, trials: int, dashes: str = "--") -> None:
    """Raises ZooError unless there is such a strategy, and a trial.

    Args:
        strategy: The strategy's name.
        trials: Most trials.
        dashes: What stands before an argument's name where it was given.
    """
    if strategy not in STRATEGIES:
        raise ZooError(
            f"`{dashes}strategy` must be one of {', '.join(STRATEGIES)}. Received: {strategy!r}"
        )
    check_count(f"{dashes}trials", trials)


def _make(strategy: str, trials: int, epochs: int, shared: Mapping[str, Any]) -> Any:
    kt = keras_tuner_or_error()
    if strategy == "random":
        return kt.oracles.RandomSearchOracle(max_trials=trials, **shared)
    if strategy == "bayesian":
        return kt.oracles.BayesianOptimizationOracle(max_trials=trials, **shared)
    if strategy == "hyperband":
        return kt.oracles.HyperbandOracle(max_epochs=epochs, factor=HALVING, **shared)

    class Enumerated(kt.oracles.GridSearchOracle):  # type: ignore[name-defined, misc]
        """Gives the points of the grid in order, whether or not earlier ones have ended."""

        def __init__(self) -> None:
            super().__init__(max_trials=trials, **shared)
            self.left = points(self.hyperparameters, trials)
            self.size = len(self.hyperparameters.space)

        def populate_space(self, trial_id: str) -> dict[str, Any]:
            if len(self.hyperparameters.space) > self.size:  # a trial has asked for more
                tried = [trial.hyperparameters.values for trial in self.trials.values()]
                every = points(self.hyperparameters, trials)
                self.left = [point for point in every if point not in tried]
                self.size = len(self.hyperparameters.space)
            if self.left:
                return {"status": "RUNNING", "values": self.left.pop(0)}
            return {"status": "IDLE" if self.ongoing_trials else "STOPPED", "values": None}

    return Enumerated()


def points(space: Any, trials: int) -> list[dict[str, Any]]:
    """Returns the points of the finest even grid with at most `trials` points.

    A choice is always taken whole; every range gets the same number of values, at least one, or all
    it has by its step. A hyperparameter that is inactive at a point has no value there.

    Args:
        space: A `keras_tuner.HyperParameters`.
        trials: Most points, at least 1.

    Raises:
        ZooError: If the choices alone make more.
    """
    whole = _product(space, trials, trials)
    if whole is not None:
        return whole
    found = None
    for values in range(1, trials + 1):
        finer = _product(space, values, trials)
        if finer is None:
            break
        found = finer
    if found is None:
        raise ZooError(
            f"A grid over these choices has more than {trials} points. Give more trials, or "
            "shorter lists."
        )
    return found


def _product(space: Any, values: int, most: int) -> list[dict[str, Any]] | None:
    """Returns the grid with this number of values for each range, or None if it is too large."""
    found: list[dict[str, Any]] = [{}]
    for each in space.space:
        own = _values(each, values)
        found = [
            {**point, **more}
            for point in found
            for more in (
                [{each.name: value} for value in own]
                if all(condition.is_active(point) for condition in each.conditions)
                else [{}]
            )
        ]
        if len(found) > most:
            return None
    return found


def _values(each: Any, values: int) -> list[Any]:
    """Returns the values of a choice, or the middles of even parts of a range."""
    if not hasattr(each, "min_value"):
        return list(each.values)
    middles = [(part + 0.5) / values for part in range(values)]
    found = [each.prob_to_value(middle) for middle in middles]
    if each.step is None:
        found = [value if isinstance(value, int) else float(f"{value:.3g}") for value in found]
    return list(dict.fromkeys(found))


def keras_tuner_or_error() -> Any:
    """Returns keras-tuner, which takes a second to import.

    Raises:
        ZooError: If it is not installed.
    """
    try:
        import keras_tuner
    except ImportError as error:
        raise ZooError(
            f"A search needs keras-tuner: pip install -r requirements.txt ({error})"
        ) from error
    return keras_tuner


def objective_of(given: Any) -> tuple[str, str]:
    """Returns name and direction of an objective.

    Args:
        given: A name that keras-tuner knows the direction of, or a `keras_tuner.Objective`.

    Raises:
        ZooError: If it is neither.
    """
    kt = keras_tuner_or_error()
    if not isinstance(given, str | kt.Objective):
        raise ZooError(
            f"`objective` must be a metric's name, or a keras_tuner.Objective. Received: {given!r}"
        )
    if isinstance(given, str) and any(word in given for word in HIGHER_IS_BETTER):
        return given, "max"
    try:
        found = kt.oracles.RandomSearchOracle(objective=given).objective
    except ValueError as error:
        raise ZooError(
            "`objective` must say what is better, unless it is a metric of Keras: "
            f'keras_tuner.Objective({given!r}, "max"), or "min". Received: {given!r}'
        ) from error
    return found.name, found.direction


def at_once(strategy: str, executions: int) -> int:
    """Returns how many trials are asked for at once."""
    most = BAYESIAN_AT_ONCE if strategy == "bayesian" else RUNS_AT_ONCE
    return max(most // executions, 1)
