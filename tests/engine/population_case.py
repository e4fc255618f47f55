"""What the tests of populations share: a toy problem, its jobs, a population and a fit alone."""

import contextlib
import re
from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers, optimizers
from uncompiled import uncompiled

from zoo.data import Data
from zoo.engine import fit, population
from zoo.engine.groups import PLACES_CPU
from zoo.engine.program import Program
from zoo.experiment import Recipe
from zoo.runs.rights import unpacked
from zoo.runs.run import Job, Run, Silent

BACKEND = keras.backend.backend()
tensorflow_only = pytest.mark.skipif(BACKEND != "tensorflow", reason="a trait of TensorFlow")

FEATURES, CLASSES, BATCH = 6, 3, 32
ROUNDING = 2.0**-22  # of 1 + cos(...) near its zero, in single precision
STEPS = 5  # 180 = 5 * 32 + 20: the last batch is incomplete


def make_data(seed=0):
    generator = np.random.default_rng(seed)
    centres = generator.normal(size=(CLASSES, FEATURES))

    def part(examples):
        y = np.arange(examples) % CLASSES
        x = centres[y] + generator.normal(size=(examples, FEATURES))
        return x.astype(np.float32), y.astype(np.int32)

    return Data("toy", *part(180), *part(60), *part(45), CLASSES, tuple("abc"), "toy")


DATA = make_data()


def stack(*hidden):
    """Returns a function that builds a sequential model; `hidden` makes its hidden layers."""

    def build(input_shape, num_classes):
        made = [layer() for layer in hidden]
        return keras.Sequential([keras.Input(input_shape), *made, layers.Dense(num_classes)])

    return build


def dense(*arguments, **keywords):
    return lambda: layers.Dense(8, *arguments, **keywords)


linear = stack()
relu = stack(dense("relu"))
noisy = stack(dense(), layers.BatchNormalization, layers.ReLU, lambda: layers.Dropout(0.5))

RECIPE = Recipe(
    build_model=relu,
    optimizer=lambda rate: optimizers.SGD(rate, momentum=0.9),
    learning_rates=(0.1,),
    epochs=2,
    batch_size=BATCH,
)


def job(variant="a", rate=0.1, seed=0, **changes):
    return Job(replace(RECIPE, **changes), Run(variant, rate, seed))


def jobs_of(seeds, rate=0.1, variant="a", **changes):
    """Returns jobs that share one recipe."""
    recipe = replace(RECIPE, **changes)
    return [Job(recipe, Run(variant, rate, seed)) for seed in seeds]


def together(*jobs, progress=None, **arguments):
    """Returns the results of a population by run."""
    found = list(population.train(jobs, DATA, progress or Silent(), **arguments))
    assert len(found) == len(jobs)
    by_run = {result.run: result for result in found}
    assert set(by_run) == {item.run for item in jobs}
    return by_run


def alone(item, compiled=True):
    """Trains a run by `fit`.

    Args:
        item: The job.
        compiled: Whether its steps are compiled, which takes longest of all, or carried out one by
            one. It decides only what random numbers TensorFlow draws while it trains.
    """
    steps = item.recipe.epochs * STEPS
    with contextlib.nullcontext() if compiled else uncompiled(steps):
        return fit.train_one(item, DATA, Silent())


def assert_same_as_fit(result, item, compiled=True):
    expected = alone(item, compiled)
    assert result.run == item.run
    assert (result.status, result.epochs) == (expected.status, expected.epochs)
    for name in ("loss", "val_loss"):
        np.testing.assert_allclose(result.history[name], expected.history[name], rtol=1e-5)
    for name in ("accuracy", "val_accuracy"):  # a power of two in a batch: means are exact
        assert result.history[name] == expected.history[name]
    rates = result.history["learning_rate"], expected.history["learning_rate"]
    np.testing.assert_allclose(*rates, rtol=1e-6, atol=ROUNDING * item.run.learning_rate)
    for part in ("val", "test"):
        assert result.final[f"{part}_loss"] == pytest.approx(expected.final[f"{part}_loss"], 1e-5)
        assert result.final[f"{part}_accuracy"] == expected.final[f"{part}_accuracy"]
    assert result.rights == expected.rights
    assert share_right(result) == pytest.approx(result.final["test_accuracy"], abs=1e-12)
    return expected


def share_right(result):
    """Returns the share of test examples that a run says it has right."""
    right = unpacked(result.rights)
    return sum(right) / len(right)


def assert_trained_together(result):
    # On JAX a population of few runs has no idle places.
    places = PLACES_CPU if BACKEND == "tensorflow" else "[1-8]"
    assert re.fullmatch(f"population of {places}", result.engine)


class Notes(Silent):
    """Keeps what it is told."""

    def __init__(self):
        self.texts, self.epochs = [], []

    def note(self, text):
        self.texts.append(text)

    def epoch(self, jobs, epoch):
        self.epochs += [(item.run.variant, item.run.seed, epoch) for item in jobs]


def assert_identical(result, expected):
    assert result.history == expected.history
    assert result.final == expected.final
    assert result.status == expected.status


def failing_epoch(monkeypatch, error, when):
    """Makes an epoch raise where `when(call, size)` holds; returns the sizes that it met."""
    sizes = []
    epoch = Program._epoch

    def raising(self, state, rates, orders):
        sizes.append(rates.shape[1])
        if when(len(sizes), rates.shape[1]):
            raise error
        return epoch(self, state, rates, orders)

    monkeypatch.setattr(Program, "_epoch", raising)
    return sizes
