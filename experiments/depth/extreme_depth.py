"""Does the initialisation alone carry signals and gradients through a thousand plain layers?

The lecture quotes that vanilla convolutional networks of ten thousand layers can be trained if they
start right. Here is how they start: 1-D convolutions of width 3 that wrap round, tanh or nothing
behind each, no normalisation, no skips. A signal of variance 1 goes up; a random gradient comes
down. `gaussian` has Glorot's variance, critical for tanh; `orthogonal` is Keras's, of the flattened
kernel, which keeps norms on average only. The Jacobian of networks without tanh is taken from the
images of a basis. 10,000 layers start at `--scale paper`; none is trained.

References:
    Xiao et al. (2018), Dynamical Isometry and a Mean Field Theory of CNNs: How to Train
    10,000-Layer Vanilla Convolutional Neural Networks, ICML, arXiv:1806.05393.
    Saxe et al. (2014), Exact solutions to the nonlinear dynamics of learning, arXiv:1312.6120.
"""

import math

import keras
import numpy as np
from keras import initializers

from zoo.claims import Claim, Difference, Identity, Number, Trend
from zoo.experiment import Measurement
from zoo.initializers import DeltaOrthogonal

CHANNELS, LENGTH, EXAMPLES = 32, 8, 4
ROUNDING = 16 * 1.2e-7  # of a decomposition of 16 x 16 numbers in single precision


def gaussian(scale):
    """Returns a factory of normal weights of the variance scale / fan_in."""
    return lambda seed: initializers.VarianceScaling(scale, "fan_in", "untruncated_normal", seed)


def kernels(initializer, depth, channels, seed):
    """Yields the kernels of the layers, each of shape (3, channels, channels)."""
    for layer in range(depth):
        drawn = initializer(seed=10_000 * seed + layer)((3, channels, channels))
        yield np.float64(keras.ops.convert_to_numpy(drawn))


def convolve(x, kernel):
    """Returns the convolution of (examples, length, channels) with a kernel, wrapped round."""
    patches = np.concatenate([np.roll(x, 1, axis=1), x, np.roll(x, -1, axis=1)], axis=2)
    return patches @ kernel.reshape(-1, kernel.shape[-1])


def pull_back(gradient, kernel):
    """Returns the gradient in the input of `convolve` from that in its output."""
    return convolve(gradient, kernel[::-1].transpose(0, 2, 1))


def log10_ratio(one, other):
    """Returns the log10 of the ratio of two norms."""
    return math.log10(np.linalg.norm(one) / np.linalg.norm(other))


def tanh_network(initializer, *depths):
    """Returns a measurement of norms at the far end over those where a signal enters."""

    def measure(seed):
        drawn = np.random.default_rng(seed)
        signal = entering = drawn.normal(size=(EXAMPLES, LENGTH, CHANNELS))
        found, layers = {}, []
        for depth, kernel in enumerate(kernels(initializer, max(depths), CHANNELS, seed), 1):
            signal = np.tanh(convolve(signal, kernel))
            layers.append((kernel, 1 - signal**2))
            if depth in depths:
                found["log10_activation_ratio", depth] = log10_ratio(signal, entering)
                gradient = above = drawn.normal(size=signal.shape)
                for below, slope in reversed(layers):
                    gradient = pull_back(gradient * slope, below)
                found["log10_gradient_ratio", depth] = log10_ratio(gradient, above)
        return found

    return measure


def linear_network(initializer, depth, channels=16):
    """Returns a measurement of the singular values of the Jacobian from input to output."""

    def measure(seed):
        size = LENGTH * channels
        images = np.eye(size).reshape(size, LENGTH, channels)
        for kernel in kernels(initializer, depth, channels, seed):
            images = convolve(images, kernel)
        values = np.linalg.svd(images.reshape(size, size), compute_uv=False)
        return {
            "largest_distance_from_1": np.abs(values - 1).max(),
            "log10_largest_over_median": math.log10(values.max() / np.median(values)),
        }

    return measure


def expected(depth):
    """Returns the log10 of both ratios in an infinitely wide network that keeps norms.

    tanh of a normal z passes on the variance E[tanh(z)^2], and E[tanh'(z)^2] of a gradient's.
    """
    points, shares = np.polynomial.hermite_e.hermegauss(60)
    shares, q, logs = shares / shares.sum(), 1.0, 0.0
    for _ in range(depth):
        squares = np.tanh(math.sqrt(q) * points) ** 2
        logs += math.log10(shares @ (1 - squares) ** 2) / 2
        q = shares @ squares
    return math.log10(q) / 2, logs


ACTIVATIONS, GRADIENTS = "log10_activation_ratio@1000", "log10_gradient_ratio@1000"
DELTA, GAUSSIAN = "delta-orthogonal", "gaussian"
DEPTHS, PAPER = (1, 10, 100), (10, 100, 1000, 10_000)

VARIANTS = {
    GAUSSIAN: tanh_network(gaussian(1.0), 10, 100, 1000),
    "he": tanh_network(gaussian(2.0), 10, 100, 1000),
    DELTA: tanh_network(DeltaOrthogonal, 10, 100, 1000),
    "glorot uniform": tanh_network(initializers.GlorotUniform, 10, 100),
    "orthogonal": tanh_network(initializers.Orthogonal, 10, 100),
    **{f"linear gaussian {n}": linear_network(gaussian(1.0), n) for n in DEPTHS},
    **{f"linear {DELTA} {n}": linear_network(DeltaOrthogonal, n) for n in DEPTHS},
}

ISOMETRIC = tuple(
    Identity("largest_distance_from_1", 0.0, n * ROUNDING, (f"linear {DELTA} {n}",)) for n in DEPTHS
)
SPREADING = Trend(tuple(f"linear gaussian {n}" for n in DEPTHS), "log10_largest_over_median")

EXPERIMENT = Measurement(
    factor="initializer",
    baseline=GAUSSIAN,
    variants=VARIANTS,
    places="depth",
    scales={"paper": {"variants": {**VARIANTS, DELTA: tanh_network(DeltaOrthogonal, *PAPER)}}},
    claims=[
        Claim(
            "GRD14 at the start",
            (
                # Within a factor of 2 of what tanh alone takes.
                Number(DELTA, ACTIVATIONS, expected(1000)[0], math.log10(2)),
                Number(DELTA, GRADIENTS, expected(1000)[1], math.log10(2)),
                Difference(DELTA, GAUSSIAN, GRADIENTS, margin=1.0),
                Difference("he", DELTA, GRADIENTS, margin=1.0),
            ),
            "Delta-orthogonal weights carry sizes through 1000 layers as tanh alone would.",
            deviation="not trained; 1000 layers",
        ),
        Claim("GRD15", (*ISOMETRIC, SPREADING), "Only delta-orthogonal layers stay isometric."),
    ],
)
