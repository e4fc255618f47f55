"""Do the printed points of the slides' coarse and fine search come out again on CIFAR-10?

The slides search learning rate and L2 penalty of a two-layer network and print 11 and 22 points
with their validation accuracies. What they do not print is from public copies of the course's code:
raw pixels minus the mean image, half the penalty times sum(w**2), no momentum, batches of 100, the
rate times 0.9 after each epoch of 490 steps, 5 and (by fit to the numbers) 10 epochs. Here as many
steps on 16,000 images. Two more points lie beyond the end of the fine search's learning rates.

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
from zoo.trials import train

EPOCH = 490  # steps of the slides
DEVIATION = "16,000 of 49,000 training images, as many steps; another split"

SEARCHED = ("val_accuracy", "learning_rate", "penalty")
COARSE, FINE = (
    {name: printed_values(claim, name) for name in SEARCHED} for claim in ("HPO04", "HPO06")
)
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
    train_examples=16000,
    preprocessing=Centre(),
)


def replay(points, epochs):
    """Returns a measurement of the accuracies that the points reach in so many epochs."""
    rates, penalties = (points[name] for name in ("learning_rate", "penalty"))
    values = [{"learning_rate": r, "penalty": p} for r, p in zip(rates, penalties, strict=True)]

    def measure(seed):
        runs = train(RECIPE, values, seed, epochs=round(epochs * EPOCH / 160))
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
    seeds=4,
    places="point",
    variants={"coarse": replay(COARSE, 5), "fine": replay(FINE, 10), "beyond": replay(BEYOND, 10)},
    measure=lambda search, seed: search(seed),
    claims=[
        Claim(
            "HPO03",
            Number("coarse", "correlation_with_val_accuracy", 1.0, 0.1),
            deviation=DEVIATION,
        ),
        Claim("HPO04", printed("HPO04", "coarse", ["val_accuracy"]), deviation=DEVIATION),
        Claim("HPO05", Difference("fine", "coarse", "mean_accuracy"), deviation=DEVIATION),
        Claim("HPO06", printed("HPO06", "fine", ["val_accuracy"]), deviation=DEVIATION),
        Claim("HPO07", Number("fine", "best_accuracy", 0.53, 0.02), deviation=DEVIATION),
        Claim("HPO08", Difference("beyond", "fine", "best_accuracy"), deviation=DEVIATION),
        Claim(
            "HPO14",
            (
                Number("fine", "correlation_with_learning_rate", 0.8, 0.15),
                Number("fine", "correlation_with_penalty", -0.01, 0.25),
            ),
            deviation=DEVIATION,
        ),
    ],
)
