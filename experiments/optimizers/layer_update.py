"""Do the layers of a deep network get updates of equal size, relative to their weights?

Ten sigmoid layers pass ever smaller gradients down, which is a reason for rates that adapt. Each
optimizer of the lectures makes steps on batches of ten overlapping clusters, plain SGD and momentum
at 0.1, the others as Keras has them, and with next to nothing added to their denominators. The
spread is the largest ratio of a step's update to a layer's weights over the smallest, as a power of
ten, in the mean of 20 steps.

References:
    Duchi et al. (2011), Adaptive Subgradient Methods, JMLR 12.
    Kingma and Ba (2015), Adam: A Method for Stochastic Optimization, arXiv:1412.6980.
"""

import functools

import keras
import numpy as np
from keras import layers, losses

from zoo.claims import Claim, above
from zoo.experiment import Measurement
from zoo.trials import restart

INPUTS, CLASSES, EXAMPLES, BATCH, UNITS, DEPTH = 20, 10, 1000, 50, 50, 10


def clusters(seed):
    """Draws examples, shape (EXAMPLES, INPUTS), and their classes."""
    drawn = np.random.default_rng(seed)
    centres = drawn.normal(0, 0.6, (CLASSES, INPUTS))
    y = drawn.integers(CLASSES, size=EXAMPLES)
    return (centres[y] + drawn.normal(size=(EXAMPLES, INPUTS))).astype("float32"), y


def kernels(model):
    """Returns copies of the kernels, in double precision."""
    return [np.array(layer.kernel, float) for layer in model.layers]


@functools.cache
def compiled(label):
    """Returns a network of ten sigmoid layers that an optimizer trains, compiled once."""
    stack = [layers.Dense(UNITS, "sigmoid") for _ in range(DEPTH)]
    model = keras.Sequential([keras.Input((INPUTS,)), *stack, layers.Dense(CLASSES)])
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.get(OPTIMIZERS[label]), loss)
    return model


def measure(label, seed):
    """Measures the ratio of update and weights by layer, and how far layers are apart."""
    (x, y), norm = clusters(seed), np.linalg.norm
    model = compiled(label)
    restart(model, seed)
    places, ratios = [kernels(model)], []
    for start in range(0, EXAMPLES, BATCH):
        model.train_on_batch(x[start : start + BATCH], y[start : start + BATCH])
        places.append(kernels(model))
        pairs = zip(*places[-2:], strict=True)
        ratios.append([norm(new - old) / norm(old) for old, new in pairs])
    logs = np.log10(np.maximum(ratios, 1e-12))  # single precision has some that do not move
    return {
        "spread": np.ptp(logs, axis=1).mean(),
        "spread_of_first_step": np.ptp(logs[0]),
        **{("log10_ratio", layer): log for layer, log in enumerate(logs.mean(axis=0), 1)},
    }


def made(name, **config):
    """Returns a configuration that Keras makes an optimizer of."""
    return {"class_name": name, "config": config}


TINY = 1e-20  # instead of the 1e-7 that a denominator is kept above
ADAPTIVE, PURE = ("adagrad", "rmsprop", "adam"), ("adagrad tiny", "rmsprop tiny", "adam tiny")
OPTIMIZERS = {
    "sgd": made("sgd", learning_rate=0.1),
    "momentum": made("sgd", learning_rate=0.1, momentum=0.9),
    **{name: made(name) for name in ADAPTIVE},
    "adagrad tiny": made("adagrad", initial_accumulator_value=0.0, epsilon=TINY),
    "rmsprop tiny": made("rmsprop", epsilon=TINY),
    "adam tiny": made("adam", epsilon=TINY),
}

EXPERIMENT = Measurement(
    factor="optimizer",
    baseline="sgd",
    trains=True,
    measure=measure,
    variants={label: label for label in OPTIMIZERS},
    claims=[
        Claim(
            "OPT24",
            above("sgd", ADAPTIVE, "spread", 2.0),
            "Over ten sigmoid layers updates of SGD spread over a hundred times farther than those "
            "of AdaGrad, RMSProp and Adam as Keras has them.",
        ),
        Claim(
            "OPT24 tiny",
            above("sgd", PURE, "spread", 2.0),
            "They spread over a hundred times farther than where nothing is added to denominators.",
        ),
        Claim(
            "OPT24 momentum",
            above("momentum", PURE, "spread", 2.0),
            "With momentum, which does not adapt, they spread over a hundred times farther, too.",
        ),
    ],
)
