"""Trains what is asked for, from the store or now, and returns scores split by split."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zoo.advice.clock import LOOKS
from zoo.advice.held import Split
from zoo.advice.knobs import Item, all_turned, rates_of
from zoo.advice.verdicts import Evidence, chosen, of_rows, of_splits
from zoo.data import Data, Draws
from zoo.experiment import Recipe
from zoo.results.store import Store
from zoo.runner.trainer import Engine, Trainer
from zoo.runs.plan import jobs_of
from zoo.runs.rights import unpacked
from zoo.runs.run import Job, Result, Silent

BASELINE = "baseline"
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
    """

    def __init__(
        self, split: Split, recipe: Recipe, store: Store, name: str, engine: Engine
    ) -> None:
        self.split = split
        self.recipe = recipe
        self.engine = engine
        self._name = name
        self._draws: dict[Any, Draws] = {None: split.draws}
        self._recipes: dict[tuple[str, ...], Recipe] = {}
        self._seconds: dict[str, float] = {}
        self.trainer = Trainer(store=store, where=self._where)

    def _where(self, jobs: Sequence[Job], data_of: Mapping[str, Data]) -> Iterator[Result]:
        """Trains runs of one variant in silence, as every item is told of when it is done."""
        yield from self.engine.train(jobs, data_of[jobs[0].run.variant], Silent())

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
        recipe, label = self.recipe_of(items), label_of(items)
        draws, rates = self.draws_of(recipe), sorted(rates_of(recipe))
        jobs = jobs_of(recipe, draws, label, rates, seeds)
        # Blocks of one size share a compiled program, whatever look they are of.
        for block in (seeds[start : start + BLOCK] for start in range(0, len(seeds), BLOCK)):
            own = [job for job in jobs if job.run.seed in block]
            self.trainer.train(own, {label: draws}, self._name)
        found = {each.run: each for each in self.trainer.store.results(job.run for job in jobs)}
        self._seconds[label] = sum(each.seconds for each in found.values()) / len(found)
        table = [
            [found[job.run] for job in jobs if job.run.learning_rate == rate] for rate in rates
        ]
        places = chosen([[validation_of(each) for each in own] for own in table])
        return [table[place][split] for split, place in enumerate(places)]

    def evidence(self, baseline: Sequence[Result], other: Sequence[Result]) -> Evidence:
        """Returns what runs say of a difference, on the splits that both have.

        Args:
            baseline: The baseline's runs, as `runs` returns them.
            other: Those of another network.
        """
        pairs = list(zip(baseline, other, strict=False))
        if not all(run.rights for pair in pairs for run in pair):
            return of_splits([score(b) - score(a) for a, b in pairs], self.overlap)
        gaps = [rights(b) - rights(a) for a, b in pairs]
        tested = [self.split.tested(run.run.seed) for run, _ in pairs]
        return of_rows(gaps, tested, self.overlap)

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
