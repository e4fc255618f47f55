"""Runs an experiment: plans, trains what the store does not have, writes tables and plots."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
from rich.console import Console

from zoo import data as datasets
from zoo import metrics
from zoo.claims import ALPHA
from zoo.data import Data
from zoo.device import device_name, on_processor
from zoo.engine import fit, population
from zoo.engine.result import Progress, Result
from zoo.errors import ZooError
from zoo.experiment import DEFAULT_SEEDS, Experiment
from zoo.plan import Job, plan
from zoo.progress import Reporter
from zoo.registry import Entry
from zoo.store import Store

if TYPE_CHECKING:
    from zoo.summary import Summary

ENGINES = ("population", "fit")
AUTO = "auto"
# Numbers of seeds at which `--seeds auto` looks at the verdicts.
LOOKS = (8, 16, 32)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a user may change about an experiment without editing it; `None` leaves it as declared.

    Attributes:
        seeds: Number of seeds, counted from 0, or `auto`: as declared, and more where a claim is
            still undecided.
        epochs: Epochs of every run.
        batch_size: Examples a step.
        data: Name or file of the data. A recipe for few training examples takes as many of them,
            or all if there are fewer.
        learning_rates: One grid for all variants.
        scale: One of the experiment's larger sizes.
        smoke: One epoch, two seeds, one learning rate: does it run at all?
    """

    seeds: int | str | None = None
    epochs: int | None = None
    batch_size: int | None = None
    data: str | None = None
    learning_rates: tuple[float, ...] | None = None
    scale: str | None = None
    smoke: bool = False

    def __post_init__(self) -> None:
        """Checks the numbers that the recipe does not see."""
        number = self.seeds if isinstance(self.seeds, int) else 0
        if self.seeds not in (None, AUTO) and number < 1:
            raise ZooError(
                f"`--seeds` must be a whole number of at least 1, or {AUTO}. Received: {self.seeds}"
            )

    def apply(self, experiment: Experiment) -> Experiment:
        """Returns the experiment with these settings."""
        if self.scale is not None:
            experiment = experiment.at_scale(self.scale)
        changes: dict[str, Any] = {
            name: value
            for name in ("epochs", "batch_size", "data", "learning_rates")
            if (value := getattr(self, name)) is not None
        }
        if experiment.factor in changes:
            option = experiment.factor.replace("_", "-")
            raise ZooError(
                f"The experiment varies its {option.replace('-', ' ')}, so that cannot be set. "
                f"Received: --{option} {changes[experiment.factor]}. Leave it away."
            )
        if self.smoke:
            grids = {}
            for variant in experiment.variants:
                grid = experiment.learning_rates(variant)
                grids[variant] = grid[len(grid) // 2 :][:1]
            changes = {"epochs": 1, "learning_rates": grids, **changes}
        recipe = dataclasses.replace(experiment.recipe, **changes)
        return dataclasses.replace(experiment, recipe=recipe)

    @property
    def seed_list(self) -> list[int]:
        """The seeds."""
        if isinstance(self.seeds, int):
            return list(range(self.seeds))
        return list(range(2 if self.smoke else DEFAULT_SEEDS))

    @property
    def may_widen(self) -> bool:
        """Whether a grid whose end is best may be widened."""
        return self.learning_rates is None and not self.smoke

    def folder_name(self, experiment: str) -> str:
        """Returns the results folder's name: the experiment's own only for unchanged settings."""
        parts = []
        if self.smoke:
            parts.append("smoke")
        if self.scale is not None:
            parts.append(f"scale={self.scale}")
        if self.data is not None:
            parts.append(f"data={Path(self.data.partition(':')[0]).stem}")
        if self.epochs is not None:
            parts.append(f"epochs={self.epochs}")
        if self.batch_size is not None:
            parts.append(f"batch={self.batch_size}")
        if self.seeds is not None:
            parts.append(f"seeds={self.seeds}")
        if self.learning_rates is not None:
            parts.append("rates=" + "_".join(f"{rate:g}" for rate in self.learning_rates))
        return f"{experiment}@{','.join(parts)}" if parts else experiment


@dataclass(frozen=True)
class Prepared:
    """An experiment ready to run: what was asked for, each variant's data, the runs it takes."""

    entry: Entry
    experiment: Experiment
    folder_name: str
    data_of: Mapping[str, Data]
    seeds: list[int]
    jobs: list[Job]
    alpha: float = ALPHA

    @property
    def data(self) -> Data:
        """The baseline's data."""
        return self.data_of[self.experiment.baseline]


def prepare(entry: Entry, settings: Settings, data_dir: Path | None) -> Prepared:
    """Loads experiment and data and plans the runs; trains nothing."""
    experiment = settings.apply(entry.load())
    recipe = experiment.recipe
    for claim in experiment.claims:
        for rule in claim.rules:
            if not metrics.is_metric(rule.metric) and rule.metric not in recipe.probes:
                raise ZooError(metrics.unknown(rule.metric, recipe.probes))
    if settings.data is not None and recipe.train_examples is not None:
        whole = datasets.load(recipe.data, data_dir=data_dir)
        if recipe.train_examples > len(whole.x_train):
            recipe = dataclasses.replace(recipe, train_examples=None)
            experiment = dataclasses.replace(experiment, recipe=recipe)
    data_of = _data_of(experiment, data_dir)
    jobs = plan(experiment, data_of, settings.seed_list)
    name = settings.folder_name(entry.name)
    # Several looks at growing data are several chances of a false verdict: each gets its part.
    alpha = ALPHA / len(LOOKS) if settings.seeds == AUTO else ALPHA
    return Prepared(entry, experiment, name, data_of, settings.seed_list, jobs, alpha)


def _data_of(experiment: Experiment, data_dir: Path | None) -> dict[str, Data]:
    """Loads each variant's data; variants that ask for the same share them."""
    loaded: dict[Any, Data] = {}
    found = {}
    for variant in experiment.variants:
        recipe = experiment.recipe_for(variant)
        wanted = (recipe.data, recipe.train_examples, recipe.preprocessing)
        if wanted not in loaded:
            loaded[wanted] = datasets.load(
                recipe.data,
                data_dir=data_dir,
                train_examples=recipe.train_examples,
                preprocessing=recipe.preprocessing,
            )
        found[variant] = loaded[wanted]
    return found


def widened(prepared: Prepared, store: Store) -> Prepared:
    """Adds one learning rate to each variant's grid whose end is its best rate.

    It continues the grid by the step that it ends with. Returns what it was given if no end is.
    """
    from zoo.summary import best_edge, runs_frame

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
    from zoo.ledger import verdicts_frame
    from zoo.summary import best_rates

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
    from zoo import recording
    from zoo.summary import best_rates, runs_frame

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
    from zoo import ledger, plots, tables
    from zoo.summary import records_frames

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
    from zoo.summary import summarise

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
    from zoo import tensorboard

    results = store.results(job.run for job in prepared.jobs)
    records = store.records(job.run.key for job in prepared.jobs)
    return tensorboard.write(folder, prepared.folder_name, results, records)


def spec_of(prepared: Prepared) -> dict[str, Any]:
    """Returns the declaration as run, ready for JSON: no dates, no paths."""
    from zoo.identity import describe, library_versions

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
