"""A search over anybody's `keras_tuner.HyperModel`, whose trials train together where they can."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console

from zoo.errors import ZooError
from zoo.results.files import EXACT, write_frame
from zoo.results.store import Store
from zoo.search.executions import Execution, Trainer, first_line, trainer_of
from zoo.search.hypermodel import hypermodel_of, space_of
from zoo.search.oracle import OBJECTIVE, OWN, Oracle, Trial, at_once, check, objective_of

COLUMNS = ("trial", "status", "score", "deviation", "diverged", "epochs", "error")
WORST_LOSS = 100.0  # where not one has been finite
FAILURES = 3  # so many trials at the beginning, and no other, are a fault of the hypermodel


class Search:
    """A search with the words of keras-tuner, for its hypermodels.

    Trials of a classifier with integer labels whose models share a program train together, each to
    the numbers that `zoo.engine.fit` gives for it alone: initial weights and order of the examples
    from its seed, an incomplete last batch of an epoch dropped. All others train one at a time with
    the hypermodel's `fit`, and a line says why.

    A trial's score is the mean of the objective over its executions, which have the seeds 0, 1, 2,
    ..., **after the last epoch**; keras-tuner's best epoch is optimistic. A trial that diverges is
    a result: its status says so, and what is not finite counts as the worst score so far. One that
    cannot be built or trained has the status `failed` and its `error`.

    The folder keeps `trials.csv`, which grows as the search goes; every run, so that the same
    search goes on after a kill and ends with the same trials; and in `keras_tuner/` what
    keras-tuner's own tuners read. Another search in the same folder begins another table, but no
    run is lost. Arrays are known by what is in them; other data sets are not looked into, so each
    needs a folder of its own.

    Args:
        hypermodel: A `keras_tuner.HyperModel`, or a function of the hyperparameters that returns a
            compiled model.
        objective: `val_accuracy`, `val_loss`, another metric of Keras that is logged, or a
            `keras_tuner.Objective`.
        strategy: `random`, `grid`, `bayesian` or `hyperband`.
        trials: Most trials, at least 1; there are fewer in a smaller space, and Hyperband's number
            follows from the epochs.
        executions: Networks of each trial, at least 1.
        seed: Of what is drawn from the space, any integer.
        hyperparameters: A `keras_tuner.HyperParameters` whose entries replace the hypermodel's.
        folder: Where everything is kept.

    Raises:
        ZooError: If an argument is out of its range, or `build` returns no compiled model.

    Example:
        >>> search = Search(Mine(), trials=100, executions=3, folder="results/tuning/mine")
        >>> search.search(x, y, validation_data=(x_validation, y_validation), epochs=20)
        >>> search.trials.sort_values("score")
    """

    def __init__(
        self,
        hypermodel: Any,
        objective: Any = OBJECTIVE,
        *,
        strategy: str = "random",
        trials: int = 10,
        executions: int = 1,
        seed: int = 0,
        hyperparameters: Any = None,
        folder: str | Path,
    ) -> None:
        check(strategy, trials, dashes="")
        if executions < 1:
            raise ZooError(f"`executions` must be at least 1. Received: {executions}")
        self.hypermodel = hypermodel_of(hypermodel)
        self.objective, self.direction = objective_of(objective)
        self.strategy = strategy
        self.most = trials
        self.executions = executions
        self.seed = seed
        self.folder = Path(folder)
        self.space = space_of(self.hypermodel, hyperparameters)
        self._trainer: Trainer | None = None
        self._ended: dict[str, tuple[Trial, list[Execution]]] = {}
        self._rows: list[dict[str, Any]] = []
        self._errors: list[Exception] = []

    @property
    def trials(self) -> pd.DataFrame:
        """The trials so far, one a row.

        Columns: `trial`, `status`, `score` and its `deviation` over the executions, how many
        `diverged`, `epochs`, the hyperparameters, and the objective of each execution.
        """
        return pd.DataFrame(self._rows)

    def search(self, x: Any = None, y: Any = None, **arguments: Any) -> None:
        """Searches, or goes on with a search that was interrupted.

        Args:
            x: What `fit` takes as `x`.
            y: What `fit` takes as `y`.
            **arguments: What `fit` takes besides. An objective on validation data needs
                `validation_data` or `validation_split`: nothing is split off unasked. `callbacks`
                is a list that can be copied, or a function that returns fresh ones. `verbose=0`
                prints nothing.

        Raises:
            ZooError: If the arguments do not fit together, or the objective is not logged.
        """
        objective = self.objective, self.direction
        trainer = trainer_of(
            self.hypermodel, objective, self.executions, self.folder, x, y, arguments
        )
        oracle = Oracle(
            self.strategy,
            self.space,
            self.most,
            self.seed,
            trainer.epochs,
            self.folder / "keras_tuner",
            *objective,
        )
        self._trainer, self._rows, self._ended, self._errors = trainer, [], {}, []
        most = at_once(self.strategy, self.executions) if trainer.together(self.space) else 1
        with Store(self.folder) as store:
            while batch := oracle.ask(most):
                found = trainer.train(batch, store)
                rows = self._add(found)
                for trial, row in zip(batch, rows, strict=True):
                    oracle.tell(trial, row["score"])
                write_frame(self.folder / "trials.csv", self.trials, EXACT)
                self._check(FAILURES)
                best = self._rows[self._ranked()[0]]
                trainer.console.print(
                    f"{len(self._rows)} trials, best {self.objective} {best['score']:.6g} of trial "
                    f"{best['trial']}"
                )
        self._check(1)

    def _add(self, found: Mapping[Trial, list[Execution] | Exception]) -> list[dict[str, Any]]:
        """Adds a batch to the table, and returns its rows."""
        for trial, executions in found.items():
            self._ended[trial.id] = trial, [] if isinstance(executions, Exception) else executions
        worst = self._worst()
        rows = [self._row(trial, executions, worst) for trial, executions in found.items()]
        self._rows += rows
        self._errors += [each for each in found.values() if isinstance(each, Exception)]
        return rows

    def _check(self, fewest: int) -> None:
        """Raises the last error if there are so many trials and every one has failed."""
        if fewest <= len(self._rows) == len(self._errors):
            raise self._errors[-1]

    def _worst(self) -> float:
        """Returns what counts for a value that is not finite: the worst finite one so far."""
        values = [each.value for _, executions in self._ended.values() for each in executions]
        finite = [value for value in values if math.isfinite(value)]
        return min([0.0, *finite]) if self.direction == "max" else max(finite, default=WORST_LOSS)

    def _row(
        self, trial: Trial, found: list[Execution] | Exception, worst: float
    ) -> dict[str, Any]:
        """Returns a trial as a row of the table."""
        error = {"error": first_line(found)} if isinstance(found, Exception) else {}
        executions = [] if isinstance(found, Exception) else found
        diverged = sum(each.status == "diverged" for each in executions)
        counted = [each.value if math.isfinite(each.value) else worst for each in executions]
        values = trial.hyperparameters.values
        return {
            "trial": trial.id,
            "status": "failed" if error else "diverged" if diverged else "completed",
            "score": float(np.mean(counted or [worst])),
            "deviation": float(pd.Series(counted, dtype=float).std(ddof=1)),
            "diverged": diverged,
            "epochs": trial.epochs or (self._trainer.epochs if self._trainer else 0),
            **{_column(name): value for name, value in values.items() if not name.startswith(OWN)},
            **{f"{self.objective}_{place}": each.value for place, each in enumerate(executions)},
            **error,
        }

    def _ranked(self) -> list[int]:
        """Returns the places of the rows from the best on: those trained longest come first."""
        sign = 1 if self.direction == "min" else -1

        def rank(place: int) -> tuple[bool, int, float]:
            row = self._rows[place]
            return row["status"] == "failed", -row["epochs"], sign * row["score"]

        return sorted(range(len(self._rows)), key=rank)

    def _best(self, number: int) -> list[Trial]:
        """Returns the best trials; none that has failed."""
        if self._trainer is None:
            raise ZooError("There are no trials yet: call `search`, which takes what is stored.")
        rows = [self._rows[place] for place in self._ranked()]
        ids = [row["trial"] for row in rows if row["status"] != "failed"]
        return [self._ended[each][0] for each in ids[:number]]

    def get_best_hyperparameters(self, num_trials: int = 1) -> list[Any]:
        """Returns the `keras_tuner.HyperParameters` of the best trials, the best first."""
        return [trial.hyperparameters.copy() for trial in self._best(num_trials)]

    def get_best_models(self, num_models: int = 1) -> list[Any]:
        """Trains the first execution of the best trials once more and returns the compiled models.

        No weights are kept during the search. The same seed gives the same network, so the first
        has the objective that its row has in the column that ends in `_0`.
        """
        best = self._best(num_models)
        return [self._trainer.model(trial) for trial in best] if self._trainer else []

    def history(self, trial: str) -> pd.DataFrame:
        """Returns the learning curves of a trial: one row for each execution and epoch."""
        if trial not in self._ended:
            raise ZooError(f"There is no trial {trial!r}. There are: {', '.join(self._ended)}")
        _, executions = self._ended[trial]
        curves = [
            pd.DataFrame({"execution": place, "epoch": range(1, length + 1), **each.history})
            for place, each in enumerate(executions)
            for length in [max(map(len, each.history.values()))]
        ]
        return pd.concat(curves, ignore_index=True) if curves else pd.DataFrame()

    def results_summary(self, num_trials: int = 10) -> None:
        """Prints the best trials, the best first."""
        table = self.trials.iloc[self._ranked()[:num_trials]]
        Console(highlight=False, markup=False, soft_wrap=True).print(table.to_string(index=False))

    def search_space_summary(self) -> None:
        """Prints the hyperparameters."""
        console = Console(highlight=False, markup=False, soft_wrap=True)
        for each in self.space.space:
            console.print(repr(each))


def _column(name: str) -> str:
    """Returns the column of a hyperparameter, also where its name is a column already."""
    return f"hyperparameter {name}" if name in COLUMNS else name
