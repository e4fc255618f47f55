"""Do sigmoid neurons, and stacks of neurons without one, behave as the lectures say?

A neuron with positive inputs, such as sigmoid outputs, has weight gradients of one sign in every
example, since each is dL/dz times an input. What gradient descent on a batch uses is their mean,
in which examples of both signs mix. Stacks of dense layers are compared with one layer of the
product of their matrices.

References:
    LeCun et al. (1998), Efficient BackProp, section 4.4.
    Saxe et al. (2014), Exact solutions to the nonlinear dynamics of learning, arXiv:1312.6120.
"""

import math

import keras
import numpy as np
from keras import layers, ops

from zoo.claims import Claim, Difference, Identity, equal, zero
from zoo.experiment import Measurement
from zoo.measure import draw_with_keras, furthest, gradients

INPUTS, EXAMPLES = 20, 32


def firing_rate(seed):
    """Compares a dense layer of one sigmoid unit with the lecture's code of a neuron."""
    x, weights, bias = (
        draw_with_keras(10 * seed + n, size) for n, size in enumerate((INPUTS, INPUTS, 1))
    )
    model = keras.Sequential([keras.Input((INPUTS,)), layers.Dense(1, "sigmoid")])
    model.set_weights([weights[:, None], bias])
    cell_body_sum = np.sum(x * weights) + bias[0]
    rate = 1.0 / (1.0 + math.exp(-cell_body_sum))
    return {"formula_error": abs(float(ops.squeeze(model(x[None]))) - rate)}


def signs(prepare):
    """Returns a measurement of the signs of a neuron's weight gradients, on prepared normals."""

    def check(seed):
        x = ops.convert_to_numpy(prepare(draw_with_keras(seed, EXAMPLES, INPUTS)))
        y = (draw_with_keras(seed + 1000, EXAMPLES, 1) > 0).astype(np.float32)
        model = keras.Sequential([keras.Input((INPUTS,)), layers.Dense(1)])
        loss = keras.losses.BinaryCrossentropy(from_logits=True)
        batches = [slice(n, n + 1) for n in range(EXAMPLES)] + [slice(None)]
        found = [gradients(model, loss, x[batch], y[batch])[0] for batch in batches]
        *examples, batch = (abs(np.sign(each).sum()) == INPUTS for each in found)
        return {
            "share_of_positive_inputs": (x > 0).mean(),
            "examples_of_one_sign": np.mean(examples),
            "batch_mean_of_one_sign": batch,
        }

    return check


def stack(depth, activation=None):
    """Returns the distance of a stack's outputs from those of one layer of the product."""

    def check(seed):
        hidden = [layers.Dense(INPUTS, activation, bias_initializer="normal") for _ in range(depth)]
        model = keras.Sequential([keras.Input((INPUTS,)), *hidden])
        product, shift = np.eye(INPUTS), np.zeros(INPUTS)
        for layer in hidden:
            kernel, bias = map(np.float64, layer.get_weights())
            product, shift = product @ kernel, shift @ kernel + bias
        x = draw_with_keras(seed, EXAMPLES, INPUTS)
        return {"distance_to_one_layer": furthest(model(x), x @ product + shift)}

    return check


SIGMOID, CENTRED = "sigmoid outputs as inputs", "tanh outputs as inputs"
ONE_LAYER = "distance_to_one_layer"
POSITIVE = {"share_of_positive_inputs": 1.0, "examples_of_one_sign": 1.0}

EXPERIMENT = Measurement(
    factor="neuron",
    variants={
        "firing rate": firing_rate,
        SIGMOID: signs(keras.activations.sigmoid),
        CENTRED: signs(keras.activations.tanh),
        **{f"{depth} linear layers": stack(depth) for depth in (2, 5)},
        **{f"{depth} relu layers": stack(depth, "relu") for depth in (2, 5)},
    },
    claims=[
        Claim(
            "ACT33",
            (
                *equal(POSITIVE, of=SIGMOID, tolerance=0.0),
                Difference(SIGMOID, CENTRED, "examples_of_one_sign", margin=0.5),
            ),
            "On each example the weight gradients of a neuron share one sign behind sigmoids, "
            "rarely behind tanh.",
            deviation="for each example on its own, not for the mean over a batch",
        ),
        Claim("ACT47", zero("formula_error", tolerance=1e-6)),
        Claim(
            "ACT48",
            (
                *(Identity(ONE_LAYER, 0.0, 1e-4, (f"{n} linear layers",)) for n in (2, 5)),
                *(
                    Difference(f"{n} relu layers", f"{n} linear layers", ONE_LAYER, margin=0.1)
                    for n in (2, 5)
                ),
            ),
            "Two or five linear layers equal one layer of their product; with ReLU they do not.",
        ),
    ],
)
