"""Should hyperparameters be drawn on a logarithmic or on a linear scale?

One lecture draws 10 ** U(-4, 0) and calls it best to optimise in log space. One, two or four
hyperparameters of a two-layer network are drawn at random over that range, all on the same scale,
in eight trials; of momentum it is 1 - beta, between 0.001 and 0.1. Every seed is a search of its
own.

References:
    Bergstra and Bengio (2012), Random Search for Hyper-Parameter Optimization, JMLR 13.
"""

import functools

import keras
from keras import layers
from keras.regularizers import L2

from zoo.claims import Claim, Difference
from zoo.experiment import Measurement, Recipe
from zoo.search_space import SAMPLINGS, Dimension
from zoo.trials import draw_points, guarded, together

TRIALS = 8
NAMES = ("learning_rate", "penalty", "last_penalty", "one_minus_momentum")
NUMBERS = {"one": 1, "two": 2, "four": 4}


def build_model(input_shape, num_classes, penalty=1e-5, last_penalty=1e-5, units=50):
    """Builds a two-layer ReLU network with an L2 penalty on each kernel."""
    hidden = layers.Dense(
        units, "relu", kernel_initializer="he_normal", kernel_regularizer=L2(penalty)
    )
    logits = layers.Dense(num_classes, kernel_regularizer=L2(last_penalty))
    return keras.Sequential([keras.Input(input_shape), layers.Flatten(), hidden, logits])


RECIPE = guarded(
    Recipe(
        build_model=build_model,
        optimizer=keras.optimizers.SGD,
        learning_rates=(0.1,),
        epochs=20,
        batch_size=100,
    )
)


def space(sampling, names, low=1e-4, high=1.0):
    """Returns hyperparameters that are drawn alike."""
    return {name: Dimension(name, low, high, sampling) for name in names}


def spaces(sampling):
    """Returns what is searched on one scale, by label."""
    numbered = {f"{sampling} {name}": space(sampling, NAMES[:n]) for name, n in NUMBERS.items()}
    rate = {"learning_rate": Dimension("learning_rate", 1e-4, 0.1, "log")}
    return numbered | {f"{sampling} momentum": space(sampling, NAMES[3:], 1e-3, 0.1) | rate}


SPACES = {label: each for sampling in SAMPLINGS for label, each in spaces(sampling).items()}


@functools.cache
def trained(seed):
    """Returns the trials of all searches."""
    drawn = {label: draw_points(each, seed, trials=TRIALS) for label, each in SPACES.items()}
    return together(RECIPE, drawn, seed)


def best(label, seed):
    """Returns how good the best network is that a search finds."""
    trials = trained(seed)[label]
    return trials.loc[trials["score"].idxmax(), ["score", "test_accuracy"]].to_dict()


def log_beats_linear(name, told):
    """Returns the rule that log sampling finds a better network by a point, and it in words."""
    rule = Difference(f"log {name}", f"linear {name}", "score", 0.01)
    return rule, f"Log sampling of {told} finds a better network than linear."


EXPERIMENT = Measurement(
    factor="sampling",
    seeds=16,
    trains=True,
    variants={label: functools.partial(best, label) for label in SPACES},
    claims=[
        Claim("HPO10 one", *log_beats_linear("one", "the learning rate alone, from 0.0001 to 1,")),
        Claim(
            "HPO10 two", *log_beats_linear("two", "learning rate and penalty, from 0.0001 to 1,")
        ),
        Claim("HPO10 four", *log_beats_linear("four", "four hyperparameters, from 0.0001 to 1,")),
        Claim("HPO11 found", *log_beats_linear("momentum", "1 - beta, from 0.001 to 0.1,")),
    ],
)
