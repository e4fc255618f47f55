import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from callback_case import assert_same_runs, fit_alone, fit_in_both_engines

from callbacks import InverseSquareRootDecay, ReduceLROnPlateau


def drive(callback, values, optimizer):
    """Plays a fit whose epochs log `values`; returns rate and state after every epoch."""
    optimizer.learning_rate = 1.0
    callback.set_model(SimpleNamespace(optimizer=optimizer))
    callback.on_train_begin()
    seen = []
    for epoch, value in enumerate(values):
        callback.on_epoch_end(epoch, {callback.monitor: value})
        rate = float(keras.ops.convert_to_numpy(optimizer.learning_rate))
        best = None if callback.best is None else float(callback.best)
        seen.append((rate, best, callback.wait, callback.cooldown_counter))
    return seen


def random_arguments(generator):
    return {
        "monitor": "val_loss",
        "factor": float(generator.choice([0.1, 0.5, 0.75])),
        "patience": int(generator.integers(0, 4)),
        "mode": str(generator.choice(["auto", "min", "max"])),
        "min_delta": float(generator.choice([0, 1e-4, 1])),
        "cooldown": int(generator.integers(0, 3)),
        "min_lr": float(generator.choice([0, 0.01, 0.3])),
    }


def test_agrees_with_keras_on_random_sequences():
    generator = np.random.default_rng(0)
    optimizer = SimpleNamespace()  # a real one takes most of the test's time
    reductions = 0
    for _ in range(1000):
        arguments = random_arguments(generator)
        values = (generator.integers(0, 48, int(generator.integers(0, 10))) / 8).tolist()
        if generator.integers(5) == 0 and values:
            values[generator.integers(len(values))] = float(generator.choice([np.nan, np.inf]))
        ours = ReduceLROnPlateau(**arguments)
        theirs = keras.callbacks.ReduceLROnPlateau(**arguments)
        seen = drive(theirs, values, optimizer)
        np.testing.assert_equal(drive(ours, values, optimizer), seen)
        rates = [1.0, *(rate for rate, *_ in seen)]
        expected = [(e, rates[e + 1]) for e in range(len(seen)) if rates[e + 1] != rates[e]]
        assert ours.reductions == expected
        reductions += bool(expected)
    assert 300 < reductions < 900


@pytest.mark.slow
def test_keras_own_tests_pass():
    program = (
        "import sys, unittest, keras.src.callbacks as theirs\n"
        "from callbacks import ReduceLROnPlateau\n"
        "theirs.ReduceLROnPlateau = ReduceLROnPlateau\n"
        "unittest.main('keras.src.callbacks.reduce_lr_on_plateau_test', argv=['tests'])\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=root)
    assert done.returncode == 0, done.stderr
    assert "Ran 6 tests" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "values", "reductions"),
    [
        ({}, [3, 2, 1, 0], []),
        ({}, [3, 3, 2, 2, 1], [(1, 0.5), (3, 0.25)]),
        ({"patience": 2}, [3, 3, 3, 3, 3], [(2, 0.5), (4, 0.25)]),
        ({"cooldown": 1}, [3, 3, 3, 3], [(1, 0.5), (2, 0.25), (3, 0.125)]),
        ({"cooldown": 2}, [3, 3, 3, 3], [(1, 0.5), (3, 0.25)]),
        ({"min_lr": 0.375}, [3, 3, 3, 3], [(1, 0.5), (2, 0.375)]),
        ({"mode": "max"}, [1, 2, 1], [(2, 0.5)]),
        ({"min_delta": 1}, [3, 2.5, 1], [(1, 0.5)]),
    ],
)
def test_each_reduction_is_recorded(arguments, values, reductions):
    callback = ReduceLROnPlateau(**{"factor": 0.5, "patience": 1, **arguments})
    drive(callback, values, keras.optimizers.SGD())
    assert callback.reductions == reductions


def test_several_optimizers_are_each_recorded():
    callback = ReduceLROnPlateau(factor=0.5, patience=1)
    several = [keras.optimizers.SGD(1.0, name="a"), keras.optimizers.SGD(0.25, name="b")]
    callback.set_model(SimpleNamespace(optimizer=SimpleNamespace(optimizers=several)))
    callback.on_train_begin()
    for epoch in range(2):
        callback.on_epoch_end(epoch, {"val_loss": 1.0})
    assert callback.reductions == [(1, 0.5), (1, 0.125)]


def test_an_instance_serves_several_fits():
    callback = ReduceLROnPlateau(factor=0.5, patience=1, cooldown=1)
    optimizer = keras.optimizers.SGD()
    first = drive(callback, [3, 3, 3, 3], optimizer)
    reductions = callback.reductions
    assert drive(callback, [9, 8], optimizer)
    assert callback.reductions == []
    assert drive(callback, [3, 3, 3, 3], optimizer) == first
    assert callback.reductions == reductions


def test_logs_are_left_alone():
    callback = ReduceLROnPlateau()
    callback.set_model(SimpleNamespace(optimizer=keras.optimizers.SGD()))
    callback.on_train_begin()
    logs = {"val_loss": 1.0}
    callback.on_epoch_end(0, logs)
    assert logs == {"val_loss": 1.0}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"factor": 0}, "`factor` must be between 0 and 1.* Received: factor=0"),
        ({"factor": 1.0}, "Received: factor=1.0"),
        ({"patience": -1}, "`patience` must be a non-negative integer. Received: patience=-1"),
        ({"cooldown": 0.5}, "`cooldown` must be a non-negative integer. Received: cooldown=0.5"),
        ({"min_delta": -1}, "`min_delta` must be .*at least 0. Received: min_delta=-1"),
        ({"min_lr": float("nan")}, "`min_lr` must be .* Received: min_lr=nan"),
        ({"mode": "up"}, "`mode` must be 'auto', 'min' or 'max'. Received: mode='up'"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        ReduceLROnPlateau(**arguments)


def test_arguments_are_attributes_of_the_same_name():
    arguments = {**random_arguments(np.random.default_rng(1)), "verbose": 1}
    callback = ReduceLROnPlateau(**arguments)
    assert {name: getattr(callback, name) for name in arguments} == arguments


def test_learning_rate_schedule_is_refused_at_the_start():
    callback = ReduceLROnPlateau()
    optimizer = keras.optimizers.Adam(InverseSquareRootDecay(0.1, 10))
    callback.set_model(SimpleNamespace(optimizer=optimizer))
    with pytest.raises(TypeError, match=r"LearningRateSchedule.*constant one. Received: Adam"):
        callback.on_train_begin()


def test_real_fit_reduces_what_it_records():
    callback = ReduceLROnPlateau("loss", factor=0.5, patience=1)
    model, history = fit_alone([callback], epochs=12, optimizer=keras.optimizers.SGD(5.0))
    assert callback.reductions
    rates = [rate for _, rate in callback.reductions]
    assert rates == [5.0 * 0.5 ** (k + 1) for k in range(len(rates))]
    assert float(model.optimizer.learning_rate) == rates[-1]
    assert set(history) == {"loss", "accuracy"}
    best = np.inf  # by the rule's words: an epoch that is not better reduces the rate
    expected = []
    for epoch, loss in enumerate(history["loss"]):
        if loss + 1e-4 < best:
            best = loss
        else:
            expected.append(epoch)
    assert [epoch for epoch, _ in callback.reductions] == expected


@pytest.mark.slow
def test_population_equals_alone():
    both = fit_in_both_engines(
        lambda: ReduceLROnPlateau(factor=0.5, patience=1), rates=(5.0,), epochs=8
    )
    assert_same_runs(both)
    (_, together), (_, alone) = both
    assert [item.reductions for item in together] == [item.reductions for item in alone]
    assert any(item.reductions for item in together)
