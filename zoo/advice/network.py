"""The network that advice starts from: ReLU, He, Adam, two hidden layers of 100 units."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from zoo.experiment import Recipe

RATES = (0.0003, 0.001, 0.003)  # of Adam
STANDARD = {
    "units": 100,
    "depth": 2,
    "activation": "relu",
    "initializer": "he_normal",
    "batch_norm": False,
    "dropout": 0.0,
    "weight_decay": 0.0,
}
PATIENCE = 10  # epochs without a better validation loss


def build_model(
    input_shape: Any,
    num_classes: int,
    units: int = 100,
    depth: int = 2,
    activation: str = "relu",
    initializer: str = "he_normal",
    batch_norm: bool = False,
    dropout: float = 0.0,
    weight_decay: float = 0.0,
) -> Any:
    """Builds a network of dense layers that ends in logits.

    Args:
        input_shape: Shape of an example.
        num_classes: Number of outputs.
        units: Units of each hidden layer.
        depth: Number of hidden layers.
        activation: Keras's name of the activation function.
        initializer: Keras's name of the initializer of the hidden layers' weights.
        batch_norm: Whether batch normalisation stands before each activation.
        dropout: Share of the hidden units that is left out in training, from 0 (none) below 1.
        weight_decay: Strength of an L2 penalty on the hidden layers' weights, 0 for none.
    """
    model = keras.Sequential([keras.Input(input_shape), layers.Flatten()])
    for _ in range(depth):
        penalty = keras.regularizers.L2(weight_decay) if weight_decay else None
        model.add(layers.Dense(units, kernel_initializer=initializer, kernel_regularizer=penalty))
        if batch_norm:
            model.add(layers.BatchNormalization())
        model.add(layers.Activation(activation))
        if dropout:
            model.add(layers.Dropout(dropout))
    model.add(layers.Dense(num_classes))
    return model


def cosine(learning_rate: float, steps_per_epoch: int, epochs: int) -> Any:
    """Returns a schedule that lets the learning rate fall to 0 along a cosine."""
    return keras.optimizers.schedules.CosineDecay(learning_rate, steps_per_epoch * epochs)


def sgd(learning_rate: Any) -> Any:
    """Returns SGD with momentum 0.9."""
    return keras.optimizers.SGD(learning_rate, momentum=0.9)


def rmsprop(learning_rate: Any) -> Any:
    """Returns RMSprop."""
    return keras.optimizers.RMSprop(learning_rate)


def early_stopping() -> list[Any]:
    """Returns a callback that stops in time and restores the weights of the best epoch."""
    return [keras.callbacks.EarlyStopping(patience=PATIENCE, restore_best_weights=True)]


def baseline(epochs: int, batch_size: int) -> Recipe:
    """Returns the recipe that knobs are turned from.

    Args:
        epochs: Passes over the training examples.
        batch_size: Examples a step.
    """
    return Recipe(
        build_model=build_model,
        optimizer=keras.optimizers.Adam,
        learning_rates=RATES,
        epochs=epochs,
        batch_size=batch_size,
    )
