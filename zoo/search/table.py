"""The trials of a search as a table: one row a trial, its score, and which is best."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from zoo.runs.run import Result
from zoo.search.oracle import OWN, Trial

COLUMNS = ("stage", "trial", "status", "score", "deviation", "runs", "diverged", "epochs", "error")
STATUSES = ("completed", "diverged", "failed")  # the best first


@dataclass(frozen=True)
class Execution:
    """One network of a trial.

    Attributes:
        value: The objective after the last epoch.
        status: `completed`, or `diverged` if the value or a loss is not finite.
        history: One value an epoch for each metric.
    """

    value: float
    status: str
    history: dict[str, Any]


def execution_of(result: Result, objective: str, of_classes: bool = True) -> Execution:
    """Returns a run as an execution of a trial.

    Args:
        result: The run.
        objective: A name in its `final` values.
        of_classes: Whether accuracy means something.
    """
    value = result.final[objective]
    status = result.status if math.isfinite(value) else "diverged"
    history = {
        name: values
        for name, values in result.history.items()
        if of_classes or not name.endswith("accuracy")
    }
    return Execution(value, status, history)


@dataclass(eq=False)
class Table:
    """The trials that have ended, in the order in which they were asked for.

    A trial's score is the mean of the objective over its executions. What is not finite counts as
    worse than whatever has been finite so far, by as much as the best is better than the worst (or
    by a single value itself), so that a strategy which learns from scores does not take it for one
    of them.

    Attributes:
        objective: Name of the objective.
        direction: `max` if a higher objective is better, else `min`.
        epochs: Epochs of a trial for which the strategy names none.
        rows: One a trial, by column.
        ended: The trial of each row with its executions; none if it failed.
        errors: What trials failed of.
    """

    objective: str
    direction: str = "max"
    epochs: int = 0
    rows: list[dict[str, Any]] = field(default_factory=list)
    ended: list[tuple[Trial, Sequence[Execution]]] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)

    @property
    def frame(self) -> pd.DataFrame:
        """The rows as a table."""
        return pd.DataFrame(self.rows)

    def add(
        self,
        found: Mapping[Trial, Sequence[Execution] | Exception],
        stage: int = 1,
        epochs: int | None = None,
    ) -> list[float]:
        """Adds trials that have ended, and returns their scores.

        Args:
            found: What became of each: its executions, or an error.
            stage: Number of the stage of the search.
            epochs: Epochs of the stage, if they are not the search's.
        """
        self.ended += [
            (trial, [] if isinstance(each, Exception) else each) for trial, each in found.items()
        ]
        worst = self._worse_than_all()
        rows = [
            self._row(stage, epochs or self.epochs, trial, executions, worst)
            for trial, executions in found.items()
        ]
        self.rows += rows
        self.errors += [each for each in found.values() if isinstance(each, Exception)]
        return [row["score"] for row in rows]

    def _worse_than_all(self) -> float:
        """Returns what counts for a value that is not finite."""
        values = [each.value for _, executions in self.ended for each in executions]
        finite = [value for value in values if math.isfinite(value)]
        if not finite:
            return 0.0
        low, high = min(finite), max(finite)
        further = (high - low) or abs(high) or 1.0
        return low - further if self.direction == "max" else high + further

    def _row(
        self,
        stage: int,
        epochs: int,
        trial: Trial,
        found: Sequence[Execution] | Exception,
        worst: float,
    ) -> dict[str, Any]:
        error = {"error": first_line(found)} if isinstance(found, Exception) else {}
        executions = [] if isinstance(found, Exception) else found
        diverged = sum(each.status == "diverged" for each in executions)
        counted = [each.value if math.isfinite(each.value) else worst for each in executions]
        return {
            "stage": stage,
            "trial": trial.id,
            "status": "failed" if error else "diverged" if diverged else "completed",
            "score": float(np.mean(counted or [worst])),
            "deviation": float(pd.Series(counted, dtype=float).std(ddof=1)),
            "runs": len(executions),
            "diverged": diverged,
            "epochs": trial.epochs or epochs,
            **{column_of(name): value for name, value in own_values(trial).items()},
            **{f"{self.objective}_{place}": each.value for place, each in enumerate(executions)},
            **error,
        }

    def ranked(self) -> list[int]:
        """Returns the places of the rows, the best first."""
        return ranked(self.frame, self.direction)


def ranked(rows: pd.DataFrame, direction: str = "max") -> list[int]:
    """Returns the places of trials, the best first; the first of equals before the others.

    Those that were trained longest come first, and among them those that completed.

    Args:
        rows: One row a trial, as in `trials.csv`.
        direction: `max` if a higher score is better, else `min`.
    """
    sign = 1 if direction == "min" else -1
    keys = zip(rows["status"], rows["epochs"], rows["score"], strict=True)
    places = [
        (status == "failed", -epochs, STATUSES.index(status), sign * score)
        for status, epochs, score in keys
    ]
    return sorted(range(len(places)), key=places.__getitem__)


def own_values(trial: Trial) -> dict[str, Any]:
    """Returns the hyperparameters of a trial, without what its strategy notes among them."""
    asked = {} if trial.hyperparameters is None else trial.hyperparameters.values
    values = {**asked, **trial.values}
    return {name: value for name, value in values.items() if not name.startswith(OWN)}


def column_of(name: str) -> str:
    """Returns the column of a hyperparameter, also where its name is a column already."""
    return f"hyperparameter {name}" if name in COLUMNS else name


def first_line(error: Exception) -> str:
    """Returns an error in one line."""
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}"
