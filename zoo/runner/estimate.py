"""How long training will take: measured on a part of it, as nothing else is honest."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from callbacks.keras_internals import all_layers
from zoo.data import Data
from zoo.results.store import FILE, Store
from zoo.runner.prepare import Prepared
from zoo.runner.trainer import Engine
from zoo.runs.plan import steps_per_epoch
from zoo.runs.run import Job
from zoo.runs.seeding import fresh_model

PROBED = 3  # epochs; the first compiles, and the shorter of the others counts
PASSES = 3  # forward, and back to weights and inputs
SLOW = 2e10  # multiplications a second that any processor does
SOON = 10.0  # seconds at that speed that need no measuring


class _Enough(BaseException):
    """Ends a probe; no error, so that no engine takes it for one of training."""


class _Clock:
    """Keeps when each epoch of the first runs ends, and ends them."""

    def __init__(self) -> None:
        self.stamps = [time.perf_counter()]
        self.together = 1

    def epoch(self, jobs: list[Job], epoch: int) -> None:
        """Keeps the time."""
        self.together = len(jobs)
        self.stamps.append(time.perf_counter())
        if len(self.stamps) > PROBED:
            raise _Enough

    def note(self, text: str) -> None:
        """Does nothing."""


def lines_of(parts: Sequence[Prepared], engine: Engine, results: Path, fresh: bool) -> list[str]:
    """Returns how long it takes to train what is not stored, in a line.

    It trains the runs of the first part's baseline for a few epochs, unless all is soon done.

    Args:
        parts: What is to be run.
        engine: What trains.
        results: Where runs are kept.
        fresh: Whether what is stored is trained again.
    """
    left = _left(parts, results, fresh)
    if not left:
        return ["time: nothing is left to train"]
    steps = {job.run.key: _steps(job, data) for job, data in left}
    of_baseline = [each for each in left if each[0].run.variant == parts[0].experiment.baseline]
    first, data = (of_baseline or left)[0]
    jobs = [job for job, own in left if job.recipe is first.recipe and own is data]
    if _quick(jobs[0], data, sum(steps.values())):
        return ["time: less than a minute"]
    compiling, each = probe(jobs, data, engine)
    programs = len({(job.run.variant, id(own)) for job, own in left})
    seconds = programs * compiling + each * sum(steps.values())
    label = jobs[0].run.variant
    others = f"; if the others take as long as {label}, on which" if programs > 1 else "; on which"
    return [
        f"time: about {_amount(seconds)} for {len(steps)} runs that are not stored{others} "
        f"{PROBED} epochs were measured ({1e6 * each:.0f} us a step of a run, {compiling:.0f} s to "
        "compile)"
    ]


def _left(parts: Sequence[Prepared], results: Path, fresh: bool) -> list[tuple[Job, Data]]:
    """Returns the runs that are not stored, each key once, with their data."""
    found = {
        job.run.key: (job, part.data_of[job.run.variant]) for part in parts for job in part.jobs
    }
    if fresh or not (results / FILE).is_file():
        return list(found.values())
    with Store(results) as store:
        known = store.known(found)
    return [each for key, each in found.items() if key not in known]


def _steps(job: Job, data: Data) -> int:
    return job.recipe.epochs * steps_per_epoch(job.recipe, data)


def _quick(job: Job, data: Data, steps: int) -> bool:
    """Returns whether so many steps are soon done even by a slow processor."""
    recipe = job.recipe
    build = partial(recipe.build_model, data.input_shape, data.num_classes)
    model = fresh_model(build, data.input_shape)
    count = sum(map(_multiplications, all_layers(model)))
    return PASSES * recipe.batch_size * count * steps / SLOW < SOON


def _multiplications(layer: Any) -> int:
    """Returns about how often a layer multiplies for an example: its weights at each place."""
    shape = getattr(getattr(layer, "output", None), "shape", None) if layer.built else None
    places = [size or 1 for size in shape[1:-1]] if shape is not None else []
    return int(layer.count_params() * np.prod(places, dtype=np.int64))


def probe(jobs: Sequence[Job], data: Data, engine: Engine) -> tuple[float, float]:
    """Returns the seconds that compiling takes, and those of a step of a run, measured.

    Args:
        jobs: Runs that train together; they are given up after a few epochs.
        data: Their data.
        engine: What trains.
    """
    clock = _Clock()
    recipes = {id(job.recipe): dataclasses.replace(job.recipe, epochs=PROBED) for job in jobs}
    short = [dataclasses.replace(job, recipe=recipes[id(job.recipe)]) for job in jobs]
    with contextlib.suppress(_Enough):
        for _ in engine.train(short, data, clock):
            pass
    first, *others = np.diff(clock.stamps).tolist()
    epoch = min(others, default=first)
    return max(0.0, first - epoch), epoch / clock.together / steps_per_epoch(jobs[0].recipe, data)


def _amount(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
