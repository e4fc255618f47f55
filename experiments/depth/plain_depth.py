"""From which depth on are networks hard to train that have no normalisation and no skips?

The lecture says that networks of more than six layers are. Sigmoids with Glorot's weights and ReLUs
with He's are trained with 2 to 20 hidden layers; hard means a training accuracy at least 10 points
below that of two layers, with the same number of epochs and for each depth its own learning rate.
After 20 epochs deep networks are still on their way, so there are 100.

References:
    Glorot and Bengio (2010), Understanding the difficulty of training deep networks, AISTATS.
    He et al. (2015), Delving Deep into Rectifiers, arXiv:1502.01852.
"""

import keras
from keras import layers

from zoo.claims import Claim, above
from zoo.experiment import Experiment, Recipe

INITIALIZERS = {"sigmoid": "glorot_normal", "relu": "he_normal"}
RATES = {"sigmoid": (0.3, 1.0, 3.0), "relu": (0.03, 0.1, 0.3)}


def build_model(input_shape, num_classes, depth, units=50):
    """Builds an MLP; `depth` gives the activation and the number of hidden layers."""
    activation, number = depth
    stack = [keras.Input(input_shape), layers.Flatten()]
    for _ in range(number):
        initializer = INITIALIZERS[activation]
        stack.append(layers.Dense(units, activation, kernel_initializer=initializer))
    return keras.Sequential([*stack, layers.Dense(num_classes)])


DEPTHS = (2, 4, 6, 8, 12, 20)
VARIANTS = {f"{name} {depth}": (name, depth) for name in INITIALIZERS for depth in DEPTHS}


def hard(activation):
    """Says that more than six layers reach a training accuracy 10 points below that of two."""
    deep = [f"{activation} {depth}" for depth in DEPTHS if depth > 6]
    return above(f"{activation} 2", deep, "accuracy", margin=0.1)


HARD = "8, 12 and 20 layers each end over 10 points of training accuracy below 2,"

EXPERIMENT = Experiment(
    factor="depth",
    baseline="sigmoid 2",
    variants=VARIANTS,
    recipe=Recipe(
        build_model=build_model,
        optimizer=lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
        learning_rates={label: RATES[name] for label, (name, _) in VARIANTS.items()},
        epochs=100,
        batch_size=128,
    ),
    claims=[
        Claim("GRD09 sigmoid", hard("sigmoid"), f"{HARD} with sigmoids."),
        Claim("GRD09 relu", hard("relu"), f"{HARD} with ReLU."),
    ],
)
