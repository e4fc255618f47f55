"""How much do the initial weights decide, and which initializer trains a deep ReLU network?

The lectures say that equal units never part, that 0.01 times a Gaussian works for small networks
only, that Xavier breaks with ReLU and that He repairs it. Biases start at zero in all variants but
one, so "random weights and zero biases" is what every random variant is. Of equal weights 0.01, one
over the units, keep the size of the signal, so that the network trains as if it had one unit a
layer; equal incoming weights alone do not keep units equal. Orthogonal and LSUV weights stand in
the table, too.

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

from zoo.claims import Claim, Difference, Identity
from zoo.experiment import Experiment, Recipe
from zoo.initializers import LSUV, IdenticalColumns
from zoo.probes import DistinctUnits


def normal(stddev):
    """Returns a factory of Gaussian initializers."""
    return lambda: initializers.RandomNormal(stddev=stddev)


def build_model(input_shape, num_classes, initializer, depth=5, units=100):
    """Builds a ReLU MLP; `initializer` is for the kernels, or a pair for kernels and biases."""
    kernel, bias = initializer if isinstance(initializer, tuple) else (initializer, "zeros")
    stack = [keras.Input(input_shape), layers.Flatten()]
    for width in [units] * depth + [num_classes]:
        make_bias = bias() if callable(bias) else bias
        stack.append(layers.Dense(width, kernel_initializer=kernel(), bias_initializer=make_bias))
        stack.append(layers.ReLU())
    return keras.Sequential(stack[:-1])


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


def beats(label):
    """Says that He's weights with biases of 0 end 10 points of test accuracy above a variant."""
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
        Claim(
            "INI01",
            Identity("loss", math.log(10), 0.02, ("zeros",)),
            "With all weights 0 the training loss stays at that of a guess among ten classes.",
        ),
        Claim(
            "INI23",
            beats("constant 0.01"),
            "With all weights equal the test accuracy ends over 10 points below He's.",
        ),
        Claim(
            "INI24",
            Identity("distinct_units", 1.0, 0.0, ("constant 0.01",)),
            "Units that start with equal weights, in and out, stay equal in training.",
        ),
        Claim(
            "INI24 incoming weights only",
            Identity("distinct_units", 1.0, 0.0, ("identical columns",)),
            "Units that start with equal incoming weights stay equal, whatever weights go out.",
            says="Two units with equal inputs and activation need different weights of their own.",
            source="lecture 4; Goodfellow et al. 2016, section 8.4",
        ),
        Claim(
            "INI25",
            beats("zero weights + random bias"),
            "With zero weights and random biases the test accuracy ends over 10 points below He's.",
        ),
        Claim(
            "INI33",
            Difference("he", "glorot", "loss"),
            "The training loss of a ReLU network ends lower from Glorot's weights than from He's.",
        ),
    ],
)
