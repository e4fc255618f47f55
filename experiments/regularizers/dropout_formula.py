"""Does Keras's dropout do what the lectures say that dropout does?

The layer is looked at alone, on inputs of 1, and before a softmax layer of eight inputs, where all
256 masks can be listed: there the geometric mean over the masks, normalised, is what one pass
without dropout gives.

References:
    Srivastava et al. (2014), Dropout, JMLR 15.
    Goodfellow, Bengio and Courville (2016), Deep Learning, section 7.12.
"""

import itertools

import keras
from keras import layers, ops

from zoo.claims import Claim, Equivalence, Identity, Number, zero
from zoo.experiment import Measurement
from zoo.layers import DropConnect
from zoo.measure import furthest


def dropped(outputs):
    """Returns the share of outputs that are 0."""
    return ops.mean(ops.cast(outputs == 0, "float32"))


def mask(rate):
    """Returns a check of the share that is dropped, its repetition and the mean of the output."""

    def check(seed):
        layer = layers.Dropout(rate, seed=seed)
        ones = ops.ones((200, 500))
        first, second = layer(ones, training=True), layer(ones, training=True)
        again = layers.Dropout(rate, seed=seed)(ones, training=True)
        return {
            "share_dropped": dropped(first),
            "share_dropped_twice": dropped(first + second),
            "mean_output": ops.mean(first),
            "change_in_inference": furthest(layer(ones, training=False), ones),
            "change_with_equal_seed": furthest(again, first),
        }

    return check


def inputs_and_hidden(seed):
    """Measures the shares of inputs and of hidden units that a network drops, and its mean."""
    hidden = layers.Dense(500, "relu", kernel_initializer=keras.initializers.Constant(1 / 500))
    inputs = layers.Dropout(0.5, seed=seed)(ops.ones((200, 500)), training=True)
    units = layers.Dropout(0.5, seed=seed + 1)(hidden(inputs), training=True)
    shares = {"inputs_dropped": dropped(inputs), "units_dropped": dropped(units)}
    return {**shares, "mean_unit": ops.mean(units)}


def identity(seed):
    """Measures what rate 0 changes in training."""
    inputs = keras.random.normal((20, 50), seed=seed)
    return {"change_in_training": furthest(layers.Dropout(0.0)(inputs, training=True), inputs)}


def time_steps(seed):
    """Measures how much the masks of time steps differ when the noise has one time step."""
    layer = layers.Dropout(0.5, noise_shape=(8, 1, 16), seed=seed)
    outputs = layer(ops.ones((8, 10, 16)), training=True)  # (batch, time, features)
    return {"difference_between_steps": furthest(outputs, ops.repeat(outputs[:, :1], 10, axis=1))}


def connections(make):
    """Returns a measurement of how units differ that have equal weights, when some are dropped."""

    def check(seed):
        layer = make(seed)
        outputs = layer(ops.ones((1, 200)), training=True)
        return {"difference_between_units": ops.std(outputs) / ops.mean(outputs)}

    return check


def average(seed):
    """Compares the geometric mean over all masks with one pass, for one softmax layer."""
    inputs = keras.random.normal((1, 8), seed=seed)
    softmax = layers.Dense(
        5, "softmax", kernel_initializer=keras.initializers.RandomNormal(stddev=1.0, seed=seed)
    )
    masks = ops.convert_to_tensor(list(itertools.product((0.0, 1.0), repeat=8)))  # (256, 8)
    logs = ops.mean(ops.log(softmax(inputs * masks / 0.5)), axis=0)
    return {"error": furthest(ops.softmax(logs), softmax(inputs)[0])}


ONES = {"kernel_initializer": "ones"}

EXPERIMENT = Measurement(
    factor="property",
    variants={
        "rate 0": identity,
        "rate 0.2": mask(0.2),
        "rate 0.5": mask(0.5),
        "on both": inputs_and_hidden,
        "noise shape": time_steps,
        "average over masks": average,
        "units dropped": connections(
            lambda seed: keras.Sequential(
                [layers.Dropout(0.5, seed=seed), layers.Dense(100, **ONES)]
            )
        ),
        "connections dropped": connections(lambda seed: DropConnect(100, 0.5, seed, **ONES)),
    },
    claims=[
        Claim(
            "DRO01",
            (
                Number("rate 0.5", "share_dropped", 0.5, 0.01),
                Number("rate 0.5", "share_dropped_twice", 0.25, 0.01),
            ),
            "Of all units a half is dropped in a step, and a quarter in two steps in a row.",
        ),
        Claim(
            "DRO02",
            (Number("rate 0.2", "share_dropped", 0.2, 0.01), Identity("change_in_training")),
            "The rate is the share that is dropped; a rate of 0 changes nothing.",
        ),
        Claim(
            "DRO04",
            (Identity("change_in_inference"), Number("rate 0.5", "mean_output", 1.0, 0.01)),
            "After training nothing is dropped, and outputs are those of training on average.",
        ),
        Claim(
            "DRO05",
            (
                Number("on both", "inputs_dropped", 0.5, 0.01),
                Number("on both", "units_dropped", 0.5, 0.01),
                Number("on both", "mean_unit", 1.0, 0.01),
            ),
            "Half of the inputs and half of the hidden units are dropped; the mean stays.",
        ),
        Claim("DRO07", zero("error"), deviation="one softmax layer, where it is exact"),
        Claim(
            "DRO10",
            Equivalence("units dropped", "connections dropped", "difference_between_units", 0.01),
            "Keras's dropout makes equal units differ as leaving out connections does.",
        ),
        Claim(
            "DRO11",
            (Number("rate 0.2", "share_dropped", 0.2, 0.01), Identity("change_with_equal_seed")),
            "A fifth of the inputs is dropped, the same ones for the same seed.",
        ),
        Claim("DRO12", Identity("difference_between_steps")),
    ],
)
