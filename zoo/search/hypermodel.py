"""Anybody's keras-tuner hypermodel: its space, and whether and how its models train together."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import keras
import numpy as np

from callbacks.keras_internals import compiled_with, excludes_from_weight_decay, learning_rate_of
from zoo.data import Data
from zoo.data.arrays import PARTS
from zoo.engine.initial_model import compiled_besides, own_step
from zoo.engine.outputs import check_labels, kind_of, loss_of, of_each_example
from zoo.errors import ZooError
from zoo.experiment import Recipe, no_schedule
from zoo.runs import plan
from zoo.runs.initial_values import InitialValues, KnownBuilder, Others
from zoo.runs.run import Job, Progress
from zoo.runs.seeding import fresh_model
from zoo.search.given import fitted, one_loss
from zoo.search.oracle import OBJECTIVE, keras_tuner_or_error

LABEL = "model"  # the variant of every run
# Losses by the names that most people give them.
NAMED = {
    "sparse_categorical_crossentropy": keras.losses.SparseCategoricalCrossentropy,
    "binary_crossentropy": keras.losses.BinaryCrossentropy,
}


def hypermodel_of(given: Any) -> Any:
    """Returns a `keras_tuner.HyperModel`, made from a function of the hyperparameters if need be.

    Raises:
        ZooError: If it is neither.
    """
    kt = keras_tuner_or_error()
    if isinstance(given, kt.HyperModel):
        return given
    if not callable(given):
        raise ZooError(
            "`hypermodel` must be a keras_tuner.HyperModel, or a function of the hyperparameters. "
            f"Received: {given!r}"
        )
    made = kt.HyperModel()
    made.build = given
    return made


def fits_itself(hypermodel: Any) -> bool:
    """Returns whether a hypermodel has a `fit` of its own."""
    return type(hypermodel).fit is not keras_tuner_or_error().HyperModel.fit


def built(
    hypermodel: Any,
    hyperparameters: Any,
    input_shape: tuple[int, ...] | None = None,
    seed: int = 0,
) -> Any:
    """Builds the model of a point of the space, as if it were the first.

    Args:
        hypermodel: What builds it.
        hyperparameters: The point; takes in what `build` asks for besides.
        input_shape: Shape of one example, to build a model that does not know it.
        seed: Of all global random numbers.

    Raises:
        ZooError: If it is no compiled Keras model.
    """
    return fresh_model(partial(build_compiled, hypermodel, hyperparameters), input_shape, seed)


def build_compiled(hypermodel: Any, hyperparameters: Any) -> Any:
    """Returns what a hypermodel builds at a point.

    Raises:
        ZooError: If it is no compiled Keras model.
    """
    model = hypermodel.build(hyperparameters)
    if not isinstance(model, keras.Model):
        raise ZooError(f"`build` must return a Keras model. Received: {model!r}")
    if not model.compiled and not fits_itself(hypermodel):
        raise ZooError(
            "`build` must return a compiled model: call `model.compile` in it, or give the "
            f"hypermodel a `fit` of its own. Received: {model!r}"
        )
    return model


def space_of(hypermodel: Any, known: Any = None) -> Any:
    """Returns all hyperparameters that `build` asks for, wherever in the space it does.

    It is built with all at their defaults, then with each choice and each end of a whole range,
    because what is asked for may depend on them (`for layer in range(hp.Int("layers", 1, 5))`), and
    within each conditional scope, until nothing new appears.

    Args:
        hypermodel: What builds.
        known: A `keras_tuner.HyperParameters` whose entries replace those of the same name.
    """
    space = known.copy() if known is not None else keras_tuner_or_error().HyperParameters()
    hypermodel.declare_hyperparameters(space)
    wishes: list[dict[str, Any]] = [{}]
    for wish in wishes:  # which grow on the way
        point = _point(space, wish)
        try:
            built(hypermodel, point)
        except Exception as error:
            if not wish:
                raise
            # It may be built where other values differ too, so the trials that draw it decide.
            warnings.warn(
                f"A model cannot be built with {wish} and else the defaults "
                f"({type(error).__name__}: {error}). Hyperparameters that only such models ask "
                "for are not searched until a trial finds them.",
                stacklevel=2,
            )
        space.merge(point, overwrite=False)
        for more in _wishes(space, point):
            if more not in wishes:
                wishes.append(more)
    return space


def _wishes(space: Any, point: Any) -> Iterator[dict[str, Any]]:
    """Yields points, as what differs from the defaults, where `build` may ask for more."""
    for each in space.space:
        inside = {condition.name: condition.values[0] for condition in each.conditions}
        kind = type(each).__name__
        ends = (each.min_value, each.max_value) if kind == "Int" else ()
        for value in each.values if kind in ("Choice", "Boolean") else ends:
            if value != each.default:
                yield inside | {each.name: value}
    for scope in point.inactive_scopes:
        yield {condition.name: condition.values[0] for condition in scope}


def _point(space: Any, wish: Mapping[str, Any]) -> Any:
    """Returns the point with these values, where possible, and the defaults of all others."""
    point = space.copy()
    point.values = {}
    for each in point.space:
        if point.is_active(each):
            value = wish.get(each.name, each.default)
            possible = hasattr(each, "min_value") or value in each.values
            point.values[each.name] = value if possible else each.default
    return point


def validation_of(x: Any, y: Any, arguments: Mapping[str, Any]) -> tuple[Any, Any]:
    """Returns training and validation examples, split as Keras does: the last ones validate.

    Args:
        x: Features.
        y: Labels.
        arguments: What `fit` is given by name.

    Returns:
        Pairs of x and y; the second is None if there are no validation examples, and what was given
        if it is no pair.

    Raises:
        ZooError: If x and y are of different length, or the share of validation is not below 1.
    """
    given, share = arguments.get("validation_data"), arguments.get("validation_split") or 0.0
    pair = isinstance(given, tuple | list) and len(given) == 2
    for features, labels in ((x, y), tuple(given or ()) if pair else (x, y)):
        lengths = [len(each) for each in (features, labels) if hasattr(each, "__array__")]
        if len(set(lengths)) > 1:
            raise ZooError(f"x and y must have the same length. Received: {lengths}")
    if given is not None:
        return (x, y), tuple(given) if pair else given
    if not share:
        return (x, y), None
    if not 0 < share < 1:
        raise ZooError(f"`validation_split` must lie between 0 and 1. Received: {share}")
    if not (hasattr(x, "__array__") and hasattr(y, "__array__")):
        return (x, y), share
    x, y = np.asarray(x), np.asarray(y)
    first = math.floor(len(x) * (1 - share))
    return (x[:first], y[:first]), (x[first:], y[first:])


def jobs_of(
    hypermodel: Any,
    hyperparameters: Any,
    data: Data,
    seeds: Sequence[int],
    *,
    epochs: int,
    batch_size: int,
    callbacks: Callable[[], list[Any]],
    objective: str,
    told: Progress,
    class_weight: Any = None,
    others: Others | None = None,
) -> tuple[list[Job], Data, str]:
    """Returns the runs of a point of the space with their keys, one a seed.

    Args:
        hypermodel: What builds the model.
        hyperparameters: The point.
        data: The data as they were given.
        seeds: Distinct integers from 0.
        epochs: Positive integer.
        batch_size: Positive integer.
        callbacks: Function that returns fresh callbacks.
        objective: What trials are scored by.
        told: Is told if labels are numbered.
        class_weight: What `fit` takes under this name, or None.
        others: Builds of points that may be like this one.

    Returns:
        The runs, the data as they train on them, and an empty text; or no runs and why such a model
        can only train alone.

    Raises:
        ZooError: If it has fewer outputs than there are classes.
    """
    build = partial(_uncompiled, hypermodel, hyperparameters)
    initial = InitialValues(build, data.input_shape, others)
    model = initial.model
    model.compiled = True  # as the author has it
    initial.outputs = outputs = model(data.x_train[:3])
    reason = _why_alone(model, outputs, data, objective)
    if reason:
        return [], data, reason
    data = fitted(model, outputs, data, told, class_weight)
    check_labels(model.loss, outputs, {PARTS[0]: data.y_train})
    rate, schedule = _rate_of(model.optimizer)
    loss = _loss(model, outputs, data)
    recipe = Recipe(
        build_model=KnownBuilder(build, initial),
        optimizer=partial(_optimizer, type(model.optimizer), model.optimizer.get_config()),
        learning_rates=(1.0,),
        epochs=epochs,
        batch_size=min(batch_size, len(data.x_train)),
        schedule=schedule,
        callbacks=callbacks,
        loss=lambda: loss,  # a copy of it would lack what Keras does not write down
    )
    model.compiled = False  # as the recipe has it
    # A subclassed model is described with the shapes of its last call, so it is built again.
    described = model if getattr(model, "inputs", None) else None
    return plan.jobs_of(recipe, data, LABEL, [rate], seeds, described), data, ""


def _uncompiled(hypermodel: Any, point: Any) -> Any:
    model = build_compiled(hypermodel, point)
    model.compiled = False
    return model


def _optimizer(kind: Any, config: Mapping[str, Any], rate: Any) -> Any:
    return kind.from_config({**config, "learning_rate": rate})


def _rate_of(optimizer: Any) -> tuple[float, Callable[..., Any]]:
    """Returns the initial learning rate and the schedule, as a recipe has them."""
    rate = learning_rate_of(optimizer)
    if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
        return float(keras.ops.convert_to_numpy(rate(0))), lambda *_: rate
    return float(keras.ops.convert_to_numpy(rate)), no_schedule


def _why_alone(model: Any, outputs: Any, data: Data, objective: str) -> str:
    """Returns what a model has that runs of one program cannot share, or an empty text."""
    if own := own_step(model):
        return f"the model has a {own} of its own"
    if not one_loss(model):
        return "it has several losses"
    optimizer = model.optimizer
    if len(getattr(outputs, "shape", ())) != 2:
        return "its output is not one vector for each example"
    loss = loss_of(model.loss, data.y_train, outputs)
    if not of_each_example(loss):
        return f"its loss is not one of Keras's, or is reduced by {loss.reduction}"
    if besides := compiled_besides(model):
        return besides
    if not kind_of(loss) and compiled_with(model).get("metrics"):
        return "it is compiled with accuracy, and its loss is not of classes"
    if compiled_with(model).get("run_eagerly"):
        return "it is compiled with run_eagerly"
    if not kind_of(loss) and objective == OBJECTIVE:
        return f"its loss is not of classes and the objective is {objective}"
    if excludes_from_weight_decay(optimizer):
        return "exclude_from_weight_decay is no part of an optimizer's configuration"
    rate = learning_rate_of(optimizer)
    scheduled = isinstance(rate, keras.optimizers.schedules.LearningRateSchedule)
    if rate is None or (callable(rate) and not scheduled):
        return "its optimizer has no learning rate that is a number or a schedule"
    return ""


def _loss(model: Any, outputs: Any, data: Data) -> Any:
    """Returns the loss, also where it was given by name or as a function."""
    for name, kind in NAMED.items():
        if model.loss is getattr(keras.losses, name) or model.loss == name:
            return kind()
    return loss_of(model.loss, data.y_train, outputs)
