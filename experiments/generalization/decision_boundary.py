"""Do layers of neurons draw richer boundaries than one neuron, and overfit more?

Networks without a hidden layer, with one to three of 16 ReLU units, and with one of 4 or 64 learn
two spirals and two moons in the plane, 200 examples with one label in ten flipped, by 1,000 steps
of Adam on all of them. All train in one model, but share no weights. Which units are active parts
the plane into regions in each of which the network is linear. Regions that are met on a grid are
counted, and among them those that the boundary between the classes runs through, its pieces. Test
labels are flipped as often. A deeper network also has more weights; 64 units in one layer stand
beside.

References:
    Montufar et al. (2014), On the Number of Linear Regions of Deep Neural Networks, NeurIPS.
"""

import functools

import keras
import numpy as np
from keras import layers, ops

from zoo.claims import Claim, Trend
from zoo.experiment import Measurement
from zoo.trials import forget

EXAMPLES, TEST, FLIPPED = 200, 2000, 0.1
EPOCHS, STEPS, RATE = 10, 100, 0.01  # STEPS of an epoch
SIDE = 100  # of the grid
NETWORKS = {
    "neuron": (),
    "one layer": (16,),
    "two layers": (16, 16),
    "three layers": (16, 16, 16),
    "4 units": (4,),
    "64 units": (64,),
}
DATA = ("spirals", "moons")


def draw_plane(seed, examples):
    """Draws inputs, shape (examples, data sets, 2), and labels, of which some are flipped."""
    drawn = np.random.default_rng((seed, examples))
    y = np.arange(examples) % 2
    turn = drawn.uniform(0.25, 1, examples)
    angle = 2.5 * np.pi * turn + np.pi * y
    spirals = turn[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    angle = np.pi * (drawn.uniform(size=examples) + y)
    moons = np.stack([np.cos(angle) + y - 0.5, np.sin(angle) + 0.5 * y - 0.25], axis=1) / 1.5
    x = np.stack([spirals, moons], axis=1) + drawn.normal(0, 0.05, (examples, 2, 2))
    return x, np.where(drawn.uniform(size=examples) < FLIPPED, 1 - y, y)


@functools.cache
def side_by_side():
    """Makes a model of all networks, each once for each data set, and one of their hidden units.

    Both take (batch, data sets, 2). Logits are (batch, networks, data sets), units a list with an
    array for each network, (batch, data sets, units).
    """
    x = keras.Input((len(DATA), 2))
    logits, units = [], []
    for widths in NETWORKS.values():
        found = [x]
        for width in widths:
            layer = layers.EinsumDense("bdi,dio->bdo", (len(DATA), width), "relu", "do")
            found.append(layer(found[-1]))
        last = layers.EinsumDense("bdi,di->bd", (len(DATA),), bias_axes="d")
        logits.append(last(found[-1]))
        units.append(ops.concatenate(found[1:] or [0 * x], axis=-1))
    model = keras.Model(x, ops.stack(logits, axis=1))
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    schedule = keras.optimizers.schedules.CosineDecay(RATE, EPOCHS * STEPS)
    model.compile(keras.optimizers.Adam(schedule), loss, steps_per_execution=STEPS)
    return model, keras.Model(x, units)


@functools.cache
def trained(seed):
    """Returns the predicted classes, and which units are active on the grid, from one seed.

    Classes by `train`, `test` and `grid`, each of shape (points, networks, data sets).
    """
    model, units = side_by_side()
    drawn = np.random.default_rng((seed, 1))
    for layer in model.layers:
        if layer.weights:
            kernel, bias = (weight.shape for weight in layer.weights)
            scale = (2 / kernel[1]) ** 0.5  # as He; kernels are (data sets, inputs, ...)
            layer.set_weights([drawn.normal(0, scale, kernel), np.zeros(bias)])
    forget(model)
    x, labels = draw_plane(seed, EXAMPLES)
    y = np.broadcast_to(labels[:, None, None], (EXAMPLES, len(NETWORKS), len(DATA)))
    repeated = (np.concatenate([part] * STEPS) for part in (x, y))
    model.fit(*repeated, EXAMPLES, EPOCHS, shuffle=False, verbose=0)
    axis = np.linspace(-1.3, 1.3, SIDE)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 1, 2).repeat(len(DATA), axis=1)
    points = {"train": x, "test": draw_plane(seed, TEST)[0], "grid": grid}
    found = {k: ops.convert_to_numpy(model(part)) > 0 for k, part in points.items()}
    return found, [ops.convert_to_numpy(each) > 0 for each in units(grid)]


def measure(variant, seed):
    """Measures the accuracies of one network on one data set, and counts its linear regions."""
    network, data = variant
    found, active = trained(seed)
    own = {part: sides[:, network, data] for part, sides in found.items()}
    _, region = np.unique(active[network][:, data], axis=0, return_inverse=True)
    side = own["grid"].reshape(SIDE, SIDE)
    shown = np.where(side[::-2, ::2], 1, -1)  # every second place, upwards
    here = side[1:, 1:] != side[:-1, 1:]  # whether the boundary comes by
    here |= side[1:, 1:] != side[1:, :-1]
    pieces = np.unique(region.reshape(SIDE, SIDE)[1:, 1:][here])
    training = np.mean(own["train"] == draw_plane(seed, EXAMPLES)[1])
    test = np.mean(own["test"] == draw_plane(seed, TEST)[1])
    return {
        "accuracy": training,
        "test_accuracy": test,
        "accuracy_gap": training - test,
        "linear_regions": region.max() + 1,
        "pieces_of_the_boundary": len(pieces),
        ("image", 1): shown,
    }


def rises(metric):
    """Says that a metric rises from a neuron over one, two and three layers, on both data sets."""
    return tuple(Trend(tuple(f"{data}: {name}" for name in LAYERS), metric) for data in DATA)


LAYERS = tuple(NETWORKS)[:4]
FROM = "From a neuron over one, two and three layers of 16 units "
PLANE = "spirals and moons in the plane, one label in ten flipped"
BOUNDARY = FROM + "the boundary between two classes has more and more straight pieces."
POWER = FROM + "training accuracy rises."
OVERFITTING = FROM + "training accuracy gets further above test accuracy."

EXPERIMENT = Measurement(
    factor="hidden layers",
    trains=True,
    variants={
        f"{data}: {name}": (n, d) for d, data in enumerate(DATA) for n, name in enumerate(NETWORKS)
    },
    measure=measure,
    claims=[
        Claim("BV15 boundary", rises("pieces_of_the_boundary"), BOUNDARY, deviation=PLANE),
        Claim("BV15 power", rises("accuracy"), POWER, deviation=PLANE),
        Claim("BV15 overfitting", rises("accuracy_gap"), OVERFITTING, deviation=PLANE),
    ],
)
