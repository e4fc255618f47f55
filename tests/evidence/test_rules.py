"""The rules one by one: when each holds, and what it tells as evidence."""

import math
import re
from itertools import pairwise

import numpy as np
import pytest
from verdicts_case import B_OVER_A, INF, NAN, NOISE, rows_of, settled, shifted

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
from zoo.evidence.statistics import equivalence_p, mean_interval, mean_p
from zoo.evidence.verdicts import Cells, settle


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([1.0, 1.0], SUPPORTED),
        ([1.0, 1.0 + 1e-7, 1.0 - 1e-7], SUPPORTED),
        ([1.0, 1.0 + 2e-6], REFUTED),
        ([1.0, INF], REFUTED),
        ([1.0, NAN], UNDECIDED),
        ([2.0, NAN], REFUTED),
    ],
)
def test_an_identity_holds_for_every_value(values, verdict):
    found = settled(Identity("m", 1.0, 1e-6), {"a": values})
    assert (found.verdict, found.n) == (verdict, len(values))
    assert math.isnan(found.p)


def test_an_identity_tells_the_furthest_value_and_may_name_variants():
    values = {"a": [1.0, 1.25], "b": [3.0]}
    found = settled(Identity("m", 1.0), values)
    assert found.evidence == "m is 3, furthest from 1 (tolerance 1e-06, 3 values)"
    found = settled(Identity("m", 1.0, variants=("a",)), values)
    assert found.evidence == "m of a is 1.25, furthest from 1 (tolerance 1e-06, 2 values)"


def test_an_identity_of_all_passes_over_variants_that_were_not_measured():
    assert settled(Identity("m", 1.0), {"a": [1.0], "b": [NAN]}).n == 1


@pytest.mark.parametrize(
    ("stated", "tolerance", "verdict"),
    [(1.0, 0.25, SUPPORTED), (2.0, 0.25, REFUTED), (0.0, 0.25, REFUTED), (1.05, 0.06, UNDECIDED)],
)
def test_a_number_is_compared_within_its_tolerance(stated, tolerance, verdict):
    values = [1 + part for part in NOISE]
    found = settled(Number("a", "m", stated, tolerance), {"a": values})
    assert found.verdict == verdict
    error = np.std(values, ddof=1) / math.sqrt(8)
    (z,) = re.findall(r"z = (-?[\d.]+)", found.evidence) or ["0.0"]
    assert float(z) == pytest.approx((1 - stated) / error, abs=0.051)


def test_a_number_without_spread_has_no_z():
    found = settled(Number("a", "m", 0.1, 0.01), {"a": [0.1] * 8})
    assert found.verdict == SUPPORTED
    assert "z =" not in found.evidence


def test_the_evidence_of_a_difference():
    values = shifted(1, 0)
    gaps = [high - low for high, low in zip(values["a"], values["b"], strict=True)]
    interval = mean_interval(gaps)
    found = settled(Difference("a", "b", "m", 0.25), values)
    assert found.p == mean_p([gap - 0.25 for gap in gaps])
    means = [np.mean(values[label]) for label in "ab"]
    assert found.evidence == (
        f"a has {means[0]:.4g} and b {means[1]:.4g} m: difference {interval.mean:.4g} "
        f"[{interval.low:.4g}, {interval.high:.4g}], margin 0.25, n = 8"
    )
    assert "margin" not in settled(Difference("a", "b", "m"), values).evidence


@pytest.mark.parametrize(
    ("gap", "margin", "verdict"),
    [
        (1.0, 0.25, SUPPORTED),
        (-1.0, 0.25, REFUTED),  # beyond the margin on the other side
        (0.125, 1.0, REFUTED),  # shown to lie within the margin: no difference that counts
        (-0.125, 1.0, REFUTED),
        (0.25, 0.25, UNDECIDED),
        (-0.25, 0.25, UNDECIDED),  # not above the margin, but neither equal nor below
        (-1.0, 1.0, UNDECIDED),
    ],
)
def test_a_margin_acts_on_both_sides(gap, margin, verdict):
    found = settled(Difference("a", "b", "m", margin), shifted(gap, 0))
    assert found.verdict == verdict
    other = settled(Difference("b", "a", "m", margin), shifted(gap, 0))
    inside = abs(gap) < margin / 2
    opposite = {SUPPORTED: REFUTED, REFUTED: REFUTED if inside else SUPPORTED, UNDECIDED: UNDECIDED}
    assert other.verdict == opposite[verdict]


@pytest.mark.parametrize(
    ("metric", "percent"),
    [
        ("test_accuracy", True),
        ("accuracy_gap", True),
        ("loss", False),
        ("epochs_to_accuracy_0.75", False),
    ],
)
def test_shares_are_told_in_percent(metric, percent):
    found = settled(Difference("a", "b", metric), {"a": [0.5] * 8, "b": [0.25] * 8}, metric)
    assert found.verdict == SUPPORTED
    assert ("25.0 %" in found.evidence) == percent


WIDE = [0.75, 1.0, 1.0]


def test_intervals_of_accuracies_end_where_accuracies_do():
    mean = mean_interval(WIDE)
    assert mean.high > 1
    found = settled(Number("a", "test_accuracy", 0.5, 0.1), {"a": WIDE}, "test_accuracy")
    z = (mean.mean - 0.5) / (np.std(WIDE, ddof=1) / math.sqrt(3))
    assert f"{mean.mean:.4g} [{mean.low:.4g}, 1]; stated 0.5, z = {z:.1f}" in found.evidence
    values = {"a": [0.25, 1.0, 1.0], "b": [0.0, 0.0, 0.25]}
    found = settled(Difference("a", "b"), values, "test_accuracy")
    assert ", 100.0] points" in found.evidence
    found = settled(Difference("a", "b", "accuracy_gap"), values, "accuracy_gap")
    assert ", 100.0]" not in found.evidence  # of two gaps, each between -1 and 1
    found = settled(Number("a", "m", 0.5, 0.1), {"a": WIDE})
    assert f"{mean.high:.4g}]" in found.evidence


@pytest.mark.parametrize(
    "rule",
    [
        Number("a", "m", 0.5, 0.1),
        Difference("a", "b", "m"),
        Equivalence("a", "b", "m"),
        Ratio("a", "b", "m", 1.0),
    ],
)
def test_two_seeds_tell_no_interval(rule):
    values = {label: own[:2] for label, own in shifted(1, 0).items()}
    assert "[" not in settled(rule, values).evidence
    assert "nan" not in settled(rule, values).evidence
    values = {label: own[:3] for label, own in shifted(1, 0).items()}
    assert "[" in settled(rule, values).evidence


EPOCHS_TO = "epochs_to_accuracy_0.75"


def reached(values):
    """Settles with runs of 20 epochs; 21 means never."""
    rows = rows_of(values, EPOCHS_TO, epochs=20)
    rules = [
        Difference("a", "b", EPOCHS_TO),
        Difference("b", "a", EPOCHS_TO),
        Ratio("a", "b", EPOCHS_TO, 2.0, 1.5),
        Equivalence("a", "b", EPOCHS_TO, 15),
        Number("a", EPOCHS_TO, 20.0, 5.0),
    ]
    # One claim a family, so that none is adjusted for the others.
    return [settle([Claim("X1", rule)], Cells(rows))[0] for rule in rules]


def test_epochs_of_runs_that_arrived_are_numbers():
    found = reached({"a": [20.0, 19, 20, 18] * 2, "b": [10.0, 10, 9, 10] * 2})
    verdicts = [SUPPORTED, REFUTED, SUPPORTED, SUPPORTED, SUPPORTED]
    assert [one.verdict for one in found] == verdicts


def test_epochs_of_runs_that_never_arrived_are_lower_bounds():
    slow = reached({"a": [20.0, 19, 21, 18] * 2, "b": [10.0, 10, 9, 10] * 2})
    # However slow a really is, it is slower than b; how much slower nobody knows.
    verdicts = [SUPPORTED, REFUTED, UNDECIDED, UNDECIDED, UNDECIDED]
    assert [one.verdict for one in slow] == verdicts
    assert all("lower bounds" in one.evidence for one in slow[2:])
    # One run of b never arrived: that a is slower on average is no longer certain.
    both = reached({"a": [21.0] * 8, "b": [10.0, 10, 9, 10, 10, 11, 10, 21]})
    assert [one.verdict for one in both] == [UNDECIDED] * 5


def test_a_run_that_ended_early_never_arrived_either():
    rows = rows_of({"a": [5.0] * 8, "b": [4.0] * 8}, EPOCHS_TO, epochs=3)
    (found,) = settle([Claim("X1", Ratio("a", "b", EPOCHS_TO, 1.25))], Cells(rows))
    assert found.verdict == UNDECIDED


def test_a_ratio_needs_values_above_zero():
    found = settled(Ratio("a", "b", "m", 2.0), {"a": [0.0, *[1.0] * 7], "b": [1.0] * 8})
    assert found.verdict == UNDECIDED
    assert found.evidence == "m is not always a finite number above 0, n = 8"


def test_a_ratio_is_compared_in_log_space():
    values = {"a": [6.0, 6.5, 5.5, 6.0] * 2, "b": [3.0, 3.0, 3.1, 2.9] * 2}
    logs = [math.log(a / b / 2) for a, b in zip(values["a"], values["b"], strict=True)]
    found = settled(Ratio("a", "b", "m", 2.0, 1.25), values)
    assert found.verdict == SUPPORTED
    assert found.p == pytest.approx(equivalence_p(logs, math.log(1.25)), rel=1e-9)
    inverse = settled(Ratio("b", "a", "m", 0.5, 1.25), values)
    assert (inverse.verdict, inverse.p) == (SUPPORTED, pytest.approx(found.p, rel=1e-9))
    mean = math.exp(np.mean(logs)) * 2
    assert f"ratio {mean:.4g} [" in found.evidence


def test_a_trend_may_fall():
    values = shifted(2, 1, 0)
    assert settled(Trend(("a", "b", "c"), "m", rises=False), values).verdict == SUPPORTED
    found = settled(Trend(("a", "b", "c"), "m"), values)
    assert found.verdict == REFUTED
    assert "it falls from a to b" in found.evidence


def test_one_step_back_breaks_a_trend_that_holds_on_the_whole():
    found = settled(Trend(("a", "b", "c", "d"), "m"), shifted(0, 2, 1, 3))
    assert found.verdict == REFUTED
    assert "it falls from b to c" in found.evidence


def test_many_small_steps_back_break_a_trend_together():
    small = [10 * part for part in NOISE]
    values = shifted(*(-amount / 3 for amount in range(6)), noise=small)
    levels = tuple(values)
    for first, second in pairwise(levels):
        assert settled(Difference(first, second, "m"), values).verdict == UNDECIDED
    found = settled(Trend(levels, "m"), values)
    assert found.verdict == REFUTED
    assert "it falls from a to f" in found.evidence


def test_a_trend_uses_the_seeds_that_all_levels_have():
    values = shifted(0, 1, 2)
    values["b"] = [None, *values["b"][1:]]
    assert settled(Trend(("a", "b", "c"), "m"), values).n == 7


def test_an_order_tells_the_links_that_decide():
    values = shifted(0, 1, 2, 3)
    found = settled(Order(("a", "b", "c", "d"), "m"), values)
    assert found.evidence.startswith("m in the stated order: a ")
    found = settled(Order(("a", "c", "b", "d"), "m"), values)
    assert found.verdict == REFUTED
    assert "; but b has" in found.evidence
    assert found.evidence.count("difference") == 1
    assert found.p == pytest.approx(3 / 2**8)  # Holm: three links, each to one side
    values["c"] = [one + part / 2 for one, part in zip(values["b"], NOISE, strict=True)]
    found = settled(Order(("a", "b", "c", "d"), "m"), values)
    assert found.verdict == UNDECIDED
    assert "; open: c has" in found.evidence


def test_a_chain_of_one_link_is_a_difference():
    for amounts in ((1, 0), (0, 1), (0, 0)):
        values = shifted(*amounts)
        chain, link = settled(Order(("a", "b"), "m"), values), settled(B_OVER_A, values)
        assert (chain.verdict, chain.p, chain.seeds) == (link.verdict, link.p, link.seeds)
