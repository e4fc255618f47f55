import itertools
import math

import numpy as np
import pytest
from scipy import stats

from zoo.evidence.power import seeds_needed
from zoo.evidence.statistics import (
    benjamini_hochberg,
    equivalence_p,
    fewest_seeds,
    holm,
    mean_interval,
    mean_p,
    share_interval,
    sign_flip_p,
    skewness_adjusted_p,
    student_p,
    trend_p,
    welch_interval,
)


def test_the_interval_of_three_values_in_closed_form():
    # With two degrees of freedom the quantile at p is (2p - 1) / sqrt(2 p (1 - p)).
    quantile = 0.95 / math.sqrt(2 * 0.975 * 0.025)
    estimate = mean_interval([1.0, 2.0, 3.0])
    assert estimate.mean == 2.0
    assert estimate.high - 2 == pytest.approx(quantile / math.sqrt(3), rel=1e-12)


@pytest.mark.parametrize("n", [3, 5, 8, 30])
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


@pytest.mark.parametrize("values", [[0.25], [0.25, 0.75], [0.5, 0.5]])
def test_below_three_values_there_is_a_mean_but_no_interval(values):
    estimate = mean_interval(values)
    assert (estimate.mean, estimate.n) == (sum(values) / len(values), len(values))
    assert math.isnan(estimate.low)
    assert math.isnan(estimate.high)
    assert str(estimate.within(0, 1)) == str(estimate)


def test_an_interval_is_cut_where_no_value_can_be():
    estimate = mean_interval([0.0, 0.5, 1.0])
    assert estimate.low < 0 < 1 < estimate.high
    cut = estimate.within(0, 1)
    assert (cut.mean, cut.low, cut.high, cut.n) == (0.5, 0.0, 1.0, 3)
    assert estimate.within(-math.inf, math.inf) == estimate


@pytest.mark.parametrize(("n", "m"), [(3, 3), (8, 8), (8, 16), (30, 3)])
def test_the_interval_of_values_that_are_no_pairs_is_welchs(n, m):
    generator = np.random.default_rng([n, m])
    first, second = generator.normal(0, 1, n), generator.normal(1, 5, m)
    expected = stats.ttest_ind(second, first, equal_var=False).confidence_interval(0.95)
    found = welch_interval(first.tolist(), second.tolist())
    assert found.mean == pytest.approx(second.mean() - first.mean(), rel=1e-12)
    assert (found.low, found.high) == pytest.approx(tuple(expected), rel=1e-9)
    assert found.n == min(n, m)
    wider = welch_interval(first.tolist(), second.tolist(), 0.99)
    assert wider.low < found.low < found.high < wider.high


def test_values_that_are_no_pairs_without_spread_or_in_too_small_a_number():
    found = welch_interval([0.5] * 3, [0.75] * 4)
    assert (found.mean, found.low, found.high, found.n) == (0.25, 0.25, 0.25, 3)
    for first, second in (([1.0, 2.0], [1.0] * 8), ([1.0] * 8, [1.0, 2.0])):
        few = welch_interval(first, second)
        assert math.isfinite(few.mean)
        assert math.isnan(few.low)
    assert math.isnan(welch_interval([1.0, 2.0, math.nan], [1.0] * 3).mean)


@pytest.mark.parametrize("values", [[], [math.nan], [1.0, math.inf], [1.0, math.nan, 2.0]])
def test_without_finite_values_nothing_is_estimated(values):
    estimate = mean_interval(values)
    assert all(math.isnan(part) for part in (estimate.mean, estimate.low, estimate.high))
    assert estimate.n == len(values)


def student_by_hand(values):
    """Returns mean over standard error, with plain sums."""
    n = len(values)
    mean = math.fsum(values) / n
    variance = math.fsum((value - mean) ** 2 for value in values) / (n - 1)
    return mean / math.sqrt(variance / n)


@pytest.mark.parametrize("n", [2, 3, 6, 8, 20])
def test_student_p_is_scipys(n):
    values = np.random.default_rng(n).normal(0.5, 1, n).tolist()
    p = student_p(values)
    assert p == pytest.approx(stats.ttest_1samp(values, 0).pvalue, rel=1e-9)
    assert p == pytest.approx(2 * stats.t.sf(abs(student_by_hand(values)), n - 1), rel=1e-9)


def test_student_p_of_two_values_in_closed_form():
    # t of 1 and 3 is 2 / 1, with one degree of freedom: Cauchy.
    assert student_p([1.0, 3.0]) == pytest.approx(1 - 2 * math.atan(2) / math.pi, rel=1e-12)


def test_a_long_tail_towards_zero_makes_the_test_stricter():
    values = [2.5, 2.4, 2.3, 2.2, 2.1, 0.1]
    n, mean = 6, 11.6 / 6
    second = math.fsum((value - mean) ** 2 for value in values)
    third = math.fsum((value - mean) ** 3 for value in values)
    skewness = third * n / ((n - 1) * (n - 2)) / (second / (n - 1)) ** 1.5
    assert skewness < -1
    p = skewness_adjusted_p(values)
    # What it takes for t, worked back from the p.
    z = stats.t.isf(p / 2, n - 1)
    t = student_by_hand(values)
    assert t == pytest.approx(z - skewness * (2 * z**2 + 1) / (6 * math.sqrt(n)), rel=1e-9)
    assert p > student_p(values)
    assert skewness_adjusted_p([-value for value in values]) == p
    mirrored = [2 * mean - value for value in values]  # same mean and deviation, tail away from 0
    assert skewness_adjusted_p(mirrored) == student_p(mirrored) == pytest.approx(student_p(values))


def test_without_skewness_there_is_nothing_to_adjust():
    values = [1.0, 2.0, 3.0, 4.0, 5.0]
    assert skewness_adjusted_p(values) == student_p(values)
    assert skewness_adjusted_p([1.0, 3.0]) == student_p([1.0, 3.0])
    nearly = [1.0, 2.0, 3.0, 4.0, 5.0 - 1e-5]
    assert skewness_adjusted_p(nearly) == pytest.approx(student_p(nearly), rel=1e-3)


def test_a_mean_further_away_never_has_a_larger_p():
    values = np.array([-3.0, 0.1, 0.2, 0.2, 0.3, 0.4, 0.4, 1.4])
    values -= values.mean()
    p = [skewness_adjusted_p((values + shift).tolist()) for shift in np.linspace(0.1, 20, 60)]
    assert p == sorted(p, reverse=True)
    assert p[-1] < 0.001


@pytest.mark.parametrize("test", [student_p, skewness_adjusted_p, mean_p])
@pytest.mark.parametrize("values", [[], [1.0], [1.0, math.nan], [math.inf, 1.0, 1.0]])
def test_no_test_without_two_finite_values(test, values):
    assert math.isnan(test(values))


@pytest.mark.parametrize("test", [student_p, skewness_adjusted_p])
def test_values_without_spread_leave_no_doubt(test):
    assert test([0.0] * 4) == 1.0
    assert test([2.0] * 4) == 0.0
    # Differences that are the same but for rounding.
    assert test([0.3 - 0.2, 0.4 - 0.3, 0.9 - 0.8]) == 0.0


def test_mean_p_is_the_largest_of_its_tests():
    generator = np.random.default_rng(1)
    largest = set()
    for _ in range(50):
        values = generator.exponential(size=8) - 0.5
        tests = (sign_flip_p, student_p, skewness_adjusted_p)
        parts = [test(values.tolist()) for test in tests]
        assert mean_p(values.tolist()) == max(parts)
        largest.add(parts.index(max(parts)))
    assert largest == {0, 1, 2}  # none of them is idle
    assert mean_p([2.0] * 8) == 2 / 2**8


def test_equivalence_is_refused_at_and_beyond_the_margin():
    gaps = [0.5, 1.0, 1.5]
    assert equivalence_p(gaps, 1.0) == equivalence_p(gaps, 0.5) == 1.0
    assert equivalence_p([-gap for gap in gaps], 1.0) == 1.0


@pytest.mark.parametrize("sign", [1, -1])
def test_equivalence_is_tested_at_the_nearer_end(sign):
    gaps = [sign * value for value in (0.1, 0.3, -0.2, 0.25, 0.15, 0.0, 0.2, 0.05)]
    nearer = mean_p([gap - sign * 0.2 for gap in gaps])
    assert nearer > mean_p([gap + sign * 0.2 for gap in gaps])
    assert equivalence_p(gaps, 0.2) == nearer


def test_equivalence_means_that_the_interval_lies_within_the_margin():
    generator = np.random.default_rng(2)
    agreed = 0
    for _ in range(100):
        gaps = generator.normal(0, 1, 8)
        interval = mean_interval(gaps.tolist())
        if equivalence_p(gaps.tolist(), 1.0) < 0.05:
            assert interval.low > -1
            assert interval.high < 1
            agreed += 1
    assert 10 < agreed < 100


@pytest.mark.parametrize("gaps", [[], [0.0], [0.0, math.nan], [0.0, math.inf]])
def test_equivalence_without_two_finite_pairs_has_no_p(gaps):
    assert math.isnan(equivalence_p(gaps, 1.0))


@pytest.mark.parametrize("n", range(2, 9))
def test_equal_differences_are_as_sure_as_their_number_allows(n):
    assert equivalence_p([0.0] * n, 0.1) == 2 / 2**n
    assert equivalence_p([0.2] * n, 0.1) == 1.0
    assert equivalence_p([0.1] * n, 0.1) == 1.0


def page_by_hand(table):
    """Returns the share of all rankings within rows whose L is at least as large."""
    n, k = len(table), len(table[0])
    weights = range(1, k + 1)

    def score(ranks):
        return sum(map(int.__mul__, weights, ranks))

    seen = sum(score([sorted(row).index(value) + 1 for value in row]) for row in table)
    scores = [score(ranks) for ranks in itertools.permutations(weights)]
    sums = [sum(row) for row in itertools.product(scores, repeat=n)]
    return sum(value >= seen for value in sums) / len(sums)


def test_trend_p_counts_all_rankings():
    for table in (
        [[1, 2, 3], [1, 2, 3], [1, 2, 3]],
        [[1, 2, 3], [2, 1, 3], [1, 3, 2], [3, 2, 1]],
        [[1, 2, 4, 3], [1, 2, 3, 4]],
        [[3, 2, 1], [3, 2, 1]],
    ):
        assert trend_p(table) == pytest.approx(page_by_hand(table), rel=1e-9)
    assert trend_p([[1, 2, 3]] * 2) == pytest.approx(1 / 36)


def test_trend_p_looks_at_ranks_within_seeds_only():
    table = np.random.default_rng(0).normal(size=(6, 4)) + np.arange(4)
    p = trend_p(table)
    assert trend_p(table + 100 * np.arange(6)[:, None]) == trend_p(np.exp(table)) == p
    assert trend_p(table[::-1]) == p


def test_a_trend_needs_two_seeds_three_levels_and_finite_values():
    assert math.isnan(trend_p([[1, 2, 3]]))
    assert math.isnan(trend_p([[1, 2], [1, 2]]))
    assert math.isnan(trend_p([[1, 2, math.nan], [1, 2, 3]]))
    assert math.isnan(trend_p([1, 2, 3]))
    assert math.isnan(trend_p([]))


def test_levels_that_are_all_equal_show_no_trend():
    assert trend_p(np.ones((6, 4))) > 0.4


def test_holm_worked_by_hand():
    # Sorted 0.01, 0.02, 0.03, 0.04: times 4, 3, 2, 1 is 0.04, 0.06, 0.06, 0.04; then never falling.
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.5, 0.6]) == [1.0, 1.0]
    assert holm([0.03]) == [0.03]
    assert holm([]) == []
    assert holm([0.02, 0.02]) == [0.04, 0.04]


def test_benjamini_hochberg_worked_by_hand():
    # Sorted 0.01, 0.02, 0.03, 0.5: times 4/1, 4/2, 4/3, 4/4 is 0.04, 0.04, 0.04, 0.5.
    assert benjamini_hochberg([0.5, 0.02, 0.01, 0.03]) == pytest.approx([0.5, 0.04, 0.04, 0.04])
    # 0.04 * 3/1, 0.05 * 3/2, 0.06 * 3/3: the last is the smallest.
    assert benjamini_hochberg([0.04, 0.05, 0.06]) == pytest.approx([0.06] * 3)
    assert benjamini_hochberg([0.2]) == [0.2]
    assert benjamini_hochberg([]) == []


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_adjusting_only_enlarges_and_keeps_the_order(adjust):
    p = np.random.default_rng(3).uniform(size=9).tolist()
    adjusted = adjust(p)
    assert all(
        0 < after <= 1 and after >= before for before, after in zip(p, adjusted, strict=True)
    )
    ranked = [after for _, after in sorted(zip(p, adjusted, strict=True))]
    assert ranked == sorted(ranked)
    assert adjust(p[::-1]) == pytest.approx(adjusted[::-1])


def test_the_share_interval_is_wilsons():
    z = stats.norm.ppf(0.975)
    for successes, n in ((0, 8), (3, 8), (8, 8), (40, 100)):
        share = successes / n
        centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
        spread = math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
        half = z * spread / (1 + z**2 / n)
        found = share_interval(successes, n)
        assert (found.mean, found.n) == (share, n)
        assert found.low == pytest.approx(centre - half, abs=1e-12)
        assert found.high == pytest.approx(centre + half, abs=1e-12)
    assert math.isnan(share_interval(0, 0).mean)


def test_the_fewest_seeds_are_those_with_a_smaller_p():
    for alpha in (0.05, 0.05 / 3, 0.0625, 0.125, 0.01):
        n = fewest_seeds(alpha)
        assert 2 / 2**n < alpha <= 2 / 2 ** (n - 1)


def power(n, distance, alpha=0.05):
    """Returns the power of the t test with n values whose mean is `distance` deviations from 0."""
    critical = stats.t.ppf(1 - alpha / 2, n - 1)
    return stats.nct.sf(critical, n - 1, distance * math.sqrt(n))


def test_seeds_needed_are_the_first_that_tell_the_margin_with_four_chances_in_five():
    values = [0.5, 2.0, -1.0, 1.5, 1.0, -0.5, 0.0, 1.5]
    mean, deviation = np.mean(values), np.std(values, ddof=1)
    n = seeds_needed(values)
    assert 8 < n < 100
    assert power(n - 1, mean / deviation) < 0.8 <= power(n, mean / deviation)
    far = seeds_needed(values, mean - 0.1)
    assert far % 10 == 0
    assert power(far - 10, 0.1 / deviation) < 0.8 <= power(far, 0.1 / deviation)
    assert seeds_needed(values, mean - 1e-6) == 0  # more than 10,000
    assert seeds_needed(values, -100) == fewest_seeds()
    strict = seeds_needed(values, alpha=0.01)
    assert power(strict - 1, mean / deviation, 0.01) < 0.8
    assert power(strict, mean / deviation, 0.01) >= 0.8


@pytest.mark.parametrize(
    ("values", "needed"),
    [([], 0), ([1.0], 0), ([1.0, math.nan], 0), ([0.0] * 4, 0), ([1.0] * 4, 6)],
)
def test_seeds_needed_where_there_is_no_spread(values, needed):
    assert seeds_needed(values) == needed
