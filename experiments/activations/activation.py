"""Which activation function trains best: do the rectifiers beat tanh, and sigmoid most of all?

The lectures rank them "logistic < tanh < ReLU < leaky ReLU < ELU", say that ReLU converges six
times faster than tanh, and that swish is the best of all. Every activation gets the initializer
that was derived for it (Glorot for the symmetric ones, He for the rectifiers) and its own learning
rate. Epochs are those to a training accuracy half-way from chance to the best; noise has a quarter
to one deviation of the features. Maxout keeps the number of units, which doubles its parameters.

References:
    Krizhevsky et al. (2012), ImageNet Classification with Deep CNNs, NeurIPS.
    Clevert et al. (2016), Exponential Linear Units, arXiv:1511.07289.
    Xu et al. (2015), Empirical Evaluation of Rectified Activations, arXiv:1505.00853.
    Ramachandran et al. (2017), Searching for Activation Functions, arXiv:1710.05941.
"""

import keras
from keras import layers

from zoo.claims import Claim, Difference, Order, Ratio, above, faster
from zoo.experiment import Experiment, Recipe
from zoo.layers import Maxout, RReLU, Swish
from zoo.probes import AccuracyUnderNoise, MeanActivation


def after(activation, initializer="he_normal"):
    """Returns a function that makes a hidden layer from a linear one and the number of units."""
    return lambda linear, units: [linear(units, initializer), activation()]


def dense(units, initializer):
    """Makes a dense layer."""
    return layers.Dense(units, kernel_initializer=initializer)


def convolution(filters, initializer):
    """Makes a convolution with windows of 3 x 3."""
    return layers.Conv2D(filters, 3, padding="same", kernel_initializer=initializer)


def build_model(input_shape, num_classes, activation, depth=3, units=100):
    """Builds an MLP; `activation` makes the layers of one hidden layer."""
    hidden = [layer for _ in range(depth) for layer in activation(dense, units)]
    return keras.Sequential(
        [keras.Input(input_shape), layers.Flatten(), *hidden, layers.Dense(num_classes)]
    )


def build_convnet(input_shape, num_classes, activation):
    """Builds a network of four convolutions, as in the source of "six times faster"."""
    stack = [keras.Input(input_shape)]
    for filters in (32, 64):
        for layer in activation(convolution, filters) + activation(convolution, filters):
            stack.append(layer)
        stack.append(layers.MaxPooling2D())
    stack.append(layers.Flatten())
    return keras.Sequential([*stack, layers.Dense(num_classes)])


VARIANTS = {
    "none": after(lambda: layers.Activation("linear"), "glorot_normal"),
    "sigmoid": after(lambda: layers.Activation("sigmoid"), "glorot_normal"),
    "tanh": after(lambda: layers.Activation("tanh"), "glorot_normal"),
    "relu": after(layers.ReLU),
    "leaky 0.01": after(lambda: layers.LeakyReLU(negative_slope=0.01)),
    "leaky 0.1": after(lambda: layers.LeakyReLU(negative_slope=0.1)),
    "prelu": after(lambda: layers.PReLU(alpha_initializer=keras.initializers.Constant(0.25))),
    "rrelu": after(RReLU),
    "elu": after(layers.ELU),
    "maxout": lambda linear, units: [linear(2 * units, "he_normal"), Maxout(2)],
    "swish 0": after(lambda: Swish(0.0)),
    "swish 1": after(lambda: Swish(1.0)),
    "swish 10": after(lambda: Swish(10.0)),
    "swish 100": after(lambda: Swish(100.0)),
    "swish learned": after(lambda: Swish(1.0, learn=True)),
}

RATES = (0.01, 0.03, 0.1, 0.3)

SETUP = "the source trains a convolutional network on CIFAR-10 to 25 % training error"
RIVALS = ("sigmoid", "tanh", "relu", "leaky 0.01", "leaky 0.1", "prelu", "rrelu", "elu", "maxout")


def six_times(variant):
    """Says that tanh needs six times a variant's epochs, four to nine; rule and proposition."""
    rule = Ratio("tanh", variant, "epochs_to_accuracy_0.5_of_best", 6.0, 1.5)
    words = f"Half-way to the best training accuracy takes tanh 6 times the epochs of {variant}."
    return {"rule": rule, "proposition": words, "deviation": SETUP}


def sooner(variant, other, deviation=""):
    """Says that a variant needs fewer epochs than another; rule and proposition."""
    words = f"Half-way to the best training accuracy takes {variant} fewer epochs than {other}."
    return {"rule": faster(variant, other), "proposition": words, "deviation": deviation}


def better(high, low):
    """Says that a variant has a higher test accuracy than another; rule and proposition."""
    return Difference(high, low), f"The test accuracy is higher with {high} than with {low}."


EXPERIMENT = Experiment(
    factor="activation",
    baseline="relu",
    variants=VARIANTS,
    recipe=Recipe(
        build_model=build_model,
        optimizer=lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
        learning_rates={
            **dict.fromkeys(VARIANTS, RATES),
            **dict.fromkeys(("none", "swish 0"), (0.001, 0.003, 0.01, 0.03)),
            "sigmoid": (0.1, 0.3, 1.0, 3.0),
        },
        epochs=30,
        batch_size=128,
        probes={
            "mean_activation": MeanActivation(),
            "accuracy_under_noise": AccuracyUnderNoise((0.25, 0.5, 1.0)),
        },
    ),
    scales={"lecture": {"build_model": build_convnet, "data": "cifar10", "epochs": 30}},
    claims=[
        Claim("ACT07", **six_times("relu")),
        Claim("ACT14", **six_times("leaky 0.01")),
        Claim("ACT14 faster", **sooner("leaky 0.01", "tanh")),
        Claim(
            "ACT19",
            Difference("relu", "elu", "mean_activation"),
            "The mean output of trained ELU layers is nearer to 0 than that of ReLU layers.",
            deviation="dead units, another advantage, are ACT21",
        ),
        Claim(
            "ACT20",
            Difference("elu", "leaky 0.01", "accuracy_under_noise"),
            "ELU is more accurate under noise than leaky ReLU.",
        ),
        Claim("ACT28", *better("swish learned", "swish 1")),
        Claim("ACT31", above("swish 1", RIVALS), "Swish is more accurate than any of nine others."),
        Claim(
            "ACT35",
            Order(("sigmoid", "tanh", "relu", "leaky 0.01", "elu")),
            "The test accuracy rises from sigmoid over tanh, ReLU and leaky ReLU to ELU.",
        ),
        Claim("ACT36 tanh", *better("relu", "tanh")),
        Claim("ACT36 sigmoid", *better("relu", "sigmoid")),
        Claim("ACT37", **sooner("relu", "tanh", "popularity and stability are not tested")),
        Claim("ACT40", *better("leaky 0.01", "relu")),
    ],
)
