"""Searches as function calls, for experiments whose factor is how to search."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from zoo import data
from zoo.data.weights import weighted
from zoo.engine import population
from zoo.experiment import Recipe
from zoo.runs.run import Job, Result, Run, Silent
from zoo.runs.seeding import derived_seed, draw_initial_values
from zoo.search.oracle import OBJECTIVE, Oracle, Trial
from zoo.search.points import changed, guarded
from zoo.search.search import search as loop
from zoo.search.space import hyperparameters
from zoo.search.table import Execution, Table, execution_of
from zoo.search_space import LEARNING_RATE, Dimension

__all__ = [
    "draw_points",
    "forget",
    "guarded",
    "load_for",
    "restart",
    "search",
    "together",
    "train",
]

load = functools.cache(data.load)
load_draws = functools.cache(data.load_draws)


def load_for(recipe: Recipe, draw: int | None = None, name: str = "") -> data.Data:
    """Returns the data of a recipe, loaded once.

    Args:
        recipe: What is trained.
        draw: Seed of a draw of the data, as the runs of experiments have them; `None` for the
            split that is the same for all.
        name: Another data set than the recipe's.
    """
    given: dict[str, Any] = {
        "train_examples": recipe.train_examples,
        "preprocessing": recipe.preprocessing,
    }
    source = load if draw is None else load_draws
    found = weighted(source(name or recipe.data, **given), recipe.class_weight)
    return found if draw is None else found.of(draw)


def train(
    recipe: Recipe,
    points: Sequence[Mapping[str, Any]],
    seed: object,
    *,
    epochs: int | Sequence[int] | None = None,
    first: int = 0,
    draw: int | None = None,
) -> list[Result]:
    """Trains one network for each point of a space, together where they share a program.

    No two networks share a random number: neither initial weights nor the order of the examples.

    Args:
        recipe: What is trained.
        points: Values by name: `learning_rate`, which each must have, `one_minus_momentum` or a
            keyword of `recipe.build_model`.
        seed: Anything that `repr` tells from the seeds of other searches.
        epochs: Epochs instead of the recipe's, for all or for each point.
        first: Number of the first point among those of its search.
        draw: Which draw of the data all of them have, as in `load_for`.

    Returns:
        Their results, in the order of the points. `final` has what validation and test examples
        say after the last epoch; to save time, `history` has NaN for the validation of each,
        except where callbacks may look at it.
    """
    told = epochs or recipe.epochs
    own = [told] * len(points) if isinstance(told, int) else told
    jobs = []
    for number, (point, length) in enumerate(zip(points, own, strict=True), first):
        own_seed = derived_seed("search", seed, number)
        run = Run(f"point {number}", point[LEARNING_RATE], own_seed)
        jobs.append(Job(changed(recipe, point, length), run))
    trained = population.train_whole(jobs, load_for(recipe, draw), Silent(), validates=False)
    found = {result.run: result for result in trained}
    return [found[job.run] for job in jobs]


def restart(model: Any, seed: object) -> None:
    """Puts a compiled model where training begins, so that many fits share what is traced once.

    Weights and streams of random numbers are drawn anew, but for those whose author gave a seed;
    an optimizer that has been used forgets its steps.

    Args:
        model: A compiled Keras model with a constant learning rate.
        seed: Anything that `repr` tells from the seeds of other fits.
    """
    draw_initial_values(model, derived_seed("restart", seed))
    forget(model)


def forget(model: Any) -> None:
    """Has the optimizer of a compiled model forget the steps that it has made; its rate stays."""
    optimizer = model.optimizer
    if optimizer.built:
        fresh = type(optimizer).from_config(optimizer.get_config())
        fresh.build(model.trainable_variables)  # not all begin at 0: AdaGrad's sums are at 0.1
        for variable, first in zip(optimizer.variables, fresh.variables, strict=True):
            variable.assign(first)


def draw_points(
    space: Mapping[str, Dimension], seed: int, *, strategy: str = "random", trials: int = 16
) -> pd.DataFrame:
    """Draws the points that a strategy begins with, before it hears of any score.

    Args:
        space: What varies, by name.
        seed: Any integer.
        strategy: One of `zoo.search.oracle.STRATEGIES`.
        trials: Number of points, at least 1; a strategy that waits for scores may give fewer.

    Returns:
        One row a trial, in the strategy's order: the values by name.
    """
    with tempfile.TemporaryDirectory() as folder:
        oracle = Oracle(strategy, hyperparameters(space), trials, seed, 1, Path(folder) / "search")
        return pd.DataFrame([trial.values for trial in oracle.ask(trials)], columns=list(space))


def together(
    recipe: Recipe, drawn: Mapping[str, pd.DataFrame], seed: object
) -> dict[str, pd.DataFrame]:
    """Trains the points of several searches together, which is faster than one after the other.

    Args:
        recipe: What is trained.
        drawn: What `draw_points` returns, by search.
        seed: Anything that `repr` tells from the seeds of others.

    Returns:
        The points by search, with `score` (validation accuracy after the last epoch, 0 to 1),
        `test_accuracy`, `epochs` that were trained, and `losses`, the training loss by epoch.
    """
    points = [point for table in drawn.values() for point in table.to_dict("records")]
    runs = iter(train(recipe, points, seed))
    return {
        label: table.assign(**_outcomes([next(runs) for _ in range(len(table))]))
        for label, table in drawn.items()
    }


def _outcomes(results: Sequence[Result]) -> dict[str, list[Any]]:
    return {
        "score": [result.final["val_accuracy"] for result in results],
        "test_accuracy": [result.final["test_accuracy"] for result in results],
        "epochs": [result.epochs for result in results],
        "losses": [result.history["loss"] for result in results],
    }


def search(
    recipe: Recipe,
    space: Mapping[str, Dimension],
    seed: object,
    *,
    strategy: str = "random",
    trials: int = 16,
    epochs: int | None = None,
    at_once: int = 16,
) -> pd.DataFrame:
    """Searches, keeps nothing on disk, and returns the trials.

    Args:
        recipe: What is trained; its callbacks alone stop a trial.
        space: What varies, by name; the learning rate among it.
        seed: Anything that `repr` tells from the seeds of other searches.
        strategy: One of `zoo.search.oracle.STRATEGIES`.
        trials: Most trials; Hyperband has its own number.
        epochs: Epochs of a trial instead of the recipe's.
        at_once: How many trials the strategy is asked for before it hears of their scores.

    Returns:
        One row a trial, in the strategy's order: the values by name, `score` (validation accuracy
        after the last epoch, 0 to 1), `test_accuracy`, `epochs` that were trained, `diverged`.
    """
    longest = epochs or recipe.epochs
    table = Table(OBJECTIVE, epochs=longest)
    tested: list[Result] = []

    def executions(batch: Sequence[Trial]) -> dict[Trial, list[Execution]]:
        lengths = [trial.epochs or longest for trial in batch]
        points = [trial.values for trial in batch]
        results = train(recipe, points, seed, epochs=lengths, first=len(tested))
        tested.extend(results)
        return {
            trial: [execution_of(result, OBJECTIVE)]
            for trial, result in zip(batch, results, strict=True)
        }

    with tempfile.TemporaryDirectory() as folder:
        space_asked = hyperparameters(space)
        own = Path(folder) / "search"
        oracle = Oracle(strategy, space_asked, trials, derived_seed(seed), longest, own)
        for _ in loop(oracle, executions, table, at_once):
            pass
    return table.frame[[*space, "score"]].assign(
        test_accuracy=[result.final["test_accuracy"] for result in tested],
        epochs=[result.epochs for result in tested],
        diverged=[result.status == "diverged" for result in tested],
    )
