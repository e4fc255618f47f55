"""Does pooling compute what the lectures say, and can a convolution with strides take its place?

Pooling is compared with a summary that NumPy takes window by window. A convolution of kernel 3 and
stride 2 is set to average as pooling does, and trained by gradient descent to do as average or
maximum pooling does on random signals.

References:
    Dumoulin and Visin (2016), A guide to convolution arithmetic, arXiv:1603.07285.
    Springenberg et al. (2015), Striving for Simplicity, arXiv:1412.6806.
"""

import keras
import numpy as np
from keras import layers

from zoo.claims import Claim, equal, zero
from zoo.experiment import Measurement
from zoo.measure import draw, furthest, rms

SIZE, SIGNALS, STEPS = 32, 256, 100  # of training


def windows(x):
    """Returns the two by two pixels of images, shape (batch, rows, columns, channels, 2, 2)."""
    every = np.lib.stride_tricks.sliding_window_view(x, (2, 2), axis=(1, 2))
    return every[:, ::2, ::2]


def pooling(layer, summary):
    """Returns a comparison of pooling with a summary of each window of two by two pixels."""

    def check(seed):
        x = draw(seed, 2, 8, 9, 3)  # the ninth column has no neighbour
        outputs = layer(2)(x)
        expected = summary(windows(x), axis=(-2, -1))
        shape = dict(zip(("rows", "columns", "maps"), outputs.shape[1:], strict=True))
        return {"error": furthest(outputs, expected), **shape}

    return check


def strided(seed):
    """Compares a convolution of kernel 3 and stride 2 with pooling, as set and as trained."""
    x = draw(seed, SIGNALS, SIZE, 1)
    found = {}
    for name, pool in (("average", layers.AveragePooling1D), ("maximum", layers.MaxPooling1D)):
        wanted = pool(2)(x)
        layer = layers.Conv1D(1, 3, 2, padding="same")
        model = keras.Sequential([keras.Input((SIZE, 1)), layer])
        model.compile(keras.optimizers.SGD(0.1), "mean_squared_error")
        for _ in range(STEPS):
            model.train_on_batch(x, wanted)
        found[f"{name}_error_as_trained"] = rms(model(x) - wanted)
        found["length"], found["length_of_pooling"] = layer.output.shape[1], wanted.shape[1]
        layer.set_weights([np.array([0.5, 0.5, 0.0]).reshape(3, 1, 1), np.zeros(1)])
        found[f"{name}_error_as_set"] = rms(model(x) - wanted)
    return found


POOLING = ("max pooling", "average pooling")

EXPERIMENT = Measurement(
    factor="layer",
    trains=True,
    variants={
        POOLING[0]: pooling(layers.MaxPooling2D, np.max),
        POOLING[1]: pooling(layers.AveragePooling2D, np.mean),
        "convolution of stride 2": strided,
    },
    claims=[
        Claim(
            "CNN10",
            (*zero("error", of=POOLING), *equal({"rows": 4, "columns": 4, "maps": 3}, of=POOLING)),
        ),
        Claim(
            "CNN12 average",
            (
                *equal({"length": SIZE // 2, "length_of_pooling": SIZE // 2}),
                *zero("average_error_as_set"),
                *zero("average_error_as_trained", tolerance=1e-4),
            ),
            "A convolution of kernel 3 and stride 2 has the length of pooling by 2, contains "
            "average pooling, and finds it by gradient descent.",
            deviation="one layer, random signals; maximum pooling it neither contains nor finds",
        ),
    ],
)
