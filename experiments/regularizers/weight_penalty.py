"""Do L1 and L2 penalties generalise better, and at which strength?

The lectures call both standard remedies against overfitting; one of them "found them useless in
practice". Strengths are Keras's: `lambda * sum(w**2)` and `lambda * sum(|w|)` over each kernel; the
lecture that writes 0.5 C has C = 2 lambda for L2. Trained on few examples.

References:
    Krogh and Hertz (1992), A Simple Weight Decay Can Improve Generalization, NeurIPS.
    Zhang et al. (2017), Understanding deep learning requires rethinking generalization,
    arXiv:1611.03530.
"""

import keras
from keras import layers, regularizers

from zoo.claims import Claim, Difference, Equivalence, Trend
from zoo.experiment import Experiment, Recipe
from zoo.probes import DropUnderNoise, PeakWeight, SmallWeightShare


def build_model(input_shape, num_classes, weight_penalty, depth=2, units=200):
    """Builds a ReLU MLP whose kernels are penalised; `weight_penalty` gives the strengths."""

    def dense(width):
        penalty = regularizers.L1L2(**weight_penalty) if weight_penalty else None
        return layers.Dense(width, kernel_initializer="he_normal", kernel_regularizer=penalty)

    model = keras.Sequential([keras.Input(input_shape), layers.Flatten()])
    for _ in range(depth):
        model.add(dense(units))
        model.add(layers.ReLU())
    model.add(dense(num_classes))
    return model


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
            "small_weight_share": SmallWeightShare(1e-3),
            "drop_under_noise": DropUnderNoise(0.4),
        },
    ),
    claims=[
        Claim(
            "REG06", (Difference("none", "l2 1e-2", "peak_weight"), Difference("l2 1e-2", "none"))
        ),
        Claim(
            "REG07",
            (
                Difference("l1 1e-3", "l2 1e-2", "small_weight_share"),
                Difference("l1 1e-3", "none", "small_weight_share"),
                Difference("none", "l1 1e-3", "drop_under_noise"),
            ),
        ),
        Claim("REG08", Difference("l1 1e-3", "l2 1e-3", "small_weight_share", 0.1)),
        Claim(
            "REG09", (Difference("l2 1e-2", "l1 1e-3"), Difference("l2 1e-3", "l1 1e-4 + l2 1e-3"))
        ),
        Claim("REG10", Equivalence("l2 1e-2", "none"), deviation="1,000 examples, depth 3"),
        Claim("REG21", (Difference("l2 1e-2", "none"), Difference("l2 1e-2", "l2 1e-1"))),
        Claim("REG22", (Difference("none", "l2 1e-2", "accuracy"), Difference("l2 1e-2", "none"))),
        Claim(
            "BV11", (Difference("none", "l2 1e-2", "accuracy_gap"), Difference("l2 1e-2", "none"))
        ),
        Claim(
            "BV13",
            (
                Difference("none", "l2 1e-2", "accuracy_gap"),
                Difference("none", "l2 1e-2", "accuracy"),
            ),
        ),
        Claim("CUR18", Trend(STRENGTHS, "accuracy_gap", rises=False)),
    ],
)
