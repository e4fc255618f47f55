"""Do all starts end at the same low training loss if the network is wide enough?

One lecture says that nearly all local minima of deep networks are global, as among millions of
parameters some change still lowers the loss. Networks with two hidden layers of 4 to 256 units
learn 1,000 examples with momentum, each width at the rate that ends at the lowest training loss.
A loss at the end that is far above 0 in one seed and not in another would be a bad minimum.

References:
    Choromanska et al. (2015), The Loss Surfaces of Multilayer Networks, arXiv:1412.0233.
    Kawaguchi (2016), Deep Learning without Poor Local Minima, arXiv:1605.07110.
"""

import keras
from keras import layers

from zoo.claims import Claim, Difference, Number, Trend
from zoo.experiment import Experiment, Recipe


def build_model(input_shape, num_classes, units, depth=2):
    """Builds a ReLU MLP."""
    stack = [layers.Dense(units, "relu", kernel_initializer="he_normal") for _ in range(depth)]
    first = [keras.Input(input_shape), layers.Flatten()]
    return keras.Sequential([*first, *stack, layers.Dense(num_classes)])


WIDTHS = (4, 16, 64, 256)

EXPERIMENT = Experiment(
    factor="units",
    baseline="256",
    variants={f"{units}": units for units in WIDTHS},
    recipe=Recipe(
        build_model=build_model,
        train_examples=1000,
        optimizer=lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
        learning_rates=(0.003, 0.01, 0.03, 0.1),
        epochs=100,
        batch_size=50,
    ),
    claims=[
        Claim(
            "OPT27",
            Number("256", "loss", 0.0, 0.02),
            "Networks with 256 units a layer end at a training loss below 0.02.",
        ),
        Claim(
            "OPT27 width",
            Trend(tuple(f"{units}" for units in WIDTHS), "loss", rises=False),
            "The training loss ends the lower the wider the network is, from 4 to 256 units.",
        ),
        Claim(
            "OPT27 narrow",
            Difference("4", "256", "loss", 0.1),
            "Networks with 4 units a layer end over 0.1 above those with 256.",
        ),
    ],
)
