"""Do activations and gradients survive ten layers, and do the lectures' printed tables come out?

Ten layers of 500 units without biases look at 1,000 standard normal inputs, as on the slides; where
0.05 is to saturate there are 4,096 units. A random gradient is sent down. The lectures say that
0.01 times a Gaussian makes activations zero, that 1.0 saturates tanh so that "gradients will be all
zero", that Xavier suits tanh, breaks with ReLU, and that He, in one with a wrong divisor, repairs.

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
LAYER_1, LAYER_10, SATURATED = "signal_gradient@1", "std@10", "saturated_share@5"


def come_out(table, variant, metrics=()):
    """Says that a variant has the numbers that the slides print; rules and proposition."""
    return printed(table, variant, metrics), f"The printed statistics come out with {variant}."


def kept(variant, margin, changes=(UP, DOWN)):
    """Says that sizes are the same in all layers, up to a power of ten with this exponent."""
    return tuple(Number(variant, change, 0.0, margin) for change in changes)


def near_zero(variant, metric, within=1e-3):
    """Says that the mean of a metric is 0."""
    return Number(variant, metric, 0.0, within)


SHRINKS = Number("tanh 0.01", DOWN, 9 * math.log10(0.01 * math.sqrt(500)), 0.1)
TINY = tuple(near_zero("tanh 0.01", f"weight_gradient@{layer}") for layer in (1, 10))
FROM_0 = (
    near_zero("tanh uniform 0..b", "unit_correlation@2", 0.1),
    *kept("relu uniform 0..b", 0.5, [UP]),
)
NEITHER = (
    Difference("tanh xavier", "tanh 0.01", UP, 3.0),
    near_zero("tanh xavier", "saturated_share@10", 0.01),
)
FULL, HALF = Number("tanh 1.0", SATURATED, 1.0, 0.1), Number(WIDEST, SATURATED, 0.5, 0.1)
ALL_ZERO = (near_zero("tanh 0.01", LAYER_10), near_zero("tanh 0.01", LAYER_1))
KEPT, TAPERS = kept("linear xavier", 0.1), kept("linear glorot tapered", 0.1)
HE = Number("relu VarianceScaling()", "kernel_std", math.sqrt(2 / 500), 5e-4)
WIDTH = {"deviation": "width 4096; with 500 units nothing saturates"}

EXPERIMENT = Measurement(
    factor="initializer",
    variants=VARIANTS,
    measure=measure,
    seeds=16,
    claims=[
        Claim("INI04", *come_out("INI04", "tanh 0.01")),
        Claim("INI05", near_zero("tanh 0.01", LAYER_10, 5e-7), "With 0.01 the last layer is 0."),
        Claim("INI06 signals", SHRINKS, "With 0.01 gradients shrink by 0.01 sqrt(500) a layer."),
        Claim("INI06 weights", TINY, "With 0.01 the weights' gradients are near 0 in all layers."),
        Claim("INI07", *come_out("INI07", "tanh 1.0")),
        Claim("INI08 saturated", FULL, "With 1.0 nine in ten tanh units or more saturate."),
        Claim("INI08 gradient", near_zero("tanh 1.0", LAYER_1), "With 1.0 gradients are 0."),
        Claim("INI09", *come_out("INI09", "tanh xavier")),
        Claim("INI10", kept("tanh xavier", 1.0), "In ten tanh layers sizes stay within ten times."),
        Claim("INI11", *come_out("INI11", "relu xavier")),
        Claim("INI12", *come_out("INI12", "relu he")),
        Claim("INI13", *come_out("INI12", "relu he as typed", ["std"])),
        Claim("INI14", *come_out("INI12", "relu he /2", ["std"])),
        Claim("INI15", *come_out("INI12", "relu he", ["std"])),
        Claim("INI18", HE, "Weights of VarianceScaling() have He's deviation."),
        Claim("INI19", FROM_0, "From 0 up, tanh units stay uncorrelated, ReLU layers keep sizes."),
        Claim("INI20", ALL_ZERO, "With 0.01 activations and gradients end at 0."),
        Claim("INI21 saturated", HALF, "With 0.05 about half of the units saturate.", **WIDTH),
        Claim("INI21 gradient", near_zero(WIDEST, LAYER_1), "With 0.05 gradients are 0.", **WIDTH),
        Claim("INI22", NEITHER, "Xavier's tanh units neither shrink nor saturate."),
        Claim("INI26", KEPT, "Ten square linear layers keep the sizes of signals and gradients."),
        Claim("INI26 tapered", TAPERS, "Layers tapering from 800 units to 50 keep both sizes."),
        Claim("INI35", *come_out("INI35", "tanh 0.01")),
    ],
)
