import threading

import keras
import numpy as np
import pytest
from keras import callbacks, losses, optimizers
from keras.optimizers import schedules

from zoo.errors import ZooError
from zoo.experiment import no_schedule
from zoo.runs import arguments

# Optimizers


@pytest.mark.parametrize(
    ("given", "kind", "rate"),
    [
        (optimizers.SGD, optimizers.SGD, None),
        (lambda rate: optimizers.Adam(rate), optimizers.Adam, None),
        ("sgd", optimizers.SGD, 0.01),
        ("adam", optimizers.Adam, 0.001),
        (optimizers.RMSprop(0.02), optimizers.RMSprop, 0.02),
    ],
)
def test_optimizers_become_functions_of_the_rate(given, kind, rate):
    make, own, schedule = arguments.optimizer_from(given)
    assert own == rate
    assert schedule is no_schedule
    first, second = make(0.25), make(0.25)
    assert type(first) is kind
    assert first is not second
    assert float(first.learning_rate) == 0.25


def test_copies_of_an_optimizer_have_its_settings():
    make, _, _ = arguments.optimizer_from(optimizers.SGD(0.1, momentum=0.5, clipnorm=2.0))
    made = make(0.3)
    assert (made.momentum, made.clipnorm) == (0.5, 2.0)


def test_an_optimizer_keeps_its_schedule():
    given = optimizers.Adam(schedules.ExponentialDecay(0.3, 10, 0.5))
    make, rate, schedule = arguments.optimizer_from(given)
    assert rate == 0.3
    own = make(schedule(rate, 5, 2))._learning_rate
    assert float(own(10)) == pytest.approx(0.15)


def excluding():
    optimizer = optimizers.AdamW(0.1)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("adamm", "a name that Keras knows, such as 'adam'. Received: 'adamm'"),
        (3, "must be a function of the learning rate.*Received: 3"),
        (None, "Received: None"),
        (losses.Hinge, "must be a function of the learning rate"),
        (lambda: optimizers.Adam(), "must be a function of the learning rate"),
        (lambda rate, momentum: optimizers.Adam(), "must be a function of the learning rate"),
        (optimizers.LossScaleOptimizer(optimizers.SGD(0.1)), "Write a function that makes it"),
        (excluding(), "Write a function that makes it"),
    ],
)
def test_what_is_no_optimizer_is_refused(given, said):
    with pytest.raises(ZooError, match=said):
        arguments.optimizer_from(given)


# Losses


def squares(y_true, y_pred):
    return keras.ops.square(y_true - y_pred)


def scaled(y_true, y_pred, factor=2.0):
    return factor * squares(y_true, y_pred)


INSTANCE = losses.Hinge()
SHARED = callbacks.EarlyStopping(patience=7)


@pytest.mark.parametrize(
    "given", ["mse", "crossentropy", INSTANCE, squares, scaled, losses.mean_squared_error]
)
def test_a_loss_is_returned_as_it_is(given):
    assert arguments.loss_from(given)() is given
    assert arguments.loss_from(lambda: given)() is given


def test_a_class_of_losses_is_made_anew():
    assert type(arguments.loss_from(losses.Hinge)()) is losses.Hinge


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("msee", "a name that Keras knows, such as 'mse'. Received: 'msee'"),
        (3, "must be a Keras loss, its name, or a function of labels and outputs"),
        (["mse", "mse"], "must be a Keras loss"),
        (lambda y_true: y_true, "must be a Keras loss"),
    ],
)
def test_what_is_no_loss_is_refused(given, said):
    with pytest.raises(ZooError, match=said):
        arguments.loss_from(given)


def test_a_function_that_returns_no_loss_is_refused():
    with pytest.raises(ZooError, match="Received: one that returns 3"):
        arguments.loss_from(lambda: 3)()


# Callbacks


@pytest.mark.parametrize(
    "given",
    [
        callbacks.EarlyStopping(patience=7),
        [callbacks.EarlyStopping(patience=7)],
        (callbacks.EarlyStopping(patience=7),),
        lambda: [callbacks.EarlyStopping(patience=7)],
        lambda: callbacks.EarlyStopping(patience=7),
        lambda: [SHARED],
    ],
    ids=["one", "list", "tuple", "function", "function of one", "function that shares"],
)
def test_each_run_gets_callbacks_of_its_own(given):
    make = arguments.callbacks_from(given)
    (first,), (second,) = make(), make()
    assert first is not second
    assert first.patience == second.patience == 7


def test_no_callbacks():
    assert arguments.callbacks_from(None)() == []
    assert arguments.callbacks_from([])() == []
    assert arguments.callbacks_from(lambda: None)() == []


class Locked(callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.lock = threading.Lock()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (3, "must be a list of Keras callbacks"),
        ([print], "must be a list of Keras callbacks"),
        (callbacks.EarlyStopping, r"Write EarlyStopping\(...\)"),
        ([callbacks.EarlyStopping], r"Write EarlyStopping\(...\)"),
        (lambda epoch: [], "a function without arguments"),
        (lambda: 3, "Received: 3"),
        (Locked(), r"cannot be .*callbacks=lambda: \[...\]"),
    ],
)
def test_what_are_no_callbacks_is_refused(given, said):
    with pytest.raises(ZooError, match=said):
        arguments.callbacks_from(given)


# Seeds and rates


@pytest.mark.parametrize(
    ("given", "expected"),
    [(3, [3]), (np.int64(3), [3]), (range(2), [0, 1]), ({4}, [4]), (np.arange(2), [0, 1])],
)
def test_seeds(given, expected):
    found = arguments.seeds_from(given)
    assert found == expected
    assert all(type(seed) is int for seed in found)


@pytest.mark.parametrize("given", [(), -1, (0, 0), 1.5, "3", None, True, (1, 2.0)])
def test_what_are_no_seeds_is_refused(given):
    with pytest.raises(ZooError, match="`seeds` must be distinct integers"):
        arguments.seeds_from(given)


def test_rates():
    assert arguments.rates_from(0.1) == (0.1,)
    assert arguments.rates_from(1) == (1.0,)
    assert arguments.rates_from([0.1, np.float64(0.2)]) == (0.1, 0.2)
    assert arguments.rates_from(np.array([0.5])) == (0.5,)
    for wrong in ("fast", None, [None], int, 1j):
        with pytest.raises(ZooError, match="`learning_rates` must be numbers"):
            arguments.rates_from(wrong)


def test_whole_numbers():
    assert arguments.whole_from("epochs", np.int64(3)) == 3
    assert type(arguments.whole_from("epochs", np.int64(3))) is int
    for wrong in (0, -1, 1.0, "1", None, True, int, np.zeros(2), np.float32(1)):
        with pytest.raises(ZooError, match="`epochs` must be a positive integer"):
            arguments.whole_from("epochs", wrong)


def test_what_is_shown_is_one_short_line():
    assert arguments.shown(3) == "3"
    text = arguments.shown(np.zeros((50, 50)))
    assert len(text) == arguments.LENGTH
    assert "\n" not in text
