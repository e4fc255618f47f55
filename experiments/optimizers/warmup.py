"""Does it help to let the learning rate rise first, once or in cycles?

The lectures say that the starting point may be bad and should not be left too fast, and that
triangular, cyclical and 1cycle rates may converge faster and reach better accuracy. A deep network
with momentum trains at its best rate, and at one that is too high to start with and is not tuned; a
run whose loss becomes three times what it was has diverged and ends. The rate in the table is the
highest of a schedule.

References:
    Goyal et al. (2017), Accurate, Large Minibatch SGD, arXiv:1706.02677.
    Smith (2017), Cyclical Learning Rates for Training Neural Networks, arXiv:1506.01186.
    Smith and Topin (2019), Super-Convergence, arXiv:1708.07120.
"""

import keras
from keras import layers
from keras.optimizers import schedules

from callbacks import CyclicLearningRate, DivergenceGuard, OneCycle, Warmup
from zoo.claims import Claim, Difference, faster
from zoo.experiment import Experiment, Recipe, no_schedule


def build_model(input_shape, num_classes, depth=6, units=100):
    """Builds a deep ReLU MLP."""
    stack = [keras.Input(input_shape), layers.Flatten()]
    for _ in range(depth):
        stack.append(layers.Dense(units, kernel_initializer="he_normal"))
        stack.append(layers.ReLU())
    return keras.Sequential([*stack, layers.Dense(num_classes)])


def rising(epochs_of_rise):
    """Returns a schedule that rises to the rate over some epochs."""
    return lambda rate, steps, epochs: Warmup(rate, epochs_of_rise * steps)


def triangular(rate, steps, epochs):
    """Returns a rate between a tenth and the whole, up and down in ten epochs."""
    return CyclicLearningRate(rate / 10, rate, 5 * steps)


def step(rate, steps, epochs):
    """Divides the rate by ten after three quarters of the epochs."""
    return schedules.PiecewiseConstantDecay([steps * epochs * 3 // 4], [rate, rate / 10])


HIGH = 0.5
TUNED = {
    "constant": no_schedule,
    "warm-up 1": rising(1),
    "warm-up 5": rising(5),
    "step": step,
    "triangular": triangular,
    "1cycle": lambda rate, steps, epochs: OneCycle(rate, steps * epochs),
}
AT_HIGH = {f"{label} at {HIGH:g}": TUNED[label] for label in ("constant", "warm-up 1", "warm-up 5")}

EXPERIMENT = Experiment(
    factor="schedule",
    baseline="constant",
    variants={**TUNED, **AT_HIGH},
    recipe=Recipe(
        build_model=build_model,
        optimizer=lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
        learning_rates={
            **dict.fromkeys(TUNED, (0.01, 0.03, 0.1, 0.3)),
            **dict.fromkeys(AT_HIGH, (HIGH,)),
        },
        callbacks=lambda: [DivergenceGuard(3.0)],
        epochs=30,
        batch_size=128,
    ),
    claims=[
        Claim(
            "SCH10",
            Difference("warm-up 5", "constant"),
            "Each at its best rate, five epochs of warm-up end more accurate than none.",
        ),
        Claim(
            "SCH10 high",
            Difference("warm-up 5 at 0.5", "constant at 0.5", "accuracy", 0.05),
            "At a rate of 0.5 five epochs of warm-up end over 5 points above none in training.",
        ),
        Claim(
            "SCH10 survival",
            Difference("constant at 0.5", "warm-up 5 at 0.5", "diverged"),
            "At a rate of 0.5 more runs diverge without warm-up than with five epochs of it.",
        ),
        Claim(
            "SCH12 triangular",
            Difference("triangular", "constant"),
            "At its best rate a triangular schedule ends more accurate than a constant rate.",
        ),
        Claim(
            "SCH12 1cycle",
            Difference("1cycle", "constant"),
            "At its best rate 1cycle ends more accurate than a constant rate.",
        ),
        Claim(
            "SCH12 step",
            Difference("1cycle", "step"),
            "At its best rate 1cycle ends more accurate than one division by ten.",
        ),
        Claim(
            "SCH12 speed",
            (faster("triangular", "constant"), faster("1cycle", "constant")),
            "Triangular and 1cycle need fewer epochs than a constant rate half of the way up.",
        ),
    ],
)
