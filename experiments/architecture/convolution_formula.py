"""Do convolutions compute, count and shape what the lectures say?

A layer is compared with dot products that NumPy takes window by window, and sizes with the formula
floor((inputs + 2 padding - kernel) / stride) + 1. VGG-16, called the winner of 2014, is built from
its description; it was second in classification then, behind GoogLeNet, and first in localisation.

References:
    Dumoulin and Visin (2016), A guide to convolution arithmetic, arXiv:1603.07285.
    Simonyan and Zisserman (2014), Very Deep Convolutional Networks, arXiv:1409.1556.
"""

import keras
import numpy as np
from keras import layers, ops

from zoo.claims import Claim, equal, zero
from zoo.experiment import Measurement
from zoo.measure import draw, furthest

CASES = 100  # of sizes, for each seed
VGG = (64, 64, "pool", 128, 128, "pool", *(256,) * 3, "pool", *(*(512,) * 3, "pool") * 2)


def windows(x, size, stride):
    """Returns the windows of images, shape (batch, rows, columns, channels, size, size)."""
    every = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))
    return every[:, ::stride, ::stride]


def convolution(shape, filters, size, stride=1):
    """Returns a comparison of a layer on images of a shape with dot products."""

    def check(seed):
        x, layer = draw(seed, 2, *shape), layers.Conv2D(filters, size, stride)
        layer.build(x.shape)
        kernel = draw(seed + 100, *layer.kernel.shape) / size  # for outputs of about 1
        bias = draw(seed + 200, filters)
        layer.set_weights([kernel, bias])
        outputs = layer(x)
        products = np.einsum("bijcxy,xycf->bijf", windows(x, size, stride), kernel)
        flipped = np.einsum("bijcxy,xycf->bijf", windows(x, size, stride), kernel[::-1, ::-1])
        alone = ops.conv(x, kernel[..., :1], stride) + bias[0]
        return {
            "error": furthest(outputs, products + bias),
            "distance_with_kernel_flipped": furthest(outputs, flipped + bias),
            "first_map_error": furthest(outputs[..., :1], alone),
            **dict(zip(("rows", "columns", "maps"), outputs.shape[1:], strict=True)),
            "parameters": layer.count_params(),
        }

    return check


def sizes(seed):
    """Counts the sizes of outputs that are not the formula's, in one dimension."""
    drawn = np.random.default_rng(seed)
    other = other_same = 0
    for _ in range(CASES):
        kernel, stride, padding = drawn.integers((1, 1, 0), (8, 5, 4)).tolist()
        inputs = kernel + int(drawn.integers(40))
        x, weights = draw(seed, 1, inputs, 1), draw(seed, kernel, 1, 1)
        padded = np.pad(x, ((0, 0), (padding, padding), (0, 0)))
        found = ops.conv(padded, weights, stride).shape[1]
        other += found != (inputs + 2 * padding - kernel) // stride + 1
        found = ops.conv(x, weights, stride, "same").shape[1]
        other_same += found != -(-inputs // stride)  # rounded up
    return {"other_sizes": other, "other_sizes_with_padding_same": other_same}


def vgg16(_):
    """Builds VGG-16 without filling its weights, and counts them."""
    stack = [keras.Input((224, 224, 3))]
    for width in VGG:
        if width == "pool":
            stack.append(layers.MaxPooling2D(2))
        else:
            stack.append(layers.Conv2D(width, 3, padding="same", activation="relu"))
    stack.append(layers.Flatten())
    stack += [layers.Dense(units) for units in (4096, 4096, 1000)]
    with keras.StatelessScope(initialize_variables=False):
        model = keras.Sequential(stack)
        weighted = [layer for layer in model.layers if layer.weights]
        return {
            "layers_with_weights": len(weighted),
            "parameters": model.count_params(),
            "parameters_beyond_138357544": model.count_params() - 138_357_544,  # all nine digits
        }


SLIDING = ("3 x 3 stride 1", "3 x 3 stride 2", "six 5 x 5")

EXPERIMENT = Measurement(
    factor="layer",
    variants={
        SLIDING[0]: convolution((7, 7, 1), 1, 3),
        SLIDING[1]: convolution((7, 7, 1), 1, 3, 2),
        SLIDING[2]: convolution((32, 32, 3), 6, 5),
        "sizes": sizes,
        "vgg-16": vgg16,
    },
    claims=[
        Claim("CNN04", zero("error", of=SLIDING)),
        Claim(
            "CNN07",
            (
                *equal({"rows": 5, "columns": 5}, of=SLIDING[0]),
                *equal({"rows": 3, "columns": 3}, of=SLIDING[1]),
            ),
        ),
        Claim(
            "CNN08",
            (
                *equal({"rows": 28, "columns": 28, "maps": 6, "parameters": 456}, of=SLIDING[2]),
                *zero("first_map_error", of=SLIDING[2]),
            ),
        ),
        Claim("CNN09", zero("other_sizes", "other_sizes_with_padding_same", tolerance=0.0)),
        Claim(
            "CNN13 size",
            equal({"layers_with_weights": 16, "parameters_beyond_138357544": 0}, tolerance=0.0),
            "VGG-16 has 16 layers with weights, and 138,357,544 of them at 224 x 224 x 3.",
            deviation="whether it is typical, and what it won, is not measured",
        ),
    ],
)
