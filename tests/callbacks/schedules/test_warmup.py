import keras
import numpy as np
import pytest
from callback_case import assert_same_runs, fit_alone, fit_in_both_engines
from keras.optimizers import schedules

from callbacks import InverseSquareRootDecay, Warmup


def rates(schedule, steps):
    return [float(schedule(step)) for step in steps]


@pytest.mark.parametrize("start", [0.0, 0.125, 2.0])
@pytest.mark.parametrize("warmup_steps", [1, 4, 1000])
def test_closed_form(warmup_steps, start):
    schedule = Warmup(0.5, warmup_steps, start)
    steps = range(0, 3 * warmup_steps, max(1, warmup_steps // 7))
    expected = [start + (0.5 - start) * min(step / warmup_steps, 1) for step in steps]
    np.testing.assert_allclose(rates(schedule, steps), expected, rtol=1e-6, atol=1e-7)


def test_schedule_begins_after_the_warm_up():
    following = InverseSquareRootDecay(0.5, 10)
    schedule = Warmup(following, 5)
    np.testing.assert_allclose(rates(schedule, range(5)), [0, 0.1, 0.2, 0.3, 0.4], rtol=1e-6)
    assert rates(schedule, range(5, 50)) == rates(following, range(45))


def test_no_warm_up_is_the_schedule_itself():
    following = schedules.ExponentialDecay(0.5, 10, 0.5)
    assert rates(Warmup(following, 0), range(30)) == rates(following, range(30))
    assert rates(Warmup(0.25, 0, start=0.1), range(3)) == [0.25] * 3


@pytest.mark.parametrize("following", [0.5, schedules.ExponentialDecay(0.5, 10, 0.5)])
def test_a_saved_schedule_is_the_same(following):
    schedule = Warmup(following, 4, 0.1, name="rise")
    copy = schedules.deserialize(schedules.serialize(schedule))
    assert copy.get_config() == schedule.get_config()
    assert rates(copy, range(12)) == rates(schedule, range(12))
    arguments = {"learning_rate": following, "warmup_steps": 4, "start": 0.1, "name": "rise"}
    assert {name: getattr(schedule, name) for name in arguments} == arguments


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.0, 4), "`learning_rate` must be .* Received: learning_rate=0.0"),
        ((0.1, -1), "`warmup_steps` must be a non-negative integer. Received: warmup_steps=-1"),
        ((0.1, 2.5), "Received: warmup_steps=2.5"),
        ((0.1, 2, -0.1), "`start` must be a number of at least 0. Received: start=-0.1"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        Warmup(*arguments)


class Rates(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.seen = []

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append(float(self.model.optimizer.learning_rate))


def test_real_fits_follow_the_schedule():
    schedule, record = Warmup(0.5, 6), Rates()
    for _ in range(2):  # an epoch has 3 steps
        fit_alone([record], optimizer=keras.optimizers.SGD(schedule))
        np.testing.assert_allclose(record.seen, [0.25, 0.5, 0.5], rtol=1e-6)


@pytest.mark.slow
def test_population_equals_alone():
    both = fit_in_both_engines(
        None, lambda rate: keras.optimizers.SGD(Warmup(rate, 4)), rates=(0.1, 0.5), seeds=(0,)
    )
    assert_same_runs(both)
    for result, peak in zip(both[0][0], (0.1, 0.5), strict=True):
        expected = [0.75 * peak, peak, peak, peak]
        np.testing.assert_allclose(result.history["learning_rate"], expected, rtol=1e-6)
