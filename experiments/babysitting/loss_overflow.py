"""When does a loss become infinite or no number, and when is it the learning rate's fault?

Losses are asked of outputs that a diverging network may have: the slides' in NumPy, Keras's of
probabilities, which it clips at 1e-7, and that of logits. Then networks learn ten clusters with
inputs so large that softmax has zeros, with a missing value, and at a rate far too high.

References:
    Stanford CS231n (2015), lecture 5 and assignment 1.
    Goodfellow et al. (2016), Deep Learning, section 4.1.
"""

import functools
import math
import warnings
from functools import partial

import keras
import numpy as np
from keras import layers, losses, ops

from zoo.claims import Claim, Difference, equal, zero
from zoo.experiment import Measurement
from zoo.trials import restart

INPUTS, CLASSES, EXAMPLES, BATCH, EPOCHS = 20, 10, 500, 50, 12
CLIPPED = -math.log(1e-7)
FINITE = np.array([[0.0, 800.0] + 8 * [0.0]], "float32")  # the right class is the first
INFINITE = np.array([[np.inf, np.inf] + 8 * [0.0]], "float32")
FROM_LOGITS = losses.SparseCategoricalCrossentropy(from_logits=True)


def slides(labels, logits):
    """Returns the slides' loss in NumPy."""
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return -np.log(shares[np.arange(len(labels)), labels]).mean()


def clipped(labels, logits):
    """Returns Keras's loss of probabilities; of a bare softmax it would take the logits."""
    return losses.SparseCategoricalCrossentropy()(labels, 1.0 * ops.softmax(logits))


def naive(labels, logits):
    """Returns the mean negative logarithm of a softmax that may come out as 0."""
    chosen = ops.one_hot(ops.cast(ops.reshape(labels, (-1,)), "int32"), CLASSES)
    return ops.mean(-ops.log(ops.sum(ops.softmax(logits) * chosen, axis=-1)))


def evaluate(loss, _):
    """Measures a loss of outputs that are 800 apart and of infinite ones, and NumPy's warnings."""
    label = np.zeros(1, int)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found, broken = (float(loss(label, logits)) for logits in (FINITE, INFINITE))
    told = " ".join(str(each.message) for each in caught)
    return {
        **({"loss_800_apart": found} if math.isfinite(found) else {}),
        "infinite": math.isinf(found),
        "no_number": math.isnan(broken),
        "division_warning": "divide by zero encountered in log" in told,
        "subtract_warning": "invalid value encountered in subtract" in told,
    }


@functools.cache
def compiled(loss):
    """Returns a network with two hidden layers that trains with a loss, compiled once."""
    hidden = [layers.Dense(50, "elu") for _ in range(2)]
    model = keras.Sequential([keras.Input((INPUTS,)), *hidden, layers.Dense(CLASSES)])
    model.compile(keras.optimizers.SGD(), loss, steps_per_execution=EXAMPLES // BATCH)
    return model


def train(loss, seed, rate=0.1, scale=1.0, missing=False):
    """Trains and counts the epochs until the loss is not finite."""
    drawn, model = np.random.default_rng(seed), compiled(loss)
    y = drawn.integers(CLASSES, size=EXAMPLES)
    x = drawn.normal(0, 0.5, (CLASSES, INPUTS))[y] + drawn.normal(size=(EXAMPLES, INPUTS))
    x = (scale * x).astype("float32")
    x[0, 0] = np.nan if missing else x[0, 0]
    restart(model, seed)
    model.optimizer.learning_rate = rate
    found = model.fit(x, y, BATCH, EPOCHS, verbose=0).history["loss"]
    bad = ~np.isfinite(found)
    return {"ends_not_finite": bad.any(), "finite_epochs": bad.argmax() if bad.any() else EPOCHS}


UNSCALED, RATE, MISSING = {"rate": 0.001, "scale": 100.0}, {"rate": 1e6}, {"missing": True}

EXPERIMENT = Measurement(
    factor="loss",
    trains=True,
    variants={
        "slides": partial(evaluate, slides),
        "naive": partial(evaluate, naive),
        "clipped": partial(evaluate, clipped),
        "logits": partial(evaluate, FROM_LOGITS),
        "healthy - naive": partial(train, naive),
        "large inputs - naive": partial(train, naive, **UNSCALED),
        "large inputs - clipped": partial(train, clipped, **UNSCALED),
        "large inputs - logits": partial(train, FROM_LOGITS, **UNSCALED),
        "missing value - logits": partial(train, FROM_LOGITS, **MISSING),
        "rate 1e6 - clipped": partial(train, clipped, **RATE),
        "rate 1e6 - logits": partial(train, FROM_LOGITS, **RATE),
    },
    claims=[
        Claim(
            "BAB20",
            (
                *equal({"division_warning": 1, "infinite": 1}, "slides", 0.0),
                *equal({"subtract_warning": 1, "no_number": 1}, "slides", 0.0),
            ),
            "In NumPy the slides' loss divides by zero in a logarithm where a softmax is 0, and "
            "subtracts invalid values where outputs are infinite.",
        ),
        Claim(
            "BAB20 Keras",
            (
                *equal({"infinite": 0, "loss_800_apart": CLIPPED}, "clipped", 1e-4),
                *equal({"infinite": 0, "loss_800_apart": 800}, "logits", 1e-4),
            ),
            "Keras's loss of probabilities stops at 16.118, that of logits is right at 800.",
        ),
        Claim(
            "CUR08",
            (
                Difference("large inputs - naive", "large inputs - logits", "ends_not_finite", 0.5),
                Difference("large inputs - naive", "healthy - naive", "ends_not_finite", 0.5),
            ),
            "With large inputs a naive loss ends not finite; that of logits does not, nor does "
            "the naive one with inputs to scale.",
            deviation="how many iterations it takes is not asked",
        ),
        Claim(
            "BAB16 others",
            (
                *equal({"ends_not_finite": 1}, "rate 1e6 - logits", 0.0),
                *zero("ends_not_finite", of="missing value - logits", tolerance=0.0),
                *zero("ends_not_finite", of="large inputs - naive", tolerance=0.0),
            ),
            "Of a rate far too high, a missing value and a naive loss only the rate ends it.",
        ),
    ],
)
