"""How much too good is the accuracy of a model on the examples that it was chosen by?

A hundred classifiers of ten overlapping normal clusters take the nearest mean, each of its own half
of 400 training examples and of the features. The best of 1, 10 or 100 of them on 200 examples is
chosen; optimism is its accuracy there, or on 200 others, less that on 50,000. Means over a hundred
such sets. Beside it stands the expected maximum of as many independent binomials of the models'
mean accuracy: models err on the same examples, so they gain less.

References:
    Cawley and Talbot (2010), On Over-fitting in Model Selection, JMLR 11.
    Recht et al. (2019), Do ImageNet Classifiers Generalize to ImageNet?, arXiv:1902.10811.
"""

import functools

import numpy as np

from zoo.claims import Claim, Difference, Number, Trend
from zoo.experiment import Measurement

INPUTS, CLASSES, TRAINING = 20, 10, 400
MODELS, SETS, SIZE, FRESH = 100, 100, 200, 50_000


@functools.cache
def rights(seed):
    """Returns which fresh examples each model has right, shape (MODELS, FRESH)."""
    drawn = np.random.default_rng(seed)
    centres = drawn.normal(0, 0.6, (CLASSES, INPUTS))
    y = drawn.integers(CLASSES, size=TRAINING + FRESH)
    x = (centres[y] + drawn.normal(size=(len(y), INPUTS))).astype("float32")
    found = []
    for _ in range(MODELS):
        own = drawn.permutation(TRAINING)[: TRAINING // 2]
        features = drawn.permutation(INPUTS)[: INPUTS // 2]
        one_hot = np.eye(CLASSES, dtype="float32")[y[own]]
        sums = one_hot.T @ x[own][:, features]
        means = sums / np.maximum(one_hot.sum(axis=0), 1)[:, None]
        distances = (means**2).sum(axis=1) - 2 * x[TRAINING:, features] @ means.T
        found.append(distances.argmin(axis=1) == y[TRAINING:])
    return np.array(found)


def measure(variant, seed):
    """Measures the optimism about the best of some models, chosen and reported on sets."""
    number, apart = variant
    right = rights(seed)
    truth = right.mean(axis=1)
    sets = right[:, : 2 * SETS * SIZE].reshape(MODELS, 2, SETS, SIZE).mean(axis=3)
    chosen_by, reported = sets[:, 0], sets[:, int(apart)]  # (models, sets)
    drawn = np.random.default_rng((seed, number))
    gains = []
    for nth in range(SETS):
        candidates = drawn.permutation(MODELS)[:number]
        best = candidates[np.argmax(chosen_by[candidates, nth])]
        gains.append(reported[best, nth] - truth[best])
    maxima = drawn.binomial(SIZE, truth.mean(), (10_000, number)).max(axis=1) / SIZE
    return {
        "mean_accuracy": truth.mean(),
        "optimism": np.mean(gains),
        "optimism_of_binomials": maxima.mean() - truth.mean(),
    }


ONE, TEN, HUNDRED = (f"best of {number}" for number in (1, 10, 100))
APART = "best of 100 - other examples"

EXPERIMENT = Measurement(
    factor="models",
    variants={ONE: (1, False), TEN: (10, False), HUNDRED: (100, False), APART: (100, True)},
    measure=measure,
    claims=[
        Claim(
            "SPL06",
            (Trend((ONE, TEN, HUNDRED), "optimism"), Number(APART, "optimism", 0.0, 0.01)),
            "The more models are chosen from, the further is the best one's accuracy too high on "
            "the 200 examples that chose it; on 200 others it is right.",
            deviation="nearest-mean classifiers",
        ),
        Claim(
            "SPL07",
            Difference(HUNDRED, APART, "optimism", margin=0.01),
            "Chosen and reported on the same 200 examples, the best of 100 models looks better by "
            "more than one point than on 200 others.",
            deviation="nearest-mean classifiers",
        ),
    ],
)
