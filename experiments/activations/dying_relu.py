"""Do ReLU units die at high learning rates, and do the rectifiers that leak live?

A unit is dead if its activation has slope 0 for every training example, not just for one. The
stressor is the learning rate of SGD with momentum: it is not tuned, each variant has one, from
ordinary to destructive. The other stressor is a hidden bias that starts at -10. The slope of
ELU is never 0 on paper, but falls off as exp(z), which is 0 in single precision below -104 (as
TensorFlow computes it, below -17 already); `nearly_dead_share` counts slopes of at most 0.0001.
A network that diverges says nothing of dead units, so the others have lower rates than ReLU:
maxout 0.03, the rest 0.1. A rate of 0.000001 shows how many units are dead where training starts.

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
    stack = [keras.Input(input_shape), layers.Flatten()]
    for _ in range(depth):
        outputs = 2 * units if name == "maxout" else units
        start = keras.initializers.Constant(bias)
        stack.append(layers.Dense(outputs, kernel_initializer="he_normal", bias_initializer=start))
        stack.append(ACTIVATIONS[name]())
    return keras.Sequential([*stack, layers.Dense(num_classes)])


# Name, start of the hidden biases, learning rate.
STRESSED = {
    **{f"relu {rate:g}": ("relu", 0.0, rate) for rate in (1e-6, 0.03, 0.1, 0.2, 0.3, 0.5)},
    **{f"{name} at 0.1": (name, 0.0, 0.1) for name in ("leaky 0.01", "leaky 0.1", "prelu", "elu")},
    "maxout at 0.03": ("maxout", 0.0, 0.03),
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
                *lives("leaky 0.01 at 0.1", "leaky 0.1 at 0.1", "leaky 0.01 bias -10"),
                Difference("relu bias -10", "leaky 0.01 bias -10", "dead_share"),
            ),
            proposition="With hidden biases that start at -10 ReLU units are dead after training "
            "and no leaky one is, nor at a rate of 0.1.",
        ),
        Claim(
            "ACT21",
            (
                *lives("elu bias -10"),
                Difference("relu bias -10", "elu bias -10", "nearly_dead_share"),
            ),
            proposition="With hidden biases that start at -10 fewer ELU than ReLU units have "
            "slopes below 0.0001 after training, and none has 0.",
        ),
        Claim(
            "ACT42",
            Difference("relu 0.2", "relu 1e-06", "dead_share"),
            proposition="After training at a rate of 0.2 more ReLU units have slope 0 on every "
            "training example than where they start.",
            deviation="the rate is high",
        ),
        Claim(
            "ACT43",
            Trend(("relu 0.03", "relu 0.1", "relu 0.2", "relu 0.3", "relu 0.5"), "dead_share"),
            proposition="The share of dead ReLU units rises with the learning rate, from 0.03 to "
            "0.5.",
        ),
    ],
)
