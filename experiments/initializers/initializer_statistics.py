"""Do activations and gradients survive ten layers, and do the lectures' printed tables come out?

Ten layers of 500 units without biases look at 1,000 standard normal inputs, as in the code on the
slides; where 0.05 is to saturate there are 4,096 units, of 500 it saturates none. Nothing is
trained. A random gradient at the top is sent back down. The lectures say that 0.01 times a Gaussian
makes all activations zero, that 1.0 saturates tanh so that "gradients will be all zero", that
Xavier suits tanh and breaks with ReLU, and that He repairs it, which one of them types with the
wrong divisor. What the slides print are single draws, each from an unknown seed.

References:
    LeCun et al. (1998), Efficient BackProp.
    Glorot and Bengio (2010), Understanding the difficulty of training deep networks, AISTATS.
    He et al. (2015), Delving Deep into Rectifiers, arXiv:1502.01852.
    Schoenholz et al. (2017), Deep Information Propagation, arXiv:1611.01232.
"""

import math
from itertools import pairwise

import keras
from keras import initializers, layers, ops

from zoo.catalogue import printed
from zoo.claims import Claim, Difference, Number
from zoo.experiment import Measurement
from zoo.measure import flow

SQUARE, WIDE, TAPERED = (500,) * 11, (4096,) * 6, (800, 400, 200, 100, 50)
WIDEST = "tanh 0.05 width 4096"


def normal(deviation):
    """Returns a function of fan-in and fan-out that makes a Gaussian initializer."""
    return lambda fan_in, fan_out: initializers.RandomNormal(stddev=deviation(fan_in, fan_out))


def uniform(lowest, highest):
    """Returns a function that makes a uniform initializer; its ends are multiples of the bound."""
    ends = lowest, highest
    return lambda *fans: initializers.RandomUniform(*(end / math.sqrt(sum(fans)) for end in ends))


xavier = normal(lambda fan_in, fan_out: 1 / math.sqrt(fan_in))
glorot = normal(lambda fan_in, fan_out: math.sqrt(2 / (fan_in + fan_out)))
he = normal(lambda fan_in, fan_out: math.sqrt(2 / fan_in))
he_of_both = normal(lambda fan_in, fan_out: math.sqrt(2) * math.sqrt(2 / (fan_in + fan_out)))
# The activation, the kernel's initializer, and the widths from the input on.
VARIANTS = {
    "tanh 0.01": ("tanh", normal(lambda *fans: 0.01), SQUARE),
    "tanh 0.05": ("tanh", normal(lambda *fans: 0.05), SQUARE),
    WIDEST: ("tanh", normal(lambda *fans: 0.05), WIDE),
    "tanh 1.0": ("tanh", normal(lambda *fans: 1.0), SQUARE),
    "tanh xavier": ("tanh", xavier, SQUARE),
    "tanh uniform 0..b": ("tanh", uniform(0, 1), SQUARE),
    "tanh uniform -b..b": ("tanh", uniform(-1, 1), SQUARE),
    "keras default": ("tanh", lambda *fans: layers.Dense(1).kernel_initializer, SQUARE),
    "linear xavier": ("linear", xavier, SQUARE),
    "linear glorot tapered": ("linear", glorot, TAPERED),
    "relu xavier": ("relu", xavier, SQUARE),
    "relu he": ("relu", he, SQUARE),
    "relu he as typed": ("relu", normal(lambda n, _: 1 / math.sqrt(2 / n)), SQUARE),
    "relu he /2": ("relu", normal(lambda n, _: 1 / math.sqrt(n / 2)), SQUARE),
    "relu sqrt2 glorot": ("relu", he_of_both, SQUARE),
    "relu sqrt2 glorot tapered": ("relu", he_of_both, TAPERED),
    "relu VarianceScaling()": ("relu", lambda *fans: initializers.VarianceScaling(), SQUARE),
    "relu uniform 0..b": ("relu", uniform(0, 1), SQUARE),
    "sigmoid glorot": ("sigmoid", glorot, SQUARE),
    "sigmoid 4 glorot": ("sigmoid", normal(lambda n, m: 4 * math.sqrt(2 / (n + m))), SQUARE),
}


def measure(variant, seed):
    """Sends inputs up and a random gradient down; returns statistics of every layer."""
    activation, initializer, widths = variant
    inputs = keras.random.normal((250 if widths is WIDE else 1000, widths[0]), seed=seed)
    kernels = [initializer(*fans)(fans) for fans in pairwise(widths)]
    return {
        "input_mean": ops.mean(inputs),
        "input_std": ops.std(inputs),
        "kernel_std": ops.std(kernels[0]),
        "kernel_peak": ops.max(ops.abs(kernels[0])),
        **flow(kernels, activation, inputs, keras.random.normal((len(inputs), widths[-1]))),
    }


UP, DOWN = "log10_change_of_std", "log10_change_of_signal_gradient"


def kept(variant, change, margin=0.1):
    """Says that a size is the same in all layers, up to a power of ten with this exponent."""
    return Number(variant, change, 0.0, margin)


def near_zero(variant, metric, within=1e-3):
    """Says that the mean of a metric is 0."""
    return Number(variant, metric, 0.0, within)


def saturated(variant, share):
    """Says that about this share of the units is near -1 or 1."""
    return Number(variant, "saturated_share@5", share, 0.1)


KEPT_BOTH_WAYS = (kept("linear xavier", UP), kept("linear xavier", DOWN))
ALL_ZERO = (near_zero("tanh 0.01", "std@10"), near_zero("tanh 0.01", "signal_gradient@1"))
HALF = (saturated(WIDEST, 0.5), near_zero(WIDEST, "signal_gradient@1"))

EXPERIMENT = Measurement(
    factor="initializer",
    variants=VARIANTS,
    measure=measure,
    seeds=16,
    claims=[
        Claim("INI02", Number("tanh 0.01", "kernel_std", 0.01, 5e-5)),
        Claim("INI04", printed("INI04", "tanh 0.01")),
        Claim("INI05", near_zero("tanh 0.01", "std@10", 5e-7)),
        Claim("INI06", near_zero("tanh 0.01", "signal_gradient@1")),
        Claim("INI07", printed("INI07", "tanh 1.0")),
        Claim("INI08", (saturated("tanh 1.0", 1.0), near_zero("tanh 1.0", "signal_gradient@1"))),
        Claim("INI09", printed("INI09", "tanh xavier")),
        Claim("INI10", KEPT_BOTH_WAYS),
        Claim("INI11", printed("INI11", "relu xavier")),
        Claim("INI12", printed("INI12", "relu he")),
        Claim("INI13", printed("INI12", "relu he as typed", ["std"])),
        Claim("INI14", printed("INI12", "relu he /2", ["std"])),
        Claim("INI15", printed("INI12", "relu he", ["std"])),
        Claim("INI16", kept("sigmoid glorot", DOWN, 0.5)),
        Claim("INI17", (kept("relu sqrt2 glorot", UP), kept("relu sqrt2 glorot tapered", UP))),
        Claim("INI18", Number("relu VarianceScaling()", "kernel_std", math.sqrt(2 / 500), 5e-4)),
        Claim(
            "INI19",
            (
                near_zero("tanh uniform 0..b", "unit_correlation@2", 0.1),
                kept("relu uniform 0..b", UP, 0.5),
            ),
        ),
        Claim("INI20", ALL_ZERO),
        Claim("INI21", HALF, deviation="width 4096; with 500 units nothing saturates"),
        Claim(
            "INI22",
            (
                Difference("tanh xavier", "tanh 0.01", UP, 3.0),
                near_zero("tanh xavier", "saturated_share@10", 0.01),
            ),
        ),
        Claim("INI26", KEPT_BOTH_WAYS, deviation="square layers"),
        Claim("INI35", printed("INI35", "tanh 0.01")),
        Claim("INI36", Number("keras default", "kernel_peak", math.sqrt(6 / 1000), 1e-4)),
    ],
)
