import math

import numpy as np
import pytest
from scipy import stats

from zoo.advice.verdicts import (
    ALPHA,
    EQUAL,
    HELPS,
    HURTS,
    UNDECIDED,
    Evidence,
    chosen,
    of_rows,
    of_splits,
    rows_needed,
    settled,
)

MARGIN = 0.01


def known(mean, error=0.001, freedom=1000.0):
    return Evidence(mean, error, freedom, 8)


def test_scores_of_splits_have_nadeau_and_bengios_error():
    found = of_splits([0.01, 0.03, 0.02], overlap=0.25)
    assert found.mean == pytest.approx(0.02)
    assert found.error == pytest.approx(0.01 * math.sqrt(1 / 3 + 0.25))  # deviation 0.01
    assert (found.freedom, found.n) == (2, 3)


def test_rows_and_splits_are_clusters():
    # Residuals 1, 0 | 0, -1: sums by row 1, 0, -1, by split 1, -1; 4 of them.
    gaps, tested = [np.array([1, 0]), np.array([0, -1])], [np.array([0, 1]), np.array([1, 2])]
    found = of_rows(gaps, tested, overlap=0.5)
    rows = 2 * 3 / 2
    luck = (2 * 2 / 1 - 2) * (1 + 2 * 0.5)
    assert found.mean == 0
    assert found.error == pytest.approx(math.sqrt(rows + luck) / 4)
    assert found.freedom == pytest.approx((rows + luck) ** 2 / (rows**2 / 2 + luck**2 / 1))


def test_splits_that_agree_add_nothing():
    gaps, tested = [np.array([1, -1]), np.array([1, -1])], [np.array([0, 1]), np.array([2, 3])]
    found = of_rows(gaps, tested, overlap=0.5)
    assert found.error == pytest.approx(math.sqrt(4 * 4 / 3) / 4)
    assert found.freedom == pytest.approx(3)


def test_equal_networks_have_no_error_and_do_not_matter():
    found = of_rows([np.zeros(3), np.zeros(3)], [np.arange(3), np.arange(3)], 0.3)
    assert (found.mean, found.error, found.p, found.equal_p(MARGIN)) == (0, 0, 1, 0)
    assert found.interval == (0, 0)
    assert Evidence(0.02, 0.0, 7, 8).p == 0
    assert Evidence(0.02, 0.0, 7, 8).equal_p(MARGIN) == 1


def test_no_row_that_differs_is_no_proof_that_none_will():
    splits = [np.zeros(40)] * 8
    tested = [np.arange(40 * place, 40 * place + 40) for place in range(8)]
    found = of_rows(splits, tested, 0.3, most=1.0)
    assert found.error == pytest.approx(2 / 320)
    # The binomial's one-sided bound on a share of which 0 of 320 were seen, at the level of a look.
    bound = 1 - ALPHA ** (1 / 320)
    assert found.equal_p(1.1 * bound) < ALPHA < found.equal_p(bound)


def test_a_row_that_is_tested_often_is_one_row():
    draw = np.random.default_rng(0)
    lasting = draw.choice([-1, 0, 1], 50).astype(float)
    every = [np.arange(50)] * 20
    found = of_rows([lasting] * 20, every, 0.0)
    # Twenty times the same 50 rows are 50 rows.
    assert found.error == pytest.approx(lasting.std(ddof=1) / math.sqrt(50))


def test_tests_and_intervals_are_those_of_student():
    found = Evidence(0.02, 0.01, 7, 8)
    assert found.p == pytest.approx(2 * stats.t.sf(2, 7))
    assert found.interval == pytest.approx((0.02 - 0.01 * 2.364624, 0.02 + 0.01 * 2.364624))
    assert found.equal_p(0.05) == pytest.approx(stats.t.sf(3, 7))
    assert found.equal_p(0.01) == pytest.approx(stats.t.cdf(1, 7))
    assert found.shown == pytest.approx(0.01 * (stats.t.ppf(1 - ALPHA / 2, 7) + 0.896030), 1e-4)


def test_verdicts():
    found = settled(
        {
            "better": known(0.03),
            "worse": known(-0.03),
            "tiny": known(0.004),
            "wide": known(0.03, error=0.02),
            "near": known(0.0095),
        },
        MARGIN,
    )
    # The smallest difference differs from 0, but does not matter.
    assert found == {
        "better": HELPS,
        "worse": HURTS,
        "tiny": EQUAL,
        "wide": UNDECIDED,
        "near": HELPS,
    }


def test_p_are_adjusted_for_all_that_is_asked():
    # 2.8 errors from 0 have a p of 0.0051: below a third of 5 % alone, not as one of ten.
    one = {"a": known(0.028, 0.01)}
    assert settled(one, MARGIN) == {"a": HELPS}
    others = {str(place): known(0.0, 0.01) for place in range(9)}
    assert settled(one | others, MARGIN)["a"] == UNDECIDED


def test_what_is_decided_stays_so():
    before = {"a": HURTS, "b": UNDECIDED}
    assert settled({"a": known(0.03), "b": known(0.03)}, MARGIN, before) == {"a": HURTS, "b": HELPS}


def test_rows_that_would_decide():
    own = Evidence(0.02, 0.01, 1e9, 8)
    least = 0.01 * (2.393980 + 0.841621)  # z of 1 - 0.05 / 6, and of 80 %
    assert own.shown == pytest.approx(least, 1e-5)
    assert rows_needed(own, MARGIN, 100) == 270  # 100 x 1.6178^2 = 261.7, in two digits
    # A difference of 0.1 points cannot show sooner than that it lies within a point.
    assert rows_needed(Evidence(0.001, 0.01, 1e9, 8), MARGIN, 100) == 1300  # (3.2356 / 0.9)^2
    assert rows_needed(Evidence(0.1, 0.01, 1e9, 8), MARGIN, 100) == 100
    assert rows_needed(Evidence(0.0101, 5.0, 1e9, 8), MARGIN, 100) == 0


def test_each_split_has_its_own_rate():
    assert chosen([[0.5, 0.9, 0.7], [0.6, 0.8, 0.7]]) == [1, 0, 0]
    assert chosen([[math.nan, 0.1], [0.2, math.nan]]) == [1, 0]


def test_what_does_nothing_is_seldom_called_a_help_and_four_points_are_found():
    from benchmarks.advise_truth import by_rows, draw, looked

    nulls, found, within = [], [], []
    for seed in range(25):
        drawn = draw(np.random.default_rng([1, seed]), 1000)
        verdicts = looked(drawn, "rows")
        nulls += [word for name, word in verdicts.items() if name.startswith("nothing")]
        found.append(verdicts["+4"])
        low, high = by_rows(drawn, "+2", 32).interval
        within.append(low < 0.02 < high)
    assert nulls.count(HELPS) + nulls.count(HURTS) <= 10  # 5 % of 200
    assert found.count(HELPS) >= 15
    assert sum(within) >= 20
