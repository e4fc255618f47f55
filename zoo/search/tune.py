"""Searches over an experiment: goes through the trials, retrains the winner, draws the pictures.

A search is a function of its settings: asked again, it goes through the same trials and takes what
the store has. So resuming needs nothing but the same words.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import keras
from rich.console import Console

from zoo.data import Data
from zoo.engine import fit
from zoo.engine.population import program_of
from zoo.evidence.statistics import mean_interval
from zoo.experiment import DEFAULT_SEEDS
from zoo.figures.search import plot
from zoo.results.files import write_frame, write_text
from zoo.results.scores import file_name
from zoo.results.store import Store
from zoo.runner.cluster.connection import Cluster
from zoo.runner.how import where_of
from zoo.runner.progress import tell
from zoo.runner.trainer import Engine, Trainer
from zoo.runs.run import Job, Silent
from zoo.search.apart import apart
from zoo.search.oracle import OBJECTIVE, Oracle, Trial, at_once
from zoo.search.points import ExperimentSearch, jobs_of, spec_of
from zoo.search.search import search, shortfall
from zoo.search.space import hyperparameters
from zoo.search.table import Execution, Table, execution_of
from zoo.search_space import Dimension, closer

COARSE_EPOCHS = 0.25


def run(
    wanted: ExperimentSearch,
    root: Path,
    store: Store,
    console: Console,
    engine: Engine,
    cluster: Cluster | None = None,
    *,
    verbose: bool = False,
) -> tuple[Path, int]:
    """Runs a search, or goes on with it, and retrains the winner.

    Args:
        wanted: What to search.
        root: Results folder.
        store: Where runs are kept.
        console: Where progress is shown.
        engine: What trains.
        cluster: What trains; `None` for this process. Trials are asked for here.
        verbose: Whether to say more.

    Returns:
        The search's folder with `trials.csv`, `winner.json`, `winner.keras` and pictures; and how
        many runs were trained.
    """
    folder = root / "tuning" / wanted.name
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "spec.json", json.dumps(spec_of(wanted), indent=2) + "\n")

    def trainer_by(engine: Engine) -> Trainer:
        return Trainer(store=store, where=where_of(console, engine, cluster, verbose))

    own = apart(hyperparameters(wanted.space), wanted.executions, partial(_program, wanted))
    trials, trainer = trainer_by(dataclasses.replace(engine, apart=own)), trainer_by(engine)
    table = _search(wanted, folder, console, trials, 1 if cluster is None else cluster.places)
    job, winner = _retrain(wanted, table, trainer)
    _save(job, wanted.data_of[job.run.variant], winner, folder)
    plot(folder, spec_of(wanted), table.frame, widest(wanted.space, table.rows))
    return folder, trials.trained + trainer.trained


def _program(wanted: ExperimentSearch, point: Any) -> str:
    """Returns a text that is equal for points whose runs train by one program."""
    job, *_ = jobs_of(wanted, Trial("", point.values), wanted.epochs, [0])
    return program_of(job, wanted.data_of[job.run.variant])


def _search(
    wanted: ExperimentSearch, folder: Path, console: Console, trainer: Trainer, workers: int
) -> Table:
    """Goes through all trials."""
    table = Table(spec_of(wanted)["objective"], epochs=wanted.epochs)
    space = dict(wanted.space)
    for stage, (trials, epochs) in enumerate(_stages(wanted), 1):
        if stage > 1:
            before, space = space, closer(space, table.frame)
            further = {name: f"the second stage searches {each}" for name, each in space.items()}
            _say_ends(before, table, further, console)
        oracle = Oracle(
            wanted.strategy,
            hyperparameters(space),
            trials,
            wanted.seed + stage - 1,
            epochs,
            folder / "keras_tuner" / f"stage{stage}",
        )
        train = partial(_trained, wanted, trainer, epochs)
        for _ in search(oracle, train, table, _at_once(wanted, workers), stage, epochs):
            write_frame(folder / "trials.csv", table.frame)
    if short := shortfall(wanted.strategy, table):
        tell(console, short)
    best = table.rows[table.ranked()[0]]
    further = {
        name: f"to go on from there, --space {each.narrowed(best[name], 1.0)}"
        for name, each in space.items()
        if not each.is_list
    }
    _say_ends(space, table, further, console)
    return table


def _trained(
    wanted: ExperimentSearch, trainer: Trainer, epochs: int, batch: Sequence[Trial]
) -> dict[Trial, list[Execution]]:
    """Returns the executions of some trials, from the store or trained now."""
    seeds = range(wanted.executions)
    jobs = {trial: jobs_of(wanted, trial, epochs, seeds) for trial in batch}
    results = _results(wanted, trainer, [job for own in jobs.values() for job in own])
    return {
        trial: [execution_of(results[job.run.key], OBJECTIVE) for job in own]
        for trial, own in jobs.items()
    }


def _results(wanted: ExperimentSearch, trainer: Trainer, jobs: Sequence[Job]) -> dict[str, Any]:
    """Returns the results of runs by key, from the store or trained now."""
    trainer.train(jobs, wanted.data_of, f"tuning/{wanted.entry.name}")
    return {result.run.key: result for result in trainer.store.results(job.run for job in jobs)}


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


def _stages(wanted: ExperimentSearch) -> list[tuple[int, int]]:
    """Returns trials and epochs of each stage."""
    if not wanted.coarse_to_fine:
        return [(wanted.trials, wanted.epochs)]
    wide = wanted.trials // 2
    few = max(round(COARSE_EPOCHS * wanted.epochs), 1)
    return [(wide, few), (wanted.trials - wide, wanted.epochs)]


def _say_ends(
    space: Mapping[str, Dimension], table: Table, further: Mapping[str, str], console: Console
) -> None:
    """Says which values of the best trial lie at an end of their range, and what can be done."""
    best = table.rows[table.ranked()[0]]
    for name, dimension in space.items():
        if dimension.at_end(best[name]):
            text = f"The best {name}, {best[name]:g}, lies at an end of {dimension}"
            tell(console, f"{text}: {further[name]}.")


def _at_once(wanted: ExperimentSearch, workers: int) -> int:
    """Returns how many trials are asked for at once: more where scores do not decide the trials."""
    several = workers if wanted.strategy in ("random", "grid") else 1
    return several * at_once(wanted.strategy, wanted.executions)


def _retrain(
    wanted: ExperimentSearch, table: Table, trainer: Trainer
) -> tuple[Job, dict[str, Any]]:
    """Trains the winner with several seeds and tests it.

    Returns:
        The run that does best on validation data, and what is told of the winner.
    """
    place = table.ranked()[0]
    best, (trial, _) = table.rows[place], table.ended[place]
    values = {name: trial.values[name] for name in wanted.space}
    jobs = jobs_of(wanted, Trial(trial.id, values), wanted.epochs, range(DEFAULT_SEEDS))
    found = _results(wanted, trainer, jobs)
    results = [found[job.run.key] for job in jobs]
    chosen = max(range(len(jobs)), key=lambda place: results[place].final["val_accuracy"])
    numbers = wanted.data_of[jobs[chosen].run.variant].of_numbers
    told = mean_interval([result.final["test_accuracy"] for result in results])
    told = told.within(-1.0 if numbers else 0.0, 1)
    winner = {
        "trial": trial.id,
        "values": values,
        "score": best["score"],
        file_name("test_accuracy") if numbers else "test_accuracy": dataclasses.asdict(told),
        "saved_seed": jobs[chosen].run.seed,
    }
    return jobs[chosen], winner


def _save(job: Job, data: Data, winner: Mapping[str, Any], folder: Path) -> None:
    """Writes what is told of the winner, and its network, unless both are there.

    The network is trained again with `model.fit`, as no run leaves its weights.
    """
    text = json.dumps(winner, indent=2) + "\n"
    saved, told = folder / "winner.keras", folder / "winner.json"
    if saved.is_file() and told.is_file() and told.read_text(encoding="utf-8") == text:
        return
    trained_model(job, data).save(saved)
    write_text(told, text)


def trained_model(job: Job, data: Data) -> Any:
    """Trains a run with `model.fit` and returns its compiled model."""
    keep = keras.callbacks.Callback()  # which knows its model
    recipe = dataclasses.replace(job.recipe, callbacks=lambda: [*job.recipe.callbacks(), keep])
    fit.train_one(Job(recipe, job.run), data, Silent())
    return keep.model
