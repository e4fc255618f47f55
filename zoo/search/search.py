"""Runs a search: asks an oracle, trains the trials together, tells it their scores.

A search is a function of its settings: asked again, it goes through the same trials and takes what
the store has. So resuming needs nothing but the same words.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import keras
import pandas as pd
from rich.console import Console

from zoo.data import Data
from zoo.engine import fit
from zoo.experiment import DEFAULT_SEEDS
from zoo.figures import search as search_plots
from zoo.results.files import read_frame, write_frame, write_text
from zoo.results.store import Store
from zoo.runner import trained as runner
from zoo.runs.run import Job, Result, Silent
from zoo.search.oracle import Oracle, Trial, at_once, scores
from zoo.search.points import Search, jobs_of, spec_of
from zoo.search.workers.part import Part
from zoo.search_space import Dimension, closer

COARSE_EPOCHS = 0.25

# Trains the runs of some trials, here or elsewhere, and yields each result as it is finished.
Finished = Callable[[Mapping[Trial, Sequence[Job]]], Iterator[Result]]
# Returns the results of the runs of some trials by key, and how many were trained for it.
Train = Callable[[Mapping[Trial, Sequence[Job]]], tuple[dict[str, Result], int]]


def run(
    search: Search,
    root: Path,
    store: Store,
    console: Console,
    engine: runner.Engine,
    part: Part,
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
        part: Whether this process trains, or is the chief of workers that do.
        verbose: Whether to say more.

    Returns:
        The search's folder with `trials.csv`, `winner.json`, `winner.keras` and pictures; and how
        many runs were trained.
    """
    folder = root / "tuning" / search.name
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "spec.json", json.dumps(spec_of(search), indent=2) + "\n")
    with _finisher(search, console, engine, part, verbose) as finished:
        train = partial(_trained, search, store, finished)
        rows, runs = _search(search, folder, console, train, part.workers)
        job, winner, trained = _retrain(search, folder, train)
    _save(job, search.data_of[job.run.variant], winner, folder)
    search_plots.plot(folder, spec_of(search), pd.DataFrame(rows), widest(search.space, rows))
    return folder, runs + trained


@contextmanager
def _finisher(
    search: Search, console: Console, engine: runner.Engine, part: Part, verbose: bool
) -> Iterator[Finished]:
    """Provides what trains: this process, or the workers of which it is the chief."""
    if part.is_chief:
        from zoo.search.workers.chief import Chief

        with Chief(part, console, verbose) as chief:
            yield chief.finished
        return

    def finished(work: Mapping[Trial, Sequence[Job]]) -> Iterator[Result]:
        jobs = [job for own in work.values() for job in own]
        return runner.finished(jobs, search.data_of, console, engine, verbose)

    yield finished


def _search(
    search: Search, folder: Path, console: Console, train: Train, workers: int
) -> tuple[list[dict[str, Any]], int]:
    """Goes through all trials; returns their rows and how many runs were trained."""
    rows: list[dict[str, Any]] = []
    runs = 0
    space = dict(search.space)
    for number, (trials, epochs) in enumerate(_stages(search), 1):
        if number > 1:
            before, space = space, closer(space, pd.DataFrame(rows))
            further = {name: f"the second stage searches {each}" for name, each in space.items()}
            _say_ends(before, rows, further, console)
        oracle = Oracle(
            search.strategy,
            space,
            trials,
            search.seed + number - 1,
            epochs,
            folder / "keras_tuner" / f"stage{number}",
        )
        while batch := oracle.ask(_at_once(search, workers)):
            seeds = range(search.executions)
            work = {trial: jobs_of(search, trial, epochs, seeds) for trial in batch}
            found, trained = train(work)
            runs += trained
            for trial, own in work.items():
                row = _row(number, trial, own, [found[job.run.key] for job in own])
                oracle.tell(trial, row["score"])
                rows.append(row)
            write_frame(folder / "trials.csv", pd.DataFrame(rows))
    best = best_of(pd.DataFrame(rows))
    further = {
        name: f"to go on from there, --space {each.narrowed(best[name], 1.0)}"
        for name, each in space.items()
        if not each.is_list
    }
    _say_ends(space, rows, further, console)
    return rows, runs


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


def _say_ends(
    space: Mapping[str, Dimension],
    rows: Sequence[Mapping[str, Any]],
    further: Mapping[str, str],
    console: Console,
) -> None:
    """Says which values of the best trial lie at an end of their range, and what can be done."""
    best = best_of(pd.DataFrame(rows))
    for name, dimension in space.items():
        if dimension.at_end(best[name]):
            text = f"The best {name}, {best[name]:g}, lies at an end of {dimension}"
            console.print(
                f"{text}: {further[name]}.", markup=False, highlight=False, soft_wrap=True
            )


def _trained(
    search: Search, store: Store, finished: Finished, work: Mapping[Trial, Sequence[Job]]
) -> tuple[dict[str, Result], int]:
    """Returns the results of runs by key, from the store or trained now, and how many were."""
    runs = {job.run.key: job.run for own in work.values() for job in own}
    known = store.known(runs)
    left = runs.keys() - known
    todo: dict[Trial, list[Job]] = {}
    for trial, own in work.items():
        for job in own:
            if job.run.key in left:
                left.remove(job.run.key)
                todo.setdefault(trial, []).append(job)
    if todo:
        for result in finished(todo):
            store.add(f"tuning/{search.entry.name}", result)
    results = store.results(runs.values())
    return {result.run.key: result for result in results}, len(runs) - len(known)


def _at_once(search: Search, workers: int) -> int:
    """Returns how many trials are asked for at once: more where scores do not decide the trials."""
    several = workers if search.strategy in ("random", "grid") else 1
    return several * at_once(search.strategy, search.executions)


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


def _retrain(search: Search, folder: Path, train: Train) -> tuple[Job, dict[str, Any], int]:
    """Trains the winner with several seeds and tests it.

    Returns:
        The run that does best on validation data, what is told of the winner, and how many runs
        were trained.
    """
    from zoo.evidence.statistics import mean_interval

    best = best_of(read_frame(folder / "trials.csv"))
    values = {name: _plain(best[name]) for name in search.space}
    trial = Trial(f"{best['trial']}", values, search.epochs)
    jobs = jobs_of(search, trial, search.epochs, range(DEFAULT_SEEDS))
    found, trained = train({trial: jobs})
    results = [found[job.run.key] for job in jobs]
    chosen = max(range(len(jobs)), key=lambda place: results[place].final["val_accuracy"])
    told = mean_interval([result.final["test_accuracy"] for result in results])
    winner = {
        "trial": trial.id,
        "values": values,
        "score": float(best["score"]),
        "test_accuracy": dataclasses.asdict(told),
        "saved_seed": jobs[chosen].run.seed,
    }
    return jobs[chosen], winner, trained


class _Keep(keras.callbacks.Callback):
    """Keeps the model that was trained."""

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Remembers it."""
        self.kept = self.model


def _save(job: Job, data: Data, winner: Mapping[str, Any], folder: Path) -> None:
    """Writes what is told of the winner, and its network, unless both are there.

    The network is trained again with `model.fit`, as no run leaves its weights.
    """
    text = json.dumps(winner, indent=2) + "\n"
    saved, told = folder / "winner.keras", folder / "winner.json"
    if saved.is_file() and told.is_file() and told.read_text(encoding="utf-8") == text:
        return
    keep = _Keep()
    recipe = dataclasses.replace(job.recipe, callbacks=lambda: [*job.recipe.callbacks(), keep])
    fit.train_one(Job(recipe, job.run), data, Silent())
    keep.kept.save(saved)
    write_text(told, text)


def _plain(value: Any) -> Any:
    """Returns a NumPy number as Python's."""
    return value.item() if hasattr(value, "item") else value
