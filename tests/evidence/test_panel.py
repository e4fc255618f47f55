"""What verdicts on several data sets say together."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats
from verdicts_case import rows_of, settled, shifted

from zoo.claims import (
    DEPENDS,
    NOT_RUN,
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
from zoo.evidence.panel import effects_over, overall, random_effects
from zoo.evidence.parts import Verdict
from zoo.evidence.statistics import Estimate, mean_interval
from zoo.evidence.verdicts import Cells, settle

DATA = ("mnist1d", "digits", "mnist5k")


def found(*words):
    return {name: Verdict(word, "", 8) for name, word in zip(DATA, words, strict=True)}


@pytest.mark.parametrize(
    ("words", "verdict", "told"),
    [
        ([SUPPORTED] * 3, SUPPORTED, "supported on mnist1d, digits and mnist5k"),
        (
            [SUPPORTED, UNDECIDED, SUPPORTED],
            SUPPORTED,
            "supported on mnist1d and mnist5k, undecided on digits",
        ),
        (
            [REFUTED, REFUTED, NOT_RUN],
            REFUTED,
            "refuted on mnist1d and digits, not run on mnist5k",
        ),
        (
            [SUPPORTED, UNDECIDED, UNDECIDED],
            UNDECIDED,
            "supported on mnist1d, undecided on digits and mnist5k",
        ),
        (
            [UNDECIDED, REFUTED, NOT_RUN],
            UNDECIDED,
            "refuted on digits, undecided on mnist1d, not run on mnist5k",
        ),
        (
            [SUPPORTED, SUPPORTED, REFUTED],
            DEPENDS,
            "supported on mnist1d and digits, refuted on mnist5k",
        ),
        ([UNDECIDED] * 3, UNDECIDED, "undecided on mnist1d, digits and mnist5k"),
    ],
)
def test_the_verdict_over_data_sets(words, verdict, told):
    over = overall(found(*words))
    assert (over.verdict, over.evidence, over.n) == (verdict, told, 8)


def test_what_was_run_nowhere_says_why():
    over = overall({name: Verdict(NOT_RUN, "no test_accuracy of b") for name in DATA})
    assert (over.verdict, over.evidence) == (NOT_RUN, "no test_accuracy of b")


def test_every_combination_needs_two_and_no_contradiction():
    for words in itertools.product([SUPPORTED, REFUTED, UNDECIDED, NOT_RUN], repeat=3):
        verdict = overall(found(*words)).verdict
        yes, no = words.count(SUPPORTED), words.count(REFUTED)
        assert (verdict == DEPENDS) == (yes > 0 and no > 0)
        assert (verdict == SUPPORTED) == (yes >= 2 and no == 0)
        assert (verdict == REFUTED) == (no >= 2 and yes == 0)


def estimate(mean, error, n=8):
    half = error * stats.t.ppf(0.975, n - 1)
    return Estimate(mean, mean - half, mean + half, n)


def test_the_random_effects_mean_worked_by_hand():
    """Means 1, 2, 6 with standard errors 1: Q = 14, tau^2 = (14 - 2) / 2 = 6, equal weights."""
    mean = random_effects([estimate(1, 1), estimate(2, 1), estimate(6, 1)])
    # All weights are 1/7, and the factor of Hartung and Knapp is (14/7) / 2 = 1.
    half = stats.t.ppf(0.975, 2) * math.sqrt(7 / 3)
    assert mean.mean == pytest.approx(3)
    assert (mean.low, mean.high) == pytest.approx((3 - half, 3 + half))
    assert mean.n == 3


def test_equal_data_sets_have_the_fixed_effect_mean_and_no_narrower_interval():
    mean = random_effects([estimate(1, 1), estimate(1, 0.5)])
    assert mean.mean == pytest.approx(1)
    assert mean.high - 1 == pytest.approx(stats.t.ppf(0.975, 1) * math.sqrt(1 / (1 + 4)))


def test_a_precise_data_set_weighs_more_where_data_sets_agree():
    assert random_effects([estimate(0, 10), estimate(1, 0.1)]).mean == pytest.approx(1, abs=0.01)


def test_exact_values_count_alike():
    mean = random_effects([estimate(1, 0), estimate(3, 0.5)])
    assert mean.mean == pytest.approx(2)
    assert math.isfinite(mean.low)


@pytest.mark.parametrize("lost", [math.nan, math.inf])
def test_a_data_set_without_an_interval_is_left_out(lost):
    one = random_effects([estimate(1, 1), Estimate(2, lost, lost, 8)])
    assert math.isnan(one.mean)
    assert one.n == 1
    two = random_effects([estimate(1, 1), Estimate(2, lost, lost, 8), estimate(3, 1)])
    assert (two.mean, two.n) == (pytest.approx(2), 2)


@pytest.mark.slow
def test_the_interval_of_the_mean_covers_it_about_as_often_as_it_says():
    chosen = np.random.default_rng(5)
    covered = 0
    for truth in chosen.normal(0, 1, (600, 3)):  # data sets whose effects differ
        errors = chosen.uniform(0.2, 0.6, 3)
        seen = chosen.normal(truth, errors)
        mean = random_effects([estimate(m, e) for m, e in zip(seen, errors, strict=True)])
        covered += mean.low <= 0 <= mean.high
    # Three data sets do not say much about how much data sets differ.
    assert 0.92 <= covered / 600 <= 0.985


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        (Difference("a", "b", "m"), ["a - b"]),
        (Equivalence("a", "b", "m"), ["a - b"]),
        (Ratio("a", "b", "m", 2.0), ["a / b"]),
        (Number("a", "m", 1.0, 0.1), ["a"]),
        (Order(("c", "b", "a"), "m"), ["b - c", "a - b"]),
        (Trend(("c", "b", "a"), "m"), ["a - c"]),
        (Identity("m"), []),
    ],
)
def test_the_effects_that_rules_are_about(rule, names):
    values = shifted(2, 1, 0)
    verdict = settled(rule, values)
    assert [effect.what for effect in verdict.effects] == names
    for effect in verdict.effects:
        assert effect.metric == "m"
        first, sign, second = effect.what.partition(" - ")
        if sign:
            gaps = [x - y for x, y in zip(values[first], values[second], strict=True)]
            assert effect.found == mean_interval(gaps)


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        (Difference("a / 10", "b - c", "m"), "difference"),
        (Ratio("a / 10", "b - c", "m", 2.0), "ratio"),
        (Number("a / 10", "m", 1.0, 0.1), "value"),
    ],
)
def test_an_effect_is_of_its_rules_kind_whatever_signs_labels_hold(rule, kind):
    values = dict(zip(("a / 10", "b - c"), shifted(1, 0).values(), strict=True))
    (effect,) = settled(rule, values).effects
    assert effect.kind == kind


def test_all_parts_of_a_claim_tell_their_effects():
    claim = Claim("X", (Difference("a", "b", "m"), Difference("a", "c", "m")))
    (verdict,) = settle([claim], Cells(rows_of(shifted(2, 1, 0))))
    assert [effect.what for effect in verdict.effects] == ["a - b", "a - c"]


def test_effects_over_data_sets_stand_beside_their_mean():
    by_data = {
        name: settled(Difference("a", "b", "m"), shifted(gain, 0))
        for name, gain in zip(DATA, (1, 2, 3), strict=True)
    }
    by_data["lost"] = Verdict(NOT_RUN, "")
    ((mean, own),) = effects_over(by_data)
    assert list(own) == list(DATA)
    assert (mean.what, mean.metric) == ("a - b", "m")
    assert mean.found == random_effects([effect.found for effect in own.values()])


@pytest.mark.slow
def test_planted_truth_over_three_data_sets():
    """Equal variants get a verdict in far less than 5 %, higher ones on all data sets mostly do."""
    chosen = np.random.default_rng(11)
    claim = [Claim("X", Difference("a", "b", "m"))]

    def share(effects, experiments=250):
        words = []
        for _ in range(experiments):
            by_data = {}
            for name, effect in zip(DATA, effects, strict=True):
                values = {"a": chosen.normal(effect, 1, 8).tolist()}
                values["b"] = chosen.normal(0, 1, 8).tolist()
                (by_data[name],) = settle(claim, Cells(rows_of(values)))
            words.append(overall(by_data).verdict)
        return {word: words.count(word) / experiments for word in set(words)}

    equal = share((0, 0, 0), 600)
    assert sum(equal.get(word, 0) for word in (SUPPORTED, REFUTED, DEPENDS)) <= 0.015
    higher = share((2, 2, 2))
    assert higher.get(SUPPORTED, 0) >= 0.95
    assert REFUTED not in higher
    torn = share((3, 0, -3))
    assert torn.get(DEPENDS, 0) >= 0.9
    one = share((3, 0, 0))  # what is found on one data set only is not supported
    assert one.get(SUPPORTED, 0) <= 0.08
