"""Do the initializers that the lectures name draw what their formulas say?

Standard deviations of kernels of 400 by 600, over what is written, so that 1 is right; the largest
bias; and of the schemes that one lecture lists, what each promises: orthogonal columns, and outputs
of variance 1 in every layer, to the 2 % that LSUV stops at. He's and Glorot's weights for ReLU are
the same where a layer has as many units as inputs.

References:
    Glorot and Bengio (2010), Understanding the difficulty of training deep networks, AISTATS.
    He et al. (2015), Delving Deep into Rectifiers, arXiv:1502.01852.
    Saxe et al. (2014), Exact solutions to the nonlinear dynamics of learning, arXiv:1312.6120.
    Mishkin and Matas (2016), All you need is a good init, arXiv:1511.06422.
"""

import math
from functools import partial

import keras
import numpy as np
from keras import initializers, layers

from zoo.claims import Claim, equal, zero
from zoo.experiment import Measurement
from zoo.initializers import LSUV, scale_to_unit_variance
from zoo.measure import draw

SHAPE = FAN_IN, FAN_OUT = 400, 600
SQUARE = (500, 500)
GLOROT = math.sqrt(2 / (FAN_IN + FAN_OUT))
SAMPLE = "Dense as in the sample"
SAMPLING = 0.01  # seven standard errors of the deviation of 240,000 numbers, relative


def kernel(initializer, shape=SHAPE):
    """Draws a kernel."""
    return np.float64(keras.ops.convert_to_numpy(initializer(shape)))


def spread(make, stated, shape=SHAPE):
    """Returns a measurement of mean and deviation of a kernel, over the stated deviation."""

    def measure(seed):
        drawn = kernel(make(seed=seed), shape)
        return {"deviation_over_stated": drawn.std() / stated, "mean": drawn.mean() / stated}

    return measure


def dense_layer(make, stated):
    """Returns the same of a dense layer, with its largest weight and bias.

    The bound is that of uniform weights with the stated deviation.
    """

    def measure(seed):
        keras.utils.set_random_seed(seed)
        layer = make()
        layer.build((None, FAN_IN))
        drawn, bias = map(np.float64, layer.get_weights())
        return {
            "deviation_over_stated": drawn.std() / stated,
            "peak_over_bound": np.abs(drawn).max() / (math.sqrt(3) * stated),
            "largest_bias": np.abs(bias).max(),
        }

    return measure


def schemes(seed):
    """Checks what orthogonal and LSUV weights promise, in three ReLU layers."""
    columns = kernel(initializers.Orthogonal(seed=seed), SQUARE)
    hidden = [layers.Dense(100, kernel_initializer=LSUV(seed=seed + n)) for n in (0, 1, 2)]
    parts = [part for layer in hidden for part in (layer, layers.ReLU())]
    model = keras.Sequential([keras.Input((40,)), *parts])
    x = draw(seed, 1000, 40)
    scale_to_unit_variance(model, x)
    outputs = keras.Model(model.inputs[0], [layer.output for layer in hidden])(x)
    variances = [float(keras.ops.var(each)) for each in outputs]
    return {
        "not_orthogonal": np.abs(columns.T @ columns - np.eye(len(columns))).max(),
        "variance_error": np.abs(np.array(variances) - 1).max(),
    }


NORMAL = partial(initializers.RandomNormal, 0.0)
FOR_RELU = partial(initializers.VarianceScaling, 2.0, "fan_avg", "truncated_normal")


def as_stated(*variants):
    """Says that kernels have the stated deviation."""
    return equal({"deviation_over_stated": 1.0}, variants, SAMPLING)


EXPERIMENT = Measurement(
    factor="initializer",
    variants={
        "normal 0.01": spread(partial(NORMAL, 0.01), 0.01),
        "glorot normal": spread(initializers.GlorotNormal, GLOROT),
        "he normal": spread(initializers.HeNormal, math.sqrt(2 / FAN_IN)),
        "sqrt2 glorot": spread(FOR_RELU, math.sqrt(2) * GLOROT),
        "sqrt2 glorot square over he": spread(FOR_RELU, math.sqrt(2 / SQUARE[0]), SQUARE),
        "Dense": dense_layer(lambda: layers.Dense(FAN_OUT), GLOROT),
        SAMPLE: dense_layer(
            lambda: layers.Dense(FAN_OUT, kernel_initializer=NORMAL(0.1), bias_initializer="zeros"),
            0.1,
        ),
        "schemes": schemes,
    },
    claims=[
        Claim("INI02", as_stated("normal 0.01") + zero("mean", of="normal 0.01", tolerance=0.02)),
        Claim("INI16", as_stated("glorot normal")),
        Claim("INI17", as_stated("sqrt2 glorot", "sqrt2 glorot square over he")),
        Claim(
            "INI30",
            as_stated(SAMPLE) + zero("largest_bias", of=SAMPLE, tolerance=0.0),
            deviation="Keras",
        ),
        Claim(
            "INI32",
            (
                *as_stated("glorot normal", "he normal"),
                *zero("not_orthogonal", of="schemes"),
                *zero("variance_error", of="schemes", tolerance=0.0201),
            ),
            deviation="four of the schemes",
        ),
        Claim(
            "INI36",
            (
                *as_stated("Dense"),
                *equal({"peak_over_bound": 1.0}, "Dense", 1e-3),
                *zero("largest_bias", of="Dense", tolerance=0.0),
            ),
        ),
    ],
)
