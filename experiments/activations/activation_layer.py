"""Do PReLU, RReLU and learned swish compute and learn what the lectures say?

PReLU and swish with a learned beta are compared with their formulas, and so are the gradients in
what they learn. RReLU divides negative inputs by a number between 3 and 8, drawn anew for each
while training, and by 5.5 afterwards; the lecture gives no range.

References:
    He et al. (2015), Delving Deep into Rectifiers, arXiv:1502.01852.
    Xu et al. (2015), Empirical Evaluation of Rectified Activations, arXiv:1505.00853.
    Ramachandran et al. (2017), Searching for Activation Functions, arXiv:1710.05941.
"""

import math

import keras
import numpy as np
from keras import layers, ops

from zoo.claims import Claim, equal, zero
from zoo.experiment import Measurement
from zoo.layers import RReLU, Swish
from zoo.measure import draw_with_keras, furthest, gradients, total

INPUTS, EXAMPLES = 20, 32


def learned(make, formula, slope):
    """Returns a check of a layer and of the gradient in what it learns.

    `formula` gives the outputs and `slope` their derivatives in the weight, at its first value.
    """

    def check(seed):
        x = draw_with_keras(seed, EXAMPLES, INPUTS)
        model = keras.Sequential([keras.Input((INPUTS,)), make()])
        expected = slope(x).mean(axis=0)
        (found,) = gradients(model, total, x, x)
        expected = expected if found.ndim else expected.sum()  # one weight for all inputs
        return {
            "formula_error": furthest(model(x), formula(x)),
            "learned_weights": sum(math.prod(weight.shape) for weight in model.trainable_weights),
            "weight_gradient_error": furthest(found, expected),
        }

    return check


def rrelu(seed):
    """Compares calls of an RReLU layer on inputs of -1, where the output is minus the slope."""
    layer, x = RReLU(seed=seed), -ops.ones((500, 200))
    first, second = (-ops.convert_to_numpy(layer(x, training=True)) for _ in range(2))
    once, again = (-ops.convert_to_numpy(layer(x, training=False)) for _ in range(2))
    return {
        "share_equal_in_training": (first == second).mean(),
        "slopes_outside_range": max(0.0, 1 / 8 - first.min(), first.max() - 1 / 3),
        "mean_slope_in_training": first.mean(dtype=np.float64),
        "inference_calls_apart": furthest(once, again),
        "inference_slope_error": furthest(once, np.full_like(once, 1 / 5.5)),
    }


LEARNS = ("formula_error", "weight_gradient_error")

EXPERIMENT = Measurement(
    factor="activation",
    variants={
        "prelu": learned(
            lambda: layers.PReLU(alpha_initializer=keras.initializers.Constant(0.25)),
            lambda x: np.maximum(0.25 * x, x),
            lambda x: np.minimum(x, 0),
        ),
        "swish": learned(
            lambda: Swish(1.0, learn=True),
            lambda x: x / (1 + np.exp(-x)),
            lambda x: x**2 * np.exp(-x) / (1 + np.exp(-x)) ** 2,
        ),
        "rrelu": rrelu,
    },
    claims=[
        Claim("ACT16", zero(*LEARNS, of="prelu") + equal({"learned_weights": INPUTS}, of="prelu")),
        Claim(
            "ACT17",
            (
                # Two draws agree in single precision less often than once in a thousand.
                *zero("share_equal_in_training", of="rrelu", tolerance=1e-3),
                *zero("slopes_outside_range", of="rrelu", tolerance=1e-6),
                # The divisor is uniform from 3 to 8: the mean of 1 / divisor, not 1 / mean.
                *equal({"mean_slope_in_training": math.log(8 / 3) / 5}, "rrelu", 1e-3),
                *zero("inference_calls_apart", of="rrelu", tolerance=0.0),
                *zero("inference_slope_error", of="rrelu", tolerance=1e-6),
            ),
        ),
        Claim(
            "ACT28 it can be learned",
            zero(*LEARNS, of="swish") + equal({"learned_weights": 1}, of="swish"),
            says="The beta of swish can be learned.",
            source="lecture 3, one half",
        ),
    ],
)
