"""Does training find the approximations that one hidden layer of ReLU units can represent?

The function is x^3 + x^2 - x - 1 from -2 to 1.6, which a lecture follows with six units that were
set by hand. Here layers of 1 to 256 units are trained, four starts of every width side by side in
one model, by 2,000 steps of Adam on all points at once; errors are those of the best start. Beside
them stand 64 units that interpolate at equal distances.

References:
    Hornik (1991), Approximation Capabilities of Multilayer Feedforward Networks, Neural Networks 4.
    Holzmüller and Steinwart (2022), Training Two-Layer ReLU Networks with Gradient Descent is
    Inconsistent, JMLR 23.
"""

import functools

import keras
import numpy as np
from keras import layers, ops

from zoo.claims import Claim, Difference, Trend
from zoo.experiment import Measurement
from zoo.trials import forget

LOW, HIGH = -2.0, 1.6
POINTS = np.linspace(LOW, HIGH, 49)  # to train on
GRID = np.linspace(LOW, HIGH, 3601)  # inputs at which errors are looked for
PLACES = np.arange(-25, 22) / 10  # of the picture
X = np.concatenate([GRID, PLACES])
WIDTHS = (1, 4, 6, 16, 64, 256)
STARTS, EPOCHS, STEPS, RATE = 4, 20, 100, 0.01  # STEPS of an epoch
CLOSE = "share_as_close_as_by_hand"


def target(x):
    """Returns the function that is approximated."""
    return x**3 + x**2 - x - 1


def by_hand():
    """Returns the outputs of the lecture's six units for the inputs X."""
    weights, biases = (-5, -1.2, 1.2, 1.2, 2, 5), (-7.7, -1.3, 1, -0.2, -1.1, -5)
    return np.maximum(np.outer(X, weights) + biases, 0) @ (-1, -1, -1, 1, 1, 1)


def interpolated(units):
    """Returns the outputs for X of units that interpolate the target at equal distances."""
    knots = np.linspace(LOW, HIGH, units + 1)
    return np.interp(X, knots, target(knots))


def rms_errors(distances):
    """Returns the root mean squares of distances at the inputs X inside of the interval."""
    return np.sqrt(np.mean(np.square(distances[: len(GRID)]), axis=0))


def outputs(y):
    """Returns what the picture shows of outputs y for the inputs X."""
    return {("output", x): value for x, value in zip(PLACES, y[len(GRID) :], strict=True)}


def numbers(y):
    """Returns how far outputs y for the inputs X are from the target, and some of them."""
    largest = abs(y - target(X))[: len(GRID)].max()
    return {
        "largest_error": largest,
        "log10_largest_error": np.log10(largest),
        "rms_error": rms_errors(y - target(X)),
        **outputs(y),
    }


@functools.cache
def side_by_side():
    """Makes a model of every width and start: from (batch, 1) to (batch, widths, starts)."""
    x = keras.Input((1,))
    ends = []
    for units in WIDTHS:
        hidden = layers.EinsumDense("bi,isn->bsn", (STARTS, units), "relu", "sn")(x)
        ends.append(layers.EinsumDense("bsn,sn->bs", (STARTS,), bias_axes="s")(hidden))
    model = keras.Model(x, ops.stack(ends, axis=1))
    schedule = keras.optimizers.schedules.CosineDecay(RATE, EPOCHS * STEPS)
    model.compile(keras.optimizers.Adam(schedule), "mean_squared_error", steps_per_execution=STEPS)
    return model


@functools.cache
def trained(seed):
    """Returns the outputs of all networks after training, shape (len(X), widths, starts)."""
    model, drawn = side_by_side(), np.random.default_rng(seed)
    for layer in model.layers:
        if layer.weights:
            kernel, bias = (weight.shape for weight in layer.weights)
            hidden = len(kernel) == 3  # (inputs, starts, units), else (starts, units)
            # As He. Biases of hidden units are drawn, too: else all kinks were at 0.
            scale = (2 if hidden else 2 / kernel[1]) ** 0.5
            layer.set_weights([drawn.normal(0, scale, kernel), drawn.normal(0, hidden, bias)])
    forget(model)
    x = np.tile(POINTS, STEPS)[:, None]
    y = np.broadcast_to(target(x)[..., None], (len(x), len(WIDTHS), STARTS))
    model.fit(x, y, len(POINTS), EPOCHS, shuffle=False, verbose=0)
    return ops.convert_to_numpy(model(X[:, None]))


def found_by_training(units):
    """Returns a measurement of the best of the starts, and the share as close as by hand."""

    def check(seed):
        found = trained(seed)[:, WIDTHS.index(units)]
        errors = rms_errors(found - target(X)[:, None])
        close = np.mean(errors <= rms_errors(by_hand() - target(X)))
        return {**numbers(found[:, np.argmin(errors)]), CLOSE: close}

    return check


DEVIATION = "the best of four starts after 2,000 steps of Adam"
HAND, SET = "six by hand", "64 interpolating"
TRAINED = {units: f"{units} trained" for units in WIDTHS}

EXPERIMENT = Measurement(
    factor="hidden layer",
    baseline="target",
    places="input",
    trains=True,
    variants={
        "target": lambda _: outputs(target(X)),
        HAND: lambda _: {**numbers(by_hand()), CLOSE: 1.0},
        SET: lambda _: numbers(interpolated(64)),
        **{label: found_by_training(units) for units, label in TRAINED.items()},
    },
    claims=[
        Claim(
            "DEP01 trained",
            Trend(tuple(TRAINED[n] for n in (4, 16, 64, 256)), "log10_largest_error", rises=False),
            "Of layers that are trained, wider ones come closer to a cubic, from 4 to 256 units.",
            deviation=DEVIATION,
        ),
        Claim(
            "DEP03",
            (
                Difference(HAND, TRAINED[6], CLOSE, margin=0.1),
                Difference(TRAINED[64], SET, "log10_largest_error", margin=0.3),
            ),
            "From fewer than nine in ten starts training finds six units as close as those by "
            "hand, and 64 units only with twice the error of 64 that interpolate.",
            deviation=DEVIATION + "; how large a layer has to be is not looked at",
        ),
    ],
)
