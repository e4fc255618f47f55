"""What do the slides' two search tables themselves say about learning rate and penalty?

Nothing is trained: these are the printed numbers, 11 points of the coarse search and 22 of the fine
one, with the rank correlation between the accuracy and what was searched.

References:
    Spearman (1904), The Proof and Measurement of Association between Two Things.
"""

import numpy as np

from zoo.catalogue import printed_values
from zoo.claims import Claim, Identity
from zoo.experiment import Measurement
from zoo.measure import rank_correlation

RATES, PENALTIES = (1e-6, 1e-3), (1e-5, 1e5)  # of the coarse search


def in_range(logs, low, high):
    """Returns the share of numbers, given by their logarithms, between two others."""
    return np.mean((logs >= np.log(low)) & (logs <= np.log(high)))


def correlations(claim, seed):
    """Returns what the table that a claim is about says."""
    accuracy = printed_values(claim, "val_accuracy")
    rate, penalty = (np.log(printed_values(claim, name)) for name in ("learning_rate", "penalty"))
    return {
        "correlation_with_learning_rate": rank_correlation(accuracy, rate),
        "correlation_with_penalty": rank_correlation(accuracy, penalty),
        "mean_accuracy": np.mean(accuracy),
        "share_in_stated_range": np.mean([in_range(rate, *RATES), in_range(penalty, *PENALTIES)]),
        # 0 at the lower end of the learning rates, 1 at the upper.
        "place_of_best_rate": (rate[np.argmax(accuracy)] - rate.min()) / np.ptp(rate),
    }


EXPERIMENT = Measurement(
    factor="table",
    seeds=1,
    variants={"coarse": "HPO04", "fine": "HPO06"},
    measure=correlations,
    claims=[
        Claim("HPO03", Identity("share_in_stated_range", 1.0, 0.0, ("coarse",))),
        Claim(
            "HPO08 edge",
            Identity("place_of_best_rate", 1.0, 0.05),
            says="The best points of both search tables lie at the upper end of their rates.",
            source="computed from the tables of lectures 0 and 1",
        ),
        Claim(
            "HPO14",
            (
                Identity("correlation_with_learning_rate", 0.8, 0.02),
                Identity("correlation_with_penalty", -0.01, 0.005, ("fine",)),
            ),
        ),
    ],
)
