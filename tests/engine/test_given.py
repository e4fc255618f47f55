import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers, losses

from zoo.engine.given import data_and_loss
from zoo.engine.outputs import loss_of
from zoo.runs.run import Silent

GENERATOR = np.random.default_rng(0)
X, Y = GENERATOR.normal(size=(12, 5)), np.arange(12) % 3
WORDS = np.array(["ant", "bee", "cat"])
NAMES = ("0", "1", "2")


def network(units, *last, activation=None):
    def build():
        made = [layer() for layer in last]
        return keras.Sequential([keras.Input((5,)), layers.Dense(units, activation), *made])

    return build


def given(y, build=None, loss=None):
    build = build or network(3)
    return data_and_loss(build, ((X, y), (X[:6], y[:6])), None, loss, Silent())


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (lambda y: y, NAMES),
        (lambda y: y[:, None], NAMES),
        (lambda y: y.astype("float32"), NAMES),
        (lambda y: np.eye(3)[y], NAMES),
        (lambda y: y.tolist(), NAMES),
        (keras.ops.convert_to_tensor, NAMES),
        (lambda y: WORDS[y], tuple(WORDS)),
        (lambda y: pd.Series(WORDS[y]), tuple(WORDS)),
        (lambda y: pd.Series(WORDS[y], dtype="category"), tuple(WORDS)),
        (lambda y: WORDS[y].astype(object), tuple(WORDS)),
        (lambda y: WORDS[y].astype("S"), tuple(WORDS)),
        (lambda y: y - 1, ("-1", "0", "1")),
        (lambda y: y + 1, ("1", "2", "3")),
        (lambda y: 5 * y, ("0", "5", "10")),
    ],
)
def test_labels_of_classes_become_numbers_from_0(change, names):
    found, _ = given(change(Y))
    np.testing.assert_array_equal(found.y_train, Y)
    np.testing.assert_array_equal(found.y_test, Y[:6])
    assert found.y_train.dtype == np.int32
    assert found.class_names == names
    assert found.num_classes == 3
    np.testing.assert_allclose(found.x_train, X, rtol=1e-6)


def test_fingerprints_tell_labels_and_features_apart():
    fingerprints = {given(labels)[0].fingerprint for labels in (Y, np.roll(Y, 1), Y[::-1])}
    assert len(fingerprints) == 3


BINARY = losses.BinaryCrossentropy(from_logits=True)
TWO = Y % 2


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda y: y, TWO),
        (lambda y: y > 0, TWO),
        (lambda y: 2 * y - 1, TWO),
        (lambda y: y + 1, TWO),
        (lambda y: WORDS[y], TWO),
        (lambda y: np.eye(2)[y], TWO),
        (lambda y: 0.25 + 0.5 * y, 0.25 + 0.5 * TWO),  # such labels say how sure one is
    ],
)
def test_labels_of_two_classes_for_one_output(change, expected):
    found, _ = given(change(TWO), network(1), BINARY)
    np.testing.assert_array_equal(found.y_train, expected)


def test_one_unit_with_a_sigmoid_is_of_two_classes():
    found, make = given(2 * TWO - 1, network(1, activation="sigmoid"))
    np.testing.assert_array_equal(found.y_train, TWO)
    assert isinstance(make(), losses.BinaryCrossentropy)
    assert not make().get_config()["from_logits"]


@pytest.mark.parametrize("change", [lambda y: WORDS[y], lambda y: y[:, None] + 1.0])
def test_labels_become_one_hot_where_the_loss_takes_these(change):
    found, _ = given(change(Y), loss="categorical_crossentropy")
    np.testing.assert_array_equal(found.y_train, np.eye(3)[Y])


def test_several_numbers_an_example_are_not_for_one_output():
    with pytest.raises(ValueError, match=r"one label an example. Received: labels of shape"):
        given(X[:, :2], network(1), "mse")
    found, _ = given(np.eye(2)[TWO], network(1), "hinge")
    np.testing.assert_array_equal(found.y_train, TWO)


def test_labels_stay_as_they_are_for_other_losses():
    found, _ = given(2 * TWO - 1, network(1), "hinge")
    np.testing.assert_array_equal(found.y_train, 2 * TWO - 1)
    found, _ = given(X[:, 0], network(1), "mse")
    np.testing.assert_allclose(found.y_train, X[:, 0], rtol=1e-6)
    assert found.y_train.dtype == np.float32


def compiled():
    model = network(3, activation="softmax")()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


LOGITS = losses.SparseCategoricalCrossentropy(from_logits=True)


@pytest.mark.parametrize(
    ("build", "loss", "from_logits"),
    [
        (network(3), None, True),
        (network(3, activation="softmax"), None, False),
        (network(3, layers.Softmax), None, False),
        (compiled, None, False),
        (compiled, LOGITS, True),
        (network(3), lambda: LOGITS, True),
        (network(3), lambda y, p: losses.sparse_categorical_crossentropy(y, p, True), True),
        (network(3), lambda: lambda y, p: LOGITS.call(y, p), True),
    ],
)
def test_the_loss_is_the_one_given_or_that_fits(build, loss, from_logits):
    _, make = given(Y, build, loss)
    y, p = Y[:2], np.array([[0.1, 0.2, 0.7], [0.3, 0.3, 0.4]], "float32")
    expected = losses.SparseCategoricalCrossentropy(from_logits=from_logits)(y, p)
    assert float(loss_of(make(), y, p)(y, p)) == pytest.approx(float(expected))
