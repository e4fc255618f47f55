"""Does Adam, which adapts its steps by itself, still need a decaying learning rate?

One lecture says that with adaptive optimizers you still have to schedule the rate.

References:
    Kingma and Ba (2015), Adam, arXiv:1412.6980.
    Loshchilov and Hutter (2019), Decoupled Weight Decay Regularization, arXiv:1711.05101.
"""

import keras
from keras import layers
from keras.optimizers import schedules

from zoo.claims import Claim, Difference
from zoo.experiment import Experiment, Recipe, no_schedule


def build_model(input_shape, num_classes, depth=3, units=100):
    """Builds a ReLU MLP."""
    stack = [keras.Input(input_shape), layers.Flatten()]
    for _ in range(depth):
        stack.append(layers.Dense(units, "relu", kernel_initializer="he_normal"))
    return keras.Sequential([*stack, layers.Dense(num_classes)])


EXPERIMENT = Experiment(
    factor="schedule",
    baseline="constant",
    variants={
        "constant": no_schedule,
        "linear": lambda rate, steps, epochs: schedules.PolynomialDecay(rate, steps * epochs, 0.0),
        "cosine": lambda rate, steps, epochs: schedules.CosineDecay(rate, steps * epochs),
        "decay 0.95": lambda rate, steps, epochs: schedules.ExponentialDecay(
            rate, steps, 0.95, staircase=True
        ),
    },
    recipe=Recipe(
        build_model=build_model,
        optimizer=keras.optimizers.Adam,
        learning_rates=(0.0003, 0.001, 0.003, 0.01, 0.03),
        epochs=40,
        batch_size=128,
    ),
    claims=[
        Claim(
            "OPT21",
            Difference("constant", "cosine", "val_loss"),
            "With Adam cosine decay ends at a lower validation loss than a constant rate.",
        ),
        Claim(
            "OPT21 linear",
            Difference("constant", "linear", "val_loss"),
            "With Adam linear decay ends at a lower validation loss than a constant rate.",
        ),
        Claim(
            "OPT21 accuracy",
            Difference("cosine", "constant"),
            "With Adam cosine decay ends at a higher test accuracy than a constant rate.",
        ),
    ],
)
