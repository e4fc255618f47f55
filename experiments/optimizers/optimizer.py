"""Which optimizer gets furthest in the same number of epochs, each at its own best learning rate?

The lectures say: start with Adam, also try RMSProp and SGD with Nesterov momentum; Nesterov is
faster than plain momentum. The learning rate stays constant. What they do untuned is in
`optimizer_default`, in the long run in `optimizer_long_run`.

References:
    Sutskever et al. (2013), On the importance of initialization and momentum, ICML.
    Duchi et al. (2011), Adaptive Subgradient Methods, JMLR 12.
    Kingma and Ba (2015), Adam, arXiv:1412.6980.
    Wilson et al. (2017), The Marginal Value of Adaptive Gradient Methods, arXiv:1705.08292.
"""

import keras
from keras import layers, optimizers

from zoo.claims import Claim, Difference, faster
from zoo.experiment import Experiment, Recipe


def build_model(input_shape, num_classes, depth=3, units=100):
    """Builds a ReLU MLP."""
    stack = [keras.Input(input_shape), layers.Flatten()]
    for _ in range(depth):
        stack.append(layers.Dense(units, kernel_initializer="he_normal"))
        stack.append(layers.ReLU())
    return keras.Sequential([*stack, layers.Dense(num_classes)])


LARGE = (0.03, 0.1, 0.3, 1.0, 3.0)
MEDIUM = (0.01, 0.03, 0.1, 0.3, 1.0)
SMALL = (0.0003, 0.001, 0.003, 0.01, 0.03)


EXPERIMENT = Experiment(
    factor="optimizer",
    baseline="sgd",
    variants={
        "sgd": optimizers.SGD,
        "momentum": lambda rate: optimizers.SGD(rate, momentum=0.9),
        "nesterov": lambda rate: optimizers.SGD(rate, momentum=0.9, nesterov=True),
        "adagrad": optimizers.Adagrad,
        "rmsprop": optimizers.RMSprop,
        "rmsprop + momentum": lambda rate: optimizers.RMSprop(rate, momentum=0.9),
        "adam": optimizers.Adam,
    },
    recipe=Recipe(
        build_model=build_model,
        optimizer=optimizers.SGD,
        learning_rates={
            "sgd": LARGE,
            "momentum": MEDIUM,
            "nesterov": MEDIUM,
            "adagrad": MEDIUM,
            "rmsprop": SMALL,
            "rmsprop + momentum": SMALL,
            "adam": SMALL,
        },
        epochs=40,
        batch_size=128,
    ),
    claims=[
        Claim(
            "OPT07 network",
            faster("momentum", "sgd"),
            "SGD with momentum trains faster than SGD, each at its fastest rate.",
        ),
        Claim(
            "OPT10",
            faster("nesterov", "momentum"),
            "Nesterov momentum trains faster than plain momentum, each at its fastest rate.",
        ),
        Claim(
            "OPT20 tuned",
            Difference("adam", "nesterov"),
            "Each at its best rate, Adam is more accurate than SGD with Nesterov momentum.",
        ),
        Claim(
            "OPT23",
            faster("adam", "sgd"),
            "Adam trains faster than plain SGD, each at its fastest rate.",
            deviation="mini-batches, a small network",
        ),
    ],
)
