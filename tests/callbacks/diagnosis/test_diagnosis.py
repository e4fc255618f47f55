import copy
import itertools
import math
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from callback_case import assert_same_runs, fit_alone, fit_in_both_engines

from callbacks.batch_size_schedule import BatchSizeSchedule
from callbacks.diagnosis.diagnosis import LossCurveDiagnosis, classes_of, diagnose
from zoo.engine.run_model import hook_below_epochs

# Arguments


@pytest.mark.parametrize("value", [1, 0, -3, 2.5])
def test_num_classes_is_checked(value):
    message = f"`num_classes` must be .* Received: num_classes={value}"
    for make in (LossCurveDiagnosis, lambda **keywords: diagnose([1.0], **keywords)):
        with pytest.raises(ValueError, match=message):
            make(num_classes=value)


@pytest.mark.parametrize("value", [0, -3, 2.5])
def test_validation_examples_is_checked(value):
    message = f"`validation_examples` must be .* Received: validation_examples={value}"
    for make in (LossCurveDiagnosis, lambda **keywords: diagnose([1.0], **keywords)):
        with pytest.raises(ValueError, match=message):
            make(validation_examples=value)


# The callback, driven by hand


def play(callback, logs, batch_means=()):
    """Plays a fit: `logs` of every epoch, and the running means that Keras logs at each batch."""
    callback.set_model(SimpleNamespace(loss="mse"))
    callback.on_train_begin()
    for epoch, (log, means) in enumerate(itertools.zip_longest(logs, batch_means)):
        for batch, mean in enumerate(() if means is None else means):
            callback.on_train_batch_end(batch, {"loss": mean})
        callback.on_epoch_end(epoch, log)
    callback.on_train_end()
    return callback.findings


def test_batch_losses_come_out_of_running_means():
    callback = LossCurveDiagnosis(batches=True)
    losses = np.random.default_rng(0).uniform(1, 2, (3, 5))
    means = np.cumsum(losses, axis=1) / np.arange(1, 6)
    play(callback, [{"loss": row[-1]} for row in means], means)
    np.testing.assert_allclose(callback.batch_losses, losses.ravel())


def test_collects_under_the_name_of_the_metric():
    callback = LossCurveDiagnosis(accuracy="acc")
    play(callback, [{"loss": 1.0, "acc": 0.5, "val_loss": 2.0, "val_acc": 0.25, "other": 9.0}])
    expected = {"loss": [1.0], "accuracy": [0.5], "val_loss": [2.0], "val_accuracy": [0.25]}
    assert callback.history == expected


def test_epochs_of_different_lengths_have_no_period():
    generator = np.random.default_rng(0)
    pattern = generator.uniform(1, 3, 12)
    means = np.cumsum(pattern) / np.arange(1, 13)
    logs = [{"loss": 1.0}] * 8
    found = [
        [finding.name for finding in play(LossCurveDiagnosis(batches=True), logs, epochs)]
        for epochs in ([means] * 8, [means] * 7 + [means[:5]], [means] * 6 + [means[:9]] * 2)
    ]
    assert found == [["periodic"], ["periodic"], []]


def test_validation_in_some_epochs_takes_no_part():
    callback = LossCurveDiagnosis()
    assert play(callback, [{"loss": 1.0}, {"loss": 0.9, "val_loss": math.nan}]) == []


def test_an_instance_serves_several_fits():
    callback = LossCurveDiagnosis(batches=True)
    bad = [{"loss": 1.0}, {"loss": 9.0}]
    assert [f.name for f in play(callback, bad, [[1.0], [9.0]])] == ["diverging"]
    assert play(callback, [{"loss": 1.0}], [[1.0]]) == []
    assert (callback.history, callback.batch_losses) == ({"loss": [1.0]}, [1.0])
    assert [f.name for f in play(callback, bad)] == ["diverging"]
    assert play(callback, []) == []


@pytest.mark.parametrize("verbose", [0, 1])
def test_prints_only_if_verbose(verbose, capsys):
    callback = LossCurveDiagnosis(verbose=verbose)
    play(callback, [{"loss": 1.0}, {"loss": 9.0}])
    out = capsys.readouterr().out
    assert out == f"\n{callback.findings[0]}\n" * verbose
    assert str(callback.findings[0]).startswith("diverging: The loss is 9.0 times the first")
    play(callback, [{"loss": 1.0}])
    assert capsys.readouterr().out == "\nThe loss curve looks healthy.\n" * verbose


def test_arguments_are_attributes_of_the_same_name():
    arguments = {"num_classes": 3, "validation_examples": 5, "accuracy": "a", "batches": True}
    callback = LossCurveDiagnosis(**arguments, verbose=1)
    assert {name: getattr(callback, name) for name in arguments} == arguments
    assert callback.verbose == 1


def test_hooks_below_epochs_only_if_asked():
    assert hook_below_epochs(LossCurveDiagnosis()) == ""
    assert hook_below_epochs(LossCurveDiagnosis(batches=True)) == "on_train_batch_end"


def test_a_copy_collects_for_itself():
    original = LossCurveDiagnosis(batches=True)
    copied = copy.deepcopy(original)
    play(copied, [{"loss": 1.0}], [[1.0]])
    assert (original.batch_losses, copied.batch_losses) == ([], [1.0])


@pytest.mark.parametrize(
    ("loss", "units", "expected"),
    [
        (keras.losses.SparseCategoricalCrossentropy(from_logits=True), 7, 7),
        ("sparse_categorical_crossentropy", 7, 7),
        (keras.losses.categorical_crossentropy, 4, 4),
        ("binary_crossentropy", 1, 2),
        (keras.losses.BinaryCrossentropy(), 5, 2),
        ("mse", 7, None),
        (None, 7, None),
    ],
)
def test_classes_are_read_off_the_model(loss, units, expected):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(units)])
    if loss:
        model.compile("sgd", loss)
    assert classes_of(model) == expected


# Real trainings with the defect injected

CLASSES, FEATURES = 10, 20


def points(examples, noise, seed):
    """Draws examples of ten classes around fixed centres."""
    centres = np.random.default_rng(99).normal(size=(CLASSES, FEATURES))
    generator = np.random.default_rng(seed)
    y = generator.permutation(np.arange(examples) % CLASSES)
    x = centres[y] + noise * generator.normal(size=(examples, FEATURES))
    return x.astype(np.float32), y.astype(np.int32)


def train(
    head=None,
    hidden=(32,),
    optimizer=None,
    loss=None,
    initializer="glorot_uniform",
    activation="relu",
    epochs=12,
    examples=400,
    validation_examples=1000,
    noise=0.5,
    ordered=False,
    batches=False,
    seed=0,
    num_classes=None,
):
    """Trains a small network and returns the names of what the callback found."""
    keras.utils.set_random_seed(seed)
    dense = [
        keras.layers.Dense(units, activation, kernel_initializer=initializer) for units in hidden
    ]
    last = keras.layers.Dense(CLASSES, head, kernel_initializer=initializer)
    model = keras.Sequential([keras.Input((FEATURES,)), *dense, last])
    model.compile(
        optimizer or keras.optimizers.SGD(0.03, 0.9),
        loss or keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        steps_per_execution=1 if batches else examples // 20,  # an epoch at once is faster
    )
    x, y = points(examples, noise, seed=1)
    if ordered:
        rows = np.argsort(y, kind="stable")
        x, y = x[rows], y[rows]
    callback = LossCurveDiagnosis(
        num_classes=num_classes, validation_examples=validation_examples, batches=batches
    )
    given = {"x": x, "y": y, "batch_size": 20, "callbacks": [callback]}
    if batches:
        # Keras on TensorFlow takes one order in all epochs once a seed is set.
        schedule = BatchSizeSchedule(x, y, {0: 20}, shuffle=not ordered, seed=seed)
        given = {"x": schedule, "shuffle": False, "callbacks": [schedule.callback, callback]}
    model.fit(
        **given,
        epochs=epochs,
        verbose=0,
        validation_data=points(validation_examples, noise, seed=2),
        validation_batch_size=1000,
    )
    return [finding.name for finding in callback.findings]


def softmax(logits):
    """Applies softmax in a way that Keras's loss does not see and undo."""
    return 1.0 * keras.ops.softmax(logits)


def sigmoid(logits):
    return 1.0 * keras.ops.sigmoid(logits)


def flipped(y, logits):
    return -keras.losses.sparse_categorical_crossentropy(y, logits, from_logits=True)


def naive(y, logits):
    """Exponentiates the logits without taking off the highest."""
    exponentials = keras.ops.exp(logits)
    p = exponentials / keras.ops.sum(exponentials, -1, keepdims=True)
    rows = keras.ops.one_hot(keras.ops.cast(keras.ops.reshape(y, (-1,)), "int32"), CLASSES)
    return -keras.ops.sum(rows * keras.ops.log(p), -1)


class Ascent(keras.optimizers.SGD):
    """Goes up the gradient."""

    def update_step(self, gradient, variable, learning_rate):
        super().update_step(-gradient, variable, learning_rate)


class Large(keras.initializers.RandomNormal):
    """Gives logits of the size of hundreds."""

    def __init__(self):
        super().__init__(stddev=20.0, seed=0)


SGD = keras.optimizers.SGD
REAL = {
    "learning rate 0": (lambda: {"optimizer": SGD(0.0)}, ["not learning"]),
    "optimizer of the wrong sign": (
        lambda: {"optimizer": Ascent(0.003), "epochs": 6},
        ["negative gradients"],
    ),
    "loss of the wrong sign": (
        lambda: {"loss": flipped, "num_classes": 10, "epochs": 5},
        ["negative gradients"],
    ),
    "initial weights too small": (
        lambda: {
            "hidden": (32, 32, 32),
            "initializer": keras.initializers.RandomNormal(stddev=0.03, seed=0),
            "activation": "tanh",
            "optimizer": SGD(0.04, 0.8),
            "epochs": 40,
        },
        ["slow start"],
    ),
    "learning rate far too high": (
        lambda: {"optimizer": keras.optimizers.Adam(3.0), "epochs": 6, "noise": 1.0},
        ["diverging"],
    ),
    "naive softmax and large logits": (
        lambda: {"loss": naive, "initializer": Large(), "epochs": 3},
        ["not finite"],
    ),
    "softmax twice": (
        lambda: {"head": softmax, "epochs": 40, "optimizer": keras.optimizers.Adam(0.01)},
        ["softmax twice"],
    ),
    "sigmoid before softmax": (
        lambda: {"head": sigmoid, "epochs": 40, "optimizer": keras.optimizers.Adam(0.01)},
        ["softmax twice"],
    ),
    "tanh before softmax": (lambda: {"head": "tanh", "epochs": 30}, ["bounded logits"]),
    "20 validation examples": (
        lambda: {"validation_examples": 20},
        ["validation set too small"],
    ),
    "60 training examples": (
        lambda: {
            "examples": 60,
            "noise": 1.6,
            "hidden": (64, 64),
            "optimizer": keras.optimizers.Adam(0.01),
            "epochs": 40,
        },
        ["overfit"],
    ),
    "one hidden unit": (lambda: {"hidden": (1,), "epochs": 40}, ["underfit"]),
    "learning rate too low": (lambda: {"optimizer": SGD(0.003)}, ["not converged"]),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", REAL)
def test_real_training_with_a_defect(name):
    make, expected = REAL[name]
    assert train(**make()) == expected


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_real_training_sorted_by_class(seed):
    """The same training, with the data in the order of their classes and shuffled."""

    def found(ordered):
        optimizer = SGD(0.03)
        return train(ordered=ordered, batches=True, seed=seed, noise=0.8, optimizer=optimizer)

    assert found(ordered=True) == ["periodic"]
    assert found(ordered=False) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_real_healthy_training(seed):
    noise = (0.4, 0.5, 0.6, 0.7)[seed % 4]
    assert train(batches=True, seed=seed, noise=noise) == []


@pytest.mark.slow
def test_stable_loss_has_no_nan_where_the_naive_one_has():
    assert "not finite" not in train(initializer=Large(), epochs=3)


def test_real_fit_collects_what_keras_reports():
    callback = LossCurveDiagnosis(batches=True)
    _, history = fit_alone([callback], epochs=3, validation_split=0.25, batch_size=12)
    assert callback.history == {name: history[name] for name in callback.history}
    assert set(callback.history) == {"loss", "val_loss", "accuracy", "val_accuracy"}
    # 36 examples in batches of 12.
    epochs = np.reshape(callback.batch_losses, (3, 3)).mean(axis=1)
    np.testing.assert_allclose(epochs, history["loss"], rtol=1e-5)


@pytest.mark.slow
def test_population_equals_alone():
    both = fit_in_both_engines(LossCurveDiagnosis, rates=(1e-9, 0.1), epochs=12)
    assert_same_runs(both)
    (_, together), (_, alone) = both
    found = [[finding.name for finding in item.findings] for item in together]
    assert found == [[finding.name for finding in item.findings] for item in alone]
    assert ["not learning"] in found[:2]
    assert all(found[:2])
    assert "not learning" not in itertools.chain(*found[2:])
