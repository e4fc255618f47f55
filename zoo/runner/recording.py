"""What is recorded inside the networks of an experiment, layer by layer, and in which runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from callbacks import ActivationHistogram, GradientStatistics, UpdateRatio, WeightStatistics
from callbacks.kernels import layer_blocks
from zoo.data import Data
from zoo.experiment import Recipe
from zoo.runs.run import Job, Result
from zoo.runs.seeding import fresh_model

SEEDS = 3
EXAMPLES = 256
PREFIX = {"ActivationHistogram": "activation_", "WeightStatistics": "weight_"}

Row = tuple[int, int, str, Any]


def recorded_jobs(
    jobs: Sequence[Job], rates: dict[str, float], data_of: Mapping[str, Data]
) -> list[Job]:
    """Returns the runs to record, with the callbacks that do it.

    They are each variant's first `SEEDS` seeds at its chosen learning rate. Recording changes no
    number of a run, so it keeps its key.

    Args:
        jobs: All runs of an experiment.
        rates: Chosen learning rate by variant.
        data_of: The data by variant; the first validation examples of a run are what its network
            is shown.
    """
    chosen: list[Job] = []
    for variant, rate in rates.items():
        own = [job for job in jobs if (job.run.variant, job.run.learning_rate) == (variant, rate)]
        own.sort(key=lambda job: job.run.seed)
        recipe, data = own[0].recipe, data_of[variant]
        model = fresh_model(
            partial(recipe.build_model, data.input_shape, data.num_classes), data.input_shape
        )
        blocks = layer_blocks(model)
        made: dict[int, Recipe] = {}  # one for all seeds that look at the same examples
        for job in own[:SEEDS]:
            drawn = data.of(job.run.seed)
            callbacks = partial(_with_recorders, recipe.callbacks, blocks, drawn)
            made.setdefault(id(drawn), dataclasses.replace(recipe, callbacks=callbacks))
            chosen.append(dataclasses.replace(job, recipe=made[id(drawn)]))
    return chosen


def _with_recorders(callbacks: Any, blocks: list[tuple[str, str]], data: Data) -> list[Any]:
    x, y = data.x_validation[:EXAMPLES], data.y_validation[:EXAMPLES]
    inside = [last for _, last in blocks[:-1]]
    recorders = [GradientStatistics(x, y, [first for first, _ in blocks]) if blocks else None]
    recorders += [ActivationHistogram(x, inside) if inside else None]
    recorders += [UpdateRatio(), WeightStatistics()]
    return [*callbacks(), *(recorder for recorder in recorders if recorder is not None)]


def rows_of(result: Result) -> list[Row]:
    """Returns a run's records as rows of layer, epoch, metric, value; layers count from 1."""
    places: dict[tuple[str, str], dict[str, int]] = {}
    rows = []
    for record in result.records:
        family = (record["recorder"], record["metric"])
        known = places.setdefault(family, {})
        layer = known.setdefault(record["layer"], len(known) + 1)
        metric = PREFIX.get(record["recorder"], "") + record["metric"]
        rows.append((layer, record["epoch"], metric, record["value"]))
    return rows
