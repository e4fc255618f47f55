"""Are batches whose size is a power of two faster, and are large ones faster than small ones?

A training step of a ReLU network, compiled by Keras, is timed in turn with one of 64 examples, and
medians of both are compared: the time of an example, in multiples of that in a batch of 64. One
lecture says that powers of two matched the hardware, and that it probably no longer matters.

References:
    Masters and Luschi (2018), Revisiting Small Batch Training, arXiv:1804.07612.
"""

import functools

import keras
import numpy as np
from keras import layers, losses

from zoo.claims import Claim, Difference, Number
from zoo.experiment import Measurement
from zoo.measure import draw, relative_time

INPUTS, UNITS, CLASSES, POWER, TURNS = 256, 512, 10, 64, 50


@functools.cache
def model():
    """Returns a compiled ReLU network with two hidden layers."""
    stack = [layers.Dense(UNITS, "relu") for _ in range(2)]
    made = keras.Sequential([keras.Input((INPUTS,)), *stack, layers.Dense(CLASSES)])
    made.compile("sgd", losses.SparseCategoricalCrossentropy(from_logits=True))
    return made


def step(size):
    """Returns a function that makes a training step on a batch of that size."""
    x, y = draw(size, size, INPUTS), np.arange(size) % CLASSES
    return lambda: model().train_on_batch(x, y)


def measure(size, seed):
    """Measures the time of a step over that of one on 64 examples, also for each example."""
    ratio = relative_time(step(size), step(POWER), TURNS)
    return {"time_of_step": ratio, "time_of_example": ratio * POWER / size}


SIZES = (8, 32, 60, 63, 65, 127, 128, 129, 512)
NEAR = ("60", "63", "65")

EXPERIMENT = Measurement(
    factor="batch size",
    timed=True,
    measure=measure,
    variants={f"{size}": size for size in SIZES},
    claims=[
        Claim(
            "BAT02",
            tuple(Number(size, "time_of_step", int(size) / POWER, 0.15) for size in NEAR),
            "A step on 60, 63 or 65 examples takes as long as its size says, within 15 % of one on "
            "64.",
        ),
        Claim(
            "BAT02 128",
            (
                Number("127", "time_of_example", 0.75, 0.25),
                Number("129", "time_of_example", 0.75, 0.25),
            ),
            "An example in a batch of 127 or 129 takes no longer than in one of 64.",
        ),
        Claim(
            "BAT03 time",
            (
                Difference("8", "32", "time_of_example", 0.1),
                Difference("32", "512", "time_of_example", 0.1),
            ),
            "An example takes less time the larger the batch: 8, 32, 512.",
        ),
    ],
)
