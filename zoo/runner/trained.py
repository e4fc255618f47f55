"""Runs an experiment: plans, trains what the store does not have, writes tables and plots."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
from rich.console import Console

from zoo.data import Data
from zoo.engine import fit, population
from zoo.engine.device import device_name, on_processor
from zoo.errors import ZooError
from zoo.results.store import Store
from zoo.runner.prepare import Prepared
from zoo.runner.progress import Reporter
from zoo.runs.plan import plan
from zoo.runs.run import Job, Progress, Result

if TYPE_CHECKING:
    from zoo.results.summary import Summary

ENGINES = ("population", "fit")


def widened(prepared: Prepared, store: Store) -> Prepared:
    """Adds one learning rate to each variant's grid whose end is its best rate.

    It continues the grid by the step that it ends with. Returns what it was given if no end is.
    """
    from zoo.results.summary import best_edge, runs_frame

    experiment = prepared.experiment
    runs = runs_frame(store.results(job.run for job in prepared.jobs), list(experiment.variants))
    grids = {label: experiment.learning_rates(label) for label in experiment.variants}
    for label, grid in grids.items():
        edge = best_edge(runs[runs["variant"] == label])
        if edge == "lowest":
            grids[label] = (_rounded(grid[0] * grid[0] / grid[1]), *grid)
        elif edge == "highest":
            grids[label] = (*grid, _rounded(grid[-1] * grid[-1] / grid[-2]))
    if all(grid == experiment.learning_rates(label) for label, grid in grids.items()):
        return prepared
    recipe = dataclasses.replace(experiment.recipe, learning_rates=grids)
    experiment = dataclasses.replace(experiment, recipe=recipe)
    jobs = plan(experiment, prepared.data_of, prepared.seeds)
    return dataclasses.replace(prepared, experiment=experiment, jobs=jobs)


def without(prepared: Prepared, before: Prepared | None) -> Prepared:
    """Returns what is left to train of the first once the second has been trained."""
    done = {job.run for job in before.jobs} if before else set()
    jobs = [job for job in prepared.jobs if job.run not in done]
    return dataclasses.replace(prepared, jobs=jobs)


def _rounded(rate: float) -> float:
    return float(f"{rate:.2g}")


def extended(prepared: Prepared, store: Store, seeds: int) -> Prepared:
    """Adds seeds to the variants of undecided claims, at their chosen learning rates.

    The rates stay those that the first seeds chose. Returns what it was given if nothing is
    undecided.

    Args:
        prepared: What has been run.
        store: Where it is kept.
        seeds: How many seeds these variants are to have.
    """
    from zoo.claims import UNDECIDED, labels_of
    from zoo.results.ledger import verdicts_frame
    from zoo.results.summary import best_rates

    experiment = prepared.experiment
    summary = _summary(prepared, store)
    verdicts = verdicts_frame(spec_of(prepared), summary.runs)
    rates = best_rates(summary.runs[summary.runs["seed"].isin(prepared.seeds)])
    wanted = {
        label
        for claim, verdict in zip(experiment.claims, verdicts["verdict"], strict=True)
        if verdict == UNDECIDED
        for rule in claim.rules
        for label in labels_of(rule)
    }
    there = {job.run for job in prepared.jobs}
    more = [
        job
        for job in plan(experiment, prepared.data_of, range(seeds))
        if job.run.variant in wanted
        and job.run.learning_rate == rates[job.run.variant]
        and job.run not in there
    ]
    return dataclasses.replace(prepared, jobs=[*prepared.jobs, *more]) if more else prepared


@dataclass(frozen=True, kw_only=True)
class Engine:
    """Which engine trains, and how many runs at once.

    Attributes:
        name: `population` or `fit`.
        largest: Most runs that may train at once; `None` leaves it to the engine.
        mixed_precision: Whether layers compute in bfloat16, with variables in float32.
    """

    name: str = "population"
    largest: int | None = None
    mixed_precision: bool = False

    def __post_init__(self) -> None:
        """Checks the words."""
        if self.name not in ENGINES:
            raise ZooError(
                f"`--engine` must be one of {', '.join(ENGINES)}. Received: {self.name!r}"
            )
        if self.largest is not None and self.largest < 1:
            raise ZooError(f"`--population` must be at least 1. Received: {self.largest}")
        if self.mixed_precision:
            if on_processor():
                raise ZooError(
                    f"`--mixed-precision` needs a GPU. Received: {device_name()}. Leave it away."
                )
            keras.config.set_dtype_policy("mixed_bfloat16")

    def train(self, jobs: Sequence[Job], data: Data, progress: Progress) -> Iterator[Result]:
        """Trains the jobs and yields each result as it is finished."""
        if self.name == "fit":
            return fit.train(jobs, data, progress)
        return population.train(jobs, data, progress, self.largest)


def train(
    prepared: Prepared,
    store: Store,
    console: Console,
    engine: Engine,
    *,
    fresh: bool,
    verbose: bool,
) -> int:
    """Trains the runs that the store does not have, and keeps each as it is finished.

    Returns:
        How many were trained.
    """
    known = set() if fresh else store.known(job.run.key for job in prepared.jobs)
    todo = [job for job in prepared.jobs if job.run.key not in known]
    for result in finished(todo, prepared.data_of, console, engine, verbose):
        store.add(prepared.folder_name, result)
    return len(todo)


def record(
    prepared: Prepared,
    store: Store,
    console: Console,
    engine: Engine,
    *,
    fresh: bool,
    verbose: bool,
) -> int:
    """Trains some runs once more, with callbacks that record what happens inside the networks.

    Returns:
        How many were trained.
    """
    from zoo.results.summary import best_rates, runs_frame
    from zoo.runner import recording

    results = store.results(job.run for job in prepared.jobs)
    rates = best_rates(runs_frame(results, list(prepared.experiment.variants)))
    jobs = recording.recorded_jobs(prepared.jobs, rates, prepared.data_of)
    known = set() if fresh else set(store.records(job.run.key for job in jobs))
    todo = [job for job in jobs if job.run.key not in known]
    for result in finished(todo, prepared.data_of, console, engine, verbose):
        store.add_records(result.run.key, recording.rows_of(result))
    return len(todo)


def finished(
    jobs: Sequence[Job],
    data_of: Mapping[str, Data],
    console: Console,
    engine: Engine,
    verbose: bool,
) -> Iterator[Result]:
    """Trains the jobs under a progress bar and yields each result as it is finished.

    Jobs on the same data train together.
    """
    by_key = {job.run.key: job for job in jobs}
    by_data: dict[int, list[Job]] = {}
    for job in jobs:
        by_data.setdefault(id(data_of[job.run.variant]), []).append(job)
    epochs = sum(job.recipe.epochs for job in jobs)
    with Reporter(console, len(jobs), epochs, verbose) as reporter:
        for own in by_data.values():
            for result in engine.train(own, data_of[own[0].run.variant], reporter):
                yield result
                reporter.finished(by_key[result.run.key])


def write(prepared: Prepared, store: Store, root: Path) -> Path:
    """Writes the experiment's tables and plots from the store.

    Returns:
        The folder they lie in.
    """
    # pandas, scipy and matplotlib take seconds to import, which training need not wait for.
    from zoo.figures import trained as plots
    from zoo.results import ledger, tables
    from zoo.results.records import records_frames

    experiment = prepared.experiment
    folder = root / prepared.folder_name
    summary = _summary(prepared, store)
    recorded = store.records(job.run.key for job in prepared.jobs)
    runs = {job.run: recorded[job.run.key] for job in prepared.jobs if job.run.key in recorded}
    tables.write(folder, spec_of(prepared), summary)
    # Equal runs of another experiment may be recorded; a picture needs every variant's.
    if {run.variant for run in runs} == set(experiment.variants):
        tables.write_records(folder, *records_frames(runs, summary.table))
    if len(ledger.write(folder)) and "@" not in folder.name:
        ledger.write_ledger(root)
    plots.plot_results(folder)
    return folder


def _summary(prepared: Prepared, store: Store) -> Summary:
    from zoo.results.summary import summarise

    experiment = prepared.experiment
    return summarise(
        store.results(job.run for job in prepared.jobs),
        list(experiment.variants),
        experiment.baseline,
        sorted({rule.metric for claim in experiment.claims for rule in claim.rules}),
        experiment.recipe.epochs,
        prepared.seeds,
    )


def write_tensorboard(prepared: Prepared, store: Store, folder: Path) -> Path:
    """Writes the experiment's runs for TensorBoard.

    Returns:
        The folder that holds them.
    """
    from zoo.results import tensorboard

    results = store.results(job.run for job in prepared.jobs)
    records = store.records(job.run.key for job in prepared.jobs)
    return tensorboard.write(folder, prepared.folder_name, results, records)


def spec_of(prepared: Prepared) -> dict[str, Any]:
    """Returns the declaration as run, ready for JSON: no dates, no paths."""
    from zoo.runs.identity import describe, library_versions

    experiment, data = prepared.experiment, prepared.data
    recipe = experiment.recipe
    optimizer = recipe.optimizer(1.0) if experiment.factor != "optimizer" else None
    return {
        "experiment": prepared.folder_name,
        "question": prepared.entry.question,
        "factor": experiment.factor,
        "baseline": experiment.baseline,
        "variants": list(experiment.variants),
        "seeds": list(prepared.seeds),
        "learning_rates": {
            label: experiment.learning_rates(label) for label in experiment.variants
        },
        "recipe": {
            "epochs": recipe.epochs,
            "batch_size": recipe.batch_size,
            "optimizer": describe(optimizer),
            "loss": type(recipe.loss()).__name__,
            "train_examples": recipe.train_examples,
        },
        "data": {
            "name": data.name,
            "fingerprint": data.fingerprint,
            "num_classes": data.num_classes,
            "input_shape": list(data.input_shape),
            "train": len(data.x_train),
            "validation": len(data.x_validation),
            "test": len(data.x_test),
        },
        "versions": library_versions(),
        "alpha": prepared.alpha,
        "claims": [claim.as_dict() for claim in experiment.claims],
    }


def stored_so_far(jobs: Sequence[Job], store: Store) -> str:
    """Returns how many of the runs are kept, for somebody who was interrupted."""
    kept = len(store.known(job.run.key for job in jobs))
    return f"{kept} of {len(jobs)} runs are stored"
