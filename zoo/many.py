"""Many fits of one model at once, for anybody's Keras code."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras

from zoo.data import Data
from zoo.engine import population, stream_fit
from zoo.engine.given import BATCH_SIZE, data_and_loss, stream_and_loss
from zoo.engine.outputs import of_numbers
from zoo.engine.streams import has_several, is_stream
from zoo.errors import ZooError
from zoo.experiment import Recipe, no_schedule
from zoo.fits import Fits
from zoo.results.scores import with_r2
from zoo.runner.trainer import Engine
from zoo.runs import arguments
from zoo.runs.run import Job, Progress, Result, Run, Silent

RATE = 0.001  # of most optimizers of Keras


def fit_many(
    build_model: Callable[[], Any],
    optimizer: Any,
    data: Any,
    *,
    seeds: Any = range(8),
    learning_rates: Any = None,
    epochs: int = 1,
    batch_size: int | None = None,
    validation_split: float | None = None,
    callbacks: Any = None,
    loss: Any = None,
    sample_weight: Any = None,
    class_weight: Any = None,
    steps_per_epoch: int | None = None,
    validation_steps: int | None = None,
    engine: str = "population",
    largest: int | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Fits:
    """Trains a model for every seed and learning rate, all together in one compiled program.

    Each run gives the numbers that `model.fit` gives for it alone (with its seed's initial weights,
    order of examples and dropout masks). What cannot train together trains one at a time, and
    `engine` of its result says why.

    Args:
        build_model: Function without arguments that returns a fresh Keras model with one output of
            shape `(batch, outputs)`, or several. What it loads or sets, such as pretrained weights,
            every run starts with; what it draws is drawn anew for every seed. If it compiles the
            model, loss and metrics of that count; with metrics besides accuracy runs train one at a
            time.
        optimizer: Function of the learning rate that returns a Keras optimizer, such as
            `keras.optimizers.Adam`; or the name of one, or an optimizer.
        data: Name or file of a data set; or pairs `(x, y)` of training and validation examples, and
            of test examples if there are any; or one pair. x is an array of shape `(examples, ...)`
            or a list or dict of arrays for a model with several inputs, and is used as it is: NaN
            and infinite values are refused. y is an array of labels, shape `(examples,)`,
            `(examples, 1)` or as the loss takes them. For a crossentropy of classes, labels that
            are not whole numbers from 0, such as words, -1 and 1, or 1 to 3, are numbered in their
            sorted order, one-hot labels where it takes numbers by the place of the 1, and numbers
            are made one-hot where it takes these. A label that the model has no output for is
            refused. What trains one run at a time, with Keras's own `fit`: batches, which are
            `(training, validation)` datasets of `tf.data`, `keras.utils.PyDataset`s, or functions
            that return one of these or a generator; and arrays whose y is a list or dict of labels
            for several outputs. Batches come as they are made: a seed gives the initial weights,
            and the global random numbers for what a function makes.
        seeds: Distinct non-negative integers, or one: `range(8)` are eight seeds, 8 is one.
        learning_rates: Floats above 0, or one. If they are not given, the rate of the optimizer
            that is given or named, else 0.001.
        epochs: Positive integer.
        batch_size: Positive integer, 32 if it is not given; an incomplete last batch of an epoch is
            dropped.
        validation_split: Share between 0 and 1 of the last examples that validate, where `data` is
            one pair; 0.2 if it is not given.
        callbacks: Function that returns a list of fresh Keras callbacks for a run; or such a list,
            which is copied for each run.
        loss: A Keras loss or its name, a function of labels and outputs that returns the loss of
            each example, or a function without arguments that returns one of these. If it is not
            given, the one that the model was compiled with, else the crossentropy between whole
            numbers and logits, or probabilities if the last layer has a softmax, or is one unit
            with a sigmoid; squared error for a table whose target is a number, standardised, and
            then R2 is told in place of accuracy. Several outputs have a list or dict of losses.
        sample_weight: How much each training example counts in the loss: an array of shape
            `(examples,)` of numbers of at least 0. Where `data` is one pair, of all its examples:
            those that validate count likewise, as in `fit`.
        class_weight: How much the training examples of a class count: a dict of numbers by label,
            in which a class that is left out counts once; or `"balanced"`, as in scikit-learn.
            Accuracy counts every example once, as `fit` does without `weighted_metrics`.
        steps_per_epoch: Batches of an epoch, where the data do not say where one ends: those of
            generators, and of datasets that repeat.
        validation_steps: Batches that validate, where their data do not say it.
        engine: `"population"`, or `"fit"` for one run at a time.
        largest: Most runs that may train at once; `None` leaves it to the engine, which goes by the
            number of runs. A program for another number at once rounds differently.
        workers: How many processes of this machine train (with Ray), a GPU each if there are any;
            `None` for this process alone.
        progress: Is told of every epoch, with workers of every run; see `zoo.runs.run.Progress`.

    Returns:
        A list with one `Result` a run, in the order of learning rates and then seeds: `run`,
        `status`, `history` (one list a metric) and `final`; the list has `frame` and `curves`
        (DataFrames), `best()` and `plot()` besides. Accuracy is what Keras takes `"accuracy"` to be
        for these labels and outputs. Without test examples the final test metrics are those of the
        validation examples. Of a loss of numbers it means nothing, and `best()` goes by the loss.

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
        >>> results.best().run
    """
    own_seeds = arguments.seeds_from(seeds)
    if not isinstance(engine, str) or engine not in ("population", "fit"):
        raise ZooError(
            f"`engine` must be 'population' or 'fit'. Received: {arguments.shown(engine)}"
        )
    most = None if largest is None else arguments.whole_from("largest", largest)
    told: Progress = Silent() if progress is None else progress
    if not (hasattr(told, "epoch") and hasattr(told, "note")):
        raise ZooError(
            "`progress` must have the methods of zoo.runs.run.Progress. "
            f"Received: {arguments.shown(progress)}"
        )
    make, own_rate, schedule = arguments.optimizer_from(optimizer)
    if learning_rates is not None and schedule is not no_schedule:
        raise ZooError(
            "The optimizer has a schedule of the learning rate already. Received: learning_rates="
            f"{arguments.shown(learning_rates)}. Leave them out, or give a function that makes the "
            "schedule of a rate: lambda rate: ..."
        )
    rates = arguments.rates_from(own_rate or RATE if learning_rates is None else learning_rates)
    wholes = {"batch_size": batch_size, "steps_per_epoch": steps_per_epoch}
    wholes |= {"validation_steps": validation_steps}
    sizes = {
        name: None if value is None else arguments.whole_from(name, value)
        for name, value in wholes.items()
    }
    recipe = Recipe(
        build_model=lambda input_shape, num_classes: build_model(),
        optimizer=make,
        learning_rates=rates,
        epochs=arguments.whole_from("epochs", epochs),
        batch_size=sizes["batch_size"] or BATCH_SIZE,
        schedule=schedule,
        callbacks=arguments.callbacks_from(callbacks),
    )
    made = make(rates[0])
    if not isinstance(made, keras.optimizers.Optimizer):
        raise ZooError(
            "`optimizer` must be a function of the learning rate that returns a Keras optimizer. "
            f"Received: one that returns {arguments.shown(made)}"
        )
    weights = {"sample_weight": sample_weight, "class_weight": class_weight}
    runs = [Run("model", rate, seed) for rate in rates for seed in own_seeds]
    if is_stream(data) or has_several(data):
        stream, chosen = stream_and_loss(
            build_model, data, loss, validation_split=validation_split, **sizes, **weights
        )
        if workers is not None:
            raise ZooError(
                f"`workers` is for what trains together, and {stream.why}. Received: "
                f"workers={arguments.shown(workers)}. Leave it out."
            )
        recipe = dataclasses.replace(recipe, loss=chosen)
        jobs = [Job(recipe, run) for run in runs]
        return Fits(stream_fit.train(jobs, build_model, stream, told))
    if steps_per_epoch is not None or validation_steps is not None:
        raise ZooError(
            "`steps_per_epoch` and `validation_steps` are for datasets and generators; of arrays "
            "`batch_size` says how many steps there are. Leave them out."
        )
    given, chosen = data_and_loss(build_model, data, validation_split, loss, told, **weights)
    recipe = dataclasses.replace(recipe, loss=chosen)
    jobs = [Job(recipe, run) for run in runs]
    trains = Engine(name=engine, largest=most)
    if workers is None and most is None and engine == "population":
        results = population.train_whole(jobs, given, told)
    elif workers is None:
        results = trains.train(jobs, given, told)
    else:
        results = _elsewhere(workers, jobs, given, trains, told)
    by_run = {result.run: result for result in results}
    found = [by_run[run] for run in runs]
    numbers = given.of_numbers or of_numbers(chosen(), given.y_train)
    return Fits(map(with_r2, found) if given.of_numbers else found, numbers)


def _elsewhere(
    workers: int, jobs: Sequence[Job], data: Data, engine: Engine, progress: Progress
) -> Iterator[Result]:
    """Trains the runs in processes of this machine."""
    from zoo.runner.cluster.connection import Cluster
    from zoo.runner.cluster.deal import trained

    with Cluster(workers) as cluster:
        for job, result in trained(cluster, jobs, {"model": data}, engine, progress, progress.note):
            progress.epoch([job], result.epochs)
            yield result
