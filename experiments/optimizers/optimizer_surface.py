"""Which optimizer gets through ravines, off saddles and out of local minima, and how soon?

Four ravines, a hundred times as steep across as along and turned by different angles, are left
behind when no later place is higher than a thousandth of the start, which is mostly a matter of the
walls; the minimum is reached when none is farther from it than a hundredth of the start. Four
saddles, 30 times as steep towards the line through them as along it, are entered next to that line
and left when it is as far away as the start was. There every optimizer counts at its best of six
rates, the highest close to the 2 at which descent diverges. The pits of four
depths on the slope of a bowl are those of `momentum`, come upon from above at its one rate of 0.1;
a pit is left by who ends beyond it.

References:
    Dauphin et al. (2014), Identifying and attacking the saddle point problem, arXiv:1406.2572.
    Kingma and Ba (2015), Adam: A Method for Stochastic Optimization, arXiv:1412.6980.
"""

import functools
import math

import numpy as np
from keras import ops, optimizers

from zoo.claims import Claim, Difference, above
from zoo.experiment import Measurement
from zoo.paths import Path

STEPS, DRAWN = 400, range(0, 401, 40)  # of the path, those in the picture
RATES, PIT_RATE = (0.01, 0.03, 0.1, 0.3, 1.0, 1.8), 0.1
ANGLES = np.radians([10, 30, 50, 80])
TURN = np.array([[np.cos(ANGLES), np.sin(ANGLES)], [-np.sin(ANGLES), np.cos(ANGLES)]])
RAVINE, SADDLE = (1.0, 1 / 100), (1.0, -1 / 30)  # curvatures across and along
PLACE, WIDTH, DEPTHS = 3.0, 0.3, np.array([0.2, 0.4, 0.8, 1.6])


def make(name):
    """Returns an optimizer by its variant's label."""
    if name in ("momentum", "nesterov"):
        return optimizers.SGD(PIT_RATE, 0.9, nesterov=name == "nesterov")
    return optimizers.get({"class_name": name, "config": {"learning_rate": PIT_RATE}})


def height(places):
    """Returns the heights of places, shape (5, 4): ravines, saddles, each in two rows, and pits."""
    turn = ops.convert_to_tensor(TURN, places.dtype)
    found = []
    for row, curvatures in ((0, RAVINE), (2, SADDLE)):
        across, along = (ops.sum(turn[n] * places[row : row + 2], axis=0) for n in (0, 1))
        found += [curvatures[0] * across**2 / 2, curvatures[1] * along**2 / 2]
    away = (places[4] - PLACE) / WIDTH
    pits = ops.convert_to_tensor(DEPTHS, places.dtype) * ops.exp(-(away**2) / 2)
    return ops.stack([*found, places[4] ** 2 / 20 - pits])


@functools.cache
def path(name):
    """Returns what follows an optimizer; compiled once."""
    return Path(make(name), height, (5, 4), STEPS)


def start(seed):
    """Draws where the paths begin, shape (5, 4)."""
    drawn = np.random.default_rng(seed)
    ravine = drawn.uniform(0.5, 1.5, (2, 4)) * drawn.choice([-1, 1], (2, 4))
    saddle = np.stack([np.ones(4), 10 ** drawn.uniform(-3, -2, 4)])
    turned = [np.einsum("abk,ak->bk", TURN, each) for each in (ravine, saddle)]
    return np.concatenate([*turned, np.full((1, 4), drawn.uniform(5, 7))])


def along_axes(places, row):
    """Returns the coordinates across and along, shape (2, steps + 1, 4)."""
    return np.einsum("abk,sbk->ask", TURN, places[:, row : row + 2])


def stays(there):
    """Returns after how many steps a path stays where it should be, by column."""
    away = ~there[::-1]  # from the end on
    return np.where(away.any(axis=0), STEPS + 1 - away.argmax(axis=0), 0).clip(max=STEPS)


def look(places):
    """Returns the steps that each goal takes, and the mean height in the ravines by step."""
    across, along = along_axes(places, 0)
    heights = (RAVINE[0] * across**2 + RAVINE[1] * along**2) / 2
    distances = np.hypot(across, along)
    off = np.abs(along_axes(places, 2)[1]) > 1
    steps = {
        "steps_in_ravine": stays(heights < heights[0] / 1000),
        "steps_to_minimum": stays(distances < distances[0] / 100),
        "steps_in_saddle": np.where(off.any(axis=0), off.argmax(axis=0), STEPS),
    }
    return {goal: each.mean() for goal, each in steps.items()}, heights.mean(axis=1)


def measure(name, seed):
    """Measures an optimizer on every surface, at the best rate for each goal."""
    with np.errstate(over="ignore", invalid="ignore"):  # some rates are too high
        found = {rate: path(name)(start(seed), learning_rate=rate) for rate in RATES}
        steps, heights = zip(*map(look, found.values()), strict=True)
    best = {goal: np.argmin([each[goal] for each in steps]) for goal in steps[0]}
    counts = {goal: steps[place][goal] for goal, place in best.items()}
    return {
        **counts,
        **{f"rate_for_{goal}": RATES[place] for goal, place in best.items()},
        **{
            f"log2_{goal}": math.log2(counts[goal])
            for goal in ("steps_in_ravine", "steps_to_minimum")
        },
        "pits_left": (found[PIT_RATE][-1, 4] < PLACE - 3 * WIDTH).sum(),
        **{("height_in_ravine", step): heights[best["steps_in_ravine"]][step] for step in DRAWN},
    }


def twice(metric):
    """Says that descent has more than twice as much as momentum, of what the logarithm is given."""
    return Difference("descent", "momentum", metric, 1.0)


TWICE = "plain descent needs more than twice as many steps as momentum."
FLAT = {"deviation": "two dimensions"}
OTHERS = ("momentum", "nesterov", "adagrad", "rmsprop", "adam")

EXPERIMENT = Measurement(
    factor="optimizer",
    baseline="descent",
    places="step",
    variants={"descent": "sgd", **{name: name for name in OTHERS}},
    measure=measure,
    claims=[
        Claim(
            "OPT05 ravine",
            above("descent", OTHERS, "steps_in_ravine"),
            "In a ravine each of the five needs fewer steps than plain descent, at its best rate.",
            **FLAT,
        ),
        Claim(
            "OPT05 saddle",
            above("descent", OTHERS, "steps_in_saddle"),
            "Each of the five leaves a saddle in fewer steps than plain descent, at its best rate.",
            **FLAT,
        ),
        Claim(
            "OPT05 minima",
            above(OTHERS, "descent", "pits_left"),
            "Each of the five gets out of more of four local minima than plain descent.",
            deviation="one dimension, one rate for all",
        ),
        Claim("OPT22 ravine", twice("log2_steps_in_ravine"), f"In a ravine {TWICE}", **FLAT),
        Claim("OPT22 minimum", twice("log2_steps_to_minimum"), f"To its minimum {TWICE}", **FLAT),
    ],
)
