"""Checks the networks of an experiment, or a saved model, before training them."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from callbacks.preflight import preflight, task_of
from callbacks.preflight.checks import Check, Task
from zoo import data as datasets
from zoo import initializers, layers
from zoo.data import FIXED, Data
from zoo.engine.initial_model import initial_model
from zoo.errors import ZooError, closest
from zoo.runner import registry
from zoo.runner.prepare import Settings, prepare
from zoo.runs.plan import optimizer_of, steps_per_epoch
from zoo.runs.run import Job

# Imported for what they register: without it Keras cannot load a model that has these.
REGISTERED = (initializers, layers)
SUFFIX = ".keras"


@dataclass(frozen=True)
class Report:
    """The checks of one network.

    Attributes:
        variant: Label of the variant, or name of the model's file.
        learning_rate: The initial learning rate, or `None` where the model has its own.
        checks: What was found.
    """

    variant: str
    learning_rate: float | None
    checks: list[Check]


def reports(
    name: str,
    *,
    variant: str | None = None,
    data: str | None = None,
    learning_rate: float | None = None,
    data_dir: Path | None = None,
    table: datasets.TableOptions | None = None,
) -> Iterator[Report]:
    """Checks every variant of an experiment, or a saved model; yields as it goes.

    Args:
        name: Name of an experiment, path of an experiment module (`.py`), or path of a compiled
            model that was saved as `.keras`.
        variant: Label of the only variant to check, or `None` for all.
        data: Name or file of the data; `None` for the recipe's. A saved model needs it.
        learning_rate: Float above 0, or `None` for the middle of each variant's grid (of two in
            the middle the larger), or the saved model's own.
        data_dir: Folder with data files.
        table: What is said about a table.

    Raises:
        ZooError: If something is not there or does not fit.
    """
    if not name.lower().endswith(SUFFIX):
        rates = None if learning_rate is None else (learning_rate,)
        settings = Settings(seeds=1, data=data, learning_rates=rates, split=FIXED, table=table)
        yield from _of_experiment(name, variant, settings, data_dir)
        return
    if variant is not None:
        raise ZooError(
            f"`--variant` is for experiments; {name} is one model. Received: {variant!r}"
        )
    if data is None:
        raise ZooError(f"A saved model needs data: give `--data NAME|FILE` to check {name}.")
    path = Path(name)
    if not path.is_file():
        raise ZooError(f"No such file: {name}. Give the path of a model saved as .keras.")
    loaded = datasets.load(
        data, data_dir=data_dir, table=table
    )  # what is wrong with it shows sooner
    model = _model(path)
    if learning_rate is not None:
        _set_rate(model, learning_rate, name)
    yield _checked(path.name, learning_rate, model, loaded)


def jobs_to_check(jobs: Iterable[Job]) -> list[Job]:
    """Returns of each variant the job with seed 0 and the middle learning rate."""
    by_variant: dict[str, list[Job]] = {}
    for job in jobs:
        if job.run.seed == 0:
            by_variant.setdefault(job.run.variant, []).append(job)
    return [
        sorted(own, key=lambda job: job.run.learning_rate)[len(own) // 2]
        for own in by_variant.values()
    ]


def _of_experiment(
    name: str,
    variant: str | None,
    settings: Settings,
    data_dir: Path | None,
) -> Iterator[Report]:
    entry = registry.find(name)
    labels = list(entry.load().variants)
    if variant is not None and variant not in labels:
        raise ZooError(f"{name} has no variant {variant!r}. {closest(variant, labels)}")
    prepared = prepare(entry, settings, data_dir)
    for job in jobs_to_check(prepared.jobs):
        recipe, run = job.recipe, job.run
        if variant not in (None, run.variant):
            continue
        own = prepared.data_of[run.variant]
        model = initial_model(job, own)
        steps = steps_per_epoch(recipe, own)
        optimizer, _ = optimizer_of(recipe, run.learning_rate, steps)
        model.compile(optimizer, recipe.loss())
        yield _checked(run.variant, run.learning_rate, model, own, batch_size=recipe.batch_size)


def _model(path: Path) -> Any:
    """Loads a compiled model."""
    try:
        with warnings.catch_warnings():
            # The checks start the optimizer afresh, so its saved state does not matter.
            warnings.filterwarnings("ignore", message="Skipping variable loading for optimizer")
            model = keras.models.load_model(path)
    except (OSError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ZooError(
            f"{path} cannot be read as a Keras model: {reason}\n"
            "Save it with model.save(PATH.keras). If it has layers of your own, call "
            "callbacks.preflight.preflight(model, x, y) in Python instead."
        ) from error
    if not model.compiled or model.loss is None:
        raise ZooError(
            f"{path} is not compiled with a loss, so it cannot be trained. Before saving it, call "
            "model.compile(optimizer, SparseCategoricalCrossentropy(from_logits=True))."
        )
    return model


def _set_rate(model: Any, learning_rate: float, name: str) -> None:
    if not 0 < learning_rate < float("inf"):
        raise ZooError(
            f"`--learning-rate` must be a finite number above 0. Received: {learning_rate}"
        )
    try:
        model.optimizer.learning_rate = learning_rate
    except TypeError as error:
        raise ZooError(
            f"{name} was compiled with a learning-rate schedule. Leave out `--learning-rate`, or "
            "compile it with a number."
        ) from error


def _checked(
    label: str, learning_rate: float | None, model: Any, data: Data, **settings: int
) -> Report:
    """Checks a model on the training part of the data."""
    task = task_of(model)
    labels: list[Any] = [data.y_train, data.y_validation]
    if isinstance(task, Task):
        if task.num_classes != data.num_classes:
            raise ZooError(
                f"{label} tells {task.num_classes} classes apart and {data.name} has "
                f"{data.num_classes}. Give the model {data.num_classes} outputs, or take other "
                "data with --data."
            )
        if task.kind == "one_hot":
            labels = [keras.utils.to_categorical(y, data.num_classes) for y in labels]
    shapes = [tuple(tensor.shape[1:]) for tensor in getattr(model, "inputs", None) or []]
    if len(shapes) == 1 and not _fits(shapes[0], data.input_shape):
        raise ZooError(
            f"{label} takes examples of shape {shapes[0]} and {data.name} has {data.input_shape}. "
            "Reshape inside the model, or take other data with --data."
        )
    try:
        y, validation = labels
        found = preflight(model, data.x_train, y, validation_labels=validation, **settings)
        return Report(label, learning_rate, found)
    except ValueError as error:
        raise ZooError(f"{label} cannot be checked: {error}") from error


def _fits(wanted: tuple[int | None, ...], given: tuple[int, ...]) -> bool:
    pairs = zip(wanted, given, strict=False)
    return len(wanted) == len(given) and all(size in (None, other) for size, other in pairs)


def table_lines(report: Report, *, head: bool = False) -> list[str]:
    """Returns one line a check.

    Args:
        report: The checks of one network.
        head: Whether the names of the columns come first.
    """
    rows = [
        [
            report.variant,
            check.name,
            check.result,
            "" if check.measured is None else f"{check.measured:.3g}",
            check.expected,
        ]
        for check in report.checks
    ]
    if head:
        rows.insert(0, ["variant", "check", "result", "measured", "expected"])
    widths = (30, 17, 6, 8, 0)
    return [
        "  ".join(cell.ljust(size) for cell, size in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def summary_lines(found: list[Report]) -> list[str]:
    """Returns what to do about each warning, why checks were skipped, and the count."""
    lines: list[str] = []
    warned_of: dict[tuple[str, str], list[tuple[Report, Check]]] = {}
    skips: dict[tuple[str, str], list[str]] = {}
    for report in found:
        for check in report.checks:
            if check.result == "warn":
                warned_of.setdefault((check.name, check.advice), []).append((report, check))
            elif check.result == "skip":
                skips.setdefault((check.advice, report.variant), []).append(check.name)
    for (name, advice), who in warned_of.items():
        lines.append(f"warn  {name}: {advice}")
        for report, check in who:
            rate = report.learning_rate
            at = "" if rate is None else f" at learning rate {rate:g}"
            measured = "" if check.measured is None else f": {check.measured:.3g}"
            where = f" ({check.where})" if check.where else ""
            lines.append(f"      - {report.variant}{at}{measured}{where}")
    reasons: dict[tuple[str, str], list[str]] = {}
    for (reason, variant), names in skips.items():
        reasons.setdefault((reason, ", ".join(names)), []).append(variant)
    for (reason, checks), variants in reasons.items():
        some = "" if len(variants) == len(found) else f" ({len(variants)} of {len(found)})"
        lines.append(f"skip  {checks}{some}: {reason}")
    warned = [
        report.variant for report in found if any(check.result == "warn" for check in report.checks)
    ]
    lines.append(f"{len(found) - len(warned)} of {len(found)} pass every check that applies.")
    return lines
