"""Do Keras's SGD, momentum and Nesterov momentum step as the lectures' formulas say?

For 200 steps each goes down slopes of 20 steepnesses with noisy gradients, beside the formula in
double precision; an error is the largest distance in any step. Keras keeps Nesterov's place one
velocity further on, so places are compared with the formula's as they are, and one velocity behind
and ahead; the nearest counts. One lecture types the sign that takes the gradient backwards. A loop
by hand, forward, back and update, is compared with `fit` on that lecture's example network.

References:
    Polyak (1964), Some methods of speeding up the convergence of iteration methods.
    Sutskever et al. (2013), On the importance of initialization and momentum, ICML.
"""

import keras
import numpy as np
from keras import layers, optimizers

from zoo.claims import Claim, equal, zero
from zoo.experiment import Measurement
from zoo.measure import furthest
from zoo.paths import Path, follow

RATE, BETA = (float(np.float32(number)) for number in (0.1, 0.9))  # as Keras keeps them
STEPS, STEEPNESS = 200, np.geomspace(0.01, 1, 20)
EXACT = 1e-6


def height(x):
    """Returns the heights whose slopes are the steepness times the place."""
    return keras.ops.convert_to_tensor(STEEPNESS, x.dtype) * x**2 / 2


def descent(place, velocity, unused, step, slope):
    """Subtracts the rate times the gradient."""
    return place - RATE * slope(place), velocity, unused


def momentum(place, velocity, unused, step, slope, ahead=0.0):
    """Keeps a velocity and subtracts it; the gradient is taken so many velocities ahead."""
    velocity = BETA * velocity + RATE * slope(place + ahead * velocity)
    return place - velocity, velocity, unused


def nesterov(place, velocity, unused, step, slope):
    """Takes the gradient where the velocity, which is subtracted, leads."""
    return momentum(place, velocity, unused, step, slope, -BETA)


def nesterov_as_typed(place, velocity, unused, step, slope):
    """Takes the gradient at the place plus the velocity."""
    return momentum(place, velocity, unused, step, slope, BETA)


def compare(formula, *arguments, **keywords):
    """Returns a measurement of how far Keras's SGD comes from a formula."""

    def measure(seed):
        start = np.ones(len(STEEPNESS))
        noise = np.random.default_rng(seed).normal(size=(STEPS, len(start))).astype("float32")
        optimizer = optimizers.SGD(RATE, *arguments, **keywords)
        found = Path(optimizer, height, start.shape, STEPS)(start, noise)
        places, velocities = follow(formula, start, noise, STEEPNESS)
        seen = [places + share * velocities for share in (-BETA, 0.0, BETA)]
        return {"error": min(furthest(each, found) for each in seen)}

    return measure


def points(seed):
    """Draws 60 points of two features around three corners, and one-hot labels."""
    labels = np.arange(60) % 3
    corners = np.array([[1.0, 0.0], [-1.0, 1.0], [-1.0, -1.0]])
    noise = np.random.default_rng(seed).normal(size=(60, 2)) / 2
    return (corners[labels] + noise).astype("float32"), np.eye(3)[labels]


def losses_and_gradients(weights, x, y):
    """Returns the loss of the example network, and the gradients by backpropagation."""
    first, first_bias, second, second_bias = weights
    hidden = 1 / (1 + np.exp(-x @ first - first_bias))
    powers = np.exp(hidden @ second + second_bias)
    shares = powers / powers.sum(axis=1, keepdims=True)
    back = (shares - y) / len(x)
    below = back @ second.T * hidden * (1 - hidden)
    gradients = [x.T @ below, below.sum(axis=0), hidden.T @ back, back.sum(axis=0)]
    return -np.log((shares * y).sum(axis=1)).mean(), gradients


def trained(batch_size, epochs):
    """Returns a measurement of the example network, trained by `fit` and by a loop by hand."""

    def measure(seed):
        x, y = points(seed)
        hidden, outputs = layers.Dense(4, "sigmoid"), layers.Dense(3)
        model = keras.Sequential([keras.Input((2,)), hidden, outputs])
        loss = keras.losses.CategoricalCrossentropy(from_logits=True)
        steps = epochs * len(x) // batch_size
        model.compile(optimizers.SGD(RATE), loss, steps_per_execution=steps)
        weights = [np.float64(each) for each in model.get_weights()]
        # All epochs in one, which is quicker: the examples keep their order.
        xs, ys = np.tile(x, (epochs, 1)), np.tile(y, (epochs, 1))
        model.fit(xs, ys, batch_size=batch_size, shuffle=False, verbose=0)
        course = []
        for begin in range(0, len(xs), batch_size):
            batch = slice(begin, begin + batch_size)
            value, gradients = losses_and_gradients(weights, xs[batch], ys[batch])
            weights = [w - RATE * g for w, g in zip(weights, gradients, strict=True)]
            course.append(value)
        pairs = zip(weights, model.get_weights(), strict=True)
        return {
            "error": max(furthest(ours, theirs) for ours, theirs in pairs),
            "parameters": model.count_params(),
            "updates": model.optimizer.iterations,
            **({"steps_upwards": (np.diff(course) > 0).sum()} if batch_size == len(x) else {}),
        }

    return measure


EXAMPLE = equal({"parameters": 27, "updates": 100, "steps_upwards": 0}, "example network", 0.0)

EXPERIMENT = Measurement(
    factor="formula",
    seeds=2,
    trains=True,
    variants={
        "descent": compare(descent),
        "momentum": compare(momentum, BETA),
        "nesterov": compare(nesterov, BETA, nesterov=True),
        "nesterov as typed": compare(nesterov_as_typed, BETA, nesterov=True),
        "loop": trained(15, 25),
        "example network": trained(60, 100),
    },
    claims=[
        Claim("OPT01", zero("error", of="descent", tolerance=EXACT)),
        Claim(
            "OPT03",
            zero("error", of="loop"),
            "A loop of batch, forward, backward and update ends with the weights of `fit`.",
        ),
        Claim("OPT06", zero("error", of="momentum", tolerance=EXACT)),
        Claim("OPT08", zero("error", of="nesterov", tolerance=EXACT)),
        Claim("OPT09", zero("error", of="nesterov as typed", tolerance=EXACT)),
        Claim("OPT30", (*EXAMPLE, *zero("error", of="example network"))),
    ],
)
