"""Does batch normalisation allow higher learning rates and forgive bad initial weights?

With SGD without momentum, from He's start, a ReLU network is trained at rates from high to
destructive, which are not tuned but a stressor. Then its hidden weights are drawn from normals of
four standard deviations, He's being 0.22 in the first layer and 0.14 behind it, each tuned: does
normalisation before the activations save more than 10 points where the start is bad, and less where
it is good? Then less depends on the start.

References:
    Ioffe and Szegedy (2015), Batch Normalization, arXiv:1502.03167.
    Bjorck et al. (2018), Understanding Batch Normalization, arXiv:1806.02375.
"""

import keras
from keras import initializers, layers

from zoo.claims import Claim, Difference, Equivalence
from zoo.experiment import Experiment, Recipe


def build_model(input_shape, num_classes, batch_norm, depth=3, units=100):
    """Builds an MLP; `batch_norm` says whether there is any, and the hidden weights' deviation."""
    normalise, deviation = batch_norm
    start = "he_normal" if deviation is None else initializers.RandomNormal(stddev=deviation)
    stack = [keras.Input(input_shape), layers.Flatten()]
    for _ in range(depth):
        stack.append(layers.Dense(units, kernel_initializer=start))
        if normalise:
            stack.append(layers.BatchNormalization())
        stack.append(layers.ReLU())
    return keras.Sequential([*stack, layers.Dense(num_classes)])


RATES = (1.0, 3.0, 10.0)
DEVIATIONS = (0.001, 0.01, 0.1, 1.0)
BAD = ("0.001", "0.01", "1")
NAMES = {"none": False, "normalised": True}
STARTS = {f"{name} start {sd:g}": (on, sd) for name, on in NAMES.items() for sd in DEVIATIONS}
GRIDS = {
    **dict.fromkeys(STARTS, (0.1, 0.3, 1.0, 3.0)),
    **dict.fromkeys(["none start 0.001", "normalised start 0.001"], (0.01, 0.03, 0.1, 0.3)),
    "none start 1": (0.0003, 0.001, 0.003, 0.01),
    "normalised start 0.01": (0.01, 0.03, 0.1, 0.3),
    "normalised start 1": (0.3, 1.0, 3.0, 10.0),
}


CUT = 0.1  # what normalisation gains from bad starts lies above it, from the good one below


def forgives(metric):
    """Says that normalisation gains more at the starts far from He's than at the one near it."""
    bad = [Difference(f"normalised start {sd}", f"none start {sd}", metric, CUT) for sd in BAD]
    return (*bad, Equivalence("normalised start 0.1", "none start 0.1", metric, CUT))


EXPERIMENT = Experiment(
    factor="batch_norm",
    baseline="none start 0.1",
    variants={
        **{f"{name} at {rate:g}": (on, None) for name, on in NAMES.items() for rate in RATES},
        **STARTS,
    },
    recipe=Recipe(
        build_model=build_model,
        optimizer=keras.optimizers.SGD,
        learning_rates={
            **{f"{name} at {rate:g}": (rate,) for name in NAMES for rate in RATES},
            **GRIDS,
        },
        epochs=20,
        batch_size=128,
    ),
    claims=[
        # The highest rate that trains is below 3 without normalisation, and at least 3 with it.
        Claim(
            "BN11",
            (
                Difference("none at 1", "none at 3", "accuracy", margin=0.1),
                Difference("normalised at 3", "none at 3", "accuracy", margin=0.1),
            ),
            "At a rate of 3 a plain network loses over 10 points of training accuracy, and a "
            "normalised one is over 10 above it.",
        ),
        Claim(
            "BN13",
            forgives("accuracy"),
            "Normalisation raises the training accuracy by over 10 points at each bad start, and "
            "by less at the good one.",
        ),
        Claim(
            "INI31",
            forgives("test_accuracy"),
            "Normalisation raises the test accuracy by over 10 points at each bad start, and by "
            "less at the good one.",
        ),
    ],
)
