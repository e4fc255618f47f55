import itertools
import math

import numpy as np
import pytest

from zoo.evidence.statistics import (
    sign_flip_p,
)


def sign_flip_by_hand(differences):
    """Counts, over all signs, the sums at least as far from 0; exact for whole numbers."""
    signs = list(itertools.product((1, -1), repeat=len(differences)))
    sums = [abs(sum(map(int.__mul__, row, differences))) for row in signs]
    return sum(value >= abs(sum(differences)) for value in sums) / len(signs)


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


def test_ties_of_accuracies_stay_ties_in_a_file_of_ten_digits():
    right = [1, -5, -11, -5, -5, -2, -2, 3]  # of 359 test examples
    kept = [float(f"{(300 + each) / 359:.10g}") - float(f"{300 / 359:.10g}") for each in right]
    assert sign_flip_p(kept) == sign_flip_by_hand(right) == 18 / 2**8


def test_sign_flip_p_ignores_order_sign_and_unit():
    differences = [3.0, -1.0, 2.0, 5.0, 0.0]
    p = sign_flip_p(differences)
    assert sign_flip_p(differences[::-1]) == p
    assert sign_flip_p([-value for value in differences]) == p
    assert sign_flip_p([value / 1024 for value in differences]) == p


@pytest.mark.parametrize("differences", [[], [1.0], [1.0, math.nan], [math.inf, 1.0, 1.0]])
def test_without_two_finite_pairs_there_is_no_p(differences):
    assert math.isnan(sign_flip_p(differences))


def exact_p(values):
    """Counts all assignments of signs, through every sum of a half plus every one of the other."""
    middle = len(values) // 2
    halves = [
        np.array(list(itertools.product((1, -1), repeat=len(part)))) @ np.array(part)
        for part in (values[:middle], values[middle:])
    ]
    return np.mean(np.abs(halves[0][:, None] + halves[1]) >= abs(sum(values)) - 1e-12)


def test_sixteen_pairs_are_still_counted_and_more_are_drawn_reproducibly():
    assert sign_flip_p([1.0 + place / 7 for place in range(16)]) == 2 / 2**16
    many = np.random.default_rng(0).normal(0.3, 1.0, 18).tolist()
    assert sign_flip_p(many[:16]) == pytest.approx(exact_p(many[:16]), abs=1e-12)
    drawn, exact = sign_flip_p(many), exact_p(many)
    assert drawn == sign_flip_p(many)
    assert drawn == pytest.approx(exact, abs=4 * 2 * math.sqrt(exact / 2 / 9999))
    assert sign_flip_p([1.0] * 20) == 2 / 10_000  # what is observed counts as drawn


def test_differences_that_tie_but_for_rounding_are_ties():
    # In 1/359: the sums tie exactly as whole numbers, not as quotients of rounded shares.
    shares = np.array([340, 338, 341, 345, 339, 333]) / 359
    other = np.array([339, 336, 338, 341, 340, 331]) / 359
    assert sign_flip_p((shares - other).tolist()) == sign_flip_by_hand([1, 2, 3, 4, -1, 2])
    # Most of the digits cancel: what is left is thousandths but for errors of 1e-13.
    thousandths = [1, 2, 3, -3, 4]
    losses = [1000 + part / 1000 for part in thousandths]
    gaps = [loss - 1000 for loss in losses]
    for signs in itertools.product((1, -1), repeat=5):
        turned = [sign * gap for sign, gap in zip(signs, gaps, strict=True)]
        exact = [sign * part for sign, part in zip(signs, thousandths, strict=True)]
        assert sign_flip_p(turned) == sign_flip_by_hand(exact)


@pytest.mark.parametrize("n", [2, 5, 8])
def test_one_sided_sign_flips_add_up(n):
    values = np.random.default_rng(n).normal(0.2, 1, n).tolist()
    above, below = sign_flip_p(values, "greater"), sign_flip_p(values, "less")
    # Without ties the sample itself is in both tails, nothing else is.
    assert above + below == pytest.approx(1 + 1 / 2**n)
    assert sign_flip_p(values) == pytest.approx(2 * min(above, below))
