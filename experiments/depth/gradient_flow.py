"""Do gradients vanish or explode on their way down a deep network, and what keeps them alive?

Networks of 100 units a layer, before training: `signal` is the norm of dL/dz in a layer's weighted
inputs z, `gradient` that of dL/dW in its kernel. Where activations shrink on their way up as dL/dz
does on its way down, dL/dW is small but about equal in all layers. `change` is how far 20 steps at
the rate 0.1 move a kernel, relative to its norm, 1e-9 at least. Ratios are first to last layer's.

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
TEN, TWENTY = (tuple(f"{name} {depth}" for name in RECTIFIERS) for depth in (10, 20))
RATIO = "log10_signal_ratio"


def larger(*labels, than="sigmoid 10"):
    """Says that in these networks more of the signal reaches the first layer."""
    return above(labels, than, RATIO)


ACTIVATIONS = larger(*TEN) + larger(*TWENTY, than="sigmoid 20")
VANISHING = larger("residual 10") + larger("residual 50", than="sigmoid 50")
REMEDIES = larger("4 times glorot", "relu 10", "batch norm 10")
# Each layer doubles the signal; with ReLU the variance is 5 / (4 units) a layer.
DOUBLING = Number("relu - twice he", RATIO, 9 * math.log10(2), 0.2)
EXPLODING = larger("relu - twice he", than="residual relu - twice he")
KINDS = ("signal", "gradient", "change")
FALLING = tuple(Trend(SIGMOIDS, f"log10_first_{kind}", rises=False) for kind in KINDS)
MORE = "Before training more of the signal reaches the first layer"
LESS = "At twice He's weights gradients grow less on their way down with skips."

EXPERIMENT = Measurement(
    factor="network",
    baseline="sigmoid 10",
    variants={
        **{f"sigmoid {depth}": network(depth, steps=20) for depth in DEPTHS},
        "sigmoid 50": network(50),
        "4 times glorot": network(10, scale=16.0),
        "tanh 10": network(10, TANH),
        "tanh 10 - small weights": network(10, TANH, scale=0.01),
        **{f"{k} {n}": network(n, which) for n in (10, 20) for k, which in RECTIFIERS.items()},
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
                # A layer adds 1 / (2 units) to the log's variance: three standard errors.
                Number("sigmoid 10", RATIO, expected_ratio(10), 0.12),
                Identity("gradient_falls", 1.0, 0.0, ("sigmoid 10",)),
                Difference("he + relu 10", "sigmoid 10", "log10_first_change", margin=1.0),
            ),
            "Gradients fall at each of ten sigmoid layers; the first moves a tenth of ReLU's.",
        ),
        Claim("GRD08", FALLING, "The more sigmoid layers, the less the first one is changed."),
        Claim("GRD10", DOUBLING, "With twice He's weights the gradient doubles at each layer."),
        Claim("GRD11 vanishing", VANISHING, f"{MORE} of sigmoids with skips."),
        Claim("GRD11 exploding", EXPLODING, LESS, deviation="no batch normalisation"),
        Claim("GRD13 at the start", REMEDIES, f"{MORE} with each of three remedies."),
        Claim("ACT50 at the start", ACTIVATIONS, f"{MORE} with rectifiers than with sigmoids."),
    ],
)
