"""Many fits of one model at once, for anybody's Keras code."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import keras

from zoo import data as datasets
from zoo.data import Data, fingerprint_of
from zoo.data.arrays import inputs_of, numbered, pairs_of, rows, shapes_of, single
from zoo.engine import fit, population
from zoo.engine.outputs import kind_of, loss_of
from zoo.errors import ZooError
from zoo.experiment import Recipe, crossentropy, no_schedule
from zoo.runs import arguments
from zoo.runs.run import Job, Progress, Result, Run, Silent
from zoo.runs.seeding import fresh_model

RATE = 0.001  # of most optimizers of Keras
PARTS = ("x_train", "y_train", "x_validation", "y_validation", "x_test", "y_test")


def fit_many(
    build_model: Callable[[], Any],
    optimizer: Any,
    data: Any,
    *,
    seeds: Any = range(8),
    learning_rates: Any = None,
    epochs: int = 1,
    batch_size: int = 32,
    validation_split: float | None = None,
    callbacks: Any = None,
    loss: Any = None,
    engine: str = "population",
    largest: int | None = None,
    progress: Progress | None = None,
) -> list[Result]:
    """Trains a model for every seed and learning rate, all together in one compiled program.

    Each run gives the numbers that `model.fit` gives for it alone (with its seed's initial weights,
    order of examples and dropout masks). What cannot train together trains one at a time, and
    `engine` of its result says why.

    Args:
        build_model: Function without arguments that returns a fresh Keras model with one output of
            shape `(batch, outputs)`. What it loads or sets, such as pretrained weights, every run
            starts with; what it draws is drawn anew for every seed. If it compiles the model, only
            the loss of that counts.
        optimizer: Function of the learning rate that returns a Keras optimizer, such as
            `keras.optimizers.Adam`; or the name of one, or an optimizer.
        data: Name or file of a data set; or pairs `(x, y)` of training and validation examples, and
            of test examples if there are any; or one pair. x is an array of shape `(examples, ...)`
            or a list or dict of arrays for a model with several inputs, and is used as it is: NaN
            and infinite values are refused. y is an array of labels, shape `(examples,)`,
            `(examples, 1)` or as the loss takes them. For a crossentropy of classes, labels that
            are not whole numbers from 0, such as words, -1 and 1, or 1 to 3, are numbered in their
            sorted order, and one-hot labels where it takes numbers by the place of the 1. A label
            that the model has no output for is refused.
        seeds: Distinct non-negative integers, or one: `range(8)` are eight seeds, 8 is one.
        learning_rates: Floats above 0, or one. If they are not given, the rate of the optimizer
            that is given or named, else 0.001.
        epochs: Positive integer.
        batch_size: Positive integer; an incomplete last batch of an epoch is dropped.
        validation_split: Share between 0 and 1 of the last examples that validate, where `data` is
            one pair; 0.2 if it is not given.
        callbacks: Function that returns a list of fresh Keras callbacks for a run; or such a list,
            which is copied for each run.
        loss: A Keras loss or its name, a function of labels and outputs that returns the loss of
            each example, or a function without arguments that returns one of these. If it is not
            given, the one that the model was compiled with, else the crossentropy between whole
            numbers and logits, or probabilities if the last layer has a softmax.
        engine: `"population"`, or `"fit"` for one run at a time.
        largest: Most runs that may train at once; `None` leaves it to the engine.
        progress: Is told of every epoch; see `zoo.runs.run.Progress`.

    Returns:
        One `Result` a run, in the order of learning rates and then seeds: `run`, `status`,
        `history` (one list a metric) and `final`. Accuracy is what Keras takes `"accuracy"` to be
        for these labels and outputs. Without test examples the final test metrics are those of the
        validation examples.

    Raises:
        ZooError: If an argument is out of its range.

    Example:
        >>> results = zoo.fit_many(
        ...     lambda: keras.Sequential([keras.Input((40,)), keras.layers.Dense(10)]),
        ...     keras.optimizers.Adam,
        ...     "mnist1d",
        ...     seeds=range(32),
        ...     learning_rates=(0.001, 0.01),
        ...     epochs=10,
        ... )
        >>> results[0].history["val_accuracy"]
    """
    own_seeds = arguments.seeds_from(seeds)
    if engine not in ("population", "fit"):
        raise ZooError(f"`engine` must be 'population' or 'fit'. Received: {engine!r}")
    make, own_rate, schedule = arguments.optimizer_from(optimizer)
    if learning_rates is not None and schedule is not no_schedule:
        raise ZooError(
            "The optimizer has a schedule of the learning rate already. Received: learning_rates="
            f"{learning_rates!r}. Leave them out, or give a function that makes the schedule of a "
            "rate: lambda rate: ..."
        )
    rates = arguments.rates_from(own_rate or RATE if learning_rates is None else learning_rates)
    told = progress or Silent()
    given, chosen = _given(build_model, data, validation_split, loss, told)
    recipe = Recipe(
        build_model=lambda input_shape, num_classes: build_model(),
        optimizer=make,
        learning_rates=rates,
        epochs=_whole(epochs),
        batch_size=_whole(batch_size),
        schedule=schedule,
        callbacks=arguments.callbacks_from(callbacks),
        loss=chosen,
    )
    made = make(rates[0])
    if not isinstance(made, keras.optimizers.Optimizer):
        raise ZooError(
            "`optimizer` must be a function of the learning rate that returns a Keras optimizer. "
            f"Received: one that returns {made!r}"
        )
    jobs = [Job(recipe, Run("model", rate, seed)) for rate in rates for seed in own_seeds]
    if engine == "fit":
        results = fit.train(jobs, given, told)
    else:
        results = population.train(jobs, given, told, largest)
    by_run = {result.run: result for result in results}
    return [by_run[job.run] for job in jobs]


def _whole(number: Any) -> Any:
    """Returns an integer of NumPy as one of Python; a recipe checks it."""
    return operator.index(number) if hasattr(number, "__index__") else number


def _given(
    build_model: Any, data: Any, validation_split: float | None, loss: Any, told: Progress
) -> tuple[Data, Callable[[], Any]]:
    """Returns the data as the engines take them, and a function that returns the loss."""
    if isinstance(data, Data | str):
        if validation_split is not None:
            raise ZooError(
                "`validation_split` is for data=(x, y): a data set has validation examples. "
                f"Received: validation_split={validation_split}"
            )
        found = datasets.load(data) if isinstance(data, str) else data
        return found, _loss(_model(build_model, found.input_shape), loss)
    pairs = pairs_of(data, validation_split)
    model = _model(build_model, shapes_of(pairs[0][0]))
    outputs = model(rows(pairs[0][0], slice(1)))
    chosen = _loss(model, loss)
    labels = [y for _, y in pairs]
    names: tuple[str, ...] = ()
    if hasattr(outputs, "shape"):  # if there are several, the engines say so
        labels, names = _fitting(labels, chosen(), outputs, told)
    parts = [each for (x, _), y in zip(pairs, labels, strict=True) for each in (x, y)]
    fingerprint = fingerprint_of(*[array for part in parts for array in inputs_of(part)])
    named = dict(zip(PARTS, parts, strict=True))
    found = Data(
        name="given",
        num_classes=len(names),
        class_names=names,
        fingerprint=fingerprint,
        **named,
    )
    return found, chosen


def _model(build_model: Any, input_shape: Any) -> Any:
    """Returns a model, to see what it puts out."""
    if isinstance(build_model, keras.Model) or not callable(build_model):
        raise ZooError(
            "`build_model` must be a function without arguments that returns a new Keras model. "
            f"Received: {build_model!r}. Of a model make one: lambda: "
            "keras.models.clone_model(model)"
        )
    if not arguments.accepts(build_model, 0):
        raise ZooError(
            "`build_model` must be a function without arguments that returns a new Keras model. "
            f"Received: {build_model!r}, which needs some. Write lambda: build(...)"
        )
    model = fresh_model(build_model, input_shape)
    if not isinstance(model, keras.Model):
        raise ZooError(f"`build_model` must return a Keras model. Received: {model!r}")
    return model


def _loss(model: Any, given: Any) -> Callable[[], Any]:
    """Returns a function that returns the loss that is asked for or fits to a model."""
    if given is None and model.compiled:
        given = model.loss
    if given is not None:
        return arguments.loss_from(given)
    last = model.layers[-1] if getattr(model, "outputs", None) else None
    softmax = getattr(last, "activation", None) is keras.activations.softmax
    if softmax or isinstance(last, keras.layers.Softmax):
        return lambda: keras.losses.SparseCategoricalCrossentropy()
    return crossentropy


def _fitting(
    labels: list[Any], loss: Any, outputs: Any, told: Progress
) -> tuple[list[Any], tuple[str, ...]]:
    """Returns the labels of all parts as a network and its loss take them, and classes' names."""
    kind, places = kind_of(loss_of(loss, labels[0], outputs)), outputs.shape[-1]
    if kind == "sparse" and len(outputs.shape) == 2:
        labels = [single(each) for each in labels]
    if kind == "sparse" and places == 1:
        raise ZooError(
            "The loss takes an output for each class, and the network has 1 output. For two "
            "classes take keras.losses.BinaryCrossentropy(from_logits=True), or give the last "
            "layer a unit for each."
        )
    of_two = kind == "binary" and places == 1
    beyond = any(each.dtype.kind != "U" and (each.min() < 0 or each.max() > 1) for each in labels)
    if kind != "sparse" and not (of_two and beyond) and labels[0].dtype.kind != "U":
        whole = all(each.dtype.kind in "iu" for each in labels)
        return [each.astype("int32" if whole else "float32") for each in labels], ()
    given = labels
    labels, names = numbered(labels, 2 if places == 1 else places)
    if any((one != other).any() for one, other in zip(given, labels, strict=True)):
        told.note(f"labels {', '.join(names)} are numbered from 0")
    return labels, names
