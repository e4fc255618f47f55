import csv
import functools
import importlib.util
import itertools
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import constraints, initializers, layers, optimizers, regularizers
from keras.callbacks import CSVLogger, EarlyStopping, LearningRateScheduler, ReduceLROnPlateau
from keras.optimizers import schedules

from callbacks import NewBob
from experiments.optimizers.schedule import EXPERIMENT as SCHEDULES
from zoo.data import Data
from zoo.engine import fit, population
from zoo.engine import groups as grouping
from zoo.engine.groups import PLACES_CPU, groups
from zoo.engine.program import Program
from zoo.experiment import Recipe
from zoo.layers import DropConnect, Maxout, RReLU, Swish
from zoo.runs.plan import optimizer_of
from zoo.runs.run import Job, Run, Silent

# TensorFlow's variables do not know NumPy 2's `copy` yet.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

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


def alone(item):
    return fit.train_one(item, DATA, Silent())


def assert_same_as_fit(result, item):
    expected = alone(item)
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
    return expected


def assert_trained_together(result):
    assert result.engine == f"population of {PLACES_CPU}"


class Notes(Silent):
    """Keeps what it is told."""

    def __init__(self):
        self.texts, self.epochs = [], []

    def note(self, text):
        self.texts.append(text)

    def epoch(self, jobs, epoch):
        self.epochs += [(item.run.variant, item.run.seed, epoch) for item in jobs]


# Equal to fit: layers


def branches(input_shape, num_classes):
    """Builds a functional model with a shared layer, a skip and a concatenation."""
    inputs = keras.Input(input_shape)
    shared = layers.Dense(FEATURES, "tanh")
    skip = layers.Add()([inputs, shared(shared(inputs))])
    normal = layers.LayerNormalization()(skip)
    return keras.Model(inputs, layers.Dense(num_classes)(layers.Concatenate()([normal, inputs])))


def normalisation(**arguments):
    return lambda: layers.BatchNormalization(**arguments)


LAYERS = {
    "activations": stack(
        *(layers.Flatten, dense(), layers.ReLU, dense()),
        *(lambda: layers.LeakyReLU(negative_slope=0.1), dense(), layers.ELU),
        *(dense(), lambda: layers.Activation("tanh"), dense()),
        lambda: layers.Activation("sigmoid"),
    ),
    "learned activations": stack(
        *(lambda: layers.Dense(24), lambda: Maxout(3), dense(), lambda: Swish(10.0)),
        *(dense(), lambda: Swish(1.0, learn=True)),
        *(dense(), lambda: layers.PReLU(alpha_initializer=initializers.Constant(0.25))),
    ),
    "batch normalization": stack(
        *(dense(), normalisation(), layers.ReLU, dense(), normalisation(scale=False)),
        *(layers.ReLU, normalisation(center=False), dense()),
        normalisation(scale=False, center=False, momentum=0.9, epsilon=0.01),
    ),
    "random": stack(
        *(lambda: layers.GaussianNoise(0.3), lambda: DropConnect(8, 0.5), RReLU),
        *(lambda: layers.Dropout(0.2, seed=11), dense(), lambda: layers.GaussianDropout(0.2)),
        *(lambda: DropConnect(8, 0.0), lambda: layers.Dropout(0.0)),
    ),
    "functional": branches,
}


def test_dropout_and_batch_normalization_equal_fit():
    first, second = jobs_of((0, 5), build_model=noisy)
    results = together(first, second)
    for item in (first, second):
        assert_trained_together(results[item.run])
    assert_same_as_fit(results[second.run], second)
    assert results[first.run].history != results[second.run].history


@pytest.mark.slow
@pytest.mark.parametrize("name", LAYERS)
def test_layers_equal_fit(name):
    items = jobs_of((0, 5), rate=0.05, build_model=LAYERS[name])
    results = together(*items)
    assert_trained_together(results[items[1].run])
    assert_same_as_fit(results[items[1].run], items[1])


def penalised(input_shape, num_classes):
    return stack(
        dense("relu", kernel_regularizer=regularizers.L1(0.01)),
        dense("relu", kernel_regularizer=regularizers.L2(0.02)),
        dense("relu", bias_regularizer=regularizers.L1L2(0.01, 0.02), bias_initializer="ones"),
    )(input_shape, num_classes)


def constrained(input_shape, num_classes):
    return stack(
        dense("tanh", kernel_constraint=constraints.MaxNorm(0.5, axis=0)),
        dense("relu", kernel_constraint=constraints.UnitNorm(axis=0)),
        dense("relu", kernel_constraint=constraints.NonNeg(), bias_constraint="non_neg"),
        dense("relu", kernel_constraint=constraints.MaxNorm(1.0, axis=1)),
    )(input_shape, num_classes)


def unbounded(input_shape, num_classes):
    return stack(*[dense("relu")] * 3)(input_shape, num_classes)


@pytest.mark.slow
@pytest.mark.parametrize("build", [penalised, constrained])
def test_regularizers_and_constraints_equal_fit_and_are_applied(build):
    (item,) = jobs_of((4,), rate=0.05, build_model=build)
    (free,) = jobs_of((4,), rate=0.05, build_model=unbounded, variant="free")
    results = together(item, free)
    assert_trained_together(results[item.run])
    assert_same_as_fit(results[item.run], item)
    assert results[item.run].history["loss"] != results[free.run].history["loss"]


# Equal to fit: optimizers


def rmsprop(rate):
    return optimizers.RMSprop(rate, momentum=0.9, centered=True)


OPTIMIZERS = {
    "sgd": (optimizers.SGD, 0.1),
    "nesterov": (lambda rate: optimizers.SGD(rate, momentum=0.9, nesterov=True), 0.1),
    "sgd + decay": (lambda rate: optimizers.SGD(rate, momentum=0.9, weight_decay=0.1), 0.1),
    "adagrad": (optimizers.Adagrad, 0.1),
    "rmsprop": (optimizers.RMSprop, 0.01),
    "rmsprop + momentum": (rmsprop, 0.001),
    "adam": (optimizers.Adam, 0.01),
    "amsgrad": (lambda rate: optimizers.Adam(rate, amsgrad=True), 0.01),
    "adamw": (lambda rate: optimizers.AdamW(rate, weight_decay=0.5), 0.01),
    "lion": (optimizers.Lion, 0.001),
    "adadelta": (optimizers.Adadelta, 1.0),
    "muon": (lambda rate: optimizers.Muon(rate, weight_decay=0.5), 0.01),
    "clipnorm": (lambda rate: optimizers.SGD(rate, clipnorm=0.05), 0.1),
    "clipvalue": (lambda rate: optimizers.SGD(rate, clipvalue=0.01), 0.1),
    "global clipnorm": (lambda rate: optimizers.SGD(rate, global_clipnorm=0.05), 0.1),
}


@pytest.mark.slow
def test_momentum_equals_fit():  # of two learning rates
    items = [*jobs_of((0,), rate=0.1), *jobs_of((1,), rate=0.02)]
    results = together(*items)
    for item in items:
        assert_trained_together(results[item.run])
        assert_same_as_fit(results[item.run], item)


@functools.cache
def losses_of_sgd():
    make, rate = OPTIMIZERS["sgd"]
    (item,) = jobs_of((3,), rate=rate, optimizer=make)
    return together(item)[item.run].history["loss"]


@pytest.mark.slow
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_equal_fit(name):
    make, rate = OPTIMIZERS[name]
    items = jobs_of((2, 3), rate=rate, optimizer=make)
    results = together(*items)
    assert_trained_together(results[items[1].run])
    assert_same_as_fit(results[items[1].run], items[1])
    if name != "sgd":
        assert results[items[1].run].history["loss"] != losses_of_sgd()


@pytest.mark.slow
@tensorflow_only
@pytest.mark.parametrize(
    "optimizer",
    [optimizers.Nadam, lambda rate: optimizers.SGD(rate, gradient_accumulation_steps=2)],
    ids=["nadam", "accumulation"],
)
def test_optimizers_that_update_more_than_their_variables_train_alone(optimizer):
    (item,) = jobs_of((3,), rate=0.01, optimizer=optimizer)
    result = together(item)[item.run]
    assert result.engine.startswith("fit (not compiled: ")
    assert_same_as_fit(result, item)


# Equal to fit: schedules and callbacks. A linear model is convex: rounding does not grow.


@pytest.mark.slow
def test_every_schedule_of_the_experiment_equals_fit():
    shared = {"build_model": linear, "epochs": 16}
    items = [
        job(label, rate=0.3, seed=seed, schedule=SCHEDULES.variants[label], **shared)
        for seed, label in enumerate(SCHEDULES.variants)
    ]
    results = together(*items)
    moved = set()
    for item in items:
        result = results[item.run]
        assert_trained_together(result)
        expected = assert_same_as_fit(result, item)
        rates = result.history["learning_rate"]
        if "bob" in item.run.variant or "plateau" in item.run.variant:
            assert rates == expected.history["learning_rate"]
        if len(set(rates)) > 1:
            moved.add(item.run.variant)
    # 16 epochs are too few for a plateau of 5; the other callbacks have their own test below.
    assert moved >= {label for label in SCHEDULES.variants if label != "constant"} - {
        "plateau / 5",
        "plateau / 10",
    }


EPOCHS = 12
FRESH = {
    "early stopping": lambda: EarlyStopping(patience=2, min_delta=0.01),
    "best weights": lambda: EarlyStopping(
        "val_accuracy", patience=3, min_delta=0.02, restore_best_weights=True
    ),
    "plateau": lambda: ReduceLROnPlateau(factor=0.5, patience=1, min_delta=0.05, cooldown=1),
    "scheduler": lambda: LearningRateScheduler(lambda epoch, rate: rate * (0.9, 1.05)[epoch % 2]),
    "newbob": NewBob,
    "newbob quicknet": lambda: NewBob(start=0.05, stop=0.01),
    "newbob loss": lambda: NewBob("val_loss", factor=0.25),
}


def check_callbacks(names):
    shared = {"build_model": linear, "epochs": EPOCHS}
    items = [
        job(name, 0.5, seed, callbacks=lambda name=name: [FRESH[name]()], **shared)
        for seed, name in enumerate(FRESH)
        if name in names
    ]
    (plain,) = jobs_of((0,), rate=0.5, variant="plain", **shared)
    results = together(plain, *items)
    for item in items:
        result = results[item.run]
        assert_trained_together(result)
        expected = assert_same_as_fit(result, item)
        assert result.history["learning_rate"] == expected.history["learning_rate"]
        stopped = result.epochs < EPOCHS
        moved = len(set(result.history["learning_rate"])) > 1
        assert stopped or moved, f"{item.run.variant} did nothing"
    return results


@pytest.mark.slow
def test_stopping_and_reducing_equal_fit():
    check_callbacks({"best weights", "plateau"})


@pytest.mark.slow
def test_callbacks_equal_fit():
    check_callbacks(set(FRESH) - {"best weights", "plateau"})


def test_best_weights_are_the_ones_that_are_evaluated():
    stop = {"patience": 1, "min_delta": 1e9, "restore_best_weights": True}
    item = job(build_model=linear, epochs=6, callbacks=lambda: [EarlyStopping(**stop)])
    result = together(item)[item.run]
    # Nothing improves on the first epoch by 1e9, so the second is the last and the first is best.
    assert result.epochs == 2
    assert result.final["val_loss"] == result.history["val_loss"][0]
    assert result.final["val_loss"] != result.history["val_loss"][1]


def test_csv_logger_writes_the_runs_own_numbers(tmp_path):
    paths = [tmp_path / "0.csv", tmp_path / "1.csv"]
    items = [
        job("ab"[seed], 0.1, seed, callbacks=lambda path=path: [CSVLogger(path)])
        for seed, path in enumerate(paths)
    ]
    results = together(*items)
    for item, path in zip(items, paths, strict=True):
        assert_trained_together(results[item.run])
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert list(rows[0]) == ["epoch", "accuracy", "loss", "val_accuracy", "val_loss"]
        assert [row["epoch"] for row in rows] == ["0", "1"]
        for name in ("accuracy", "loss", "val_accuracy", "val_loss"):
            assert [float(row[name]) for row in rows] == results[item.run].history[name]


# The same bits, whoever trains beside


@pytest.fixture(scope="module")
def crowd():
    """Returns 20 jobs with dropout and batch normalization, and their results by run."""
    items = jobs_of(range(20), build_model=noisy)
    return items, together(*items)


def assert_identical(result, expected):
    assert result.history == expected.history
    assert result.final == expected.final
    assert result.status == expected.status


@pytest.mark.parametrize("count", [1, 7])
def test_a_run_has_the_same_bits_among_few_and_many(crowd, count):
    items, expected = crowd
    for run, result in together(*items[:count]).items():
        assert_identical(result, expected[run])


def test_a_run_has_the_same_bits_in_any_order(crowd):
    items, expected = crowd
    for run, result in together(*reversed(items[5:])).items():
        assert_identical(result, expected[run])


def test_a_run_has_the_same_bits_among_other_rates_initializers_and_schedules(crowd):
    items, expected = crowd
    other = stack(
        dense(kernel_initializer="orthogonal"),
        *(layers.BatchNormalization, layers.ReLU, lambda: layers.Dropout(0.5, seed=3)),
    )
    others = [
        *jobs_of((0, 1), variant="rate", rate=1.0, build_model=noisy),
        *jobs_of((0, 1), variant="initializer", build_model=other),
        *jobs_of((3,), variant="epochs", build_model=noisy, epochs=3),
        *jobs_of(
            (4,),
            variant="schedule",
            build_model=noisy,
            schedule=lambda rate, steps, epochs: schedules.CosineDecay(rate, steps * epochs),
        ),
    ]
    mixed = [*others[:3], *items[:3], *others[3:]]
    assert len(list(groups(mixed, DATA))) == 1
    results = together(*mixed)
    for item in items[:3]:
        assert_identical(results[item.run], expected[item.run])
    losses = {tuple(results[item.run].history["loss"]) for item in mixed}
    assert len(losses) == len(mixed)


def test_a_run_that_waited_for_a_place_starts_like_any_other():
    learned = stack(dense(), lambda: Swish(1.0, learn=True), lambda: layers.Dropout(0.3, seed=5))
    count = PLACES_CPU + 3
    expected = together(*jobs_of(range(count), rate=0.5, build_model=learned))
    read = []

    class Reader(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            read.append(self.model.get_weights())

    watched = jobs_of(range(count), rate=0.5, build_model=learned, callbacks=lambda: [Reader()])
    for run, result in together(*watched).items():
        assert_identical(result, expected[run])
    assert len(read) == count * RECIPE.epochs


def test_runs_of_unlike_length_share_places():
    items = [
        item
        for epochs in (3, 1, 2)
        for item in jobs_of(range(4), variant=f"{epochs}", epochs=epochs)
    ]
    notes = Notes()
    results = together(*items, progress=notes)
    for item in items:
        result = results[item.run]
        assert result.epochs == item.recipe.epochs
        longest = results[Run("3", 0.1, item.run.seed)]
        for name, values in result.history.items():
            assert values == longest.history[name][: result.epochs]
        if result.epochs == 1:
            assert result.final["val_loss"] == longest.history["val_loss"][0]
    told = [
        (item.run.variant, item.run.seed, epoch + 1)
        for item in items
        for epoch in range(item.recipe.epochs)
    ]
    assert sorted(notes.epochs) == sorted(told)
    assert notes.texts == ["3, 1, 2: 12 runs: population of 8"]


@pytest.mark.slow
def test_large_populations_close_their_free_places(monkeypatch):
    monkeypatch.setattr(grouping, "PLACES_CPU", 12)
    short = jobs_of(range(9), variant="short", epochs=1)
    long = jobs_of(range(3), variant="long", epochs=3, callbacks=lambda: [EarlyStopping()])
    sizes = failing_epoch(monkeypatch, None, lambda call, size: False)
    results = together(*short, *long)
    assert sizes == [12, 3, 3]
    for item in (short[8], long[2]):
        assert_same_as_fit(results[item.run], item)


def test_nothing_to_train_gives_nothing():
    assert together() == {}


def test_a_run_that_is_asked_for_twice_is_trained_twice():
    twice = jobs_of((0, 0), build_model=linear)
    first, second = itertools.islice(population.train(twice, DATA, Silent()), 3)
    assert_identical(first, second)


# Runs that diverge


def test_a_diverging_run_is_frozen_and_harms_nobody(crowd):
    items, expected = crowd
    healthy = items[:9]
    longer = replace(healthy[0].recipe, epochs=6)
    wild = [Job(longer, Run("wild", 1e38, seed)) for seed in (0, 1)]
    notes = Notes()
    results = together(*wild, *healthy, progress=notes)  # more than there are places
    for item in healthy:
        assert_identical(results[item.run], expected[item.run])
        assert results[item.run].status == "completed"
    for item in wild:
        result = results[item.run]
        assert result.status == "diverged"
        assert result.epochs < 6
        assert not math.isfinite(result.history["loss"][-1])
        assert all(math.isfinite(loss) for loss in result.history["loss"][:-1])
        told = [
            epoch for name, seed, epoch in notes.epochs if (name, seed) == ("wild", item.run.seed)
        ]
        assert told == [*range(1, result.epochs + 1)]


@pytest.mark.slow
def test_divergence_equals_fit_and_callbacks_hear_of_the_end():
    heard = []

    class Listener(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            heard.append((epoch, self.model.stop_training))

        def on_train_end(self, logs=None):
            heard.append("end")

    item = job(rate=1e38, epochs=4, callbacks=lambda: [Listener()])
    result = together(item)[item.run]
    in_population, heard = heard, []
    expected = alone(item)
    assert (result.status, result.epochs) == (expected.status, expected.epochs)
    assert result.status == "diverged"
    assert in_population == [
        *((epoch, False) for epoch in range(result.epochs - 1)),
        (result.epochs - 1, True),
        "end",
    ]


# What callbacks see and do


class Meddler(keras.callbacks.Callback):
    """Reads everything; after the first epoch halves weights and rate; stops after the third."""

    def __init__(self, meddle):
        super().__init__()
        self.meddle = meddle
        self.seen = []

    def on_train_begin(self, logs=None):
        self.seen.append(("begin", self.params["epochs"], self.model.get_weights()))

    def on_epoch_begin(self, epoch, logs=None):
        rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        self.seen.append(("rate", epoch, rate))

    def on_epoch_end(self, epoch, logs=None):
        iterations = int(keras.ops.convert_to_numpy(self.model.optimizer.iterations))
        self.seen.append(("steps", epoch, iterations))
        self.seen.append(("weights", epoch, self.model.get_weights()))
        self.seen.append(("logs", epoch, dict(logs)))
        if self.meddle and epoch == 0:
            self.model.set_weights([weight * 0.5 for weight in self.model.get_weights()])
            self.model.optimizer.learning_rate = 0.05
        if self.meddle and epoch == 2:
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        self.seen.append(("end", None, self.model.get_weights()))


@pytest.mark.slow
def test_callbacks_see_and_change_their_own_run_only():
    made = []

    def fresh(meddle):
        def make():
            made.append(Meddler(meddle))
            return [made[-1]]

        return make

    shared = {"epochs": 4, "build_model": noisy}
    items = jobs_of(range(4), **shared)
    expected = together(*items)
    meddled = Job(replace(items[0].recipe, callbacks=fresh(True)), items[1].run)
    watched = Job(replace(items[0].recipe, callbacks=fresh(False)), items[2].run)
    results = together(items[0], meddled, watched, *items[3:])
    for item in items:
        if item is not items[1]:
            assert_identical(results[item.run], expected[item.run])
    assert results[meddled.run].epochs == 3
    assert results[meddled.run].history["loss"][0] == expected[meddled.run].history["loss"][0]
    assert results[meddled.run].history["loss"][1] != expected[meddled.run].history["loss"][1]

    def used():
        return [callback for callback in made if callback.seen]

    assert len(used()) == 2  # each run its own instance
    first = {callback.meddle: callback.seen for callback in used()}
    for item in (meddled, watched):
        made.clear()
        assert_same_as_fit(results[item.run], item)
        (callback,) = used()
        assert_same_events(first[callback.meddle], callback.seen)


def assert_same_events(ours, theirs):
    assert [event[:2] for event in ours] == [event[:2] for event in theirs]
    for (kind, _, value), (_, _, expected) in zip(ours, theirs, strict=True):
        if kind in ("begin", "weights", "end"):
            for array, other in zip(value, expected, strict=True):
                np.testing.assert_allclose(array, other, rtol=1e-4, atol=1e-6)
        elif kind == "logs":
            assert sorted(value) == sorted(expected)
            for name, number in value.items():
                assert number == pytest.approx(expected[name], rel=1e-5)
        else:
            assert value == expected
    assert [value for kind, _, value in ours if kind == "steps"] == [
        STEPS * (epoch + 1) for kind, epoch, _ in ours if kind == "steps"
    ]


def test_the_view_writes_to_the_device_only_what_a_callback_has_changed(monkeypatch):
    (group,) = groups(jobs_of((0, 1), callbacks=lambda: [keras.callbacks.Callback()]), DATA)
    program = Program(group.jobs[0], group.model, group.optimizer, DATA)
    seated = population.Population(program, group, DATA, Silent())
    copies = []
    set_state = seated._set_state
    monkeypatch.setattr(seated, "_set_state", lambda arrays: (copies.append(1), set_state(arrays)))
    view, neighbour = (slot.view for slot in seated.slots)
    before = [array.copy() for array in seated._arrays()]
    weights = view.get_weights()
    view.release()
    assert copies == []
    view.set_weights([weights[0] + 1, *weights[1:]])
    view.release()
    assert copies == [1]
    for index, (array, old) in enumerate(zip(seated._arrays(), before, strict=True)):
        np.testing.assert_array_equal(array[1:], old[1:])
        if index:
            np.testing.assert_array_equal(array[0], old[0])
    np.testing.assert_array_equal(seated._arrays()[0][0], before[0][0] + 1)
    np.testing.assert_array_equal(neighbour.get_weights()[0], before[0][1])


@pytest.mark.parametrize("hook", ["on_train_begin", "on_epoch_begin", "on_epoch_end"])
def test_an_exception_of_a_callback_reaches_the_caller(hook):
    def fail(*_, **__):
        raise LookupError("no such thing")

    Broken = type("Broken", (keras.callbacks.Callback,), {hook: fail})
    with pytest.raises(LookupError, match="no such thing"):
        together(job(build_model=linear, callbacks=lambda: [Broken()]))


def test_a_callback_that_refuses_a_schedule_is_heard():
    cosine = {"schedule": lambda rate, steps, epochs: schedules.CosineDecay(rate, steps)}
    with pytest.raises(ValueError, match="NewBob sets the learning rate"):
        together(job(build_model=linear, callbacks=lambda: [NewBob()], **cosine))


def test_a_callback_below_epochs_goes_to_fit_with_the_reason():
    batches = []

    class Counter(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            batches.append(batch)

    item = job(build_model=linear, callbacks=lambda: [Counter()])
    notes = Notes()
    result = together(item, progress=notes)[item.run]
    reason = "Counter.on_train_batch_end works below epochs"
    assert result.engine == f"fit ({reason})"
    assert batches == [*range(STEPS)] * 2
    assert notes.texts == [f"a: 1 runs: fit, {reason}"]


# What cannot be compiled, and what does not fit


class Tally(layers.Layer):
    """Counts its batches with TensorFlow's own assignment, which a population has no form for."""

    def build(self, input_shape):
        self.count = self.add_weight(shape=(), initializer="zeros", trainable=False, name="count")

    def call(self, inputs, training=False):
        if training:
            self.count.value.assign_add(1.0)
        return inputs


@tensorflow_only
def test_a_layer_that_cannot_be_compiled_trains_with_fit():
    item = job(build_model=stack(Tally))
    notes = Notes()
    result = together(item, progress=notes)[item.run]
    assert result.engine.startswith("fit (not compiled: AttributeError")
    assert result.epochs == 2
    first, second = notes.texts
    assert first == "a: 1 runs: population of 8"
    assert second.startswith("a: 1 runs: fit, not compiled: AttributeError")


def failing_epoch(monkeypatch, error, when):
    """Makes `Program.epoch` raise where `when(call, size)` holds; returns the sizes it met."""
    sizes = []
    epoch = Program.epoch

    def raising(self, state, rates, orders):
        sizes.append(rates.shape[1])
        if when(len(sizes), rates.shape[1]):
            raise error
        return epoch(self, state, rates, orders)

    monkeypatch.setattr(Program, "epoch", raising)
    return sizes


def test_an_error_before_the_first_epoch_ends_means_fit(monkeypatch):
    failing_epoch(
        monkeypatch, RuntimeError("in user code:\n\n  no kernel\n"), lambda call, size: True
    )
    item = job(build_model=linear)
    assert together(item)[item.run].engine == "fit (not compiled: RuntimeError: no kernel)"


def test_an_error_after_it_reaches_the_caller(monkeypatch):
    failing_epoch(monkeypatch, RuntimeError("broken"), lambda call, size: call == 2)
    with pytest.raises(RuntimeError, match="broken"):
        together(job(build_model=linear))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 8 bytes"), True),
        (RuntimeError("unexpected shape"), False),
    ],
)
def test_errors_that_say_that_memory_is_full(error, expected):
    assert population.out_of_memory(error) is expected


def test_a_population_that_does_not_fit_is_halved_until_it_does(monkeypatch):
    items = jobs_of(range(5), build_model=linear)
    expected = together(*items)
    error = RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 8 bytes")
    sizes = failing_epoch(monkeypatch, error, lambda call, size: size > 3)
    notes = Notes()
    results = together(*items, progress=notes)
    assert sizes == [8, 4] + [2] * 6  # three rounds of two places, two epochs each
    why = "out of memory with twice as many"
    assert notes.texts == [
        "a: 5 runs: population of 8",
        f"a: 5 runs: population of 4 ({why})",
        f"a: 5 runs: population of 2 ({why})",
    ]
    for run, result in results.items():
        assert result.engine == "population of 2"
        for name, values in result.history.items():
            np.testing.assert_allclose(values, expected[run].history[name], rtol=1e-5)


@pytest.mark.slow
def test_memory_that_ends_later_costs_no_result_and_gives_none_twice(monkeypatch):
    short = jobs_of(range(3), variant="short", build_model=linear, epochs=1)
    long = jobs_of(range(3), variant="long", build_model=linear, epochs=3)
    failing_epoch(monkeypatch, MemoryError(), lambda call, size: call > 1 and size > 4)
    results = together(*short, *long)
    assert {results[item.run].engine for item in short} == {"population of 8"}
    assert {results[item.run].engine for item in long} == {"population of 4"}
    assert [results[item.run].epochs for item in (*short, *long)] == [1, 1, 1, 3, 3, 3]
    assert_same_as_fit(results[long[2].run], long[2])


def test_one_run_that_does_not_fit_goes_to_fit(monkeypatch):
    sizes = failing_epoch(monkeypatch, MemoryError("full"), lambda call, size: True)
    item = job(build_model=linear)
    assert together(item)[item.run].engine == "fit (not compiled: MemoryError: full)"
    assert sizes == [8, 4, 2, 1]


@pytest.mark.parametrize("largest", [1, 2])
def test_largest_bounds_how_many_train_at_once(crowd, largest):
    items, expected = crowd
    for run, result in together(*items[:3], largest=largest).items():
        assert result.engine == f"population of {largest}"
        for name, values in result.history.items():
            np.testing.assert_allclose(values, expected[run].history[name], rtol=1e-5)


# Schedules as traces


def test_a_trace_is_the_schedule_at_every_step():
    item = job(build_model=linear)
    (group,) = groups([item], DATA)
    program = Program(item, group.model, group.optimizer, DATA)
    epochs, traced = 8, 0
    for schedule in SCHEDULES.variants.values():
        recipe = replace(item.recipe, schedule=schedule, epochs=epochs)
        rate = optimizer_of(recipe, 0.3, STEPS)[0]._learning_rate
        if not isinstance(rate, schedules.LearningRateSchedule):
            continue
        steps = STEPS * epochs + 1
        expected = [float(keras.ops.convert_to_numpy(rate(step))) for step in range(steps)]
        trace = program.trace(rate, steps)
        assert trace.shape == (steps,)
        np.testing.assert_allclose(trace, expected, rtol=1e-6, atol=ROUNDING * 0.3)
        assert len(set(expected)) > 1
        traced += 1
    assert traced == 7


# JAX


@pytest.mark.slow
@pytest.mark.skipif(BACKEND != "tensorflow", reason="this is the run on JAX")
@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="jax is not installed")
@pytest.mark.parametrize(
    "tests",
    [
        "dropout_and_batch or momentum_equals",
        "adam or functional or penalised or random",
        "stopping_and or diverging or see_and_change or waited",
    ],
)
def test_on_jax_a_population_equals_fit(tests):
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    words = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", __file__, "-k", tests]
    root = Path(population.__file__).parents[2]
    done = subprocess.run(words, cwd=root, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:]
