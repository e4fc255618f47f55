"""Does preprocessing do to the features what the lectures say?

What is done to features is compared with the lectures' NumPy and with Keras's layer. A test part is
prepared as a whole and example by example: with statistics of its own each example on its own is
all zeros.

References:
    LeCun et al. (1998), Efficient BackProp, section 4.3.
    Krizhevsky et al. (2012), ImageNet Classification with Deep CNNs, NeurIPS.
    Simonyan and Zisserman (2015), Very Deep Convolutional Networks, arXiv:1409.1556.
"""

import keras
import numpy as np
from keras import layers

from zoo.claims import Claim, Difference, equal, zero
from zoo.experiment import Measurement
from zoo.measure import furthest
from zoo.preprocessing import Centre, OwnStatistics, standardise

EXAMPLES, FEATURES = 500, 8
DOUBLE = 1e-9  # what rounding in double precision explains


def features(seed, examples=EXAMPLES):
    """Returns features with means and deviations of their own, shape (examples, FEATURES)."""
    drawn = np.random.default_rng(seed)
    return drawn.normal(size=(examples, FEATURES)) * np.logspace(-1, 2, FEATURES) + np.arange(8.0)


def columns(prepare, lecture):
    """Returns a check of prepared features against the lecture's code and Keras's layer."""

    def check(seed):
        x = features(seed)
        prepared = prepare(x)(x)
        layer = layers.Normalization()
        layer.adapt(x)
        return {
            "formula_error": furthest(prepared, lecture(x)),
            "largest_mean": np.abs(prepared.mean(axis=0)).max(),
            "deviation_from_1": np.abs(prepared.std(axis=0) - 1).max(),
            "keras_error": furthest(standardise(x)(x), layer(x)),
        }

    return check


def test_part(prepare):
    """Returns a check of what examples of a test part become, together and each on its own."""

    def check(seed):
        x_train, x_test = features(seed), features(seed + 1000, 50)
        apply = prepare(x_train)
        together = apply(x_test)
        alone = np.concatenate([apply(example[None]) for example in x_test])
        return {"spread_alone": np.ptp(alone, axis=0).min(), "change": furthest(alone, together)}

    return check


def image_mean(prepare, axes, keras_axis):
    """Returns a check of what is subtracted from images, and how many numbers that is."""

    def check(seed):
        x = np.random.default_rng(seed).integers(0, 256, (100, 32, 32, 3)).astype("float32")
        layer = layers.Normalization(axis=keras_axis)
        layer.adapt(x)
        mean = np.mean(x, axis=axes, dtype=np.float64)
        return {
            "formula_error": furthest(prepare(x)(x), x - mean),
            "numbers": np.size(keras.ops.convert_to_numpy(layer.mean)),
            "keras_error": furthest(np.squeeze(layer.mean), mean),
        }

    return check


def image(variant, numbers):
    """Says that what is subtracted from images is the mean, and how many numbers it has."""
    return (
        *zero("formula_error", of=variant, tolerance=DOUBLE),
        *zero("keras_error", of=variant, tolerance=1e-3),  # of 128, in single precision
        *equal({"numbers": numbers}, of=variant, tolerance=0.0),
    )


STANDARD = ("formula_error", "largest_mean", "deviation_from_1")

EXPERIMENT = Measurement(
    factor="preprocessing",
    variants={
        "centred": columns(Centre(), lambda x: x - np.mean(x, axis=0)),
        "standardised": columns(
            standardise, lambda x: (x - np.mean(x, axis=0)) / np.std(x, axis=0)
        ),
        "training statistics": test_part(standardise),
        "own statistics": test_part(OwnStatistics(50)),
        "mean image": image_mean(Centre(), 0, (1, 2, 3)),
        "channel means": image_mean(Centre(by_channel=True), (0, 1, 2), -1),
    },
    claims=[
        Claim("PRE01", zero("formula_error", "largest_mean", of="centred", tolerance=DOUBLE)),
        Claim(
            "PRE02",
            (
                *zero(*STANDARD, of="standardised", tolerance=DOUBLE),
                *zero("keras_error", of="standardised", tolerance=1e-4),
            ),
        ),
        Claim(
            "PRE03",
            (
                *zero("spread_alone", of="own statistics", tolerance=DOUBLE),
                *zero("change", of="training statistics", tolerance=DOUBLE),
                Difference("own statistics", "training statistics", "change"),
            ),
            "With statistics of its own an example becomes 0; with the training set's it stays.",
            deviation="single examples, without a network",
        ),
        Claim("PRE10", image("mean image", 32 * 32 * 3)),
        Claim("PRE11", image("channel means", 3)),
    ],
)
