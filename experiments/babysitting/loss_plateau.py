"""Does a loss that stays flat at first, or for good, come from the initial weights, and is it seen?

A network with three hidden ReLU layers learns ten overlapping clusters from He's weights and from
normal ones of smaller deviations, and with biases so low that units are dead. Epochs are counted
until the loss is below 0.95 ln 10, the slide's plateau being over. What the layers put out before
training is what `ActivationHistogram` records: the deviation of the last hidden layer, and the
share of dead units in all.

References:
    Stanford CS231n (2015), lecture 6.
    Glorot and Bengio (2010), Understanding the difficulty of training deep networks, AISTATS.
"""

import math

import keras
import numpy as np
from keras import initializers, layers, losses

from callbacks import ActivationHistogram, LossCurveDiagnosis
from zoo.claims import Claim, Difference, Trend
from zoo.experiment import Measurement

INPUTS, CLASSES, EXAMPLES, BATCH, EPOCHS, RATE = 20, 10, 1000, 50, 40, 0.1
OVER = 0.95 * math.log(CLASSES)


def clusters(seed):
    """Draws examples, shape (EXAMPLES, INPUTS), and their classes."""
    drawn = np.random.default_rng(seed)
    centres = drawn.normal(0, 0.5, (CLASSES, INPUTS))
    y = drawn.integers(CLASSES, size=EXAMPLES)
    return (centres[y] + drawn.normal(size=(EXAMPLES, INPUTS))).astype("float32"), y


def build_model(deviation, bias):
    """Builds a ReLU network whose weights have a deviation, or He's."""
    normal = initializers.RandomNormal(stddev=deviation or 1.0)
    stack = []
    for _ in range(3):
        start = normal.clone() if deviation else "he_normal"
        own = initializers.Constant(bias)
        stack.append(layers.Dense(50, "relu", True, start, own))
    last = layers.Dense(CLASSES, None, True, normal.clone() if deviation else "glorot_uniform")
    return keras.Sequential([keras.Input((INPUTS,)), *stack, last])


def measure(variant, seed):
    """Measures the plateau, what the diagnosis says of it, and the activations before training."""
    x, y = clusters(seed)
    model = build_model(*variant)
    hidden = [layer.name for layer in model.layers[:-1]]
    histogram, diagnosis = ActivationHistogram(x, hidden), LossCurveDiagnosis(CLASSES)
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(RATE), loss, steps_per_execution=EXAMPLES // BATCH)
    told = [histogram, diagnosis]
    course = np.array(model.fit(x, y, BATCH, EPOCHS, verbose=0, callbacks=told).history["loss"])
    names = {finding.name for finding in diagnosis.findings}
    before = {
        (each["metric"], each["layer"]): each["value"]
        for each in histogram.records
        if each["epoch"] == 0
    }
    return {
        "plateau_epochs": np.argmax(course < OVER) if (course < OVER).any() else EPOCHS,
        "last_loss": course[-1],
        "flat_at_first": "slow start" in names,
        "flat": bool(names & {"slow start", "not learning"}),
        "log10_deviation": np.log10(before["standard_deviation", hidden[-1]] + 1e-12),
        "dead_share": np.mean([before["dead_share", name] for name in hidden]),
        **{("loss", epoch): each for epoch, each in enumerate(course, 1)},
    }


STARTS = {"0.03": (0.03, 0.0), "0.05": (0.05, 0.0), "0.1": (0.1, 0.0), "He": (None, 0.0)}
DEAD = "He - biases of -10"

EXPERIMENT = Measurement(
    factor="start",
    baseline="He",
    places="epoch",
    trains=True,
    variants={**STARTS, DEAD: (None, -10.0)},
    measure=measure,
    claims=[
        Claim(
            "CUR05",
            Difference("0.03", "He", "plateau_epochs", 1.0),
            "From weights of deviation 0.03 the loss stays at guessing over an epoch longer.",
        ),
        Claim(
            "CUR05 finding",
            Difference("0.03", "He", "flat", 0.5),
            "From weights of deviation 0.03 the curve is called slow to start or not learning.",
        ),
        Claim(
            "CUR14",
            Trend(("0.03", "0.05", "0.1", "He"), "plateau_epochs", rises=False),
            "The plateau is the shorter the larger the initial weights are, up to He's.",
        ),
        Claim(
            "CUR19",
            (
                Difference("He", "0.03", "log10_deviation", 1.0),
                Difference(DEAD, "He", "dead_share", 0.5),
            ),
            "Before training small weights show in a tenth of the deviation in the last hidden "
            "layer, low biases in over half of the units more that are dead.",
        ),
    ],
)
