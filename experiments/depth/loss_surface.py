"""Is the loss surface of a deep plain network full of minima, and is it depth that makes it so?

The lecture shows one of VGG-56. Here networks of dense layers with batch normalisation and ReLU are
looked at before and after a short training, each along random straight lines through its weights;
a unit's direction has the norm of its weights. Nearly all lines bend downwards somewhere, also with
skips and without depth, so what is compared is how often the loss falls and rises again. A minimum
on a line need not be one of the surface; saddle points are not counted.

References:
    Li et al. (2018), Visualizing the Loss Landscape of Neural Nets, NeurIPS, arXiv:1712.09913.
    Dauphin et al. (2014), Identifying and attacking the saddle point problem, arXiv:1406.2572.
"""

import keras
import numpy as np
from keras import layers

from zoo.claims import Claim, Difference
from zoo.experiment import Measurement, crossentropy

INPUTS, UNITS, CLASSES, EXAMPLES = 20, 32, 10, 200
LINES = 10
STEPS = np.linspace(-1, 1, 41)  # along a line
TRAINING_STEPS = 40
ROUNDING = 1e-4  # of a loss, in single precision
LOSS = crossentropy()


def clusters(seed):
    """Returns examples of ten overlapping normal clusters, and their classes."""
    drawn = np.random.default_rng(seed)
    y = np.arange(EXAMPLES) % CLASSES
    centres = drawn.normal(size=(CLASSES, INPUTS))
    return np.float32(centres[y] + drawn.normal(size=(EXAMPLES, INPUTS))), y


def build(depth, skips):
    """Returns a network whose hidden layers are all of the same width."""
    inputs = keras.Input((INPUTS,))
    x = layers.Dense(UNITS, use_bias=False)(inputs)
    for _ in range(depth):
        z = layers.Dense(UNITS, use_bias=False, kernel_initializer="he_normal")(x)
        z = layers.BatchNormalization(scale=False, center=False)(z)
        z = layers.ReLU()(z)
        x = layers.Add()([x, z]) if skips else z
    return keras.Model(inputs, layers.Dense(CLASSES, use_bias=False)(x))


def losses(kernels, x, y, skips):
    """Returns the losses of many networks at once, shape (networks,).

    Batch normalisation takes the statistics of all examples, as in training.

    Args:
        kernels: Arrays of shape (networks, inputs, outputs), one for each layer.
        x: Examples, shape (examples, inputs).
        y: Classes, shape (examples,).
        skips: Whether layers are added to what they take in.
    """
    first, *hidden, last = kernels
    h = x @ first
    for kernel in hidden:
        z = h @ kernel
        z = z - z.mean(axis=1, keepdims=True)
        z = z / np.sqrt(np.square(z).mean(axis=1, keepdims=True) + 1e-3)
        h = np.maximum(z, 0) + (h if skips else 0)
    logits = h @ last
    logits = logits - logits.max(axis=2, keepdims=True)
    own = np.take_along_axis(logits, y[None, :, None], axis=2)[..., 0]
    return (np.log(np.exp(logits).sum(axis=2)) - own).mean(axis=1, dtype=np.float64)


def lines(kernels, x, y, skips, seed):
    """Returns the losses along random lines, shape (LINES, len(STEPS))."""
    drawn = np.random.default_rng(1000 + seed)
    found = []
    for _ in range(LINES):
        moved = []
        for kernel in kernels:
            direction = np.float32(drawn.normal(size=kernel.shape))
            direction *= np.linalg.norm(kernel, axis=0) / np.linalg.norm(direction, axis=0)
            moved.append(kernel + np.float32(STEPS[:, None, None]) * direction)
        found.append(losses(moved, x, y, skips))
    return np.array(found)


def shape(depth, skips=False):
    """Returns a measurement of the surface before and after training."""

    def check(seed):
        x, y = clusters(seed)
        model = build(depth, skips)
        before = surface(model.get_weights(), x, y, skips, seed)
        model.compile(keras.optimizers.Adam(3e-3), LOSS, jit_compile=False)
        model.fit(x, y, batch_size=EXAMPLES, epochs=TRAINING_STEPS, verbose=0)
        after = surface(model.get_weights(), x, y, skips, seed)
        return {**{f"{k}_at_start": v for k, v in before.items()}, **after}

    return check


def surface(weights, x, y, skips, seed):
    """Returns what the lines through the kernels among a network's weights look like."""
    found = lines([weight for weight in weights if weight.ndim == 2], x, y, skips, seed)
    bends = found[:, 2:] - 2 * found[:, 1:-1] + found[:, :-2]
    falls, rises = (np.diff(sign * found, axis=1) > ROUNDING for sign in (-1, 1))
    minima = (falls[:, :-1] & rises[:, 1:]).sum(axis=1)
    return {
        "loss": found[0, len(STEPS) // 2],
        "share_of_lines_not_convex": (bends < -ROUNDING).any(axis=1).mean(),
        "share_bent_down": (bends < -ROUNDING).mean(),
        "minima_of_a_line": minima.mean(),
    }


DEEP, MINIMA = "plain 12", "minima_of_a_line"

EXPERIMENT = Measurement(
    factor="network",
    baseline=DEEP,
    variants={
        "plain 3": shape(3),
        DEEP: shape(12),
        "skips 12": shape(12, skips=True),
    },
    claims=[
        Claim(
            "GRD16 minima",
            tuple(
                Difference(DEEP, other, MINIMA + when, margin=1.0)
                for other in ("plain 3", "skips 12")
                for when in ("_at_start", "")
            ),
            "Random lines cross more minima in 12 plain layers than in 3, or in 12 with skips.",
            deviation="dense layers with batch normalisation, lines, no saddle points",
        ),
    ],
)
