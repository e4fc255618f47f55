"""When a claim is settled, and when not, whatever its rule."""

import math

import numpy as np
import pandas as pd
import pytest
from verdicts_case import A_OVER_B, C_OVER_D, INF, NAN, NOISE, rows_of, settled, shifted

from zoo.claims import (
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
from zoo.evidence.parts import FAMILY
from zoo.evidence.power import seeds_needed
from zoo.evidence.statistics import fewest_seeds
from zoo.evidence.verdicts import Cells, settle

CASES = {
    "difference": (Difference("a", "b", "m", 0.25), {SUPPORTED: (1, 0), REFUTED: (0, 0)}),
    "order": (Order(("b", "a", "c"), "m"), {SUPPORTED: (1, 0, 2), REFUTED: (0, 1, 2)}),
    "equivalence": (Equivalence("a", "b", "m", 0.25), {SUPPORTED: (0, 0), REFUTED: (0, 1)}),
    "ratio": (Ratio("a", "b", "m", 1.0, 1.25), {SUPPORTED: (0, 0), REFUTED: (9, 0)}),
    "trend": (Trend(("a", "b", "c"), "m"), {SUPPORTED: (0, 1, 2), REFUTED: (0, 2, 1)}),
}
TWO = [(name, verdict) for name, (_, truths) in CASES.items() for verdict in truths]


@pytest.mark.parametrize(("name", "verdict"), TWO)
def test_eight_clear_seeds_settle_a_rule(name, verdict):
    rule, truths = CASES[name]
    found = settled(rule, shifted(*truths[verdict]))
    assert found.verdict == verdict
    assert (found.n, found.seeds) == (8, 0)
    assert 2 / 2**8 <= found.p < 0.05
    assert "n = 8" in found.evidence


@pytest.mark.parametrize(("name", "verdict"), TWO)
@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_five_seeds_settle_nothing(name, verdict, n):
    rule, truths = CASES[name]
    values = {label: own[:n] for label, own in shifted(*truths[verdict]).items()}
    found = settled(rule, values)
    assert (found.verdict, found.n) == (UNDECIDED, n)
    assert math.isnan(found.p) if n == 1 else found.p >= 0.05
    assert "nan" not in found.evidence
    exact = {
        label: [1.0 + amount] * n for label, amount in zip("abc", truths[verdict], strict=False)
    }
    assert settled(rule, exact).verdict == UNDECIDED
    assert settled(rule, values).seeds > 0 or n == 1


@pytest.mark.parametrize("n", [1, 2, 5])
def test_five_values_settle_no_number(n):
    found = settled(Number("a", "m", 1.0, 0.5), {"a": [1.0] * n})
    assert (found.verdict, found.n) == (UNDECIDED, n)
    assert settled(Number("a", "m", 9.0, 0.5), {"a": [1.0] * n}).verdict == UNDECIDED
    assert settled(Identity("m", 1.0), {"a": [1.0] * n}).verdict == SUPPORTED


@pytest.mark.parametrize("name", list(CASES))
def test_noise_larger_than_the_effect_is_undecided(name):
    rule, truths = CASES[name]
    noise = [100 * part for part in NOISE]
    rule = Ratio("a", "b", "m", 1.0, 1.01) if name == "ratio" else rule
    values = shifted(*truths[SUPPORTED], noise=noise)
    values = {label: [value + 9 for value in own] for label, own in values.items()}
    found = settled(rule, values)
    assert found.verdict == UNDECIDED
    assert found.p >= 0.05
    assert found.seeds == 0 or found.seeds > 8


@pytest.mark.parametrize("name", list(CASES))
def test_without_a_variant_a_metric_or_a_common_seed_a_rule_is_not_run(name):
    rule, truths = CASES[name]
    values = shifted(*truths[REFUTED])
    for label in values:
        rest = {other: own for other, own in values.items() if other != label}
        assert settled(rule, rest) == not_run(f"no m of {label}")
        lost = settled(rule, values | {label: [NAN] * 8})
        assert lost == not_run(f"no m of {label}")
        found = settled(rule, values | {label: [None] * 8 + values[label]})
        assert found.verdict == NOT_RUN
        assert found.evidence.endswith("share no seed")
    assert settled(rule, values, "other") == not_run("m was not measured")


def not_run(evidence):
    """Returns something equal to a verdict `not run` with this evidence."""

    class NotRun:
        def __eq__(self, other):
            whole = (other.verdict, other.evidence, other.n, other.seeds)
            return whole == (NOT_RUN, evidence, 0, 0) and math.isnan(other.p)

    return NotRun()


@pytest.mark.parametrize("rule", [Number("a", "m", 1.0, 0.5), Identity("m", 1.0, variants=("a",))])
def test_a_number_or_identity_of_a_variant_that_is_not_there_is_not_run(rule):
    assert settled(rule, {"b": [9.0] * 8}) == not_run("no m of a")
    assert settled(rule, {"a": [NAN] * 8, "b": [9.0] * 8}) == not_run("no m of a")
    assert settled(rule, {"a": [9.0] * 8}, "other") == not_run("m was not measured")


def test_an_identity_of_several_needs_each_of_them():
    rule = Identity("m", 1.0, variants=("a", "b"))
    assert settled(rule, {"a": [1.0] * 2}) == not_run("no m of b")
    assert settled(rule, {"a": [1.0] * 2, "b": [1.0]}).verdict == SUPPORTED


@pytest.mark.parametrize(("name", "verdict"), TWO)
@pytest.mark.parametrize("bad", [NAN, INF, -INF])
def test_a_value_that_is_not_finite_leaves_a_rule_undecided(name, verdict, bad):
    rule, truths = CASES[name]
    values = shifted(*truths[verdict])
    for label in values:
        own = [bad, *values[label][1:]]
        found = settled(rule, values | {label: own})
        if (name, verdict, label) == ("order", REFUTED, "c"):  # a is not above b whatever c is
            assert found.verdict == REFUTED
            continue
        assert (found.verdict, found.n, found.seeds) == (UNDECIDED, 8, 0)
        assert math.isnan(found.p)
        assert "finite" in found.evidence


def test_two_infinite_losses_have_no_difference():
    values = {label: [INF, *own[1:]] for label, own in shifted(1, 0).items()}
    found = settled(Difference("a", "b", "m"), values)
    assert found.verdict == UNDECIDED
    assert "1 of 8 pairs are not finite" in found.evidence


def test_a_number_that_is_not_finite():
    found = settled(Number("a", "m", 1.0, 0.5), {"a": [INF, *[1.0] * 7]})
    assert found.verdict == UNDECIDED
    assert "not all values are finite" in found.evidence


def test_pairs_are_pairs_of_seeds():
    values = shifted(0.125, 0)
    assert settled(Difference("a", "b", "m"), values).verdict == SUPPORTED
    apart = {"a": values["a"], "b": values["b"][4:] + values["b"][:4]}
    assert settled(Difference("a", "b", "m"), apart).verdict == UNDECIDED


def test_a_seed_without_a_partner_is_in_no_pair():
    values = shifted(1, 0)
    longer = {"a": [None, *values["a"][1:], 99.0], "b": [*values["b"], None]}
    found = settled(Difference("a", "b", "m"), longer)
    assert found.n == 7
    seven = {label: own[1:] for label, own in values.items()}
    assert found.p == settled(Difference("a", "b", "m"), seven).p


def test_only_rows_at_the_chosen_rates_count():
    rows = pd.concat(
        [
            rows_of(shifted(1, 0), learning_rate=0.1),
            rows_of(shifted(-9, 0), learning_rate=1.0),
        ]
    )
    claim = Claim("X1", Difference("a", "b", "m"))
    for rates, verdict in (
        ({"a": 0.1, "b": 0.1}, SUPPORTED),
        ({"a": 1.0, "b": 0.1}, REFUTED),
        ({"b": 0.1}, NOT_RUN),
        ({"a": 0.5, "b": 0.1}, NOT_RUN),
    ):
        (found,) = settle([claim], Cells(rows, rates))
        assert found.verdict == verdict


@pytest.mark.parametrize("name", list(CASES))
def test_runs_that_are_the_same_decide_nothing(name):
    rule, truths = CASES[name]
    values = shifted(*(0 for _ in truths[SUPPORTED]))
    same = dict.fromkeys(values, values["a"])
    for losses in ({"loss": 0.5}, {"loss": 0.5, "val_loss": 0.25, "test_loss": 0.5}):
        (found,) = settle([Claim("X1", rule)], Cells(rows_of(same, **losses)))
        assert found.verdict == UNDECIDED
        assert "have the same losses in every run: was the treatment applied?" in found.evidence
        assert found.seeds == 0
    # One loss that differs in one run is enough to tell that they are not the same.
    rows = rows_of(same, loss=0.5, test_loss=0.5)
    for label in values:
        rows.loc[(rows["variant"] == label) & (rows["seed"] == 3), "loss"] = ord(label) / 128
    (found,) = settle([Claim("X1", rule)], Cells(rows))
    assert "same losses" not in found.evidence


@pytest.mark.parametrize("name", list(CASES))
def test_a_loss_that_neither_has_makes_no_runs_the_same(name):
    rule, truths = CASES[name]
    rows = rows_of(shifted(*truths[SUPPORTED]), loss=math.nan)
    (found,) = settle([Claim("X1", rule)], Cells(rows))
    assert (found.verdict, "same losses" in found.evidence) == (SUPPORTED, False)


def test_an_identity_may_be_of_runs_that_are_the_same():
    rows = rows_of({"a": [1.0] * 8, "b": [1.0] * 8}, loss=0.5)
    (found,) = settle([Claim("X1", Identity("m", 1.0))], Cells(rows))
    assert found.verdict == SUPPORTED


def test_a_long_chain_needs_more_seeds_to_be_refuted():
    values = shifted(0, 1, 2, 3, 4, 5, 7, 6)
    found = settled(Order(tuple("abcdefgh"), "m"), values)
    assert (found.verdict, found.p) == (REFUTED, pytest.approx(7 / 2**8))
    found = settled(Order(tuple("abcdefgh"), "m"), values, alpha=0.05 / 3)
    assert (found.verdict, found.p) == (UNDECIDED, pytest.approx(7 / 2**8))
    assert 7 / 2**9 < 0.05 / 3
    assert found.seeds == 9


@pytest.mark.parametrize(
    ("amounts", "verdict", "told", "others"),
    [
        ((1, 0, 1, 0), SUPPORTED, ("a has", "c has"), ""),
        ((0, 1, 1, 0), REFUTED, ("a has",), "; 1 of 2 parts hold"),
        ((1, 0, 0, 1), REFUTED, ("c has",), "; 1 of 2 parts hold"),
        ((0, 1, 0, 1), REFUTED, ("a has", "c has"), ""),
        ((1, 0, 0, 0), UNDECIDED, ("c has",), "; 1 of 2 parts hold"),
        ((0, 0, 0, 0), UNDECIDED, ("a has", "c has"), ""),
        ((0, 0, 0, 1), REFUTED, ("c has",), "; 0 of 2 parts hold"),
    ],
)
def test_several_rules_must_all_hold(amounts, verdict, told, others):
    found = settled((A_OVER_B, C_OVER_D), shifted(*amounts))
    assert found.verdict == verdict
    for word in ("a has", "c has"):
        assert (word in found.evidence) == (word in told)
    assert found.evidence.endswith(others or "n = 8")


def test_a_part_that_is_not_run_leaves_the_claim_not_run():
    values = shifted(0, 1)
    assert settled((A_OVER_B, C_OVER_D), values) == not_run("no m of c")
    assert settled((C_OVER_D, A_OVER_B), values) == not_run("no m of c")


def test_no_number_of_seeds_decides_where_one_part_cannot_be_decided():
    values = shifted(0, 0.002, 0, 0)
    assert settled(A_OVER_B, values).seeds > 8
    values["c"][0] = NAN
    assert settled((A_OVER_B, C_OVER_D), values).seeds == 0


def test_a_broken_identity_refutes_whatever_the_tests_say():
    identity = Identity("m", 0.0)
    for amounts in ((1, 0), (0, 0), (0, 1)):
        found = settled((A_OVER_B, identity), shifted(*amounts))
        assert found.verdict == REFUTED
        assert "furthest" in found.evidence
        assert math.isnan(found.p)  # no test decided


def test_a_kept_identity_leaves_the_verdict_to_the_tests():
    identity = Identity("m", 0.0, tolerance=100)
    for amounts, verdict in (((1, 0), SUPPORTED), ((0, 0), UNDECIDED), ((0, 1), REFUTED)):
        found = settled((identity, A_OVER_B), shifted(*amounts))
        assert found.verdict == verdict
        assert found.p == settled(A_OVER_B, shifted(*amounts)).p


def test_a_refuted_part_that_may_be_an_accident_leaves_the_claim_undecided():
    values = shifted(*(4 - amount for amount in range(8)))
    values["b"], values["a"] = values["a"], values["b"]
    rules = tuple(Difference(x, y, "m") for x, y in zip("abcdefg", "bcdefgh", strict=True))
    assert settled(rules, values).verdict == REFUTED
    level = 0.05 / 3
    assert settled(rules[0], values, alpha=level).verdict == REFUTED
    found = settled(rules, values, alpha=level)
    assert found.verdict == UNDECIDED
    assert found.evidence.endswith("; 6 of 7 parts hold")
    assert (found.p, found.seeds) == (pytest.approx(7 / 2**8), 9)


def test_claims_of_an_experiment_are_adjusted_for_each_other():
    values = shifted(1, 0, 0, 0)
    strong = Claim("X1", A_OVER_B)
    weak = [Claim(f"Y{place}", C_OVER_D) for place in range(6)]
    rows = Cells(rows_of(values))
    (alone,) = settle([strong], rows)
    assert (alone.verdict, alone.p) == (SUPPORTED, 2 / 2**8)
    for others in range(7):
        found = settle([strong, *weak[:others]], rows)
        assert found[0].p == pytest.approx((1 + others) * 2 / 2**8)
        assert found[0].verdict == (SUPPORTED if others < 6 else UNDECIDED)
        assert all(one.verdict == UNDECIDED for one in found[1:])
    assert found[0].evidence == alone.evidence + "; p = 0.055 after adjusting for 7 claims"
    assert (alone.open, found[0].open) == ("", FAMILY)
    assert found[0].seeds == 9
    # A second strong claim shares the burden.
    assert settle([strong, strong, *weak], rows)[0].verdict == SUPPORTED


def test_claims_that_were_not_tested_are_no_burden():
    values = shifted(1, 0)
    others = [Claim("Y1", C_OVER_D), Claim("Y2", Identity("m", 0.0, 100.0))] * 10
    found = settle([Claim("X1", A_OVER_B), *others], Cells(rows_of(values)))
    assert (found[0].verdict, found[0].p) == (SUPPORTED, 2 / 2**8)
    assert {one.verdict for one in found[1:]} == {NOT_RUN, SUPPORTED}


def test_seeds_are_those_that_decide_at_the_level_among_the_others():
    values = shifted(0.0703125, 0, 0, 0)
    weak = [Claim(f"Y{place}", C_OVER_D) for place in range(9)]
    gaps = np.subtract(values["a"], values["b"])
    rows = Cells(rows_of(values))
    (alone,) = settle([Claim("X1", A_OVER_B)], rows)
    assert alone.verdict == SUPPORTED
    found = settle([Claim("X1", A_OVER_B), *weak], rows)[0]
    assert (found.verdict, found.seeds) == (UNDECIDED, seeds_needed(gaps, alpha=0.05 / 10))
    assert found.seeds > fewest_seeds(0.05 / 10)
    # Of several parts, too: each is refuted at its part of the level.
    back = (*(Difference("b", "a", "m") for _ in range(2)), *(Difference("a", "b", "m"),) * 8)
    found = settled(back, values, alpha=0.02)
    assert (found.verdict, found.seeds) == (UNDECIDED, seeds_needed(gaps, alpha=0.04 / 10))


def test_no_claims_no_verdicts():
    assert settle([], Cells(rows_of(shifted(0, 1)))) == []


def test_the_level_can_be_lower():
    values = shifted(1, 0)
    assert settled(A_OVER_B, values, alpha=0.05 / 3).verdict == SUPPORTED
    assert settled(A_OVER_B, values, alpha=2 / 2**8).verdict == UNDECIDED
    wide, narrow = (settled(A_OVER_B, values, alpha=alpha).evidence for alpha in (0.01, 0.05))
    assert wide != narrow


def test_the_order_of_rows_changes_nothing():
    generator = np.random.default_rng(0)
    values = shifted(0, 0.05, 0.1, 1)
    claims = [Claim(name, rule) for name, (rule, _) in CASES.items()]
    claims += [
        Claim("number", Number("a", "m", 2.0, 0.5)),
        # Both ends are as far from 0: which one is told must not depend on the rows.
        Claim("identity", Identity("far")),
        Claim("both", (A_OVER_B, C_OVER_D)),
    ]
    rows = rows_of(values, learning_rate=0.1)
    rows["far"] = np.where(rows["variant"] < "c", 1.0, -1.0)
    rates = dict.fromkeys(values, 0.1)
    expected = [str(one) for one in settle(claims, Cells(rows, rates))]
    assert len({one.split("'")[1] for one in expected}) >= 3  # a mix of verdicts
    for _ in range(10):
        mixed = rows.sample(frac=1, random_state=generator)
        assert [str(one) for one in settle(claims, Cells(mixed, rates))] == expected


def test_the_order_of_claims_changes_no_verdict():
    values = shifted(0, 0.02, 0.1, 1)
    claims = [Claim(name, rule) for name, (rule, _) in CASES.items()]
    rows = Cells(rows_of(values))
    forward, backward = settle(claims, rows), settle(claims[::-1], rows)
    assert [str(one) for one in forward] == [str(one) for one in backward[::-1]]


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_undecided_claims_show_no_p_below_the_level(scale):
    generator = np.random.default_rng(1)
    for _ in range(30):
        noise = generator.exponential(size=(4, 8)) + generator.uniform(0, 1.5, size=(4, 1))
        values = {label: (scale * own).tolist() for label, own in zip("abcd", noise, strict=True)}
        claims = [Claim(name, rule) for name, (rule, _) in CASES.items()]
        for found in settle([*claims, Claim("both", (A_OVER_B, C_OVER_D))], Cells(rows_of(values))):
            assert (found.verdict == UNDECIDED) == (not found.p < 0.05)
            assert found.seeds == 0 if found.verdict != UNDECIDED else found.seeds != 8
