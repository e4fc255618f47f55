import dataclasses
import itertools
import math

import keras
import numpy as np
import pytest
from keras import layers, regularizers

from zoo.data import Data
from zoo.experiment import Experiment, Recipe
from zoo.runner.contract import training

CLASSES = 3


def part(examples):
    y = np.arange(examples) % CLASSES
    x = np.eye(CLASSES)[y] + 0.1 * np.random.default_rng(examples).normal(size=(examples, CLASSES))
    return x.astype(np.float32), y.astype(np.int32)


WHOLE = Data("toy", *part(300), *part(99), *part(90), CLASSES, tuple("abc"), "toy")
DATA = training.few(WHOLE)


def penalised(input_shape, num_classes, penalty=0.0):
    logits = layers.Dense(num_classes, kernel_regularizer=regularizers.L2(penalty))
    return keras.Sequential([keras.Input(input_shape), logits])


def planted(factor, variants, rates=(0.1,), **changes):
    given = {
        "build_model": penalised,
        "optimizer": keras.optimizers.SGD,
        "learning_rates": rates,
        "epochs": 2,
        "batch_size": 50,
    }
    recipe = Recipe(**given | changes)
    return Experiment(
        factor=factor, baseline=next(iter(variants)), variants=variants, recipe=recipe
    )


def trained(*arguments, **keywords):
    experiment = planted(*arguments, **keywords)
    return training.Trained(experiment, dict.fromkeys(experiment.variants, DATA))


# What is trained on, and how


def test_few_examples_are_taken_and_the_validation_is_wrong():
    sizes = len(DATA.x_train), len(DATA.x_validation), len(DATA.x_test)
    assert sizes == (training.EXAMPLES, training.HELD_OUT, training.HELD_OUT)
    np.testing.assert_array_equal(DATA.y_train, WHOLE.y_train[: training.EXAMPLES])
    np.testing.assert_array_equal(DATA.y_validation, (WHOLE.y_validation[:60] + 1) % CLASSES)


@pytest.mark.parametrize(("grid", "rate"), [((0.1,), 0.1), ((3, 1, 2), 2), ((1, 2), 2)])
def test_the_middle_of_a_grid(grid, rate):
    assert training.middle(grid) == rate


@pytest.mark.parametrize("weights", [None, np.arange(len(DATA.y_train)) % 3])
def test_training_equals_plain_fit(weights):
    data = dataclasses.replace(DATA, w_train=weights)
    history = training.train(planted("penalty", {"a": 0.1, "b": 0.2}).recipe_for("a"), data, 0.1)
    model = penalised((CLASSES,), CLASSES, 0.1)
    start = training.Start(planted("penalty", {"a": 0.1, "b": 0.2}).recipe_for("a"), DATA)
    model.set_weights(start.placed(0).get_weights())
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.1), loss, metrics=["accuracy"])
    kept = {}
    for epoch in range(training.EPOCHS):
        rows = training.epoch_order(len(DATA.x_train), 0, epoch)
        found = model.fit(
            DATA.x_train[rows],
            DATA.y_train[rows],
            batch_size=training.BATCH,
            shuffle=False,
            sample_weight=None if weights is None else weights[rows],
            validation_data=(DATA.x_validation, DATA.y_validation),
            verbose=0,
        ).history
        for name, values in found.items():
            kept.setdefault(name, []).extend(values)
    assert history.pop("learning_rate") == pytest.approx([0.1, 0.1])
    assert history.keys() == kept.keys()
    for name, values in kept.items():
        assert history[name] == pytest.approx(values, rel=1e-5)


def test_callbacks_hear_of_every_step_and_epoch_and_may_stop():
    heard = []

    class Listener(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            heard.append(("begin", self.params["epochs"], self.params["steps"]))

        def on_train_batch_end(self, batch, logs=None):
            heard.append(batch)

        def on_epoch_end(self, epoch, logs=None):
            heard.append(("epoch", epoch, sorted(logs)))
            self.model.stop_training = epoch == 1

        def on_train_end(self, logs=None):
            heard.append("end")

    experiment = planted("penalty", {"a": 0.1, "b": 0.2}, callbacks=lambda: [Listener()])
    history = training.train(experiment.recipe_for("a"), DATA, 0.1, epochs=5)
    steps = range(training.EXAMPLES // training.BATCH)
    names = ["accuracy", "loss", "val_accuracy", "val_loss"]
    assert heard == [
        ("begin", 5, len(steps)),
        *(*steps, ("epoch", 0, names)),
        *(*steps, ("epoch", 1, names)),
        "end",
    ]
    assert len(history["loss"]) == 2


def test_probes_are_asked_once():
    asked = []
    probes = {"one": lambda model, data: asked.append((model.count_params(), data.name)) or 1.0}
    found = trained("penalty", {"a": 0.1, "b": 0.2}, probes=probes)
    assert found.unrepeated() == []
    assert asked == [(CLASSES * CLASSES + CLASSES, "toy")] * 2


def test_batch_sizes_that_vary_keep_their_order():
    found = trained("batch_size", {"8": 8, "all": 1024, "64": 64})
    assert [found.batch_of(label) for label in ("8", "64", "all")] == [12, 25, training.BATCH]
    assert found.without_effect() == []
    assert trained("penalty", {"a": 0.1, "b": 0.2}).batch_of("a") == training.BATCH


# What histories show

HISTORY = {"loss": [2.0, 1.0], "learning_rate": [0.1, 0.1]}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, True),
        ({"loss": [2.0, 1.0 + 1e-8]}, True),
        ({"loss": [2.0, 1.0 + 1e-5]}, False),
        ({"learning_rate": [0.1, 0.05]}, False),
        ({"loss": [2.0], "learning_rate": [0.1]}, False),
        ({"loss": [2.0, math.nan]}, False),
        ({"accuracy": [0.5, 0.5]}, False),
    ],
)
def test_same_histories_are_found(change, found):
    assert training.alike(HISTORY, HISTORY | change) is found
    assert training.alike(HISTORY | change, HISTORY) is found


def test_two_histories_that_are_nan_alike_are_found():
    lost = {"loss": [math.nan], "learning_rate": [0.1]}
    assert training.alike(lost, dict(lost))
    assert training.equal(lost, dict(lost))


def test_equal_is_to_the_last_bit():
    assert training.equal(HISTORY, dict(HISTORY))
    assert not training.equal(HISTORY, HISTORY | {"loss": [2.0, np.nextafter(1.0, 2.0)]})


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_not_finite_is_found(bad):
    assert training.finite(HISTORY)
    assert not training.finite(HISTORY | {"loss": [2.0, bad]})


@pytest.mark.parametrize(
    ("losses", "expected"),
    [([2.0, 1.0], True), ([1.0, 2.0], False), ([1.0, 1.0], False), ([1.0, math.nan], False)],
)
def test_a_loss_that_falls(losses, expected):
    assert training.falls({"loss": losses}) is expected


# Planted faults


@pytest.mark.slow
def test_a_treatment_without_effect_is_found_however_long_it_trains():
    # The declaration differs, and what is trained does not: 1e-12 is below rounding.
    found = trained("penalty", {"none": 0.0, "tiny": 1e-12, "some": 0.1})
    assert found.without_effect() == [("none", "tiny")]
    assert found.diverging() == []
    assert found.learns()
    assert found.unrepeated() == []


@pytest.mark.slow
def test_what_waits_longer_than_these_runs_is_told_and_need_not_act():
    def patient(epochs):
        return lambda: [keras.callbacks.EarlyStopping(patience=epochs)]

    found = trained("callbacks", {"never": list, "20": patient(20), "0": patient(0)})
    assert found.late() == {"20": 20}
    assert ("never", "20") not in found.without_effect()


@pytest.mark.slow
@pytest.mark.parametrize("factor", training.SET_HERE)
def test_a_factor_that_these_runs_have_the_same_of_need_not_act(factor):
    assert trained(factor, {"less": 10, "more": 20}).without_effect() == []


@pytest.mark.slow
@pytest.mark.parametrize("acts_in", [training.EPOCHS + 1, training.MANY_EPOCHS])
def test_what_acts_late_acts(acts_in):
    def late(epochs):
        def act(epoch, rate):
            return rate / 2 if epoch + 1 >= epochs else rate

        return lambda: [keras.callbacks.LearningRateScheduler(act)]

    found = trained("callbacks", {"never": late(1000), "late": late(acts_in)})
    assert found.without_effect() == []


@pytest.mark.slow
def test_what_acts_at_the_largest_rate_only_acts():
    class Large(keras.optimizers.SGD):
        def __init__(self, rate, limit):
            super().__init__(min(rate, limit))

    variants = {str(limit): lambda rate, limit=limit: Large(rate, limit) for limit in (1.0, 0.4)}
    assert trained("optimizer", variants, rates=(0.1, 0.2, 0.5)).without_effect() == []
    assert trained("optimizer", variants, rates=(0.1, 0.2, 0.3)).without_effect() == [
        ("1.0", "0.4")
    ]


def test_divergence_is_found():
    huge = lambda rate: keras.optimizers.SGD(rate * 1e38)  # noqa: E731
    found = trained("optimizer", {"sgd": keras.optimizers.SGD, "huge": huge})
    assert found.diverging() == ["huge"]
    assert training.finite(found.again("huge", 1e-38))


@pytest.mark.slow
def test_a_baseline_that_does_not_learn_is_found_and_one_that_learns_at_some_rate_is_not():
    up = lambda rate: keras.optimizers.SGD(rate if rate > 0.3 else -rate)  # noqa: E731
    assert not trained("optimizer", {"up": up, "b": keras.optimizers.SGD}).learns()
    assert trained("optimizer", {"up": up, "b": keras.optimizers.SGD}, (0.1, 0.2, 0.5)).learns()


def test_what_carries_state_from_one_run_into_the_next_is_found():
    count = itertools.count(1)

    def drifting(rate):
        return keras.optimizers.SGD(rate / next(count))

    found = trained("optimizer", {"a": keras.optimizers.SGD, "b": drifting, "c": drifting})
    assert found.unrepeated() == ["b"]
