import inspect

import keras
import numpy as np
import pytest
from keras import layers, optimizers
from keras.optimizers import schedules

import callbacks
from zoo.engine.run_model import BATCH_HOOKS, RunModel, hook_below_epochs

# TensorFlow's variables do not know NumPy 2's `copy` yet.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def host():
    """Returns a compiled model with 2 * 3 + 3 weights and an optimizer with momenta."""
    model = keras.Sequential([keras.Input((2,)), layers.Dense(3)])
    model.compile(optimizers.SGD(1.0, momentum=0.9), "mse", jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    return model


class Place:
    """The state of one run, and how often it was read and written."""

    def __init__(self, host, fill):
        self.values = [
            np.full(variable.shape, fill, variable.dtype)
            for variable in (*host.variables, *host.optimizer.variables)
        ]
        self.reads = self.writes = 0

    def read(self):
        self.reads += 1
        return self.values

    def write(self, values):
        self.writes += 1
        self.values[: len(values)] = [np.array(value) for value in values]


def make(host, fill, rate=0.5):
    place = Place(host, fill)
    return RunModel(host, rate, place.read, place.write), place


# The model


def test_stop_training_is_the_runs_own_and_moves_no_weights(host):
    view, place = make(host, 1.0)
    host.stop_training = False
    assert view.stop_training is False
    view.stop_training = True
    assert view.stop_training is True
    assert host.stop_training is False
    view.release()
    assert (place.reads, place.writes) == (0, 0)


def test_the_runs_weights_are_in_the_host_at_the_first_question_and_only_then(host):
    view, place = make(host, 2.0)
    for weight in view.get_weights():
        np.testing.assert_array_equal(weight, np.full(weight.shape, 2.0))
    assert [layer.units for layer in view.layers] == [3]
    assert place.reads == 1
    # x = (1, 1): 2 + 2 and the bias of 2
    np.testing.assert_array_equal(view(np.ones((1, 2), "float32")), [[6.0, 6.0, 6.0]])
    view.release()
    assert (place.reads, place.writes) == (1, 1)
    view.get_weights()
    assert place.reads == 2
    view.release()


def test_release_gives_back_what_the_hook_has_set_and_leaves_the_rest(host):
    view, place = make(host, 2.0)
    before = [value.copy() for value in place.values]
    view.layers[0].bias.assign([7.0, 8.0, 9.0])
    view.release()
    np.testing.assert_array_equal(place.values[1], [7.0, 8.0, 9.0])
    for index, (value, old) in enumerate(zip(place.values, before, strict=True)):
        if index != 1:
            np.testing.assert_array_equal(value, old)
            assert value.dtype == old.dtype
    view.release()
    assert place.writes == 1  # nothing was asked since


def test_two_runs_of_one_host_do_not_mix(host):
    first, place_first = make(host, 1.0)
    second, place_second = make(host, 2.0)
    first.set_weights([np.full((2, 3), 5.0), np.full(3, 6.0)])
    first.release()
    np.testing.assert_array_equal(second.get_weights()[0], np.full((2, 3), 2.0))
    second.release()
    np.testing.assert_array_equal(first.get_weights()[0], np.full((2, 3), 5.0))
    np.testing.assert_array_equal(first.get_weights()[1], np.full(3, 6.0))
    first.release()
    np.testing.assert_array_equal(place_first.values[0], np.full((2, 3), 5.0))
    np.testing.assert_array_equal(place_second.values[0], np.full((2, 3), 2.0))


def test_unknown_attributes_reach_the_host_and_unknown_names_fail_as_on_a_model(host):
    view, _ = make(host, 1.0)
    view.note = "kept"
    assert host.note == "kept"
    view.optimizer.remark = "kept"
    assert host.optimizer.remark == "kept"
    with pytest.raises(AttributeError, match="only the learning rate can be set"):
        view.optimizer.momentum = 0.5
    assert host.optimizer.momentum == 0.9
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = view.no_such_name
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = view.optimizer.no_such_name
    view.release()


def test_a_callback_takes_the_view_for_a_model(host):
    view, _ = make(host, 3.0)
    callback = keras.callbacks.Callback()
    callback.set_model(view)
    assert callback.model is view
    view.jax_state_sync()
    assert callback.model.count_params() == 2 * 3 + 3
    view.release()


# The optimizer


@pytest.mark.parametrize("value", [0.25, np.float64(0.25), np.array(0.25), keras.Variable(0.25)])
def test_learning_rate_is_a_number_of_the_runs_own(host, value):
    view, place = make(host, 1.0, np.float32(0.5))
    other, _ = make(host, 1.0, np.float32(0.125))
    assert view.optimizer.learning_rate == 0.5
    view.optimizer.learning_rate = value
    assert view.optimizer.learning_rate == 0.25
    assert float(keras.ops.convert_to_numpy(view.optimizer.learning_rate)) == 0.25
    assert other.optimizer.learning_rate == 0.125
    assert place.reads == 0


def test_the_learning_rate_of_a_schedule_is_the_last_steps_and_cannot_be_set(host):
    schedule = schedules.CosineDecay(0.5, 10)
    view, _ = make(host, 1.0, schedule)
    view.optimizer.__dict__["current"] = np.float32(0.375)
    assert view.optimizer.learning_rate == 0.375
    with pytest.raises(TypeError, match="made with a LearningRateSchedule"):
        view.optimizer.learning_rate = 0.1
    assert view.optimizer._learning_rate is schedule  # by which NewBob tells


def test_a_schedule_cannot_take_the_place_of_a_number(host):
    view, _ = make(host, 1.0)
    with pytest.raises(TypeError, match="takes numbers as learning rates"):
        view.optimizer.learning_rate = schedules.CosineDecay(0.5, 10)


def test_state_of_the_optimizer_is_the_runs_own(host):
    view, place = make(host, 4.0)
    other, _ = make(host, 9.0)
    assert int(view.optimizer.iterations) == 4
    view.optimizer.iterations.assign(6)
    view.release()
    assert int(other.optimizer.iterations) == 9
    other.release()
    assert int(view.optimizer.iterations) == 6
    view.release()
    changed = [index for index, value in enumerate(place.values) if not np.all(value == 4.0)]
    names = [variable.name for variable in (*host.variables, *host.optimizer.variables)]
    assert [names[index] for index in changed] == ["iteration"]


# Hooks


def test_batch_hooks_are_all_hooks_of_keras_except_those_of_epochs_and_training():
    hooks = {
        name
        for name, _ in inspect.getmembers(keras.callbacks.Callback, inspect.isfunction)
        if name.startswith("on_")
    }
    above = {f"on_{what}_{when}" for what in ("epoch", "train") for when in ("begin", "end")}
    assert set(BATCH_HOOKS) == hooks - above
    assert above < hooks


@pytest.mark.parametrize(
    "callback",
    [
        keras.callbacks.EarlyStopping(),
        keras.callbacks.ReduceLROnPlateau(),
        keras.callbacks.LearningRateScheduler(lambda epoch: 0.1),
        keras.callbacks.CSVLogger("unused.csv"),
        keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None),
        callbacks.NewBob(),
    ],
    ids=lambda callback: type(callback).__name__,
)
def test_callbacks_with_hooks_of_epochs_only(callback):
    assert hook_below_epochs(callback) == ""


class Old(keras.callbacks.Callback):
    def on_batch_end(self, batch, logs=None):
        pass


class Heir(Old):
    def on_epoch_end(self, epoch, logs=None):
        pass


class Evaluator(keras.callbacks.Callback):
    def on_test_begin(self, logs=None):
        pass


@pytest.mark.parametrize(
    ("callback", "hook"),
    [
        (Old(), "on_batch_end"),
        (Heir(), "on_batch_end"),
        (Evaluator(), "on_test_begin"),
        (
            keras.callbacks.LambdaCallback(on_train_batch_begin=lambda batch, logs: None),
            "on_train_batch_begin",
        ),
    ],
    ids=["alias", "inherited", "test", "lambda"],
)
def test_callbacks_with_a_hook_below_epochs(callback, hook):
    assert hook_below_epochs(callback) == hook
