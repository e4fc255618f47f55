"""What is measured in a network, that the network is left alone, and the callback."""

import math
import random

import keras
import numpy as np
import pytest
from callback_case import fit_in_both_engines
from keras import layers
from preflight_case import (
    CLASSES,
    FEATURES,
    STUCK,
    X,
    Y,
    by_name,
    compiled,
    crossentropy,
    mlp,
    warned,
)

from callbacks.preflight import Preflight, checks, preflight
from callbacks.preflight.checks import Task

LOGITS = Task("sparse", CLASSES, from_logits=True)


# What is measured.


def test_penalty_is_shown_apart_and_trained_without():
    def build(strength):
        def make():
            return keras.Sequential(
                [
                    keras.Input((FEATURES,)),
                    layers.Dense(32, "relu", kernel_initializer="he_normal"),
                    layers.Dropout(0.99 if strength else 0.0),
                    layers.Dense(CLASSES, kernel_regularizer=keras.regularizers.L2(strength)),
                ]
            )

        return make

    model = compiled(build(0.05))
    found = by_name(preflight(model, X, Y))
    expected = 0.05 * float(np.square(model.layers[-1].kernel.numpy()).sum())
    assert found["penalty"].measured == pytest.approx(expected, rel=1e-5)
    free = compiled(build(0.0))
    free.set_weights(model.get_weights())
    plain = by_name(preflight(free, X, Y))
    assert found["initial loss"].measured == pytest.approx(plain["initial loss"].measured)
    assert found["overfit"] == plain["overfit"]
    assert found["overfit"].result == "pass"
    assert found["update ratio"].measured != plain["update ratio"].measured


def test_update_ratio_of_one_step_is_rate_times_gradient():
    model = keras.Sequential([keras.Input((FEATURES,)), layers.Dense(CLASSES, name="logits")])
    model.compile(keras.optimizers.SGD(0.125), crossentropy())
    kernel = np.random.default_rng(0).normal(size=(FEATURES, CLASSES)) / 4
    model.set_weights([kernel, np.zeros(CLASSES)])
    found = by_name(preflight(model, X, Y, update_steps=1, batch_size=len(X)))
    shares = np.exp(X @ kernel)
    shares /= shares.sum(axis=1, keepdims=True)
    gradient = X.T @ (shares - np.eye(CLASSES)[Y]) / len(X)
    expected = 0.125 * np.linalg.norm(gradient) / np.linalg.norm(kernel)
    assert found["update ratio"].measured == pytest.approx(expected, rel=1e-4)
    loss = -np.log(shares[np.arange(len(Y)), Y]).mean()
    assert found["initial loss"].measured == pytest.approx(loss, rel=1e-5)
    assert found["activation spread"].result == "skip"


@pytest.mark.slow
def test_kernels_that_start_at_zero_count_only_if_they_stay_there():
    def build():
        model = mlp()
        model.get_layer("logits").kernel.assign(np.zeros((32, CLASSES)))
        return model

    # Counted, the second update would be as large as the weights.
    model = compiled(build, keras.optimizers.Adam(0.003))
    assert not warned(preflight(model, X, Y, update_steps=2))
    zeros = by_name(preflight(compiled(lambda: mlp(initializer="zeros")), X, Y))
    assert warned(zeros.values()) == STUCK
    assert zeros["update ratio"].measured == 0


@pytest.mark.slow
def test_layers_behind_a_normalisation_are_compared_with_it():
    def build():
        return keras.Sequential(
            [
                keras.Input((FEATURES,)),
                layers.Dense(32, kernel_initializer="he_normal", name="normalised"),
                layers.BatchNormalization(),
                layers.ReLU(),
                layers.Dense(32, kernel_initializer="he_normal", name="free"),
                layers.ReLU(),
                layers.Dense(CLASSES),
            ]
        )

    model = compiled(build, keras.optimizers.Adam(0.003))
    found, scaled = by_name(preflight(model, X, Y)), by_name(preflight(model, 100 * X, Y))
    assert warned(scaled.values()) == {"input deviation"}
    assert found["activation spread"].where == scaled["activation spread"].where == "free"
    expected = pytest.approx(found["activation spread"].measured, rel=1e-2)
    assert scaled["activation spread"].measured == expected


def test_overfit_counts_the_steps_of_plain_training():
    model = compiled()
    found = by_name(preflight(model, X, Y))
    tiny = np.random.default_rng(0).permutation(len(X))[:20]
    steps = 0
    while True:
        logits = keras.ops.convert_to_numpy(model(X[tiny]))
        loss = checks.crossentropy(logits, Y[tiny], LOGITS)
        accuracy = float((logits.argmax(axis=1) == Y[tiny]).mean())
        if accuracy == 1 and loss <= 0.1 * math.log(CLASSES):
            break
        model.train_on_batch(X[tiny], Y[tiny])
        steps += 1
    assert steps > 2
    assert found["overfit"].where == f"20 examples, {steps} of 1000 steps, accuracy 1"
    assert found["overfit"].measured == pytest.approx(loss, rel=1e-3)


def test_overfit_trains_without_weight_decay():
    free, decayed = (
        by_name(preflight(compiled(optimizer=keras.optimizers.SGD(0.1, weight_decay=decay)), X, Y))
        for decay in (None, 5.0)
    )
    assert decayed["overfit"] == free["overfit"]
    assert decayed["update ratio"].measured > free["update ratio"].measured


def test_layers_of_every_make_can_be_copied():
    inner = keras.Sequential([keras.Input((32,)), layers.Dense(32, "relu"), layers.Dropout(0.5)])
    inputs = keras.Input((FEATURES,))
    hidden = layers.Dense(32, "relu", kernel_initializer="he_normal")(inputs)
    hidden = layers.Lambda(lambda values: values * 1.0)(hidden)
    outputs = layers.Dense(CLASSES)(layers.Add()([hidden, inner(hidden)]))
    model = compiled(lambda: keras.Model(inputs, outputs))
    found = by_name(preflight(model, X, Y))
    assert not warned(found.values())
    assert found["overfit"].result == "pass"


def test_what_cannot_be_copied_is_skipped():
    class Own(layers.Layer):
        def __init__(self, factor):
            super().__init__()
            self.factor = factor

        def call(self, inputs):
            return inputs * self.factor

    def build():
        return keras.Sequential([keras.Input((FEATURES,)), Own(2.0), layers.Dense(CLASSES)])

    found = by_name(preflight(compiled(build), X, Y))
    assert found["labels"].result == "pass"
    assert found["overfit"].result == "skip"
    assert "cannot be copied" in found["overfit"].advice


def test_regression_is_judged_only_in_part():
    def build():
        hidden = layers.Dense(32, "relu", kernel_initializer="he_normal")
        return keras.Sequential([keras.Input((FEATURES,)), hidden, layers.Dense(1)])

    model = compiled(build, keras.optimizers.SGD(0.01), "mse")
    found = by_name(preflight(model, X, X[:, :1]))
    for name in ("labels", "class balance", "outputs", "initial loss", "overfit"):
        assert found[name].result == "skip"
        assert "mean_squared_error" in found[name].advice
    for name in ("input mean", "activation spread", "dead units", "update ratio"):
        assert found[name].result == "pass"


def test_a_model_without_a_graph_is_judged_only_in_part():
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(CLASSES)

        def call(self, inputs):
            return self.dense(inputs)

    model = compiled(Own)
    callback = Preflight(X, Y, verbose=0)
    model.fit(X, Y, verbose=0, callbacks=[callback])
    found = by_name(callback.checks)
    assert found["finite values"].result == "pass"
    assert {check.result for check in callback.checks} == {"pass", "skip"}
    assert "Functional" in found["overfit"].advice


# The model is left alone.


@pytest.mark.slow
def test_a_fit_after_it_is_the_same_as_without():
    def build():
        hidden = layers.Dense(32, "relu", kernel_initializer="he_normal", kernel_regularizer="l2")
        inner = [hidden, layers.BatchNormalization(), layers.Dropout(0.5)]
        return keras.Sequential([keras.Input((FEATURES,)), *inner, layers.Dense(CLASSES)])

    def state(model):
        variables = [*model.variables, *model.optimizer.variables, *model.metrics_variables]
        return [np.array(keras.ops.convert_to_numpy(item)) for item in variables]

    def drawn():
        stream = keras.random.uniform((2,))  # from Keras's global stream
        return random.random(), np.random.random(), np.asarray(stream).tolist()  # noqa: NPY002

    histories, states = [], []
    for look in (False, True):
        model = compiled(build, keras.optimizers.Adam(0.01))
        model.fit(X, Y, verbose=0)
        keras.utils.set_random_seed(1)
        before, function, counters = state(model), model.train_function, len(model.layers)
        if look:
            preflight(model, X, Y, overfit_steps=5)
        for one, other in zip(before, state(model), strict=True):
            np.testing.assert_array_equal(one, other)
        assert (model.train_function, len(model.layers)) == (function, counters)
        assert all(len(layer._inbound_nodes) == 1 for layer in model.layers)
        histories.append((drawn(), model.fit(X, Y, epochs=2, verbose=0).history))
        states.append(state(model))
    assert histories[0] == histories[1]
    for one, other in zip(*states, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_same_model_gives_the_same_checks():
    def build():
        hidden = layers.Dense(32, "relu", kernel_initializer="he_normal")
        return keras.Sequential(
            [keras.Input((FEATURES,)), hidden, layers.Dropout(0.5), layers.Dense(CLASSES)]
        )

    model = compiled(build)
    first = preflight(model, X, Y)
    random.random()  # what else the program draws does not matter
    assert preflight(model, X, Y) == first
    other = by_name(preflight(model, X, Y, seed=1))
    assert other["overfit"] != by_name(first)["overfit"]


# The callback.


@pytest.mark.slow
def test_callback_keeps_the_checks_and_serves_several_fits(capsys):
    callback = Preflight(X, Y, verbose=2, overfit_steps=200)
    model = compiled()
    expected = preflight(model, X, Y, overfit_steps=200)
    model.fit(X, Y, verbose=0, callbacks=[callback])
    assert callback.checks == expected
    lines = capsys.readouterr().out.splitlines()
    assert [line[:4] for line in lines] == [check.result for check in expected]
    compiled(optimizer=keras.optimizers.SGD(0.0)).fit(X, Y, verbose=0, callbacks=[callback])
    assert warned(callback.checks) == {"update ratio", "overfit"}


@pytest.mark.slow
def test_callback_prints_warnings_alone_or_nothing(capsys):
    for verbose, expected in ((0, 0), (1, 2)):
        callback = Preflight(X, Y, verbose=verbose, overfit_steps=5)
        compiled(optimizer=keras.optimizers.SGD(0.0)).fit(X, Y, verbose=0, callbacks=[callback])
        assert len(capsys.readouterr().out.splitlines()) == expected


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": Y[1:]}, "the same number of examples"),
        ({"x": X.astype(str)}, "must hold numbers"),
        ({"verbose": 3}, "`verbose` must be"),
        ({"examples": 0}, "`examples` must be an integer of at least 1"),
        ({"seed": -1}, "`seed` must be an integer of at least 0"),
        ({"overfit_steps": 1.5}, "`overfit_steps` must be"),
        ({"steps": 1}, "`steps` is none of the settings"),
    ],
)
def test_wrong_arguments_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        Preflight(**{"x": X, "y": Y, **change})


def test_models_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="must be compiled"):
        preflight(mlp(), X, Y)
    with pytest.raises(ValueError, match="`x` must hold examples of the shape"):
        preflight(compiled(), X[:, 1:], Y)


@pytest.mark.slow
def test_population_equals_alone():
    x, y = X[:48, :4], Y[:48] % 3
    both = fit_in_both_engines(lambda: Preflight(x, y, 0, overfit_steps=20), epochs=1)
    (_, together), (_, alone) = both
    assert len(together) == len(alone) == 2
    for one, other in zip(together, alone, strict=True):
        for check, twin in zip(one.checks, other.checks, strict=True):
            assert (check.name, check.result) == (twin.name, twin.result)
            if twin.measured is not None:
                assert check.measured == pytest.approx(twin.measured, rel=1e-3)
    assert together[0].checks != together[1].checks
