"""Is a feedforward network the formulas that the lectures write for it?

Networks of one to three layers are compared with W x, W2 max(0, W1 x) and so on, and with a
composition of functions phi(W h + b). Neurons are asked on which side of w'x + b = 0 points lie.

References:
    Goodfellow, Bengio and Courville (2016), Deep Learning, chapter 6.
"""

import keras
import numpy as np
from keras import layers, ops

from zoo.claims import Claim, zero
from zoo.experiment import Measurement
from zoo.measure import draw, furthest

EXAMPLES, INPUTS, CLASSES = 200, 5, 3
WIDTHS = (7, 6)


def network(widths, activation, seed, use_bias=True):
    """Returns a Keras network with all weights drawn, and examples for it."""
    hidden = [layers.Dense(width, activation, use_bias=use_bias) for width in widths]
    last = layers.Dense(CLASSES, use_bias=use_bias)
    model = keras.Sequential([keras.Input((INPUTS,)), *hidden, last])
    model.set_weights([draw((seed, n), *w.shape) / 2 for n, w in enumerate(model.weights)])
    return model, draw((seed, 99), EXAMPLES, INPUTS)


def scores(number):
    """Returns a comparison of a network of that many layers with its formula in column vectors."""

    def check(seed):
        model, x = network(WIDTHS[: number - 1], "relu", seed, use_bias=False)
        first, *others = (np.float64(w).T for w in model.get_weights())
        found = first @ x.T  # (units, examples)
        for weights in others:
            found = weights @ np.maximum(0, found)
        return {"formula_error": furthest(model(x), found.T)}

    return check


def composition(seed):
    """Compares a network with functions of functions, each phi(W h + b)."""
    model, x = network(WIDTHS, "tanh", seed)
    (w1, b1), (w2, b2), (w3, b3) = (map(np.float64, layer.get_weights()) for layer in model.layers)

    def f1(h):
        return np.tanh(h @ w1 + b1)

    def f2(h):
        return np.tanh(h @ w2 + b2)

    return {"formula_error": furthest(model(x), f2(f1(x)) @ w3 + b3)}


def hyperplane(activation, middle):
    """Returns a count of points that a neuron puts on the other side of its hyperplane."""

    def check(seed):
        weights, bias, x = draw(seed, INPUTS), draw(seed + 100, 1), draw(seed + 200, 1000, INPUTS)
        model = keras.Sequential([keras.Input((INPUTS,)), layers.Dense(1, activation)])
        model.set_weights([weights[:, None], bias])
        distances = (x @ weights + bias) / np.linalg.norm(weights)
        foot = x - distances[:, None] * weights / np.linalg.norm(weights)
        above = ops.convert_to_numpy(model(x))[:, 0] > middle
        clear = abs(distances) > 1e-4
        return {
            "points_on_other_side": (above != (distances > 0))[clear].sum(),
            "distance_from_middle_on_hyperplane": furthest(model(foot), np.full((1000, 1), middle)),
        }

    return check


SCORES = {"linear score": scores(1), "two layers": scores(2), "three layers": scores(3)}
NEURONS = {
    "sigmoid neuron": hyperplane("sigmoid", 0.5),
    "tanh neuron": hyperplane("tanh", 0.0),
    "relu neuron": hyperplane("relu", 0.0),
}

EXPERIMENT = Measurement(
    factor="formula",
    variants={**SCORES, "composition": composition, **NEURONS},
    claims=[
        Claim(
            "DEP07 formula",
            zero("formula_error", of=tuple(SCORES)),
            "Networks of one, two and three layers without biases are W x, W2 max(0, W1 x) and "
            "W3 max(0, W2 max(0, W1 x)).",
        ),
        Claim("DEP08", zero("formula_error", of="composition")),
        Claim(
            "DEP09",
            (
                *zero("points_on_other_side", of=tuple(NEURONS), tolerance=0.0),
                *zero("distance_from_middle_on_hyperplane", of=tuple(NEURONS)),
            ),
            "The outputs of a neuron are above 1/2 (sigmoid) or 0 (tanh, ReLU) on one side of a "
            "hyperplane, below or at it on the other.",
        ),
    ],
)
