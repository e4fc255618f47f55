"""What networks and scikit-learn's models predict on the rows that were kept back."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from zoo.advice.bench import Bench, label_of, validation_of
from zoo.advice.clock import FINAL_SEEDS
from zoo.advice.held import Split
from zoo.advice.knobs import Item, rates_of
from zoo.advice.predictions import PLACE, Predictions
from zoo.data import Data
from zoo.runs.run import Job, Run, Silent

Array = NDArray[Any]
FIRST_TREES, TREES = 5, 100  # of the trees that say how long all take, and all
MANY_ROWS = 20_000  # from which on trees grow in several threads
GUESS, TREE = "guess", "boosted trees"


def of_networks(bench: Bench, items: Sequence[Item]) -> tuple[list[Array], list[float]]:
    """Trains networks on all rows that were asked and predicts those that were kept back.

    Args:
        bench: Where networks are trained.
        items: The knobs that are turned.

    Returns:
        For each of some networks its predictions, shape (examples,): places of classes, or numbers
        in their unit; and the learning rate of each, chosen on its validation part.
    """
    probe = Predictions()
    recipe = dataclasses.replace(bench.recipe_of(items), probes={PLACE: probe})
    draws = bench.split.last_with(recipe.preprocessing)
    jobs = [
        Job(recipe, Run(label_of(items), rate, seed))
        for rate in sorted(rates_of(recipe))
        for seed in range(FINAL_SEEDS)
    ]
    results = list(bench.engine.train(jobs, draws, Silent()))
    outputs_of = {each.run: probe.of(each) for each in results}
    found, rates = [], []
    for seed in range(FINAL_SEEDS):
        own = sorted(
            (each for each in results if each.run.seed == seed),
            key=lambda each: each.run.learning_rate,
        )
        best = max(own, key=validation_of)
        outputs = outputs_of[best.run]
        scale = draws.of(seed).target_scale
        if scale is None:
            found.append(outputs.argmax(axis=1))
        else:
            found.append(outputs[:, 0].astype(np.float64) * scale[1] + scale[0])
        rates.append(best.run.learning_rate)
    return found, rates


def of_others(split: Split, left: Callable[[], float]) -> dict[str, Array]:
    """Returns what models of scikit-learn predict, trained on all rows that were asked.

    They have the same features as the networks, and no need of a validation part.

    Args:
        split: The data.
        left: Function that returns how many seconds boosted trees may take; else they are left
            out.

    Returns:
        Predictions by the model's name: places of classes, or numbers in their unit.
    """
    data = split.last_with(None).of(0)
    x, y = _examples(data)
    x_test = data.x_test.reshape((len(data.x_test), -1))
    found = {}
    for name, model in _models(data.of_numbers).items():
        if name == TREE:
            if seconds_of(model, x, y) > max(left(), 1.0):
                continue
            model.set_params(max_iter=TREES)
        with threads(len(x)):
            found[name] = np.asarray(model.fit(x, y).predict(x_test))
    if data.target_scale is not None:
        mean, deviation = data.target_scale
        return {name: each.astype(np.float64) * deviation + mean for name, each in found.items()}
    return found


def seconds_of_trees(split: Split) -> float:
    """Returns how many seconds boosted trees will take."""
    data = split.last_with(None).of(0)
    return seconds_of(_models(data.of_numbers)[TREE], *_examples(data))


def seconds_of(model: Any, x: Array, y: Array) -> float:
    """Returns how many seconds all trees of a model take, as the first few tell."""
    seconds = []
    with threads(len(x)):
        for trees in (1, 1 + FIRST_TREES):  # what the first takes besides, all take once
            began = time.perf_counter()
            model.set_params(max_iter=trees).fit(x, y)
            seconds.append(time.perf_counter() - began)
    return seconds[0] + max(seconds[1] - seconds[0], 0.0) * TREES / FIRST_TREES


def threads(rows: int) -> Any:
    """Returns a context with one OpenMP thread for few rows, as more wait for each other."""
    return threadpool_limits(1 if rows < MANY_ROWS else None, user_api="openmp")


def _examples(data: Data) -> tuple[Array, Array]:
    """Returns all rows that were asked, features of shape (examples, features), and targets."""
    x = np.concatenate([data.x_train, data.x_validation])
    return x.reshape((len(x), -1)), np.concatenate([data.y_train, data.y_validation])


def _models(of_numbers: bool) -> dict[str, Any]:
    # scikit-learn takes seconds to import.
    from sklearn import dummy, ensemble, linear_model

    if of_numbers:
        return {
            f"{GUESS} (the mean)": dummy.DummyRegressor(),
            "ridge regression": linear_model.RidgeCV(np.logspace(-3, 3, 13)),
            TREE: ensemble.HistGradientBoostingRegressor(random_state=0),
        }
    return {
        f"{GUESS} (the most frequent class)": dummy.DummyClassifier(),
        "logistic regression": linear_model.LogisticRegression(max_iter=2000),
        TREE: ensemble.HistGradientBoostingClassifier(random_state=0),
    }
