import keras
import numpy as np
import pytest

from callbacks.preflight import Preflight, checks, preflight
from callbacks.preflight.checks import Task

Y = np.arange(60) % 3
X = (np.eye(3)[Y] + np.random.default_rng(0).normal(size=(60, 3))).astype(np.float32)
SPARSE, BINARY = keras.losses.SparseCategoricalCrossentropy, keras.losses.BinaryCrossentropy


def network(units, activation, loss):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(units, activation)])
    model.compile(keras.optimizers.SGD(0.1), loss)
    return model


def found(model, x=X, y=Y, **settings):
    return {check.name: check for check in preflight(model, x, y, overfit_steps=5, **settings)}


# Probabilities and logits


@pytest.mark.parametrize(
    ("outputs", "task", "advice"),
    [
        ([[0.2, 0.8], [0.6, 0.4]], Task("sparse", 2, True), "softmax, or from_logits=False"),
        ([[0.2], [0.6]], Task("binary", 2, True), "sigmoid, or from_logits=False"),
        ([[-1.0, 3.0], [2.0, 1.0]], Task("sparse", 2, False), "softmax, or from_logits=True"),
        ([[-1.0], [3.0]], Task("binary", 2, False), "sigmoid, or from_logits=True"),
        ([[1.0], [1.0]], Task("binary", 2, False), "One unit has probability 1"),
        ([[1.0], [1.0]], Task("binary", 2, True), "One unit has probability 1"),
        ([[0.2, 0.8], [0.6, 0.4]], Task("sparse", 2, False), ""),
        ([[-1.0, 3.0], [2.0, 1.0]], Task("sparse", 2, True), ""),
        ([[1.0], [0.3]], Task("binary", 2, False), ""),
    ],
)
def test_what_the_outputs_are_taken_for(outputs, task, advice):
    check = checks.check_outputs(np.array(outputs), task)
    assert check.result == ("warn" if advice else "pass")
    assert advice in check.advice
    assert bool(check.advice) == bool(advice)


def test_logits_given_to_a_loss_of_probabilities():
    advice = found(network(3, None, SPARSE()))["outputs"].advice
    assert "add softmax, or from_logits=True" in advice


# One unit


@pytest.mark.parametrize(
    ("activation", "loss", "y"),
    [
        ("softmax", BINARY(), Y % 2),
        (None, SPARSE(from_logits=True), Y % 2),
        ("softmax", "sparse_categorical_crossentropy", Y % 2),
        (None, "categorical_crossentropy", np.eye(3)[Y]),
    ],
)
@pytest.mark.filterwarnings("ignore:.*softmax.*:UserWarning")
@pytest.mark.filterwarnings("ignore:.*expects y_pred:UserWarning")
def test_one_unit_for_categories_is_named(activation, loss, y):
    check = found(network(1, activation, loss), y=y)["outputs"]
    assert check.result == "warn"
    assert "One unit has probability 1 whatever the input" in check.advice


@pytest.mark.parametrize(
    ("activation", "loss"), [(None, BINARY(from_logits=True)), ("sigmoid", BINARY())]
)
def test_one_unit_for_two_classes_is_right(activation, loss):
    assert found(network(1, activation, loss), y=Y % 2)["outputs"].result == "pass"


# Classes that training lacks


@pytest.mark.parametrize(("y", "unseen"), [(np.sort(Y), "2"), (np.sort(Y)[::-1], "0"), (Y, "")])
def test_validation_of_classes_that_training_lacks(y, unseen):
    model = network(3, None, SPARSE(from_logits=True))
    checked = found(model, X[:40], y[:40], validation_labels=y[40:])
    check = checked["class balance"]
    assert check.result == ("warn" if unseen else "pass")
    if unseen:
        assert f"no training example has: {unseen}. The data are sorted" in check.advice
        assert "shuffle" in check.advice


def test_rows_of_shares_and_the_callback():
    y = np.eye(3)[np.sort(Y)]
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    model = network(3, None, loss)
    assert (
        "sorted" in found(model, X[:40], y[:40], validation_labels=y[40:])["class balance"].advice
    )
    callback = Preflight(X[:40], y[:40], verbose=0, validation_labels=y[40:], overfit_steps=5)
    model.fit(X[:40], y[:40], callbacks=[callback], verbose=0)
    advice = {check.name: check.advice for check in callback.checks}
    assert "no training example has: 2." in advice["class balance"]
