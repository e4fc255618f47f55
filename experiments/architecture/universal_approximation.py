"""How closely does one hidden layer of ReLU units follow a function when its weights are set?

The function is x^3 + x^2 - x - 1 from -2 to 1.6. A lecture adds up six units that were set by
hand; others are set to interpolate at equal distances. These also follow a random walk of 4,096
steps, which is continuous and nowhere smooth. Outside is one unit of length beyond either end,
which no theorem speaks of.

References:
    Hornik (1991), Approximation Capabilities of Multilayer Feedforward Networks, Neural Networks 4.
    Yarotsky (2017), Error bounds for approximations with deep ReLU networks, arXiv:1610.01145.
"""

import keras
import numpy as np
from keras import layers, ops

from zoo.claims import Claim, Ratio, Trend, equal
from zoo.experiment import Measurement
from zoo.measure import rms

LOW, HIGH = -2.0, 1.6
GRID = np.linspace(LOW, HIGH, 3601)  # inputs at which errors are looked for
OUTSIDE = np.array([LOW - 1, HIGH + 1])
PLACES = np.arange(-25, 22) / 10  # of the picture
WALK = 4096  # steps of the random walk
# The lecture's units: input weight, bias, output weight.
BY_HAND = np.array(
    [(-5, -7.7, -1), (-1.2, -1.3, -1), (1.2, 1, -1), (1.2, -0.2, 1), (2, -1.1, 1), (5, -5, 1)]
)


def target(x):
    """Returns the function that is approximated."""
    return x**3 + x**2 - x - 1


def network(weights, biases, outputs, shift=0.0):
    """Returns a Keras network with one hidden layer of ReLU units, as a function of numbers.

    Args:
        weights: Of the hidden units, shape (units,).
        biases: Of the hidden units, shape (units,).
        outputs: Weights of their outputs, shape (units,).
        shift: Bias of the output.
    """
    stack = [keras.Input((1,)), layers.Dense(len(weights), "relu"), layers.Dense(1)]
    model = keras.Sequential(stack)
    model.set_weights([weights[None], biases, outputs[:, None], np.array([shift])])
    return lambda x: ops.convert_to_numpy(model(x[:, None]))[:, 0]


def interpolating(values):
    """Returns a network that has given values at equal distances and is straight between."""
    knots = np.linspace(LOW, HIGH, len(values))[:-1]
    slopes = np.diff(values) / (HIGH - LOW) * len(knots)
    return network(np.ones(len(knots)), -knots, np.diff(slopes, prepend=0.0), values[0])


def outputs(function):
    """Returns the outputs of a function by the input."""
    return {("output", place): y for place, y in zip(PLACES, function(PLACES), strict=True)}


def numbers(function):
    """Returns how far a function is from the target, and its outputs."""
    distances = abs(function(GRID) - target(GRID))
    return {
        "largest_error": distances.max(),
        "rms_error": rms(distances),
        "error_outside": abs(function(OUTSIDE) - target(OUTSIDE)).max(),
        **outputs(function),
    }


def interpolation(units):
    """Returns a measurement of units that interpolate the target, and a random walk."""

    def check(seed):
        steps = np.random.default_rng(seed).normal(0, WALK**-0.5, WALK)
        walk = np.append(0.0, np.cumsum(steps))
        found = interpolating(walk[:: WALK // units])(np.linspace(LOW, HIGH, WALK + 1))
        own = numbers(interpolating(target(np.linspace(LOW, HIGH, units + 1))))
        return {**own, "largest_error_on_random_walk": abs(found - walk).max()}

    return check


HAND = "six by hand"
AS_PRINTED = {-2: -3.4, -1: 0, 0: -1, 0.5: -1.2, 1: -0.3, 1.5: 3.2}
WIDTHS = (4, 16, 64, 256)
UNITS = tuple(f"{units} units" for units in WIDTHS)

EXPERIMENT = Measurement(
    factor="hidden layer",
    baseline="target",
    places="input",
    variants={
        "target": lambda _: outputs(target),
        HAND: lambda _: numbers(network(*BY_HAND.T)),
        **{label: interpolation(units) for label, units in zip(UNITS, WIDTHS, strict=True)},
    },
    claims=[
        Claim(
            "DEP01",
            (
                Trend(UNITS, "largest_error", rises=False),
                Trend(UNITS, "largest_error_on_random_walk", rises=False),
                Ratio(UNITS[1], UNITS[2], "largest_error", 16.0),
            ),
            "The largest error of units that interpolate falls with their number, on a cubic with "
            "its square, and also on a random walk.",
        ),
        Claim(
            "DEP02",
            (
                *equal({f"output@{x}": y for x, y in AS_PRINTED.items()}, HAND),
                *equal({"largest_error": 0.43253, "rms_error": 0.1399}, HAND, tolerance=1e-3),
            ),
            "Six units set by hand go through (-1, 0), (0, -1), (1, -0.3) and differ from the "
            "cubic by at most 0.43 and by 0.14 in the root mean square.",
        ),
    ],
)
