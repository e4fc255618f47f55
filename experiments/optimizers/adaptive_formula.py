"""Do Keras's AdaGrad, RMSProp and Adam step as the lectures' formulas say?

For 200 steps each goes down slopes of 20 steepnesses with noisy gradients, beside the formula in
double precision; an error is the largest distance in any step. Epsilon is large where its place is
asked for, inside the square root or outside, and else too small to be seen. Adam is typed so that
the corrected averages overwrite the old ones. A gradient of 1e-6 shows what the place of Keras's
own epsilon, 1e-7, is worth: a step without any epsilon would be 1.

References:
    Duchi et al. (2011), Adaptive Subgradient Methods, JMLR 12.
    Tieleman and Hinton (2012), Lecture 6.5, RMSProp, COURSERA.
    Kingma and Ba (2015), Adam: A Method for Stochastic Optimization, arXiv:1412.6980.
"""

import math
from functools import partial

import numpy as np
from keras import ops, optimizers

from zoo.claims import Claim, equal, zero
from zoo.experiment import Measurement
from zoo.measure import furthest
from zoo.paths import Path, follow

# Near 0.1, 0.9 and 0.999, and exact in the single precision in which Keras keeps some of them.
RATE, BETA, BETA_2 = 2**-3, 1 - 2**-3, 1 - 2**-10
STEPS, STEEPNESS = 200, np.geomspace(0.01, 1, 20)
SEEN, UNSEEN = 1e-3, 1e-12  # epsilons
TINY, SMALL = 1e-6, 1e-7  # a gradient, and Keras's epsilon
EXACT = 1e-6


def height(x):
    """Returns the heights whose slopes are the steepness times the place."""
    return ops.convert_to_tensor(STEEPNESS, x.dtype) * x**2 / 2


def adagrad(place, unused, squares, step, slope):
    """Divides by the root of the sum of squares and epsilon."""
    gradient = slope(place)
    squares = squares + gradient**2
    return place - RATE / np.sqrt(squares + SEEN) * gradient, unused, squares


def rmsprop(place, velocity, squares, step, slope, rho=BETA, beta=0.0, epsilon=SEEN):
    """Divides by the root of a decaying average of squares and epsilon; `beta` keeps velocity."""
    squares = rho * squares + (1 - rho) * slope(place) ** 2
    velocity = beta * velocity + RATE / np.sqrt(squares + epsilon) * slope(place)
    return place - velocity, velocity, squares


def adam(place, mean, squares, step, slope, overwrites=False, epsilon=UNSEEN):
    """Corrects both averages; as typed, what is corrected is also what is kept."""
    gradient = slope(place)
    mean = BETA * mean + (1 - BETA) * gradient
    squares = BETA_2 * squares + (1 - BETA_2) * gradient**2
    corrected = mean / (1 - BETA**step), squares / (1 - BETA_2**step)
    kept = corrected if overwrites else (mean, squares)
    return place - RATE * corrected[0] / np.sqrt(corrected[1] + epsilon), *kept


def corrected_rmsprop(place, unused, squares, step, slope):
    """Divides by the root of a corrected average of squares."""
    gradient = slope(place)
    squares = BETA_2 * squares + (1 - BETA_2) * gradient**2
    return place - RATE * gradient / np.sqrt(squares / (1 - BETA_2**step)), unused, squares


def corrected_momentum(place, mean, unused, step, slope):
    """Subtracts the rate times a corrected average of gradients."""
    mean = BETA * mean + (1 - BETA) * slope(place)
    return place - RATE * mean / (1 - BETA**step), mean, unused


def compare(formula, make, signs=False):
    """Returns a measurement of Keras's distance from a formula, on noisy slopes or on signs."""

    def measure(seed):
        start = np.ones(len(STEEPNESS))
        noise = np.random.default_rng(seed).normal(size=(STEPS, len(start))).astype("float32")
        surface, steepness = (ops.zeros_like, 0.0) if signs else (height, STEEPNESS)
        noise = np.sign(noise) if signs else noise
        found = Path(make(RATE), surface, start.shape, STEPS)(start, noise)
        return {"error": furthest(follow(formula, start, noise, steepness)[0], found)}

    return measure


def tiny(make, step):
    """Returns a measurement of the size of a step on a tiny gradient, in multiples of the rate."""

    def measure(seed):
        places = Path(make(RATE), ops.zeros_like, (1,), STEPS)(np.zeros(1), TINY)
        return {"tiny_step": (places[step - 1] - places[step])[0] / RATE}

    return measure


FROM_0 = partial(optimizers.Adagrad, initial_accumulator_value=0.0)
ADAM = partial(optimizers.Adam, beta_1=BETA, beta_2=BETA_2)
HATS = partial(ADAM, epsilon=UNSEEN)
ROOTS = ("adagrad", "rmsprop")
TINY_ROOTS = ("adagrad tiny", "rmsprop tiny")
PARTS = ("adam without momentum", "adam on signs")
AVERAGE = "Keras's RMSProp divides by the root of a decaying average of squares and epsilon."
APART = "Keras's Adam has corrected averages that do not overwrite the others."
COMBINED = "Without its first average Adam is RMSProp; on gradients of size 1 it is momentum."

CALLED = {"rho": 0.9, "epsilon": 1e-10}  # with a momentum of 0.9
MOMENTUM = "With that call RMSProp's steps, with epsilon inside the root, gather as momentum's do."

EXPERIMENT = Measurement(
    factor="formula",
    seeds=2,
    variants={
        "adagrad": compare(adagrad, partial(FROM_0, epsilon=SEEN)),
        "rmsprop": compare(rmsprop, partial(optimizers.RMSprop, rho=BETA, epsilon=SEEN)),
        "rmsprop as called": compare(
            partial(rmsprop, beta=0.9, **CALLED),
            partial(optimizers.RMSprop, momentum=0.9, **CALLED),
        ),
        "adam": compare(adam, HATS),
        "adam as typed": compare(partial(adam, overwrites=True), HATS),
        "adam epsilon inside": compare(partial(adam, epsilon=SEEN), partial(ADAM, epsilon=SEEN)),
        "adam without momentum": compare(corrected_rmsprop, partial(HATS, beta_1=0.0)),
        "adam on signs": compare(corrected_momentum, HATS, signs=True),
        # AdaGrad's sum is the square only in the first step; the averages have to fill.
        "adagrad tiny": tiny(FROM_0, 1),
        "rmsprop tiny": tiny(optimizers.RMSprop, STEPS),
        "adam tiny": tiny(partial(optimizers.Adam, beta_2=0.9), STEPS),
    },
    claims=[
        Claim("OPT11", zero("error", of="adagrad", tolerance=EXACT)),
        Claim("OPT14", zero("error", of="rmsprop", tolerance=EXACT), AVERAGE),
        Claim("OPT15", zero("error", of="rmsprop as called", tolerance=EXACT), MOMENTUM),
        Claim("OPT16", zero("error", of="adam as typed", tolerance=EXACT)),
        Claim("OPT17 kept apart", zero("error", of="adam", tolerance=EXACT), APART),
        Claim("OPT18", zero("error", of=PARTS, tolerance=EXACT), COMBINED),
        Claim("OPT19", zero("error", of=(*ROOTS, "adam epsilon inside"), tolerance=EXACT)),
        Claim(
            "OPT19 tiny",
            (
                *equal({"tiny_step": TINY / math.hypot(TINY, math.sqrt(SMALL))}, TINY_ROOTS, 1e-4),
                *equal({"tiny_step": TINY / (TINY + SMALL)}, "adam tiny", 1e-4),
            ),
            "On a gradient of 1e-6 epsilon inside the root leaves 0.3 % of a step, outside 91 %.",
        ),
    ],
)
