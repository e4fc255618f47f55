"""Do PCA and whitening do to the covariance of data what the lectures say?

Five correlated features are rotated onto their principal components and scaled. "The inverse of the
variance", as one lecture has it, does not give the unit matrix; its square root does. A nuisance of
large scale takes the first component unless features are scaled before. On data that the whitening
was not learned from it is only approximate.

References:
    Bishop (2006), Pattern Recognition and Machine Learning, section 12.1.
    Kessy, Lewin and Strimmer (2018), Optimal Whitening and Decorrelation, arXiv:1512.00809.
"""

import numpy as np

from zoo.claims import Claim, Difference, zero
from zoo.experiment import Measurement
from zoo.measure import furthest
from zoo.preprocessing import Chain, Principal, standardise, unchanged

EXAMPLES, FEATURES = 500, 5


def correlated(drawn):
    """Returns a function that draws normal examples of one covariance, shape (examples, 5)."""
    mixing = drawn.normal(size=(FEATURES, FEATURES))
    return lambda count: 3 + drawn.normal(size=(count, FEATURES)) @ mixing


def components(power):
    """Returns a check of data on their principal components, divided by variance ** power."""

    def check(seed):
        drawn = np.random.default_rng(seed)
        x = correlated(drawn)(EXAMPLES)
        rotate = Principal()(x)
        singular = np.linalg.svd(x - x.mean(axis=0), compute_uv=False)
        variances = singular**2 / (EXAMPLES - 1)
        found = np.cov(rotate(x) / variances**power, rowvar=False)
        e = rotate(np.eye(FEATURES)) - rotate(np.zeros((1, FEATURES)))
        d = np.diag(variances)
        ways = drawn.normal(size=(1000, FEATURES))
        ways /= np.linalg.norm(ways, axis=1, keepdims=True)
        along = np.var(x @ ways.T, axis=0, ddof=1).max()
        return {
            "off_diagonal": np.abs(found - np.diag(np.diag(found))).max(),
            "distance_from_d": furthest(found, d),
            "distance_from_inverse_d": furthest(found, np.linalg.inv(d)),
            "distance_from_unit_matrix": furthest(found, np.eye(FEATURES)),
            "distance_of_e_d_e_transposed": furthest(e @ d @ e.T, np.cov(x, rowvar=False)),
            "distance_of_inverse_e": furthest(np.linalg.inv(e), e.T),
            "variance_beyond_the_first": max(0.0, along - variances[0]),
        }

    return check


def nuisance(prepare):
    """Returns a measurement of the first component of a common factor and a large nuisance."""

    def check(seed):
        drawn = np.random.default_rng(seed)
        factor = drawn.normal(size=EXAMPLES)
        noisy = factor[:, None] + 0.5 * drawn.normal(size=(EXAMPLES, FEATURES - 1))
        large = 100 * drawn.normal(size=EXAMPLES)
        x = np.concatenate([noisy, large[:, None]], axis=1)
        first = prepare(x)(x)[:, 0]
        return {
            "correlation_with_nuisance": abs(np.corrcoef(first, large)[0, 1]),
            "correlation_with_factor": abs(np.corrcoef(first, factor)[0, 1]),
        }

    return check


def held_out(prepare):
    """Returns a measurement of data that the preparation was not learned from."""

    def check(seed):
        draw = correlated(np.random.default_rng(seed))
        x_train = draw(EXAMPLES)
        found = np.cov(prepare(x_train)(draw(EXAMPLES)), rowvar=False)
        # How much a full covariance explains beyond a diagonal one, in nats an example.
        gain = (np.log(np.diag(found)).sum() - np.linalg.slogdet(found)[1]) / 2
        return {"off_diagonal_share": off_diagonal_share(found), "gain_from_full": gain}

    return check


def off_diagonal_share(covariance):
    """Returns the share of the squares of a matrix that is not on its diagonal."""
    return 1 - np.square(np.diag(covariance)).sum() / np.square(covariance).sum()


INVERSE, ROOT = "inverse variance", "inverse deviation"
UNIT = "distance_from_unit_matrix"
DOUBLE = 1e-8  # what rounding in double precision explains

EXPERIMENT = Measurement(
    factor="transformation",
    variants={
        "rotated": components(0.0),
        ROOT: components(0.5),
        INVERSE: components(1.0),
        "pca": nuisance(Principal(1)),
        "pca of scaled features": nuisance(Chain((standardise, Principal(1)))),
        "held out": held_out(unchanged),
        "held out - whitened": held_out(Principal(whiten=True)),
    },
    claims=[
        Claim("PRE05", zero("off_diagonal", "distance_from_d", of="rotated", tolerance=DOUBLE)),
        Claim("PRE06", zero(UNIT, of=ROOT, tolerance=DOUBLE)),
        Claim(
            "PRE07",
            zero(
                "distance_of_e_d_e_transposed",
                "distance_of_inverse_e",
                "variance_beyond_the_first",
                of="rotated",
                tolerance=DOUBLE,
            ),
        ),
        Claim("PRE08", zero(UNIT, of=INVERSE, tolerance=DOUBLE)),
        Claim(
            "PRE08 what it gives",
            zero("distance_from_inverse_d", of=INVERSE, tolerance=DOUBLE),
            says="Scaled by the inverse variance, components have the inverse of D as covariance.",
            source="lecture 3, the right form",
        ),
        Claim(
            "PRE15",
            Difference("pca of scaled features", "pca", "correlation_with_factor"),
            "Of features scaled before, the first component follows their common factor closer.",
            deviation="the first component, without a network",
        ),
        Claim(
            "PRE23",
            Difference("held out", "held out - whitened", "off_diagonal_share"),
            "New data have a covariance closer to a diagonal one once they are whitened.",
        ),
    ],
)
