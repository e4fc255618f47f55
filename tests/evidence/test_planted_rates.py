"""Near ties between learning rates whose truth is known: the benchmark in small, and its rule."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import planted_truth
from benchmarks.planted_truth import NEVER, PLANTED, draw, held, shares, wrong
from zoo.claims import REFUTED, SUPPORTED, Claim, Difference
from zoo.evidence.cells import RatedCells
from zoo.evidence.metrics import VALIDATION
from zoo.evidence.rates import LEVEL, choose
from zoo.evidence.verdicts import settle

RESULTS = Path(__file__).parents[2] / "results"
EXPERIMENTS = 30
OURS = f"held {LEVEL:g}"


@pytest.fixture(scope="module")
def table():
    return shares(EXPERIMENTS, ("same seeds", OURS))


def test_our_rule_errs_rarely_where_one_choice_of_the_rate_errs_often(table):
    errors = wrong(table).groupby([table["rule"], table["planted"]]).mean()  # over the seeds
    bound = 0.05 + 2 * math.sqrt(0.05 * 0.95 / (3 * EXPERIMENTS))
    assert errors[OURS].max() <= bound
    assert errors["same seeds"].max() > 0.2


def test_our_rule_finds_what_is_clearly_higher(table):
    own = table[table["rule"] == OURS].set_index(["planted", "seeds"])[SUPPORTED]
    assert own["2 higher, one best rate"].min() > 0.7
    assert own["3 higher, scores of tied rates differ by 1"].min() > 0.7
    assert own["2 higher, two rates tie"].loc[16:].min() > 0.9


@pytest.mark.parametrize("place", range(0, len(PLANTED), 3))
def test_the_zoo_settles_as_the_rule_that_is_simulated(place):
    generator = np.random.default_rng(place)
    claim = Claim("X1", Difference("a", "b"))
    for seeds in (8, 16):
        for _ in range(5):
            learners = draw(generator, PLANTED[place], seeds)
            runs = pd.DataFrame(
                {
                    "variant": label,
                    "learning_rate": float(rate + 1),
                    "seed": seed,
                    VALIDATION: validation[rate, seed],
                    "test_accuracy": reported[rate, seed],
                }
                for label, (validation, reported) in zip("ab", learners, strict=True)
                for rate in range(len(validation))
                for seed in range(seeds)
            )
            (found,) = settle([claim], RatedCells(runs, {VALIDATION: choose(runs)}))
            assert found.verdict == held(learners, LEVEL)


def test_the_committed_shares_decide_for_our_rule_and_are_told_as_they_are():
    committed = pd.read_csv(RESULTS / "planted_truth.csv")
    told = (RESULTS / "planted_truth.md").read_text(encoding="utf-8")
    assert told == planted_truth.markdown(committed, planted_truth.EXPERIMENTS)
    worst = wrong(committed).groupby(committed["rule"]).max()
    found = committed[committed["truth"] != NEVER].groupby("rule")[SUPPORTED].mean()
    allowed = worst.index[worst <= 0.05]
    assert found[allowed].idxmax() == OURS
    assert set(committed["planted"]) == {planted.name for planted in PLANTED}
    assert committed[REFUTED].between(0, 1).all()
