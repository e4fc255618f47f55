"""Are the activation functions what the lectures say: formulas, ranges, slopes, mean outputs?

Each function is looked at alone, without a network: drawn with its slope from -4 to 4, compared
with its formula from -50 to 50, at -10, 0 and 10, far out, and on a million standard normal inputs.
Swish is called nonnegative by one lecture. A good activation is said to have a large gradient
everywhere: the share of slopes below 0.05 is in the table. Centred differences leave out inputs
within 0.1 of 0, where some have a kink.

References:
    Clevert et al. (2016), Exponential Linear Units, arXiv:1511.07289.
    Ramachandran et al. (2017), Searching for Activation Functions, arXiv:1710.05941.
"""

import math

import keras
from keras import activations, ops

from zoo.claims import Claim, Number, equal, zero
from zoo.experiment import Measurement
from zoo.measure import furthest, slopes


def leaky(slope):
    """Returns Keras's leaky ReLU and the formula max(slope x, x)."""
    return (
        lambda x: activations.leaky_relu(x, negative_slope=slope),
        lambda x: ops.maximum(slope * x, x),
        (-math.inf, math.inf),
    )


def swish(beta):
    """Returns x sigmoid(beta x), for beta = 1 Keras's own, and the formula written out."""
    function = activations.silu if beta == 1 else lambda x: x * activations.sigmoid(beta * x)
    return function, lambda x: x / (1 + ops.exp(-beta * x)), (0.0, math.inf)


def tanh(x):
    """Returns tanh as a ratio of exponentials, of the absolute value so that none overflows."""
    small = ops.exp(-2 * ops.abs(x))
    return ops.sign(x) * (1 - small) / (1 + small)


BETAS = (0, 1, 10, 100)
# Keras's function, the lectures' formula, and the range that the lectures state.
VARIANTS = {
    "sigmoid": (activations.sigmoid, lambda x: 1 / (1 + ops.exp(-x)), (0.0, 1.0)),
    "tanh": (activations.tanh, tanh, (-1.0, 1.0)),
    "relu": (activations.relu, lambda x: ops.maximum(0.0, x), (0.0, math.inf)),
    "leaky 0.01": leaky(0.01),
    "leaky 0.1": leaky(0.1),
    "elu": (activations.elu, lambda x: ops.where(x > 0, x, ops.exp(-abs(x)) - 1), (-1.0, math.inf)),
    **{f"swish {beta}": swish(beta) for beta in BETAS},
}
FAR_OUT = (-10, 0, 10, 1_000_000)
GALLERY = [place / 4 for place in range(-16, 17)]
SMALL = 0.05


def measure(variant, seed):
    """Measures one function."""
    function, formula, (lowest, highest) = variant
    grid = ops.linspace(-50.0, 50.0, 200_001)
    values = ops.convert_to_numpy(function(grid))
    normal = keras.random.normal((1_000_000,), seed=seed)
    outputs = ops.convert_to_numpy(function(ops.convert_to_tensor(GALLERY)))
    found = slopes(function, [*GALLERY, *FAR_OUT])
    some = normal[:100_000]
    drawn = slopes(function, ops.convert_to_numpy(some))
    centred = (function(some + 0.01) - function(some - 0.01)) / 0.02
    no_kink = ops.abs(some) > 0.1  # is near
    steps = values[1:] - values[:-1]
    return {
        **{("output", place): value for place, value in zip(GALLERY, outputs, strict=True)},
        **{("slope", place): value for place, value in zip(GALLERY, found, strict=False)},
        **{f"slope_at_{at}": value for at, value in zip(FAR_OUT, found[-4:], strict=True)},
        "formula_error": furthest(values, formula(grid)),
        "outside_range": max(0.0, lowest - values.min(), values.max() - highest),
        "falls": float(steps.min() < -1e-6),
        "mean_output": ops.mean(function(normal)),
        "mean_slope": drawn.mean(),
        "smallest_slope": drawn.min(),
        "share_of_small_slopes": (abs(drawn) < SMALL).mean(),
        "numerical_slope_error": furthest(ops.where(no_kink, centred, drawn), drawn),
        TO_RELU: furthest(values, ops.maximum(0.0, grid)),
    }


def formula(*variants):
    """Says that functions equal their formulas."""
    return tuple(rule for variant in variants for rule in zero("formula_error", of=variant))


def slopes_at(variant, points):
    """Says what the derivative is at some points."""
    stated = {f"slope_at_{at}": value for at, value in points.items()}
    return equal(stated, of=variant, tolerance=1e-7)


def in_range(variant):
    """Says that no value lies outside the stated range."""
    return zero("outside_range", of=variant, tolerance=0.0)


TO_RELU = "distance_to_relu"
SATURATED = 1 / (2 + 2 * math.cosh(10))  # the sigmoid's slope at -10 and at 10

EXPERIMENT = Measurement(
    factor="activation",
    seeds=8,
    variants=VARIANTS,
    measure=measure,
    places="input",
    claims=[
        Claim("ACT01", formula("sigmoid") + in_range("sigmoid")),
        Claim("ACT02", slopes_at("sigmoid", {-10: SATURATED, 0: 0.25})),
        Claim(
            "ACT03",
            (*in_range("tanh"), Number("tanh", "mean_output", 0.0, 0.005)),
            "Tanh lies between -1 and 1; its mean over standard normal inputs is 0.",
        ),
        Claim("ACT04", slopes_at("tanh", {-10: 0.0, 0: 1.0, 10: 0.0})),
        Claim("ACT05", formula("relu") + in_range("relu")),
        Claim("ACT06", slopes_at("relu", {10: 1.0, 1_000_000: 1.0})),
        Claim(
            "ACT08",
            Number("relu", "mean_output", 1 / math.sqrt(2 * math.pi), 0.005),
            "The mean of ReLU over standard normal inputs is 0.3989, not 0.",
        ),
        Claim("ACT11", formula("leaky 0.1") + slopes_at("leaky 0.1", {-10: 0.1})),
        Claim("ACT12", formula("leaky 0.01") + slopes_at("leaky 0.01", {-10: 0.01})),
        Claim("ACT13", formula("leaky 0.01", "leaky 0.1")),
        Claim("ACT18", formula("elu")),
        Claim("ACT27", formula(*(f"swish {beta}" for beta in BETAS))),
        # max |swish - relu| = 0.27846 / beta
        Claim(
            "ACT29",
            tuple(Number(f"swish {b}", TO_RELU, 0.278465 / b, 1e-4) for b in BETAS[1:]),
            "The largest distance of swish from ReLU is 0.278465 / beta.",
        ),
        Claim("ACT30", in_range("swish 1") + equal({"falls": 1.0}, "swish 1", 0.0)),
        Claim("ACT39", slopes_at("relu", {-10: 0.0, 10: 1.0})),
        Claim("ACT41", zero("numerical_slope_error", tolerance=1e-3), deviation="away from kinks"),
        Claim("ACT45", in_range("sigmoid") + slopes_at("sigmoid", {10: SATURATED})),
    ],
)
