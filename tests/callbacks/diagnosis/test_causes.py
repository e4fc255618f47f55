import functools
import types

import keras
import numpy as np
import pytest

from callbacks.diagnosis import causes
from callbacks.diagnosis.diagnosis import LossCurveDiagnosis, diagnose

# Of the shares 0.6 and 0.4 / 3, three times: 1.11, where guessing has ln 4 = 1.39.
ENTROPY = -(0.6 * np.log(0.6) + 0.4 * np.log(0.4 / 3))
LABELS = np.repeat([2, 0, 1, 3], (180, 40, 40, 40))


def names(*arguments, **keywords):
    return [finding.name for finding in diagnose(*arguments, **keywords)]


# The most frequent class only


STUCK = {"loss": [1.38, *[ENTROPY] * 9], "accuracy": [0.5, *[0.6] * 9], "num_classes": 4}


@pytest.mark.parametrize(
    "labels", [LABELS, LABELS[:, None], np.eye(4)[LABELS], LABELS.astype(np.float32)]
)
def test_the_share_of_the_most_frequent_class_is_no_underfitting(labels):
    (finding,) = diagnose(**STUCK, labels=labels)
    assert finding.name == "one class"
    assert "at 0.600, the share of class 2," in finding.explanation
    for word in ("learning rate", "dead units", "not scaled", "labels"):
        assert word in finding.explanation


def test_without_labels_no_larger_model_is_advised():
    (finding,) = diagnose(**STUCK)
    assert finding.name == "underfit"
    assert "as if only one class were predicted" in finding.explanation
    assert "larger" not in finding.explanation
    moving = {**STUCK, "accuracy": [0.3, *[0.58, 0.6, 0.59] * 3]}
    (finding,) = diagnose(**moving)
    assert "try a larger one" in finding.explanation


@pytest.mark.parametrize(("share", "found"), [(0.609, True), (0.611, False), (0.589, False)])
def test_one_class_is_within_a_hundredth(share, found):
    curves = {**STUCK, "accuracy": [0.5] * 5 + [0.6] * 4 + [share]}
    assert ("one class" in names(**curves, labels=LABELS)) == found


def test_of_a_rare_second_class_a_tenth_is_the_bound():
    labels = np.repeat([0, 1], (99, 1))  # a tenth of 0.01
    for accuracy, found in ((0.99, True), (0.992, False)):
        curves = {"loss": [0.06] * 8, "accuracy": [accuracy] * 8, "num_classes": 2}
        assert ("one class" in names(**curves, labels=labels)) == found


def test_networks_that_learn_are_not_alarmed():
    rising = np.linspace(0.5, 0.97, 20)
    curves = {"loss": np.linspace(1.4, 0.1, 20), "accuracy": rising, "num_classes": 4}
    assert "one class" not in names(**curves, labels=LABELS)
    guessing = {"loss": [np.log(4)] * 9, "accuracy": [0.25] * 9, "num_classes": 4}
    assert names(**guessing, labels=np.arange(100) % 4) == ["not learning"]


# Classes that training lacks


OVERFIT = {
    "loss": np.linspace(1.0, 0.05, 20),
    "val_loss": np.linspace(2.0, 6.0, 20),
    "num_classes": 4,
}


def test_validation_of_unseen_classes_is_no_overfitting():
    assert names(**OVERFIT) == ["overfit"]
    labels = {"labels": np.arange(80) % 3, "validation_labels": np.repeat([2, 3], (5, 15))}
    (finding,) = diagnose(**OVERFIT, **labels)
    assert (finding.name, finding.measured) == ("unseen classes", 0.75)
    assert "75 % of the validation examples" in finding.explanation
    assert "no training example has: 3." in finding.explanation
    assert "shuffle" in finding.explanation
    labels["validation_labels"] = np.arange(20) % 3
    assert names(**OVERFIT, **labels) == ["overfit"]


@pytest.mark.parametrize(
    ("accuracy", "found"), [(0.0, "unseen classes"), (0.12, "unseen classes"), (0.13, "overfit")]
)
def test_overfitting_is_never_below_half_of_guessing(accuracy, found):
    # Half of a quarter is 0.125.
    (finding,) = diagnose(**OVERFIT, val_accuracy=[accuracy] * 20)
    assert finding.name == found
    assert ("shuffle" in finding.explanation) == (found == "unseen classes")


@pytest.mark.slow
def test_sorted_data_in_a_real_fit():
    generator = np.random.default_rng(0)
    y = np.repeat(np.arange(4), 30)
    x = (3 * np.eye(4)[y] + generator.normal(size=(120, 4))).astype(np.float32)
    for told in ({}, {"labels": y[:90], "validation_labels": y[90:]}):
        model = network(4, None, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        callback = LossCurveDiagnosis(**told)
        model.fit(x, y, epochs=40, validation_split=0.25, callbacks=[callback], verbose=0)
        found = [finding.name for finding in callback.findings]
        assert found[0] == "unseen classes"
        assert "overfit" not in found


def network(units, activation, loss, inputs=4):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((inputs,)), keras.layers.Dense(units, activation)])
    model.compile(keras.optimizers.SGD(0.1), loss, metrics=["accuracy"])
    return model


# The last layer


SPARSE, BINARY = keras.losses.SparseCategoricalCrossentropy, keras.losses.BinaryCrossentropy
FUNCTION = functools.partial(keras.losses.categorical_crossentropy, from_logits=True)


@pytest.mark.parametrize(
    ("units", "activation", "loss", "name", "advice"),
    [
        (1, "softmax", "binary_crossentropy", "one output", "BinaryCrossentropy(from_logits=True)"),
        (1, "softmax", SPARSE(), "one output", "a unit for each class"),
        (1, None, SPARSE(from_logits=True), "one output", "a unit for each class"),
        (1, None, "categorical_crossentropy", "one output", "a unit for each class"),
        (3, None, "sparse_categorical_crossentropy", "logits as probabilities", "or add softmax"),
        (3, None, keras.losses.categorical_crossentropy, "logits as probabilities", "=True, or"),
        (1, None, BINARY(), "logits as probabilities", "from_logits=True, or add sigmoid"),
        (1, None, BINARY(from_logits=True), None, ""),
        (1, "sigmoid", BINARY(), None, ""),
        (3, None, SPARSE(from_logits=True), None, ""),
        (3, "softmax", SPARSE(), None, ""),
        (1, None, "mse", None, ""),
        (
            3,
            None,
            functools.partial(keras.losses.categorical_crossentropy, from_logits=True),
            None,
            "",
        ),
    ],
)
def test_the_last_layer_and_its_loss(units, activation, loss, name, advice):
    found = causes.output_mistake(network(units, activation, loss))
    assert (found and found.name) == name
    if found:
        assert advice in found.explanation
        assert "from_logits=False" not in found.explanation


def test_of_the_users_own_loss_nothing_is_said():
    def my_crossentropy(y, logits):
        return keras.losses.sparse_categorical_crossentropy(y, logits, from_logits=True)

    assert causes.output_mistake(network(3, None, my_crossentropy)) is None
    assert causes.output_mistake(types.SimpleNamespace(loss="mse")) is None


@pytest.mark.parametrize("units", [1, 3])
def test_logits_as_probabilities_in_a_real_fit_are_all_that_is_said(units):
    generator = np.random.default_rng(1)
    y = np.arange(90) % max(units, 2)
    x = generator.normal(size=(90, 4)).astype(np.float32)
    loss = "binary_crossentropy" if units == 1 else "sparse_categorical_crossentropy"
    callback = LossCurveDiagnosis(labels=y)
    network(units, None, loss).fit(x, y, epochs=10, callbacks=[callback], verbose=0)
    names = [finding.name for finding in callback.findings]
    assert names[0] == "logits as probabilities"
    assert not set(names) & causes.EXPLAINED["logits as probabilities"]


def test_softmax_on_one_unit_in_a_real_fit():
    y = np.arange(90) % 2
    x = np.random.default_rng(1).normal(size=(90, 4)).astype(np.float32)
    callback = LossCurveDiagnosis(labels=y)
    with pytest.warns(UserWarning, match="softmax"):
        network(1, "softmax", "binary_crossentropy").fit(
            x, y, epochs=6, callbacks=[callback], verbose=0
        )
    assert [finding.name for finding in callback.findings] == ["one output"]
