"""What does it take to stop training in time: patience, the best weights, held-out data?

A network overfits 1,000 examples. Training is stopped when the validation loss, the validation
accuracy or the training loss has not improved for some epochs, its patience; it ends with the
last weights or with those of the best epoch.

References:
    Prechelt (1998), Early Stopping - But When?, in Neural Networks: Tricks of the Trade.
"""

import functools

import keras
from keras import layers

from callbacks.early_stopping import EarlyStopping
from zoo.claims import Claim, Difference
from zoo.experiment import Experiment, Recipe, no_callbacks


def build_model(input_shape, num_classes, depth=2, units=100):
    """Builds a ReLU network."""
    stack = [keras.Input(input_shape), layers.Flatten()]
    for _ in range(depth):
        stack.append(layers.Dense(units, "relu", kernel_initializer="he_normal"))
    return keras.Sequential([*stack, layers.Dense(num_classes)])


def stop(monitor, patience, best=False):
    """Returns a function that makes the callback; `best` brings back the best epoch's weights."""

    def make():
        return [EarlyStopping(monitor, patience=patience, restore_best_weights=best)]

    return make


LOSS = functools.partial(stop, "val_loss")
BEST, PATIENT = "best weights", "patience 20"

EXPERIMENT = Experiment(
    factor="callbacks",
    baseline="none",
    variants={
        "none": no_callbacks,
        "patience 0": LOSS(0),
        "patience 5": LOSS(5),
        PATIENT: LOSS(20),
        BEST: LOSS(20, best=True),
        "best by accuracy": stop("val_accuracy", 20, best=True),
        "by training loss": stop("loss", 20),
    },
    recipe=Recipe(
        build_model=build_model,
        train_examples=1000,
        optimizer=lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
        learning_rates=(0.01, 0.03, 0.1),
        epochs=100,
        batch_size=100,
    ),
    claims=[
        Claim(
            "EST02",
            (Difference("none", BEST, "test_loss"), Difference("none", BEST, "epochs")),
            "Stopped 20 epochs after the lowest validation loss and put back to it, a network has "
            "a lower test loss than after 100 epochs, and takes fewer.",
        ),
        Claim(
            "EST02 best weights",
            Difference(PATIENT, BEST, "test_loss"),
            "With the weights of the best epoch the test loss is lower than with the last ones.",
        ),
        Claim(
            "EST02 patience",
            Difference("patience 0", "patience 5", "test_loss"),
            "Stopped at the first epoch that is no better, a network has a higher test loss than "
            "with a patience of five.",
        ),
        Claim(
            "EST03",
            Difference("by training loss", PATIENT, "test_loss"),
            "Stopped by the training loss a network has a higher test loss than stopped by the "
            "validation loss, with the same patience.",
        ),
        Claim(
            "SPL09 stop",
            Difference("best by accuracy", BEST, "epochs"),
            "With a patience of 20, validation accuracy ends training later than validation loss.",
        ),
        Claim(
            "REG20 early stopping",
            Difference("none", BEST, "test_loss"),
            "Put back to the lowest validation loss a network has a lower test loss than at the "
            "end.",
        ),
        Claim(
            "REG20 early stopping accuracy",
            Difference(BEST, "none"),
            "Put back to the lowest validation loss a network has a higher test accuracy than at "
            "the end.",
        ),
    ],
)
