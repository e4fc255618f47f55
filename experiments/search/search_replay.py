"""Do the printed points of the slides' coarse and fine search come out again on CIFAR-10?

The slides search learning rate and L2 penalty of a two-layer network and print 11 and 22 points
with their validation accuracies. What they do not print is from public copies of the course's code:
raw pixels minus the mean image, half the penalty times sum(w**2), no momentum, batches of 100, the
rate times 0.9 after each epoch of 490 steps, 5 and (by fit to the numbers) 10 epochs. Here as many
steps on the images that are found; the fine search, whose networks overfit fewer, needs 40,000. Two
more points lie beyond the end of its learning rates.

References:
    Stanford CS231n (2015), lecture 5 and assignment 1.
"""

import keras
import numpy as np
from keras import initializers, layers, regularizers

from zoo.catalogue import printed, printed_values
from zoo.claims import Claim, Difference, Number
from zoo.experiment import Measurement, Recipe
from zoo.measure import rank_correlation
from zoo.preprocessing import Centre
from zoo.trials import load_for, train

EPOCH = 490  # steps of the slides
DEVIATION = "16,000 training images instead of 49,000, as many steps; another split"
NEEDED = 40_000  # images of the fine search

SEARCHED = ("val_accuracy", "learning_rate", "penalty")
COARSE, FINE = (
    {name: printed_values(claim, name) for name in SEARCHED} for claim in ("HPO04", "HPO06")
)
RANGE = {name: FINE[name][:11] for name in SEARCHED[1:]}
BEYOND = {"learning_rate": (1.5e-3, 2.5e-3), "penalty": (1.4e-3, 1.4e-3)}


def build_model(input_shape, num_classes, penalty, units=50):
    """Builds the two-layer network of the slides."""

    def dense(width):
        return layers.Dense(
            width,
            kernel_initializer=initializers.RandomNormal(stddev=1e-4),
            kernel_regularizer=regularizers.L2(penalty / 2),
        )

    stack = [layers.Flatten(), dense(units), layers.ReLU(), dense(num_classes)]
    return keras.Sequential([keras.Input(input_shape), *stack])


def decay(learning_rate, steps_per_epoch, epochs):
    """Multiplies the rate by 0.9 after every epoch of the slides."""
    return keras.optimizers.schedules.ExponentialDecay(learning_rate, EPOCH, 0.9, staircase=True)


RECIPE = Recipe(
    build_model=build_model,
    optimizer=keras.optimizers.SGD,
    learning_rates=(1e-3,),
    schedule=decay,
    epochs=1,
    batch_size=100,
    data="cifar10",
    preprocessing=Centre(),
)


def replay(points, epochs, needed=0):
    """Returns a measurement of the accuracies that the points reach in this many epochs."""
    rates, penalties = (points[name] for name in ("learning_rate", "penalty"))
    values = [{"learning_rate": r, "penalty": p} for r, p in zip(rates, penalties, strict=True)]

    def measure(seed):
        images = len(load_for(RECIPE).x_train)
        if images < needed:
            return {}
        runs = train(RECIPE, values, seed, epochs=round(epochs * EPOCH / (images // 100)))
        reached = np.array([run.final["val_accuracy"] for run in runs])
        places = {("val_accuracy", place): value for place, value in enumerate(reached)}
        best = {"best_accuracy": reached.max(), "mean_accuracy": reached.mean()}
        if "val_accuracy" not in points:
            return {**places, **best}
        error = {"mean_error": np.abs(reached - points["val_accuracy"]).mean()}
        ranks = {
            f"correlation_with_{name}": rank_correlation(reached, values)
            for name, values in points.items()
        }
        return {**places, **best, **error, **ranks}

    return measure


EXPERIMENT = Measurement(
    factor="points",
    needs="cifar10",
    trains=True,
    places="point",
    variants={
        "coarse": replay(COARSE, 5),
        "fine range": replay(RANGE, 5),
        "fine": replay(FINE, 10, NEEDED),
        "beyond": replay(BEYOND, 10, NEEDED),
    },
    claims=[
        Claim(
            "HPO04 order",
            Number("coarse", "correlation_with_val_accuracy", 1.0, 0.1),
            "The points of the coarse search come out in the printed order.",
            deviation=DEVIATION,
        ),
        Claim(
            "HPO04",
            printed("HPO04", "coarse", ["val_accuracy"]),
            "Trained again, every point of the coarse search has the printed accuracy.",
            deviation=DEVIATION,
        ),
        Claim(
            "HPO05",
            Difference("fine range", "coarse", "mean_accuracy"),
            "Points in the narrowed range have a higher mean validation accuracy than in the wide.",
            deviation=DEVIATION,
        ),
        Claim(
            "HPO06",
            printed("HPO06", "fine", ["val_accuracy"]),
            "Trained again, every point of the fine search has the printed accuracy.",
        ),
        Claim(
            "HPO07",
            Number("fine", "best_accuracy", 0.53, 0.02),
            "The best network of the fine search reaches 53 % on validation data, within 2 points.",
        ),
        Claim(
            "HPO08",
            Difference("beyond", "fine", "best_accuracy"),
            "Beyond the end of the learning rates a point is better than the best of the search.",
        ),
        Claim(
            "HPO14 replayed",
            (
                Number("fine", "correlation_with_learning_rate", 0.8, 0.15),
                Number("fine", "correlation_with_penalty", -0.01, 0.25),
            ),
            "Trained again, accuracy has the printed rank correlations with rate and penalty.",
        ),
    ],
)
