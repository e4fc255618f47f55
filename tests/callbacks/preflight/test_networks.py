"""Healthy networks pass, and each defect is warned of by its own checks."""

import math

import keras
import numpy as np
import pytest
from keras import layers
from preflight_case import (
    CLASSES,
    FEATURES,
    STUCK,
    X,
    Y,
    by_name,
    compiled,
    convolution,
    crossentropy,
    mlp,
    warned,
)

from callbacks.preflight import NAMES, preflight

# Healthy networks.

HEALTHY = {
    "relu": mlp,
    "tanh": lambda: mlp("tanh", "glorot_normal"),
    "batch normalisation": lambda: mlp(normalise=True),
    "convolution": convolution,
}
OPTIMIZERS = {
    "sgd": lambda: keras.optimizers.SGD(0.1),
    "momentum": lambda: keras.optimizers.SGD(0.03, momentum=0.9),
    "adam": lambda: keras.optimizers.Adam(0.003),
}


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("build", HEALTHY)
def test_healthy_networks_pass(build, optimizer):
    for seed in range(3 if optimizer == "sgd" else 1):
        found = preflight(compiled(HEALTHY[build], OPTIMIZERS[optimizer](), seed=seed), X, Y)
        assert [check.name for check in found] == list(NAMES)
        assert not warned(found)


@pytest.mark.parametrize("build", HEALTHY)
def test_healthy_networks_pass_at_once(build):
    found = preflight(compiled(HEALTHY[build]), X, Y)
    assert not warned(found)
    skips = {"penalty", "dead units" if build == "tanh" else "saturation"}
    skips |= {"activation spread"} if build == "batch normalisation" else set()
    assert {check.name for check in found if check.result == "skip"} == skips


@pytest.mark.slow
def test_one_hot_labels_and_probabilities_pass():
    one_hot = keras.utils.to_categorical(Y, CLASSES)
    for loss in ("categorical_crossentropy", keras.losses.CategoricalCrossentropy()):
        model = compiled(lambda: mlp(out="softmax"), loss=loss)
        found = by_name(preflight(model, X, one_hot))
        assert not warned(found.values())
    sparse = compiled(lambda: mlp(out="softmax"), loss="sparse_categorical_crossentropy")
    again = by_name(preflight(sparse, X, Y))
    assert again["initial loss"].measured == pytest.approx(found["initial loss"].measured)
    assert again["overfit"].where == found["overfit"].where


def test_two_classes_with_one_output_pass():
    def build():
        hidden = layers.Dense(32, "relu", kernel_initializer="he_normal")
        return keras.Sequential([keras.Input((FEATURES,)), hidden, layers.Dense(1, "sigmoid")])

    model = compiled(build, loss="binary_crossentropy")
    found = by_name(preflight(model, X, (Y > 2).astype(np.int32)))
    assert not warned(found.values())
    assert found["overfit"].result == "pass"


# Each defect and the checks that warn of it.


def dead(share):
    """Builds a ReLU network with this share of the second layer's biases at -100."""

    def build():
        model = mlp()
        bias = np.zeros(32, np.float32)
        bias[: int(share * 32)] = -100
        model.get_layer("dense_1").bias.assign(bias)
        return model

    return build


def softmax_and_more():
    """Builds a network whose softmax Keras's TensorFlow backend does not see through."""
    model = mlp(out="softmax")
    model.add(layers.Rescaling(1.0))
    return model


def normal(deviation):
    return lambda: mlp(initializer=keras.initializers.RandomNormal(stddev=deviation, seed=0))


EXPLODED = {"initial loss", "activation spread", "update ratio", "overfit"}
DEFECTS = {
    "softmax twice": (softmax_and_more, 0.1, {"outputs", "overfit"}),
    "no softmax": (mlp, 0.1, {"outputs", "initial loss", "overfit", "update ratio"}),
    "deviation 1": (normal(1.0), 0.1, EXPLODED),
    "deviation 0.001": (normal(0.001), 0.1, {"activation spread", "update ratio", "overfit"}),
    "rate 0": (mlp, 0.0, {"update ratio", "overfit"}),
    "rate 1000": (mlp, 1e3, {"update ratio", "overfit"}),
    "half dead": (dead(0.5), 0.1, {"dead units"}),
    "all dead": (dead(1.0), 0.1, STUCK),
}


@pytest.mark.slow
@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_is_warned_of_and_nothing_else(defect):
    build, rate, expected = DEFECTS[defect]
    loss = crossentropy(from_logits=defect != "no softmax")
    found = preflight(compiled(build, keras.optimizers.SGD(rate), loss), X, Y)
    assert warned(found) == expected
    assert all(check.advice for check in found if check.result != "pass")


def test_softmax_before_logits_is_warned_of_where_keras_sees_through_it():
    found = preflight(compiled(lambda: mlp(out="softmax")), X, Y)
    assert "outputs" in warned(found)


@pytest.mark.slow
def test_features_from_0_to_255_are_to_be_normalised():
    # Shares of the range, as images have them.
    raw = 255 * (X - X.min()) / (X.max() - X.min())
    model = compiled(optimizer=keras.optimizers.Adam(0.001))
    found = warned(preflight(model, raw, Y))
    # What all features have in common decides the sign of some units, which are then dead.
    assert found == {"input mean", "input deviation", "initial loss", "dead units"}
    model = compiled(lambda: mlp(normalise=True), keras.optimizers.Adam(0.001))
    assert warned(preflight(model, raw, Y)) == {"input mean", "input deviation"}


def test_normalisation_inside_the_model_counts():
    def build():
        scale = layers.Rescaling(1 / 100, offset=-0.5)
        return keras.Sequential([keras.Input((FEATURES,)), scale, *mlp().layers])

    assert not warned(preflight(compiled(build), 100 * (X + 0.5), Y))


def test_labels_from_one_stop_what_needs_labels():
    found = by_name(preflight(compiled(), X, Y + 1))
    assert warned(found.values()) == {"labels"}
    assert found["labels"].measured == CLASSES
    assert found["overfit"].result == found["initial loss"].result == "skip"


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_values_that_are_not_finite_stop_the_rest(value):
    x = X.copy()
    x[3, 4] = value
    found = by_name(preflight(compiled(), x, Y))
    assert warned(found.values()) == {"finite values"}
    assert found["finite values"].measured == 1
    model = compiled()
    model.get_layer("dense_1").bias.assign(np.full(32, value))
    found = by_name(preflight(model, X, Y))
    assert warned(found.values()) == {"finite values"}
    assert found["finite values"].measured == 32


@pytest.mark.slow
def test_sigmoids_with_large_weights_saturate():
    def build():
        return mlp("sigmoid", keras.initializers.RandomNormal(stddev=5.0, seed=0))

    found = by_name(preflight(compiled(build), X, Y))
    assert found["saturation"].result == "warn"
    gentle = by_name(preflight(compiled(lambda: mlp("sigmoid", "glorot_normal")), X, Y))
    assert gentle["saturation"].result == "pass"
