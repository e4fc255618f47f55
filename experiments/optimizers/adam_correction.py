"""What does Adam's correction do, and what if it overwrites the averages?

Keras's averages are looked at after one step on gradients around 1, and the step itself, which is
compared with that of the formula without the corrections. The formula, with averages kept apart
and as one lecture types it, goes down a quadratic of 20 steepnesses for 2,000 steps.

References:
    Kingma and Ba (2015), Adam: A Method for Stochastic Optimization, arXiv:1412.6980.
"""

import math
from functools import partial

import keras
import numpy as np
from keras import ops, optimizers

from zoo.claims import Claim, Difference, equal
from zoo.experiment import Measurement
from zoo.paths import follow

RATE, BETA, BETA_2, STEPS, WEIGHTS = 2**-3, 0.9, 0.999, 2000, 20


def gradients(seed):
    """Draws gradients of random sign, from 0.5 to 1.5."""
    drawn = np.random.default_rng(seed)
    sizes = drawn.uniform(0.5, 1.5, WEIGHTS)
    return (sizes * drawn.choice([-1, 1], WEIGHTS)).astype("float32")


def adam(place, mean, squares, step, slope, overwrites=False, corrects=True):
    """Steps as Adam does; as typed, what is corrected is also what is kept."""
    mean = BETA * mean + (1 - BETA) * slope(place)
    squares = BETA_2 * squares + (1 - BETA_2) * slope(place) ** 2
    corrected = (mean / (1 - BETA**step), squares / (1 - BETA_2**step))
    used = corrected if corrects else (mean, squares)
    kept = corrected if overwrites else (mean, squares)
    return place - RATE * used[0] / np.sqrt(used[1] + 1e-14), *kept


def first_step(seed):
    """Measures Keras's averages after a step, over what they are of, and the step itself."""
    given = gradients(seed)
    optimizer, place = optimizers.Adam(RATE), keras.Variable(np.zeros(WEIGHTS, "float32"))
    optimizer.apply([ops.convert_to_tensor(given)], [place])
    mean, squares = (ops.convert_to_numpy(v) for v in optimizer.variables[-2:])
    return {
        "first_step": np.abs(place).mean() / RATE,
        "mean_over_gradient": (mean / given).mean(),
        "squares_over_square": (squares / given**2).mean(),
    }


def uncorrected(seed):
    """Measures the first step of the formula without the corrections."""
    formula = partial(adam, corrects=False)
    places, _ = follow(formula, np.zeros(WEIGHTS), gradients(seed)[None])
    return {"first_step": np.abs(places[1]).mean() / RATE}


def bowl(overwrites):
    """Returns a measurement of how much of its height the formula leaves."""

    def measure(seed):
        start = np.random.default_rng(seed).normal(size=WEIGHTS)
        steepness = np.geomspace(0.01, 1, WEIGHTS)
        formula = partial(adam, overwrites=overwrites)
        with np.errstate(over="ignore"):  # an average of squares that grows beyond all numbers
            places, _ = follow(formula, start, np.zeros((STEPS, 1)), steepness)
        heights = (steepness * places**2).sum(axis=1)
        return {"height_left": heights[-1] / heights[0]}

    return measure


AVERAGES = {"mean_over_gradient": 1 - BETA, "squares_over_square": 1 - BETA_2}
WITHOUT = (1 - BETA) / math.sqrt(1 - BETA_2)

EXPERIMENT = Measurement(
    factor="formula",
    variants={
        "first step": first_step,
        "first step uncorrected": uncorrected,
        "adam": bowl(False),
        "adam as typed": bowl(True),
    },
    claims=[
        Claim(
            "OPT17",
            equal(AVERAGES, "first step", 1e-6),
            "After a step Adam's averages are a tenth of the gradient and a thousandth of its "
            "square; the corrections make them equal.",
        ),
        Claim(
            "OPT17 step",
            (
                *equal({"first_step": 1.0}, "first step", 1e-4),
                *equal({"first_step": WITHOUT}, "first step uncorrected", 1e-4),
            ),
            "Adam's first step is the rate; without the corrections it would be 3.16 times larger.",
        ),
        Claim(
            "OPT17 overwritten",
            Difference("adam as typed", "adam", "height_left", 0.1),
            "With overwritten averages Adam leaves over a tenth more of the height of a quadratic.",
        ),
    ],
)
