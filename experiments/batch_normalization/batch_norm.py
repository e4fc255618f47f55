"""Does batch normalisation speed up training and generalise better, and where does it belong?

The lectures put it after the dense layer and before the activation, and say that it makes training
faster, more stable and less in need of dropout. One code sample also normalises the logits; what
that does, and what networks without gamma or beta do, stands in the table.

References:
    Ioffe and Szegedy (2015), Batch Normalization, arXiv:1502.03167.
    Santurkar et al. (2018), How Does Batch Normalization Help Optimization?, arXiv:1805.11604.
"""

import keras
from keras import layers

from zoo.claims import Claim, Difference, faster
from zoo.experiment import Experiment, Recipe


def hidden(linear, batch_norm):
    """Returns a linear layer and its activation, normalised where `batch_norm` says."""
    places, arguments = batch_norm
    before, after = (
        [layers.BatchNormalization(**arguments)] if place in places else []
        for place in ("before", "after")
    )
    return [linear, *before, layers.ReLU(), *after]


def logits(num_classes, batch_norm):
    """Returns the last layer, perhaps with its normalisation."""
    places, arguments = batch_norm
    normalised = [layers.BatchNormalization(**arguments)] if "logits" in places else []
    return [layers.Dense(num_classes), *normalised]


def build_model(input_shape, num_classes, batch_norm, depth=3, units=100):
    """Builds a ReLU MLP; `batch_norm` names the places and the arguments of the normalisation."""
    made = [keras.Input(input_shape), layers.Flatten()]
    for _ in range(depth):
        made += hidden(layers.Dense(units, kernel_initializer="he_normal"), batch_norm)
    return keras.Sequential(made + logits(num_classes, batch_norm))


def build_convnet(input_shape, num_classes, batch_norm):
    """Builds a network of four convolutions."""
    made = [keras.Input(input_shape)]
    for filters in (32, 64):
        for _ in range(2):
            linear = layers.Conv2D(filters, 3, padding="same", kernel_initializer="he_normal")
            made += hidden(linear, batch_norm)
        made.append(layers.MaxPooling2D())
    return keras.Sequential([*made, layers.Flatten(), *logits(num_classes, batch_norm)])


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
        learning_rates=(0.03, 0.1, 0.3, 1.0),
        epochs=30,
        batch_size=128,
    ),
    scales={"lecture": {"build_model": build_convnet, "data": "cifar10", "epochs": 20}},
    claims=[
        Claim(
            "BN08",
            faster("before activation", "none"),
            "Half-way to the best training accuracy takes fewer epochs with normalisation.",
            deviation="speed only, not stability",
        ),
        Claim(
            "BN10 better before",
            Difference("before activation", "after activation"),
            "Normalisation before the activation gives a higher test accuracy than behind it.",
            says="Batch normalisation belongs before the activation.",
            source="Ioffe and Szegedy 2015, section 3.2",
        ),
        Claim(
            "BN27",
            Difference("before activation", "none"),
            "The test accuracy is higher with normalisation than without.",
        ),
    ],
)
