"""Does batch normalisation regularise, so that dropout is needed less?

The lecture says that it "acts as a form of regularization in a funny way, and slightly reduces the
need for dropout, maybe". All four combinations are trained on few examples, where there is
something to regularise; the need for dropout is what it gains on test data.

References:
    Ioffe and Szegedy (2015), Batch Normalization, arXiv:1502.03167.
    Luo et al. (2019), Towards Understanding Regularization in Batch Normalization, ICLR,
        arXiv:1809.00846.
"""

import keras
from keras import layers

from zoo.claims import Claim, Difference, Equivalence
from zoo.experiment import Experiment, Recipe


def build_model(input_shape, num_classes, batch_norm, depth=2, units=200):
    """Builds a ReLU MLP; `batch_norm` says whether there is any, and the rate of the dropout."""
    normalise, rate = batch_norm
    stack = [keras.Input(input_shape), layers.Flatten()]
    for _ in range(depth):
        stack.append(layers.Dense(units, kernel_initializer="he_normal"))
        if normalise:
            stack.append(layers.BatchNormalization())
        stack.append(layers.ReLU())
        stack.append(layers.Dropout(rate))
    return keras.Sequential([*stack, layers.Dense(num_classes)])


EXPERIMENT = Experiment(
    factor="batch_norm",
    baseline="neither",
    variants={
        "neither": (False, 0.0),
        "batch norm": (True, 0.0),
        "dropout": (False, 0.5),
        "both": (True, 0.5),
    },
    recipe=Recipe(
        build_model=build_model,
        train_examples=1000,
        optimizer=lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
        learning_rates={
            **dict.fromkeys(["neither", "dropout"], (0.01, 0.03, 0.1, 0.3)),
            **dict.fromkeys(["batch norm", "both"], (0.03, 0.1, 0.3, 1.0)),
        },
        epochs=60,
        batch_size=100,
    ),
    claims=[
        Claim(
            "BN12 regularises",
            Difference("neither", "batch norm", "accuracy_gap"),
            "With normalisation training and test accuracy are closer together.",
        ),
        Claim(
            "BN12 less dropout",
            (Difference("dropout", "neither"), Equivalence("both", "batch norm", margin=0.02)),
            "Dropout raises the test accuracy without normalisation, and by less than 2 points "
            "with it.",
        ),
        Claim(
            "BN14",
            Difference("batch norm", "dropout"),
            "With few examples normalisation alone has a higher test accuracy than dropout alone.",
        ),
    ],
)
