"""Is a run lost once its cost exceeds three times the original cost, and what does stopping save?

The lectures say: break out early. Rates are drawn from where SGD with momentum begins to diverge;
all trials are trained to the end, and it is looked up where the rule would have stopped them and
how they ended. The original cost is that of the first epoch. A trial is good if it comes half-way
from chance to the best of its search.

References:
    Karpathy (2015), CS231n lecture notes, Neural Networks Part 3.
"""

import functools

import keras
import numpy as np
from keras import layers, optimizers

from callbacks.divergence_guard import broken_rule
from zoo.claims import Claim, Difference, zero
from zoo.experiment import Measurement, Recipe
from zoo.search_space import Dimension
from zoo.trials import draw_points, together

TRIALS, CHANCE = 16, 0.1
SPACE = {"learning_rate": Dimension("learning_rate", 0.3, 3.0, "log")}


def build_model(input_shape, num_classes, units=50):
    """Builds a ReLU network with one hidden layer."""
    hidden = layers.Dense(units, "relu", kernel_initializer="he_normal")
    stack = [keras.Input(input_shape), layers.Flatten(), hidden, layers.Dense(num_classes)]
    return keras.Sequential(stack)


RECIPE = Recipe(
    build_model=build_model,
    optimizer=lambda rate: optimizers.SGD(rate, momentum=0.9),
    learning_rates=(0.3,),
    epochs=20,
    batch_size=100,
)


def end(losses, factor):
    """Returns after how many epochs a run ends."""
    lost = [epoch for epoch, cost in enumerate(losses, 1) if broken_rule(cost, losses[0], factor)]
    return min(lost, default=len(losses))


@functools.cache
def trained(seed):
    """Returns the trials of a search that stops none."""
    return together(RECIPE, {"all": draw_points(SPACE, seed, trials=TRIALS)}, seed)["all"]


def searched(limit, seed):
    """Measures a search that stops runs at this many times the original cost."""
    trials = trained(seed)
    ends = np.array([end(losses, limit) for losses in trials["losses"]])
    stopped = ends < trials["epochs"]
    good = trials["score"] > (CHANCE + trials["score"].max()) / 2
    return {
        "epochs": ends.sum(),
        "stopped": stopped.mean(),
        "false_stops": (stopped & good).sum(),
        "score": trials["score"].where(~stopped, CHANCE).max(),
    }


EXPERIMENT = Measurement(
    factor="limit",
    baseline="never",
    measure=searched,
    trains=True,
    variants={"never": 1e300, "3 times": 3.0, "1.5 times": 1.5},
    claims=[
        Claim(
            "HPO02",
            zero("false_stops", of="3 times", tolerance=0.0),
            "No run whose cost exceeds three times the first would come half-way to the best.",
        ),
        Claim(
            "HPO02 saves",
            Difference("never", "3 times", "epochs"),
            "Where rates are large, stopping at three times the first cost saves epochs.",
        ),
    ],
)
