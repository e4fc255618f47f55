"""How do AdaGrad and RMSProp change the learning rate of each weight?

Gradients of random sign and of sizes around one number are handed to Keras's optimizers; a weight's
rate is its step over its gradient and the nominal rate. Sizes are near 1 or near 0.01, all 1, or
for five steps a hundred times larger. AdaGrad's sum starts at 0.1, as Keras has it, or at 0, as on
the slides.

References:
    Duchi et al. (2011), Adaptive Subgradient Methods, JMLR 12.
    Tieleman and Hinton (2012), Lecture 6.5, RMSProp, COURSERA.
"""

import functools
import math

import numpy as np
from keras import ops, optimizers

from zoo.claims import Claim, Difference, equal
from zoo.experiment import Measurement
from zoo.paths import Path

RATE, STEPS, WEIGHTS = 2**-3, 300, 20
SUM = 0.1  # at which Keras's sum of squares starts
BURST = slice(50, 55)


def make(name):
    """Returns an optimizer by the name that variants begin with."""
    return {
        "adagrad": lambda: optimizers.Adagrad(RATE, initial_accumulator_value=SUM),
        "adagrad0": lambda: optimizers.Adagrad(RATE, initial_accumulator_value=0.0),
        "rmsprop": lambda: optimizers.RMSprop(RATE),
    }[name]()


@functools.cache
def path(name):
    """Returns what follows an optimizer by gradients alone; compiled once."""
    return Path(make(name), ops.zeros_like, (WEIGHTS,), STEPS)


def gradients(seed, size, burst=False):
    """Draws gradients of random sign, half to one and a half times as large as `size`."""
    drawn = np.random.default_rng(seed)
    sizes = size * drawn.uniform(0.5, 1.5, (STEPS, WEIGHTS))
    if burst:
        sizes[BURST] *= 100
    return (sizes * drawn.choice([-1, 1], sizes.shape)).astype("float32")


def rates(name, given):
    """Returns the mean rate of the weights at each step, over the nominal one."""
    places = path(name)(np.zeros(WEIGHTS), given)
    return (-np.diff(places, axis=0) / given / RATE).mean(axis=1)


def falls(name, size):
    """Returns a measurement of how far the rate falls, in powers of ten."""

    def measure(seed):
        found = rates(name, gradients(seed, size))
        start = {"log10_fall_from_start": -math.log10(found[99] * math.sqrt(SUM))}
        return {
            "log10_fall_from_step_1": math.log10(found[0] / found[99]),
            **(start if name == "adagrad" else {}),
        }

    return measure


def constant(name):
    """Returns a measurement of the rate when all gradients are 1."""

    def measure(seed):
        found = rates(name, np.ones((STEPS, WEIGHTS), "float32"))
        return {"rate_at_step_100": found[99], "rate_at_step_300": found[299]}

    return measure


def burst(name):
    """Returns a measurement of the rate long after some large gradients, over that before."""

    def measure(seed):
        found = rates(name, gradients(seed, 1.0, burst=True))
        return {"rate_kept_after_burst": found[-50:].mean() / found[BURST.start - 10 :][:10].mean()}

    return measure


FROM_0 = "adagrad from 0 constant"
FALL, START_FALL, KEPT = "log10_fall_from_step_1", "log10_fall_from_start", "rate_kept_after_burst"

EXPERIMENT = Measurement(
    factor="optimizer and gradients",
    variants={
        "adagrad large": falls("adagrad", 1.0),
        "adagrad small": falls("adagrad", 0.01),
        "adagrad from 0 large": falls("adagrad0", 1.0),
        "adagrad from 0 small": falls("adagrad0", 0.01),
        "adagrad from 0 constant": constant("adagrad0"),
        "rmsprop constant": constant("rmsprop"),
        "adagrad burst": burst("adagrad"),
        "rmsprop burst": burst("rmsprop"),
    },
    claims=[
        Claim(
            "OPT12",
            Difference("adagrad large", "adagrad small", START_FALL, 0.3),
            "From Keras's start AdaGrad's rate falls by a factor of two or more further in 100 "
            "steps where gradients are large.",
        ),
        Claim(
            "OPT12 from 0",
            Difference("adagrad from 0 large", "adagrad from 0 small", FALL, 0.1),
            "As on the slides, with a sum from 0, AdaGrad's rate falls further after the first "
            "step where gradients are large.",
        ),
        Claim(
            "OPT12 root",
            equal({"rate_at_step_100": 0.1, "rate_at_step_300": 300**-0.5}, FROM_0, 1e-4),
            "On constant gradients AdaGrad's rate falls as 1 / sqrt(t).",
        ),
        Claim(
            "OPT14 constant",
            equal({"rate_at_step_100": 1.0, "rate_at_step_300": 1.0}, "rmsprop constant", 1e-4),
            "On constant gradients RMSProp's rate does not fall.",
        ),
        Claim(
            "OPT14 recent",
            Difference("rmsprop burst", "adagrad burst", KEPT, 0.5),
            "Long after a burst of large gradients RMSProp has its rate again, AdaGrad has not.",
        ),
    ],
)
