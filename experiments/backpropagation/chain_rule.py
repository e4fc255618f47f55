"""Does Keras pass gradients back by the rules that the lectures write?

Nested functions, forks, a gate that multiplies, a linear unit with squared error, and the gradient
that one lecture leaves as a question: behind softmax and cross entropy it is p - y.

References:
    Rumelhart, Hinton and Williams (1986), Learning representations by back-propagating errors.
    Goodfellow, Bengio and Courville (2016), Deep Learning, section 6.5.
"""

import keras
import numpy as np
from keras import activations, layers, ops

from zoo.claims import Claim, zero
from zoo.experiment import Measurement, crossentropy
from zoo.measure import draw, furthest, gradients, signal_gradients, slopes


def nested(seed):
    """Compares the slope of f3(f2(f1(w))) with the product of three slopes."""
    first, second, third = activations.tanh, ops.exp, activations.sigmoid
    w = draw(seed, 20)
    x = first(w)
    y = second(x)
    product = slopes(first, w) * slopes(second, x) * slopes(third, y)
    return {"error": furthest(slopes(lambda w: third(second(first(w))), w), product)}


def fork(seed):
    """Compares the gradient in front of a fork with the sum of those of the branches."""
    inputs = keras.Input((4,))
    forked = layers.Dense(5, name="forked")(inputs)
    branches = [layers.Dense(3, name=name) for name in ("left", "right")]
    model = keras.Model(inputs, layers.Multiply()([branch(forked) for branch in branches]))
    signals = signal_gradients(model, "mse", draw(seed, 8, 4), draw(seed, 8, 3))
    back = [signals[branch.name] @ ops.convert_to_numpy(branch.kernel).T for branch in branches]
    return {"error": furthest(signals["forked"], sum(back))}


def multiply(seed):
    """Compares the gradients at the inputs of a multiply gate with y dz and x dz."""
    inputs = keras.Input((4,))
    x, y = (layers.Dense(3, name=name)(inputs) for name in ("x", "y"))
    model = keras.Model(inputs, layers.Dense(2)(layers.Multiply(name="z")([x, y])))
    examples = draw(seed, 8, 4)
    values = keras.Model(inputs, [x, y])(examples)
    signals = signal_gradients(model, "mse", examples, draw(seed, 8, 2))
    expected = [ops.convert_to_numpy(value) * signals["z"] for value in values]
    return {"error": max(furthest(signals["y"], expected[0]), furthest(signals["x"], expected[1]))}


def linear_unit(seed):
    """Compares a step on half the squared error of a linear unit with the sum of delta input."""
    x, targets = draw(seed, 8, 4), draw(seed + 1, 8, 1)
    model = keras.Sequential([keras.Input((4,)), layers.Dense(1, use_bias=False)])
    delta = targets - ops.convert_to_numpy(model(x))

    def half_squares(y, output):
        return ops.sum(ops.square(y - output)) / 2

    (slope,) = gradients(model, half_squares, x, targets)
    return {"error": furthest(-slope, x.T @ delta)}


def softmax(seed):
    """Compares the gradient in the logits with (p - y) / examples."""
    x, y = draw(seed, 8, 4), np.random.default_rng(seed).integers(3, size=8)
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, name="logits")])
    signals = signal_gradients(model, crossentropy(), x, y)
    p = np.exp(ops.convert_to_numpy(model(x)))
    return {"error": furthest(signals["logits"], (p / p.sum(1, keepdims=True) - np.eye(3)[y]) / 8)}


EXPERIMENT = Measurement(
    factor="graph",
    variants={
        "nested functions": nested,
        "fork": fork,
        "multiply gate": multiply,
        "linear unit": linear_unit,
        "softmax and cross entropy": softmax,
    },
    claims=[
        Claim("GRD12", zero("error", of="nested functions")),
        Claim("BPR04", zero("error", of="fork")),
        Claim("BPR05", zero("error", of="multiply gate")),
        Claim("BPR08", zero("error", of="linear unit")),
        Claim(
            "BPR12",
            zero("error", of="softmax and cross entropy"),
            "Behind softmax and cross entropy the gradient in the logits is p - y, over examples.",
        ),
    ],
)
