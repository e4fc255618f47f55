"""Can a network learn labels by heart that mean nothing, and what does that say about it?

Networks with two hidden layers learn 500 examples of ten overlapping normal clusters, with their
own labels or with random ones. All train in one model, but share no weights. Test examples have
their own labels. L2 penalties on some of the networks show whether they take freedom away.

References:
    Zhang et al. (2017), Understanding deep learning requires rethinking generalization,
    arXiv:1611.03530.
"""

import functools

import keras
import numpy as np
from keras import layers, ops, regularizers

from zoo.claims import Claim, Difference, Number, Trend
from zoo.experiment import Measurement, crossentropy
from zoo.trials import restart

INPUTS, CLASSES, EXAMPLES, TEST = 20, 10, 500, 5000
EPOCHS, BATCH, STEPS, RATE = 60, 100, 5, 0.005  # STEPS of an epoch
WIDTHS, PENALTIES = (4, 16, 64, 128), (0.003, 0.01, 0.03)
WIDEST = WIDTHS[-1]

TRUE = f"{WIDEST} units - true"
RANDOM = {width: f"{width} units - random" for width in WIDTHS}
PENALISED = {penalty: f"{WIDEST} units - l2 {penalty}" for penalty in PENALTIES}
NETWORKS = {
    TRUE: (WIDEST, 0.0, False),
    **{label: (width, 0.0, True) for width, label in RANDOM.items()},
    **{label: (WIDEST, penalty, True) for penalty, label in PENALISED.items()},
}


def clusters(seed):
    """Draws inputs, their classes, and as many random labels."""
    drawn = np.random.default_rng(seed)
    centres = drawn.normal(0, 0.7, (CLASSES, INPUTS))
    y, other = drawn.integers(CLASSES, size=(2, EXAMPLES + TEST))
    return (centres[y] + drawn.normal(size=(len(y), INPUTS))).astype("float32"), y, other


@functools.cache
def side_by_side():
    """Makes one model of all networks, with outputs of shape (batch, networks, classes)."""
    x = keras.Input((INPUTS,))
    outputs = []
    for width, penalty, _ in NETWORKS.values():
        y = x
        # The loss is a mean over the networks, and so is the penalty.
        own = {"kernel_regularizer": regularizers.L2(penalty / len(NETWORKS))}
        for units, activation in ((width, "relu"), (width, "relu"), (CLASSES, None)):
            y = layers.Dense(units, activation, kernel_initializer="he_normal", **own)(y)
        outputs.append(y)
    model = keras.Model(x, ops.stack(outputs, axis=1))
    optimizer = keras.optimizers.Adam(RATE)
    model.compile(optimizer, crossentropy(), steps_per_execution=STEPS, jit_compile=False)
    return model


@functools.cache
def accuracies(seed):
    """Returns accuracies on training and test examples by network."""
    x, y, other = clusters(seed)
    labels = np.stack([other if random else y for _, _, random in NETWORKS.values()], axis=1)
    model = side_by_side()
    restart(model, seed)
    model.fit(x[:EXAMPLES], labels[:EXAMPLES], BATCH, EPOCHS, verbose=0)
    told = ops.convert_to_numpy(model(x)).argmax(axis=-1)  # (examples, networks)
    training = (told == labels)[:EXAMPLES].mean(axis=0)
    test = (told == y[:, None])[EXAMPLES:].mean(axis=0)
    return {
        label: {"accuracy": training[n], "test_accuracy": test[n]}
        for n, label in enumerate(NETWORKS)
    }


def measure(label, seed):
    """Measures the accuracies of one network."""
    return accuracies(seed)[label]


WIDE = RANDOM[WIDEST]

EXPERIMENT = Measurement(
    factor="labels",
    trains=True,
    variants={label: label for label in NETWORKS},
    measure=measure,
    claims=[
        Claim(
            "BV16",
            (
                Number(TRUE, "accuracy", 1.0, 0.01),
                Number(WIDE, "accuracy", 1.0, 0.01),
                Number(WIDE, "test_accuracy", 0.1, 0.02),
                Difference(TRUE, WIDE, "test_accuracy", margin=0.3),
            ),
            "128 units a layer learn all 500 labels, true or random; on test examples they are "
            "right as often as guessing, or more often by 30 points.",
        ),
        Claim(
            "BV14 random labels",
            Trend(tuple(RANDOM.values()), "accuracy"),
            "The more units a layer has, the more random labels a network learns by heart.",
        ),
        Claim(
            "BV14 freedom",
            Trend((WIDE, *PENALISED.values()), "accuracy", rises=False),
            "The stronger an L2 penalty, from none to 0.03, the fewer random labels a network of "
            "128 units a layer learns by heart.",
        ),
    ],
)
