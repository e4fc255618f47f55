"""Many fits of one model at once, for anybody's Keras code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from zoo import data as datasets
from zoo.data import Data, fingerprint_of
from zoo.engine import fit, population
from zoo.errors import ZooError
from zoo.experiment import Recipe, crossentropy, no_callbacks
from zoo.runs.run import Job, Progress, Result, Run, Silent

Pair = tuple[Any, Any]


def fit_many(
    build_model: Callable[[], Any],
    optimizer: Callable[[Any], Any],
    data: str | Data | tuple[Pair, Pair] | tuple[Pair, Pair, Pair],
    *,
    seeds: Sequence[int] = range(8),
    learning_rates: Sequence[float] = (0.001,),
    epochs: int = 1,
    batch_size: int = 32,
    callbacks: Callable[[], list[Any]] = no_callbacks,
    loss: Callable[[], Any] = crossentropy,
    engine: str = "population",
    largest: int | None = None,
    progress: Progress | None = None,
) -> list[Result]:
    """Trains a model for every seed and learning rate, all together in one compiled program.

    Each run gives the numbers that `model.fit` gives for it alone (with its seed's initial weights,
    order of examples and dropout masks). What cannot train together trains one at a time.

    Args:
        build_model: Function without arguments that returns a fresh, uncompiled Keras model with
            logits of shape `(batch, num_classes)`.
        optimizer: Function of the learning rate that returns a Keras optimizer, such as
            `keras.optimizers.Adam`.
        data: Name or file of a data set; or pairs `(x, y)` of training and validation examples, and
            of test examples if there are any: x of shape `(examples, ...)`, y of integer labels
            `0 .. num_classes - 1`, shape `(examples,)`. Arrays are used as they are.
        seeds: Distinct non-negative integers.
        learning_rates: Floats above 0.
        epochs: Positive integer.
        batch_size: Positive integer; an incomplete last batch of an epoch is dropped.
        callbacks: Function that returns a list of fresh Keras callbacks for a run.
        loss: Function that returns a loss on `(labels, logits)`.
        engine: `"population"`, or `"fit"` for one run at a time.
        largest: Most runs that may train at once; `None` leaves it to the engine.
        progress: Is told of every epoch; see `zoo.runs.run.Progress`.

    Returns:
        One `Result` a run, in the order of learning rates and then seeds: `run`, `status`,
        `history` (one list a metric) and `final`. Without test examples the final test metrics are
        those of the validation examples.

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
    recipe = Recipe(
        build_model=lambda input_shape, num_classes: build_model(),
        optimizer=optimizer,
        learning_rates=tuple(learning_rates),
        epochs=epochs,
        batch_size=batch_size,
        callbacks=callbacks,
        loss=loss,
    )
    if not len(seeds) or len(set(seeds)) < len(seeds) or min(seeds) < 0:
        raise ZooError(f"`seeds` must be distinct integers of at least 0. Received: {list(seeds)}")
    if engine not in ("population", "fit"):
        raise ZooError(f"`engine` must be 'population' or 'fit'. Received: {engine!r}")
    given = _data(data)
    jobs = [
        Job(recipe, Run("model", float(rate), int(seed)))
        for rate in learning_rates
        for seed in seeds
    ]
    told = progress or Silent()
    if engine == "fit":
        results = fit.train(jobs, given, told)
    else:
        results = population.train(jobs, given, told, largest)
    by_run = {result.run: result for result in results}
    return [by_run[job.run] for job in jobs]


def _data(data: Any) -> Data:
    """Returns the data as the engines take them."""
    if isinstance(data, Data):
        return data
    if isinstance(data, str):
        return datasets.load(data)
    if not isinstance(data, tuple) or len(data) not in (2, 3) or any(len(p) != 2 for p in data):
        raise ZooError(
            "`data` must be a name, or pairs ((x, y), (x_validation, y_validation)) with an "
            f"optional third for testing. Received: {type(data).__name__}"
        )
    arrays = []
    for x, y in (*data, data[-1])[:3]:
        x, y = np.asarray(x, np.float32), np.asarray(y)
        if len(x) != len(y) or y.ndim != 1 or y.dtype.kind not in "iu":
            raise ZooError(
                "x and y must have the same length, and y one integer label an example. "
                f"Received: x of shape {x.shape}, y of shape {y.shape} and type {y.dtype}"
            )
        arrays += [x, y.astype(np.int32)]
    classes = 1 + max(int(y.max()) for y in arrays[1::2])
    names = tuple(map(str, range(classes)))
    parts = ("x_train", "y_train", "x_validation", "y_validation", "x_test", "y_test")
    given: dict[str, Any] = dict(zip(parts, arrays, strict=True))
    fingerprint = fingerprint_of(*arrays)
    return Data(
        name="given", num_classes=classes, class_names=names, fingerprint=fingerprint, **given
    )
