"""Which preparation of the pixels gives the first loss that the lecture prints?

The lecture divides pixels by their standard deviation, and prints 2.30261216167 as the first loss
of a two-layer network, which is 2.7e-5 above ln 10. All biases are zero, so to first order that
distance is proportional to the pixels. It is measured where classes as large as each other make it
largest: one image a class, so that nothing but the class decides the outputs. Pixels of deviation 1
cannot give it even there.

References:
    LeCun et al. (1998), Efficient BackProp, section 4.3.
"""

import math

import keras
import numpy as np
from keras import layers

from zoo.claims import Claim, Number
from zoo.experiment import Measurement
from zoo.preprocessing import Centre, standardise

CLASSES, PIXELS, HIDDEN, WEIGHT = 10, 3072, 50, 1e-4
PRINTED = 2.30261216167 - math.log(10)
# Standard deviation over seeds for pixels of deviation 1: ReLU passes half of the squares, from the
# logit of the class the mean of all is subtracted, and ten images are averaged.
STANDARD = WEIGHT**2 * math.sqrt(PIXELS / 2 * HIDDEN * 0.9 / CLASSES)
RAW = STANDARD * 256 / math.sqrt(12)


def first_loss(prepare):
    """Returns a measurement of the untrained network's loss, in double precision from logits on."""

    def check(seed):
        images = np.random.default_rng(seed).integers(0, 256, (CLASSES, PIXELS)).astype("float64")
        normal = [keras.initializers.RandomNormal(stddev=WEIGHT, seed=2 * seed + n) for n in (0, 1)]
        hidden = layers.Dense(HIDDEN, "relu", kernel_initializer=normal[0])
        model = keras.Sequential([hidden, layers.Dense(CLASSES, kernel_initializer=normal[1])])
        logits = np.float64(keras.ops.convert_to_numpy(model(prepare(images)(images))))
        losses = np.log(np.exp(logits).sum(axis=1)) - np.diag(logits)
        return {"loss_above_ln_10": losses.mean() - math.log(10)}

    return check


EXPERIMENT = Measurement(
    factor="preprocessing",
    variants={
        "centred": first_loss(Centre()),
        "standardised": first_loss(standardise),
    },
    claims=[
        Claim(
            "PRE24",
            Number("standardised", "loss_above_ln_10", PRINTED, 3 * STANDARD),
            "Pixels divided by their deviation give the first loss that is printed.",
            deviation="random pixels",
        ),
        Claim(
            "PRE24 centred only",
            Number("centred", "loss_above_ln_10", PRINTED, 3 * RAW),
            "Pixels that are only centred give the first loss that is printed.",
            says="The first loss that the lecture prints is one of centred pixels.",
            source="lecture 0, the right form",
            deviation="random pixels",
        ),
    ],
)
