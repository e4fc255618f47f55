"""One compiled program: a step of training and an evaluation, for all runs that share it."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from keras import ops

from zoo.data import Data
from zoo.data.arrays import rows
from zoo.engine.explained import metric_of
from zoo.engine.pools import Pools
from zoo.engine.seams import seam
from zoo.engine.steps import State, steps_for
from zoo.engine.turns import Work
from zoo.runs.identity import describe, key_of
from zoo.runs.phases import phase

if TYPE_CHECKING:
    from zoo.engine.groups import Group

EVALUATION_CHUNK = 1000

Rights = Callable[[], Any]


class Program:
    """Compiled training and evaluation of one architecture with one kind of optimizer.

    Args:
        group: The runs that share it; only the structure of their model and optimizer is used.
        data: The data, copied to the device once; once for each seed that has a draw of its own.
        seeds: The seeds of the runs.
    """

    def __init__(self, group: Group, data: Data, seeds: Sequence[int] = ()) -> None:
        self.model = group.model
        own = group.key, group.jobs[0], group.model, group.optimizer
        self._compiled = steps_for(*own, data, by_xla=group.by_xla)
        size = min(EVALUATION_CHUNK, max(len(data.y_validation), len(data.y_test)))
        self.pools = Pools(data, seeds, size, self._compiled.fills)
        self._metric = metric_of(data)
        self._traces: dict[str, Any] = {}
        self.has_run = False

    @property
    def optimizer_start(self) -> list[Any]:
        """The optimizer's variables before the first step."""
        return self._compiled.optimizer_start

    @functools.cached_property
    def host(self) -> Any:
        """A compiled Keras model of the architecture, for callbacks to look at and write to."""
        optimizer = self._compiled.new_optimizer()
        self.model.compile(optimizer, self._compiled.loss, metrics=[self._metric])
        optimizer.build(self.model.trainable_variables)
        first = rows(self.pools.x, slice(1))
        logits = self.model(first)
        self.model.compute_metrics(first, self.pools.y[:1], logits)  # callbacks ask for directions
        return self.model

    def trace(self, schedule: Any, steps: int) -> Any:
        """Returns a schedule's learning rate at each step, shape `(steps,)`."""
        key = key_of(describe(schedule), steps)
        if key not in self._traces:
            self._traces[key] = seam().vectorised(schedule, np.arange(steps, dtype=np.int32))
        return self._traces[key]

    def epoch(self, state: State, rates: Any, orders: Any) -> Work:
        """Returns the work of training all runs for an epoch.

        Args:
            state: The population.
            rates: Learning rates, shape `(steps, runs)`.
            orders: Rows of the pool of training examples, shape `(steps, runs, batch)`.

        Returns:
            What makes the new state, and mean loss and accuracy over the steps, each of shape
            `(runs,)`.
        """
        name = "epochs" if self.has_run else "compile and first epoch"
        with phase(name):
            return Work(name, self._epoch(state, rates, orders))

    def epochs(
        self, state: State, given: Sequence[tuple[Any, Any]], seeds: Sequence[int] | None
    ) -> Work:
        """Returns the work of several epochs in a row of a program that has run.

        Args:
            state: The population, which is kept.
            given: Rates and orders of each epoch.
            seeds: The seed of each run, whose validation examples it is evaluated on after each
                epoch; `None` if it is not.

        Returns:
            What makes, of each epoch, the new state, loss, accuracy, loss and accuracy of
            validation, and the seconds.
        """

        def trained() -> list[tuple[Any, ...]]:
            found, last = [], state
            for rates, orders in given:
                began = time.perf_counter()
                last, *of_training = self._epoch(last, rates, orders)()
                validated: Any = np.full((2, len(of_training[0])), np.nan)
                if seeds is not None:
                    validated = self._evaluation(last, "val", seeds)()
                found.append((last, *of_training, *validated[:2], time.perf_counter() - began))
            return found

        return Work("epochs", trained)

    @phase("evaluation")
    def evaluate(self, state: State, part: str, seeds: Sequence[int]) -> Work:
        """Returns the work of evaluating all runs.

        Args:
            state: The population.
            part: `val` or `test`.
            seeds: The seed of each run, whose examples it is measured on.

        Returns:
            What makes mean loss and accuracy, each of shape `(runs,)`, and a function that copies
            from the device which examples each run has right, shape `(runs, examples)`.
        """
        return Work("evaluation", self._evaluation(state, part, seeds))

    def _epoch(self, state: State, rates: Any, orders: Any) -> Callable[[], tuple[State, Any, Any]]:
        give, steps = seam().to_device, np.float32(len(rates))
        begun = seam().begun(
            self._compiled.epoch,
            *(state, give(rates), give(orders), self.pools.x, self.pools.targets),
        )

        def trained() -> tuple[State, Any, Any]:
            state, losses, accuracies = begun()
            read = ops.convert_to_numpy
            return state, read(losses) / steps, read(accuracies) / steps

        return trained

    def _evaluation(
        self, state: State, part: str, seeds: Sequence[int]
    ) -> Callable[[], tuple[Any, Any, Rights]]:
        trainable, frozen, moments = state
        population = trainable, frozen, self._compiled.strengths_of(moments)
        begun = [
            (seam().begun(self._compiled.evaluation, population, x, y, weight, own), count)
            for x, y, weight, count, own in self.pools.chunks(part, seeds)
        ]

        def evaluated() -> tuple[Any, Any, Rights]:
            losses: Any = 0.0
            corrects: Any = 0.0
            chunks = []
            for each, count in begun:
                loss, correct, right = each()
                chunks.append((right, count))
                losses = losses + ops.convert_to_numpy(loss)
                corrects = corrects + ops.convert_to_numpy(correct)
            examples = np.float32(sum(count for _, count in chunks))
            self.has_run = True
            return losses / examples, corrects / examples, partial(_all, chunks)

        return evaluated


def _all(chunks: Sequence[tuple[Any, int]]) -> Any:
    """Returns chunks on the device in one array, without the examples that fill them up."""
    found = [ops.convert_to_numpy(array)[:, :count] for array, count in chunks]
    return np.concatenate(found, axis=1)
