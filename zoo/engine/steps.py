"""The step of training and the evaluation that runs share, and which compiled ones there are."""

from __future__ import annotations

import json
from collections import OrderedDict
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import ops

from callbacks.keras_internals import all_layers, learning_rate_of
from zoo.data import Data
from zoo.data.arrays import inputs_of, rows
from zoo.engine.convolutions import products_of, replaced
from zoo.engine.explained import score_of
from zoo.engine.outputs import loss_of, of_each_example
from zoo.engine.pools import labels_and_weights
from zoo.engine.seams import seam
from zoo.engine.strengths import (
    alike,
    given,
    given_momentum,
    momentum,
    numbers_of,
    sharing,
    strengths,
)
from zoo.runs.code import code_of
from zoo.runs.identity import describe, key_of
from zoo.runs.run import Job

# Trainable, frozen, and the optimizer's variables followed by the strengths of penalties and
# constraints and the momentum, each of shape `(runs, ...)`.
State = tuple[list[Any], list[Any], list[Any]]

MOST = 32  # compiled ones that a process keeps
LARGEST = 1_000_000  # parameters of a network whose compiled steps are worth their memory


def network_key(model: Any) -> str:
    """Returns a key that is equal for networks that runs of one program can have.

    Initial values and the strengths of penalties and constraints are numbers that a program is
    given, so they do not count, nor do initializers and numbers of layers that are initial values.
    """
    own = strengths(model)
    numbers = [*own, *(number for layer in all_layers(model) for number in numbers_of(layer))]
    with alike(numbers):
        described = describe(model)
    return key_of(_without_initializers(described), sharing(own))


def signature(job: Job, network: str, optimizer: Any, steps: int) -> str:
    """Returns a key that is equal for runs that can share one program.

    The learning rate and SGD's momentum are numbers that a program is given, so the rate, a
    schedule's too, and the momentum do not count.

    Args:
        job: The run.
        network: The key of its network.
        optimizer: Its optimizer.
        steps: Steps in an epoch.
    """
    recipe = job.recipe
    settings = {**optimizer.get_config(), "learning_rate": None, "name": None}
    if momentum(optimizer):
        settings["momentum"] = None
    return key_of(
        network,
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


class Steps:
    """Training step and evaluation of one architecture with one kind of optimizer.

    Both are compiled when they are first called, for each size of a population.

    Args:
        job: Any of the runs that share them.
        model: A model built from its recipe; only its structure is used.
        optimizer: An optimizer of its kind; only its structure is used.
        data: The data, of which only shapes and types are used.
        by_xla: Whether XLA compiles them, which takes a second and pays in some thousand steps.

    Attributes:
        strengths: The numbers of the penalties and constraints of the model's variables, which are
            given.
        loss: The loss.
        fills: Whether examples of weight 0 may fill up what is evaluated.
        optimizer_start: The optimizer's variables before the first step.
        epoch: Compiled; see `compiled_epoch` of the backends.
        evaluation: Compiled; see `compiled_evaluation`.
    """

    def __init__(
        self, job: Job, model: Any, optimizer: Any, data: Data, by_xla: bool = True
    ) -> None:
        self._model = model
        self._products = products_of(model)
        self.strengths = strengths(model)
        self._given_numbers = len(self.strengths) + len(momentum(optimizer))
        outputs = model(rows(data.x_train, slice(1)))
        self.loss = loss_of(job.recipe.loss(), data.y_train[:1], outputs)
        self._score = score_of(data)
        config = {**optimizer.get_config(), "learning_rate": 1.0}
        self.new_optimizer = partial(type(optimizer).from_config, config)
        self._optimizer = seam().stateless(self.new_optimizer())
        self._optimizer.build(model.trainable_variables)
        self._rate_index = next(
            index
            for index, variable in enumerate(self._optimizer.variables)
            if variable is learning_rate_of(self._optimizer)
        )
        start = [np.array(ops.convert_to_numpy(item)) for item in self._optimizer.variables]
        self.optimizer_start = start
        # Examples that fill up a chunk may count only where none counts for the loss of another.
        regularizers = sum(item.regularizer is not None for item in model.trainable_variables)
        self.fills = of_each_example(self.loss) and len(model.losses) == regularizers
        self.epoch = seam().compiled_epoch(self._step, bool(self._products), by_xla)
        self.evaluation = seam().compiled_evaluation(self._measure, by_xla)

    def strengths_of(self, moments: list[Any]) -> list[Any]:
        """Returns the strengths among what follows a state's variables."""
        return self._kinds(self._split(moments)[1])[0]

    def _step(self, state: State, rate: Any, x: Any, targets: Any) -> tuple[State, Any, Any]:
        """One step of one run."""
        trainable, frozen, moments = state
        y, weights = labels_and_weights(targets)
        moments, numbers = self._split(moments)
        own, momentum = self._kinds(numbers)

        def objective(trainable: list[Any]) -> tuple[Any, Any]:
            with given(self.strengths, own), replaced(self._products):
                logits, updated, costs = seam().called(self._model, trainable, frozen, x, True)
            return self.loss(y, logits, **_told(weights)) + sum(costs), (logits, updated)

        loss, (logits, frozen), gradients = seam().value_and_gradients(objective, trainable)
        moments[self._rate_index] = rate
        with given(self.strengths, own), given_momentum(self._optimizer, momentum):
            trainable, moments = self._optimizer.stateless_apply(moments, gradients, trainable)
        accuracy = ops.mean(self._score(y, logits, seam().largest))
        return (trainable, frozen, [*moments, *numbers]), loss, accuracy

    def _split(self, values: list[Any]) -> tuple[list[Any], list[Any]]:
        """Returns the optimizer's variables, and the strengths and the momentum."""
        optimizers = len(values) - self._given_numbers
        return [*values[:optimizers]], [*values[optimizers:]]

    def _kinds(self, numbers: list[Any]) -> tuple[list[Any], list[Any]]:
        """Returns the strengths, and the momentum."""
        return numbers[: len(self.strengths)], numbers[len(self.strengths) :]

    def _measure(
        self,
        trainable: list[Any],
        frozen: list[Any],
        own: list[Any],
        x: Any,
        targets: Any,
        weight: Any,
    ) -> tuple[Any, Any, Any]:
        """Loss and accuracy of one run, summed over the examples of weight 1, and what is right."""
        y, weights = labels_and_weights(targets)
        with given(self.strengths, own), replaced(self._products):
            logits, _, costs = seam().called(self._model, trainable, frozen, x, False)
        if self.fills:
            weights = weight if weights is None else weight * weights
        loss = self.loss(y, logits, **_told(weights)) * weight.shape[0]
        right = self._score(y, logits, seam().largest)
        correct = ops.sum(right * weight)
        return loss + sum(costs) * ops.sum(weight), correct, right


def _told(weights: Any) -> dict[str, Any]:
    """Returns the keyword of a loss; those of users may lack it where none is needed."""
    return {} if weights is None else {"sample_weight": weights}


_known: OrderedDict[str, Steps] = OrderedDict()


def steps_for(
    own: str, job: Job, model: Any, optimizer: Any, data: Data, *, by_xla: bool = True
) -> Steps:
    """Returns the steps of a program, those of an equal one if this process has compiled it.

    Args:
        own: The program's signature.
        job: Any of the runs that share it.
        model: A model built from its recipe.
        optimizer: An optimizer of its kind.
        data: The data.
        by_xla: Whether XLA compiles them.
    """
    code, unknown = code_of(model, job.recipe.loss(), optimizer, exact=True)
    if unknown or model.count_params() > LARGEST:
        return Steps(job, model, optimizer, data, by_xla)
    arrays = [*inputs_of(data.x_train), data.y_train, *inputs_of(data.x_test), data.y_test]
    key = key_of(
        own,
        code,
        by_xla,
        data.of_numbers,
        [(list(array.shape), str(array.dtype)) for array in (*arrays, data.y_validation)],
        [each is not None for each in (data.w_train, data.w_validation, data.w_test)],
        [keras.config.floatx(), keras.config.epsilon(), keras.config.image_data_format()],
    )
    if key not in _known:
        _known[key] = Steps(job, model, optimizer, data, by_xla)
    _known.move_to_end(key)
    while len(_known) > MOST:
        _known.popitem(last=False)
    return _known[key]
