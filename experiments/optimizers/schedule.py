"""Does decaying the learning rate help, and does it matter how?

The lectures list step, exponential, linear, cosine and inverse square root decay, Newbob, and
division by ten (or five) on a plateau. One of them calls `a0 * (1 - t/T)` exponential; it is
linear, and stands here under that name. The learning rate in the table is the initial one.

References:
    Smith (2017), Cyclical Learning Rates for Training Neural Networks, arXiv:1506.01186.
    Loshchilov and Hutter (2017), SGDR, arXiv:1608.03983.
    Johnson et al. (2004), ICSI QuickNet software package (Newbob).
"""

import math

import keras
from keras import layers
from keras.callbacks import ReduceLROnPlateau
from keras.optimizers import schedules

from callbacks import InverseSquareRootDecay, NewBob
from zoo.claims import Claim, Difference
from zoo.experiment import Experiment, Recipe, no_schedule


def build_model(input_shape, num_classes, depth=3, units=100):
    """Builds a ReLU MLP."""
    stack = [keras.Input(input_shape), layers.Flatten()]
    for _ in range(depth):
        stack.append(layers.Dense(units, kernel_initializer="he_normal"))
        stack.append(layers.ReLU())
    return keras.Sequential([*stack, layers.Dense(num_classes)])


def step(rate, steps, epochs):
    """Divides the rate by ten after one half and again after three quarters of the epochs."""
    ends = [steps * epochs // 2, steps * epochs * 3 // 4]
    return schedules.PiecewiseConstantDecay(ends, [rate, rate / 10, rate / 100])


def every_epoch(factor):
    """Returns a schedule that multiplies the rate by `factor` after every epoch."""
    return lambda rate, steps, epochs: schedules.ExponentialDecay(
        rate, steps, factor, staircase=True
    )


EXPONENTIAL = "exponential exp(-0.03 epoch)"


def better_than_constant(label, told):
    """Returns the rule that a schedule ends at a lower validation loss, and it in words."""
    rule = Difference("constant", label, "val_loss")
    return rule, f"With {told} training ends at a lower validation loss than at a constant rate."


EXPERIMENT = Experiment(
    factor="schedule",
    baseline="constant",
    variants={
        "constant": no_schedule,
        "step": step,
        EXPONENTIAL: every_epoch(math.exp(-0.03)),
        "decay 0.95": every_epoch(0.95),
        "decay 0.9": every_epoch(0.9),
        "linear": lambda rate, steps, epochs: schedules.PolynomialDecay(rate, steps * epochs, 0.0),
        "cosine": lambda rate, steps, epochs: schedules.CosineDecay(rate, steps * epochs),
        "inverse square root": lambda rate, steps, epochs: InverseSquareRootDecay(rate, steps),
        "newbob": lambda *_: NewBob(),
        "newbob quicknet": lambda *_: NewBob(start=0.005, stop=0.001),
        "plateau / 5": lambda *_: ReduceLROnPlateau(factor=0.2, patience=5, min_lr=0.001),
        "plateau / 10": lambda *_: ReduceLROnPlateau(factor=0.1, patience=5),
    },
    recipe=Recipe(
        build_model=build_model,
        optimizer=lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
        learning_rates=(0.01, 0.03, 0.1, 0.3, 1.0),
        epochs=40,
        batch_size=128,
    ),
    claims=[
        Claim(
            "SCH07",
            Difference("constant", "plateau / 10", "val_loss"),
            "Divided by ten on plateaus, the rate ends at a lower validation loss than constant.",
        ),
        Claim("SCH09 step", *better_than_constant("step", "step decay")),
        Claim("SCH09 exponential", *better_than_constant(EXPONENTIAL, "exponential decay")),
        Claim("SCH09 linear", *better_than_constant("linear", "linear decay")),
        Claim("SCH09 cosine", *better_than_constant("cosine", "cosine decay")),
        Claim("SCH09 root", *better_than_constant("inverse square root", "1 / root decay")),
        Claim("SCH09 new-bob", *better_than_constant("newbob", "new-bob")),
        Claim(
            "SCH14",
            Difference("constant", "plateau / 10", "val_loss_rise"),
            "With a rate divided by ten on plateaus validation loss rises less from its lowest.",
        ),
    ],
)
