"""What a callback's code tells of it before it trains."""

import inspect
import re

import keras
import pytest

import callbacks
from zoo.engine.run_model import BATCH_HOOKS, change_of_training, hook_below_epochs

# What can be told beforehand


class Compiles(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.model.compile("sgd", "mse")


class Unfreezes(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        for layer in self.model.layers:
            layer.trainable = True


class Within(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        def change():
            self.model.optimizer = None

        change()


class Inherits(Unfreezes):
    pass


class Harmless(keras.callbacks.Callback):
    def __init__(self, trainable):
        super().__init__()
        self.trainable = trainable  # an attribute of its own

    def on_epoch_end(self, epoch, logs=None):
        re.compile("a").fit = None if logs else self.model.evaluate


def freeze(epoch, logs):
    SEEN[-1].trainable = False


SEEN = []


@pytest.mark.parametrize(
    ("callback", "change"),
    [
        (Compiles(), "calls model.compile"),
        (Unfreezes(), "sets trainable"),
        (Inherits(), "sets trainable"),
        (Within(), "sets optimizer"),
        (keras.callbacks.LambdaCallback(on_epoch_end=freeze), "sets trainable"),
        (Harmless(True), ""),
        (keras.callbacks.EarlyStopping(), ""),
        (keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None), ""),
    ],
)
def test_code_that_changes_how_a_model_trains(callback, change):
    assert change_of_training(callback) == change


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
