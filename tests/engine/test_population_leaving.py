"""Callbacks that do what only `fit` can do, and such as keep state of their run on the model."""

import contextlib
import functools

import keras
import numpy as np
import pytest
from keras import layers, optimizers
from keras.callbacks import EarlyStopping
from keras.optimizers import schedules
from population_case import DATA, alone, job, jobs_of, tensorflow_only, together


def frozen(input_shape, num_classes):
    """Builds layers of equal size, the first of them frozen."""
    body = layers.Dense(6, "tanh", name="body", trainable=False)
    middle = layers.Dense(6, "tanh", name="middle")
    return keras.Sequential([keras.Input(input_shape), body, middle, layers.Dense(num_classes)])


class Unfreeze(keras.callbacks.Callback):
    """Frees a layer in a way that its code does not tell."""

    def __init__(self, epoch, where):
        super().__init__()
        self.epoch, self.where = epoch, where

    def free(self):
        if self.where != "never":
            setattr(self.model.get_layer("body"), "train" + "able", True)

    def on_train_begin(self, logs=None):
        if self.where == "on_train_begin":
            self.free()

    def on_epoch_begin(self, epoch, logs=None):
        if self.where == "on_epoch_begin" and epoch == self.epoch:
            self.free()

    def on_epoch_end(self, epoch, logs=None):
        if self.where == "on_epoch_end" and epoch == self.epoch:
            self.free()

    def on_train_end(self, logs=None):
        if self.where == "on_train_end":
            self.free()


WHERE = ("on_train_begin", "on_epoch_begin", "on_epoch_end", "on_train_end")


FROZEN = {"rate": 0.5, "build_model": frozen, "epochs": 3}


def idle():
    return [Unfreeze(1, "never")]


@functools.cache
def without_leaving():
    """Trains the runs that stay, without one that leaves."""
    return together(*jobs_of((0, 1), variant="staying", callbacks=idle, **FROZEN))


@pytest.mark.slow
@tensorflow_only  # on JAX, Keras's fit cannot go on
@pytest.mark.parametrize(
    "where",
    [pytest.param(where, marks=pytest.mark.slow) for where in WHERE if where != "on_epoch_end"]
    + ["on_epoch_end"],
)
def test_a_run_whose_callback_frees_a_layer_is_trained_by_fit_from_its_start(where):
    def unfreezing():
        return [Unfreeze(1, where), EarlyStopping(patience=1, restore_best_weights=True)]

    leaving = jobs_of((1,), variant="leaving", callbacks=unfreezing, **FROZEN)
    staying = jobs_of((0, 1), variant="staying", callbacks=idle, **FROZEN)
    results = together(*leaving, *staying)
    for item in leaving:
        result = results[item.run]
        assert result.engine == "fit (a callback sets trainable of body)"
        expected = alone(item)
        assert result.history == expected.history
        assert result.final == expected.final
    undisturbed = without_leaving()
    for item in staying:
        assert results[item.run].engine.startswith("population")
        assert results[item.run].history == undisturbed[item.run].history


class Swallows(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        with contextlib.suppress(AttributeError):
            getattr(self.model, "com" + "pile")("sgd")


@pytest.mark.slow
def test_that_the_error_is_swallowed_changes_nothing(fit_uncompiled):
    class Halves(Swallows):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 0 and type(self.model).__name__ == "RunModel":
                super().on_epoch_end(epoch, logs)

    (item,) = jobs_of((0,), callbacks=lambda: [Halves()])
    result = together(item)[item.run]
    assert result.engine == "fit (a callback calls model.compile)"
    assert result.history == alone(item).history


@pytest.mark.slow
@tensorflow_only
def test_what_code_tells_needs_no_epoch_in_a_population():
    class Sets(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.layers[0].trainable = epoch > 0

    (item,) = jobs_of((0,), build_model=frozen, callbacks=lambda: [Sets()])
    assert together(item)[item.run].engine == "fit (Sets sets trainable)"


class Patience(keras.callbacks.Callback):
    """Keeps on the model how many epochs are left."""

    def on_epoch_end(self, epoch, logs=None):
        self.model.left = getattr(self.model, "left", 3) - 1
        if self.model.left == 0:
            self.model.stop_training = True


@pytest.mark.slow
def test_state_on_the_model_is_the_runs_own():
    items = jobs_of(range(3), epochs=6, callbacks=lambda: [Patience()])
    for result in together(*items).values():
        assert result.engine.startswith("population")
        assert result.epochs == 3


class Keeps(keras.callbacks.Callback):
    """Keeps the layers when training begins, and prunes one of them after each epoch."""

    def on_train_begin(self, logs=None):
        self.kept = [layer for layer in self.model.layers if layer.weights]

    def on_epoch_end(self, epoch, logs=None):
        kernel, bias = self.kept[0].get_weights()
        self.kept[0].set_weights([np.where(np.abs(kernel) < 0.2, 0, kernel), bias])


@pytest.mark.slow
def test_layers_that_a_callback_has_kept_are_the_runs_own(fit_uncompiled):
    items = jobs_of((0, 4), callbacks=lambda: [Keeps()])
    results = together(*items)
    plain = together(*jobs_of((0, 4), variant="plain"))
    for item, other in zip(items, plain.values(), strict=True):
        result = results[item.run]
        assert result.engine.startswith("population")
        np.testing.assert_allclose(result.history["loss"], alone(item).history["loss"], rtol=1e-5)
        assert result.history["loss"] != other.history["loss"]


class Reads(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.records = []
        self.record(-1)

    def on_epoch_end(self, epoch, logs=None):
        self.record(epoch)

    def record(self, epoch):
        rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        before = len(self.model.history.history.get("loss", []))
        self.records.append({"epoch": epoch, "rate": rate, "epochs before": before})


@pytest.mark.slow
def test_the_rate_of_a_schedule_and_the_history_are_those_of_fit(fit_uncompiled):
    def halving(rate, steps, epochs):
        return schedules.ExponentialDecay(rate, steps, 0.5)

    (item,) = jobs_of((0,), epochs=3, schedule=halving, callbacks=lambda: [Reads()])
    result = together(item)[item.run]
    rates = [record["rate"] for record in result.records]
    np.testing.assert_allclose(rates, [0.1, 0.05, 0.025, 0.0125], rtol=1e-6)
    assert [record["epochs before"] for record in result.records] == [0, 0, 1, 2]
    for ours, theirs in zip(result.records, alone(item).records, strict=True):
        assert ours["epoch"] == theirs["epoch"]
        assert ours["epochs before"] == theirs["epochs before"]
        assert ours["rate"] == pytest.approx(theirs["rate"], rel=1e-6)


@pytest.mark.slow
def test_models_saved_by_callbacks_are_their_runs_own(tmp_path, fit_uncompiled):
    class Saves(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.number = epoch
            path = tmp_path / f"{np.abs(self.model.get_weights()[0]).sum():.6f}.keras"
            keras.saving.save_model(self.model, path)
            self.records = [{"path": path, "val_loss": logs["val_loss"]}]

    items = jobs_of((0, 1), optimizer=optimizers.Adam, epochs=2, callbacks=lambda: [Saves()])
    for result in together(*items).values():
        assert result.engine.startswith("population")
        (record,) = result.records
        model = keras.models.load_model(record["path"])
        loss = model.evaluate(DATA.x_validation, DATA.y_validation, verbose=0)[0]
        assert loss == pytest.approx(record["val_loss"], rel=1e-5)
        assert int(model.optimizer.iterations) == 2 * 5
        assert float(model.optimizer.learning_rate) == pytest.approx(0.1)


def test_a_callback_without_change_keeps_the_population():
    item = job(callbacks=lambda: [Reads()])
    assert together(item)[item.run].engine.startswith("population")
