import keras
import numpy as np
import pytest

from zoo.losses import OneHotLoss

LABELS = np.array([2, 0, 1, 2], np.int32)
LOGITS = np.random.default_rng(0).normal(0, 2, (4, 3)).astype(np.float32)
ONE_HOT = np.eye(3)[LABELS]


def softmax(z):
    z = np.asarray(z, float)
    return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)


def sigmoid(z):
    return 1 / (1 + np.exp(-np.asarray(z, float)))


def crossentropy(p):
    return -np.log(p[np.arange(4), LABELS])


CASES = {
    "softmax": (
        OneHotLoss(keras.losses.CategoricalCrossentropy(from_logits=True)),
        crossentropy(softmax(LOGITS)),
    ),
    "sigmoid": (
        OneHotLoss(keras.losses.BinaryCrossentropy(from_logits=True)),
        -np.log(np.where(ONE_HOT == 1, sigmoid(LOGITS), 1 - sigmoid(LOGITS))).mean(axis=1),
    ),
    "squares of softmax": (
        OneHotLoss(keras.losses.MeanSquaredError(), "softmax"),
        ((softmax(LOGITS) - ONE_HOT) ** 2).mean(axis=1),
    ),
    "squares of sigmoid": (
        OneHotLoss(keras.losses.MeanSquaredError(), "sigmoid"),
        ((sigmoid(LOGITS) - ONE_HOT) ** 2).mean(axis=1),
    ),
    "softmax twice": (
        OneHotLoss(keras.losses.CategoricalCrossentropy(from_logits=True), "softmax"),
        crossentropy(softmax(softmax(LOGITS))),
    ),
    "tanh before softmax": (
        OneHotLoss(keras.losses.CategoricalCrossentropy(from_logits=True), "tanh"),
        crossentropy(softmax(np.tanh(LOGITS))),
    ),
    "sigmoid before softmax": (
        OneHotLoss(keras.losses.CategoricalCrossentropy(from_logits=True), "sigmoid"),
        crossentropy(softmax(sigmoid(LOGITS))),
    ),
    "scaled": (
        OneHotLoss(keras.losses.CategoricalCrossentropy(from_logits=True), scale=128),
        128 * crossentropy(softmax(LOGITS)),
    ),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("shape", [(4,), (4, 1)])
def test_a_loss_is_its_formula(case, shape):
    loss, expected = CASES[case]
    found = keras.ops.convert_to_numpy(loss.call(LABELS.reshape(shape), LOGITS))
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert float(loss(LABELS.reshape(shape), LOGITS)) == pytest.approx(expected.mean(), rel=1e-5)


@pytest.mark.parametrize("case", CASES)
def test_a_compiled_loss_is_its_formula(case):
    # Keras undoes activations in front of a loss by other means there than one by one.
    loss, expected = CASES[case]
    model = keras.Sequential([keras.Input((3,)), keras.layers.Identity()])
    model.compile(loss=loss)
    assert model.evaluate(LOGITS, LABELS, verbose=0) == pytest.approx(expected.mean(), rel=1e-5)


def test_weights_of_0_leave_examples_out():
    loss, expected = CASES["softmax twice"]
    found = float(loss(LABELS, LOGITS, sample_weight=np.array([1, 1, 0, 0], np.float32)))
    assert found * 4 == pytest.approx(expected[:2].sum(), rel=1e-5)


@pytest.mark.parametrize("case", CASES)
def test_a_loss_comes_back_from_its_configuration(case):
    loss, _ = CASES[case]
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert again.get_config() == loss.get_config()
    assert float(again(LABELS, LOGITS)) == float(loss(LABELS, LOGITS))


def test_losses_differ_by_their_configuration():
    configurations = [repr(loss.get_config()) for loss, _ in CASES.values()]
    assert len(set(configurations)) == len(configurations)


def test_fit_trains_with_it():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3)])
    model.compile(keras.optimizers.SGD(1.0), CASES["squares of softmax"][0], metrics=["accuracy"])
    history = model.fit(LOGITS, LABELS, epochs=5, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan")])
def test_a_scale_that_is_not_positive_is_refused(scale):
    with pytest.raises(ValueError, match="`scale` must be above 0"):
        OneHotLoss("mean_squared_error", scale=scale)
