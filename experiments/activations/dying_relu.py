"""Do ReLU units die at high learning rates, and do the rectifiers that leak live?

A unit is dead if its activation has slope 0 for every training example, not just for one. The
stressor is the learning rate of SGD with momentum: it is not tuned, each variant has one, from
ordinary to destructive. The other stressor is a hidden bias that starts at -5 or -10. The slope of
ELU is never 0 on paper, but falls off as exp(z), which is 0 in single precision below -104 (as
TensorFlow computes it, below -17 already); `nearly_dead_share` counts slopes of at most 0.0001.
What lives may still diverge: at the rate that kills ReLU units, PReLU and maxout do.

References:
    Maas, Hannun and Ng (2013), Rectifier Nonlinearities Improve Acoustic Models, ICML workshop.
    Clevert et al. (2016), Exponential Linear Units, arXiv:1511.07289.
    Goodfellow et al. (2013), Maxout Networks, ICML, arXiv:1302.4389.
    Lu et al. (2020), Dying ReLU and Initialization, CiCP, arXiv:1903.06733.
"""

import keras
from keras import layers

from zoo.claims import Claim, Difference, Trend, zero
from zoo.experiment import Experiment, Recipe
from zoo.layers import Maxout
from zoo.probes import DeadShare

ACTIVATIONS = {
    "relu": layers.ReLU,
    "leaky 0.01": lambda: layers.LeakyReLU(negative_slope=0.01),
    "leaky 0.1": lambda: layers.LeakyReLU(negative_slope=0.1),
    "prelu": lambda: layers.PReLU(alpha_initializer=keras.initializers.Constant(0.25)),
    "elu": layers.ELU,
    "maxout": lambda: Maxout(2),
}


def build_model(input_shape, num_classes, activation, depth=3, units=100):
    """Builds an MLP; `activation` gives the name and the hidden biases' start."""
    name, bias = activation
    model = keras.Sequential([keras.Input(input_shape), layers.Flatten()])
    for _ in range(depth):
        outputs = 2 * units if name == "maxout" else units
        start = keras.initializers.Constant(bias)
        model.add(layers.Dense(outputs, kernel_initializer="he_normal", bias_initializer=start))
        model.add(ACTIVATIONS[name]())
    model.add(layers.Dense(num_classes))
    return model


# Name, start of the hidden biases, learning rate.
STRESSED = {
    **{f"relu {rate:g}": ("relu", 0.0, rate) for rate in (0.03, 0.1, 0.2, 0.3, 0.5)},
    **{f"{name} at 0.3": (name, 0.0, 0.3) for name in ACTIVATIONS if name != "relu"},
    "maxout at 0.03": ("maxout", 0.0, 0.03),
    "relu bias -5": ("relu", -5.0, 0.03),
    **{f"{name} bias -10": (name, -10.0, 0.03) for name in ("relu", "leaky 0.01", "elu")},
}


def lives(*labels):
    """Says that no unit has slope 0 on every training example."""
    return zero("dead_share", of=labels, tolerance=0.0)


EXPERIMENT = Experiment(
    factor="activation",
    baseline="relu 0.03",
    variants={label: (name, bias) for label, (name, bias, _) in STRESSED.items()},
    recipe=Recipe(
        build_model=build_model,
        optimizer=lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
        learning_rates={label: (rate,) for label, (_, _, rate) in STRESSED.items()},
        epochs=20,
        batch_size=128,
        probes={"dead_share": DeadShare(), "nearly_dead_share": DeadShare(1e-4)},
    ),
    claims=[
        Claim(
            "ACT15",
            (
                *lives("leaky 0.01 at 0.3", "leaky 0.1 at 0.3", "leaky 0.01 bias -10"),
                Difference("relu 0.3", "leaky 0.01 at 0.3", "dead_share"),
                Difference("relu bias -10", "leaky 0.01 bias -10", "dead_share"),
            ),
        ),
        Claim(
            "ACT21",
            (
                *lives("elu at 0.3", "elu bias -10"),
                Difference("relu 0.3", "elu at 0.3", "dead_share"),
                Difference("relu bias -10", "elu bias -10", "nearly_dead_share"),
            ),
        ),
        Claim(
            "ACT25",
            lives("maxout at 0.03"),
            deviation="a tenth of the rate that kills ReLU units, where maxout diverges",
        ),
        Claim(
            "ACT42",
            Difference("relu 0.3", "leaky 0.01 at 0.3", "dead_share"),
            deviation="at a rate that is too high; leaky ReLU stands for none",
        ),
        Claim(
            "ACT43",
            (
                Trend(("relu 0.03", "relu 0.1", "relu 0.2", "relu 0.3", "relu 0.5"), "dead_share"),
                Difference("relu 0.03", "relu 0.5", "accuracy"),
            ),
        ),
    ],
)
