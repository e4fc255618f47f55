"""Which statistics must batch normalisation use at inference, and what if they are wrong?

The momentum of the moving statistics changes nothing in training, only what inference uses. 1.0
leaves them at their start, mean 0 and variance 1, as TensorFlow 1 did where its update operations
were not run. Batches of 32, because the larger a batch is, the less noise its statistics have.

References:
    Ioffe and Szegedy (2015), Batch Normalization, arXiv:1502.03167.
"""

import keras
from keras import layers

from zoo.claims import Claim, Difference, Equivalence, Number
from zoo.experiment import Experiment, Recipe
from zoo.probes import AccuracyInTrainingMode, GainFromFullStatistics


def build_model(input_shape, num_classes, momentum, depth=3, units=100):
    """Builds a ReLU MLP with normalisation before each activation."""
    stack = [keras.Input(input_shape), layers.Flatten()]
    for _ in range(depth):
        stack.append(layers.Dense(units, kernel_initializer="he_normal"))
        stack.append(layers.BatchNormalization(momentum=momentum))
        stack.append(layers.ReLU())
    return keras.Sequential([*stack, layers.Dense(num_classes)])


EXPERIMENT = Experiment(
    factor="momentum",
    baseline="momentum 0.99",
    variants={
        "momentum 0.1": 0.1,
        "momentum 0.9": 0.9,
        "momentum 0.99": 0.99,
        "frozen at 0 and 1": 1.0,
    },
    recipe=Recipe(
        build_model=build_model,
        optimizer=lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
        learning_rates=(0.01, 0.03, 0.1, 0.3),
        epochs=20,
        batch_size=32,
        probes={
            "accuracy_batch_1": AccuracyInTrainingMode(1),
            "gain_from_full_statistics": GainFromFullStatistics(),
        },
    ),
    claims=[
        Claim(
            "BN16 about 0.1",
            (
                Equivalence("momentum 0.1", "momentum 0.9", margin=0.01),
                Equivalence("momentum 0.1", "momentum 0.99", margin=0.01),
            ),
            "Test accuracies at the momentum 0.1 are within a point of those at 0.9 and 0.99.",
        ),
        Claim(
            "BN17",
            Number("momentum 0.99", "gain_from_full_statistics", 0.0, 0.01),
            "Statistics of the training set give the test accuracy of moving ones, to a point.",
        ),
        # The logits of a batch of one do not depend on the example: a guess among ten classes.
        Claim(
            "BN18 wrong mode",
            Number("momentum 0.99", "accuracy_batch_1", 0.1, 0.02),
            "In training mode single examples are classified no better than by a guess.",
        ),
        Claim(
            "BN19",
            Difference("momentum 0.99", "frozen at 0 and 1", margin=0.1),
            "Moving statistics that are never updated cost over 10 points of test accuracy.",
        ),
    ],
)
