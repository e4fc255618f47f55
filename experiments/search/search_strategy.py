"""How should hyperparameters be searched: at random or on a grid, in log space, in stages?

The lectures say: at random, in log space, a wide range with few epochs before a narrow one, and a
run that exceeds three times its original cost is stopped. Learning rate and L2 penalty of a
two-layer network are searched over six decades: 16 trials of 20 epochs, or as many epochs in
stages. Every seed is a search of its own, with its own range, trials and initial weights.

References:
    Bergstra and Bengio (2012), Random Search for Hyper-Parameter Optimization, JMLR 13.
    Li et al. (2018), Hyperband: A Novel Bandit-Based Approach, JMLR 18.
"""

import keras
import numpy as np
from keras import layers, regularizers

from zoo.claims import Claim, Difference, above, zero
from zoo.experiment import Measurement, Recipe
from zoo.search_space import Dimension, closer
from zoo.trials import guarded, search

TRIALS, EPOCHS, GOOD = 16, 20, 0.4  # GOOD is a validation accuracy
STOPPING = ("false_stops", "score_lost")


def build_model(input_shape, num_classes, penalty=1e-4, units=50):
    """Builds a ReLU network with one hidden layer and an L2 penalty on its kernels."""

    def dense(width, initializer):
        regularizer = regularizers.L2(penalty)
        return layers.Dense(width, kernel_initializer=initializer, kernel_regularizer=regularizer)

    hidden = [layers.Flatten(), dense(units, "he_normal"), layers.ReLU()]
    last = dense(num_classes, "glorot_uniform")
    return keras.Sequential([keras.Input(input_shape), *hidden, last])


PLAIN = Recipe(
    build_model=build_model,
    optimizer=keras.optimizers.SGD,
    learning_rates=(0.1,),
    epochs=EPOCHS,
    batch_size=100,
)
RECIPE = guarded(PLAIN)


def ranges(seed, sampling="log", penalty=0.01):
    """Returns six decades, moved by up to half a grid's step so that no grid is always lucky."""
    middles = [0.01, penalty] * 10 ** np.random.default_rng(seed).uniform(-0.75, 0.75, 2)
    return {
        name: Dimension(name, middle / 1000, middle * 1000, sampling)
        for name, middle in zip(("learning_rate", "penalty"), middles, strict=True)
    }


def rate_only(seed):
    """Returns ranges in which the penalty is too weak to matter."""
    return ranges(seed, penalty=1e-8)


def one_stage(space=ranges, **words):
    """Returns a search of all trials at full length."""
    return lambda seed: found(search(RECIPE, space(seed), seed, **{"trials": TRIALS, **words}))


def momentum(sampling):
    """Returns a search of momentum and learning rate."""
    own = Dimension("one_minus_momentum", 1e-3, 0.1, sampling)
    rate = Dimension("learning_rate", 1e-4, 0.1, "log")
    return one_stage(lambda seed: {each.name: each for each in (own, rate)}, trials=TRIALS // 2)


def coarse_to_fine(seed):
    """Searches widely with a quarter of the epochs, then around the best with all of them."""
    wide = search(RECIPE, ranges(seed), seed, trials=TRIALS, epochs=EPOCHS // 4)
    fine = search(RECIPE, closer(ranges(seed), wide), ("fine", seed), trials=3 * TRIALS // 4)
    return found(fine) | {"epochs": wide["epochs"].sum() + fine["epochs"].sum()}


def stopping(seed):
    """Searches with and without the rule of three times the original cost."""
    ruled, free = (search(recipe, ranges(seed), seed, trials=TRIALS) for recipe in (RECIPE, PLAIN))
    stopped = ruled["epochs"] < free["epochs"]
    return found(ruled) | {
        "stopped": stopped.sum(),
        "false_stops": (stopped & (free["score"] > GOOD)).sum(),
        "epochs_saved": 1 - ruled["epochs"].sum() / free["epochs"].sum(),
        "score_lost": free["score"].max() - ruled["score"].max(),
    }


def found(trials):
    """Returns what a search found, and what it cost."""
    best = trials.loc[trials["score"].idxmax()]
    good = (trials["score"] > GOOD).to_numpy()
    return {
        "score": best["score"],
        "test_accuracy": best["test_accuracy"],
        "good": good.mean(),
        "trials_until_good": good.argmax() + 1 if good.any() else TRIALS + 1,
        "epochs": trials["epochs"].sum(),
    }


EXPERIMENT = Measurement(
    factor="search",
    baseline="random",
    seeds=16,
    trains=True,
    variants={
        "random": one_stage(),
        "grid": one_stage(strategy="grid"),
        "random rate": one_stage(rate_only),
        "grid rate": one_stage(rate_only, strategy="grid"),
        "linear": one_stage(lambda seed: ranges(seed, "linear")),
        "coarse to fine": coarse_to_fine,
        "stopping": stopping,
        "bayesian": one_stage(strategy="bayesian", at_once=8),
        "hyperband": one_stage(strategy="hyperband"),
        "momentum linear": momentum("linear"),
        "momentum log": momentum("log"),
    },
    claims=[
        Claim("HPO01", Difference("coarse to fine", "random", "score", 0.01)),
        Claim("HPO02", zero(*STOPPING, of="stopping", tolerance=0.0)),
        Claim("HPO10", Difference("random", "linear", "score", 0.01)),
        Claim(
            "HPO11 found",
            Difference("momentum log", "momentum linear", "score", 0.01),
            says="A search of 1 - beta on a logarithmic scale finds a better network.",
            source="lecture 0",
        ),
        Claim(
            "HPO12 found",
            Difference("random rate", "grid rate", "score", 0.01),
            says="Where one of two hyperparameters matters, random search beats a grid.",
            source="lectures 0 and 1; Bergstra and Bengio 2012",
        ),
        Claim(
            "HPO13 trials",
            Difference("linear", "random", "trials_until_good"),
            says="Drawn linearly from so wide a range, a good network takes more trials.",
            source="lecture 1, where the ranges are linear",
        ),
        Claim("HPO21", above("random", ("grid", "linear"), "score")),
    ],
)
