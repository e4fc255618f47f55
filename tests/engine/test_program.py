"""What is compiled: steps, once in a process, and a schedule as numbers of every step."""

from collections import OrderedDict
from dataclasses import replace

import keras
import numpy as np
import pytest
from keras.optimizers import schedules
from population_case import DATA, ROUNDING, STEPS, job, linear

from experiments.optimizers.schedule import EXPERIMENT as SCHEDULES
from zoo.engine import population, steps
from zoo.engine.groups import groups
from zoo.engine.program import Program
from zoo.runs.plan import optimizer_of
from zoo.runs.run import Silent


def test_a_trace_is_the_schedule_at_every_step():
    item = job(build_model=linear)
    (group,) = groups([item], DATA)
    program = Program(group, DATA)
    epochs, traced = 8, 0
    for schedule in SCHEDULES.variants.values():
        recipe = replace(item.recipe, schedule=schedule, epochs=epochs)
        rate = optimizer_of(recipe, 0.3, STEPS)[0]._learning_rate
        if not isinstance(rate, schedules.LearningRateSchedule):
            continue
        number = STEPS * epochs + 1
        expected = [float(keras.ops.convert_to_numpy(rate(step))) for step in range(number)]
        trace = program.trace(rate, number)
        assert trace.shape == (number,)
        np.testing.assert_allclose(trace, expected, rtol=1e-6, atol=ROUNDING * 0.3)
        assert len(set(expected)) > 1
        traced += 1
    assert traced == 7


def factor_network(factor):
    """Returns a builder whose layer has code of its own, with one number in it."""

    @keras.saving.register_keras_serializable(package=f"steps{factor}")
    class Times(keras.layers.Layer):
        def call(self, inputs):
            return factor * inputs

    def build(input_shape, num_classes):
        stack = [keras.Input(input_shape), keras.layers.Flatten(), Times()]
        return keras.Sequential([*stack, keras.layers.Dense(num_classes)])

    return build


def losses(build, **changes):
    (result,) = population.train([job(build_model=build, **changes)], DATA, Silent())
    return result.history["loss"]


def test_what_a_process_has_compiled_is_not_compiled_again_and_gives_the_same(monkeypatch):
    monkeypatch.setattr(steps, "_known", OrderedDict())
    first = losses(linear)
    (made,) = steps._known.values()
    assert losses(linear) == first
    assert [*steps._known.values()] == [made]
    assert made.epoch.experimental_get_tracing_count() == 1
    monkeypatch.setattr(steps, "_known", OrderedDict())
    assert losses(linear) == first


def test_another_number_in_the_users_code_is_another_program(monkeypatch):
    monkeypatch.setattr(steps, "_known", OrderedDict())
    one, two = (losses(factor_network(factor)) for factor in (1.0, 2.0))
    assert len(steps._known) == 2
    assert one != two


def of_probabilities():
    return keras.losses.SparseCategoricalCrossentropy(from_logits=False)


@pytest.mark.parametrize("changes", [{"batch_size": 8}, {"loss": of_probabilities}])
def test_another_loss_or_batch_size_is_another_program(monkeypatch, changes):
    monkeypatch.setattr(steps, "_known", OrderedDict())
    losses(linear)
    losses(linear, **changes)
    assert len(steps._known) == 2


def test_the_oldest_is_forgotten_and_what_is_large_not_kept(monkeypatch):
    monkeypatch.setattr(steps, "_known", OrderedDict())
    monkeypatch.setattr(steps, "MOST", 1)
    losses(linear)
    (made,) = steps._known.values()
    losses(linear, batch_size=8)
    assert len(steps._known) == 1
    assert made not in steps._known.values()
    monkeypatch.setattr(steps, "LARGEST", 0)
    losses(linear)
    assert made not in steps._known.values()
