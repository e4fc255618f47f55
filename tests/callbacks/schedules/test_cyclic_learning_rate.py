import keras
import numpy as np
import pytest
from callback_case import assert_same_runs, fit_alone, fit_in_both_engines
from keras.optimizers import schedules

from callbacks import CyclicLearningRate


def rates(schedule, steps):
    return [float(schedule(step)) for step in steps]


def smith(step, base, top, step_size):
    """The formula of the paper's section 3.2."""
    cycle = np.floor(1 + step / (2 * step_size))
    x = np.abs(step / step_size - 2 * cycle + 1)
    return base + (top - base) * np.maximum(0, 1 - x)


@pytest.mark.parametrize("step_size", [1, 3, 200])
@pytest.mark.parametrize(("base", "top"), [(0.0, 1.0), (0.001, 0.006)])
def test_closed_form(base, top, step_size):
    schedule = CyclicLearningRate(base, top, step_size)
    steps = np.arange(0, 5 * step_size, max(1, step_size // 9))
    expected = smith(steps.astype(float), base, top, step_size)
    np.testing.assert_allclose(rates(schedule, steps), expected, rtol=1e-5, atol=1e-7)


def test_corners():
    assert rates(CyclicLearningRate(0.25, 0.75, 2), range(9)) == [
        *(0.25, 0.5, 0.75, 0.5),
        *(0.25, 0.5, 0.75, 0.5),
        0.25,
    ]


def test_late_cycles_are_as_exact_as_the_first():
    schedule = CyclicLearningRate(0.25, 0.75, 3000)
    late = 2**25 // 6000 * 6000
    steps = np.arange(0, 6000, 101)
    assert rates(schedule, late + steps) == rates(schedule, steps)


def test_a_saved_schedule_is_the_same():
    arguments = {
        "base_learning_rate": 0.1,
        "max_learning_rate": 0.5,
        "step_size": 3,
        "name": "wave",
    }
    schedule = CyclicLearningRate(**arguments)
    copy = schedules.deserialize(schedules.serialize(schedule))
    assert copy.get_config() == schedule.get_config() == arguments
    assert {name: getattr(schedule, name) for name in arguments} == arguments
    assert rates(copy, range(9)) == rates(schedule, range(9))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-0.1, 1, 2), "`base_learning_rate` must be .*at least 0. Received: base_learning_rate=-"),
        ((0.5, 0.5, 2), "`max_learning_rate` must be above .*=0.5, max_learning_rate=0.5"),
        ((0.1, float("nan"), 2), "max_learning_rate=nan"),
        ((0.1, 1, 0), "`step_size` must be a positive integer. Received: step_size=0"),
        ((0.1, 1, 2.0), "Received: step_size=2.0"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        CyclicLearningRate(*arguments)


class Rates(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.seen = []

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append(float(self.model.optimizer.learning_rate))


@pytest.mark.slow
def test_real_fits_follow_the_schedule():
    schedule, record = CyclicLearningRate(0.25, 1.25, 4), Rates()
    for _ in range(2):  # an epoch has 3 steps
        fit_alone([record], optimizer=keras.optimizers.SGD(schedule))
        assert record.seen == [1.0, 0.75, 0.5]


@pytest.mark.slow
def test_population_equals_alone():
    both = fit_in_both_engines(
        None,
        lambda rate: keras.optimizers.SGD(CyclicLearningRate(0.0, rate, 2)),
        rates=(0.1, 0.5),
        seeds=(0,),
    )
    assert_same_runs(both)
    for result, peak in zip(both[0][0], (0.1, 0.5), strict=True):
        expected = [0.5 * peak, peak, 0.5 * peak, 0]
        np.testing.assert_allclose(result.history["learning_rate"], expected, rtol=1e-6, atol=1e-8)
