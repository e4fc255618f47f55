"""How exactly do the splits of the lectures measure an accuracy, and what do K folds cost?

Examples of ten overlapping normal clusters are split a hundred times. The classifier that is
fitted takes the nearest mean, so that thousands of fits cost seconds. Its accuracies on validation
and test part, which are equally large, differ by the errors of both: their root mean square over
the square root of 2 is held against the standard error of a share, sqrt(p (1 - p) / n). Of folds
fits are counted, and examples that these go through. Accuracies that a lecture prints with six
decimals are asked of how many examples they can be a share.

References:
    Kohavi (1995), A study of cross-validation and bootstrap for accuracy estimation, IJCAI.
"""

import numpy as np

from zoo import catalogue
from zoo.claims import Claim, Difference, Number, Ratio, equal
from zoo.experiment import Measurement
from zoo.measure import rms

INPUTS, CLASSES, FRESH, SPLITS = 20, 10, 10_000, 100
SMALL, LARGE = 1000, 50_000


def clusters(seed, examples):
    """Draws examples, shape (examples, INPUTS), and their classes; the centres are the seed's."""
    centres = np.random.default_rng(seed).normal(0, 0.6, (CLASSES, INPUTS))
    drawn = np.random.default_rng((seed, examples))
    y = drawn.integers(CLASSES, size=examples)
    return (centres[y] + drawn.normal(size=(examples, INPUTS))).astype("float32"), y


def fit(x, y):
    """Returns the mean of each class, shape (CLASSES, INPUTS)."""
    one_hot = np.eye(CLASSES, dtype="float32")[y]
    return one_hot.T @ x / np.maximum(one_hot.sum(axis=0)[:, None], 1)


def accuracy(means, x, y):
    """Returns the share of examples that are nearest to the mean of their class."""
    distances = (means**2).sum(axis=1) - 2 * x @ means.T
    return np.mean(distances.argmin(axis=1) == y)


def split(examples, *percent):
    """Returns a measurement of splits with these percentages to train, and to validate, on."""
    training, held_out = (examples * share // 100 for share in percent)

    def check(seed):
        (x, y), drawn = clusters(seed, examples), np.random.default_rng((seed, 1))
        found = []
        for _ in range(SPLITS):
            parts = np.split(drawn.permutation(examples), [training, training + held_out])
            means = fit(x[parts[0]], y[parts[0]])
            found.append([accuracy(means, x[p], y[p]) for p in (parts[1], parts[2])])
        validation, test = np.transpose(found)
        error, p = rms(validation - test) / 2**0.5, np.mean(found)
        return {
            "validation_examples": held_out,
            "standard_error": error,
            "standard_error_over_binomial": error / (p * (1 - p) / held_out) ** 0.5,
            "test_accuracy": test.mean(),
        }

    return check


def folds(number):
    """Returns a measurement of folds, each validated on once; of one, a fifth is held out."""

    def check(seed):
        (x, y), fresh = clusters(seed, SMALL * SPLITS), clusters(seed, FRESH)
        distances = []
        for own in np.split(np.arange(len(x)), SPLITS):  # data sets of their own
            seen, estimates = [], []
            for part in np.split(own, number if number > 1 else 5)[:number]:
                rest = np.setdiff1d(own, part)
                means = fit(x[rest], y[rest])
                seen.append(len(rest))
                estimates.append(accuracy(means, x[part], y[part]))
            distances.append(np.mean(estimates) - accuracy(means, *fresh))
        found = {"fits": len(seen), "examples_gone_through": sum(seen)}
        return found | {"standard_error": rms(distances)}

    return check


def printed(claim):
    """Returns the smallest number of examples of which all printed accuracies are shares."""

    def check(_):
        values = np.array(catalogue.printed_values(claim, "val_accuracy"))
        sizes = np.arange(1, 2001)[:, None]
        shares = np.round(values * sizes) / sizes
        exact = (abs(shares - values) <= catalogue.ROUNDING).all(axis=1)
        return {"smallest_hold_out": np.argmax(exact) + 1, "printed": len(values)}

    return check


CLASSICAL, SCARCE = "60/20/20 of 1000", "98/1/1 of 1000"
MANY, DEEP = "60/20/20 of 50000", "98/1/1 of 50000"
HOLD_OUT, TEN = "hold-out", "10 folds"

EXPERIMENT = Measurement(
    factor="split",
    variants={
        CLASSICAL: split(SMALL, 60, 20),
        SCARCE: split(SMALL, 98, 1),
        MANY: split(LARGE, 60, 20),
        DEEP: split(LARGE, 98, 1),
        HOLD_OUT: folds(1),
        "5 folds": folds(5),
        TEN: folds(10),
        "printed coarse search": printed("HPO04"),
        "printed fine search": printed("HPO06"),
    },
    claims=[
        Claim(
            "SPL01",
            (
                Number(CLASSICAL, "standard_error_over_binomial", 1.0, 0.2),
                Number(MANY, "standard_error_over_binomial", 1.0, 0.2),
            ),
            "At 60/20/20 of 1,000 and of 50,000 examples a validation accuracy has the standard "
            "error of a share, within a fifth.",
        ),
        Claim(
            "SPL02",
            (
                Ratio(DEEP, MANY, "standard_error", 20**0.5, 1.2),
                Difference(CLASSICAL, DEEP, "standard_error"),
            ),
            "Of 50,000 examples a hundredth measures 4.5 times less exactly than a fifth, and "
            "still more exactly than a fifth of 1,000.",
        ),
        Claim(
            "SPL03",
            equal({"fits": 10, "examples_gone_through": 9 * SMALL}, TEN)
            + equal({"fits": 1, "examples_gone_through": 0.8 * SMALL}, HOLD_OUT),
            "On 1,000 examples ten folds take ten fits of 900, a held-out fifth takes one of 800.",
        ),
        Claim(
            "SPL13",
            equal({"smallest_hold_out": 1000}, tolerance=0.0),
            "All 33 printed accuracies are shares of 1,000 examples, and of no smaller number.",
        ),
    ],
)
