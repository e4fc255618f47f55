"""A run of a population equals the same run trained alone: layers, optimizers, callbacks."""

import csv
import functools

import keras
import pytest
from keras import constraints, initializers, layers, optimizers, regularizers
from keras.callbacks import CSVLogger, EarlyStopping, LearningRateScheduler, ReduceLROnPlateau
from population_case import (
    FEATURES,
    assert_same_as_fit,
    assert_trained_together,
    dense,
    job,
    jobs_of,
    linear,
    noisy,
    stack,
    tensorflow_only,
    together,
)

from callbacks import NewBob
from experiments.optimizers.schedule import EXPERIMENT as SCHEDULES
from zoo.layers import DropConnect, Maxout, RReLU, Swish

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


@pytest.mark.slow
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
    assert_same_as_fit(results[items[1].run], items[1], compiled=name == "random")


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
    assert_same_as_fit(results[item.run], item, compiled=False)
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
        assert_same_as_fit(results[item.run], item, compiled=False)


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
    assert_same_as_fit(results[items[1].run], items[1], compiled=False)
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
    assert_same_as_fit(result, item, compiled=False)


# Equal to fit: schedules and callbacks. A linear model is convex: rounding does not grow.


@pytest.mark.slow
def test_every_schedule_of_the_experiment_equals_fit():
    shared = {"build_model": linear, "epochs": 8}
    items = [
        job(label, rate=0.3, seed=seed, schedule=SCHEDULES.variants[label], **shared)
        for seed, label in enumerate(SCHEDULES.variants)
    ]
    results = together(*items)
    moved = set()
    for item in items:
        result = results[item.run]
        assert_trained_together(result)
        expected = assert_same_as_fit(result, item, compiled=False)
        rates = result.history["learning_rate"]
        if "bob" in item.run.variant or "plateau" in item.run.variant:
            assert rates == expected.history["learning_rate"]
        if len(set(rates)) > 1:
            moved.add(item.run.variant)
    # 8 epochs are too few for a plateau of 5; the other callbacks have their own test below.
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
        expected = assert_same_as_fit(result, item, compiled=False)
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


@pytest.mark.slow
def test_best_weights_are_the_ones_that_are_evaluated():
    stop = {"patience": 1, "min_delta": 1e9, "restore_best_weights": True}
    item = job(build_model=linear, epochs=6, callbacks=lambda: [EarlyStopping(**stop)])
    result = together(item)[item.run]
    # Nothing improves on the first epoch by 1e9, so the second is the last and the first is best.
    assert result.epochs == 2
    assert result.final["val_loss"] == result.history["val_loss"][0]
    assert result.final["val_loss"] != result.history["val_loss"][1]


@pytest.mark.slow
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
