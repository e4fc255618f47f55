import math
from types import SimpleNamespace

import keras
import pytest
from callback_case import assert_same_runs, fit_alone, fit_in_both_engines

from callbacks import DivergenceGuard
from callbacks.divergence_guard import broken_rule


def drive(callback, costs):
    """Plays a fit whose epochs log `costs`; returns how many epochs were trained."""
    callback.set_model(SimpleNamespace(stop_training=False))
    callback.on_train_begin()
    for epoch, cost in enumerate(costs):
        callback.on_epoch_end(epoch, {callback.monitor: cost})
        if callback.model.stop_training:
            return epoch + 1
    return len(costs)


@pytest.mark.parametrize(
    ("costs", "trained", "stop_epoch", "rule"),
    [
        ([], 0, None, None),
        ([2.0, 1.0, 5.0, 6.0], 4, None, None),  # three times is not more than three times
        ([2.0, 1.0, 6.5, 1.0], 3, 2, "exceeded"),
        ([1.0, math.nan, 1.0], 2, 1, "not finite"),
        ([1.0, math.inf, 1.0], 2, 1, "not finite"),
        ([math.nan, 1.0], 1, 0, "not finite"),
        ([math.inf], 1, 0, "not finite"),
        ([0.0, 5.0, 9.0], 3, None, None),
        ([0.0, math.inf], 2, 1, "not finite"),
    ],
)
def test_scripted_costs(costs, trained, stop_epoch, rule):
    callback = DivergenceGuard()
    assert drive(callback, costs) == trained
    assert (callback.stop_epoch, callback.rule) == (stop_epoch, rule)
    assert str(callback.original) == (str(costs[0]) if costs else "None")


@pytest.mark.parametrize("factor", [1.5, 3.0, 100.0])
def test_factor_decides(factor):
    assert broken_rule(2 * factor, 2.0, factor) is None
    assert broken_rule(math.nextafter(2 * factor, math.inf), 2.0, factor) == "exceeded"
    assert drive(DivergenceGuard(factor), [2.0, 2 * factor, 2 * factor + 0.1, 1.0]) == 3


def test_compared_with_the_first_cost_not_the_best():
    assert drive(DivergenceGuard(), [2.0, 0.5, 5.0]) == 3


def test_an_instance_serves_several_fits():
    callback = DivergenceGuard(monitor="val_loss")
    assert drive(callback, [1.0, 4.0]) == 2
    assert drive(callback, [8.0, 9.0, 1.0]) == 3
    assert (callback.original, callback.stop_epoch, callback.rule) == (8.0, None, None)
    assert drive(callback, [1.0, 4.0, 5.0]) == 2


@pytest.mark.parametrize("factor", [1, 0, -3, math.inf, math.nan])
def test_factor_is_checked(factor):
    message = f"`factor` must be a finite float above 1. Received: factor={factor}"
    with pytest.raises(ValueError, match=message):
        DivergenceGuard(factor)


def test_what_is_no_cost_is_refused():
    with pytest.raises(ValueError, match=r"at least 0. Received: loss=-0.5"):
        drive(DivergenceGuard(), [-0.5])
    with pytest.raises(ValueError, match=r"\['loss'\]. Received: monitor='cost'"):
        DivergenceGuard(monitor="cost").on_epoch_end(0, {"loss": 1.0})
    with pytest.raises(ValueError, match=r"\[\]"):
        DivergenceGuard().on_epoch_end(0, None)


def test_arguments_are_attributes_of_the_same_name():
    arguments = {"factor": 2.0, "monitor": "val_loss", "verbose": 1}
    callback = DivergenceGuard(**arguments)
    assert {name: getattr(callback, name) for name in arguments} == arguments


@pytest.mark.parametrize(("verbose", "lines"), [(0, 0), (1, 1)])
def test_prints_only_if_verbose(verbose, lines, capsys):
    drive(DivergenceGuard(verbose=verbose), [1.0, 4.0])
    assert capsys.readouterr().out.count("Epoch 2: stopped, loss is 4 (exceeded).") == lines


def test_logs_are_left_alone():
    callback = DivergenceGuard()
    drive(callback, [1.0])
    logs = {"loss": 7.0}
    callback.on_epoch_end(1, logs)
    assert logs == {"loss": 7.0}


@pytest.mark.slow
def test_real_fit_is_stopped():
    callback = DivergenceGuard()
    _, history = fit_alone([callback], epochs=20, optimizer=keras.optimizers.SGD(50.0, 0.9))
    losses = history["loss"]
    assert callback.original == losses[0]
    assert callback.stop_epoch == len(losses) - 1 < 19
    assert all(loss <= 3 * losses[0] for loss in losses[:-1])
    assert callback.rule == broken_rule(losses[-1], losses[0], 3.0) is not None
    _, history = fit_alone([callback], epochs=4)
    assert len(history["loss"]) == 4
    assert callback.rule is None


@pytest.mark.slow
def test_population_equals_alone():
    both = fit_in_both_engines(
        lambda: DivergenceGuard(1.25),
        lambda rate: keras.optimizers.SGD(rate, 0.9),
        rates=(0.05, 20.0),
        epochs=6,
        seeds=(1,),
    )
    assert_same_runs(both)
    (_, together), (_, alone) = both
    did = [(item.stop_epoch, item.rule) for item in together]
    assert did == [(item.stop_epoch, item.rule) for item in alone]
    assert {rule for _, rule in did} == {None, "exceeded"}
