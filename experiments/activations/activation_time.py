"""What does an activation function cost: alone, and in a network that trains or predicts?

The lectures call ReLU very cheap, sigmoid and ELU somewhat expensive for their exponential, and
advise leaky ReLU over ELU where running time counts. Times are medians of turns taken with ReLU, in
multiples of ReLU's own: a network's is that of a batch of 1,000 in an MLP of three hidden layers
with 100 units. They hold for one machine, so what was measured is kept until `run --fresh`.

References:
    Krizhevsky et al. (2012), ImageNet Classification with Deep CNNs, NeurIPS.
    Clevert et al. (2016), Exponential Linear Units, arXiv:1511.07289.
"""

from functools import partial

import keras
import numpy as np
from keras import layers

from zoo.claims import Claim, Difference, above
from zoo.experiment import Measurement, crossentropy
from zoo.measure import relative_time

VARIANTS = {
    "relu": layers.ReLU,
    "sigmoid": lambda: layers.Activation("sigmoid"),
    "tanh": lambda: layers.Activation("tanh"),
    "leaky 0.01": lambda: layers.LeakyReLU(negative_slope=0.01),
    "elu": layers.ELU,
    "swish": lambda: layers.Activation("silu"),
}
TURNS = 100


def alone(activation):
    """Builds a network that is nothing but an activation of 1,000 values."""
    return keras.Sequential([keras.Input((1000,)), activation()])


def network(activation):
    """Builds an MLP."""
    hidden = [layer for _ in range(3) for layer in (layers.Dense(100), activation())]
    return keras.Sequential([keras.Input((40,)), *hidden, layers.Dense(10)])


def measure(activation, seed):
    """Takes turns with ReLU."""
    generator = np.random.default_rng(seed)
    many = generator.normal(size=(1000, 1000)).astype(np.float32)
    x, y = many[:, :40], generator.integers(0, 10, 1000)
    models = [build(made) for build in (alone, network) for made in (activation, layers.ReLU)]
    for model in models[2:]:
        model.compile("sgd", crossentropy(), jit_compile=True)
    calls = {
        "time_alone": [partial(model.predict_on_batch, many) for model in models[:2]],
        "time_to_predict": [partial(model.predict_on_batch, x) for model in models[2:]],
        "time_to_train": [partial(model.train_on_batch, x, y) for model in models[2:]],
    }
    return {name: relative_time(own, relu, TURNS) for name, (own, relu) in calls.items()}


EXPERIMENT = Measurement(
    factor="activation",
    baseline="relu",
    variants=VARIANTS,
    measure=measure,
    timed=True,
    claims=[
        Claim(
            "ACT10",
            above(("sigmoid", "elu"), "relu", "time_alone"),
            "Sigmoid and ELU of a million numbers take longer than ReLU.",
        ),
        Claim(
            "ACT22",
            (
                Difference("elu", "leaky 0.01", "time_to_train"),
                Difference("elu", "leaky 0.01", "time_to_predict"),
            ),
            "An MLP takes longer with ELU than with leaky ReLU, to train and to predict.",
        ),
    ],
)
