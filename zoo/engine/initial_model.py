"""The untrained model of a run, the same for every engine."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from functools import partial
from typing import Any

import keras
import numpy as np

from callbacks.keras_internals import all_layers, compiled_with
from zoo.data import Data
from zoo.data.arrays import rows
from zoo.engine.outputs import check_labels, loss_of
from zoo.engine.paths import Paths
from zoo.errors import ZooError
from zoo.experiment import Recipe
from zoo.initializers import LSUV, scale_to_unit_variance
from zoo.runs.initial_values import InitialValues, KnownBuilder
from zoo.runs.phases import phase
from zoo.runs.plan import optimizer_of, steps_per_epoch
from zoo.runs.run import Job, Progress

# What a model may have of its own without training differently from any other.
ACCURACY = ("accuracy", "acc")  # is told of every run
OVERRIDES = ("fit", "train_step", "test_step", "compute_loss", "compute_metrics")
SCALING_EXAMPLES = 512  # training examples that a data-dependent initializer looks at


def own_step(model: Any) -> str:
    """Returns which part of its training a model has written itself, or an empty text."""
    return next(
        (
            name
            for name in OVERRIDES
            if getattr(type(model), name) is not getattr(keras.Model, name)
        ),
        "",
    )


def compiled_metrics(model: Any, argument: str) -> list[Any]:
    """Returns the metrics besides accuracy that its builder compiled a model with.

    Args:
        model: The model.
        argument: `metrics` or `weighted_metrics`.
    """
    given = compiled_with(model).get(argument) if model.compiled else None
    found: list[Any] = []
    parts = given.values() if isinstance(given, Mapping) else given or ()
    for part in [parts] if isinstance(parts, str) else parts:
        found += part if isinstance(part, list | tuple) else [part]
    return [each for each in found if metric_name(each) not in ACCURACY]


def metric_name(metric: Any) -> str:
    """Returns what a metric, given by name, as an object or a function, is called in logs."""
    return metric if isinstance(metric, str) else getattr(metric, "name", None) or metric.__name__


def compiled_besides(model: Any) -> str:
    """Returns what a model is compiled with besides what a population knows, or an empty text."""
    if not model.compiled:
        return ""
    if compiled_with(model).get("loss_weights") is not None:
        return "it is compiled with loss_weights"
    for argument in ("metrics", "weighted_metrics"):
        for each in compiled_metrics(model, argument):
            return f"it is compiled with a metric besides accuracy, {metric_name(each)}"
    return ""


def recurrent_in(model: Any) -> list[Any]:
    """Returns the recurrent layers of a model."""
    return [layer for layer in all_layers(model) if isinstance(layer, keras.layers.RNN)]


class Start:
    """What the runs of a recipe start with, found out once for all of them.

    Args:
        recipe: What they share.
        data: The data.
        paths: The files of several runs.
        known: What is known of builders by `builder_key`; it is added to.

    Attributes:
        model: A model of their architecture.
        outputs: What it makes of some training examples, shape `(examples, outputs)`.
        loss: The loss, as Keras makes it of the recipe's.

    Raises:
        ZooError: If the network has several outputs, or none for one of the labels.
    """

    @phase("initial weights")
    def __init__(
        self,
        recipe: Recipe,
        data: Data,
        paths: Paths | None = None,
        known: dict[Hashable, InitialValues] | None = None,
    ) -> None:
        self._recipe = recipe
        self._paths = paths or Paths([])
        self._steps = steps_per_epoch(recipe, data)
        build = partial(recipe.build_model, data.input_shape, data.num_classes)
        known, key = {} if known is None else known, builder_key(recipe.build_model)
        if key not in known:
            found = None
            if isinstance(recipe.build_model, KnownBuilder):
                found = recipe.build_model.taken()
            known[key] = found or InitialValues(build, data.input_shape)
        self._initial = known[key]
        self._data = data
        self.model = self._initial.model
        seen = self._initial.outputs
        self.outputs = self.model(rows(data.x_train, slice(1))) if seen is None else seen
        if not hasattr(self.outputs, "shape"):
            raise ZooError(
                "`build_model` must return a network with one output. Received: a "
                f"{type(self.outputs).__name__} of {len(keras.tree.flatten(self.outputs))}. Build "
                "one network for each, or train it with zoo.fit_many."
            )
        labels = {
            "training": data.y_train,
            "validation": data.y_validation,
            "test": data.y_test,
        }
        self.loss = loss_of(recipe.loss(), data.y_train, self.outputs)
        check_labels(self.loss, self.outputs, labels)

    def trained_by(self, job: Job) -> tuple[Any, list[Any]]:
        """Returns a fresh optimizer and fresh callbacks of a run."""
        optimizer, callbacks = optimizer_of(self._recipe, job.run.learning_rate, self._steps)
        self._paths.separate(callbacks, job)
        return optimizer, callbacks

    def values(self, seed: int) -> list[Any]:
        """Returns the initial values of the model's trainable and then its frozen variables."""
        variables = [*self.model.trainable_variables, *self.model.non_trainable_variables]
        if _scaled(self.model):
            self.placed(seed)
            return [np.array(keras.ops.convert_to_numpy(item)) for item in variables]
        values = zip(self._initial.variables, self._initial.of(seed), strict=True)
        by_id = {id(variable): value for variable, value in values}
        return [by_id[id(variable)] for variable in variables]

    def placed(self, seed: int) -> Any:
        """Gives the model the initial values of a seed, and returns it."""
        for variable, value in zip(self._initial.variables, self._initial.of(seed), strict=True):
            variable.assign(value)
        self._scale(self.model, seed)
        return self.model

    def fresh(self, seed: int) -> Any:
        """Returns a new model with the initial values of a seed."""
        model = self._initial.fresh(seed)
        self._scale(model, seed)
        return model

    def _scale(self, model: Any, seed: int) -> None:
        """Lets data-dependent initializers, if there are any, look at training examples."""
        if _scaled(model):
            own = self._data.of(seed)  # a draw of the data may have to be made first
            scale_to_unit_variance(model, rows(own.x_train, slice(SCALING_EXAMPLES)))

    def put_back(self) -> None:
        """Gives layers that the builder was given the values that they had."""
        self._initial.put_back()


def _scaled(model: Any) -> bool:
    """Returns whether initializers of a model look at training examples."""
    initializers = (getattr(layer, "kernel_initializer", None) for layer in model.layers)
    return any(isinstance(each, LSUV) for each in initializers)


class Starts:
    """The starts of several recipes, each found out when it is first asked for.

    Args:
        jobs: All runs that are trained now.
        data: The data.
        progress: Is told if they would write into the same files.
    """

    def __init__(self, jobs: Sequence[Job], data: Data, progress: Progress) -> None:
        self._data = data
        self._paths = Paths(jobs)
        for path in self._paths.shared:
            progress.note(f"several runs would write to {path}: each gets a path of its own")
        self._known: dict[int, tuple[Recipe, Start]] = {}
        self._builders: dict[Hashable, InitialValues] = {}

    def of(self, recipe: Recipe) -> Start:
        """Returns where the runs of a recipe start."""
        if id(recipe) not in self._known:
            self._known[id(recipe)] = recipe, Start(recipe, self._data, self._paths, self._builders)
        return self._known[id(recipe)][1]

    def put_back(self) -> None:
        """Gives layers that builders were given the values that they had."""
        for _, start in self._known.values():
            start.put_back()


def builder_key(build_model: Any) -> Hashable:
    """Returns the same for two builders if they are one function with the same keywords."""
    if not isinstance(build_model, partial):
        return id(build_model)
    named = sorted(build_model.keywords.items())
    key = builder_key(build_model.func), build_model.args, *((n, type(v), v) for n, v in named)
    try:
        hash(key)
    except TypeError:  # a list, or the like, whose content may change
        return id(build_model)
    return key


def initial_model(job: Job, data: Data) -> Any:
    """Builds a run's model and gives it the initial values of the run's seed."""
    return Start(job.recipe, data).fresh(job.run.seed)
