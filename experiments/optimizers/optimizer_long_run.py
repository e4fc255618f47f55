"""Does AdaGrad stop too early when training goes on for long?

AdaGrad divides by the root of the sum of all squared gradients, so its steps only get smaller. The
lecture says that it often stops before the optimum. Here 200 epochs; `optimizer` has 40.

References:
    Duchi et al. (2011), Adaptive Subgradient Methods, JMLR 12.
    Tieleman and Hinton (2012), RMSProp, COURSERA: Neural Networks for Machine Learning, lecture 6.
"""

import keras
from keras import layers, optimizers

from zoo.claims import Claim, Difference
from zoo.experiment import Experiment, Recipe


def build_model(input_shape, num_classes, depth=3, units=100):
    """Builds a ReLU MLP."""

    def dense():
        return layers.Dense(units, activation="relu", kernel_initializer="he_normal")

    stack = [keras.Input(input_shape), layers.Flatten()]
    for layer in (*(dense() for _ in range(depth)), layers.Dense(num_classes)):
        stack.append(layer)
    return keras.Sequential(stack)


EXPERIMENT = Experiment(
    factor="optimizer",
    baseline="sgd",
    variants={
        "sgd": optimizers.SGD,
        "adagrad": optimizers.Adagrad,
        "rmsprop": optimizers.RMSprop,
    },
    recipe=Recipe(
        build_model=build_model,
        optimizer=optimizers.SGD,
        learning_rates={
            "sgd": (0.03, 0.1, 0.3, 1.0),
            "adagrad": (0.01, 0.03, 0.1, 0.3, 1.0),
            "rmsprop": (0.0001, 0.0003, 0.001, 0.003),
        },
        epochs=200,
        batch_size=128,
    ),
    claims=[
        Claim(
            "OPT13",
            Difference("adagrad", "sgd", "loss"),
            "After 200 epochs AdaGrad has a higher training loss than SGD, each at its best rate.",
        ),
        Claim(
            "OPT13 RMSProp",
            Difference("adagrad", "rmsprop", "loss"),
            "After 200 epochs AdaGrad has a higher training loss than RMSProp, each at its best.",
        ),
    ],
)
