"""Do L1 and L2 penalties generalise better, and at which strength?

The lectures call both standard remedies against overfitting. Strengths are Keras's:
`lambda * sum(w**2)` and `lambda * sum(|w|)` over each kernel; the lecture that writes 0.5 C has
C = 2 lambda for L2. Trained on few examples; `weight_penalty_deep` gets all of them.

References:
    Krogh and Hertz (1992), A Simple Weight Decay Can Improve Generalization, NeurIPS.
"""

import keras
from keras import layers, regularizers

from zoo.claims import Claim, Difference, Trend
from zoo.experiment import Experiment, Recipe
from zoo.probes import AccuracyUnderNoise, LargestWeight, PeakWeight, SmallWeightShare


def build_model(input_shape, num_classes, weight_penalty, depth=2, units=200):
    """Builds a ReLU MLP whose kernels are penalised; `weight_penalty` gives the strengths."""

    def dense(width):
        penalty = regularizers.L1L2(**weight_penalty) if weight_penalty else None
        return layers.Dense(width, kernel_initializer="he_normal", kernel_regularizer=penalty)

    stack = [keras.Input(input_shape), layers.Flatten()]
    for _ in range(depth):
        stack.append(dense(units))
        stack.append(layers.ReLU())
    stack.append(dense(num_classes))
    return keras.Sequential(stack)


STRENGTHS = ("none", "l2 1e-4", "l2 1e-3", "l2 1e-2", "l2 1e-1")


EXPERIMENT = Experiment(
    factor="weight_penalty",
    baseline="none",
    variants={
        "none": {},
        "l1 1e-5": {"l1": 1e-5},
        "l1 1e-4": {"l1": 1e-4},
        "l1 1e-3": {"l1": 1e-3},
        "l1 1e-2": {"l1": 1e-2},
        "l2 1e-4": {"l2": 1e-4},
        "l2 1e-3": {"l2": 1e-3},
        "l2 1e-2": {"l2": 1e-2},
        "l2 1e-1": {"l2": 1e-1},
        "l1 1e-4 + l2 1e-3": {"l1": 1e-4, "l2": 1e-3},
        "l1 1e-3 + l2 1e-2": {"l1": 1e-3, "l2": 1e-2},
    },
    recipe=Recipe(
        build_model=build_model,
        train_examples=1000,
        optimizer=lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
        learning_rates=(0.003, 0.01, 0.03, 0.1, 0.3, 1.0),
        epochs=100,
        batch_size=100,
        probes={
            "peak_weight": PeakWeight(),
            "largest_weight": LargestWeight(),
            "small_weight_share": SmallWeightShare(1e-3),
            "accuracy_under_noise": AccuracyUnderNoise((0.25, 0.5, 1.0)),
        },
    ),
    claims=[
        Claim(
            "REG06 spread",
            Difference("none", "l2 1e-2", "peak_weight"),
            "With L2 a unit's largest weight stands out less from its others.",
        ),
        Claim(
            "REG06 largest",
            Difference("none", "l2 1e-2", "largest_weight"),
            "With L2 the network's largest weight is smaller.",
        ),
        Claim(
            "REG07 near zero",
            Difference("l1 1e-3", "none", "small_weight_share"),
            "With L1 a larger share of the weights is nearly 0 than without a penalty.",
        ),
        Claim(
            "REG07 noise",
            Difference("l1 1e-3", "none", "accuracy_under_noise"),
            "Under noise of a quarter to one deviation L1 is more accurate than no penalty.",
        ),
        Claim(
            "REG08 sparse",
            Difference("l1 1e-3", "l2 1e-2", "small_weight_share", 0.1),
            "With L1 a larger share of the weights is nearly 0 than with L2, by 10 points.",
        ),
        Claim(
            "REG09",
            Difference("l2 1e-2", "l1 1e-3"),
            "L2 of strength 0.01 has a higher test accuracy than L1 of strength 0.001.",
        ),
        Claim(
            "REG22",
            (Difference("none", "l2 1e-2", "accuracy"), Difference("l2 1e-2", "none")),
            "An L2 penalty lowers the training accuracy and raises the test accuracy.",
        ),
        Claim(
            "BV11",
            Difference("none", "l2 1e-2", "accuracy_gap"),
            "Where the gap of training and test accuracy is wide, an L2 penalty narrows it.",
        ),
        Claim(
            "CUR18",
            Trend(STRENGTHS, "accuracy_gap", rises=False),
            "The stronger the L2 penalty, the narrower the gap of training and test accuracy.",
        ),
    ],
)
