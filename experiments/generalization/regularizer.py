"""Which of the lectures' remedies against overfitting helps, side by side?

The same network on few examples, without a remedy and with penalties, max-norm, dropout, or
shifted copies of the signals. Each has a strength from the experiments on it and its
own best learning rate. Early stopping has an experiment of its own, on the same examples. Losses
are not compared, as they count the penalties.

References:
    Srivastava et al. (2014), Dropout: A Simple Way to Prevent Overfitting, JMLR 15.
    Simard et al. (2003), Best Practices for Convolutional Neural Networks, ICDAR.
"""

import keras
import numpy as np
from keras import constraints, layers, regularizers

from zoo.claims import Claim, Difference, above
from zoo.experiment import Experiment, Recipe
from zoo.layers import RandomMap


def build_model(input_shape, num_classes, regularizer, depth=2, units=100):
    """Builds a ReLU network with two hidden layers; `regularizer` gives a strength by name."""
    use = {"l1": 0.0, "l2": 0.0, "dropout": 0.0, **regularizer}
    stack = [keras.Input(input_shape), layers.Flatten()]
    if "shift" in use:  # around the end of the signal, by up to so many places
        inputs, most = int(np.prod(input_shape)), use["shift"]
        shifted = [np.roll(np.eye(inputs), by, axis=1) for by in range(-most, most + 1)]
        stack.append(RandomMap(shifted))
    for _ in range(depth):
        hidden = layers.Dense(
            units,
            "relu",
            kernel_initializer="he_normal",
            kernel_regularizer=regularizers.L1L2(use["l1"], use["l2"]),
            kernel_constraint=constraints.MaxNorm(use["norm"], axis=0) if "norm" in use else None,
        )
        stack += [hidden, layers.Dropout(use["dropout"])]
    return keras.Sequential([*stack, layers.Dense(num_classes)])


REMEDIES = {
    "l1": {"l1": 1e-3},
    "l2": {"l2": 1e-2},
    "max-norm": {"norm": 2.0},
    "dropout": {"dropout": 0.5},
    "shifts": {"shift": 4},
}

EXPERIMENT = Experiment(
    factor="regularizer",
    baseline="none",
    variants={"none": {}, **REMEDIES, "dropout and shifts": {"dropout": 0.5, "shift": 4}},
    recipe=Recipe(
        build_model=build_model,
        optimizer=lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
        learning_rates=(0.01, 0.03, 0.1),
        epochs=100,
        batch_size=100,
        train_examples=1000,
    ),
    claims=[
        Claim(
            "REG20",
            above("none", tuple(REMEDIES), "accuracy_gap"),
            "L1, L2, max-norm, dropout and shifted signals each bring training accuracy closer to "
            "test accuracy.",
        ),
        Claim(
            "REG20 accuracy",
            above(tuple(REMEDIES), "none"),
            "L1, L2, max-norm, dropout and shifted signals each raise the test accuracy.",
        ),
        Claim(
            "BV14 regularisation",
            above("none", tuple(REMEDIES), "accuracy"),
            "L1, L2, max-norm, dropout and shifted signals each lower the training accuracy.",
        ),
        Claim(
            "AUG04 signals",
            (Difference("none", "shifts", "accuracy_gap"), Difference("shifts", "none")),
            "With shifted signals training accuracy is less far above test accuracy, which is "
            "higher.",
        ),
    ],
)
