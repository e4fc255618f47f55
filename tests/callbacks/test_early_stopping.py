import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from callback_case import assert_same_runs, fit_alone, fit_in_both_engines

from callbacks import EarlyStopping, ReduceLROnPlateau


class Weights:
    """A model whose weights are the number of the epoch."""

    def __init__(self):
        self.stop_training = False
        self.weights = -1

    def get_weights(self):
        return self.weights

    def set_weights(self, weights):
        self.weights = weights


def drive(callback, values):
    """Plays a fit whose epochs log `values`; returns what can be seen of it afterwards."""
    model = Weights()
    callback.set_model(model)
    callback.on_train_begin()
    epoch = -1
    for epoch, value in enumerate(values):
        model.weights = epoch
        callback.on_epoch_end(epoch, {callback.monitor: value})
        if model.stop_training:
            break
    callback.on_train_end()
    seen = ("stopped_epoch", "best_epoch", "wait")
    best = None if callback.best is None else float(callback.best)
    return epoch, model.weights, best, *(getattr(callback, name) for name in seen)


def random_arguments(generator):
    return {
        "monitor": "val_loss",
        "min_delta": float(generator.choice([0, 0.125, 1])),
        "patience": int(generator.integers(0, 5)),
        "mode": str(generator.choice(["auto", "min", "max"])),
        "baseline": [None, 2.0, 4.0][generator.integers(3)],
        "restore_best_weights": bool(generator.integers(2)),
        "start_from_epoch": int(generator.integers(0, 4)),
    }


def test_agrees_with_keras_on_random_sequences():
    generator = np.random.default_rng(0)
    stops = 0
    for _ in range(1000):
        arguments = random_arguments(generator)
        values = (generator.integers(0, 48, int(generator.integers(0, 12))) / 8).tolist()
        if generator.integers(5) == 0 and values:
            values[generator.integers(len(values))] = float(generator.choice([np.nan, np.inf]))
        ours, theirs = EarlyStopping(**arguments), keras.callbacks.EarlyStopping(**arguments)
        np.testing.assert_equal(drive(ours, values), drive(theirs, values))
        assert ours.stop_epoch == (theirs.stopped_epoch or None)
        assert ours.model.stop_training == (ours.stop_epoch is not None)
        stops += ours.stop_epoch is not None
    assert 200 < stops < 800


@pytest.mark.slow
def test_keras_own_tests_pass():
    program = (
        "import sys, unittest, keras.src.callbacks as theirs\n"
        "from callbacks import EarlyStopping\n"
        "theirs.EarlyStopping = EarlyStopping\n"
        "unittest.main('keras.src.callbacks.early_stopping_test', argv=['tests'])\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=root)
    assert done.returncode == 0, done.stderr
    assert "Ran 7 tests" in done.stderr  # and unittest's own test_session is skipped


@pytest.mark.parametrize(
    ("arguments", "values", "stop_epoch", "best_epoch"),
    [
        ({}, [3, 2, 1, 0], None, 3),
        ({}, [3, 2, 2.5, 0], 2, 1),
        ({"patience": 2}, [3, 2, 2.5, 2.25, 0], 3, 1),
        ({"min_delta": 1}, [3, 2.5, 1], 1, 0),
        ({"mode": "max"}, [1, 2, 3, 2], 3, 2),
        ({"start_from_epoch": 2}, [1, 2, 3, 2, 3], 4, 3),
        ({}, [], None, 0),
    ],
)
def test_what_it_did_is_recorded(arguments, values, stop_epoch, best_epoch):
    callback = EarlyStopping(**arguments)
    drive(callback, values)
    assert (callback.stop_epoch, callback.best_epoch) == (stop_epoch, best_epoch)


def test_both_callbacks_share_one_notion_of_improvement():
    assert EarlyStopping._is_improvement is ReduceLROnPlateau._is_improvement


def test_an_instance_serves_several_fits():
    callback = EarlyStopping(patience=1, restore_best_weights=True)
    first = drive(callback, [3, 2, 4, 4])
    assert callback.stop_epoch == 2
    drive(callback, [9, 8])
    assert callback.stop_epoch is None
    assert callback.best_epoch == 1
    assert drive(callback, [3, 2, 4, 4]) == first


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"patience": -1}, "`patience` must be a non-negative integer. Received: patience=-1"),
        ({"patience": 1.5}, "Received: patience=1.5"),
        ({"start_from_epoch": -2}, "`start_from_epoch` must be .* start_from_epoch=-2"),
        ({"min_delta": -0.1}, "`min_delta` must be .*at least 0. Received: min_delta=-0.1"),
        ({"min_delta": float("nan")}, "Received: min_delta=nan"),
        ({"mode": "up"}, "`mode` must be 'auto', 'min' or 'max'. Received: mode='up'"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        EarlyStopping(**arguments)


def test_arguments_are_attributes_of_the_same_name():
    arguments = {**random_arguments(np.random.default_rng(1)), "verbose": 1}
    callback = EarlyStopping(**arguments)
    assert {name: getattr(callback, name) for name in arguments} == arguments


def test_logs_are_left_alone():
    callback = EarlyStopping()
    callback.set_model(SimpleNamespace(stop_training=False))
    callback.on_train_begin()
    logs = {"val_loss": 1.0}
    callback.on_epoch_end(0, logs)
    assert logs == {"val_loss": 1.0}


@pytest.mark.slow
def test_real_fit_stops_and_restores():
    callback = EarlyStopping("loss", patience=2, restore_best_weights=True)
    # A rate at which the loss jumps about.
    model, history = fit_alone([callback], epochs=30, optimizer=keras.optimizers.SGD(5.0))
    losses = history["loss"]
    assert callback.best_epoch == int(np.argmin(losses))
    assert callback.stop_epoch == callback.best_epoch + 2 == len(losses) - 1
    # The weights after the best epoch are those at which a fit of so many epochs ends.
    short, _ = fit_alone([], epochs=callback.best_epoch + 1, optimizer=keras.optimizers.SGD(5.0))
    for one, other in zip(model.get_weights(), short.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_population_equals_alone():
    both = fit_in_both_engines(
        lambda: EarlyStopping(patience=1, restore_best_weights=True),
        rates=(0.1, 5.0),
        epochs=8,
        seeds=(1,),
    )
    assert_same_runs(both)
    (results, together), (_, alone) = both
    did = [(item.stop_epoch, item.best_epoch) for item in together]
    assert did == [(item.stop_epoch, item.best_epoch) for item in alone]
    assert any(stop is not None for stop, _ in did)
    assert {len(result.history["loss"]) for result in results} > {8} or len(set(did)) > 1
