"""Up to which learning rate is a step stable on a quadratic, and how fast is it there?

Slopes of 300 steepnesses are gone down for 500 steps at a rate of 1, so that a steepness is the
product of rate and steepness. The limit is the first one at which the last steps swing wider than
steps in the middle do. With a momentum of 0.9 theory has it at 3.8, at 3.8 / 2.8 for Nesterov's,
and at 1 / 0.9 - 1 for Nesterov's with the sign that one lecture types; at a product of 0.2 a step
leaves sqrt(0.9) of the distance with momentum and sqrt(0.72) with Nesterov's.

References:
    Polyak (1964), Some methods of speeding up the convergence of iteration methods.
    Sutskever et al. (2013), On the importance of initialization and momentum, ICML.
    Lessard, Recht and Packard (2016), Analysis and Design of Optimization Algorithms,
        arXiv:1408.3595.
"""

import math
from functools import partial

import numpy as np
from keras import ops, optimizers

from zoo.claims import Claim, equal
from zoo.experiment import Measurement
from zoo.paths import Path, follow

BETA, STEPS, WINDOW = 0.9, 500, 50
PRODUCTS = np.geomspace(0.05, 5, 300)  # neighbours differ by 1.6 %
STEEPNESS = np.array([0.2, *PRODUCTS])
START = np.ones(len(STEEPNESS))
SHARE = 0.03  # of a limit, two steps of the grid


def height(x):
    """Returns the heights whose slopes are the steepness times the place."""
    return ops.convert_to_tensor(STEEPNESS, x.dtype) * x**2 / 2


def as_typed(place, velocity, unused, step, slope):
    """Takes the gradient at the place plus the velocity, which is then subtracted."""
    velocity = BETA * velocity + slope(place + BETA * velocity)
    return place - velocity, velocity, unused


def with_keras(**keywords):
    """Returns the places of Keras's SGD, shape (steps + 1, steepnesses)."""
    return Path(optimizers.SGD(1.0, **keywords), height, START.shape, STEPS)(START)


def with_formula():
    """Returns the places of the formula as it is typed."""
    return follow(as_typed, START, np.zeros((STEPS, 1)), STEEPNESS)[0]


def measure(places, seed):
    """Measures the limit, and the share of the distance that a step leaves at 0.2."""
    with np.errstate(over="ignore", invalid="ignore"):  # what is unstable becomes infinite
        far = np.abs(places())
        middle, end = far[STEPS // 2 :][:WINDOW].max(axis=0), far[-WINDOW:].max(axis=0)
    settles = ((end < middle) | (end == 0))[1:]
    between = STEPS + 1 - WINDOW - STEPS // 2
    return {
        "limit": PRODUCTS[~settles][0],
        "distance_left_at_0.2": (end[0] / middle[0]) ** (1 / between),
    }


def limit(of, stated):
    """Says where the limit is, but for the grid's steps."""
    return equal({"limit": stated}, of, SHARE * stated)


def left(of, stated):
    """Says which share of the distance a step leaves."""
    return equal({"distance_left_at_0.2": stated}, of, 0.01)


EXPERIMENT = Measurement(
    factor="formula",
    seeds=1,
    baseline="descent",
    measure=measure,
    variants={
        "descent": with_keras,
        "momentum": partial(with_keras, momentum=BETA),
        "nesterov": partial(with_keras, momentum=BETA, nesterov=True),
        "nesterov as typed": with_formula,
    },
    claims=[
        Claim(
            "OPT06 limit",
            (*limit("descent", 2.0), *limit("momentum", 2 * (1 + BETA))),
            "Momentum of 0.9 is stable up to 3.8 over the steepness, plain descent up to 2.",
        ),
        Claim(
            "OPT25 quadratic",
            limit("descent", 2.0),
            "On a quadratic plain descent diverges from a rate of 2 over the steepness on.",
        ),
        Claim(
            "OPT08 limit",
            limit("nesterov", 2 * (1 + BETA) / (1 + 2 * BETA)),
            "Nesterov momentum of 0.9 is stable up to 1.36 over the steepness.",
        ),
        Claim(
            "OPT08 sign",
            limit("nesterov as typed", 1 / BETA - 1),
            "With the sign that one lecture types it is stable up to 0.11 over the steepness only.",
        ),
        Claim(
            "OPT10 quadratic",
            (
                *left("momentum", math.sqrt(BETA)),
                *left("nesterov", math.sqrt(BETA * 0.8)),
            ),
            "At 0.2 over the steepness momentum leaves 95 % of the distance a step, Nesterov 85 %.",
        ),
    ],
)
