"""Does a Dense layer compute, count and log what the lectures say?

One sentence is from the first Keras: an input of rank above 2 is no longer flattened, its last axis
is contracted, so (batch, time, features) becomes (batch, time, units).

References:
    Chollet et al. (2015), Keras, documentation of the Dense layer and of Model.fit.
"""

import keras
import numpy as np
from keras import layers, ops

from zoo.claims import Claim, equal
from zoo.experiment import Measurement, crossentropy
from zoo.measure import draw, furthest

RATE = 0.5


def formula(use_bias):
    """Returns a comparison with tanh(x kernel + bias) and the number of weights."""

    def check(seed):
        x, kernel, bias = draw(seed, 8, 4), draw(seed + 1, 4, 3), draw(seed + 2, 3)
        layer = layers.Dense(3, "tanh", use_bias=use_bias)
        layer.build(x.shape)
        layer.set_weights([kernel, bias] if use_bias else [kernel])
        expected = np.tanh(x @ kernel + (bias if use_bias else 0))
        return {"error": furthest(layer(x), expected), "weights": len(layer.weights)}

    return check


def rank_3(seed):
    """Looks at what becomes of (batch, time, features) = (2, 4, 5)."""
    x, layer = draw(seed, 2, 4, 5), layers.Dense(3)
    outputs = layer(x)
    contracted = np.einsum("btf,fu->btu", x, ops.convert_to_numpy(layer.kernel))
    return {
        "rank_of_outputs": outputs.ndim,
        "rows_of_the_kernel": layer.kernel.shape[0],
        "difference_to_last_axis": furthest(outputs, contracted),
    }


def two_layers(seed):
    """Counts widths and parameters of two layers of 32 units on 16 inputs."""
    model = keras.Sequential([keras.Input((16,)), layers.Dense(32), layers.Dense(32)])
    widths = {("width", n): layer.output.shape[-1] for n, layer in enumerate(model.layers, 1)}
    counts = {("parameters", n): each.count_params() for n, each in enumerate(model.layers, 1)}
    return widths | counts


def printed(batches):
    """Returns a comparison of the loss and accuracy of an epoch with those of its batches."""

    def check(seed):
        x, y = draw(seed, 60, 4), np.random.default_rng(seed).integers(3, size=60)
        model = keras.Sequential([keras.Input((4,)), layers.Dense(3, use_bias=False)])
        kernel, losses, hits = draw(seed + 1, 4, 3), [], []
        model.set_weights([kernel])
        model.compile(
            keras.optimizers.SGD(RATE), crossentropy(), metrics=["accuracy"], run_eagerly=True
        )
        logs = model.fit(x, y, 60 // batches, shuffle=False, verbose=0).history
        for part, labels in zip(np.split(x, batches), np.split(y, batches), strict=True):
            p = np.exp(part @ kernel)
            p /= p.sum(1, keepdims=True)
            losses.append(-np.log(p[np.arange(len(p)), labels]).mean())
            hits.append((p.argmax(1) == labels).mean())
            kernel = kernel - RATE * part.T @ (p - np.eye(3)[labels]) / len(p)
        after = model.evaluate(x, y, verbose=0)[0]
        return {
            "loss_error": furthest(logs["loss"][0], np.mean(losses)),
            "accuracy_error": furthest(logs["accuracy"][0], np.mean(hits)),
            "above_the_loss_afterwards": logs["loss"][0] - after,
        }

    return check


EXPERIMENT = Measurement(
    factor="property",
    variants={
        "with bias": formula(True),
        "without bias": formula(False),
        "input of rank 3": rank_3,
        "two layers": two_layers,
        "log of 1 batch": printed(1),
        "log of 6 batches": printed(6),
    },
    claims=[
        Claim(
            "MIS05",
            (
                *equal({"error": 0}, of=("with bias", "without bias")),
                *equal({"weights": 2}, of="with bias"),
                *equal({"weights": 1}, of="without bias"),
            ),
        ),
        Claim("MIS06", equal({"rank_of_outputs": 2, "rows_of_the_kernel": 4 * 5})),
        Claim(
            "MIS07",
            equal(
                {
                    "width@1": 32,
                    "width@2": 32,
                    "parameters@1": 16 * 32 + 32,
                    "parameters@2": 32 * 32 + 32,
                }
            ),
        ),
        Claim("MIS08", equal({"loss_error": 0, "accuracy_error": 0})),
    ],
)
