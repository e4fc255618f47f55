"""Is the gradient of a mini-batch that of all examples but for noise, and how much noise is it?

A network sees 128 examples of ten overlapping clusters. Its gradients are those by which plain
SGD steps in Keras; batches that are compared with single ones are drawn with replacement. Then
updates are counted and courses compared; the slides' trainer leaves out what fills no batch.

References:
    Bottou et al. (2018), Optimization Methods for Large-Scale Machine Learning, arXiv:1606.04838.
"""

from functools import partial

import keras
import numpy as np
from keras import layers, losses, ops

from zoo.claims import Claim, Difference, Number, equal, zero
from zoo.experiment import Measurement
from zoo.measure import furthest, gradients, rms

INPUTS, CLASSES, EXAMPLES, BATCH = 20, 10, 128, 16
DRAWS, SIZES, EPOCHS, RATE = 2000, (1, 2, 4, 8, 16, 32, 64), 8, 0.3
COLUMNS, CORES = 48, 16  # of the lecture's matrix and its processor
LOSS = losses.SparseCategoricalCrossentropy(from_logits=True)


def clusters(seed):
    """Draws examples, shape (EXAMPLES, INPUTS), and their classes, which come in order."""
    drawn = np.random.default_rng(seed)
    centres = drawn.normal(0, 0.6, (CLASSES, INPUTS))
    y = np.sort(drawn.integers(CLASSES, size=EXAMPLES))
    return (centres[y] + drawn.normal(size=(EXAMPLES, INPUTS))).astype("float32"), y


def make():
    """Returns a fresh network."""
    first, last = layers.Dense(10, "tanh"), layers.Dense(CLASSES)
    return keras.Sequential([keras.Input((INPUTS,)), first, last])


def scatter(seed, shuffled=True):
    """Returns how to get a gradient, those of batches, that of all, and the batches' noise."""
    (x, y), model = clusters(seed), make()

    def gradient(rows):
        parts = gradients(model, LOSS, x[rows], y[rows])
        return np.concatenate([np.ravel(part) for part in parts], dtype=float)

    rows, drawn = np.arange(EXAMPLES), np.random.default_rng((seed, 1))
    batches = (drawn.permutation(rows) if shuffled else rows).reshape(-1, BATCH)
    found, whole = np.array([gradient(batch) for batch in batches]), gradient(rows)
    return gradient, batches, found, whole, rms(found - whole) / rms(whole)


def estimate(seed):
    """Measures how the gradients of batches scatter around that of all examples."""
    gradient, batches, of_batches, whole, noise = scatter(seed)
    alone = np.array([gradient([row]) for row in range(EXAMPLES)])
    drawn, found = np.random.default_rng((seed, 2)), {}
    for size in SIZES:
        counts = drawn.multinomial(size, np.full(EXAMPLES, 1 / EXAMPLES), DRAWS)
        away = counts @ alone / size - whole
        found["variance", size] = np.square(away).sum(axis=1).mean()
        found["bias_over_error", size] = rms(away.mean(axis=0)) / rms(away) * DRAWS**0.5
    variances = [found["variance", size] for size in SIZES]
    return found | {
        "noise": noise,
        "error_of_batch": furthest(of_batches, alone[batches].mean(axis=1)),
        "error_of_epoch": furthest(of_batches.mean(axis=0), whole),
        "slope_of_variance": np.polyfit(np.log(SIZES), np.log(variances), 1)[0],
        "mean_bias_over_error": np.mean([found["bias_over_error", size] for size in SIZES]),
    }


def train(batch_size, seed):
    """Measures the losses of all examples by epoch, from one start in two orders, and updates."""
    (x, y), model, courses = clusters(seed), make(), []
    start = model.get_weights()
    for order in range(2):
        model.set_weights(start)
        model.compile(keras.optimizers.SGD(RATE), LOSS)
        drawn = np.random.default_rng((seed, order))
        courses.append([float(LOSS(y, model(x)))])
        for rows in (drawn.permutation(EXAMPLES) for _ in range(EPOCHS)):
            model.fit(x[rows], y[rows], batch_size, shuffle=False, verbose=0)
            courses[-1].append(float(LOSS(y, model(x))))
    return {
        "apart_in_other_order": furthest(*courses),
        "rises": (np.diff(courses) > 0).sum(),
        "updates_an_epoch": int(ops.convert_to_numpy(model.optimizer.iterations)) / EPOCHS,
        "full_batches": EXAMPLES // batch_size,
    }


def columns(_):
    """Counts the dot products of each core, and the rounds for one column more."""
    return {"dot_products": COLUMNS / CORES, "rounds_of_49": -(-(COLUMNS + 1) // CORES)}


ALL, SAMPLED, UNEVEN = "all 128 examples", "batches of 16", "batches of 50"

EXPERIMENT = Measurement(
    factor="batch",
    places="batch size",
    trains=True,
    variants={
        "gradients": estimate,
        "gradients - sorted": lambda seed: {"noise": scatter(seed, shuffled=False)[-1]},
        ALL: partial(train, EXAMPLES),
        SAMPLED: partial(train, BATCH),
        UNEVEN: partial(train, 50),
        "48 columns": columns,
    },
    claims=[
        Claim(
            "OPT02",
            (
                *zero("error_of_batch", "error_of_epoch", of="gradients"),
                Number("gradients", "mean_bias_over_error", 1.0, 0.2),
                Number("gradients", "slope_of_variance", -1.0, 0.05),
            ),
            "A batch's gradient is its examples' mean, on average all's; its variance is as 1/m.",
        ),
        Claim(
            "BAT01",
            equal({"dot_products": 3, "rounds_of_49": 4}, "48 columns", 0.0),
            "48 columns are 3 dot products for each of 16 cores; one column more takes a fourth.",
        ),
        Claim(
            "BAT04 noise",
            Difference("gradients - sorted", "gradients", "noise"),
            "Batches in the order of classes have gradients farther from that of all examples.",
        ),
        Claim(
            "BAT06",
            equal({"updates_an_epoch": 3, "full_batches": 2}, UNEVEN, 0.0)
            + equal({"updates_an_epoch": 8, "full_batches": 8}, SAMPLED, 0.0),
            "128 examples make 8 updates with 16 and 3 with 50, in the slides' trainer 2.",
        ),
        Claim(
            "BAT07",
            (
                *zero("apart_in_other_order", of=ALL, tolerance=1e-4),
                *zero("rises", of=ALL, tolerance=0.0),
                Difference(SAMPLED, ALL, "apart_in_other_order", 0.001),
            ),
            "Steps on all examples go the same way in every order, and down; sampled ones do not.",
        ),
    ],
)
