"""Runs a search: asks an oracle, trains the trials together, tells it their scores.

A search is a function of its settings: asked again, it goes through the same trials and takes what
the store has. So resuming needs nothing but the same words.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import keras
import pandas as pd
from rich.console import Console

from zoo import runner, search_plots
from zoo.data import Data
from zoo.engine import fit
from zoo.engine.result import Result, Silent
from zoo.experiment import DEFAULT_SEEDS
from zoo.oracles import Oracle, Trial, scores
from zoo.plan import Job
from zoo.search import Search, jobs_for, jobs_of, recipe_of, spec_of
from zoo.search_space import LEARNING_RATE, Dimension
from zoo.store import Store
from zoo.tables import read_frame, write_frame, write_text

RUNS_AT_ONCE = 32
# A model of the scores learns from each; asked for many at once it guesses.
BAYESIAN_AT_ONCE = 8
COARSE_EPOCHS = 0.25
NARROWED = 1 / 3
KEPT = 0.25


def run(
    search: Search,
    root: Path,
    store: Store,
    console: Console,
    engine: runner.Engine,
    *,
    verbose: bool = False,
) -> tuple[Path, int]:
    """Runs a search, or goes on with it, and retrains the winner.

    Args:
        search: What to search.
        root: Results folder.
        store: Where runs are kept.
        console: Where progress is shown.
        engine: What trains.
        verbose: Whether to say more.

    Returns:
        The search's folder with `trials.csv`, `winner.json`, `winner.keras` and pictures; and how
        many runs were trained.
    """
    folder = root / "tuning" / search.name
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "spec.json", json.dumps(spec_of(search), indent=2) + "\n")
    train = partial(_trained, search, store, console, engine, verbose)
    rows: list[dict[str, Any]] = []
    runs = 0
    stages = _stages(search)
    space = dict(search.space)
    for number, (trials, epochs) in enumerate(stages, 1):
        if number > 1:
            space = closer(space, pd.DataFrame(rows), console)
        oracle = Oracle(
            search.strategy,
            space,
            trials,
            search.seed + number - 1,
            epochs,
            folder / "keras_tuner" / f"stage{number}",
        )
        while batch := oracle.ask(_at_once(search)):
            jobs = {trial: jobs_of(search, trial, epochs) for trial in batch}
            found, trained = train([job for own in jobs.values() for job in own])
            runs += trained
            for trial, own in jobs.items():
                row = _row(number, trial, own, [found[job.run.key] for job in own])
                oracle.tell(trial, row["score"])
                rows.append(row)
            write_frame(folder / "trials.csv", pd.DataFrame(rows))
    trained = _retrain(search, folder, train)
    search_plots.plot(folder, spec_of(search), pd.DataFrame(rows), widest(search.space, rows))
    return folder, runs + trained


def widest(
    space: Mapping[str, Dimension], rows: Sequence[Mapping[str, Any]]
) -> dict[str, Dimension]:
    """Returns the space with ranges wide enough for all trials, for the axes of pictures."""
    found = {}
    for name, dimension in space.items():
        if not dimension.is_list:
            values = [float(row[name]) for row in rows]
            low, high = min(dimension.low, *values), max(dimension.high, *values)
            dimension = dataclasses.replace(dimension, low=low, high=high)
        found[name] = dimension
    return found


def _stages(search: Search) -> list[tuple[int, int]]:
    """Returns trials and epochs of each stage."""
    if not search.coarse_to_fine:
        return [(search.trials, search.epochs)]
    wide = search.trials // 2
    few = max(round(COARSE_EPOCHS * search.epochs), 1)
    return [(wide, few), (search.trials - wide, search.epochs)]


def closer(
    space: Mapping[str, Dimension], rows: pd.DataFrame, console: Console | None = None
) -> dict[str, Dimension]:
    """Returns the space around the best trial, for a second stage.

    A range becomes a third as wide and goes on beyond an end that was best; a list keeps the values
    of the best quarter of the trials.
    """
    ranked = rows.sort_values("score", ascending=False, kind="stable")
    best = ranked.iloc[0]
    top = ranked.head(max(round(KEPT * len(ranked)), 1))
    found = {}
    for name, dimension in space.items():
        if dimension.is_list:
            kept = tuple(choice for choice in dimension.choices if choice in set(top[name]))
            found[name] = dataclasses.replace(dimension, choices=kept)
            continue
        found[name] = dimension.narrowed(float(best[name]), NARROWED)
        if console is not None and dimension.at_end(best[name]):
            console.print(
                f"The best {name}, {best[name]:g}, lies at an end of {dimension}: the second stage "
                f"looks beyond it, {found[name]}.",
                markup=False,
                highlight=False,
            )
    return found


def _trained(
    search: Search,
    store: Store,
    console: Console,
    engine: runner.Engine,
    verbose: bool,
    jobs: Sequence[Job],
) -> tuple[dict[str, Result], int]:
    """Returns the results of jobs by key, from the store or trained now, and how many were."""
    unique = list({job.run.key: job for job in jobs}.values())
    known = store.known(job.run.key for job in unique)
    todo = [job for job in unique if job.run.key not in known]
    for result in runner.finished(todo, search.data_of, console, engine, verbose):
        store.add(f"tuning/{search.entry.name}", result)
    results = store.results(job.run for job in unique)
    return {result.run.key: result for result in results}, len(todo)


def _at_once(search: Search) -> int:
    """Returns how many trials are asked for at once."""
    most = BAYESIAN_AT_ONCE if search.strategy == "bayesian" else RUNS_AT_ONCE
    return max(most // search.executions, 1)


def _row(
    stage: int, trial: Trial, jobs: Sequence[Job], results: Sequence[Result]
) -> dict[str, Any]:
    """Returns a trial as a row of `trials.csv`."""
    reached = [result.final["val_accuracy"] for result in results]
    return {
        "stage": stage,
        "trial": trial.id,
        "score": scores(reached),
        "deviation": pd.Series(reached).std(ddof=1),
        "runs": len(results),
        "diverged": sum(result.status == "diverged" for result in results),
        "epochs": jobs[0].recipe.epochs,
        **trial.values,
        **{f"val_accuracy_{place}": value for place, value in enumerate(reached)},
    }


def best_of(rows: pd.DataFrame) -> pd.Series:
    """Returns the best trial among those that were trained longest; the first of equals."""
    longest = rows[rows["epochs"] == rows["epochs"].max()]
    return longest.loc[longest["score"].idxmax()]


def _retrain(search: Search, folder: Path, train: Callable[..., Any]) -> int:
    """Trains the winner with several seeds, tests it, and saves one network of it."""
    from zoo.statistics import mean_interval

    best = best_of(read_frame(folder / "trials.csv"))
    values = {name: _plain(best[name]) for name in search.space}
    label, recipe = recipe_of(search, values, search.epochs)
    low = search.experiment.learning_rates(label)[0]
    jobs = jobs_for(search, label, recipe, values.get(LEARNING_RATE, low), range(DEFAULT_SEEDS))
    found, trained = train(jobs)
    results = [found[job.run.key] for job in jobs]
    chosen = max(range(len(jobs)), key=lambda place: results[place].final["val_accuracy"])
    told = mean_interval([result.final["test_accuracy"] for result in results])
    winner = {
        "trial": str(best["trial"]),
        "values": values,
        "score": float(best["score"]),
        "test_accuracy": dataclasses.asdict(told),
        "saved_seed": jobs[chosen].run.seed,
    }
    text = json.dumps(winner, indent=2) + "\n"
    saved, told_before = folder / "winner.keras", folder / "winner.json"
    both = saved.is_file() and told_before.is_file()
    if not both or told_before.read_text(encoding="utf-8") != text:
        _save(jobs[chosen], search.data_of[label], saved)
        write_text(told_before, text)
    return int(trained)


class _Keep(keras.callbacks.Callback):
    """Keeps the model that was trained."""

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Remembers it."""
        self.kept = self.model


def _save(job: Job, data: Data, path: Path) -> None:
    """Trains one run again with `model.fit` and saves the network."""
    keep = _Keep()
    recipe = dataclasses.replace(job.recipe, callbacks=lambda: [*job.recipe.callbacks(), keep])
    fit.train_one(Job(recipe, job.run), data, Silent())
    keep.kept.save(path)


def _plain(value: Any) -> Any:
    """Returns a NumPy number as Python's."""
    return value.item() if hasattr(value, "item") else value
