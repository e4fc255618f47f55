"""How should hyperparameters be searched: at random or on a grid, at once or in stages?

The lectures say: at random, and a wide range with few epochs before a narrow one. A grid has three
values of each of two hyperparameters, or two of each of four, over six decades; a random search has
as many trials. Of two either both act or only the learning rate does, of four only that. Every seed
is a search of its own, with its own range, trials and initial weights.

References:
    Bergstra and Bengio (2012), Random Search for Hyper-Parameter Optimization, JMLR 13.
"""

import functools

import keras
import numpy as np
from keras import initializers, layers, regularizers

from zoo.claims import Claim, Difference
from zoo.experiment import Measurement, Recipe
from zoo.search_space import Dimension, closer
from zoo.trials import draw_points, guarded, search, together

EPOCHS = 20
RATE, ACTS, WEAK = 0.01, 0.01, 1e-8  # middles of ranges; what is weak does nothing
SPACES = {  # values of a grid, and the middles of what is searched besides the learning rate
    "two": (3, {"penalty": ACTS}),
    "one of two": (3, {"penalty": WEAK}),
    "one of four": (2, {"penalty": WEAK, "last_penalty": WEAK, "bias": WEAK}),
}


def build_model(input_shape, num_classes, penalty=1e-4, last_penalty=1e-4, bias=0.0, units=50):
    """Builds a ReLU network with one hidden layer and L2 penalties on its kernels."""

    def dense(width, initializer, strength):
        own = {"kernel_initializer": initializer, "kernel_regularizer": regularizers.L2(strength)}
        return layers.Dense(width, bias_initializer=initializers.Constant(bias), **own)

    hidden = [layers.Flatten(), dense(units, "he_normal", penalty), layers.ReLU()]
    last = dense(num_classes, "glorot_uniform", last_penalty)
    return keras.Sequential([keras.Input(input_shape), *hidden, last])


RECIPE = guarded(
    Recipe(
        build_model=build_model,
        optimizer=keras.optimizers.SGD,
        learning_rates=(0.1,),
        epochs=EPOCHS,
        batch_size=100,
    )
)


def ranges(seed, values, others):
    """Returns six decades about each middle, moved so that no grid is always lucky.

    They move by up to half a step of a grid with this many values of each hyperparameter.
    """
    middles = {"learning_rate": RATE, **others}
    moves = 10 ** np.random.default_rng(seed).uniform(-3 / values, 3 / values, len(middles))
    return {
        name: Dimension(name, move * middle / 1000, move * middle * 1000, "log")
        for (name, middle), move in zip(middles.items(), moves, strict=True)
    }


@functools.cache
def trained(seed):
    """Returns the trials of all searches that draw them beforehand."""
    drawn = {}
    for name, (values, others) in SPACES.items():
        for strategy in ("random", "grid"):
            space, trials = ranges(seed, values, others), values ** (1 + len(others))
            points = draw_points(space, seed, strategy=strategy, trials=trials)
            drawn[f"{strategy} {name}"] = points
    return together(RECIPE, drawn, seed)


def planned(label):
    """Returns a measurement of what a search found."""
    return lambda seed: found(trained(seed)[label])


def coarse_to_fine(seed):
    """Searches widely with a quarter of the epochs, then closely, as long as nine trials take."""
    space = ranges(seed, *SPACES["two"])
    wide = search(RECIPE, space, seed, trials=9, epochs=EPOCHS // 4)
    fine = search(RECIPE, closer(space, wide), ("fine", seed), trials=7)
    return found(fine) | {"epochs": wide["epochs"].sum() + fine["epochs"].sum()}


def found(trials):
    """Returns how good the best trial is, and what the search cost."""
    best = trials.loc[trials["score"].idxmax(), ["score", "test_accuracy"]]
    return {**best, "epochs": trials["epochs"].sum()}


def random_beats_grid(space, told):
    """Returns the rule that random search finds a better network by a point, and it in words."""
    rule = Difference(f"random {space}", f"grid {space}", "score", 0.01)
    return rule, f"Where {told} matters, random search finds a better network than a grid."


EXPERIMENT = Measurement(
    factor="search",
    baseline="random two",
    seeds=16,
    trains=True,
    variants={
        **{
            f"{how} {name}": planned(f"{how} {name}")
            for name in SPACES
            for how in ("random", "grid")
        },
        "coarse to fine": coarse_to_fine,
    },
    claims=[
        Claim(
            "HPO01",
            Difference("coarse to fine", "random two", "score", 0.01),
            "A coarse and a fine search find a better network than one search of equal cost.",
        ),
        Claim("HPO12 found", *random_beats_grid("one of two", "one of two hyperparameters")),
        Claim("HPO21 two", *random_beats_grid("two", "each of two hyperparameters")),
        Claim("HPO21 four", *random_beats_grid("one of four", "one of four hyperparameters")),
    ],
)
