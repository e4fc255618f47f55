"""Which optimizer does best where one begins, at its default learning rate?

One lecture says to start with Adam, and to try RMSProp and SGD with Nesterov momentum if there is
time. Nothing is tuned here: each optimizer has the rate that Keras gives it. `optimizer` compares
them at their best rates.

References:
    Kingma and Ba (2015), Adam, arXiv:1412.6980.
    Wilson et al. (2017), The Marginal Value of Adaptive Gradient Methods, arXiv:1705.08292.
"""

import keras
from keras import layers, optimizers

from zoo.claims import Claim, Difference
from zoo.experiment import Experiment, Recipe


def build_model(input_shape, num_classes, depth=3, units=100):
    """Builds a ReLU MLP."""
    hidden = [layers.Dense(units, "relu", kernel_initializer="he_normal") for _ in range(depth)]
    stack = [layers.Flatten(), *hidden, layers.Dense(num_classes)]
    return keras.Sequential([keras.Input(input_shape), *stack])


SGD, ADAPTIVE = (0.01,), (0.001,)  # Keras's defaults

EXPERIMENT = Experiment(
    factor="optimizer",
    baseline="sgd",
    variants={
        "sgd": optimizers.SGD,
        "momentum": lambda rate: optimizers.SGD(rate, momentum=0.9),
        "nesterov": lambda rate: optimizers.SGD(rate, momentum=0.9, nesterov=True),
        "adagrad": optimizers.Adagrad,
        "rmsprop": optimizers.RMSprop,
        "adam": optimizers.Adam,
    },
    recipe=Recipe(
        build_model=build_model,
        optimizer=optimizers.SGD,
        learning_rates={
            **dict.fromkeys(("sgd", "momentum", "nesterov"), SGD),
            **dict.fromkeys(("adagrad", "rmsprop", "adam"), ADAPTIVE),
        },
        epochs=40,
        batch_size=128,
    ),
    claims=[
        Claim(
            "OPT20",
            Difference("adam", "nesterov"),
            "At Keras's default rates Adam is more accurate than SGD with Nesterov momentum.",
        ),
        Claim(
            "OPT20 RMSProp",
            Difference("adam", "rmsprop"),
            "At Keras's default rates Adam is more accurate than RMSProp.",
        ),
    ],
)
