"""Is a maxout unit what the lectures say: the larger of two linear functions, at twice the weights?

A maxout layer is a dense layer with two outputs for each unit, of which the larger counts. It is
compared with NumPy, and with ReLU and leaky ReLU, which it contains. That it is no nonlinearity of
one dot product shows in the space of its inputs: one unit's output changes along two directions
there, that of a ReLU along one.

References:
    Goodfellow et al. (2013), Maxout Networks, ICML, arXiv:1302.4389.
"""

import keras
import numpy as np
from keras import layers

from zoo.claims import Claim, equal, zero
from zoo.experiment import Measurement
from zoo.layers import Maxout
from zoo.measure import draw_with_keras, furthest, signal_gradients, total

INPUTS, UNITS, EXAMPLES = 20, 10, 32


def network(units, *after):
    """Returns a dense layer behind one that only names the inputs, and what comes after."""
    first = [keras.Input((INPUTS,)), layers.Identity(name="inputs")]
    return keras.Sequential([*first, layers.Dense(units), *after])


def values(seed):
    """Compares the layer with two linear functions, and with rectifiers of one of them."""
    x = draw_with_keras(seed, EXAMPLES, INPUTS)
    kernel, bias = linear_function(2 * seed)
    model = network(2 * UNITS, Maxout(2))

    def outputs(other_kernel, other_bias):
        pairs = (other_kernel, kernel), (other_bias, bias)  # a unit's two pieces are neighbours
        model.set_weights([np.stack(p, axis=-1).reshape(*p[1].shape[:-1], -1) for p in pairs])
        return model(x)

    z, (other_kernel, other_bias) = x @ kernel + bias, linear_function(2 * seed + 1)
    both = np.maximum(x @ other_kernel + other_bias, z)
    leaky = np.where(z > 0, z, 0.1 * z)
    return {
        "parameters_over_dense": model.count_params() / network(UNITS).count_params(),
        "formula_error": furthest(outputs(other_kernel, other_bias), both),
        "distance_to_relu": furthest(outputs(0 * kernel, 0 * bias), np.maximum(z, 0)),
        "distance_to_leaky": furthest(outputs(0.1 * kernel, 0.1 * bias), leaky),
    }


def linear_function(seed):
    """Returns a normal kernel and a normal bias."""
    drawn = draw_with_keras(1000 + seed, INPUTS + 1, UNITS)
    return drawn[1:], drawn[0]


def directions(units, make):
    """Returns a count of the directions along which the output of one unit changes.

    It is the rank of the gradients in the inputs, over examples.
    """

    def check(seed):
        x = draw_with_keras(seed, EXAMPLES, INPUTS)
        model = network(units, make())
        found = signal_gradients(model, total, x, x)
        return {"directions": np.linalg.matrix_rank(found["inputs"], tol=1e-6)}

    return check


EXPERIMENT = Measurement(
    factor="property",
    variants={
        "values": values,
        "one unit": directions(2, lambda: Maxout(2)),
        "one unit - relu": directions(1, layers.ReLU),
    },
    claims=[
        Claim(
            "ACT23",
            (
                *zero("formula_error", of="values"),
                *equal({"directions": 2}, of="one unit", tolerance=0),
                *equal({"directions": 1}, of="one unit - relu", tolerance=0),
            ),
        ),
        Claim("ACT24", zero("distance_to_relu", "distance_to_leaky", of="values")),
        Claim("ACT26", equal({"parameters_over_dense": 2}, of="values", tolerance=0)),
    ],
)
