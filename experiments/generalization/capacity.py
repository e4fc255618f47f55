"""Does a wider network first underfit and then overfit?

One hidden layer of 4 to 512 units learns 1,000 examples, each width at its own best learning rate.
The lectures say that many parameters fit very varied data and overfit, that curves which lie
close together are a sign of underfitting, against which a larger model may help, and that deep
learning talks less of a trade-off of bias and variance.

References:
    Neyshabur et al. (2015), In Search of the Real Inductive Bias, arXiv:1412.6614.
    Belkin et al. (2019), Reconciling modern machine-learning practice, arXiv:1812.11118.
"""

import keras
from keras import layers

from zoo.claims import Claim, Difference, Trend
from zoo.experiment import Experiment, Recipe


def build_model(input_shape, num_classes, units):
    """Builds a ReLU network with one hidden layer."""
    hidden = layers.Dense(units, "relu", kernel_initializer="he_normal")
    stack = [keras.Input(input_shape), layers.Flatten(), hidden, layers.Dense(num_classes)]
    return keras.Sequential(stack)


WIDTHS = (4, 8, 16, 32, 128, 512)
LABELS = tuple(f"{width} units" for width in WIDTHS)
NARROW, MIDDLE, WIDE = "4 units", "32 units", "512 units"

EXPERIMENT = Experiment(
    factor="units",
    baseline=MIDDLE,
    variants=dict(zip(LABELS, WIDTHS, strict=True)),
    recipe=Recipe(
        build_model=build_model,
        train_examples=1000,
        optimizer=lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
        learning_rates=(0.03, 0.1, 0.3),
        epochs=100,
        batch_size=100,
    ),
    claims=[
        Claim(
            "BV06",
            Trend(LABELS),
            "From 4 to 512 units test accuracy rises, and nowhere falls again: bias falls, and "
            "variance does not take its place.",
        ),
        Claim(
            "BV09",
            (
                Difference(MIDDLE, NARROW, "accuracy_gap"),
                Difference(MIDDLE, NARROW, "accuracy"),
                Difference(MIDDLE, NARROW),
            ),
            "With 4 units training and test accuracy lie closer together than with 32, and both "
            "are lower.",
        ),
        Claim(
            "BV12",
            Difference(MIDDLE, NARROW, margin=0.02),
            "Where 4 units leave training and test accuracy close together, 32 raise the test "
            "accuracy, by over two points.",
        ),
        Claim(
            "BV14",
            (Trend(LABELS, "accuracy"), Trend(LABELS, "accuracy_gap")),
            "The more units, the higher is training accuracy, and the further above test accuracy.",
        ),
        Claim(
            "BV14 loss",
            Difference(WIDE, MIDDLE, "test_loss"),
            "With 512 units the test loss is higher than with 32.",
        ),
    ],
)
