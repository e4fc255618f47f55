"""Does bounding the norm of each unit's incoming weights help, and what do the slides' slips do?

Max-norm projects the incoming weights of a unit back to radius r when they are longer (axis 0 of a
Dense kernel). The lecture's formula rescales also the shorter ones, and its code clips along
axis 1, the outgoing weights of an input. Trained on few examples.

References:
    Srebro, Rennie and Jaakkola (2005), Maximum-Margin Matrix Factorization, NeurIPS.
    Srivastava et al. (2014), Dropout, JMLR 15, section 5.1.
"""

import keras
from keras import constraints, layers

from zoo.claims import Claim, Difference
from zoo.experiment import Experiment, Recipe


def build_model(input_shape, num_classes, max_norm, depth=2, units=200):
    """Builds a ReLU MLP; `max_norm` makes the constraint of the hidden kernels."""
    stack = [keras.Input(input_shape), layers.Flatten()]
    for _ in range(depth):
        stack.append(
            layers.Dense(units, kernel_initializer="he_normal", kernel_constraint=max_norm())
        )
        stack.append(layers.ReLU())
    return keras.Sequential([*stack, layers.Dense(num_classes)])


EXPERIMENT = Experiment(
    factor="max_norm",
    baseline="none",
    variants={
        "none": lambda: None,
        "radius 0.5": lambda: constraints.MaxNorm(0.5, axis=0),
        "radius 1": lambda: constraints.MaxNorm(1.0, axis=0),
        "radius 2": lambda: constraints.MaxNorm(2.0, axis=0),
        "radius 3": lambda: constraints.MaxNorm(3.0, axis=0),
        "radius 4": lambda: constraints.MaxNorm(4.0, axis=0),
        "radius 1 on axis 1": lambda: constraints.MaxNorm(1.0, axis=1),
        "always rescaled to 1": lambda: constraints.UnitNorm(axis=0),
    },
    recipe=Recipe(
        build_model=build_model,
        train_examples=1000,
        optimizer=lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
        learning_rates=(0.01, 0.03, 0.1, 0.3, 1.0),
        epochs=100,
        batch_size=100,
    ),
    claims=[
        Claim(
            "REG19",
            Difference("none", "radius 2", "accuracy_gap"),
            "Max-norm of radius 2 narrows the gap of training and test accuracy.",
        ),
        Claim(
            "REG19 accuracy",
            Difference("radius 2", "none"),
            "Max-norm of radius 2 raises the test accuracy.",
        ),
    ],
)
