"""What do sparse connections and shared weights make of a layer?

A dense, a locally connected and a convolutional layer of equal width have all their weights drawn.
Their Jacobians show which inputs a neuron sees, and whether its weights are its neighbours'. The
input is a window of a longer signal; moved on by one, outputs that move along are those that were
their right neighbours' before.

References:
    LeCun et al. (1998), Gradient-Based Learning Applied to Document Recognition, Proc. IEEE 86.
    Goodfellow, Bengio and Courville (2016), Deep Learning, section 9.2.
"""

import keras
import numpy as np
from keras import layers, ops

from zoo.claims import Claim, above, equal
from zoo.experiment import Measurement
from zoo.measure import draw, rms

INPUTS, KERNEL, OUTPUTS = 16, 3, 14
WINDOWS = np.arange(OUTPUTS)[:, None] + np.arange(KERNEL)  # of inputs, by output


def dense():
    """Returns a layer with a weight for each input and output."""
    return [layers.Dense(OUTPUTS)]


def local():
    """Returns a layer with weights of its own for each window of three inputs."""
    return [
        layers.Lambda(lambda x: ops.take(x, WINDOWS, axis=1)),  # (batch, outputs, kernel)
        layers.EinsumDense("bok,ok->bo", (OUTPUTS,), bias_axes="o"),
    ]


def convolution():
    """Returns a layer with the same weights for each window of three inputs."""
    return [layers.Reshape((INPUTS, 1)), layers.Conv1D(1, KERNEL), layers.Flatten()]


def measure(make, seed):
    """Looks at the weights of a layer, its Jacobian and its outputs for a shifted input."""
    model = keras.Sequential([keras.Input((INPUTS,)), *make()])
    model.set_weights([draw((seed, n), *weight.shape) for n, weight in enumerate(model.weights)])
    # The layer is linear but for its biases, so this difference is exact: (inputs, outputs).
    jacobian = ops.convert_to_numpy(model(np.eye(INPUTS)) - model(np.zeros((1, INPUTS))))
    sees = jacobian != 0
    place = np.arange(INPUTS)[:, None] - np.arange(OUTPUTS)  # of an input in an output's window
    signal = draw((seed, 9), 100, INPUTS + 1)
    before, after = (ops.convert_to_numpy(model(x)) for x in (signal[:, :-1], signal[:, 1:]))
    return {
        "parameters": model.count_params(),
        FEWEST: sees.sum(axis=0).min(),
        MOST: sees.sum(axis=0).max(),
        OUTSIDE: sees[(place < 0) | (place >= KERNEL)].sum(),
        UNSHARED: abs(jacobian[1:, 1:] - jacobian[:-1, :-1]).max(),
        # In units of the outputs' spread.
        UNMOVED: rms(after[:, :-1] - before[:, 1:]) / before.std(),
    }


FEWEST, MOST = "fewest_inputs_of_a_neuron", "most_inputs_of_a_neuron"
OUTSIDE, UNSHARED = "connections_outside_window", "difference_of_neighbours_weights"
UNMOVED = "equivariance_error"
SPARSE = {MOST: KERNEL, OUTSIDE: 0}

EXPERIMENT = Measurement(
    factor="connectivity",
    variants={"dense": dense, "local": local, "convolutional": convolution},
    measure=measure,
    claims=[
        Claim("CNN01", equal({"parameters": INPUTS * OUTPUTS + OUTPUTS, FEWEST: INPUTS}, "dense")),
        Claim("CNN02", equal({"parameters": 3 * OUTPUTS + OUTPUTS, FEWEST: 3, **SPARSE}, "local")),
        Claim("CNN03", equal({"parameters": 3 + 1, UNSHARED: 0, **SPARSE}, "convolutional")),
        Claim(
            "CNN06 properties",
            (
                *equal({"parameters": 4, UNMOVED: 0, **SPARSE}, "convolutional"),
                *equal({"parameters": 238, FEWEST: 16}, "dense"),
                *above(("dense", "local"), "convolutional", UNMOVED, margin=0.1),
            ),
            "Of layers of equal width the convolution has 4 parameters and the dense one 238, and "
            "only the convolution's outputs move along with the input.",
            deviation="what that brings in accuracy is not measured",
        ),
    ],
)
