"""How many numbers do the forms of a covariance have, and how many examples does each need?

Covariances are estimated in three forms: spherical (one variance), diagonal (one for each feature)
and full. Parameters are counted as the dimensions that estimates of a form span. Overfit is the
mean log density of 15 training examples with five correlated features minus that of new ones. The
updates of a Gaussian mixture are right if they maximise what its step has to maximise, the expected
log density of examples and components: there its gradient is 0.

References:
    Bishop (2006), Pattern Recognition and Machine Learning, sections 2.3 and 9.2.
"""

import numpy as np
from numpy.linalg import matrix_rank as rank

from zoo.claims import Claim, Identity, Order, equal, zero
from zoo.experiment import Measurement
from zoo.measure import numerical_gradient

FORMS = {
    "spherical": lambda cov: np.eye(len(cov)) * np.trace(cov) / len(cov),
    "diagonal": lambda cov: np.diag(np.diag(cov)),
    "full": lambda cov: cov,
}


def form(estimate, points=15, sets=200):
    """Returns a measurement of covariances estimated in one form."""

    def check(seed):
        drawn = np.random.default_rng(seed)
        few = [drawn.normal(size=(points, 2)) for _ in range(30)]
        found = [estimate(np.cov(each, rowvar=False)).ravel() for each in few]
        enough = [n for n in range(2, 8) if rank(estimate(np.cov(few[0][:n].T))) == 2]
        mixing = drawn.normal(size=(5, 5))
        gaps = []
        for _ in range(sets):
            train, test = (drawn.normal(size=(n, 5)) @ mixing for n in (points, 1000))
            mean, cov = train.mean(axis=0), estimate(np.cov(train.T, bias=True))
            gaps.append(log_density(train, mean, cov) - log_density(test, mean, cov))
        return {
            "parameters_of_2_x_2": rank(np.array(found)),
            "points_for_full_rank": enough[0],
            "overfit": np.mean(gaps),
        }

    return check


def log_density(x, mean, cov):
    """Returns the mean log density of examples under a normal distribution."""
    away = x - mean
    squares = np.sum(away @ np.linalg.inv(cov) * away, axis=1)
    return -0.5 * (squares.mean() + np.linalg.slogdet(2 * np.pi * cov)[1])


def mixture_step(seed, components=2, examples=200):
    """Updates a mixture from random responsibilities; measures gradients at the update."""
    drawn = np.random.default_rng(seed)
    x = drawn.normal(size=(examples, 2)) @ np.array([[1.0, 0.5], [0.0, 1.0]])
    shares = drawn.dirichlet(np.ones(components), size=examples)  # (examples, components)
    sums = shares.sum(axis=0)
    weights = sums / examples
    means = shares.T @ x / sums[:, None]
    away = x[:, None] - means  # (examples, components, 2)
    covariances = np.einsum("nk,nki,nkj->kij", shares, away, away) / sums[:, None, None]

    def expected(logits, means, covariances):
        """Returns the expected log density a example; weights are the softmax of the logits."""
        logs = logits - np.log(np.exp(logits).sum())
        away = x[:, None] - means
        squares = np.einsum("nki,kij,nkj->nk", away, np.linalg.inv(covariances), away)
        density = logs - (squares + np.linalg.slogdet(2 * np.pi * covariances)[1]) / 2
        return np.sum(shares * density) / examples

    update = [np.log(weights), means, covariances]
    found = {}
    for place, name in enumerate(("weights", "means", "covariances")):

        def moved(value, place=place):
            parts = [*update[:place], value, *update[place + 1 :]]
            return expected(*parts)

        start = 0 * update[place] + (np.eye(2) if place == 2 else 0.0)
        found[f"gradient_in_{name}"] = np.abs(numerical_gradient(moved, update[place])).max()
        found[f"start_gradient_in_{name}"] = np.abs(numerical_gradient(moved, start)).max()
    return found


GRADIENTS = ("gradient_in_weights", "gradient_in_means", "gradient_in_covariances")
NUMBERS = {"spherical": 1, "diagonal": 2, "full": 3}

EXPERIMENT = Measurement(
    factor="form",
    variants={
        **{name: form(estimate) for name, estimate in FORMS.items()},
        "mixture": mixture_step,
    },
    claims=[
        Claim(
            "PRE19",
            tuple(Identity("parameters_of_2_x_2", n, 0.0, (k,)) for k, n in NUMBERS.items()),
        ),
        Claim(
            "PRE20",
            equal({"points_for_full_rank": 3.0}, of="full", tolerance=0.0),
            "Three points are the fewest that give a 2 x 2 covariance of full rank.",
            deviation="three, as the mean is estimated too",
        ),
        Claim(
            "PRE21",
            Order(tuple(FORMS), "overfit"),
            "Spherical covariances overfit less than diagonal ones, and these less than full ones.",
        ),
        Claim("PRE22", zero(*GRADIENTS, of="mixture", tolerance=1e-6)),
    ],
)
