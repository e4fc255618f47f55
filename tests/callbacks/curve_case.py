"""What the tests of the rules share: curves, and the names of what is found in them."""

import math

import numpy as np

from callbacks import diagnose

LN10 = math.log(10)


def names(*arguments, **keywords):
    return [finding.name for finding in diagnose(*arguments, **keywords)]


def noisy(curve, generator, deviation=0.01):
    """Multiplies a curve by independent log-normal noise."""
    curve = np.asarray(curve, float)
    return curve * np.exp(deviation * generator.normal(size=curve.shape))


def falling(start, end, epochs, time=0.1):
    """Returns an exponential fall whose time constant is a share of the epochs."""
    shape = np.exp(-np.arange(epochs) / (time * epochs))
    return end + (start - end) * shape
