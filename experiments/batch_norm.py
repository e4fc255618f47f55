"""Does batch normalisation speed up training and generalise better, and where does it belong?

The lectures put it after the dense layer and before the activation, and say that it makes training
faster, more stable and less in need of dropout. One code sample also normalises the logits.

References:
    Ioffe and Szegedy (2015), Batch Normalization, arXiv:1502.03167.
    Santurkar et al. (2018), How Does Batch Normalization Help Optimization?, arXiv:1805.11604.
"""

import keras
from keras import layers

from zoo.claims import Claim, Difference, Identity
from zoo.experiment import Experiment, Recipe


def build_model(input_shape, num_classes, batch_norm, depth=3, units=100):
    """Builds a ReLU MLP; `batch_norm` names the places and the arguments of the normalisation."""
    places, arguments = batch_norm
    model = keras.Sequential([keras.Input(input_shape), layers.Flatten()])
    for _ in range(depth):
        model.add(layers.Dense(units, kernel_initializer="he_normal"))
        if "before" in places:
            model.add(layers.BatchNormalization(**arguments))
        model.add(layers.ReLU())
        if "after" in places:
            model.add(layers.BatchNormalization(**arguments))
    model.add(layers.Dense(num_classes))
    if "logits" in places:
        model.add(layers.BatchNormalization(**arguments))
    return model


EXPERIMENT = Experiment(
    factor="batch_norm",
    baseline="none",
    variants={
        "none": ((), {}),
        "before activation": (("before",), {}),
        "after activation": (("after",), {}),
        "before and on logits": (("before", "logits"), {}),
        "before - no scale": (("before",), {"scale": False}),
        "before - no center": (("before",), {"center": False}),
        "before - neither": (("before",), {"scale": False, "center": False}),
    },
    recipe=Recipe(
        build_model=build_model,
        optimizer=lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
        learning_rates=(0.003, 0.01, 0.03, 0.1, 0.3, 1.0),
        epochs=40,
        batch_size=128,
    ),
    claims=[
        Claim("BN08", Difference("none", "before activation", "epochs_to_accuracy_0.75")),
        Claim("BN10", Difference("before activation", "after activation")),
        Claim(
            "BN14",
            (
                Difference("before activation", "none"),
                Difference("none", "before activation", "accuracy_gap"),
            ),
        ),
        Claim("BN22", Difference("before and on logits", "before activation")),
        Claim("BN26", Difference("before activation", "before - neither")),
        Claim("BN27", Difference("before activation", "none")),
        Claim("BN28", Identity("diverged", variants=("before activation",))),
    ],
)
