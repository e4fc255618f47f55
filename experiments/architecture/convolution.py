"""What do convolutions and pooling bring to a network that is trained?

Networks of three convolutions, with and without pooling, or with strided convolutions for it, and
a dense one with as many parameters as the pooled one learn 1,000 signals, in one model without
shared weights. They are tested on signals as they are and shifted around by 1 to 4 places; outputs
change in units of that from one signal to another. Ridge regression tells what layers know.

References:
    Springenberg et al. (2015), Striving for Simplicity, arXiv:1412.6806.
    Alain and Bengio (2017), Understanding intermediate layers, arXiv:1610.01644.
"""

import functools

import keras
import numpy as np
from keras import layers, ops

from zoo.claims import Claim, Difference, Equivalence, Trend, above
from zoo.experiment import Measurement, Recipe, crossentropy
from zoo.measure import rms
from zoo.trials import load_for, restart

CHANNELS, DEPTH, UNITS, RATE, SHIFTS = 16, 3, 48, 0.005, (1, 2, 3, 4)
PLAIN, MAX, MEAN = "no pooling", "max pooling", "average pooling"
LEARNED, DENSE = "learned pooling", "dense"


def convolution(stride=1):
    """Returns a convolution of three places with ReLU."""
    start = keras.initializers.HeNormal()
    return layers.Conv1D(CHANNELS, 3, stride, "same", activation="relu", kernel_initializer=start)


def convolutional(pool=layers.Identity):
    """Returns three convolutions, each with what `pool` makes behind it."""
    pairs = [(convolution(), pool()) for _ in range(DEPTH)]
    return [layers.Reshape((-1, 1)), *(layer for pair in pairs for layer in pair), layers.Flatten()]


NETWORKS = {
    PLAIN: convolutional,
    MAX: lambda: convolutional(lambda: layers.MaxPooling1D(2)),
    MEAN: lambda: convolutional(lambda: layers.AveragePooling1D(2)),
    LEARNED: lambda: convolutional(lambda: convolution(stride=2)),
    DENSE: lambda: [layers.Dense(UNITS, "relu", kernel_initializer="he_normal")],
}


@functools.cache
def build_model(input_shape, num_classes):
    """Builds all networks side by side, with logits of shape (batch, networks, classes)."""
    x = keras.Input(input_shape)
    ends = [[*make(), layers.Dense(num_classes)] for make in NETWORKS.values()]
    networks = [keras.Sequential([x, *end]) for end in ends]
    model = keras.Model(x, ops.stack([network(x) for network in networks], axis=1))
    model.compile(keras.optimizers.Adam(RATE), crossentropy(), jit_compile=False)
    return model, networks


RECIPE = Recipe(
    build_model=build_model,
    optimizer=keras.optimizers.Adam,
    learning_rates=(RATE,),
    epochs=40,
    batch_size=100,
    train_examples=1000,
)


def outputs(model, x):
    """Returns what a model makes of examples, shape (examples, features)."""
    return ops.convert_to_numpy(model(x)).reshape(len(x), -1)


def tested(model, x, y):
    """Returns how right a network is on examples, and how it takes shifts of them."""
    still = outputs(model, x)
    unit = rms(still - np.roll(still, 1, axis=0))
    found = {}
    for shift in SHIFTS:
        moved = outputs(model, np.roll(x, shift, axis=1))
        found["change", shift] = rms(moved - still) / unit
        found["shifted_accuracy", shift] = np.mean(moved.argmax(axis=1) == y)
    accuracy = np.mean(still.argmax(axis=1) == y)
    return {"parameters": model.count_params(), "test_accuracy": accuracy, **found}


def probed(inside, data):
    """Returns how right a linear classifier is on the outputs of a part of a network."""
    parts = [outputs(inside, x) for x in (data.x_train, data.x_test)]
    mean, scale = parts[0].mean(axis=0), parts[0].std(axis=0) + 1e-6
    train, test = (np.c_[(x - mean) / scale, np.ones(len(x))].astype(float) for x in parts)
    one_hot = np.eye(data.num_classes)[data.y_train]
    ridge = train.T @ train + len(train) / 10 * np.eye(train.shape[1])
    told = test @ np.linalg.solve(ridge, train.T @ one_hot)
    return {"test_accuracy": np.mean(told.argmax(axis=1) == data.y_test)}


PROBES = {f"linear on layer {n}" if n else "linear on inputs": n for n in range(DEPTH + 1)}


@functools.cache
def results(seed):
    """Trains the networks of a seed and returns what is found, by label."""
    data = load_for(RECIPE, draw=seed)
    model, networks = build_model(data.input_shape, data.num_classes)
    restart(model, seed)
    y = np.repeat(data.y_train[:, None], len(NETWORKS), axis=1)
    model.fit(data.x_train, y, RECIPE.batch_size, RECIPE.epochs, verbose=0)
    trained = dict(zip(NETWORKS, networks, strict=True))
    found = {label: tested(own, data.x_test, data.y_test) for label, own in trained.items()}
    first, *_ = trained[MAX].inputs
    for label, n in PROBES.items():  # behind the pooling of each convolution
        found[label] = probed(keras.Model(first, trained[MAX].layers[2 * n].output), data)
    return found


EXPERIMENT = Measurement(
    factor="connectivity",
    places="shift",
    trains=True,
    variants={label: label for label in (*NETWORKS, *PROBES)},
    measure=lambda label, seed: results(seed)[label],
    claims=[
        Claim(
            "CNN06",
            (Difference(MAX, DENSE), Difference(MAX, DENSE, "shifted_accuracy@4")),
            "With as many parameters convolutions and pooling have a higher test accuracy than "
            "dense layers, also on signals shifted by four places.",
        ),
        Claim(
            "CNN11",
            above(PLAIN, (MAX, MEAN), "change@1"),
            "A shift by one place changes the outputs less with maximum or average pooling.",
        ),
        Claim(
            "CNN12",
            Equivalence(LEARNED, MAX, margin=0.02),
            "With strided convolutions for maximum pooling a network is as accurate to two points.",
        ),
        Claim(
            "CNN14",
            Trend(tuple(PROBES)),
            "A linear classifier is the more accurate, the deeper the layer whose outputs it gets.",
        ),
    ],
)
