import copy

import keras
import numpy as np
import pytest
from keras import layers, optimizers
from keras.optimizers import schedules

from zoo.engine.run_model import Loan, NeedsFit


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


def lend(host, fill, rate=0.5):
    place = Place(host, fill)
    return Loan(host, rate, place.read, place.write), place


# The model


def test_stop_training_is_the_runs_own_and_moves_no_weights(host):
    loan, place = lend(host, 1.0)
    view = loan.model
    host.stop_training = False
    assert view.stop_training is False
    view.stop_training = True
    assert view.stop_training is True
    assert host.stop_training is False
    loan.release()
    assert (place.reads, place.writes) == (0, 0)


def test_the_runs_weights_are_in_the_host_at_the_first_question_and_only_then(host):
    loan, place = lend(host, 2.0)
    view = loan.model
    for weight in view.get_weights():
        np.testing.assert_array_equal(weight, np.full(weight.shape, 2.0))
    assert [layer.units for layer in view.layers] == [3]
    assert place.reads == 1
    # x = (1, 1): 2 + 2 and the bias of 2
    np.testing.assert_array_equal(view(np.ones((1, 2), "float32")), [[6.0, 6.0, 6.0]])
    loan.release()
    assert (place.reads, place.writes) == (1, 1)
    view.get_weights()
    assert place.reads == 2
    loan.release()


def test_release_gives_back_what_the_hook_has_set_and_leaves_the_rest(host):
    loan, place = lend(host, 2.0)
    view = loan.model
    before = [value.copy() for value in place.values]
    view.layers[0].bias.assign([7.0, 8.0, 9.0])
    loan.release()
    np.testing.assert_array_equal(place.values[1], [7.0, 8.0, 9.0])
    for index, (value, old) in enumerate(zip(place.values, before, strict=True)):
        if index != 1:
            np.testing.assert_array_equal(value, old)
            assert value.dtype == old.dtype
    loan.release()
    assert place.writes == 1  # nothing was asked since


def test_two_runs_of_one_host_do_not_mix(host):
    first_loan, place_first = lend(host, 1.0)
    first = first_loan.model
    second_loan, place_second = lend(host, 2.0)
    second = second_loan.model
    first.set_weights([np.full((2, 3), 5.0), np.full(3, 6.0)])
    first_loan.release()
    np.testing.assert_array_equal(second.get_weights()[0], np.full((2, 3), 2.0))
    second_loan.release()
    np.testing.assert_array_equal(first.get_weights()[0], np.full((2, 3), 5.0))
    np.testing.assert_array_equal(first.get_weights()[1], np.full(3, 6.0))
    first_loan.release()
    np.testing.assert_array_equal(place_first.values[0], np.full((2, 3), 5.0))
    np.testing.assert_array_equal(place_second.values[0], np.full((2, 3), 2.0))


def test_new_attributes_are_the_runs_own_and_unknown_names_fail_as_on_a_model(host):
    loan, _ = lend(host, 1.0)
    view = loan.model
    other_loan, _ = lend(host, 2.0)
    view.note = "kept"
    view.optimizer.remark = "kept"
    assert (view.note, view.optimizer.remark) == ("kept", "kept")
    for one in (host, other_loan.model):  # the run's own
        assert not hasattr(one, "note")
        assert not hasattr(one.optimizer, "remark")
    del view.note
    assert not hasattr(view, "note")
    with pytest.raises(AttributeError, match="only the learning rate can be set"):
        view.optimizer.momentum = 0.5
    assert host.optimizer.momentum == 0.9
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = view.no_such_name
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = view.optimizer.no_such_name
    loan.release()


def test_a_callback_takes_the_view_for_a_model(host):
    loan, _ = lend(host, 3.0)
    view = loan.model
    callback = keras.callbacks.Callback()
    callback.set_model(view)
    assert callback.model is view
    view.jax_state_sync()
    assert callback.model.count_params() == 2 * 3 + 3
    loan.release()


# The optimizer


@pytest.mark.parametrize("value", [0.25, np.float64(0.25), np.array(0.25), keras.Variable(0.25)])
def test_learning_rate_is_a_number_of_the_runs_own(host, value):
    loan, place = lend(host, 1.0, np.float32(0.5))
    view = loan.model
    other_loan, _ = lend(host, 1.0, np.float32(0.125))
    other = other_loan.model
    assert view.optimizer.learning_rate == 0.5
    view.optimizer.learning_rate = value
    assert view.optimizer.learning_rate == 0.25
    assert float(keras.ops.convert_to_numpy(view.optimizer.learning_rate)) == 0.25
    assert other.optimizer.learning_rate == 0.125
    assert place.reads == 0


def test_the_learning_rate_of_a_schedule_is_the_last_steps_and_cannot_be_set(host):
    schedule = schedules.CosineDecay(0.5, 10)
    loan, _ = lend(host, 1.0, schedule)
    view = loan.model
    view.optimizer.reached(0.375)
    assert view.optimizer.learning_rate == 0.375
    assert keras.ops.convert_to_numpy(view.optimizer.learning_rate) == 0.375
    if keras.backend.backend() == "tensorflow":
        assert view.optimizer.learning_rate.numpy() == 0.375
    rate = view.optimizer.get_config()["learning_rate"]
    assert rate["class_name"] == "CosineDecay"
    with pytest.raises(TypeError, match="made with a LearningRateSchedule"):
        view.optimizer.learning_rate = 0.1
    assert view.optimizer._learning_rate is schedule  # by which NewBob tells


def test_a_schedule_cannot_take_the_place_of_a_number(host):
    loan, _ = lend(host, 1.0)
    view = loan.model
    with pytest.raises(NeedsFit, match="sets the learning rate to a schedule"):
        view.optimizer.learning_rate = schedules.CosineDecay(0.5, 10)
    assert loan.reason


def test_state_of_the_optimizer_is_the_runs_own(host):
    loan, place = lend(host, 4.0)
    view = loan.model
    other_loan, _ = lend(host, 9.0)
    other = other_loan.model
    assert int(view.optimizer.iterations) == 4
    view.optimizer.iterations.assign(6)
    loan.release()
    assert int(other.optimizer.iterations) == 9
    other_loan.release()
    assert int(view.optimizer.iterations) == 6
    loan.release()
    changed = [index for index, value in enumerate(place.values) if not np.all(value == 4.0)]
    names = [variable.name for variable in (*host.variables, *host.optimizer.variables)]
    assert [names[index] for index in changed] == ["iteration"]


# It passes for a model


def test_it_is_a_model_to_python_and_to_keras(host, tmp_path):
    loan, _ = lend(host, 3.0)
    view = loan.model
    assert isinstance(view, keras.Model)
    assert isinstance(view, keras.Sequential)
    assert not isinstance(view, keras.layers.Dense)
    assert isinstance(view.optimizer, keras.optimizers.SGD)
    assert "layers" in dir(view)
    clone = keras.models.clone_model(view)
    assert clone.count_params() == 2 * 3 + 3
    inner = keras.Model(view.inputs, view.layers[-1].output)
    # x = (1, 1): 3 + 3 and the bias of 3
    np.testing.assert_array_equal(inner.predict(np.ones((1, 2)), verbose=0), [[9.0] * 3])
    for save in (keras.saving.save_model, lambda model, path: model.save(path)):
        path = tmp_path / "model.keras"
        save(view, path)
        loaded = keras.models.load_model(path)
        np.testing.assert_array_equal(loaded.get_weights()[0], np.full((2, 3), 3.0))
        assert float(loaded.optimizer.learning_rate) == 0.5
        assert int(loaded.optimizer.iterations) == 3
    loan.release()


def test_a_copy_is_a_model_with_the_runs_values_that_stays(host):
    loan, _ = lend(host, 3.0)
    copied = copy.deepcopy(loan.model)
    loan.release()
    other_loan, _ = lend(host, 4.0)
    other_loan.load()
    np.testing.assert_array_equal(copied.get_weights()[1], np.full(3, 3.0))
    assert type(copied) is keras.Sequential
    other_loan.release()


def test_the_configuration_of_the_optimizer_is_the_runs_own(host):
    loan, _ = lend(host, 1.0, np.float32(0.25))
    config = loan.optimizer.get_config()
    assert config == {**host.optimizer.get_config(), "learning_rate": 0.25}


def test_history_is_the_runs_own(host):
    loan, _ = lend(host, 1.0)
    assert loan.model.history.epoch == []
    loan.history.on_epoch_end(0, {"loss": 2.0})
    loan.history.on_epoch_end(1, {"loss": 1.0})
    assert loan.model.history.history == {"loss": [2.0, 1.0]}
    assert not hasattr(host, "history")
    loan.release()


# What it cannot carry


DEEDS = {
    "compile": (lambda model: model.compile("sgd", "mse"), "calls model.compile"),
    "fit": (lambda model: model.fit(np.ones((1, 2)), np.ones((1, 3))), "calls model.fit"),
    "pop": (lambda model: model.pop(), "calls model.pop"),
    "optimizer": (lambda model: setattr(model, "optimizer", 1), "sets model.optimizer"),
    "trainable": (lambda model: setattr(model, "trainable", False), "sets model.trainable"),
    "a layer": (lambda model: setattr(model, "head", layers.Dense(1)), "sets model.head"),
    "momentum": (lambda model: setattr(model.optimizer, "momentum", 0.1), "optimizer.momentum"),
}


@pytest.mark.parametrize("name", DEEDS)
def test_what_runs_share_is_refused_with_the_reason(host, name):
    deed, said = DEEDS[name]
    loan, place = lend(host, 2.0)
    before = host.get_config()
    with pytest.raises(NeedsFit, match=said):
        deed(loan.model)
    assert said in loan.reason
    loan.release()
    assert host.get_config() == before
    assert place.writes <= 1


def test_a_layer_that_is_frozen_or_freed_is_put_back_and_told(host):
    loan, place = lend(host, 2.0)
    loan.model.layers[0].trainable = False
    loan.model.layers[0].bias.assign([7.0, 8.0, 9.0])
    loan.release()
    assert loan.reason == f"a callback sets trainable of {host.layers[0].name}"
    assert host.layers[0].trainable
    assert len(host.trainable_variables) == 2
    # The values are where they were before the order of the host's variables changed.
    np.testing.assert_array_equal(place.values[1], [7.0, 8.0, 9.0])


def test_callbacks_that_keep_a_layer_see_the_runs_values_in_it(host):
    class Keeper(keras.callbacks.Callback):
        def __init__(self, kept):
            super().__init__()
            self.kept = kept

    layer = host.layers[0]
    for kept in (layer, layer.kernel, [layer], {"a": layer.bias}):
        loan, _ = lend(host, 5.0)
        layer.kernel.assign(np.zeros((2, 3)))
        loan.keep([Keeper(kept)])
        np.testing.assert_array_equal(layer.get_weights()[0], np.full((2, 3), 5.0))
        loan.release()
    loan, place = lend(host, 6.0)
    loan.keep([Keeper("a word"), Keeper(None), Keeper([1, 2])])
    assert place.reads == 0
