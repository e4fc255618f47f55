"""Do gradients vanish or explode on their way down a deep network, and what keeps them alive?

Networks of 100 units a layer, before training: `signal` is the norm of dL/dz in a layer's weighted
inputs z, `gradient` that of dL/dW in its kernel. Where activations shrink on their way up as dL/dz
does on its way down, dL/dW is small but about equal in all layers. `change` is how far 20 steps at
the rate 0.1 move a kernel, relative to its norm, 1e-9 at least, where single precision ends. Ratios
are those of the first hidden layer to the last.

References:
    Glorot and Bengio (2010), Understanding the difficulty of training deep networks, AISTATS.
    He et al. (2016), Deep Residual Learning for Image Recognition, CVPR, arXiv:1512.03385.
    Schoenholz et al. (2017), Deep Information Propagation, ICLR, arXiv:1611.01232.
"""

import math
from functools import partial

import keras
import numpy as np
from keras import layers

from zoo.claims import Claim, Difference, Identity, Number, Trend, above
from zoo.experiment import Measurement, crossentropy
from zoo.measure import layer_gradients

UNITS = 100
SIGMOID, TANH = partial(layers.Activation, "sigmoid"), partial(layers.Activation, "tanh")
RECTIFIERS = {
    "relu": layers.ReLU,
    "leaky": partial(layers.LeakyReLU, negative_slope=0.01),
    "elu": layers.ELU,
}


def network(depth, activation=SIGMOID, scale=1.0, batch_norm=False, residual=False, steps=0):
    """Returns a measurement of a network; a scale of 1 is Glorot's, 2 is He's."""
    kernel = keras.initializers.VarianceScaling(scale, "fan_in", "untruncated_normal")

    def build():
        inputs = outputs = keras.Input((UNITS,))
        for layer in range(1, depth + 1):
            z = layers.Dense(UNITS, kernel_initializer=kernel.clone(), name=f"W{layer}")(outputs)
            z = layers.BatchNormalization(name=f"z{layer}")(z) if batch_norm else z
            hidden = activation()(z)
            outputs = layers.Add()([outputs, hidden]) if residual and layer > 1 else hidden
        return keras.Model(inputs, layers.Dense(10)(outputs))

    def measure(seed):
        model = build()
        x = keras.random.normal((256, UNITS), seed=seed)
        y = keras.random.randint((256,), 0, 10, seed=seed)
        loss = crossentropy()
        kernels = [f"W{layer}" for layer in range(1, depth + 1)]
        inputs = [f"z{layer}" for layer in range(1, depth + 1)] if batch_norm else kernels
        weights, outputs = layer_gradients(model, loss, x, y, [*kernels, *inputs])
        sizes = {"signal": norms(outputs[name] for name in inputs)}
        sizes["gradient"] = norms(weights[name] for name in kernels)
        if steps:
            before = [model.get_layer(name).get_weights()[0] for name in kernels]
            model.compile(keras.optimizers.SGD(0.1), loss, jit_compile=False)
            for _ in range(steps):
                model.train_on_batch(x, y)
            moved = [model.get_layer(f"W{i}").get_weights()[0] - w for i, w in enumerate(before, 1)]
            sizes["change"] = np.maximum(norms(moved) / norms(before), 1e-9)
        found = {"gradient_falls": np.mean(sizes["gradient"][:-1] < sizes["gradient"][1:])}
        for kind, by_layer in sizes.items():
            found |= {(f"{kind}_norm", layer): size for layer, size in enumerate(by_layer, 1)}
            found[f"log10_first_{kind}"] = math.log10(by_layer[0])
            found[f"log10_{kind}_ratio"] = math.log10(by_layer[0] / by_layer[-1])
        return found

    return measure


def norms(arrays):
    """Returns the Euclidean norm of each array."""
    return np.array([math.sqrt(np.square(np.float64(array)).sum()) for array in arrays])


def expected_ratio(depth):
    """Returns the log10 of |dL/dz| in the first layer over the last for infinitely wide sigmoids.

    Each layer multiplies the square by E[s'(z)^2], z normal of variance q, and q becomes E[s(z)^2].
    """
    points, shares = np.polynomial.hermite_e.hermegauss(60)
    shares, q, logs = shares / shares.sum(), 1.0, 0.0
    for _ in range(depth - 1):
        s = 1 / (1 + np.exp(-math.sqrt(q) * points))
        logs += math.log10(shares @ (s * (1 - s)) ** 2) / 2
        q = shares @ s**2
    return logs


DEPTHS = (2, 5, 10, 20)
SIGMOIDS = tuple(f"sigmoid {depth}" for depth in DEPTHS)
KINDS = ("signal", "gradient", "change")
RATIO = "log10_signal_ratio"


def larger(*labels, than="sigmoid 10"):
    """Says that in these networks more of the signal reaches the first layer."""
    return above(labels, than, RATIO)


ACTIVATIONS = larger("relu 10", "leaky 10", "elu 10")
VANISHING = larger("residual 10") + larger("residual 50", than="sigmoid 50")
REMEDIES = larger("4 times glorot", "relu 10", "batch norm 10")
EXPLODING = larger("relu - twice he", than="residual relu - twice he")

EXPERIMENT = Measurement(
    factor="network",
    baseline="sigmoid 10",
    variants={
        **{f"sigmoid {depth}": network(depth, steps=20) for depth in DEPTHS},
        "sigmoid 50": network(50),
        "4 times glorot": network(10, scale=16.0),
        "tanh 10": network(10, TANH),
        "tanh 10 - small weights": network(10, TANH, scale=0.01),
        **{f"{name} 10": network(10, which) for name, which in RECTIFIERS.items()},
        **{f"{name} 20": network(20, which) for name, which in RECTIFIERS.items()},
        "he + relu 10": network(10, layers.ReLU, scale=2.0, steps=20),
        "batch norm 10": network(10, batch_norm=True),
        "residual 10": network(10, residual=True),
        "residual 50": network(50, residual=True),
        "relu - twice he": network(10, layers.ReLU, scale=8.0),
        "residual relu - twice he": network(10, layers.ReLU, scale=8.0, residual=True),
    },
    claims=[
        Claim(
            "GRD07",
            (
                # The log of a signal's norm has variance 1 / (2 units) a layer and a mean below 0
                # by as much: three standard errors of 8 seeds.
                Number("sigmoid 10", RATIO, expected_ratio(10), 0.12),
                Identity("gradient_falls", 1.0, 0.0, ("sigmoid 10",)),
                Difference("he + relu 10", "sigmoid 10", "log10_first_change", margin=1.0),
            ),
        ),
        Claim("GRD08", tuple(Trend(SIGMOIDS, f"log10_first_{kind}", False) for kind in KINDS)),
        # Each layer doubles the signal; with ReLU the variance is 5 / (4 units) a layer.
        Claim("GRD10", Number("relu - twice he", RATIO, 9 * math.log10(2), 0.2)),
        Claim("GRD11", (*VANISHING, *EXPLODING), deviation="at the start, no batch normalisation"),
        Claim("GRD11 vanishing only", VANISHING, says="Residual connections counter vanishing."),
        Claim("GRD13", REMEDIES, deviation="at the start; clipping is CLP04"),
        Claim("ACT50", (*ACTIVATIONS, *larger("relu 20", "leaky 20", "elu 20", than="sigmoid 20"))),
    ],
)
