"""Writes runs as event files for TensorBoard: scalars, histograms, hyperparameters."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.histogram.metadata import create_summary_metadata
from tensorboard.plugins.hparams import summary_v2 as hyperparameters
from tensorboard.plugins.scalar.summary_v2 import scalar_pb
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.util.tensor_util import make_tensor_proto

from zoo.errors import ZooError
from zoo.runs.run import Result

SUFFIX = ".zoo"  # marks the files that may be replaced
METRICS = ("test_accuracy", "val_accuracy", "test_r2", "val_r2", "test_loss", "val_loss")
# Edges of the recorded histograms; what lies outside goes into a bin of the same width.
EDGES = np.arange(-31, 32) / 10

Rows = Sequence[tuple[int, int, str, Any]]


def write(
    folder: Path, experiment: str, results: Sequence[Result], records: Mapping[str, Rows]
) -> Path:
    """Writes one event file a run, replacing those of an earlier call.

    Args:
        folder: Where the experiment's folder is put; made if it does not exist.
        experiment: Name of the results folder.
        results: The finished runs.
        records: What was recorded by layer, by the key of the run.

    Returns:
        The experiment's folder, for `tensorboard --logdir`.

    Raises:
        ZooError: If the folder cannot be written.
    """
    home = folder / experiment
    try:
        _write_file(home, [_configuration(results)])
        for result in results:
            run = result.run
            where = home / _safe(run.variant) / f"rate={run.learning_rate:g}" / f"seed={run.seed}"
            _write_file(where, _events(result, records.get(run.key, ())))
    except OSError as error:
        raise ZooError(
            f"`--tensorboard` must name a folder that can be written. Received: {folder} "
            f"({error.strerror})."
        ) from error
    return home


def _write_file(folder: Path, events: Sequence[tuple[int, Summary]] | Iterator[Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(f"events.out.tfevents.*{SUFFIX}"):
        old.unlink()
    writer = EventFileWriter(str(folder), filename_suffix=SUFFIX)
    for step, summary in events:
        writer.add_event(Event(wall_time=time.time(), step=step, summary=summary))
    writer.close()


def _configuration(results: Sequence[Result]) -> tuple[int, Summary]:
    """Returns what the page of hyperparameters shows as columns."""
    variants = list(dict.fromkeys(result.run.variant for result in results))
    rates = sorted({result.run.learning_rate for result in results})
    columns = [
        hyperparameters.HParam("variant", hyperparameters.Discrete(variants)),
        hyperparameters.HParam("learning_rate", hyperparameters.Discrete(rates)),
    ]
    known = dict.fromkeys(name for name in METRICS for each in results if name in each.final)
    metrics = [hyperparameters.Metric(f"final/{name}") for name in known]
    return 0, hyperparameters.hparams_config_pb(columns, metrics)


def _events(result: Result, rows: Rows) -> Iterator[tuple[int, Summary]]:
    run = result.run
    values = {"variant": run.variant, "learning_rate": run.learning_rate}
    group = f"{run.variant}, learning rate {run.learning_rate:g}"  # its seeds are one line
    yield 0, hyperparameters.hparams_pb(values, trial_id=group)
    for name, history in result.history.items():
        for epoch, value in enumerate(history, 1):
            yield epoch, scalar_pb(name, value)
    for name in filter(result.final.__contains__, METRICS):
        yield result.epochs, scalar_pb(f"final/{name}", result.final[name])
    for layer, epoch, metric, value in rows:
        if metric == "activation_histogram":
            yield epoch, _histogram(f"activations/layer {layer}", value)
        else:
            yield epoch, scalar_pb(f"{metric}/layer {layer}", value)


def _histogram(tag: str, counts: Sequence[int]) -> Summary:
    """Returns counts, below, between and above the edges, as TensorBoard keeps a histogram."""
    buckets = np.stack([EDGES[:-1], EDGES[1:], np.asarray(counts, float)], axis=1)
    metadata = create_summary_metadata(display_name=None, description=None)
    value = Summary.Value(tag=tag, metadata=metadata, tensor=make_tensor_proto(buckets))
    return Summary(value=[value])


def _safe(label: str) -> str:
    return re.sub(r"[^\w.+-]+", "_", label)
