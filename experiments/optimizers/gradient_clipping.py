"""Does clipping the gradient save networks that would diverge, and which way of clipping does?

Eight ReLU layers whose weights are drawn 1.5 times as large as He's are trained at rates up to
destructive ones. The lectures clip by value at 1.0; clipping by norm keeps the gradient's
direction. A run diverges when its loss is no longer finite or three times what it was; how many
survive at one destructive rate is counted in `gradient_clipping_survival`.

References:
    Pascanu et al. (2013), On the difficulty of training recurrent neural networks, arXiv:1211.5063.
"""

import keras
from keras import layers, optimizers

from callbacks import DivergenceGuard
from zoo.claims import Claim, Difference
from zoo.experiment import Experiment, Recipe


def build_model(input_shape, num_classes, depth=8, units=100):
    """Builds a deep ReLU MLP with weights 1.5 times as large as He's."""
    stack = [keras.Input(input_shape), layers.Flatten()]
    for _ in range(depth):
        large = keras.initializers.VarianceScaling(2 * 1.5**2, "fan_in", "untruncated_normal")
        stack.append(layers.Dense(units, "relu", kernel_initializer=large))
    return keras.Sequential([*stack, layers.Dense(num_classes)])


def clipped(**limits):
    """Returns a function of the learning rate that makes an optimizer that clips."""
    return lambda rate: optimizers.SGD(rate, momentum=0.9, **limits)


EXPERIMENT = Experiment(
    factor="optimizer",
    baseline="none",
    variants={
        "none": clipped(),
        "value 0.1": clipped(clipvalue=0.1),
        "value 1": clipped(clipvalue=1.0),
        "norm 0.1": clipped(clipnorm=0.1),
        "norm 1": clipped(clipnorm=1.0),
        "norm 10": clipped(clipnorm=10.0),
        "global norm 1": clipped(global_clipnorm=1.0),
    },
    recipe=Recipe(
        build_model=build_model,
        optimizer=clipped(),
        learning_rates=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0),
        callbacks=lambda: [DivergenceGuard(3.0)],
        epochs=30,
        batch_size=128,
    ),
    claims=[
        Claim(
            "CLP03 tuned",
            Difference("norm 1", "none"),
            "Each at its best rate, a deep network is more accurate with norms clipped at 1.",
        ),
    ],
)
