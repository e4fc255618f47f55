import keras
import numpy as np
import pytest
from callback_case import assert_same_runs, fit_alone, fit_in_both_engines
from keras.optimizers import schedules

from callbacks import OneCycle


def rates(schedule, steps):
    return [float(schedule(step)) for step in steps]


@pytest.mark.parametrize("final_share", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("total_steps", [2, 10, 1000])
def test_closed_form(total_steps, final_share):
    schedule = OneCycle(2.0, total_steps, 4.0, 8.0, final_share)
    # Straight lines between the four corners, and constant after the last.
    cycle = total_steps * (1 - final_share)
    corners = {0: 0.5, cycle / 2: 2.0, cycle: 0.5}
    if final_share:
        corners[total_steps] = 0.0625
    steps = np.unique(np.linspace(0, 1.3 * total_steps, 40).astype(int))
    expected = np.interp(steps, list(corners), list(corners.values()))
    np.testing.assert_allclose(rates(schedule, steps), expected, rtol=1e-4)


def test_corners():
    schedule = OneCycle(1.0, 100, start_factor=4.0, final_factor=2.0, final_share=0.2)
    found = rates(schedule, [0, 20, 40, 60, 80, 90, 100, 500])
    np.testing.assert_allclose(found, [0.25, 0.625, 1, 0.625, 0.25, 0.1875, 0.125, 0.125])


def test_a_saved_schedule_is_the_same():
    arguments = {
        "max_learning_rate": 1.0,
        "total_steps": 20,
        "start_factor": 5.0,
        "final_factor": 50.0,
        "final_share": 0.2,
        "name": "cycle",
    }
    schedule = OneCycle(**arguments)
    copy = schedules.deserialize(schedules.serialize(schedule))
    assert copy.get_config() == schedule.get_config() == arguments
    assert {name: getattr(schedule, name) for name in arguments} == arguments
    assert rates(copy, range(25)) == rates(schedule, range(25))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"max_learning_rate": 0}, "`max_learning_rate` must be .* Received: max_learning_rate=0"),
        ({"total_steps": 1}, "`total_steps` must be .*at least 2. Received: total_steps=1"),
        ({"total_steps": 5.0}, "Received: total_steps=5.0"),
        ({"start_factor": 1}, "`start_factor` must be a number above 1. Received: start_factor=1"),
        ({"final_factor": 0.5}, "Received: final_factor=0.5"),
        ({"final_share": 1}, "`final_share` must be .*below 1. Received: final_share=1"),
        ({"final_share": -0.1}, "Received: final_share=-0.1"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        OneCycle(**{"max_learning_rate": 1.0, "total_steps": 10, **arguments})


class Rates(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.seen = []

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append(float(self.model.optimizer.learning_rate))


@pytest.mark.slow
def test_real_fits_follow_the_schedule():
    schedule, record = OneCycle(0.5, 9, start_factor=2.0, final_share=1 / 3), Rates()
    for _ in range(2):  # an epoch has 3 steps
        fit_alone([record], optimizer=keras.optimizers.SGD(schedule))
        np.testing.assert_allclose(record.seen, [0.5, 0.25, 0.0025], rtol=1e-4)


@pytest.mark.slow
def test_population_equals_alone():
    both = fit_in_both_engines(
        None,
        lambda rate: keras.optimizers.SGD(OneCycle(rate, 12, 2.0, 100.0, 0.5)),
        rates=(0.1, 0.5),
        seeds=(0,),
    )
    assert_same_runs(both)
    for result, peak in zip(both[0][0], (0.1, 0.5), strict=True):
        expected = [peak, 0.5 * peak, 0.2525 * peak, 0.005 * peak]
        np.testing.assert_allclose(result.history["learning_rate"], expected, rtol=1e-4)
