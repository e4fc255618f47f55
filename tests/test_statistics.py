import itertools
import math

import numpy as np
import pytest
from scipy import stats

from zoo.statistics import mean_interval, noise_floor, sign_flip_p


def sign_flip_by_hand(differences):
    """Counts, over all signs, the sums at least as far from 0; exact for whole numbers."""
    signs = list(itertools.product((1, -1), repeat=len(differences)))
    sums = [abs(sum(map(int.__mul__, row, differences))) for row in signs]
    return sum(value >= abs(sum(differences)) for value in sums) / len(signs)


def test_the_interval_of_two_values_in_closed_form():
    # With one degree of freedom t is Cauchy: its 97.5 % quantile is tan(0.475 pi). The standard
    # error of 1 and 3 is sqrt(2) / sqrt(2) = 1.
    estimate = mean_interval([1.0, 3.0])
    half = math.tan(0.475 * math.pi)
    assert (estimate.mean, estimate.n) == (2.0, 2)
    assert estimate.low == pytest.approx(2 - half, rel=1e-12)
    assert estimate.high == pytest.approx(2 + half, rel=1e-12)


def test_the_interval_of_three_values_in_closed_form():
    # With two degrees of freedom the quantile at p is (2p - 1) / sqrt(2 p (1 - p)).
    quantile = 0.95 / math.sqrt(2 * 0.975 * 0.025)
    estimate = mean_interval([1.0, 2.0, 3.0])
    assert estimate.mean == 2.0
    assert estimate.high - 2 == pytest.approx(quantile / math.sqrt(3), rel=1e-12)


@pytest.mark.parametrize("n", [2, 3, 5, 8, 30])
def test_the_interval_is_students(n):
    values = np.random.default_rng(n).normal(0.9, 0.01, n).tolist()
    mean = math.fsum(values) / n
    s = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
    half = stats.t.ppf(0.975, n - 1) * s / math.sqrt(n)
    estimate = mean_interval(values)
    assert estimate.n == n
    assert estimate.mean == pytest.approx(mean, rel=1e-12)
    assert estimate.low == pytest.approx(mean - half, rel=1e-9)
    assert estimate.high == pytest.approx(mean + half, rel=1e-9)


def test_equal_values_have_an_interval_of_no_width():
    estimate = mean_interval([0.5] * 4)
    assert (estimate.mean, estimate.low, estimate.high, estimate.n) == (0.5, 0.5, 0.5, 4)


def test_one_value_has_a_mean_but_no_interval():
    estimate = mean_interval([0.25])
    assert (estimate.mean, estimate.n) == (0.25, 1)
    assert math.isnan(estimate.low)
    assert math.isnan(estimate.high)


@pytest.mark.parametrize("values", [[], [math.nan], [1.0, math.inf], [1.0, math.nan, 2.0]])
def test_without_finite_values_nothing_is_estimated(values):
    estimate = mean_interval(values)
    assert all(math.isnan(part) for part in (estimate.mean, estimate.low, estimate.high))
    assert estimate.n == len(values)


@pytest.mark.parametrize("n", range(2, 9))
def test_sign_flip_p_is_the_share_of_all_sign_assignments(n):
    generator = np.random.default_rng(n)
    for _ in range(5):
        # Few different whole numbers: many ties among the sums, zeros among the differences.
        differences = generator.integers(-3, 5, n).tolist()
        assert sign_flip_p(differences) == sign_flip_by_hand(differences)


@pytest.mark.parametrize(
    ("differences", "p"),
    [
        ([0, 0, 0], 1.0),  # nothing differs
        ([1, -1], 1.0),  # the mean is 0: every assignment is as far
        ([1, 1], 2 / 4),
        ([1, 1, 0], 4 / 8),  # the zero doubles both ends
        ([2, 1, 1], 2 / 8),
        ([3, 1, -1], 6 / 8),  # the sums are 5, 3, 3, 1 and their negatives
    ],
)
def test_sign_flip_p_worked_by_hand(differences, p):
    assert sign_flip_p(differences) == p


@pytest.mark.parametrize("n", range(2, 9))
def test_the_smallest_p_is_two_of_all_assignments(n):
    differences = [1.0 + place / 7 for place in range(n)]
    assert sign_flip_p(differences) == 2 / 2**n
    assert sign_flip_p([-value for value in differences]) == 2 / 2**n


def test_ties_count_although_their_sums_round_differently():
    # In tenths: 0.1 + 0.2 - 0.3 is not 0.0 in binary, yet it is as far as 0.
    tenths = [1, 2, 3, 4]
    for signs in itertools.product((1, -1), repeat=3):
        exact = [tenths[0], *map(int.__mul__, signs, tenths[1:])]
        if sum(exact):
            assert sign_flip_p([value / 10 for value in exact]) == sign_flip_by_hand(exact)


def test_sign_flip_p_ignores_order_sign_and_unit():
    differences = [3.0, -1.0, 2.0, 5.0, 0.0]
    p = sign_flip_p(differences)
    assert sign_flip_p(differences[::-1]) == p
    assert sign_flip_p([-value for value in differences]) == p
    assert sign_flip_p([value / 1024 for value in differences]) == p


@pytest.mark.parametrize("differences", [[], [1.0], [1.0, math.nan], [math.inf, 1.0, 1.0]])
def test_without_two_finite_pairs_there_is_no_p(differences):
    assert math.isnan(sign_flip_p(differences))


def test_thirteen_pairs_are_still_counted_and_more_are_drawn_reproducibly():
    assert sign_flip_p([1.0 + place / 7 for place in range(13)]) == 2 / 2**13
    many = np.random.default_rng(0).normal(0.3, 1.0, 16).tolist()
    drawn = sign_flip_p(many)
    assert drawn == sign_flip_p(many)
    # Independent and exact: all 2**16 sign assignments, through every half sum plus every other.
    halves = [
        np.array(list(itertools.product((1, -1), repeat=8))) @ np.array(many[start : start + 8])
        for start in (0, 8)
    ]
    exact = np.mean(np.abs(halves[0][:, None] + halves[1]) >= abs(sum(many)) - 1e-12)
    assert drawn == pytest.approx(exact, abs=4 * 2 * math.sqrt(exact / 2 / 9999))


@pytest.mark.parametrize(("share", "examples"), [(0.5, 100), (0.9, 1000), (0.98, 359)])
def test_the_noise_floor_is_the_spread_of_a_binomial_share(share, examples):
    outcomes = np.arange(examples + 1)
    spread = stats.binom(examples, share).pmf(outcomes) @ (outcomes / examples - share) ** 2
    assert noise_floor(share, examples) == pytest.approx(math.sqrt(spread), rel=1e-9)


def test_the_noise_floor_in_closed_form():
    assert noise_floor(0.5, 100) == 0.05
    assert noise_floor(0.8, 400) == pytest.approx(0.02)
    assert noise_floor(0.0, 10) == noise_floor(1.0, 10) == 0.0
