"""How long can a network be trained before it overfits, and do loss and accuracy agree on it?

A network on few examples takes 1 to 300 epochs at a constant learning rate; shorter runs are the
beginnings of longer ones. The lectures say that the training loss falls for as long as one trains,
that the validation loss first falls with it and then rises, and that loss and accuracy may differ.

References:
    Prechelt (1998), Early Stopping - But When?, in Neural Networks: Tricks of the Trade.
    Guo et al. (2017), On Calibration of Modern Neural Networks, arXiv:1706.04599.
"""

import keras
from keras import layers

from zoo.claims import Claim, Difference, Trend
from zoo.experiment import Experiment, Recipe


def build_model(input_shape, num_classes, depth=2, units=100):
    """Builds a ReLU network."""
    stack = [keras.Input(input_shape), layers.Flatten()]
    for _ in range(depth):
        stack.append(layers.Dense(units, "relu", kernel_initializer="he_normal"))
    return keras.Sequential([*stack, layers.Dense(num_classes)])


EPOCHS = (1, 3, 10, 30, 100, 300)
TEN, HUNDRED, LONGEST = "10 epochs", "100 epochs", "300 epochs"
LABELS = ("1 epoch", *(f"{epochs} epochs" for epochs in EPOCHS[1:]))

EXPERIMENT = Experiment(
    factor="epochs",
    baseline=TEN,
    variants=dict(zip(LABELS, EPOCHS, strict=True)),
    recipe=Recipe(
        build_model=build_model,
        train_examples=1000,
        optimizer=lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
        learning_rates=(0.03,),
        epochs=300,
        batch_size=100,
    ),
    claims=[
        Claim(
            "EST01",
            (
                Difference("1 epoch", TEN, "loss"),
                Difference("1 epoch", TEN, "val_loss"),
                Difference(TEN, HUNDRED, "loss"),
                Difference(HUNDRED, TEN, "val_loss"),
            ),
            "From epoch 1 to 10 training and validation loss fall; from 10 to 100 the training "
            "loss falls on, and the validation loss rises.",
        ),
        Claim(
            "BV17",
            (
                Trend(LABELS, "loss", rises=False),
                Difference(LONGEST, HUNDRED, "val_loss"),
            ),
            "From 1 to 300 epochs the training loss falls for as long as one trains, while the "
            "validation loss still rises from epoch 100 to 300.",
        ),
        Claim(
            "SPL09",
            (
                Difference(HUNDRED, TEN, "test_loss"),
                Difference(HUNDRED, TEN),
            ),
            "From epoch 10 to 100 the test loss rises, gets worse, and so does the test accuracy, "
            "which gets better.",
        ),
    ],
)
