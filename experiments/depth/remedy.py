"""Which remedies let a deep sigmoid network train whose gradients vanish?

Ten hidden layers of sigmoids with Glorot's weights do not learn at all. One thing at a time is
changed: the scale of the weights, the activation, batch normalisation, residual connections. Last,
a recipe of old, sigmoids with weights of deviation 0.01, stands beside one of today. Gradient
clipping, another remedy that the lecture names, has an experiment of its own.

References:
    Glorot and Bengio (2010), Understanding the difficulty of training deep networks, AISTATS.
    He et al. (2015), Delving Deep into Rectifiers, arXiv:1502.01852.
    Ioffe and Szegedy (2015), Batch Normalization, arXiv:1502.03167.
    He et al. (2016), Deep Residual Learning for Image Recognition, arXiv:1512.03385.
"""

import keras
from keras import initializers, layers

from zoo.claims import Claim, Difference, above
from zoo.experiment import Experiment, Recipe


def fan_average(scale):
    """Returns a factory of normal weights; a scale of 1 gives Glorot's, 16 four times as large."""
    return lambda: initializers.VarianceScaling(scale, "fan_avg", "truncated_normal")


def build_model(input_shape, num_classes, remedy, depth=10, units=50):
    """Builds an MLP; `remedy` names what is not as in the sigmoid network."""
    chosen = {
        "activation": lambda: layers.Activation("sigmoid"),
        "initializer": fan_average(1.0),
    } | remedy
    inputs = keras.Input(input_shape)
    outputs = layers.Flatten()(inputs)
    for layer in range(depth):
        hidden = layers.Dense(units, kernel_initializer=chosen["initializer"]())(outputs)
        if chosen.get("batch_norm"):
            hidden = layers.BatchNormalization()(hidden)
        hidden = chosen["activation"]()(hidden)
        add = chosen.get("residual") and layer > 0
        outputs = layers.Add()([outputs, hidden]) if add else hidden
    return keras.Model(inputs, layers.Dense(num_classes)(outputs))


HE = {"activation": layers.ReLU, "initializer": initializers.HeNormal}

VARIANTS = {
    "none": {},
    "4 times glorot": {"initializer": fan_average(16.0)},
    "tanh": {"activation": lambda: layers.Activation("tanh")},
    "relu": {"activation": layers.ReLU},
    "leaky relu": {"activation": lambda: layers.LeakyReLU(negative_slope=0.01)},
    "he + relu": HE,
    "batch norm": {"batch_norm": True},
    "residual": {"residual": True},
    "old recipe": {"initializer": lambda: initializers.RandomNormal(stddev=0.01)},
    "new recipe": {**HE, "batch_norm": True},
}


def better(*labels):
    """Says that these reach a training accuracy at least 10 points higher than none."""
    return above(labels, "none", "accuracy", margin=0.1)


RISES = "The training accuracy of ten sigmoid layers rises by over 10 points with"

EXPERIMENT = Experiment(
    factor="remedy",
    baseline="none",
    variants=VARIANTS,
    recipe=Recipe(
        build_model=build_model,
        optimizer=lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
        learning_rates={
            **dict.fromkeys(VARIANTS, (0.01, 0.03, 0.1)),
            **dict.fromkeys(("none", "old recipe"), (0.1, 1.0, 10.0)),
            **dict.fromkeys(("4 times glorot", "residual"), (0.1, 0.3, 1.0)),
        },
        epochs=20,
        batch_size=128,
    ),
    claims=[
        Claim(
            "GRD13 initialisation",
            better("4 times glorot"),
            f"{RISES} weights four times as large.",
        ),
        Claim("GRD13 batch normalisation", better("batch norm"), f"{RISES} batch normalisation."),
        Claim("ACT50", better("relu", "leaky relu"), f"{RISES} ReLU or leaky ReLU in their place."),
        Claim(
            "GRD11 training",
            better("residual"),
            f"{RISES} residual connections.",
            deviation="ten layers, no batch normalisation",
        ),
        Claim(
            "MIS02 algorithms",
            Difference("new recipe", "old recipe", margin=0.1),
            "ReLU, He's weights and batch normalisation gain over 10 points of test accuracy on "
            "sigmoids and weights of 0.01.",
            deviation="of the three reasons only algorithms; ten layers; both with momentum",
        ),
    ],
)
