"""Does the noise of small batches keep a network from overfitting?

Batches of 8, of 64 and of all 1,024 examples train until the mean loss of an epoch is at most 0.1,
so that all have fitted the training part equally well when they are tested. Each size has its own
best learning rate.

References:
    Keskar et al. (2017), On Large-Batch Training for Deep Learning, arXiv:1609.04836.
    Zhang et al. (2018), Theory of Deep Learning IIb: Optimization Properties of SGD,
    arXiv:1801.02254.
"""

import keras
from keras import layers

from zoo.claims import Claim, Difference
from zoo.experiment import Experiment, Recipe

TARGET = 0.1


def build_model(input_shape, num_classes, units=100):
    """Builds a ReLU MLP with two hidden layers."""
    hidden = [layers.Dense(units, "relu", kernel_initializer="he_normal") for _ in range(2)]
    return keras.Sequential(
        [keras.Input(input_shape), layers.Flatten(), *hidden, layers.Dense(num_classes)]
    )


class StopAtLoss(keras.callbacks.Callback):
    """Ends training when the mean loss of an epoch has come down to the target."""

    def on_epoch_end(self, epoch, logs=None):
        """Looks at the loss."""
        if logs["loss"] <= TARGET:
            self.model.stop_training = True


EXPERIMENT = Experiment(
    factor="batch_size",
    baseline="1024",
    variants={"8": 8, "64": 64, "1024": 1024},
    recipe=Recipe(
        build_model=build_model,
        train_examples=1024,
        optimizer=keras.optimizers.SGD,
        learning_rates={
            "8": (0.01, 0.03, 0.1, 0.3),
            "64": (0.1, 0.3, 1.0, 3.0),
            "1024": (0.3, 1.0, 3.0),
        },
        callbacks=lambda: [StopAtLoss()],
        epochs=250,
        batch_size=64,
    ),
    claims=[
        Claim(
            "BAT05",
            Difference("8", "1024", margin=0.01),
            "At an equal training loss of 0.1 batches of 8 are over a point more accurate than "
            "steps on all examples.",
        ),
        Claim(
            "BAT05 loss",
            (
                Difference("1024", "8", "test_loss"),
                Difference("1024", "64", "test_loss"),
            ),
            "At an equal training loss of 0.1 the test loss is lower with batches of 8 and of 64 "
            "than with steps on all examples.",
        ),
        Claim(
            "BAT05 gap",
            Difference("1024", "8", "loss_gap"),
            "At an equal training loss of 0.1 batches of 8 leave a smaller gap to the test loss.",
        ),
    ],
)
