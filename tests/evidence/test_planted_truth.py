"""Experiments whose truth is known: how often is a claim settled wrongly, and how often rightly?

Errors are counted claim by claim, over families as an experiment has them: `supported` where the
claim is false, and `refuted` where it is true. At the very margin both are counted: a claim of more
than the margin is neither clearly true nor false there, so neither verdict may be frequent.

The tests print the shares with `pytest -s`.
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from zoo.claims import (
    REFUTED,
    SUPPORTED,
    UNDECIDED,
    Claim,
    Difference,
    Equivalence,
    Number,
    Order,
    Ratio,
    Trend,
)
from zoo.evidence.verdicts import Cells, settle

pytestmark = pytest.mark.slow

SEEDS = 8
LEDGERS = 600  # of each noise
MARGIN = 1.0  # in standard deviations of a run within its seed
BETWEEN = 2.0  # standard deviation of what a seed does to all variants
NEVER, TRUE, FALSE = "never", "true", "false"


@dataclass(frozen=True)
class Planted:
    """A claim with the true means of its variants.

    Attributes:
        name: Words for it.
        means: True mean by variant.
        rule: Function of the labels that returns the rule.
        truth: `TRUE`, `FALSE`, or `NEVER` at the margin, where neither verdict may be frequent.
        clear: Whether eight seeds are enough to see it.
        logarithm: Whether the numbers are the logarithms of the metric.
    """

    name: str
    means: tuple[float, ...]
    rule: object
    truth: str
    clear: bool = False
    logarithm: bool = False


def difference(name, amount, truth, margin=0.0, clear=False):
    return Planted(name, (amount, 0), lambda a, b: Difference(a, b, "m", margin), truth, clear)


def order(name, means, truth, clear=False):
    return Planted(name, means, lambda *labels: Order(labels, "m"), truth, clear)


def equivalence(name, amount, truth, margin=MARGIN, clear=False):
    return Planted(name, (amount, 0), lambda a, b: Equivalence(a, b, "m", margin), truth, clear)


def ratio(name, amount, truth, clear=False):
    """Plants logarithms: the rule says 2 within a factor e, the truth is 2 exp(amount)."""

    def rule(a, b):
        return Ratio(a, b, "m", 2.0, math.e)

    return Planted(name, (math.log(2) + amount, 0), rule, truth, clear, logarithm=True)


def number(name, amount, truth, clear=False):
    return Planted(name, (amount,), lambda a: Number(a, "m", 0.0, 3.0), truth, clear)


def trend(name, means, truth, clear=False):
    return Planted(name, means, lambda *labels: Trend(labels, "m"), truth, clear)


PLANTED = [
    difference("no difference", 0, NEVER),
    difference("clear", 3, TRUE, clear=True),
    difference("clear the other way", -3, FALSE, clear=True),
    difference("below the margin", 0.5, FALSE, MARGIN),
    difference("at the margin", 1, NEVER, MARGIN),
    difference("above the margin", 1.5, TRUE, MARGIN),
    difference("far above the margin", 4, TRUE, MARGIN, clear=True),
    order("no difference", (0, 0, 0), NEVER),
    order("clear", (0, 3, 6), TRUE, clear=True),
    order("one link equal", (0, 3, 3), NEVER),
    order("one link broken", (0, 3, 0.5), FALSE),
    order("one link clearly broken", (0, 4, 0), FALSE, clear=True),
    equivalence("no difference", 0, TRUE),
    equivalence("clear", 0, TRUE, 3, clear=True),
    equivalence("within the margin", 0.7, TRUE),
    equivalence("at the margin", 1, NEVER),
    equivalence("beyond the margin", -1.3, FALSE),
    equivalence("clearly beyond the margin", -4, FALSE, clear=True),
    ratio("as stated", 0, TRUE),
    ratio("at the margin", 1, NEVER),
    ratio("clearly another", 4, FALSE, clear=True),
    ratio("somewhat too small", -1.3, FALSE),
    number("as stated", 0, TRUE),
    number("at the margin", -3, NEVER),
    number("another", 3.5, FALSE),
    number("clearly another", 12, FALSE, clear=True),
    trend("none", (0, 0, 0, 0), NEVER),
    trend("clear", (0, 2, 4, 6), TRUE, clear=True),
    trend("with a plateau", (0, 2, 2, 4), TRUE),
    trend("clearly falling", (6, 4, 2, 0), FALSE, clear=True),
    trend("slightly falling", (0.3, 0.2, 0.1, 0), FALSE),
    trend("there and clearly back", (0, 4, 0, 4), FALSE, clear=True),
    trend("no rise on the whole", (0, 0.5, 0.5, 0), FALSE),
]
KEYS = [(type(one.rule(*"abcd"[: len(one.means)])).__name__.lower(), one.name) for one in PLANTED]


def centred(draws):
    return draws - 1


NOISES = {
    "normal": lambda generator, shape: generator.normal(size=shape),
    # Exponential: skewness 2.
    "skewed": lambda generator, shape: centred(generator.exponential(size=shape)),
    # Only the first variant of a claim is skewed, and much louder: differences are skewed too.
    "one skewed": lambda generator, shape: np.concatenate(
        [
            centred(generator.exponential(size=(1, *shape[1:]))),
            generator.normal(0, 0.3, size=(shape[0] - 1, *shape[1:])),
        ]
    ),
    "tied": lambda generator, shape: generator.normal(size=shape).round(1),
}


def family(generator, chosen, noise):
    """Returns the claims and rows of one experiment."""
    claims, rows = [], []
    seeds = generator.normal(0, BETWEEN, SEEDS)
    for place in chosen:
        planted = PLANTED[place]
        labels = [f"{place}{letter}" for letter in "abcd"[: len(planted.means)]]
        claims.append(Claim(str(place), planted.rule(*labels)))
        values = NOISES[noise](generator, (len(labels), SEEDS))
        values = values + np.array(planted.means)[:, None] + seeds
        if planted.logarithm:
            values = np.exp(values)
        rows += [
            {"variant": label, "seed": seed, "m": value}
            for label, own in zip(labels, values, strict=True)
            for seed, value in enumerate(own)
        ]
    return claims, pd.DataFrame(rows)


@pytest.fixture(scope="module", params=list(NOISES))
def shares(request):
    """Returns the noise, and the shares of verdicts by claim, over families of 6 to 10 claims."""
    generator = np.random.default_rng(list(NOISES).index(request.param))
    found = [[] for _ in PLANTED]
    for _ in range(LEDGERS):
        size = generator.integers(6, 11)
        chosen = generator.choice(len(PLANTED), size=size, replace=False)
        claims, rows = family(generator, chosen, request.param)
        for place, verdict in zip(chosen, settle(claims, Cells(rows)), strict=True):
            found[place].append(verdict.verdict)
    table = pd.DataFrame(
        [{word: own.count(word) / len(own) for word in (SUPPORTED, REFUTED)} for own in found],
        index=pd.MultiIndex.from_tuples(KEYS),
    )
    table["truth"] = [one.truth for one in PLANTED]
    table["clear"] = [one.clear for one in PLANTED]
    table["n"] = list(map(len, found))
    return request.param, table


def bound(rate, number):
    """Returns the rate with two standard errors of its simulation on top."""
    return rate + 2 * math.sqrt(rate * (1 - rate) / number)


def wrong(table):
    """Returns the share of wrong verdicts by claim."""
    supported = table[SUPPORTED].where(table["truth"] != TRUE, 0)
    refuted = table[REFUTED].where(table["truth"] != FALSE, 0)
    return pd.DataFrame({SUPPORTED: supported, REFUTED: refuted})


def test_no_claim_is_often_settled_wrongly(shares):
    noise, table = shares
    errors = wrong(table)
    print(noise, table.round(3).to_string())  # noqa: T201 - the table for whoever asks with -s
    for word in (SUPPORTED, REFUTED):
        for key, rate in errors[word].items():
            assert rate <= bound(0.05, table["n"][key]), (noise, key, word, rate)
        # Over all claims where the verdict is wrong, the simulation's own error is small.
        other = TRUE if word == SUPPORTED else FALSE
        counted = table["truth"] != other
        mean = np.average(errors[word][counted], weights=table["n"][counted])
        assert mean <= 0.025


def test_clear_truths_are_found(shares):
    noise, table = shares
    clear = table[table["clear"]]
    found = np.where(clear["truth"] == TRUE, clear[SUPPORTED], clear[REFUTED])
    assert found.min() >= 0.6, (noise, clear.index[found.argmin()], found.min())
    assert found.mean() >= 0.85


@pytest.mark.parametrize("noise", list(NOISES))
@pytest.mark.parametrize("rule", [difference, equivalence])
def test_a_treatment_that_was_not_applied_settles_nothing(noise, rule):
    """The same runs under two labels: no difference may be claimed, nor that there is none."""
    generator = np.random.default_rng(5)
    for _ in range(20):
        values = NOISES[noise](generator, (2, SEEDS))[0]
        rows = pd.DataFrame(
            [
                {"variant": label, "seed": seed, "m": value, "loss": abs(value), "val_loss": value}
                for label in "ab"
                for seed, value in enumerate(values)
            ]
        )
        for margin in (0.0, 1.0) if rule is difference else (1.0,):
            claim = Claim("X1", rule("", 0, NEVER, margin).rule("a", "b"))
            (found,) = settle([claim], Cells(rows))
            assert found.verdict == UNDECIDED
            assert "was the treatment applied?" in found.evidence
