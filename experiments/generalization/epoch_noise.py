"""How noisy is validation accuracy from epoch to epoch, and is its trend the better judge?

A network with one hidden layer learns ten overlapping normal clusters by SGD at a constant rate.
After each epoch its accuracy is taken on ten validation sets of 50 to 5,000 examples, and on all
50,000 fresh ones together. Is it rising or falling? The sign of the slope over the last ten epochs
on all examples is the answer; asked are the last step on a validation set, and its own slope over
the ten epochs. A judge that sees no change is half wrong. Noise is what an epoch differs by from
the middle of its neighbours, by second differences over the square root of 6, after epoch ten;
beside it stands the standard error sqrt(p (1 - p) / n) of a share.

References:
    Prechelt (1998), Early Stopping - But When?, in Neural Networks: Tricks of the Trade.
"""

import functools

import keras
import numpy as np
from keras import layers, ops

from zoo.claims import Claim, Difference, Trend
from zoo.experiment import Measurement, crossentropy
from zoo.measure import rms

INPUTS, CLASSES, EXAMPLES = 20, 10, 1000
SIZES, SETS = (50, 200, 1000, 5000), 10
EPOCHS, WINDOW, BATCH, RATE = 30, 10, 20, 0.02


def clusters(seed):
    """Draws examples to train on and fresh ones, each as inputs and classes."""
    drawn = np.random.default_rng(seed)
    centres = drawn.normal(0, 0.6, (CLASSES, INPUTS))
    y = drawn.integers(CLASSES, size=EXAMPLES + SETS * SIZES[-1])
    x = (centres[y] + drawn.normal(size=(len(y), INPUTS))).astype("float32")
    return (x[:EXAMPLES], y[:EXAMPLES]), (x[EXAMPLES:], y[EXAMPLES:])


@functools.cache
def rights(seed):
    """Returns which fresh examples are right after each epoch, shape (EPOCHS, examples)."""
    training, (x, y) = clusters(seed)
    stack = [keras.Input((INPUTS,)), layers.Dense(32, "relu"), layers.Dense(CLASSES)]
    model = keras.Sequential(stack)
    model.compile(keras.optimizers.SGD(RATE), crossentropy())
    found = []

    def look(epoch, logs):
        found.append(ops.convert_to_numpy(model(x)).argmax(axis=1) == y)

    callback = keras.callbacks.LambdaCallback(on_epoch_end=look)
    model.fit(*training, BATCH, EPOCHS, verbose=0, callbacks=[callback])
    return np.array(found)


def slopes(accuracies):
    """Returns the slopes over all windows of epochs, (windows, ...) for (EPOCHS, ...)."""
    windows = np.lib.stride_tricks.sliding_window_view(accuracies, WINDOW, axis=0)
    time = np.arange(WINDOW) - (WINDOW - 1) / 2
    return windows @ time / (time @ time)


def measure(variant, seed):
    """Measures the noise on sets of a size, and how often a judge is wrong on the direction."""
    size, judge = variant
    right = rights(seed)
    sets = right[:, : SETS * size].reshape(EPOCHS, SETS, size).mean(axis=2)  # (epochs, sets)
    truth = np.sign(slopes(right.mean(axis=1)))[:, None]
    steps = sets[WINDOW - 1 :] - sets[WINDOW - 2 : -1]
    says = np.sign(slopes(sets) if judge == "trend" else steps)
    noise, p = rms(np.diff(sets[WINDOW:], 2, axis=0)) / 6**0.5, right[WINDOW:].mean()
    return {
        "test_accuracy": p,
        "noise": noise,
        "noise_over_standard_error": noise / (p * (1 - p) / size) ** 0.5,
        "wrong_on_direction": np.mean(abs(says - truth)) / 2,
    }


STEP, TREND = ({size: f"{judge} of {size}" for size in SIZES} for judge in ("last step", "trend"))

EXPERIMENT = Measurement(
    factor="judge",
    trains=True,
    variants={
        label: (size, label.partition(" of ")[0])
        for own in (STEP, TREND)
        for size, label in own.items()
    },
    measure=measure,
    claims=[
        Claim(
            "SPL10 noise",
            Trend(tuple(STEP.values()), "noise", rises=False),
            "The fewer examples there are to validate on, the more accuracy fluctuates from epoch "
            "to epoch.",
        ),
        Claim(
            "SPL10 trend",
            tuple(Difference(STEP[size], TREND[size], "wrong_on_direction") for size in SIZES),
            "Whether accuracy rises or falls is told wrongly more often by the last step than by "
            "the slope over ten epochs, on 50 to 5,000 examples.",
            deviation="the direction asked for is that of ten epochs, which favours the slope; an "
            "earlier rule, how far an epoch lies from the mean of five, had decided nothing",
        ),
    ],
)
