"""Where does a search look: how are trials spread by linear, logarithmic, grid and random sampling?

The lectures say that uniform draws between 0.0001 and 1 spend 90 % of the trials above 0.1, that 1
minus beta should be drawn instead of beta, and that a grid of nine tries three values of each
parameter where nine random trials try nine. The trials are keras-tuner's own, 400 a seed; nothing
is trained.

References:
    Bergstra and Bengio (2012), Random Search for Hyper-Parameter Optimization, JMLR 13.
"""

from zoo.claims import Claim, Number, equal
from zoo.experiment import Measurement
from zoo.search_space import Dimension
from zoo.trials import draw_points

TRIALS = 400


def share(dimension, low, high):
    """Returns a measurement of the share of trials between two values."""

    def measure(seed):
        values = draw_points({dimension.name: dimension}, seed, trials=TRIALS)[dimension.name]
        return {"share": values.between(low, high).mean(), "trials": len(values)}

    return measure


def nine(strategy):
    """Returns a measurement of how many values nine trials try of the one that matters."""

    def measure(seed):
        both = {name: Dimension(name, 0.0, 1.0) for name in ("important", "unimportant")}
        points = draw_points(both, seed, strategy=strategy, trials=9)
        return {"distinct_values": points["important"].nunique()}

    return measure


def about(variant, value, tolerance=0.05):
    """Says which share of the trials lies there, about."""
    return Number(variant, "share", value, tolerance)


EXPERIMENT = Measurement(
    factor="sampling",
    variants={
        "alpha": share(Dimension("alpha", 1e-4, 1.0), 0.1, 1.0),
        "alpha log": share(Dimension("alpha", 1e-4, 1.0, "log"), 0.1, 1.0),
        "beta": share(Dimension("beta", 0.9, 0.999), 0.99, 0.999),
        "1 minus beta log": share(Dimension("one_minus_beta", 1e-3, 0.1, "log"), 1e-3, 0.01),
        "learning rate": share(Dimension("learning_rate", 1e-8, 0.1), 1e-8, 1e-3),
        "weight scale": share(Dimension("weight_scale", 1e-5, 0.1), 1e-5, 1e-2),
        "grid of nine": nine("grid"),
        "nine random": nine("random"),
    },
    claims=[
        Claim(
            "HPO09",
            (about("alpha", 0.9), about("alpha log", 0.25)),
            "Linear draws lie above 0.1 in 90 % of the trials, logarithmic ones in 25 %.",
        ),
        Claim(
            "HPO11",
            (about("beta", 1 / 11), about("1 minus beta log", 0.5)),
            "Beta lies above 0.99 in 9 % of linear draws, in 50 % of 1 - beta on a log scale.",
        ),
        Claim(
            "HPO12",
            (
                *equal({"distinct_values": 3.0}, of="grid of nine", tolerance=0.0),
                *equal({"distinct_values": 9.0}, of="nine random", tolerance=0.0),
            ),
            deviation="how many values are tried; not yet what that finds",
        ),
        Claim(
            "HPO13 shares",
            (about("learning rate", 0.01, 0.01), about("weight scale", 0.1)),
            "Drawn linearly, 1 % of the rates lie below 0.001, 10 % of the scales below 0.01.",
            says="Drawn linearly, 1 % of the rates lie below 0.001, 10 % of the scales below 0.01.",
            source="computed from the ranges of lecture 1",
        ),
    ],
)
