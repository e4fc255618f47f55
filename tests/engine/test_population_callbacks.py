"""What a callback sees and changes in a population: its own run."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from keras.optimizers import schedules
from population_case import (
    DATA,
    STEPS,
    Notes,
    alone,
    assert_identical,
    assert_same_as_fit,
    job,
    jobs_of,
    linear,
    noisy,
    share_right,
    together,
)

from callbacks import NewBob
from zoo.engine.groups import groups
from zoo.engine.program import Program
from zoo.engine.together import Population
from zoo.runs.run import Job, Silent


@pytest.mark.slow
def test_divergence_equals_fit_and_callbacks_hear_of_the_end():
    heard = []

    class Listener(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            heard.append((epoch, self.model.stop_training))

        def on_train_end(self, logs=None):
            heard.append("end")

    item = job(rate=1e38, epochs=4, callbacks=lambda: [Listener()])
    result = together(item)[item.run]
    in_population, heard = heard, []
    expected = alone(item)
    assert (result.status, result.epochs) == (expected.status, expected.epochs)
    assert result.status == "diverged"
    assert result.rights == expected.rights
    assert share_right(result) == pytest.approx(result.final["test_accuracy"], abs=1e-12)
    assert in_population == [
        *((epoch, False) for epoch in range(result.epochs - 1)),
        (result.epochs - 1, True),
        "end",
    ]


class Meddler(keras.callbacks.Callback):
    """Reads everything; after the first epoch halves weights and rate; stops after the third."""

    def __init__(self, meddle):
        super().__init__()
        self.meddle = meddle
        self.seen = []

    def on_train_begin(self, logs=None):
        self.seen.append(("begin", self.params["epochs"], self.model.get_weights()))

    def on_epoch_begin(self, epoch, logs=None):
        rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        self.seen.append(("rate", epoch, rate))

    def on_epoch_end(self, epoch, logs=None):
        iterations = int(keras.ops.convert_to_numpy(self.model.optimizer.iterations))
        self.seen.append(("steps", epoch, iterations))
        self.seen.append(("weights", epoch, self.model.get_weights()))
        self.seen.append(("logs", epoch, dict(logs)))
        if self.meddle and epoch == 0:
            self.model.set_weights([weight * 0.5 for weight in self.model.get_weights()])
            self.model.optimizer.learning_rate = 0.05
        if self.meddle and epoch == 2:
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        self.seen.append(("end", None, self.model.get_weights()))


@pytest.mark.slow
def test_callbacks_see_and_change_their_own_run_only():
    made = []

    def fresh(meddle):
        def make():
            made.append(Meddler(meddle))
            return [made[-1]]

        return make

    shared = {"epochs": 4, "build_model": noisy}
    items = jobs_of(range(4), **shared)
    expected = together(*items)
    meddled = Job(replace(items[0].recipe, callbacks=fresh(True)), items[1].run)
    watched = Job(replace(items[0].recipe, callbacks=fresh(False)), items[2].run)
    results = together(items[0], meddled, watched, *items[3:])
    for item in items:
        if item is not items[1]:
            assert_identical(results[item.run], expected[item.run])
    assert results[meddled.run].epochs == 3
    assert results[meddled.run].history["loss"][0] == expected[meddled.run].history["loss"][0]
    assert results[meddled.run].history["loss"][1] != expected[meddled.run].history["loss"][1]

    def used():
        return [callback for callback in made if callback.seen]

    assert len(used()) == 2  # each run its own instance
    first = {callback.meddle: callback.seen for callback in used()}
    for item in (meddled, watched):
        made.clear()
        assert_same_as_fit(results[item.run], item)
        (callback,) = used()
        assert_same_events(first[callback.meddle], callback.seen)


def assert_same_events(ours, theirs):
    assert [event[:2] for event in ours] == [event[:2] for event in theirs]
    for (kind, _, value), (_, _, expected) in zip(ours, theirs, strict=True):
        if kind in ("begin", "weights", "end"):
            for array, other in zip(value, expected, strict=True):
                np.testing.assert_allclose(array, other, rtol=1e-4, atol=1e-6)
        elif kind == "logs":
            assert sorted(value) == sorted(expected)
            for name, number in value.items():
                assert number == pytest.approx(expected[name], rel=1e-5)
        else:
            assert value == expected
    assert [value for kind, _, value in ours if kind == "steps"] == [
        STEPS * (epoch + 1) for kind, epoch, _ in ours if kind == "steps"
    ]


def test_the_view_writes_to_the_device_only_what_a_callback_has_changed(monkeypatch):
    (group,) = groups(jobs_of((0, 1), callbacks=lambda: [keras.callbacks.Callback()]), DATA)
    program = Program(group, DATA)
    seated = Population(program, group, DATA, Silent())
    copies = []
    set_state = seated._set_state
    monkeypatch.setattr(seated, "_set_state", lambda arrays: (copies.append(1), set_state(arrays)))
    loan, other = (slot.loan for slot in seated.slots)
    view, neighbour = loan.model, other.model
    before = [array.copy() for array in seated._arrays()]
    weights = view.get_weights()
    loan.release()
    assert copies == []
    view.set_weights([weights[0] + 1, *weights[1:]])
    loan.release()
    assert copies == [1]
    for index, (array, old) in enumerate(zip(seated._arrays(), before, strict=True)):
        np.testing.assert_array_equal(array[1:], old[1:])
        if index:
            np.testing.assert_array_equal(array[0], old[0])
    np.testing.assert_array_equal(seated._arrays()[0][0], before[0][0] + 1)
    np.testing.assert_array_equal(neighbour.get_weights()[0], before[0][1])


@pytest.mark.parametrize("hook", ["on_train_begin", "on_epoch_begin", "on_epoch_end"])
def test_an_exception_of_a_callback_reaches_the_caller(hook):
    def fail(*_, **__):
        raise LookupError("no such thing")

    Broken = type("Broken", (keras.callbacks.Callback,), {hook: fail})
    with pytest.raises(LookupError, match="no such thing"):
        together(job(build_model=linear, callbacks=lambda: [Broken()]))


def test_a_callback_that_refuses_a_schedule_is_heard():
    cosine = {"schedule": lambda rate, steps, epochs: schedules.CosineDecay(rate, steps)}
    with pytest.raises(ValueError, match="NewBob sets the learning rate"):
        together(job(build_model=linear, callbacks=lambda: [NewBob()], **cosine))


@pytest.mark.slow
def test_a_callback_below_epochs_goes_to_fit_with_the_reason():
    batches = []

    class Counter(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            batches.append(batch)

    item = job(build_model=linear, callbacks=lambda: [Counter()])
    notes = Notes()
    result = together(item, progress=notes)[item.run]
    reason = "Counter.on_train_batch_end works below epochs"
    assert result.engine == f"fit ({reason})"
    assert batches == [*range(STEPS)] * 2
    assert notes.texts == [f"a: 1 runs: fit, {reason}"]
