"""Intervals and tests of seeds that share examples, by hand and on simulated learners."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from zoo.claims import SUPPORTED, UNDECIDED, Claim, Difference, Equivalence, Trend
from zoo.evidence.cells import Cells
from zoo.evidence.power import seeds_needed
from zoo.evidence.statistics import (
    equivalence_p,
    mean_interval,
    mean_p,
    sign_flip_p,
    student_p,
    trend_p,
    welch_interval,
)
from zoo.evidence.verdicts import settle

VALUES = [0.01, 0.03, 0.02, 0.05, 0.04]
OVERLAP = 0.25


def test_the_interval_and_p_are_those_of_nadeau_and_bengio():
    # Mean 0.03, variance 0.001 / 4; its error sqrt(0.00025 * (1/5 + 1/4)).
    error = math.sqrt(0.00025 * 0.45)
    critical = 2.7764451  # of Student's t with 4 degrees of freedom, 95 %
    found = mean_interval(VALUES, overlap=OVERLAP)
    assert found.mean == pytest.approx(0.03)
    assert found.low == pytest.approx(0.03 - critical * error)
    assert found.high == pytest.approx(0.03 + critical * error)
    assert student_p(VALUES, OVERLAP) == pytest.approx(2 * stats.t.sf(0.03 / error, 4))


def test_no_test_decides_what_it_would_not_of_independent_seeds():
    gaps = GAPS.tolist()
    assert mean_p(gaps, OVERLAP) == student_p(gaps, OVERLAP) > mean_p(gaps)
    assert mean_p(VALUES, OVERLAP) == sign_flip_p(VALUES) == 2 / 2**5
    same = [0.1, 0.1, 0.1]  # t alone would be sure
    assert student_p(same, OVERLAP) == 0
    assert mean_p(same, OVERLAP) == sign_flip_p(same) == 2 / 2**3


def test_interval_and_test_agree_at_every_level():
    p = student_p(VALUES, OVERLAP)
    assert mean_interval(VALUES, 1 - p, OVERLAP).low == pytest.approx(0, abs=1e-12)


def test_without_overlap_nothing_changes():
    assert mean_interval(VALUES, overlap=0.0) == mean_interval(VALUES)
    assert mean_p(VALUES, 0.0) == mean_p(VALUES) > student_p(VALUES)
    assert seeds_needed(VALUES, 0.0, overlap=0.0) == seeds_needed(VALUES, 0.0)


def test_the_difference_of_two_means_has_the_correction_of_each():
    first, second = [0.1, 0.2, 0.4, 0.3], [0.5, 0.7, 0.6]
    found = welch_interval(first, second, overlaps=(0.25, 0.0))
    squares = np.var(first, ddof=1) * (1 / 4 + 0.25), np.var(second, ddof=1) / 3
    freedom = sum(squares) ** 2 / (squares[0] ** 2 / 3 + squares[1] ** 2 / 2)
    half = stats.t.ppf(0.975, freedom) * math.sqrt(sum(squares))
    assert (found.low, found.high) == pytest.approx((found.mean - half, found.mean + half))


def test_equivalence_is_the_corrected_t_at_both_ends():
    ends = [mean_p([value - edge for value in VALUES], OVERLAP) for edge in (-0.1, 0.1)]
    assert equivalence_p(VALUES, 0.1, OVERLAP) == max(ends)


def test_seeds_that_would_decide_grow_with_overlap_until_none_do():
    wide = [0.0, 0.06, 0.02, 0.05, 0.02]
    free, shared, none = (seeds_needed(wide, overlap=overlap) for overlap in (0.0, 0.1, 5.0))
    assert 0 < free < shared
    assert none == 0
    power = 0.8  # of the noncentral t, with the noncentrality that the correction leaves
    deviation, mean = np.std(wide, ddof=1), np.mean(wide)

    def shown(n):
        critical = stats.t.ppf(0.975, n - 1)
        return stats.nct.sf(critical, n - 1, mean / deviation * math.sqrt(n / (1 + n * 0.1)))

    assert shown(shared) >= power > shown(shared - 1)


def cells(overlap, **values):
    rows = [
        {"variant": label, "seed": seed, "test_accuracy": value, "test_loss": 1 - value}
        for label, own in values.items()
        for seed, value in enumerate(own)
    ]
    return Cells(pd.DataFrame(rows), overlap=overlap)


GAPS = np.array([2, 0, 3, 1, 2, 1, 0.5, 2.5]) / 100  # p 0.016, and 0.04 corrected for 0.2
BASE = np.array([50, 51, 49, 50.5, 49.5, 50, 51.5, 48.5]) / 100


def verdict(rule, overlap, **values):
    claim = Claim("MINE", rule, says="It is.")
    return settle([claim], cells(overlap, **values))[0]


def test_verdicts_of_all_kinds_are_corrected():
    rules = {
        Difference("b", "a"): {"a": BASE, "b": BASE + GAPS},
        Equivalence("a", "b", margin=0.03): {"a": BASE, "b": BASE + GAPS},
        Trend(("a", "b", "c")): {"a": BASE, "b": BASE + GAPS, "c": BASE + 2 * GAPS},
    }
    for rule, values in rules.items():
        before, after = (verdict(rule, overlap, **values) for overlap in (0.0, 1.0))
        assert before.verdict == SUPPORTED, rule
        assert after.verdict == UNDECIDED, rule
        assert after.p > before.p
    shared = verdict(Difference("b", "a"), 0.2, a=BASE, b=BASE + GAPS)
    assert shared.p == pytest.approx(student_p(GAPS.tolist(), 0.2))
    low = mean_interval(GAPS.tolist(), overlap=0.2).low
    assert f"[{100 * low:.1f}, " in shared.evidence
    rising = np.array([BASE, BASE + GAPS, BASE + 2 * GAPS]).T
    trend = verdict(Trend(("a", "b", "c")), 0.2, a=BASE, b=BASE + GAPS, c=BASE + 2 * GAPS)
    assert trend.p == pytest.approx(student_p((2 * GAPS).tolist(), 0.2))
    assert trend.p > trend_p(rising)


POOL, TRAIN, TEST, SEEDS, SIMULATED = 300, 225, 75, 8, 1000


def equal_learners(generator):
    """Returns differences of test accuracy, one a seed, of two learners of equal accuracy.

    Each learner tells two classes apart by the means of the training examples of its own feature.
    The features are equally good. Every seed splits the same examples anew.
    """
    y = generator.permutation(np.arange(POOL) % 2)
    x = generator.normal(size=(2, POOL)) + 0.5 * (2 * y - 1)
    gaps = []
    for _ in range(SEEDS):
        order = generator.permutation(POOL)
        train, test = order[:TRAIN], order[TRAIN:]
        right = []
        for feature in x:
            low, high = (feature[train][y[train] == label].mean() for label in (0, 1))
            guessed = (feature[test] > (low + high) / 2) == (high > low)
            right.append(np.mean(guessed == y[test]))
        gaps.append(right[1] - right[0])
    return gaps


def test_equal_learners_are_told_apart_in_a_twentieth_of_the_pools_only_if_corrected():
    generator = np.random.default_rng(0)
    several = [equal_learners(generator) for _ in range(SIMULATED)]
    corrected = np.mean([mean_p(gaps, TEST / TRAIN) < 0.05 for gaps in several])
    naive = np.mean([mean_p(gaps) < 0.05 for gaps in several])
    assert corrected < 0.05 + 4 * math.sqrt(0.05 * 0.95 / SIMULATED)
    assert naive > 0.15
    inside = [mean_interval(gaps, overlap=TEST / TRAIN) for gaps in several]
    covered = np.mean([each.low <= 0 <= each.high for each in inside])
    assert covered == pytest.approx(1 - corrected, abs=1e-9)
