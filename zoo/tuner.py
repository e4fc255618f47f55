"""A search over anybody's `keras_tuner.HyperModel`, whose trials train together where they can."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import keras
import pandas as pd
from rich.console import Console

from zoo.engine.device import only_new_garbage
from zoo.errors import ZooError, check_count
from zoo.figures.search import plot
from zoo.results.files import EXACT, write_frame
from zoo.results.store import Store
from zoo.runner.progress import tell
from zoo.search.executions import HypermodelTrainer, trainer_of
from zoo.search.hypermodel import hypermodel_of, space_of
from zoo.search.oracle import OBJECTIVE, Oracle, Trial, at_once, check, objective_of
from zoo.search.search import search as loop
from zoo.search.search import shortfall
from zoo.search.space import dimensions
from zoo.search.table import Table, column_of
from zoo.search_space import Dimension

OF_FIT = tuple(inspect.signature(keras.Model.fit).parameters)[1:]
# Words of keras-tuner's tuners, and ours.
OF_KERAS_TUNER = {
    "max_trials": "trials",
    "executions_per_trial": "executions",
    "directory": "folder",
    "project_name": "folder",
    "tuner": "strategy",
    "oracle": "strategy",
    "overwrite": "folder",
    "max_epochs": "epochs, an argument of `search`,",
    "build_fn": "hypermodel",
}
FAILURES = 3  # trials that fail at the start, and none that does not: the hypermodel is wrong


class Search:
    """A search with the words of keras-tuner, for its hypermodels.

    Trials whose models share a program train together, classifiers and regressions alike, each to
    the numbers that `zoo.engine.fit` gives for it alone: initial weights and order of the examples
    from its seed, an incomplete last batch of an epoch dropped. All others train one at a time with
    the hypermodel's `fit`, and a line says why. Labels of classes are numbered as the loss takes
    them: words, -1 and 1, one-hot labels (`zoo.fit_many` does the same).

    A trial's score is the mean of the objective over its executions, which have the seeds 0, 1, 2,
    ..., **after the last epoch**; keras-tuner's best epoch is optimistic. A trial that diverges is
    a result: its status says so, it ranks behind all that completed, and what is not finite counts
    as worse than all scores so far. One that cannot be built or trained has the status `failed` and
    its `error`.

    The folder keeps `trials.csv`, which grows as the search goes; pictures of it; every run, so
    that the same search goes on after a kill and ends with the same trials; and in `keras_tuner/`
    what keras-tuner's own tuners read. Another search in the same folder begins another table, but
    no run is lost. Arrays are known by what is in them; other data sets are not examined, so
    each needs a folder of its own.

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
        folder: str | Path = "",
        **others: Any,
    ) -> None:
        _refuse(others, folder)
        check(strategy, trials, dashes="")
        check_count("executions", executions)
        self.hypermodel = hypermodel_of(hypermodel)
        self.objective, self.direction = objective_of(objective)
        self.strategy = strategy
        self.most = trials
        self.executions = executions
        self.seed = seed
        self.folder = Path(folder)
        self.space = space_of(self.hypermodel, hyperparameters)
        self._trainer: HypermodelTrainer | None = None
        self._table = Table(self.objective, self.direction)

    @property
    def trials(self) -> pd.DataFrame:
        """The trials so far, one a row.

        Columns: `stage` (1), `trial`, `status`, `score` and its `deviation` over the executions,
        how many `runs` and how many `diverged`, `epochs`, the hyperparameters, and the objective of
        each execution.
        """
        return self._table.frame

    @only_new_garbage()
    def search(self, *given: Any, **arguments: Any) -> None:
        """Searches, or goes on with a search that was interrupted.

        Args:
            *given: What `fit` takes by position: x, y, batch_size, epochs, ...
            **arguments: What `fit` takes by name. An objective on validation data needs
                `validation_data` or `validation_split`: nothing is split off unasked. `callbacks`
                is a list that can be copied, or a function that returns fresh ones. `verbose=0`
                prints nothing.

        Raises:
            ZooError: If the arguments do not fit together, or the objective is not logged.
        """
        objective = self.objective, self.direction
        named = _by_name(given, arguments)
        x, y = named.pop("x", None), named.pop("y", None)
        trainer = trainer_of(self.hypermodel, objective, self.executions, self.folder, x, y, named)
        together = trainer.together(self.space)
        if together:
            trainer = replace(trainer, engine=trainer.engine_for(self.space))
        oracle = Oracle(
            self.strategy,
            self.space,
            self.most,
            self.seed,
            trainer.epochs,
            self.folder / "keras_tuner",
            *objective,
            growing=True,
        )
        self._trainer, self._table = trainer, Table(*objective, epochs=trainer.epochs)
        most = at_once(self.strategy, self.executions) if together else 1
        with Store(self.folder) as store:
            train = partial(trainer.train, store=store)
            for _ in loop(oracle, train, self._table, most):
                write_frame(self.folder / "trials.csv", self.trials, EXACT)
                self._check(FAILURES)
                best = self._table.rows[self._table.ranked()[0]]
                tell(
                    trainer.console,
                    f"{len(self._table.rows)} trials, best {self.objective} {best['score']:.6g} of "
                    f"trial {best['trial']}",
                )
        self._check(1)
        if short := shortfall(self.strategy, self._table):
            tell(trainer.console, short)
        plot(self.folder, self._spec(), self.trials, self._columns())

    def _check(self, fewest: int) -> None:
        """Raises the last error if there are `fewest` trials or more and every one has failed."""
        errors = self._table.errors
        if fewest <= len(self._table.rows) == len(errors):
            raise errors[-1]

    def _spec(self) -> dict[str, Any]:
        """Returns what the pictures say of the search."""
        return {
            "search": self.folder.name,
            "kind": "search",
            "question": f"Which hyperparameters give the best {self.objective}?",
            "strategy": self.strategy,
            "executions": self.executions,
            "epochs": self._table.epochs,
            "data": "data of your own",
            "objective": self.objective,
            "direction": self.direction,
        }

    def _columns(self) -> dict[str, Dimension]:
        """Returns the space that was searched, by column of the table."""
        asked = self._table.ended[-1][0].hyperparameters
        space = dimensions(asked if asked is not None else self.space) | dimensions(self.space)
        return {
            column_of(name): each
            for name, each in space.items()
            if column_of(name) in self.trials.columns
        }

    def _best(self, number: int) -> list[Trial]:
        """Returns the best trials; none that has failed."""
        if self._trainer is None:
            raise ZooError("There are no trials yet: call `search`, which takes what is stored.")
        table = self._table
        best = [place for place in table.ranked() if table.rows[place]["status"] != "failed"]
        return [table.ended[place][0] for place in best[:number]]

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
        ended = {known.id: executions for known, executions in self._table.ended}
        if trial not in ended:
            raise ZooError(f"There is no trial {trial!r}. There are: {', '.join(ended)}")
        curves = [
            pd.DataFrame({"execution": place, "epoch": range(1, length + 1), **each.history})
            for place, each in enumerate(ended[trial])
            for length in [max(map(len, each.history.values()))]
        ]
        return pd.concat(curves, ignore_index=True) if curves else pd.DataFrame()

    def results_summary(self, num_trials: int = 10) -> None:
        """Prints the best trials, the best first."""
        table = self.trials.iloc[self._table.ranked()[:num_trials]]
        tell(Console(), table.to_string(index=False))

    def search_space_summary(self) -> None:
        """Prints the hyperparameters."""
        for each in self.space.space:
            tell(Console(), repr(each))


def _refuse(others: Mapping[str, Any], folder: str | Path) -> None:
    """Answers keras-tuner's own words, and any other that is not ours."""
    for name in others:
        ours = OF_KERAS_TUNER.get(name)
        instead = f"It is called `{ours}` here." if ours else "Leave it out."
        raise ZooError(f"`Search` takes no argument `{name}`. {instead}")
    if not folder:
        raise ZooError(
            "`folder` must say where the search is kept, such as folder='results/tuning/mine'. "
            "Received: none"
        )


def _by_name(given: Sequence[Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what `fit` is given, by name."""
    if len(given) > len(OF_FIT):
        raise ZooError(f"`fit` takes {len(OF_FIT)} arguments. Received: {len(given)} by position")
    placed = dict(zip(OF_FIT, given, strict=False))
    for name in placed.keys() & arguments.keys():
        raise ZooError(f"`{name}` must be given once. Received: by position and by name")
    return placed | dict(arguments)
