"""The share of the test examples, by hand, against simple sums and on simulated networks."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from zoo.claims import (
    REFUTED,
    SUPPORTED,
    UNDECIDED,
    Claim,
    Difference,
    Equivalence,
    Identity,
    Number,
    Order,
    Ratio,
    Trend,
)
from zoo.evidence.cells import UNCOVERED, Cells, RatedCells
from zoo.evidence.examples import Share, share_of, share_of_sum
from zoo.evidence.metrics import VALIDATION
from zoo.evidence.power import seeds_needed
from zoo.evidence.rates import Rates
from zoo.evidence.statistics import (
    equivalence_p,
    mean_interval,
    mean_p,
    sign_flip_p,
    standard_error,
    student_p,
    trend_p,
)
from zoo.evidence.verdicts import settle


def as_bytes(table):
    return [np.asarray(row, np.uint8).tobytes() for row in table]


# Numbers worked by hand.


def test_the_share_of_a_table_worked_by_hand():
    # Two seeds, three examples. Means: of all 1/2, of seeds 2/3 and 1/3, of examples 1, 1/2, 0.
    table = [[1, 1, 0], [1, 0, 0]]
    # Sums of squares: all 6/4, seeds 3 * 2/36 = 1/6, examples 2 * 2/4 = 1, so the rest 1/3.
    # Mean squares: examples 1/2, rest (1/3) / 2 = 1/6. Their difference over 6: 1/18.
    found = share_of(table)
    assert found.square == pytest.approx(1 / 18)
    assert found.error == pytest.approx(math.sqrt(1 / 18))
    # Squared mean squares over degrees of freedom (2 and 2), over 6 squared.
    assert found.spread == pytest.approx((1 / 4 / 2 + 1 / 36 / 2) / 36)
    # The seeds' part is var(2/3, 1/3) / 2 = 1/36: together 1/12, squared 1/144.
    spread = (1 / 36) ** 2 / 1 + found.spread
    assert found.freedom(1 / 36, 2) == pytest.approx(1 / 144 / spread)


def test_what_examples_have_not_in_common_over_seeds_is_no_share():
    assert share_of([[1, 0], [0, 1]]) == Share(0, 0)  # all of it is in the rest
    assert share_of(np.ones((3, 5))) == Share(0, 0)
    generator = np.random.default_rng(0)
    several = [share_of(generator.random((8, 50)) < 0.5).square for _ in range(200)]
    assert 0.3 < np.mean([square == 0 for square in several]) < 0.7
    assert np.mean(several) < 0.1 * 0.25 / 50


def test_a_share_that_is_all_examples_has_their_variance():
    row = np.random.default_rng(0).random(40) < 0.3
    found = share_of(np.tile(row, (4, 1)))
    assert found.square == pytest.approx(np.var(row, ddof=1) / 40)
    assert found.freedom(0.0, 4) == pytest.approx(39)


def test_the_seeds_part_and_the_share_are_the_variance_of_the_crossed_mean():
    sigma_seed, sigma_example, sigma_rest, n, m = 0.3, 0.5, 1.0, 6, 20
    generator = np.random.default_rng(1)
    means, estimates = [], []
    for _ in range(4000):
        table = (
            sigma_seed * generator.normal(size=(n, 1))
            + sigma_example * generator.normal(size=m)
            + sigma_rest * generator.normal(size=(n, m))
        )
        means.append(table.mean())
        estimates.append(np.var(table.mean(axis=1), ddof=1) / n + share_of(table).square)
    true = sigma_seed**2 / n + sigma_example**2 / m + sigma_rest**2 / (n * m)
    assert np.var(means) == pytest.approx(true, rel=0.08)
    assert np.mean(estimates) == pytest.approx(true, rel=0.03)


def test_a_sum_is_over_what_its_terms_have_right_in_the_same_seed():
    generator = np.random.default_rng(2)
    a, b, c = generator.random((3, 5, 30)) < 0.6
    both = share_of_sum([(1.0, as_bytes(a)), (-1.0, as_bytes(b))])
    assert both == share_of(a.astype(float) - b)
    slope = share_of_sum([(-1.0, as_bytes(a)), (0.0, as_bytes(b)), (1.0, as_bytes(c))])
    assert slope == share_of(c.astype(float) - a)
    same = share_of_sum([(1.0, as_bytes(a)), (-1.0, as_bytes(a))])
    assert same == Share(0, 0)  # what both have in common cancels
    other = generator.random((5, 20)) < 0.6
    apart = share_of_sum([(1.0, as_bytes(a)), (-1.0, as_bytes(other))])
    assert apart.square == pytest.approx(share_of(a).square + share_of(other).square)
    assert apart.spread == pytest.approx(share_of(a).spread + share_of(other).spread)


@pytest.mark.parametrize(
    "rights",
    [[b"\0\1", b""], [b"", b""], [b"\0\1"], [], [b"\1", b"\0"], [b"\0\1", b"\0\1\1"]],
    ids=["one unknown", "all unknown", "one seed", "no seed", "one example", "two lengths"],
)
def test_without_all_bits_there_is_no_share(rights):
    assert share_of_sum([(1.0, rights)]) is None
    assert share_of_sum([(1.0, as_bytes(np.eye(2))), (-1.0, rights)]) is None


# Intervals and tests.

VALUES = [0.01, 0.03, 0.02, 0.05, 0.04]
SHARE = Share(1e-4, 1e-10)


def test_interval_and_p_have_the_share():
    # Mean 0.03, variance 0.00025 over 5 seeds: 5e-5, and 1e-4 of the examples.
    error, freedom = math.sqrt(1.5e-4), 1.5e-4**2 / (5e-5**2 / 4 + 1e-10)
    found = mean_interval(VALUES, examples=SHARE)
    half = stats.t.ppf(0.975, freedom) * error
    assert (found.low, found.high) == pytest.approx((0.03 - half, 0.03 + half))
    assert student_p(VALUES, examples=SHARE) == pytest.approx(2 * stats.t.sf(0.03 / error, freedom))
    assert standard_error(VALUES, examples=SHARE) == pytest.approx(error)
    both = math.sqrt(0.00025 * (1 / 5 + 0.25) + 1e-4)
    assert standard_error(VALUES, 0.25, SHARE) == pytest.approx(both)


def test_interval_and_test_agree_at_every_level():
    for share in (SHARE, Share(1e-6, 1e-14), Share(0, 0)):
        for overlap in (0.0, 0.25):
            p = student_p(VALUES, overlap, share)
            low = mean_interval(VALUES, 1 - p, overlap, share).low
            assert low == pytest.approx(0, abs=1e-12)


def test_examples_never_make_up_for_seeds():
    generator = np.random.default_rng(3)
    for n in (3, 4, 8):
        for scale in (1e-3, 1e-2, 0.1, 1.0, 10.0):
            values = generator.normal(0.5, 1, n).tolist()
            square = scale * np.var(values, ddof=1) / n
            share = Share(square, square**2 / 999)  # as of 1,000 examples
            seeds, whole = mean_interval(values), mean_interval(values, examples=share)
            assert whole.low <= seeds.low
            assert whole.high >= seeds.high
            assert student_p(values, examples=share) >= student_p(values)
            assert mean_p(values, examples=share) >= mean_p(values)


def test_equal_values_of_all_seeds_leave_the_examples():
    same = [0.02] * 6
    assert mean_interval(same).low == 0.02
    half = stats.t.ppf(0.975, 1e-8 / 1e-10) * 0.01
    found = mean_interval(same, examples=SHARE)
    assert (found.low, found.high) == pytest.approx((0.02 - half, 0.02 + half))
    assert student_p(same, examples=SHARE) == pytest.approx(2 * stats.t.sf(2, 100))
    assert mean_p(same) == sign_flip_p(same) < mean_p(same, examples=SHARE)
    assert mean_p([0.0] * 6, examples=SHARE) == 1


def test_equivalence_has_the_share_at_both_ends():
    ends = [mean_p([value - edge for value in VALUES], 0.0, SHARE) for edge in (-0.1, 0.1)]
    assert equivalence_p(VALUES, 0.1, examples=SHARE) == max(ends)


def test_no_number_of_seeds_outweighs_the_examples():
    wide = [0.0, 0.06, 0.02, 0.05, 0.02]
    free, some = seeds_needed(wide), seeds_needed(wide, examples=Share(5e-5, 0))
    assert 0 < free < some
    deviation, mean = np.std(wide, ddof=1), np.mean(wide)

    def shown(n):
        critical = stats.t.ppf(0.975, n - 1)
        return stats.nct.sf(critical, n - 1, mean / math.sqrt(deviation**2 / n + 5e-5))

    assert shown(some) >= 0.8 > shown(some - 1)
    assert seeds_needed(wide, examples=Share(1e-3, 0)) == 0
    assert seeds_needed([0.1] * 5, examples=Share(1e-3, 0)) > seeds_needed([0.1] * 5)


# Verdicts.


def rows_of(rates=None, **tables):
    """Returns rows of runs from which examples they have right, by variant."""
    rows = []
    for label, table in tables.items():
        for seed, right in enumerate(np.asarray(table, np.uint8)):
            share = right.mean()
            row = {"variant": label, "learning_rate": (rates or {}).get(label, 0.1), "seed": seed}
            scores = {"test_accuracy": share, "accuracy_gap": 1 - share, "accuracy": 0.5 + share}
            losses = {"test_loss": 1 - share, "loss": share + len(rows), "mine": share}
            rows.append(row | scores | losses | {"right": right.tobytes()})
    return pd.DataFrame(rows)


def verdict(rule, rows):
    return settle([Claim("MINE", rule, says="It is.")], Cells(rows))[0]


def networks(generator, n=8, m=60, skill=0.3, gap=0.0, variants=2):
    """Returns which examples networks have right, shape `(variants, seeds, examples)`.

    Examples differ in how hard they are, and for which variant; a seed moves a network a little.
    """
    hard = 0.3 * generator.normal(size=m)
    own = skill * generator.normal(size=(variants, m)) + gap * np.arange(variants)[:, None]
    moved = 0.02 * generator.normal(size=(variants, n, 1))
    return generator.random((variants, n, m)) < 0.7 + hard + own[:, None] + moved


def test_every_rule_on_test_accuracy_has_the_share():
    a, b = networks(np.random.default_rng(5), gap=0.1)
    rows = rows_of(a=a, b=b)
    gaps = (b.mean(axis=1) - a.mean(axis=1)).tolist()
    share = share_of(b.astype(float) - a)
    assert share.square > 0
    expected = {
        Difference("b", "a"): mean_p(gaps, 0.0, share),
        Difference("a", "b", "accuracy_gap"): mean_p([-gap for gap in gaps], 0.0, share),
        Order(("a", "b")): mean_p(gaps, 0.0, share),
        Equivalence("b", "a", margin=0.15): equivalence_p(gaps, 0.15, 0.0, share),
    }
    for rule, p in expected.items():
        found = verdict(rule, rows)
        assert found.p == pytest.approx(p), rule
        assert UNCOVERED not in found.evidence
        assert verdict(rule, rows.drop(columns="right")).p < p
    interval = mean_interval(gaps, 0.95, 0.0, share)
    low, high = (f"{100 * end:.1f}" for end in (interval.low, interval.high))
    assert f"[{low}, {high}]" in verdict(Difference("b", "a"), rows).evidence.replace("+", "")
    number = verdict(Number("a", "test_accuracy", 0.4, tolerance=0.01), rows)
    error = standard_error(a.mean(axis=1).tolist(), 0.0, share_of(a))
    assert f"z = {(a.mean() - 0.4) / error:.1f}," in number.evidence
    logs = np.log(b.mean(axis=1) / a.mean(axis=1))
    both = share_of(b / b.mean() - a / a.mean())
    ratio = verdict(Ratio("b", "a", "test_accuracy", 1.0, factor=1.5), rows)
    assert ratio.p == pytest.approx(equivalence_p(logs.tolist(), math.log(1.5), 0.0, both))


def test_a_trend_has_the_share_of_its_slope():
    a, b, c = tables = networks(np.random.default_rng(1), gap=0.05, variants=3)
    slopes = (c.mean(axis=1) - a.mean(axis=1)).tolist()
    steep = mean_p(slopes, 0.0, share_of(c.astype(float) - a))
    seeds = max(mean_p(slopes), trend_p(np.array([table.mean(axis=1) for table in tables]).T))
    found = verdict(Trend(("a", "b", "c")), rows_of(a=a, b=b, c=c))
    assert found.p == pytest.approx(steep)
    assert found.verdict == UNDECIDED
    assert seeds < 0.05 < steep


def test_verdicts_say_where_the_choice_of_examples_is_not_covered():
    a, b = networks(np.random.default_rng(6))
    rows = rows_of(a=a, b=b)
    for metric, told in {
        "test_accuracy": False,
        "accuracy_gap": False,
        "accuracy": False,
        "loss": False,
        "test_loss": True,
        "mine": True,  # of a probe nothing is known
    }.items():
        said = [
            UNCOVERED in verdict(rule, own).evidence
            for rule in (Difference("b", "a", metric), Order(("a", "b"), metric))
            for own in (rows, rows.drop(columns="right"))
        ]
        assert said == [told, False, told, False], metric
    assert UNCOVERED not in verdict(Identity("mine", 0.5, tolerance=1.0), rows).evidence
    for lost in ([0], range(len(rows))):
        older = rows.assign(right=[b"" if n in lost else r for n, r in enumerate(rows["right"])])
        found = verdict(Difference("b", "a"), older)
        assert found.evidence.endswith(UNCOVERED)
        assert found.p == verdict(Difference("b", "a"), rows.drop(columns="right")).p


def test_each_learning_rate_has_its_own_share():
    generator = np.random.default_rng(7)
    a, b = networks(generator)
    (other,) = networks(generator, variants=1)
    rows = pd.concat([rows_of(a=a, b=b), rows_of({"b": 1.0}, b=other)], ignore_index=True)
    rates = {VALIDATION: Rates({"a": 0.1, "b": 0.1}, {"b": (1.0,)})}
    cells = RatedCells(rows, rates)
    found = [
        own.share("test_accuracy", {"a": 1.0, "b": -1.0}, pd.RangeIndex(8))
        for _, own in cells.alternatives("test_accuracy", ["a", "b"])
    ]
    assert found == [share_of(a.astype(float) - b), share_of(a.astype(float) - other)]
    assert cells.uncovered("test_accuracy", ["a", "b"]) == ""
    rows["right"] = [
        b"" if rate == 1.0 else right
        for rate, right in zip(rows["learning_rate"], rows["right"], strict=True)
    ]
    assert RatedCells(rows, rates).uncovered("test_accuracy", ["a", "b"]) == UNCOVERED
    assert RatedCells(rows, rates).uncovered("test_accuracy", ["a"]) == ""


def test_seeds_that_only_one_variant_has_are_left_out():
    generator = np.random.default_rng(8)
    a, (b,) = networks(generator, n=12)[0], networks(generator, variants=1)
    found = verdict(Difference("b", "a"), rows_of(a=a, b=b))
    gaps = (b.mean(axis=1) - a[:8].mean(axis=1)).tolist()
    assert found.n == 8
    assert found.p == pytest.approx(mean_p(gaps, 0.0, share_of(b.astype(float) - a[:8])))


# Planted truth.

SIMULATED = 400


def shares_of_verdicts(m, skill, gap, covered=True, n=8):
    """Returns the shares of `supported` and `refuted` among simulated experiments."""
    generator = np.random.default_rng([m, n, int(100 * skill), int(1000 * gap)])
    found = []
    for _ in range(SIMULATED):
        a, b = networks(generator, n, m, skill, gap)
        gaps = (b.mean(axis=1) - a.mean(axis=1)).tolist()
        p = mean_p(gaps, 0.0, share_of(b.astype(float) - a) if covered else None)
        found.append(0 if p >= 0.05 else math.copysign(1, np.mean(gaps)))
    return found.count(1) / SIMULATED, found.count(-1) / SIMULATED


def test_a_simulated_verdict_is_the_one_that_settle_gives():
    generator = np.random.default_rng(9)
    words = {0: UNDECIDED, 1: SUPPORTED, -1: REFUTED}
    seen = set()
    for gap in np.linspace(-0.3, 0.3, 13):
        a, b = networks(generator, gap=gap)
        gaps = (b.mean(axis=1) - a.mean(axis=1)).tolist()
        p = mean_p(gaps, 0.0, share_of(b.astype(float) - a))
        sign = 0 if p >= 0.05 else math.copysign(1, np.mean(gaps))
        found = verdict(Difference("b", "a"), rows_of(a=a, b=b))
        assert found.verdict == words[sign]
        seen.add(found.verdict)
    assert seen == set(words.values())


@pytest.mark.slow
@pytest.mark.parametrize("m", [60, 1000])
def test_equal_variants_are_told_apart_in_a_twentieth_of_the_test_parts(m):
    most = 0.05 + 3 * math.sqrt(0.05 * 0.95 / SIMULATED)
    for skill in (0.0, 0.3):
        assert sum(shares_of_verdicts(m, skill, 0.0)) < most
    # Seeds alone say that the variants differ on these examples, which they do.
    assert sum(shares_of_verdicts(m, 0.3, 0.0, covered=False)) > 0.1


@pytest.mark.slow
def test_more_seeds_do_not_make_equal_variants_different():
    most = 0.05 + 3 * math.sqrt(0.05 * 0.95 / SIMULATED)
    assert sum(shares_of_verdicts(60, 0.3, 0.0, n=32)) < most
    assert sum(shares_of_verdicts(60, 0.3, 0.0, covered=False, n=32)) > 0.4


@pytest.mark.slow
def test_better_variants_are_still_found():
    for m, gap in ((60, 0.2), (1000, 0.05)):
        found, wrong = shares_of_verdicts(m, 0.3, gap)
        assert found > 0.6
        assert wrong == 0
    # Where examples do not favour a variant, their share costs next to nothing.
    covered, seeds = (shares_of_verdicts(1000, 0.0, 0.02, c)[0] for c in (True, False))
    assert covered > seeds - 0.05
