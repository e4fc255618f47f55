"""Do networks survive with clipped gradients where they explode without?

Eight ReLU layers start with weights 1.5 times as large as He's, at one rate that is not tuned and
too large for them. A run diverges when its loss is no longer finite or three times what it was.
What does not diverge may still learn nothing: the accuracy tells.

References:
    Pascanu et al. (2013), On the difficulty of training recurrent neural networks, arXiv:1211.5063.
"""

import keras
from keras import initializers, layers, optimizers

from callbacks import DivergenceGuard
from zoo.claims import Claim, Difference
from zoo.experiment import Experiment, Recipe

SCALE = 2 * 1.5**2  # He's is 2


def build_model(input_shape, num_classes, depth=8, units=100):
    """Builds a deep ReLU MLP that explodes at a rate of 0.1."""
    stack = [keras.Input(input_shape), layers.Flatten()]
    for _ in range(depth):
        start = initializers.VarianceScaling(SCALE, "fan_in", "untruncated_normal")
        stack.append(layers.Dense(units, kernel_initializer=start))
        stack.append(layers.ReLU())
    return keras.Sequential([*stack, layers.Dense(num_classes)])


def limited(**limits):
    """Returns a function of the rate that makes an optimizer with clipped gradients."""
    return lambda rate: optimizers.SGD(rate, momentum=0.9, **limits)


EXPERIMENT = Experiment(
    factor="optimizer",
    baseline="norm 1",
    variants={
        "none": limited(),
        **{f"value {limit:g}": limited(clipvalue=limit) for limit in (0.1, 1.0, 10.0)},
        **{f"norm {limit:g}": limited(clipnorm=limit) for limit in (0.1, 1.0, 10.0)},
    },
    recipe=Recipe(
        build_model=build_model,
        optimizer=limited(),
        learning_rates=(0.1,),
        callbacks=lambda: [DivergenceGuard(3.0)],
        epochs=30,
        batch_size=128,
    ),
    claims=[
        Claim(
            "CLP03",
            Difference("none", "value 1", "diverged"),
            "At a rate of 0.1 more runs diverge without clipping than with values clipped at 1.",
        ),
        Claim(
            "CLP03 norm",
            Difference("none", "norm 1", "diverged"),
            "At a rate of 0.1 more runs diverge without clipping than with norms clipped at 1.",
        ),
        Claim(
            "CLP03 learns",
            Difference("value 1", "none"),
            "At a rate of 0.1 clipping values at 1 ends more accurate than not clipping.",
        ),
    ],
)
