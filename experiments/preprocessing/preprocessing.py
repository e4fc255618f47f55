"""What should be done to the inputs: centre, scale, rotate, whiten, or nothing at all?

The lectures centre and scale every feature, say that for images centring alone is enough, and ask
for the training set's statistics on the test set. The data are images of 8 x 8 pixels between 0 and
16. "Uneven" ones have pixels in units of their own, up to 100 times smaller than others'; "faint
noise" adds 64 features of small noise, whose scale tells that they do not matter.

References:
    LeCun et al. (1998), Efficient BackProp, section 4.3.
    Krizhevsky et al. (2012), ImageNet Classification with Deep CNNs, NeurIPS.
"""

from functools import partial

import keras
from keras import layers

from zoo.claims import Claim, Difference, Equivalence, faster
from zoo.experiment import Experiment, Recipe
from zoo.preprocessing import (
    Centre,
    Chain,
    NoiseFeatures,
    OwnStatistics,
    Principal,
    Range,
    Shift,
    Units,
    standardise,
    unchanged,
)


def build_model(input_shape, num_classes, depth=2, units=64):
    """Builds a ReLU MLP."""
    model = keras.Sequential([keras.Input(input_shape), layers.Flatten()])
    for _ in range(depth):
        model.add(layers.Dense(units, activation="relu", kernel_initializer="he_normal"))
    model.add(layers.Dense(num_classes))
    return model


UNEVEN = Units(decades=2.0)
FAINT = NoiseFeatures(deviation=0.05, count=64)
VARIANTS = {
    "none": unchanged,
    "0 to 1": Range(0.0, 1.0),
    "-1 to 1": Range(-1.0, 1.0),
    "mean image": Centre(),
    "mean of the channel": Centre(by_channel=True),
    "standardised": standardise,
    "standardised then shifted": Chain((standardise, Shift(3.0))),
    "own statistics of 10": OwnStatistics(10),
    "principal components": Principal(),
    "whitened": Principal(whiten=True),
    "uneven": UNEVEN,
    "uneven 10 components": Chain((UNEVEN, Principal(10))),
    "uneven scaled 10 components": Chain((UNEVEN, standardise, Principal(10))),
    "faint noise": FAINT,
    "faint noise standardised": Chain((FAINT, standardise)),
}
PIXELS = ("none", "mean image", "mean of the channel", "principal components", "faint noise")


def sooner(variant, other):
    """Says that a variant needs fewer epochs than another to 95 % training accuracy."""
    return faster(variant, other, 0.95)


EXPERIMENT = Experiment(
    factor="preprocessing",
    baseline="none",
    variants=VARIANTS,
    recipe=Recipe(
        build_model=build_model,
        data="digits",
        optimizer=lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
        learning_rates={
            **dict.fromkeys(VARIANTS, (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)),
            **dict.fromkeys(PIXELS, (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03)),
            **dict.fromkeys(("uneven", "uneven 10 components"), (3e-6, 1e-5, 3e-5, 1e-4, 3e-4)),
        },
        epochs=30,
        batch_size=64,
    ),
    scales={
        "lecture": {
            "build_model": partial(build_model, depth=1, units=50),
            "data": "cifar10",
            "learning_rates": dict.fromkeys(VARIANTS, (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1)),
        }
    },
    claims=[
        Claim("PRE01", sooner("mean image", "none")),
        Claim("PRE02", sooner("standardised", "mean image")),
        Claim("PRE03", Difference("standardised", "own statistics of 10")),
        Claim("PRE04", sooner("standardised", "uneven")),
        Claim(
            "PRE09",
            tuple(
                Equivalence("mean image", other, margin=0.02)
                for other in ("standardised", "principal components", "whitened")
            ),
        ),
        Claim("PRE10", sooner("mean image", "none")),
        Claim("PRE11", Equivalence("mean of the channel", "mean image", margin=0.01)),
        Claim(
            "PRE12",
            (
                Difference("standardised", "uneven"),
                Difference("faint noise", "faint noise standardised"),
            ),
        ),
        Claim("PRE13", tuple(sooner(v, "none") for v in ("0 to 1", "-1 to 1", "standardised"))),
        Claim("PRE14", Difference("standardised", "uneven")),
        Claim("PRE15", Difference("uneven scaled 10 components", "uneven 10 components")),
        Claim("PRE16", (Difference("standardised", "none"), sooner("standardised", "none"))),
        Claim("ACT34", sooner("standardised", "standardised then shifted")),
    ],
)
