"""The reference engine: one run after the other, with plain `model.fit`."""

from __future__ import annotations

import functools
import itertools
import math
import time
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np

from callbacks.keras_internals import compiled_with
from zoo.data import Data
from zoo.data.arrays import rows
from zoo.engine.convolutions import convolves, draws, why_slow
from zoo.engine.device import check_maps, device_name, on_processor
from zoo.engine.explained import in_r2, metric_of
from zoo.engine.initial_model import (
    Start,
    Starts,
    compiled_metrics,
    metric_name,
    own_step,
    recurrent_in,
)
from zoo.engine.outputs import rights
from zoo.engine.seams import seam
from zoo.runs.phases import phase
from zoo.runs.plan import steps_per_epoch
from zoo.runs.rights import packed
from zoo.runs.run import METRICS, Job, Progress, Result, exact_share, records_of, status_of
from zoo.runs.seeding import epoch_order

EVALUATION_BATCH = 1000


def train(
    jobs: Sequence[Job], data: Data, progress: Progress, among: Sequence[Job] | None = None
) -> Iterator[Result]:
    """Trains the jobs in order and yields each result as it is finished.

    Args:
        jobs: The runs.
        data: The data.
        progress: Is told of every epoch.
        among: All runs that are trained now, if other processes train others of them.
    """
    starts = Starts(among or jobs, data, progress)
    try:
        for job in jobs:
            yield train_one(job, data, progress, start=starts.of(job.recipe))
    finally:
        starts.put_back()


def train_one(
    job: Job, data: Data, progress: Progress, reason: str = "", start: Start | None = None
) -> Result:
    """Trains one run.

    Args:
        job: The run and its recipe.
        data: The data.
        progress: Is told of every epoch.
        reason: Why this engine was chosen, for the record.
        start: Where the runs of its recipe start, if that is known.
    """
    began = time.perf_counter()
    recipe, run = job.recipe, job.run
    steps = steps_per_epoch(recipe, data)
    start = start or Start(recipe, data)
    data = data.of(run.seed)
    model = start.fresh(run.seed)
    optimizer, callbacks = start.trained_by(job)
    own = {name: compiled_metrics(model, name) for name in ("metrics", "weighted_metrics")}
    besides = [metric_name(each) for metrics in own.values() for each in metrics]
    model.compile(
        optimizer,
        recipe.loss(),
        loss_weights=compiled_with(model).get("loss_weights") if model.compiled else None,
        metrics=[metric_of(data), *own["metrics"]],
        weighted_metrics=own["weighted_metrics"] or None,
        jit_compile=takes_xla(model, None if reason else recipe.batch_size),
    )
    make_ready(model, rows(data.x_train, slice(1)), data.y_train[:1])
    recorder = _Recorder(job, progress, besides)
    with phase("fit"):
        model.fit(
            _batches(data, recipe.batch_size, run.seed),
            steps_per_epoch=steps,
            epochs=recipe.epochs,
            shuffle=False,
            validation_data=_part(data, "validation"),
            validation_batch_size=EVALUATION_BATCH,
            callbacks=[recorder, *callbacks],
            verbose=0,
        )
    final: dict[str, float] = {}
    for part, (x, y, *weights) in (
        ("val", _part(data, "validation")),
        ("test", _part(data, "test")),
    ):
        with phase("evaluation"):
            values = model.evaluate(*(x, y, EVALUATION_BATCH, 0, *weights), return_dict=True)
        final[f"{part}_loss"] = float(values["loss"])
        final |= {f"{part}_{name}": float(values[name]) for name in besides}
        # A model with a step of its own may not tell it.
        accuracy = float(values.get("accuracy", math.nan))
        if math.isfinite(accuracy) and not data.of_numbers:
            accuracy = exact_share(accuracy, len(y) * math.prod(start.outputs.shape[1:-1]))
        final[f"{part}_accuracy"] = accuracy
    history = recorder.history
    if data.of_numbers:
        history, final = in_r2(history, final, data)
    with (
        phase("probes"),
        np.errstate(over="ignore", invalid="ignore"),
    ):  # of a network that has diverged
        final |= {name: float(probe(model, data)) for name, probe in recipe.probes.items()}
    return Result(
        run=run,
        status=status_of(recorder.history["loss"], callbacks),
        history=history,
        final=final,
        engine=f"fit ({reason})" if reason else "fit",
        device=device_name(),
        seconds=time.perf_counter() - began,
        rights="" if data.of_numbers or len(start.outputs.shape) != 2 else _rights(model, data),
        records=records_of(callbacks),
    )


def _rights(model: Any, data: Data) -> str:
    """Returns which test examples a network has right; it is called, as compiling takes longer."""
    found = []
    # Which of several NaN is the largest depends on who compares, so XLA does if it has evaluated.
    right_of = _compiled_rights() if model.jit_compile else rights
    for start in range(0, len(data.y_test), EVALUATION_BATCH):
        chunk = slice(start, start + EVALUATION_BATCH)
        outputs = model(rows(data.x_test, chunk), training=False)
        found.append(keras.ops.convert_to_numpy(right_of(data.y_test[chunk], outputs)))
    return packed(np.concatenate(found))


@functools.cache
def _compiled_rights() -> Any:
    return seam().compiled(rights)


def make_ready(model: Any, x: Any, y: Any) -> None:
    """Builds the metrics of a model with a step of its own, which may never update them.

    Keras asks metrics for their results after each epoch, and refuses where one is not built.
    """
    if own_step(model):
        model.compute_metrics(x, y, model(x))
        model.reset_metrics()


def takes_xla(model: Any, batch_size: int | None = None) -> bool:
    """Returns whether XLA compiles a model's training, as it does a population's.

    TensorFlow's random numbers differ inside and outside of XLA, so what could train in a
    population does if it draws any. Recurrent networks never can; they and convolutions on a
    processor are many times slower with XLA on TensorFlow, which compiles them for every run.

    Args:
        model: A model, whose shapes are known.
        batch_size: Examples in a step; `None` if it cannot train in a population anyway.

    Raises:
        FullError: If it does, and this process can compile no more.
    """
    takes: bool = not recurrent_in(model)
    if convolves(model) and on_processor():
        takes = batch_size is not None and draws(model) and not why_slow(model, batch_size)
    takes = takes or keras.backend.backend() != "tensorflow"
    if takes:
        check_maps()
    return takes


def _part(data: Data, part: str) -> tuple[Any, ...]:
    """Returns features, labels and, if there are any, weights of the validation or test part."""
    x, y, weights = (getattr(data, f"{letter}_{part}") for letter in ("x", "y", "w"))
    return (x, y) if weights is None else (x, y, weights)


def _batches(data: Data, batch_size: int, seed: int) -> Iterator[tuple[Any, ...]]:
    """Yields full batches without end, every epoch in the order that the seed gives it."""
    x, y, *weights = _part(data, "train")
    for epoch in itertools.count():
        order = epoch_order(len(y), seed, epoch)
        for start in range(0, len(y) - batch_size + 1, batch_size):
            batch = order[start : start + batch_size]
            chosen = rows(x, batch)
            # TensorFlow takes a list for one array.
            x_batch = tuple(chosen) if isinstance(chosen, list) else chosen
            yield x_batch, y[batch], *(each[batch] for each in weights)


class _Recorder(keras.callbacks.Callback):
    """Keeps the zoo's columns and the model's own, and stops a run whose loss is not finite."""

    def __init__(self, job: Job, progress: Progress, besides: Sequence[str] = ()) -> None:
        super().__init__()
        self.job = job
        self.progress = progress
        own = [each for name in besides for each in (name, f"val_{name}")]
        self.history: dict[str, list[float]] = {name: [] for name in (*METRICS, *own)}

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        rate = keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)
        row: dict[str, float] = {**(logs or {}), "learning_rate": float(rate)}
        for name in self.history:
            self.history[name].append(float(row.get(name, math.nan)))
        if not math.isfinite(row["loss"]):
            self.model.stop_training = True
        self.progress.epoch([self.job], epoch + 1)
