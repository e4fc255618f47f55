"""Can one tell beforehand where the loss starts, where it ends, and after how many updates?

Networks with Glorot's weights see 32 images of digits, with pixels from 0 to 1 and standardised,
before and while Keras reports their loss; eight networks count as a draw. A linear softmax that
starts at 0 learns labels of which an exact share is wrong: it can end at their entropy at best.

References:
    Glorot and Bengio (2010), Understanding the difficulty of training deep networks, AISTATS.
    Cover and Thomas (2006), Elements of Information Theory, section 5.4.
"""

import math
from functools import partial

import keras
import numpy as np
from keras import layers, losses, ops

from zoo.claims import Claim, Number, zero
from zoo.experiment import Measurement, Recipe
from zoo.preprocessing import Range, standardise
from zoo.trials import load_for

IMAGES, NETWORKS = 32, 8
SHARES, COPIES, BATCH, EPOCHS = (0.0, 0.1, 0.3), 90, 100, 20
CHANCE = 3 * math.sqrt(0.1 * 0.9 / IMAGES)  # three deviations of a guesser's share of 32 images
LOSS = losses.SparseCategoricalCrossentropy(from_logits=True)


def build_model(input_shape, num_classes):
    """Builds a ReLU network with one hidden layer."""
    stack = [layers.Flatten(), layers.Dense(100, "relu"), layers.Dense(num_classes)]
    return keras.Sequential([keras.Input(input_shape), *stack])


def images(preprocessing, seed):
    """Measures fresh networks on 32 images, and the change in what one batch of `fit` reports."""
    recipe = Recipe(
        build_model=build_model,
        optimizer=keras.optimizers.Adam,
        learning_rates=(0.001,),
        epochs=1,
        batch_size=IMAGES,
        data="mnist5k",
        preprocessing=preprocessing,
    )
    data = load_for(recipe)
    chosen = np.random.default_rng(seed).choice(len(data.x_train), IMAGES, replace=False)
    x, y = data.x_train[chosen], data.y_train[chosen]
    models = [build_model(x.shape[1:], 10) for _ in range(NETWORKS)]
    logits = [ops.convert_to_numpy(model(x)) for model in models]
    found = [float(LOSS(y, each)) for each in logits]
    models[0].compile("adam", LOSS, run_eagerly=True)
    reported = models[0].fit(x, y, batch_size=IMAGES, verbose=0).history["loss"]
    return {
        "loss": np.mean(found),
        "accuracy": np.mean([(each.argmax(axis=1) == y).mean() for each in logits]),
        "change_in_report": reported[0] - found[0],
    }


def labels(share, seed):
    """Measures the distances from what is expected of labels of which this share is wrong.

    Each of ten inputs has 90 labels; the wrong ones are all other classes, equally often.
    """
    wrong = round(share * COPIES / 9)
    counts = np.full((10, 10), wrong)
    np.fill_diagonal(counts, COPIES - 9 * wrong)
    inputs, y = np.repeat(np.argwhere(counts >= 0), counts.ravel(), axis=0).T
    x = np.eye(10, dtype="float32")[inputs]
    rows = counts[0][counts[0] > 0] / COPIES
    model = keras.Sequential([keras.Input((10,)), layers.Dense(10, kernel_initializer="zeros")])
    updates = len(x) // BATCH * EPOCHS
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.2, updates))
    model.compile(optimizer, LOSS, steps_per_execution=len(x) // BATCH)
    start = float(LOSS(y, model(x)))
    model.fit(x, y, batch_size=BATCH, epochs=EPOCHS, verbose=0)
    return {
        "distance_from_ln_10": start - math.log(10),
        "distance_from_entropy": float(LOSS(y, model(x))) + (rows * np.log(rows)).sum(),
        "distance_from_updates": int(ops.convert_to_numpy(optimizer.iterations)) - updates,
    }


WRONG = {f"{share:.0%} wrong": partial(labels, share) for share in SHARES}

EXPERIMENT = Measurement(
    factor="data",
    trains=True,
    variants={
        "32 images": partial(images, Range(0, 1, together=True)),
        "32 images standardised": partial(images, standardise),
        **WRONG,
    },
    claims=[
        Claim(
            "BAB06",
            (
                Number("32 images", "loss", 2.3919, 0.05),
                Number("32 images", "accuracy", 0.0625, CHANCE),
                *zero("change_in_report", of="32 images"),
            ),
            "The reported loss of one batch is that before the update; it is the printed one "
            "within 0.05 and the accuracy within chance.",
            deviation="digits from 0 to 1 and 100 hidden units; the lecture names neither",
        ),
        Claim(
            "BAB21",
            (
                *zero("distance_from_ln_10", of=tuple(WRONG)),
                *zero("distance_from_entropy", of=tuple(WRONG), tolerance=0.01),
                *zero("distance_from_updates", of=tuple(WRONG), tolerance=0.0),
            ),
            "The loss starts at ln 10 and ends at the entropy of the labels, after as many updates "
            "as examples over batch size, times epochs.",
        ),
    ],
)
