"""At which learning rates does the slides' network stay, learn or explode, as they print it?

The network of 3072, 50 and 10 units sees raw pixels of CIFAR-10 minus the mean image, in batches of
100 drawn with replacement. A cost is that of an epoch's last batch before its update, with nothing
clipped. Accuracies are on 1,000 other images; outputs that are no numbers predict class 0.

References:
    Stanford CS231n (2015), lecture 5 and assignment 1.
"""

import itertools
import math
from functools import partial

import keras
import numpy as np
from keras import initializers, layers, losses, ops, regularizers

from zoo.claims import Claim, Difference, Number, equal
from zoo.experiment import Measurement, Recipe
from zoo.preprocessing import Centre
from zoo.trials import load_for

EPOCHS, STEPS, BATCH, ASKED, PENALTY = 10, 490, 100, 1000, 0.5e-6
COSTS = (  # printed at 1e-6
    *(2.302576, 2.302582, 2.302558, 2.302519, 2.302517),
    *(2.302518, 2.302466, 2.302452, 2.302459, 2.302420),
)
SHARES = (0.103, 0.124, 0.138, 0.151, 0.171, 0.172, 0.176, 0.185, 0.192, 0.192)
NEVER = {"epoch_not_finite": EPOCHS + 1}
DEVIATION = {"deviation": "16,000 other images, from JPEG copies"}


def build_model(input_shape, num_classes):
    """Builds the two-layer network of the slides."""
    small, penalty = initializers.RandomNormal(stddev=1e-4), regularizers.L2(PENALTY)
    stack = [keras.Input(input_shape), layers.Flatten()]
    stack += [layers.Dense(50, "relu", True, small.clone(), kernel_regularizer=penalty)]
    stack += [layers.Dense(num_classes, None, True, small.clone(), kernel_regularizer=penalty)]
    return keras.Sequential(stack)


RECIPE = Recipe(
    build_model=build_model,
    optimizer=keras.optimizers.SGD,
    learning_rates=(1e-3,),
    epochs=EPOCHS,
    batch_size=BATCH,
    data="cifar10",
    preprocessing=Centre(),
)


def cost_of(model, x, y):
    """Returns the mean of -log(softmax) with nothing clipped, and the penalty."""
    logits = ops.convert_to_numpy(model(x)).astype(float)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares = (shares / shares.sum(axis=1, keepdims=True))[np.arange(len(y)), y]
        return -np.log(shares).mean() + float(sum(model.losses))


def train(rate, seed):
    """Trains at a rate until the cost is no number, and measures by epoch."""
    data, drawn = load_for(RECIPE), np.random.default_rng(seed)
    x, y = data.x_train, data.y_train
    x_held, y_held = data.x_validation[:ASKED], data.y_validation[:ASKED]
    model = build_model(x.shape[1:], 10)
    # Takes numbers of images, so that no epoch is copied.
    images = layers.Embedding(len(x), x[0].size, weights=[x.reshape(len(x), -1)], trainable=False)
    fed = keras.Sequential([keras.Input(()), images, layers.Reshape(x.shape[1:]), model])
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    fed.compile(keras.optimizers.SGD(rate), loss, steps_per_execution=STEPS)
    order = drawn.integers(len(x), size=(EPOCHS * STEPS + 1, BATCH))
    start, costs, right = 0, [], []
    for last in range(STEPS - 1, EPOCHS * STEPS, STEPS):
        rows = order[start:last].ravel()
        fed.fit(rows, y[rows], BATCH, shuffle=False, verbose=0)
        costs.append(cost_of(model, x[order[last]], y[order[last]]))
        right.append(np.mean(ops.convert_to_numpy(model(x_held)).argmax(axis=1) == y_held))
        start = last
        if math.isnan(costs[-1]):
            break
    finite = list(itertools.takewhile(math.isfinite, costs))
    return {
        "epoch_not_finite": len(finite) + 1,
        "starts_as_no_number": math.isnan(costs[0]),
        "last_accuracy": right[-1],
        "above_share_of_class_0": right[-1] - np.mean(y_held == 0),
        **{("epoch_cost", epoch): cost for epoch, cost in enumerate(finite, 1)},
        **{("epoch_accuracy", epoch): share for epoch, share in enumerate(right, 1)},
    }


def at(label, metric, printed, tolerance):
    """Says that a metric is the printed one in the first epochs."""
    places = {f"{metric}@{epoch}": value for epoch, value in enumerate(printed, 1)}
    return tuple(Number(label, place, value, tolerance) for place, value in places.items())


RATES = ("1e-6", "1e-5", "1e-3", "3e-3", "1e6")

EXPERIMENT = Measurement(
    factor="rate",
    needs="cifar10",
    trains=True,
    places="epoch",
    variants={rate: partial(train, float(rate)) for rate in RATES},
    claims=[
        Claim(
            "BAB13",
            at("1e-6", "epoch_cost", COSTS, 2e-4),
            "At 1e-6 each of ten costs is the printed one within 0.0002.",
            **DEVIATION,
        ),
        Claim(
            "BAB14",
            at("1e-6", "epoch_accuracy", SHARES, 0.05),
            "At 1e-6 each validation accuracy is the printed one within 5 points.",
            **DEVIATION,
        ),
        Claim(
            "BAB15",
            equal({"starts_as_no_number": 1, "above_share_of_class_0": 0}, "1e6", 1e-9),
            "At 1e6 the first cost is no number, and the accuracy is the share of the first class.",
            **DEVIATION,
        ),
        Claim(
            "BAB17",
            (Number("3e-3", "epoch_not_finite", 5, 3), *equal(NEVER, "1e-3", 0.0)),
            "At 3e-3 the cost is infinite about epoch 5, at 1e-3 in none of ten.",
            **DEVIATION,
        ),
        Claim(
            "BAB17 cost",
            Number("3e-3", "epoch_cost@1", 2.186654, 0.3),
            "At 3e-3 the first cost is the printed one within 0.3.",
            **DEVIATION,
        ),
        Claim(
            "BAB18",
            (
                *(Difference(rate, "1e-6", "last_accuracy", 0.05) for rate in RATES[1:3]),
                *equal(NEVER, RATES[1:3], 0.0),
            ),
            "At 1e-5 and 1e-3 networks end over 5 points above 1e-6, with finite costs.",
            **DEVIATION,
        ),
    ],
)
