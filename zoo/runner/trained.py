"""Runs an experiment: plans, trains what the store does not have, writes tables and plots."""

from __future__ import annotations

import dataclasses
import math
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.data import FIXED, RESAMPLED, Data, Draws
from zoo.data.numbers import REGRESSION
from zoo.engine.device import device_name
from zoo.errors import Interrupted
from zoo.evidence.guessing import IMBALANCED, balanced_accuracy, guess_of, guess_of_numbers
from zoo.evidence.metrics import inside, is_metric
from zoo.results.store import Store
from zoo.runner.how import How
from zoo.runner.mistakes import mistakes_in
from zoo.runner.pictures import draw
from zoo.runner.prepare import AUTO, LOOKS, Prepared
from zoo.runner.prepare import prepare as prepare
from zoo.runner.trainer import Trainer, here
from zoo.runs.phases import phase
from zoo.runs.plan import plan, unknown
from zoo.runs.rights import unpacked
from zoo.runs.run import Result

if TYPE_CHECKING:
    from zoo.results.summary import Summary


def widened(prepared: Prepared, store: Store) -> Prepared:
    """Adds one learning rate to each variant's grid whose end is its best rate.

    It continues the grid by the step that it ends with. Returns what it was given if no end is.
    """
    from zoo.results.summary import best_edge, runs_frame

    experiment = prepared.experiment
    runs = runs_frame(store.results(job.run for job in prepared.jobs), list(experiment.variants))
    grids = {label: experiment.learning_rates(label) for label in experiment.variants}
    wider = {}
    for label, grid in grids.items():
        edge = best_edge(runs[runs["variant"] == label])
        if edge == "lowest":
            wider[label] = (_rounded(grid[0] * grid[0] / grid[1]), *grid)
        elif edge == "highest":
            wider[label] = (*grid, _rounded(grid[-1] * grid[-1] / grid[-2]))
    if not wider:
        return prepared
    recipe = dataclasses.replace(experiment.recipe, learning_rates=grids | wider)
    experiment = dataclasses.replace(experiment, recipe=recipe)
    jobs = [job for job in prepared.jobs if job.run.variant not in wider]
    jobs += plan(experiment, prepared.data_of, prepared.seeds, wider)
    place = {label: number for number, label in enumerate(experiment.variants)}
    jobs.sort(key=lambda job: place[job.run.variant])
    return dataclasses.replace(prepared, experiment=experiment, jobs=jobs)


def without(prepared: Prepared, before: Prepared | None) -> Prepared:
    """Returns what is left to train of the first once the second has been trained."""
    done = {job.run for job in before.jobs} if before else set()
    jobs = [job for job in prepared.jobs if job.run not in done]
    return dataclasses.replace(prepared, jobs=jobs)


def _rounded(rate: float) -> float:
    return float(f"{rate:.2g}")


def extended(prepared: Prepared, store: Store, seeds: int) -> Prepared:
    """Adds seeds to the variants of undecided claims, at the rates that verdicts have to hold at.

    These are the chosen ones and those that do as well; they stay those that the first seeds chose.
    Returns what it was given if nothing is undecided.

    Args:
        prepared: What has been run.
        store: Where it is kept.
        seeds: How many seeds these variants are to have.
    """
    from zoo.claims import UNDECIDED, labels_of
    from zoo.evidence.metrics import VALIDATION, chosen_by
    from zoo.results.rates import choose_rates
    from zoo.results.verdicts import verdicts_frame

    experiment = prepared.experiment
    summary = _summary(prepared, store)
    spec = spec_of(prepared)
    verdicts = verdicts_frame(spec, summary.runs)
    rates = choose_rates(spec, summary.runs)
    wanted = {
        (label, rate)
        for claim, verdict in zip(experiment.claims, verdicts["verdict"], strict=True)
        if verdict == UNDECIDED
        for rule in claim.rules
        for label in labels_of(rule)
        for rate in rates.get(chosen_by(inside(rule.metric)), rates[VALIDATION]).of(label)
    }
    there = {job.run for job in prepared.jobs}
    more = [
        job
        for job in plan(experiment, prepared.data_of, range(seeds), {label for label, _ in wanted})
        if (job.run.variant, job.run.learning_rate) in wanted and job.run not in there
    ]
    return dataclasses.replace(prepared, jobs=[*prepared.jobs, *more]) if more else prepared


def plan_of(prepared: Prepared) -> str:
    """Returns how much there is to train, in a line."""
    jobs, data = prepared.jobs, prepared.data
    epochs = sum(job.recipe.epochs for job in jobs)
    return (
        f"{prepared.folder_name}: {len(jobs)} runs, {epochs} epochs together; "
        f"{len(prepared.experiment.variants)} variants, {len(prepared.seeds)} seeds; "
        f"data {data.name}, {len(data.x_train)} training examples"
        + ", each seed its own draw"
        * isinstance(data, Draws)
    )


def run(prepared: Prepared, how: How) -> tuple[Path, list[str]]:
    """Trains an experiment and writes its results.

    Args:
        prepared: What to run.
        how: How.

    Returns:
        The results folder, and lines that say what was done and what to do next.

    Raises:
        Interrupted: If the user interrupts; says how many runs are kept.
    """
    with Store(how.results) as store:
        trainer = Trainer(store=store, where=how.where(), fresh=how.fresh)
        try:
            with mistakes_in(prepared.entry.path, "Training must raise nothing."):
                prepared = train(prepared, trainer)
                if how.record:
                    # What recording callbacks are given and see need not travel.
                    trainer.where = here(how.console, how.engine, how.verbose)
                    record(prepared, trainer)
        except KeyboardInterrupt:
            kept = len(store.known(job.run.key for job in prepared.jobs))
            raise Interrupted(
                f"{kept} of {len(prepared.jobs)} runs are stored; "
                "the same command goes on from there."
            ) from None
        with phase("tables and verdicts"):
            folder = write(prepared, store, how.results)
        if how.tensorboard is not None:
            write_tensorboard(prepared, store, how.tensorboard)
    stored = max(len(prepared.jobs) - trainer.trained, 0)
    unseen = unknown(prepared.experiment, prepared.data_of) if stored else []
    lines = [
        f"Trained {trainer.trained} runs, {stored} were stored. Device: {device_name()}.",
        *(f"{sentence}; --fresh trains all runs again." for sentence in unseen),
        f"Plots and tables: {folder}{os.sep}   effect: {folder / 'effect.svg'}",
    ]
    if how.tensorboard is not None:
        lines.append(f"TensorBoard: tensorboard --logdir {how.tensorboard}")
    return folder, lines


def train(prepared: Prepared, trainer: Trainer) -> Prepared:
    """Trains the runs; where the results ask for it, more learning rates and more seeds.

    Returns:
        What was run, with the learning rates and seeds that the results asked for.
    """

    def more(wanted: Prepared, before: Prepared | None = None) -> Prepared:
        trainer.train(without(wanted, before).jobs, wanted.data_of, wanted.folder_name)
        return wanted

    prepared = more(prepared)
    if prepared.settings.may_widen:
        prepared = more(widened(prepared, trainer.store), prepared)
    if prepared.settings.seeds == AUTO:
        for look in LOOKS[1:]:
            prepared = more(extended(prepared, trainer.store, look), prepared)
    return prepared


def record(prepared: Prepared, trainer: Trainer) -> None:
    """Trains some runs once more, with callbacks that record what happens inside the networks."""
    from zoo.evidence.rates import best_rates
    from zoo.results.summary import runs_frame
    from zoo.runner import recording

    results = trainer.store.results(job.run for job in prepared.jobs)
    runs = runs_frame(results, list(prepared.experiment.variants))
    rates = best_rates(runs[runs["seed"].isin(prepared.seeds)])
    recorded = recording.recorded_jobs(prepared.jobs, rates, prepared.data_of)
    trainer.record(recorded, prepared.data_of)


def write(prepared: Prepared, store: Store, root: Path) -> Path:
    """Writes the experiment's tables and plots from the store.

    Returns:
        The folder they lie in.
    """
    # pandas, scipy and matplotlib take seconds to import, which training need not wait for.
    from zoo.results import ledger, tables
    from zoo.results.rates import with_rates
    from zoo.results.records import records_frames

    experiment = prepared.experiment
    folder = root / prepared.folder_name
    summary = _summary(prepared, store)
    recorded = store.records(job.run.key for job in prepared.jobs)
    runs = {job.run: recorded[job.run.key] for job in prepared.jobs if job.run.key in recorded}
    tables.write(folder, with_rates(spec_of(prepared), summary.runs), summary)
    # Equal runs of another experiment may be recorded; a picture needs every variant's.
    if {run.variant for run in runs} == set(experiment.variants):
        tables.write_records(folder, *records_frames(runs, summary.table))
    ledger.write(folder)
    draw(folder)
    return folder


def _summary(prepared: Prepared, store: Store) -> Summary:
    from zoo.results.summary import summarise

    experiment, data = prepared.experiment, prepared.data
    rules = [rule for claim in experiment.claims for rule in claim.rules]
    wanted = {inside(rule.metric) for rule in rules}
    if data.of_numbers:
        known = experiment.recipe.probes
        wanted = {each for each in wanted if is_metric(each) or each in known}
    return summarise(
        store.results(job.run for job in prepared.jobs),
        list(experiment.variants),
        experiment.baseline,
        sorted(wanted),
        experiment.recipe.epochs,
        prepared.seeds,
        _drawn(data).get("overlap", 0.0),
        data.num_classes,
        [label for label, own in prepared.data_of.items() if _fixes_test(own)],
        partial(_balanced, prepared) if _guess(prepared).get("share", 0) > IMBALANCED else None,
    )


def _guess(prepared: Prepared) -> dict[str, Any]:
    """Returns what always guessing class or mean gives, in the draw of seed 0."""
    data = prepared.data
    if data.target_scale is not None:
        return guess_of_numbers(data.y_test, data.target_scale[1])
    return guess_of(data.y_train, data.y_test, data.class_names)


def _balanced(prepared: Prepared, result: Result) -> float:
    """Returns the balanced accuracy of a run; NaN where it is not known what it has right."""
    if not result.rights:
        return math.nan
    labels = prepared.data_of[result.run.variant].of(result.run.seed).y_test
    return balanced_accuracy(np.frombuffer(unpacked(result.rights), np.uint8), labels)


def write_tensorboard(prepared: Prepared, store: Store, folder: Path) -> Path:
    """Writes the experiment's runs for TensorBoard.

    Returns:
        The folder that holds them.
    """
    from zoo.results import tensorboard
    from zoo.results.scores import with_r2

    results = store.results(job.run for job in prepared.jobs)
    if prepared.data.of_numbers:
        results = list(map(with_r2, results))
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
        **({"left_out": list(experiment.left_out)} if experiment.left_out else {}),
        **({"set": dict(prepared.settings.words)} if prepared.settings.words else {}),
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
            **({"task": REGRESSION} if data.of_numbers else {}),
            "num_classes": data.num_classes,
            "input_shape": list(data.input_shape),
            "train": len(data.x_train),
            "validation": len(data.x_validation),
            "test": len(data.x_test),
            **_drawn(data),
            **({"guess": _guess(prepared)} if experiment.factor != "data" else {}),
            **({"table": dict(data.table)} if data.table is not None else {}),
        },
        "versions": library_versions(),
        "alpha": prepared.alpha,
        "claims": [claim.as_dict() for claim in experiment.claims],
    }


def _drawn(data: Data) -> dict[str, Any]:
    """Returns how seeds draw their data."""
    if not isinstance(data, Draws):
        return {"split": FIXED}
    kept = {"keeps_test": True} if data.keeps_test else {}
    return {"split": RESAMPLED, "overlap": round(data.overlap, 6), **kept}


def _fixes_test(data: Data) -> bool:
    """Returns whether all seeds are tested on the same examples."""
    return not isinstance(data, Draws) or data.keeps_test
