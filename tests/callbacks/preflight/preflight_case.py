"""What the tests of preflight share: a toy problem and networks for it."""

import keras
import numpy as np
from keras import layers

FEATURES, CLASSES = 20, 5
# What is warned of where no gradient arrives.
STUCK = {"activation spread", "dead units", "update ratio", "overfit"}


def make_data(examples=200, seed=0):
    """Returns examples of five noisy classes, of mean 0 and deviation 1."""
    generator = np.random.default_rng(seed)
    y = (np.arange(examples) % CLASSES).astype(np.int32)
    x = generator.normal(size=(CLASSES, FEATURES))[y] + generator.normal(size=(examples, FEATURES))
    return ((x - x.mean()) / x.std()).astype(np.float32), y


X, Y = make_data()


def mlp(activation="relu", initializer="he_normal", *, normalise=False, depth=3, out=None):
    stack = [keras.Input((FEATURES,))]
    for place in range(depth):
        stack.append(layers.Dense(32, kernel_initializer=initializer, name=f"dense_{place}"))
        if normalise:
            stack.append(layers.BatchNormalization())
        stack.append(layers.Activation(activation, name=f"activation_{place}"))
    stack.append(
        layers.Dense(CLASSES, activation=out, kernel_initializer=initializer, name="logits")
    )
    return keras.Sequential(stack)


def convolution():
    return keras.Sequential(
        [
            keras.Input((FEATURES,)),
            layers.Reshape((FEATURES, 1)),
            layers.Conv1D(16, 3, activation="relu", kernel_initializer="he_normal"),
            layers.MaxPooling1D(2),
            layers.Conv1D(16, 3, activation="relu", kernel_initializer="he_normal"),
            layers.Flatten(),
            layers.Dense(CLASSES),
        ]
    )


def crossentropy(from_logits=True):
    return keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits)


def compiled(build=mlp, optimizer=None, loss=None, seed=0):
    keras.utils.set_random_seed(seed)
    model = build()
    model.compile(optimizer or keras.optimizers.SGD(0.1), loss or crossentropy())
    return model


def by_name(found):
    return {check.name: check for check in found}


def warned(found):
    return {check.name for check in found if check.result == "warn"}
