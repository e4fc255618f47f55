"""`zoo.fit_many`: many fits of anybody's model."""

import contextlib

import keras
import numpy as np
import pandas as pd
import pytest
from uncompiled import uncompiled

import zoo
from zoo.errors import ZooError

tensorflow_only = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="a trait of TensorFlow"
)


def build_model():
    return keras.Sequential([keras.Input((5,)), keras.layers.Dense(3)])


def pairs(seed=0):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(60, 5)), rng.integers(0, 3, 60)
    return (x[:40], y[:40]), (x[40:50], y[40:50]), (x[50:], y[50:])


def many(**changes):
    arguments = {"seeds": (3, 5), "learning_rates": (0.1, 0.01), "epochs": 2, "batch_size": 10}
    data = changes.pop("data", pairs())
    alone = changes.get("engine") == "fit"
    with uncompiled() if alone else contextlib.nullcontext():
        return zoo.fit_many(build_model, keras.optimizers.SGD, data, **arguments | changes)


@pytest.fixture(scope="module")
def results():
    return many()


def test_one_result_a_run_by_rate_then_seed(results):
    runs = [(result.run.learning_rate, result.run.seed) for result in results]
    assert runs == [(0.1, 3), (0.1, 5), (0.01, 3), (0.01, 5)]
    assert all(len(result.history["val_loss"]) == 2 for result in results)


@pytest.mark.slow
def test_equals_fit(results):
    for one, other in zip(results, many(engine="fit"), strict=True):
        assert one.run == other.run
        np.testing.assert_allclose(one.history["loss"], other.history["loss"], rtol=1e-5)
        assert one.final["test_accuracy"] == other.final["test_accuracy"]


def test_without_test_examples_the_validation_examples_are_the_test(results):
    (result, *_) = many(data=pairs()[:2])
    assert result.final["test_accuracy"] == result.final["val_accuracy"]
    assert result.history == results[0].history


@pytest.mark.slow
def test_callbacks_and_progress():
    epochs = []

    class Listener:
        def epoch(self, jobs, epoch):
            epochs.append((len(jobs), epoch))

        def note(self, text):
            pass

    def stop_at_once():
        return [keras.callbacks.LambdaCallback(on_epoch_end=stop)]

    def stop(epoch, logs):
        raise RuntimeError("reached")

    with pytest.raises(RuntimeError, match="reached"):
        many(callbacks=stop_at_once)
    many(progress=Listener())
    assert epochs == [(4, 1), (4, 2)]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"seeds": ()}, "`seeds` must be distinct"),
        ({"seeds": (1, 1)}, "`seeds` must be distinct"),
        ({"seeds": (-1,)}, "`seeds` must be distinct"),
        ({"epochs": 0}, "`epochs` must be a positive integer"),
        ({"learning_rates": ()}, "`learning_rates` must be"),
        ({"learning_rates": (-0.1,)}, "above 0"),
        ({"engine": "magic"}, "`engine` must be"),
        ({"data": pairs()[:1]}, "`data` must be"),
        ({"data": 3}, "`data` must be"),
        ({"data": (pairs()[0], (np.zeros((4, 5)), np.zeros(3, int)))}, "same length"),
        ({"data": (pairs()[0], (np.zeros((3, 5)), np.full(3, 0.5)))}, "whole numbers or words"),
        ({"batch_size": 41}, "`batch_size` must not exceed the 40 training examples"),
    ],
)
def test_wrong_arguments(changes, said):
    with pytest.raises(ZooError, match=said):
        many(**changes)


@pytest.mark.slow
def test_a_model_that_does_not_know_its_input_gets_its_seeds_weights():
    class Subclassed(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(3)

        def call(self, inputs):
            return self.dense(inputs)

    for build in (Subclassed, lambda: keras.Sequential([keras.layers.Dense(3)])):
        results = [
            zoo.fit_many(build, keras.optimizers.SGD, pairs(), seeds=(3, 5), batch_size=10, **other)
            for other in ({}, {"engine": "fit"})
        ]
        for one, other in zip(*results, strict=True):
            np.testing.assert_allclose(one.history["loss"], other.history["loss"], rtol=1e-5)
        assert results[0][0].history["loss"] != results[0][1].history["loss"]


@pytest.mark.slow
def test_a_callback_may_assign_to_the_learning_rate():
    class Halve(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            rate = self.model.optimizer.learning_rate
            rate.assign(rate / 2)

    for one, other in zip(
        many(callbacks=lambda: [Halve()], epochs=3),
        many(callbacks=lambda: [Halve()], epochs=3, engine="fit"),
        strict=True,
    ):
        expected = [one.run.learning_rate / 2**epoch for epoch in range(3)]
        np.testing.assert_allclose(one.history["learning_rate"], expected, rtol=1e-6)
        assert one.history["learning_rate"] == other.history["learning_rate"]


# What people hand over


def trained(data=None, build=build_model, optimizer=keras.optimizers.SGD, **changes):
    arguments = {"seeds": 1, "learning_rates": 0.1, "epochs": 2, "batch_size": 10}
    found = zoo.fit_many(build, optimizer, data or pairs(), **arguments | changes)
    assert len(found) == 1
    return found[0]


@pytest.fixture(scope="module")
def usual():
    return trained()


LOGITS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
WORDS = np.array(["ant", "bee", "cat"])


def test_words_train_like_numbers_from_0_and_that_is_noted(usual):
    notes = []

    class Listener:
        def epoch(self, jobs, epoch):
            pass

        def note(self, text):
            notes.append(text)

    words = tuple((pd.DataFrame(x), WORDS[y]) for x, y in pairs())
    assert trained(words, progress=Listener()).history == usual.history
    assert notes[0] == "labels ant, bee, cat are numbered from 0"


def test_one_pair_is_split(usual):
    (x, y), (x_validation, y_validation), _ = pairs()
    both = np.concatenate([x, x_validation]), np.concatenate([y, y_validation])
    assert trained(both).history == usual.history  # 10 of 50 are a fifth


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["population", "fit"])
@pytest.mark.parametrize("kind", [list, dict])
def test_several_inputs(usual, kind, engine):
    def halves(x):
        two = {"first": x[:, :2], "second": x[:, 2:]}
        return two if kind is dict else [*two.values()]

    def build():
        inputs = {
            name: keras.Input((size,), name=name) for name, size in (("first", 2), ("second", 3))
        }
        both = keras.layers.Concatenate()([*inputs.values()])
        return keras.Model(
            inputs if kind is dict else [*inputs.values()], keras.layers.Dense(3)(both)
        )

    result = trained(tuple((halves(x), y) for x, y in pairs()), build, engine=engine)
    assert result.engine.startswith(engine)
    np.testing.assert_allclose(result.history["loss"], usual.history["loss"], rtol=1e-6)
    np.testing.assert_allclose(result.final["test_loss"], usual.final["test_loss"], rtol=1e-6)


def test_a_subclassed_model_with_several_inputs():
    class Two(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(3)

        def call(self, inputs):
            return self.dense(inputs["a"]) + inputs["b"]

    parts = tuple(({"a": x[:, :2], "b": x[:, 2:]}, y) for x, y in pairs())
    assert trained(parts, Two).engine.startswith("population")


def focal(y, p):
    p = keras.ops.softmax(p)
    q = keras.ops.sum(p * keras.ops.one_hot(keras.ops.cast(y, "int32"), 3), axis=-1)
    return -keras.ops.square(1 - q) * keras.ops.log(q + 1e-7)


@tensorflow_only  # on JAX, Keras's fit refuses it
def test_a_loss_that_is_not_reduced_trains_alone():
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")
    assert trained(loss=loss).engine == "fit (its loss is not reduced to one number)"


@pytest.mark.slow
def test_a_loss_of_ones_own_trains_together_and_as_in_fit():
    one, other = trained(loss=focal), trained(loss=focal, engine="fit")
    assert one.engine.startswith("population")
    np.testing.assert_allclose(one.history["val_loss"], other.history["val_loss"], rtol=1e-5)


@pytest.mark.slow
def test_rates_that_the_optimizer_brings():
    result = trained(optimizer=keras.optimizers.SGD(0.05), learning_rates=None)
    assert result.run.learning_rate == 0.05
    assert trained(learning_rates=None).run.learning_rate == 0.001
    decay = keras.optimizers.schedules.ExponentialDecay(0.1, 4, 0.5)  # 4 steps an epoch
    result = trained(optimizer=keras.optimizers.SGD(decay), learning_rates=None)
    np.testing.assert_allclose(result.history["learning_rate"], [0.05, 0.025], rtol=1e-6)
    with pytest.raises(ZooError, match="has a schedule"):
        trained(optimizer=keras.optimizers.SGD(decay))


def test_a_list_of_callbacks_is_copied_for_each_run():
    given = [keras.callbacks.EarlyStopping("loss", patience=0, min_delta=1e9)]
    results = many(callbacks=given, epochs=4)
    assert [result.epochs for result in results] == [2] * 4
    assert not hasattr(given[0], "best") or given[0].stopped_epoch == 0


# Weights


WEIGHTS = np.random.default_rng(1).uniform(0, 3, 50).astype("float32")


def known():
    """Builds a network whose initial weights no seed reaches."""
    drawn = keras.initializers.RandomNormal(seed=1)
    return keras.Sequential([keras.Input((5,)), keras.layers.Dense(3, kernel_initializer=drawn)])


@pytest.mark.parametrize("engine", ["population", "fit"])
@pytest.mark.parametrize("given", [{"sample_weight": WEIGHTS}, {"class_weight": {0: 0.5, 2: 4}}])
def test_weights_count_as_in_keras(engine, given):
    (x, y), (x_validation, y_validation), _ = pairs()
    both = np.concatenate([x, x_validation]), np.concatenate([y, y_validation])
    whole = {"epochs": 2, "batch_size": 40}  # of one batch the order does not matter
    with uncompiled():
        model = known()
        model.compile(keras.optimizers.SGD(0.1), LOGITS, metrics=["accuracy"])
        expected = model.fit(*both, validation_split=0.2, verbose=0, **whole, **given).history
    with uncompiled() if engine == "fit" else contextlib.nullcontext():
        result = trained(both, known, engine=engine, **whole, **given)
    assert result.engine.startswith(engine)
    for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
        np.testing.assert_allclose(result.history[name], expected[name], rtol=1e-5)
    assert result.history["loss"] != trained(both, known, **whole).history["loss"]


def test_classes_are_weighted_by_the_labels_as_they_were_given():
    words = tuple((x, WORDS[y]) for x, y in pairs())
    expected = trained(class_weight={1: 5.0}).history
    assert trained(words, class_weight={"bee": 5.0}).history == expected


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sample_weight": WEIGHTS}, "for each of the 40 examples"),
        ({"data": (pairs()[0][0], pairs()[0][1]), "sample_weight": WEIGHTS}, "40 examples"),
        ({"data": "digits", "sample_weight": WEIGHTS}, "is for arrays"),
        (
            {
                "build": lambda: keras.Sequential([keras.Input((5, 1)), keras.layers.Dense(3)]),
                "data": (np.zeros((50, 5, 1)), np.zeros((50, 5), int)),
                "sample_weight": WEIGHTS,
            },
            r"one vector of outputs an example.*shape \(5, 3\)",
        ),
        ({"sample_weight": WEIGHTS[:40], "class_weight": {0: 1}}, "cannot both be given"),
        ({"class_weight": {7: 1}}, "classes 0, 1, 2. Received: one of 7"),
    ],
)
def test_weights_that_do_not_fit(changes, said):
    with pytest.raises(ZooError, match=said):
        trained(**changes)


def narrow():
    return keras.Sequential([keras.Input((5,)), keras.layers.Dense(2)])


def wide():
    return keras.Sequential([keras.Input((7,)), keras.layers.Dense(3)])


def one_output():
    return keras.Sequential([keras.Input((5,)), keras.layers.Dense(1)])


def two_outputs():
    inputs = keras.Input((5,))
    return keras.Model(inputs, [keras.layers.Dense(3)(inputs), keras.layers.Dense(2)(inputs)])


BINARY = keras.losses.BinaryCrossentropy(from_logits=True)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"build": narrow}, "outputs for 2 classes.* label 2 without"),
        ({"build": one_output}, "the network has 1 output. For two classes take"),
        ({"build": one_output, "loss": BINARY}, "label 2"),
        ({"build": narrow, "loss": BINARY}, "label for each output. Received: 1 an example"),
        ({"build": two_outputs}, "has 2 outputs, so y must be a list or dict of 2 arrays"),
        ({"build": build_model()}, "clone_model"),
        ({"build": lambda shape: None}, "which needs some"),
        ({"build": lambda: None}, "must return a Keras model. Received: None"),
        ({"optimizer": lambda rate: rate}, "returns a Keras optimizer. Received: one that returns"),
        ({"data": "digits", "validation_split": 0.1}, "has validation examples"),
        ({"build": keras.Sequential}, "must take the examples.*no layers"),
        ({"build": wide}, r"Received: of shape \(5,\); ValueError: Input 0"),
        ({"loss": "mse"}, r"labels of shape \(2,\) and outputs of shape \(2, 3\)"),
        ({"loss": lambda y, p: None}, "`loss` must take labels and outputs"),
        ({"engine": pd.Series([1])}, "`engine` must be"),
        ({"largest": 0}, "`largest` must be a positive integer"),
        ({"largest": "all"}, "`largest` must be a positive integer"),
        ({"epochs": np.zeros(2)}, "`epochs` must be a positive integer"),
        ({"batch_size": True}, "`batch_size` must be a positive integer"),
        ({"learning_rates": "fast"}, "`learning_rates` must be numbers"),
        ({"progress": print}, "`progress` must have the methods"),
        ({"callbacks": build_model()}, "must be a list of Keras callbacks"),
    ],
)
def test_what_does_not_fit_together_is_said(changes, said):
    with pytest.raises(ZooError, match=said) as told:
        trained(**changes)
    assert len(str(told.value)) < 300
