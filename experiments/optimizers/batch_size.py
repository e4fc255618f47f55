"""How far does training get in the same number of epochs with batches of 8 examples to all of them?

The lectures say that a step on all examples takes too long, that mini-batches usually hold 32 to
1,024, and that their size sets speed and accuracy. Plain SGD goes through the same 1,024 examples
as often with each size, so that small batches make more steps; each size has its own best learning
rate. How long a step takes is asked in `batch_time`.

References:
    Bottou et al. (2018), Optimization Methods for Large-Scale Machine Learning, arXiv:1606.04838.
    Masters and Luschi (2018), Revisiting Small Batch Training, arXiv:1804.07612.
"""

import keras
from keras import layers

from zoo.claims import Claim, Difference, Trend, faster
from zoo.experiment import Experiment, Recipe


def build_model(input_shape, num_classes, depth=2, units=100):
    """Builds a ReLU MLP."""
    stack = [layers.Dense(units, "relu", kernel_initializer="he_normal") for _ in range(depth)]
    first = [keras.Input(input_shape), layers.Flatten()]
    return keras.Sequential([*first, *stack, layers.Dense(num_classes)])


EXAMPLES = 1024
SMALL, LARGE = (0.01, 0.03, 0.1, 0.3), (0.1, 0.3, 1.0, 3.0)
RATES = {8: SMALL, 32: (0.03, 0.1, 0.3, 1.0), 128: LARGE, EXAMPLES: LARGE}

EXPERIMENT = Experiment(
    factor="batch_size",
    baseline="32",
    variants={f"{size}": size for size in RATES},
    recipe=Recipe(
        build_model=build_model,
        train_examples=EXAMPLES,
        optimizer=keras.optimizers.SGD,
        learning_rates={f"{size}": rates for size, rates in RATES.items()},
        epochs=40,
        batch_size=32,
    ),
    claims=[
        Claim(
            "OPT29",
            (
                Difference("1024", "32", "loss", 0.1),
                Difference("1024", "128", "loss", 0.1),
            ),
            "After as many epochs batches of 32 and 128 have a training loss over 0.1 below that "
            "of steps on all examples.",
            deviation="1,024 examples instead of a million",
        ),
        Claim(
            "BAT03 speed",
            (faster("32", "128"), faster("128", "1024")),
            "Batches of 32 need fewer epochs than of 128, and these fewer than of 1,024.",
        ),
        Claim(
            "BAT03 accuracy",
            Difference("32", "1024", margin=0.02),
            "After as many epochs batches of 32 are over 2 points more accurate than of 1,024.",
        ),
        Claim(
            "BAT03 size",
            Difference("32", "8", margin=0.01),
            "Batches of 32 are over a point more accurate than of 8, which are below the usual.",
        ),
        Claim(
            "OPT04 batch",
            Trend(("8", "32", "128", "1024"), "best_val_loss"),
            "The lowest validation loss rises with the batch size, from 8 to all 1,024 examples.",
        ),
    ],
)
