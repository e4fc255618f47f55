"""How much do the initial weights decide, and which initializer trains a deep ReLU network?

The lectures say that equal units never part, that 0.01 times a Gaussian works for small networks
only, that Xavier breaks with ReLU and that He repairs it. Biases start at zero in all variants but
one, so "random weights and zero biases" is what every random variant is.

References:
    Glorot and Bengio (2010), Understanding the difficulty of training deep networks, AISTATS.
    He et al. (2015), Delving Deep into Rectifiers, arXiv:1502.01852.
    Saxe et al. (2014), Exact solutions to the nonlinear dynamics of learning, arXiv:1312.6120.
    Mishkin and Matas (2016), All you need is a good init, arXiv:1511.06422.
"""

import math
from functools import partial

import keras
from keras import initializers, layers

from zoo.claims import Claim, Difference, Identity, Number, above
from zoo.experiment import Experiment, Recipe
from zoo.initializers import LSUV, IdenticalColumns
from zoo.probes import DistinctUnits


def normal(stddev):
    """Returns a factory of Gaussian initializers."""
    return lambda: initializers.RandomNormal(stddev=stddev)


def build_model(input_shape, num_classes, initializer, depth=5, units=100):
    """Builds a ReLU MLP; `initializer` is for the kernels, or a pair for kernels and biases."""
    kernel, bias = initializer if isinstance(initializer, tuple) else (initializer, "zeros")
    model = keras.Sequential([keras.Input(input_shape), layers.Flatten()])
    for width in [units] * depth + [num_classes]:
        make_bias = bias() if callable(bias) else bias
        model.add(layers.Dense(width, kernel_initializer=kernel(), bias_initializer=make_bias))
        if len(model.layers) <= 2 * depth:
            model.add(layers.ReLU())
    return model


VARIANTS = {
    "zeros": initializers.Zeros,
    "constant 0.01": lambda: initializers.Constant(0.01),
    "identical columns": IdenticalColumns,
    "zero weights + random bias": (initializers.Zeros, normal(0.1)),
    "normal 0.01": normal(0.01),
    "normal 0.05": normal(0.05),
    "normal 0.1": normal(0.1),
    "normal 1.0": normal(1.0),
    "lecun": initializers.LecunNormal,
    "glorot": initializers.GlorotNormal,
    "he": initializers.HeNormal,
    "orthogonal": lambda: initializers.Orthogonal(gain=1.0),
    "lsuv": LSUV,
}


def beats_zero(label):
    """Says that random weights with biases of 0 train and this variant does not."""
    return Difference("he", label, margin=0.1)


EXPERIMENT = Experiment(
    factor="initializer",
    baseline="he",
    variants=VARIANTS,
    recipe=Recipe(
        build_model=build_model,
        optimizer=lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
        learning_rates={
            **dict.fromkeys(VARIANTS, (0.01, 0.03, 0.1, 0.3)),
            **dict.fromkeys(("zeros", "normal 0.01"), (0.01, 0.1)),
            "constant 0.01": (0.01, 0.03, 0.1),
            "zero weights + random bias": (0.01, 0.1),
            "identical columns": (0.001, 0.003, 0.01),
            "normal 1.0": (1e-7, 1e-6, 1e-5),
        },
        epochs=25,
        batch_size=128,
        probes={"distinct_units": DistinctUnits()},
    ),
    scales={"lecture": {"build_model": partial(build_model, depth=10, units=500)}},
    claims=[
        Claim("INI01", Number("zeros", "loss", math.log(10), 0.01)),
        Claim("INI03", Difference("glorot", "normal 0.01", margin=0.1), deviation="depth 5 only"),
        Claim(
            "INI23",
            (Difference("he", "identical columns", margin=0.05), beats_zero("constant 0.01")),
        ),
        Claim(
            "INI24",
            Identity("distinct_units", 1.0, 0.0, ("constant 0.01",)),
            deviation="outgoing weights equal too; with only the incoming ones equal, units part",
        ),
        Claim("INI25", beats_zero("zero weights + random bias")),
        Claim("INI32", above(("orthogonal", "lsuv"), "glorot")),
        Claim("INI33", Difference("glorot", "he")),
    ],
)
