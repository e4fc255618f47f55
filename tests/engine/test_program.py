"""What is compiled: the learning rate's schedule as numbers of every step."""

from dataclasses import replace

import keras
import numpy as np
from keras.optimizers import schedules
from population_case import DATA, ROUNDING, STEPS, job, linear

from experiments.optimizers.schedule import EXPERIMENT as SCHEDULES
from zoo.engine.groups import groups
from zoo.engine.program import Program
from zoo.runs.plan import optimizer_of


def test_a_trace_is_the_schedule_at_every_step():
    item = job(build_model=linear)
    (group,) = groups([item], DATA)
    program = Program(item, group.model, group.optimizer, DATA)
    epochs, traced = 8, 0
    for schedule in SCHEDULES.variants.values():
        recipe = replace(item.recipe, schedule=schedule, epochs=epochs)
        rate = optimizer_of(recipe, 0.3, STEPS)[0]._learning_rate
        if not isinstance(rate, schedules.LearningRateSchedule):
            continue
        steps = STEPS * epochs + 1
        expected = [float(keras.ops.convert_to_numpy(rate(step))) for step in range(steps)]
        trace = program.trace(rate, steps)
        assert trace.shape == (steps,)
        np.testing.assert_allclose(trace, expected, rtol=1e-6, atol=ROUNDING * 0.3)
        assert len(set(expected)) > 1
        traced += 1
    assert traced == 7
