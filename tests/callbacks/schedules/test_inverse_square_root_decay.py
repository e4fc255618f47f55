import keras
import numpy as np
import pytest

from callbacks import InverseSquareRootDecay

STEPS = [0, 1, 7, 100, 12_345]


def rates(schedule, steps=STEPS):
    return [float(schedule(step)) for step in steps]


@pytest.mark.parametrize(("initial", "decay"), [(0.1, 25), (3.0, 0.5), (1e-4, 1000.0)])
def test_closed_form(initial, decay):
    expected = [initial * (1 + step / decay) ** -0.5 for step in STEPS]
    np.testing.assert_allclose(rates(InverseSquareRootDecay(initial, decay)), expected, rtol=1e-6)


def test_rate_is_half_after_three_times_decay_steps():
    first, half = rates(InverseSquareRootDecay(0.2, 50), [0, 150])
    assert first == pytest.approx(0.2)
    assert half == pytest.approx(0.1)


@pytest.mark.parametrize("decay", [0, -1, -0.5])
def test_decay_steps_must_be_positive(decay):
    with pytest.raises(ValueError, match=f"above 0. Received: decay_steps={decay}"):
        InverseSquareRootDecay(0.1, decay)


def test_serialization_keeps_everything():
    schedule = InverseSquareRootDecay(0.1, 30, name="mine")
    again = keras.optimizers.schedules.deserialize(keras.optimizers.schedules.serialize(schedule))
    assert isinstance(again, InverseSquareRootDecay)
    assert again.get_config() == schedule.get_config()
    assert again.name == "mine"
    assert rates(again) == rates(schedule)


def test_saved_model_keeps_its_schedule(tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(InverseSquareRootDecay(0.1, 30)), "mse")
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.optimizer.get_config() == model.optimizer.get_config()


def test_optimizer_follows_it_step_by_step():
    # With gradient 1 each step of SGD moves the weight by the rate.
    optimizer = keras.optimizers.SGD(InverseSquareRootDecay(0.1, 2))
    weight = keras.Variable(0.0)
    optimizer.build([weight])
    for _ in range(4):
        optimizer.apply([keras.ops.ones(())])
    expected = -sum(0.1 / np.sqrt(1 + step / 2) for step in range(4))
    assert float(weight) == pytest.approx(expected, rel=1e-6)
