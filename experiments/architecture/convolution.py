"""What do convolutions and pooling bring to a network that is trained?

Networks of three convolutions, with and without pooling, or with strided convolutions for it, and
a dense one with as many parameters as the pooled one learn 1,000 signals or images, in one model
without shared weights. They are tested as well on some shifted by 1 to 4 places; outputs change in
units of that from one example to another. Ridge regression tells what layers know.

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

CHANNELS, DEPTH, RATE, SHIFTS = 16, 3, 0.005, (1, 2, 3, 4)
NETWORKS = ("no pooling", "max pooling", "average pooling", "learned pooling", "dense")
PLAIN, MAX, MEAN, LEARNED, DENSE = NETWORKS
SIGNALS = (layers.Conv1D, layers.MaxPooling1D, layers.AveragePooling1D)
IMAGES = (layers.Conv2D, layers.MaxPooling2D, layers.AveragePooling2D)


def convolutional(x, num_classes, kind):
    """Builds three convolutions of three places with ReLU, each with its pooling behind it."""
    signals = len(x.shape) == 2
    convolution, largest, average = SIGNALS if signals else IMAGES
    stack = [x, layers.Reshape((-1, 1)) if signals else layers.Identity()]
    for _ in range(DEPTH):
        for stride in (1, 2) if kind == LEARNED else (1,):
            own = {"activation": "relu", "kernel_initializer": "he_normal"}
            stack.append(convolution(CHANNELS, 3, stride, "same", **own))
        stack.append({MAX: largest, MEAN: average}.get(kind, lambda _: layers.Identity())(2))
    return keras.Sequential([*stack, layers.Flatten(), layers.Dense(num_classes)])


@functools.cache
def build_model(input_shape, num_classes):
    """Builds all networks side by side, with logits of shape (batch, networks, classes)."""
    x = keras.Input(input_shape)
    networks = [convolutional(x, num_classes, kind) for kind in NETWORKS[:-1]]
    weights = networks[1].count_params() - num_classes  # of the pooled one
    units = round(weights / (np.prod(input_shape) + 1 + num_classes))
    hidden = layers.Dense(units, "relu", kernel_initializer="he_normal")
    networks.append(keras.Sequential([x, layers.Flatten(), hidden, layers.Dense(num_classes)]))
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
    moved = {by: outputs(model, np.roll(x, by, axis=min(x.ndim - 1, 2))) for by in SHIFTS}
    return {
        "parameters": model.count_params(),
        "test_accuracy": np.mean(still.argmax(axis=1) == y),
        **{("change", by): rms(m - still) / unit for by, m in moved.items()},
        **{("shifted_accuracy", by): np.mean(m.argmax(axis=1) == y) for by, m in moved.items()},
    }


def probed(inside, data):
    """Returns how right a linear classifier is on the outputs of a part of a network."""
    parts = [outputs(inside, x) for x in (data.x_train, data.x_test)]
    mean, scale = parts[0].mean(axis=0), parts[0].std(axis=0)
    scale = np.where(scale > 0, scale + 1e-6, np.inf)  # what never changes tells nothing
    train, test = (np.c_[(x - mean) / scale, np.ones(len(x))].astype(float) for x in parts)
    ridge = train.T @ train + len(train) / 10 * np.eye(train.shape[1])
    told = test @ np.linalg.solve(ridge, train.T @ np.eye(data.num_classes)[data.y_train])
    return {"test_accuracy": np.mean(told.argmax(axis=1) == data.y_test)}


PROBES = {f"linear on layer {n}" if n else "linear on inputs": n for n in range(DEPTH + 1)}


@functools.cache
def results(seed, name):
    """Trains the networks of a seed and returns what is found, by label."""
    data = load_for(RECIPE, seed, name)
    model, networks = build_model(data.input_shape, data.num_classes)
    restart(model, seed)
    y = np.repeat(data.y_train[:, None], len(NETWORKS), axis=1)
    model.fit(data.x_train, y, RECIPE.batch_size, RECIPE.epochs, verbose=0)
    trained = dict(zip(NETWORKS, networks, strict=True))
    found = {label: tested(own, data.x_test, data.y_test) for label, own in trained.items()}
    for label, n in PROBES.items():  # behind the pooling of each convolution
        inside = keras.Model(trained[MAX].inputs[0], trained[MAX].layers[2 * n].output)
        found[label] = probed(inside, data)
    return found


def measure(label, seed, data="mnist1d"):
    """Measures a network, or what its layers know."""
    return results(seed, data)[label]


EXPERIMENT = Measurement(
    factor="connectivity",
    places="shift",
    trains=True,
    variants={label: label for label in (*NETWORKS, *PROBES)},
    measure=measure,
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
