"""Do signals and gradients in deep chains follow the products that the lectures write down?

A linear network is compared with the product of its matrices, equal layers of 1.5 or 0.9 with
powers, and a chain of four sigmoid neurons with products of weights and slopes. There the gradient
of the first bias is "a factor of 16 (or more) smaller" than the third's, as slopes are at most 1/4:
true of weights up to 1, not of those above 4. Last, a layer is given the slope 0, or 0.01.

References:
    Nielsen (2015), Neural Networks and Deep Learning, Determination Press, chapter 5.
    Pascanu et al. (2013), On the difficulty of training recurrent neural networks, arXiv:1211.5063.
"""

import functools

import keras
import numpy as np
from keras import layers, ops

from zoo.claims import Claim, Identity, zero
from zoo.experiment import Measurement
from zoo.measure import signal_gradients, total

DEPTHS = (10, 50, 100)
ROUNDING = 2e-5  # of 100 products in single precision, relative


def dense(width, kernel="glorot_uniform"):
    """Returns a linear layer without biases."""
    return layers.Dense(width, use_bias=False, kernel_initializer=kernel)


def linear_network(seed):
    """Compares a linear network of ten layers with the product of its matrices."""
    drawn = np.random.default_rng(seed)
    inputs, *widths = drawn.integers(3, 30, 11).tolist()
    model = keras.Sequential([keras.Input((inputs,)), *map(dense, widths)])
    x = drawn.normal(size=(5, inputs)).astype("float32")
    product = x @ np.linalg.multi_dot([np.float64(kernel) for kernel in model.get_weights()])
    return {"error": np.abs(ops.convert_to_numpy(model(x)) - product).max() / product.std()}


@functools.cache
def powers_of(weight):
    """Measures L - 1 layers that multiply two units by a weight and, above them, their mean."""
    found, ones = {}, np.ones((1, 2), np.float32)
    for depth in DEPTHS:
        chain = [dense(2, keras.initializers.Identity(weight)) for _ in range(depth - 1)]
        chain.append(dense(1, keras.initializers.Constant(0.5)))
        model = keras.Sequential([keras.Input((2,)), layers.Activation("linear", name="x"), *chain])
        found["output", depth] = ops.convert_to_numpy(model(ones)).item()
        found["gradient", depth] = signal_gradients(model, total, ones, ones)["x"].sum()
    return found


def sigmoid_chain(lowest, highest, spread):
    """Returns a measurement of four sigmoid neurons with weights of a size in a range.

    `spread` is the deviation of their weighted inputs z, whose gradients are the biases' too.
    """

    def measure(seed):
        drawn = np.random.default_rng(seed)
        w = drawn.uniform(lowest, highest, 4) * drawn.choice([-1, 1], 4)
        z = drawn.normal(0, spread, 4)
        a = np.append(0.7, 1 / (1 + np.exp(-z)))  # the input and four outputs
        model = keras.Sequential([keras.Input((1,))])
        for j in range(4):
            model.add(layers.Dense(1, name=f"z{j + 1}"))
            model.layers[-1].set_weights([w[j].reshape(1, 1), (z[j] - w[j] * a[j]).reshape(1)])
            model.add(layers.Activation("sigmoid"))
        x, y = np.array([[0.7]], np.float32), np.array([[0.2]], np.float32)
        found = signal_gradients(model, "mean_squared_error", x, y)
        first, third = found["z1"].item(), found["z3"].item()
        slope = a[1:] * (1 - a[1:])
        of_third = 2 * (a[4] - 0.2) * slope[3] * w[3] * slope[2]
        of_first = of_third * w[2] * slope[1] * w[1] * slope[0]
        return {
            "error_first_bias": abs(first / of_first - 1),
            "error_third_bias": abs(third / of_third - 1),
            "times_smaller": abs(third / first),
            "below_16": float(abs(third / first) < 16),
        }

    return measure


def bottleneck(slope):
    """Returns a measurement of what a layer of one slope leaves of the gradients below it."""

    def measure(seed):
        sizes = []
        for chosen in (slope, 1.0):
            keras.utils.set_random_seed(seed)
            below = [layers.Dense(30, activation="tanh") for _ in range(3)]
            # The bias makes all weighted inputs of the fourth layer negative.
            fourth = layers.Dense(30, bias_initializer=keras.initializers.Constant(-100.0))
            above = [fourth, layers.ReLU(negative_slope=chosen), layers.Dense(5)]
            model = keras.Sequential([keras.Input((20,)), *below, *above])
            x = keras.random.normal((50, 20), seed=seed)
            found = signal_gradients(model, total, x, x)
            sizes.append(np.array([np.abs(found[layer.name]).max() for layer in below]))
        return {"gradient_left": (sizes[0] / sizes[1]).mean()}

    return measure


def powers(weight):
    """Says that output and gradient are the powers of the weight."""
    stated = [(f"{kind}@{n}", weight ** (n - 1)) for kind in ("output", "gradient") for n in DEPTHS]
    return tuple(Identity(k, v, ROUNDING * v, (f"layers of {weight}",)) for k, v in stated)


SMALL, LARGE = "chain - weights up to 1", "chain - weights above 4"
SLOPES = {"dead layer": 0.0, "layer of slope 0.01": 0.01}

EXPERIMENT = Measurement(
    factor="chain",
    variants={
        "linear network": linear_network,
        "layers of 1.5": lambda _: powers_of(1.5),
        "layers of 0.9": lambda _: powers_of(0.9),
        SMALL: sigmoid_chain(0.1, 1.0, 2.0),
        LARGE: sigmoid_chain(4.1, 8.0, 0.0),
        **{label: bottleneck(slope) for label, slope in SLOPES.items()},
    },
    claims=[
        Claim("GRD01", zero("error")),
        Claim("GRD02", powers(1.5)),
        Claim("GRD03", powers(0.9)),
        Claim("GRD04", zero("error_first_bias", tolerance=1e-4)),
        Claim("GRD05", zero("error_third_bias", tolerance=1e-4)),
        Claim("GRD06", zero("below_16", of=SMALL, tolerance=0.0)),
        Claim(
            "ACT49",
            tuple(Identity("gradient_left", s, 1e-4 * s, (label,)) for label, s in SLOPES.items()),
        ),
    ],
)
