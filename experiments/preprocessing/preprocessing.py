"""What should be done to the inputs: centre, scale, rotate, whiten, or nothing at all?

The lectures centre and scale every feature, say that for images centring alone is enough, and ask
for the training set's statistics on the test set. "None" is what one scale for all features leaves,
values from 0 to 1, such as pixels have. "Uneven" features have units of their own, up to 100 times
larger than others'; "faint noise" adds as many features of small noise, whose scale tells that they
do not matter.

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
)


def build_model(input_shape, num_classes, depth=2, units=64):
    """Builds a ReLU MLP."""
    stack = [keras.Input(input_shape), layers.Flatten()]
    for _ in range(depth):
        stack.append(layers.Dense(units, activation="relu", kernel_initializer="he_normal"))
    return keras.Sequential([*stack, layers.Dense(num_classes)])


RAW = Range(0.0, 1.0, together=True)
UNEVEN, FAINT = Units(decades=2.0), NoiseFeatures(deviation=0.003)
VARIANTS = {
    "none": RAW,
    "0 to 1": Range(0.0, 1.0),
    "-1 to 1": Range(-1.0, 1.0),
    "mean image": Chain((RAW, Centre())),
    "standardised": standardise,
    "standardised then shifted": Chain((standardise, Shift(3.0))),
    "own statistics of 10": OwnStatistics(10),
    "principal components": Chain((RAW, Principal())),
    "whitened": Chain((RAW, Principal(whiten=True))),
    "uneven": Chain((RAW, UNEVEN)),
    "uneven 10 components": Chain((RAW, UNEVEN, Principal(10))),
    "uneven scaled 10 components": Chain((RAW, UNEVEN, standardise, Principal(10))),
    "faint noise": Chain((RAW, FAINT)),
    "faint noise standardised": Chain((RAW, FAINT, standardise)),
}
CENTRED = ("mean image", "principal components")


def sooner(variant, other):
    """Returns the rule that a variant needs fewer epochs than another, and it in words."""
    words = f"Inputs {variant} train in fewer epochs than {other}, to 0.9 of the way to the best."
    return faster(variant, other, 0.9), words


def alike(variant):
    """Returns the rule that a variant is as accurate as centred inputs, and it in words."""
    words = f"Centred inputs and {variant} are equally accurate, within 2 points."
    return {"rule": Equivalence("mean image", variant, margin=0.02), "proposition": words}


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
            **dict.fromkeys(("none", "faint noise"), (0.003, 0.01, 0.03, 0.1, 0.3)),
            **dict.fromkeys(CENTRED, (0.01, 0.03, 0.1, 0.3, 1.0)),
            **dict.fromkeys(("uneven", "uneven 10 components"), (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)),
        },
        epochs=30,
        batch_size=64,
    ),
    scales={
        "lecture": {
            "build_model": partial(build_model, depth=1, units=50),
            "data": "cifar10",
            "learning_rates": dict.fromkeys(VARIANTS, (1e-4, 1e-3, 1e-2, 1e-1, 1.0)),
        }
    },
    claims=[
        Claim("PRE01 speed", *sooner("mean image", "none")),
        Claim("PRE02 speed", *sooner("standardised", "mean image")),
        Claim(
            "PRE03 network",
            Difference("standardised", "own statistics of 10"),
            "With the training set's statistics test accuracy is higher than with those of ten.",
        ),
        Claim("PRE04 network", *sooner("standardised", "uneven")),
        Claim("PRE09 standardised", **alike("standardised"), deviation="small images"),
        Claim("PRE09 components", **alike("principal components"), deviation="small images"),
        Claim("PRE09 whitened", **alike("whitened"), deviation="small images"),
        Claim(
            "PRE12",
            Difference("faint noise", "faint noise standardised"),
            "Where scale tells what matters, standardising lowers the test accuracy.",
        ),
        Claim("PRE13 0 to 1", *sooner("0 to 1", "uneven")),
        Claim("PRE13 -1 to 1", *sooner("-1 to 1", "uneven")),
        Claim(
            "PRE14",
            Difference("standardised", "uneven"),
            "Standardised, features of uneven scale give a higher test accuracy.",
            deviation="without SVMs",
        ),
        Claim(
            "PRE15 network",
            Difference("uneven scaled 10 components", "uneven 10 components"),
            "Ten principal components of scaled features are more accurate than of uneven ones.",
        ),
        Claim("PRE16", *sooner("standardised", "none")),
        Claim("ACT34", *sooner("standardised", "standardised then shifted")),
    ],
)
