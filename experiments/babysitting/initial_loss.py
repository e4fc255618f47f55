"""Does the loss of a fresh classifier start where it should, with and without a penalty?

The slides' network of 3072, 50 and 10 units, with weights of deviation 0.0001 and no biases, sees
random pixels of the deviation that images have, with several numbers of classes and two L2
penalties: the printed strength of 1000 times the squares, and half of that. With Glorot's weights
an ordinary penalty is looked at. From probabilities Keras takes no loss beyond -ln 1e-7.

References:
    Stanford CS231n (2015), lecture 5.
    Glorot and Bengio (2010), Understanding the difficulty of training deep networks, AISTATS.
"""

import math
from functools import partial

import keras
import numpy as np
from keras import initializers, layers, losses, regularizers

from zoo.claims import Claim, Difference, Number, equal, zero
from zoo.experiment import Measurement
from zoo.measure import draw

PIXELS, UNITS, IMAGES = 3072, 50, 200
DEVIATION, PIXEL = 1e-4, 64  # of the weights, and of an image's pixels around their means
SMALL = initializers.RandomNormal(stddev=DEVIATION)
LN_10, NEAR = math.log(10), 1e-4
# Three deviations of one draw: measured on images outside of Keras, and of the sum of squares.
DRAW, PENALTY_DRAW = 3 * 1.3e-5, 3 * 0.0028


def build(outputs, initializer, penalty):
    """Builds the ReLU network of the slides with an L2 penalty on both kernels."""
    regularizer = regularizers.L2(penalty) if penalty else None
    hidden, last = (
        layers.Dense(width, kernel_initializer=initializer.clone(), kernel_regularizer=regularizer)
        for width in (UNITS, outputs)
    )
    return keras.Sequential([keras.Input((PIXELS,)), hidden, layers.ReLU(), last])


def fresh(classes, seed, initializer=SMALL, penalty=0.0):
    """Measures a network on random pixels; two classes have a logistic output."""
    model = build(1 if classes == 2 else classes, initializer, penalty)
    make = losses.BinaryCrossentropy if classes == 2 else losses.SparseCategoricalCrossentropy
    loss = make(from_logits=True)
    # Pixels of small weights, features of a deviation of 1 else.
    x = draw(seed, IMAGES, PIXELS) * (PIXEL if initializer is SMALL else 1)
    y = np.arange(IMAGES)[:, None] % classes
    model.compile(loss=loss, run_eagerly=True)
    whole, without = model.evaluate(x, y, IMAGES, verbose=0), float(loss(y, model(x)))
    kernels, biases = model.get_weights()[::2], model.get_weights()[1::2]
    squares = sum((np.float64(kernel) ** 2).sum() for kernel in kernels)
    found = {"loss": whole, "distance_from_ln_classes": without - math.log(classes)}
    if penalty:
        return {**found, "error_of_penalty": whole - without - penalty * squares}
    return {
        **found,
        "parameters": model.count_params(),
        "kernel_deviation": kernels[0].std(),
        "largest_bias": max(np.abs(bias).max() for bias in biases),
    }


def largest(seed):
    """Measures the loss of a prediction that is certain and wrong, from probabilities."""
    return {"loss": losses.sparse_categorical_crossentropy(np.array([0]), np.eye(2)[1:])[0]}


GLOROT = initializers.GlorotUniform()
CLASSES = ("2 classes", "10 classes", "100 classes")
PENALISED = ("L2 500", "L2 1000", "glorot L2 0.01")

EXPERIMENT = Measurement(
    factor="classes and penalty",
    seeds=16,
    variants={
        **{label: partial(fresh, int(label.split()[0])) for label in CLASSES},
        "L2 500": partial(fresh, 10, penalty=500.0),
        "L2 1000": partial(fresh, 10, penalty=1000.0),
        "glorot": partial(fresh, 10, initializer=GLOROT),
        "glorot L2 0.01": partial(fresh, 10, initializer=GLOROT, penalty=0.01),
        "certain and wrong": largest,
    },
    claims=[
        Claim(
            "BAB01",
            (
                *equal({"parameters": 154_160, "largest_bias": 0.0}, "10 classes", 0.0),
                *equal({"kernel_deviation": DEVIATION}, "10 classes", 0.01 * DEVIATION),
            ),
            "The network has 154,160 parameters, kernels of deviation 0.0001 and biases of 0.",
        ),
        Claim(
            "BAB02",
            Number("10 classes", "loss", 2.30261216167, DRAW),
            "The printed loss is that of a fresh network, within three deviations of one network.",
            deviation="random pixels; the deviation is that on images",
        ),
        Claim(
            "BAB03",
            zero("distance_from_ln_classes", of=CLASSES, tolerance=NEAR),
            "With 2, 10 and 100 classes the loss of small weights starts at the log of the number.",
        ),
        Claim(
            "BAB03 largest",
            equal({"loss": -math.log(1e-7)}, "certain and wrong", 1e-4),
            "A prediction that is certain and wrong has a loss of -ln 1e-7, about 16.1.",
        ),
        Claim(
            "BAB04",
            (
                Difference("L2 500", "10 classes", "loss", 0.5),
                Number("L2 500", "loss", 3.06859716482, PENALTY_DRAW),
                Difference("L2 1000", "L2 500", "loss", 0.5),
            ),
            "With half of the strength times the squares the loss goes up to the printed one, "
            "with the whole it goes up by 0.5 more at least.",
            deviation="random pixels",
        ),
        Claim(
            "BAB05",
            (
                *zero("error_of_penalty", of=PENALISED, tolerance=1e-4),
                Difference("L2 500", "10 classes", "loss", 0.1),
                Difference("glorot L2 0.01", "glorot", "loss", 0.1),
            ),
            "A penalty is added to the initial loss, so that it is more than 0.1 away from where "
            "it should be, with an ordinary strength, too.",
        ),
    ],
)
