"""Are weight penalties of any use for a deep network that gets all the examples there are?

One lecture "found them useless in practice for deep neural networks". The network has eight hidden
layers, where `weight_penalty` has two, and all training examples, where that has 1,000.

References:
    Zhang et al. (2017), Understanding deep learning requires rethinking generalization,
    arXiv:1611.03530.
"""

import keras
from keras import layers, regularizers

from zoo.claims import Claim, Equivalence
from zoo.experiment import Experiment, Recipe


def build_model(input_shape, num_classes, weight_penalty, depth=8, units=100):
    """Builds a deep ReLU MLP; `weight_penalty` makes the penalty of each kernel."""

    def dense(width):
        own = {"kernel_initializer": "he_normal", "kernel_regularizer": weight_penalty()}
        return layers.Dense(width, **own)

    hidden = [each for _ in range(depth) for each in (dense(units), layers.ReLU())]
    stack = [layers.Flatten(), *hidden, dense(num_classes)]
    return keras.Sequential([keras.Input(input_shape), *stack])


EXPERIMENT = Experiment(
    factor="weight_penalty",
    baseline="none",
    variants={
        "none": lambda: None,
        "l1 1e-4": lambda: regularizers.L1(1e-4),
        "l2 1e-4": lambda: regularizers.L2(1e-4),
        "l2 1e-3": lambda: regularizers.L2(1e-3),
        "l2 1e-2": lambda: regularizers.L2(1e-2),
    },
    recipe=Recipe(
        build_model=build_model,
        optimizer=lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
        learning_rates=(0.001, 0.003, 0.01, 0.03, 0.1),
        epochs=60,
        batch_size=128,
    ),
    claims=[
        Claim(
            "REG10",
            Equivalence("l2 1e-3", "none", margin=0.02),
            "In a deep network an L2 penalty changes the test accuracy by less than 2 points.",
            deviation="eight dense layers, a few thousand examples",
        ),
    ],
)
