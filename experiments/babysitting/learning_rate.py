"""What becomes of a network when the learning rate is far too low, right, or far too high?

The lectures try 1e-6 and 1e6 and look for the rates between at which the loss falls: where it stays
the rate is too low, where it explodes too high. Plain SGD trains without a penalty at each rate as
it is. The loss is taken from the logits and nothing in it is clipped, so that it is no number as
soon as theirs overflow; such a run ends there and counts as diverged.

References:
    Stanford CS231n (2015), lecture 5 and notes on neural networks 3.
"""

import keras
from keras import layers

from zoo.claims import Claim, Difference, Number, faster
from zoo.experiment import Experiment, Recipe


def build_model(input_shape, num_classes, depth=3, units=100):
    """Builds a ReLU MLP."""
    stack = [layers.Dense(units, "relu", kernel_initializer="he_normal") for _ in range(depth)]
    first = [keras.Input(input_shape), layers.Flatten()]
    return keras.Sequential([*first, *stack, layers.Dense(num_classes)])


RATES = (1e-6, 1e-5, 1e-3, 0.01, 0.1, 0.3, 1.0, 3.0, 10.0, 1e6)
LABELS = {f"{rate:g}": (rate,) for rate in RATES}

EXPERIMENT = Experiment(
    factor="optimizer",
    baseline="0.3",
    variants=dict.fromkeys(LABELS, keras.optimizers.SGD),
    recipe=Recipe(
        build_model=build_model,
        optimizer=keras.optimizers.SGD,
        learning_rates=LABELS,
        epochs=30,
        batch_size=128,
    ),
    claims=[
        Claim(
            "BAB16 rate",
            (
                Difference("3", "0.3", "diverged", 0.5),
                Difference("1e+06", "0.3", "diverged", 0.5),
            ),
            "In over half of the runs the loss ends as no number at rates of 3 and 1e6 but not at "
            "0.3.",
        ),
        Claim(
            "BAB19 low",
            (
                Number("1e-06", "accuracy", 0.1, 0.05),
                Difference("1e-06", "0.3", "loss", 1.0),
            ),
            "At 1e-6 the training accuracy stays at guessing, within 5 points, and the loss over "
            "1 above that at 0.3.",
        ),
        Claim(
            "BAB19 high",
            Difference("10", "0.3", "diverged", 0.5),
            "At a rate of 10 more than half of the runs diverge that do not at 0.3.",
        ),
        Claim(
            "CUR17 high",
            Difference("0.3", "1", "accuracy", 0.02),
            "At 1, over three times the good rate of 0.3, the training accuracy ends over 2 points "
            "lower.",
        ),
        Claim(
            "OPT04 rate",
            Difference("0.3", "0.001", margin=0.02),
            "At 0.3 the test accuracy is over 2 points above that at 0.001.",
        ),
        Claim(
            "OPT25 slow",
            (faster("0.3", "0.01"), faster("0.3", "0.001")),
            "At 0.01 and at 0.001 training takes longer than at 0.3.",
            deviation="whether it stays in local minima is not asked",
        ),
        Claim(
            "OPT26",
            Difference("0.3", "3", "accuracy", 0.5),
            "Where the loss does not fall, at 3, a tenth of the rate ends with a training accuracy "
            "over 50 points higher.",
        ),
        Claim(
            "OPT26 stays",
            Difference("1e-05", "1e-06", "loss"),
            "Where the loss hardly falls for a rate of 1e-5, it ends lower at a tenth of it.",
        ),
    ],
)
