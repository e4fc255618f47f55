"""Trains what is asked for, from the store or now, and returns scores split by split."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from zoo.advice.clock import LOOKS
from zoo.advice.held import Split
from zoo.advice.knobs import Item, all_turned, rates_of
from zoo.advice.predictions import PLACE, Predictions
from zoo.advice.verdicts import Evidence, chosen, of_rows, of_splits
from zoo.data import Data, Draws
from zoo.engine.explained import WORST
from zoo.experiment import Recipe
from zoo.results.store import Store
from zoo.runner.how import where_of
from zoo.runner.trainer import Engine, Trainer
from zoo.runs.plan import jobs_of
from zoo.runs.rights import unpacked
from zoo.runs.run import Job, Result

if TYPE_CHECKING:
    from zoo.runner.cluster.connection import Cluster

BASELINE = "baseline"
ERROR = "squared_error"
BLOCK = LOOKS[0]  # splits that train together
LEAST_LOSS, MOST_LOSS = 1e-9, 1e4  # what a loss counts where scores tie, and the largest that does


class Bench:
    """Where the networks of one piece of advice are trained.

    Args:
        split: The data.
        recipe: The baseline.
        store: Where runs are kept.
        name: The results folder that they are kept for.
        engine: What trains.
        cluster: Processes of this machine that train; `None` for this one.
    """

    def __init__(
        self,
        split: Split,
        recipe: Recipe,
        store: Store,
        name: str,
        engine: Engine,
        cluster: Cluster | None = None,
    ) -> None:
        self.split = split
        self.store = store
        # Of classes the store knows which rows a run has right.
        self._probe = Predictions() if split.draws.of_numbers else None
        probes = {} if self._probe is None else {PLACE: self._probe}
        self.recipe = dataclasses.replace(recipe, probes=probes)
        self.engine = engine
        self._name = name
        self._draws: dict[Any, Draws] = {None: split.draws}
        self._recipes: dict[tuple[str, ...], Recipe] = {}
        self._seconds: dict[str, float] = {}
        self.at_once = 1 if cluster is None else cluster.places
        # In silence, as every item is told of when it is done.
        self._trains = where_of(Console(quiet=True), engine, cluster, verbose=False)
        self.trainer = Trainer(store=store, where=self._where)

    def _where(self, jobs: Sequence[Job], data_of: Mapping[str, Data]) -> Iterator[Result]:
        """Trains runs, and keeps the errors of those that predict numbers."""
        for result in self._trains(jobs, data_of):
            if self._probe is not None:
                truth = self.split.draws.of(result.run.seed).y_test
                errors = np.square(self._probe.of(result)[:, 0].astype(float) - truth)
                row = (0, 0, ERROR, [float(f"{each:.6g}") for each in errors])
                self.store.add_records(result.run.key, [row])
            yield result

    def recipe_of(self, items: Sequence[Item]) -> Recipe:
        """Returns the baseline's recipe with some knobs turned, the same object for the same."""
        key = tuple(item.label for item in items)
        if key not in self._recipes:
            self._recipes[key] = all_turned(self.recipe, items)
        return self._recipes[key]

    def draws_of(self, recipe: Recipe) -> Draws:
        """Returns the splits with the preprocessing of a recipe."""
        if recipe.preprocessing not in self._draws:
            draws = self.split.draws_with(recipe.preprocessing)
            self._draws[recipe.preprocessing] = draws
        return self._draws[recipe.preprocessing]

    def runs(self, items: Sequence[Item], seeds: Sequence[int]) -> list[Result]:
        """Returns the run of every split, at the rate that validates best there.

        Args:
            items: The knobs that are turned; none for the baseline.
            seeds: The splits.
        """
        label, rates = label_of(items), sorted(rates_of(self.recipe_of(items)))
        jobs = self.train([items], seeds)
        found = {each.run: each for each in self.trainer.store.results(job.run for job in jobs)}
        self._seconds[label] = sum(each.seconds for each in found.values()) / len(found)
        table = [
            [found[job.run] for job in jobs if job.run.learning_rate == rate] for rate in rates
        ]
        places = chosen([[validation_of(each) for each in own] for own in table])
        return [table[place][split] for split, place in enumerate(places)]

    def train(self, turned: Sequence[Sequence[Item]], seeds: Sequence[int]) -> list[Job]:
        """Trains what is not stored, as many networks of a kind at once as there are processes.

        Args:
            turned: The knobs that are turned, of each kind of network.
            seeds: The splits.

        Returns:
            The runs of all.
        """
        jobs, data_of = [], {}
        for items in turned:
            recipe, label = self.recipe_of(items), label_of(items)
            data_of[label] = self.draws_of(recipe)
            jobs += jobs_of(recipe, data_of[label], label, sorted(rates_of(recipe)), seeds)
        # Blocks of one size share a compiled program, whatever look they are of.
        for block in (seeds[start : start + BLOCK] for start in range(0, len(seeds), BLOCK)):
            own = [job for job in jobs if job.run.seed in block]
            self.trainer.train(own, data_of, self._name)
        return jobs

    def evidence(self, baseline: Sequence[Result], other: Sequence[Result]) -> Evidence:
        """Returns what runs say of a difference, on the splits that both have.

        Args:
            baseline: The baseline's runs, as `runs` returns them.
            other: Those of another network.
        """
        pairs = list(zip(baseline, other, strict=False))
        first, second = (self._marks([pair[place] for pair in pairs]) for place in (0, 1))
        if first is None or second is None:
            return of_splits([score(b) - score(a) for a, b in pairs], self.overlap)
        gaps = [b - a for a, b in zip(first, second, strict=True)]
        tested = [self.split.tested(run.run.seed) for run, _ in pairs]
        return of_rows(gaps, tested, self.overlap, 1.0 if self._probe is None else 0.0)

    def _marks(self, runs: Sequence[Result]) -> list[NDArray[Any]] | None:
        """Returns what each test row adds to the score of each run, if that is known."""
        if self._probe is None:
            return [rights(run) for run in runs] if all(run.rights for run in runs) else None
        known = self.store.records(run.run.key for run in runs)
        if not all(run.run.key in known for run in runs):
            return None
        return [self._explained(run, known[run.run.key][0][3]) for run in runs]

    def _explained(self, run: Result, errors: Sequence[float]) -> NDArray[Any]:
        """Returns numbers of shape (test rows,) whose mean is the R2 of a run."""
        variance = float(np.var(self.split.draws.of(run.run.seed).y_test.astype(float)))
        if score(run) <= WORST or variance == 0:
            return np.full(len(errors), score(run))
        return 1 - np.asarray(errors, float) / variance

    @property
    def overlap(self) -> float:
        """Held-out over training examples of a split."""
        return self.split.draws.overlap

    def seconds_of(self, items: Sequence[Item]) -> float:
        """Returns the seconds that a run took, of those that were asked for last."""
        return self._seconds.get(label_of(items), 0.0)


def label_of(items: Sequence[Item]) -> str:
    """Returns what a network with some knobs turned is called."""
    return " + ".join(item.label for item in items) or BASELINE


def score(result: Result) -> float:
    """Returns the test score of a run."""
    return float(result.final["test_accuracy"])


def rights(result: Result) -> NDArray[np.int8]:
    """Returns 1 for each test row that a run has right, else 0."""
    return np.frombuffer(unpacked(result.rights), np.uint8).astype(np.int8)


def validation_of(result: Result) -> float:
    """Returns how well a run validates; of equal scores the lower loss is better."""
    loss = result.final["val_loss"]
    tie = LEAST_LOSS * (min(loss, MOST_LOSS) if loss == loss else MOST_LOSS)
    return round(float(result.final["val_accuracy"]), 9) - tie
