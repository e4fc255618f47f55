"""What gradient does each pair of output and loss give, where does it start, how low can it get?

Three numbers of a loss on ten logits: its value at logits of 0, its gradient at saturated logits
that are wrong, and the lowest value that any logits reach. An activation in front of the softmax
bounds the logits, and so keeps the loss above a floor. Keras on TensorFlow undoes a softmax or a
sigmoid that it finds right in front of its crossentropy; here the mistakes are made in earnest.

References:
    Goodfellow, Bengio and Courville (2016), Deep Learning, section 6.2.2.
    Golik, Doetsch and Ney (2013), Cross-entropy vs. squared error training, Interspeech.
"""

import math

import keras
import numpy as np
from keras import layers, ops
from keras.losses import BinaryCrossentropy, CategoricalCrossentropy, MeanSquaredError

from zoo.claims import Claim, Difference, Identity, equal
from zoo.experiment import Measurement
from zoo.losses import OneHotLoss
from zoo.measure import furthest, signal_gradients

CLASSES = 10


def softmax(z):
    """Returns the softmax of logits of shape (classes,)."""
    return np.exp(z - z.max()) / np.exp(z - z.max()).sum()


def sigmoid(z):
    """Returns the sigmoid."""
    return 1 / (1 + np.exp(-z))


def softmax_squares(z, y):
    """Returns the gradient of the mean of (p - y)^2 over the classes, p the softmax."""
    p = softmax(z)
    return 2 / CLASSES * p * (p - y - (p * (p - y)).sum())


def sigmoid_squares(z, y):
    """Returns the gradient of the mean of (p - y)^2 over the classes, p the sigmoid."""
    p = sigmoid(z)
    return 2 / CLASSES * (p - y) * p * (1 - p)


def crossentropy(activation="linear"):
    """Returns the crossentropy behind a softmax of activated logits."""
    return OneHotLoss(CategoricalCrossentropy(from_logits=True), activation)


# The loss, and the formula of its gradient.
VARIANTS = {
    "softmax + crossentropy": (crossentropy(), lambda z, y: softmax(z) - y),
    "sigmoid + crossentropy": (
        OneHotLoss(BinaryCrossentropy(from_logits=True)),
        lambda z, y: (sigmoid(z) - y) / CLASSES,
    ),
    "softmax + squares": (OneHotLoss(MeanSquaredError(), "softmax"), softmax_squares),
    "sigmoid + squares": (OneHotLoss(MeanSquaredError(), "sigmoid"), sigmoid_squares),
    "softmax twice": (crossentropy("softmax"), None),
    "tanh before softmax": (crossentropy("tanh"), None),
    "sigmoid before softmax": (crossentropy("sigmoid"), None),
}


def measure(variant, seed):
    """Measures one pair of output and loss."""
    loss, formula = variant
    drawn = np.random.default_rng(seed)
    label, wrong = drawn.permutation(CLASSES)[:2]
    # The logits of the wrong class are near 10, all others, the right one's too, near -10.
    logits = drawn.normal(np.where(np.arange(CLASSES) == wrong, 10, -10), 0.5).astype("float32")
    last = layers.Dense(CLASSES, kernel_initializer="zeros", name="logits")
    model = keras.Sequential([keras.Input((1,)), last])
    model.set_weights([np.zeros((1, CLASSES)), logits])
    gradient = signal_gradients(model, loss, np.ones((1, 1)), np.array([label]))["logits"][0]
    one_hot = np.eye(CLASSES, dtype="float32")[label]
    anything = drawn.normal(0, 50, (100, CLASSES)).astype("float32")
    tried = np.concatenate([anything, [200 * one_hot - 100]])
    found = {
        "initial_loss": loss([label], np.zeros((1, CLASSES), "float32")),
        "gradient": np.abs(gradient).max(),
        "lowest_loss": ops.min(loss.call(np.full(101, label), tried)),
    }
    if formula:
        found["gradient_error"] = furthest(gradient, formula(logits.astype(float), one_hot))
    return found


def floor(variant, lowest=-math.inf, highest=math.inf):
    """Says that the loss cannot fall below that of the lowest and highest activations."""
    value = math.log(1 + (CLASSES - 1) * math.exp(lowest - highest))
    return equal({"lowest_loss": value}, of=variant)


EXPERIMENT = Measurement(
    factor="loss",
    baseline="softmax + crossentropy",
    variants=VARIANTS,
    measure=measure,
    claims=[
        Claim(
            "LOS09",
            (
                Identity("gradient_error"),
                Difference("softmax + crossentropy", "softmax + squares", "gradient", 0.05),
                Difference("sigmoid + crossentropy", "sigmoid + squares", "gradient", 0.05),
            ),
            "At saturated wrong logits cross entropy has a larger gradient than squares.",
        ),
        # The mean over the outputs; the sum is ten times as much, 10 ln 2.
        Claim(
            "LOS11 initial loss",
            (
                *equal({"initial_loss": math.log(2)}, of="sigmoid + crossentropy"),
                *equal({"initial_loss": math.log(CLASSES)}, of="softmax + crossentropy"),
            ),
        ),
        Claim(
            "CUR10",
            (
                *floor("tanh before softmax", -1, 1),
                *floor("sigmoid before softmax", 0, 1),
                *floor("softmax + crossentropy"),
            ),
        ),
        Claim("CUR11", floor("softmax twice", 0, 1) + floor("softmax + crossentropy")),
    ],
)
