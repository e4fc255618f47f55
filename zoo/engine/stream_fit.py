"""Trains runs one at a time on what only Keras's own `fit` reads, with the model's own metrics."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import keras

from callbacks.keras_internals import compiled_with
from zoo.data.arrays import shapes_of
from zoo.engine.device import device_name
from zoo.engine.fit import EVALUATION_BATCH, make_ready, takes_xla
from zoo.engine.outputs import kind_of, loss_of
from zoo.engine.paths import Paths
from zoo.engine.streams import Stream
from zoo.runs.initial_values import InitialValues
from zoo.runs.phases import phase
from zoo.runs.plan import optimizer_of
from zoo.runs.run import Job, Progress, Result, records_of, status_of

KEPT = ("loss_weights", "metrics", "weighted_metrics")  # of what a model was compiled with


def train(
    jobs: Sequence[Job], build: Callable[[], Any], stream: Stream, progress: Progress
) -> Iterator[Result]:
    """Trains the jobs in order and yields each result as it is finished.

    A seed gives the initial weights, and the order of examples where these are arrays. The history
    has what Keras logs, and the learning rate.

    Args:
        jobs: The runs, of one recipe.
        build: Function that returns the model.
        stream: What they read.
        progress: Is told of every epoch, and why they train alone.
    """
    progress.note(f"model: {len(jobs)} runs: fit, {stream.why}")
    initial = InitialValues(build, shapes_of(stream.first[0]))
    paths = Paths(jobs)
    try:
        for job in jobs:
            yield _trained(job, initial, paths, stream, progress)
    finally:
        initial.put_back()


def _trained(
    job: Job, initial: InitialValues, paths: Paths, stream: Stream, progress: Progress
) -> Result:
    began = time.perf_counter()
    recipe, seed = job.recipe, job.run.seed
    model = initial.fresh(seed)
    optimizer, callbacks = optimizer_of(recipe, job.run.learning_rate, stream.steps or 1)
    paths.separate(callbacks, job)
    loss = recipe.loss()
    model.compile(optimizer, loss, **_metrics(model, loss, stream), jit_compile=takes_xla(model))
    make_ready(model, *stream.first)
    recorder = _Recorder(job, progress)
    weights = {} if stream.class_weight is None else {"class_weight": stream.class_weight}
    batches = stream.train(seed)
    with phase("fit"):
        model.fit(
            batches,
            # Of batches that it can ask for by number Keras shuffles these, and of no others.
            shuffle=isinstance(batches, keras.utils.PyDataset),
            steps_per_epoch=stream.steps,
            epochs=recipe.epochs,
            validation_data=_validation(stream.parts["val"]),
            callbacks=[recorder, *callbacks],
            verbose=0,
            **weights,
        )
    final: dict[str, float] = {}
    for part, given in stream.parts.items():
        values = _evaluated(model, given)
        final |= {f"{part}_{name}": float(value) for name, value in values.items()}
    return Result(
        run=job.run,
        status=status_of(recorder.history["loss"], callbacks),
        history=recorder.history,
        final=final,
        engine=f"fit ({stream.why})",
        device=device_name(),
        seconds=time.perf_counter() - began,
        records=records_of(callbacks),
    )


def _metrics(model: Any, loss: Any, stream: Stream) -> dict[str, Any]:
    """Returns what to compile with: the model's own metrics, else accuracy where it has a sense."""
    if model.compiled:
        return {name: compiled_with(model).get(name) for name in KEPT}
    if isinstance(loss, list | tuple | Mapping):
        return {}
    labels = stream.first[1]
    outputs = model(stream.first[0])
    one = hasattr(labels, "shape") and hasattr(outputs, "shape")
    return {"metrics": ["accuracy"]} if one and kind_of(loss_of(loss, labels, outputs)) else {}


def _validation(part: tuple[Any, ...]) -> Any:
    return part[0] if len(part) == 1 else part


def _evaluated(model: Any, part: tuple[Any, ...]) -> Mapping[str, Any]:
    size = () if len(part) == 1 else (part[1], EVALUATION_BATCH, 0, *part[2:])
    with phase("evaluation"):
        return model.evaluate(  # type: ignore[no-any-return]
            part[0], *size, return_dict=True, **({} if size else {"verbose": 0})
        )


class _Recorder(keras.callbacks.Callback):
    """Keeps what is logged, and stops a run whose loss is NaN or infinite."""

    def __init__(self, job: Job, progress: Progress) -> None:
        super().__init__()
        self.job = job
        self.progress = progress
        self.history: dict[str, list[float]] = {}

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        rate = keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)
        for name, value in {**(logs or {}), "learning_rate": rate}.items():
            self.history.setdefault(name, []).append(float(value))
        if not math.isfinite(self.history["loss"][-1]):
            self.model.stop_training = True
        self.progress.epoch([self.job], epoch + 1)
