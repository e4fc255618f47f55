"""One compiled program: a step of training and an evaluation, for all runs that share it."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from keras import ops

from callbacks.keras_internals import learning_rate_of
from zoo.data import Data
from zoo.data.arrays import rows
from zoo.engine.outputs import loss_of, of_each_example, rights
from zoo.engine.pools import Pools
from zoo.engine.seams import seam
from zoo.engine.strengths import given, given_momentum, momentum, penalties, sharing
from zoo.runs.identity import describe, key_of
from zoo.runs.phases import phase
from zoo.runs.run import Job

EVALUATION_CHUNK = 1000

# Trainable, frozen, and the optimizer's variables followed by the strengths of penalties and the
# momentum, each of shape `(runs, ...)`.
State = tuple[list[Any], list[Any], list[Any]]
Rights = Callable[[], Any]


def signature(job: Job, model: Any, optimizer: Any, steps: int) -> str:
    """Returns a key that is equal for runs that can share one program.

    Initial values, the learning rate, strengths of penalties and SGD's momentum are numbers that a
    program is given, so initializers, the rate, a schedule's too, and these do not count.

    Args:
        job: The run.
        model: A model built from its recipe.
        optimizer: Its optimizer.
        steps: Steps in an epoch.
    """
    recipe = job.recipe
    settings = {**optimizer.get_config(), "learning_rate": None, "name": None}
    if momentum(optimizer):
        settings["momentum"] = None
    own = penalties(model)
    with given(own, [0.0] * len(own)):
        described = describe(model)
    return key_of(
        _without_initializers(described),
        sharing(own),
        [type(optimizer).__qualname__, describe(settings)],
        describe(recipe.loss()),
        recipe.batch_size,
        steps,
    )


def _without_initializers(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: None
            if key.endswith("_initializer") or key == "seed"
            else _without_initializers(_graph(item) if key == "graph" else item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_without_initializers(item) for item in value]
    return value


def _graph(item: Any) -> Any:
    """Returns how layers are wired, which is JSON unless some of them cannot be written so."""
    return json.loads(item) if isinstance(item, str) else item


class Program:
    """Compiled training and evaluation of one architecture with one kind of optimizer.

    Args:
        job: Any of the runs that share the program.
        model: A model built from its recipe; only its structure is used.
        optimizer: An optimizer of its kind; only its structure is used.
        data: The data, copied to the device once; once for each seed that has a draw of its own.
        seeds: The seeds of the runs.
    """

    def __init__(
        self, job: Job, model: Any, optimizer: Any, data: Data, seeds: Sequence[int] = ()
    ) -> None:
        self.model = model
        self.penalties = penalties(model)
        self.given_numbers = len(self.penalties) + len(momentum(optimizer))
        outputs = model(rows(data.x_train, slice(1)))
        self.loss = loss_of(job.recipe.loss(), data.y_train[:1], outputs)
        config = {**optimizer.get_config(), "learning_rate": 1.0}
        self._new_optimizer = partial(type(optimizer).from_config, config)
        self.optimizer = seam().stateless(self._new_optimizer())
        self.optimizer.build(model.trainable_variables)
        self.rate_index = next(
            index
            for index, variable in enumerate(self.optimizer.variables)
            if variable is learning_rate_of(self.optimizer)
        )
        size = min(EVALUATION_CHUNK, max(len(data.y_validation), len(data.y_test)))
        # Examples that fill up a chunk may count only where none counts for the loss of another.
        regularizers = sum(item.regularizer is not None for item in model.trainable_variables)
        self.fills = of_each_example(self.loss) and len(model.losses) == regularizers
        self.pools = Pools(data, seeds, size, self.fills)
        self._epoch = seam().compiled_epoch(self._step)
        self._evaluation = seam().compiled_evaluation(self._measure)
        self._traces: dict[str, Any] = {}
        self.has_run = False

    @functools.cached_property
    def optimizer_start(self) -> list[Any]:
        """The optimizer's variables before the first step."""
        return [np.array(ops.convert_to_numpy(item)) for item in self.optimizer.variables]

    @functools.cached_property
    def host(self) -> Any:
        """A compiled Keras model of the architecture, for callbacks to look at and write to."""
        optimizer = self._new_optimizer()
        self.model.compile(optimizer, self.loss, metrics=["accuracy"])
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

    def _step(self, state: State, rate: Any, x: Any, y: Any) -> tuple[State, Any, Any]:
        """One step of one run."""
        trainable, frozen, moments = state
        moments, numbers = self._split(moments)
        strengths, momentum = self._kinds(numbers)

        def objective(trainable: list[Any]) -> tuple[Any, Any]:
            with given(self.penalties, strengths):
                logits, updated, costs = seam().called(self.model, trainable, frozen, x, True)
            return self.loss(y, logits) + sum(costs), (logits, updated)

        loss, (logits, frozen), gradients = seam().value_and_gradients(objective, trainable)
        moments[self.rate_index] = rate
        with given_momentum(self.optimizer, momentum):
            trainable, moments = self.optimizer.stateless_apply(moments, gradients, trainable)
        accuracy = ops.mean(rights(y, logits, seam().largest))
        return (trainable, frozen, [*moments, *numbers]), loss, accuracy

    def _split(self, values: list[Any]) -> tuple[list[Any], list[Any]]:
        """Returns the optimizer's variables, and the strengths and the momentum."""
        optimizers = len(values) - self.given_numbers
        return [*values[:optimizers]], [*values[optimizers:]]

    def _kinds(self, numbers: list[Any]) -> tuple[list[Any], list[Any]]:
        """Returns the strengths, and the momentum."""
        return numbers[: len(self.penalties)], numbers[len(self.penalties) :]

    def _measure(
        self,
        trainable: list[Any],
        frozen: list[Any],
        strengths: list[Any],
        x: Any,
        y: Any,
        weight: Any,
    ) -> tuple[Any, Any, Any]:
        """Loss and accuracy of one run, summed over the examples of weight 1, and what is right."""
        with given(self.penalties, strengths):
            logits, _, costs = seam().called(self.model, trainable, frozen, x, False)
        own = {"sample_weight": weight} if self.fills else {}
        loss = self.loss(y, logits, **own) * weight.shape[0]
        right = rights(y, logits, seam().largest)
        correct = ops.sum(right * weight)
        return loss + sum(costs) * ops.sum(weight), correct, right

    def epoch(self, state: State, rates: Any, orders: Any) -> tuple[State, Any, Any]:
        """Trains all runs for an epoch.

        Args:
            state: The population.
            rates: Learning rates, shape `(steps, runs)`.
            orders: Rows of the pool of training examples, shape `(steps, runs, batch)`.

        Returns:
            The new state, and mean loss and accuracy over the steps, each of shape `(runs,)`.
        """
        give = seam().to_device
        pool = self.pools.x, self.pools.y
        read, steps = ops.convert_to_numpy, len(rates)
        with phase("epochs" if self.has_run else "compile and first epoch"):
            state, losses, accuracies = self._epoch(state, give(rates), give(orders), *pool)
            return state, read(losses) / np.float32(steps), read(accuracies) / np.float32(steps)

    @phase("evaluation")
    def evaluate(self, state: State, part: str, seeds: Sequence[int]) -> tuple[Any, Any, Rights]:
        """Returns mean loss and accuracy of all runs, each of shape `(runs,)`, and what is right.

        Args:
            state: The population.
            part: `val` or `test`.
            seeds: The seed of each run, whose examples it is measured on.

        Returns:
            The losses, the accuracies, and a function that copies from the device which examples
            each run has right, shape `(runs, examples)`.
        """
        trainable, frozen, moments = state
        strengths, _ = self._kinds(self._split(moments)[1])
        population = trainable, frozen, strengths
        losses: Any = 0.0
        corrects: Any = 0.0
        examples = 0
        chunks = []
        for x, y, weight, count, own in self.pools.chunks(part, seeds):
            loss, correct, right = self._evaluation(population, x, y, weight, own)
            chunks.append((right, count))
            losses = losses + ops.convert_to_numpy(loss)
            corrects = corrects + ops.convert_to_numpy(correct)
            examples += count
        self.has_run = True
        return losses / np.float32(examples), corrects / np.float32(examples), partial(_all, chunks)


def _all(chunks: Sequence[tuple[Any, int]]) -> Any:
    """Returns chunks on the device in one array, without the examples that fill them up."""
    found = [ops.convert_to_numpy(array)[:, :count] for array, count in chunks]
    return np.concatenate(found, axis=1)
