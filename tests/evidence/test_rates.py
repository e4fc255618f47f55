import math

import pandas as pd
import pytest
from scipy import stats

from zoo.claims import REFUTED, SUPPORTED, UNDECIDED, Claim, Difference, Identity, Order, Trend
from zoo.evidence.cells import MOST, Cells, RatedCells
from zoo.evidence.metrics import VALIDATION
from zoo.evidence.parts import RATE
from zoo.evidence.rates import LEVEL, Rates, best_rates, choose, choose_all, worse_p
from zoo.evidence.verdicts import settle

NAN, INF = math.nan, math.inf
NOISE = [place / 64 for place in (-5, 3, 1, -1, 5, -3, 2, -2)]  # of mean 0


def rows_of(cells):
    """Returns one row a run; cells are lists of values by metric, by variant and rate."""
    return pd.DataFrame(
        {"variant": variant, "learning_rate": rate, "seed": seed}
        | {name: values[seed] for name, values in metrics.items()}
        for (variant, rate), metrics in cells.items()
        for seed in range(len(next(iter(metrics.values()))))
    )


def validated(**means):
    """Returns rows of the variant a: at rates 1, 2, ... validation accuracies around means."""
    turned = {"first": NOISE, "second": NOISE[::-1], "third": NOISE[3:] + NOISE[:3]}
    return rows_of(
        {
            ("a", float(rate)): {VALIDATION: [mean + noise for noise in turned[name]]}
            for rate, (name, mean) in enumerate(means.items(), 1)
        }
    )


def test_rates_that_validate_as_well_are_tied_with_the_best():
    found = choose(validated(first=0.5, second=0.51, third=0.25))
    assert (found.chosen, found.tied) == ({"a": 2.0}, {"a": (1.0,)})
    assert found.of("a") == (2.0, 1.0)
    assert found.of("b") == ()


def test_equal_rates_are_tied_and_the_smaller_is_chosen():
    equal = {VALIDATION: [0.5, 0.25, 0.75]}
    found = choose(rows_of({("a", rate): equal for rate in (0.3, 0.1, 0.03)}))
    assert (found.chosen, found.tied) == ({"a": 0.03}, {"a": (0.1, 0.3)})


def test_a_single_rate_ties_with_none():
    found = choose(rows_of({("a", 0.1): {VALIDATION: [0.5] * 3}}))
    assert (found.chosen, found.tied) == ({"a": 0.1}, {})


@pytest.mark.parametrize("gap", [1 / 64, 1 / 32])
def test_a_rate_is_tied_unless_the_paired_test_shows_it_to_be_worse(gap):
    rows = validated(first=0.5, second=0.5 - gap)
    values = [rows[rows["learning_rate"] == rate][VALIDATION].to_numpy() for rate in (1.0, 2.0)]
    p = stats.ttest_rel(*values, alternative="greater").pvalue
    assert worse_p(pd.Series(values[0] - values[1])) == pytest.approx(p)
    assert (choose(rows).tied == {"a": (2.0,)}) == (p >= LEVEL)


@pytest.mark.parametrize(
    ("gaps", "p"),
    [
        ([0.0] * 8, 1.0),
        ([0.25] * 8, 0.0),
        ([-1.0, 0.5], 1.0),
        ([0.5], NAN),
        ([NAN, 0.5, NAN], NAN),
        ([], NAN),
        ([INF, 0.0, 0.0], 0.0),
        ([-INF, 0.0, 0.0], 1.0),
    ],
)
def test_the_p_at_its_ends(gaps, p):
    assert worse_p(pd.Series(gaps, dtype=float)) == pytest.approx(p, nan_ok=True)


def test_a_chaotic_rate_ties_though_its_mean_is_far_lower():
    calm, chaotic = [0.5 + noise / 8 for noise in NOISE], [0.55] * 7 + [0.1]
    rows = rows_of({("a", 0.1): {VALIDATION: calm}, ("a", 0.3): {VALIDATION: chaotic}})
    found = choose(rows)
    assert (found.chosen, found.tied) == ({"a": 0.1}, {"a": (0.3,)})


@pytest.mark.parametrize("metric", ["loss", "initial_loss", "epochs_to_accuracy_0.75"])
def test_speed_and_training_loss_choose_the_rate_of_their_lowest_mean(metric):
    rows = rows_of(
        {
            ("a", 0.1): {VALIDATION: [0.75, 0.75], metric: [2.0, 4.0]},
            ("a", 0.3): {VALIDATION: [0.5, 0.5], metric: [1.0, 3.0]},
            ("a", 0.9): {VALIDATION: [0.25, 0.25], metric: [0.5, NAN]},
        }
    )
    found = choose_all(rows, [metric, "test_accuracy", "accuracy"])
    assert {name: rates.chosen["a"] for name, rates in found.items()} == {
        VALIDATION: 0.1,
        metric: 0.3,
    }


def test_without_any_finite_value_the_smallest_rate_is_chosen():
    rows = rows_of({("a", rate): {"loss": [NAN, INF]} for rate in (0.3, 0.1)})
    assert best_rates(rows, "loss") == {"a": 0.1}
    assert choose(rows, "loss").chosen == {"a": 0.1}


def test_what_was_not_measured_chooses_nothing():
    rows = rows_of({("a", 0.1): {VALIDATION: [0.5, 0.5]}})
    assert [*choose_all(rows, ["loss"])] == [VALIDATION]


def test_seeds_that_only_one_rate_has_do_not_count():
    rows = validated(first=0.5, second=0.25)
    more = rows_of({("a", 2.0): {VALIDATION: [9.0]}}).assign(seed=99)
    assert choose(pd.concat([rows, more]), chosen={"a": 1.0}).tied == {}


def experiment(**shifts):
    """Returns rows and rates: b at rate 1; a at rates 1, 2, ... is higher by the shifts."""
    cells = {("b", 1.0): {"m": [1 + noise for noise in NOISE]}}
    for rate, shift in enumerate(shifts.values(), 1):
        cells["a", float(rate)] = {"m": [1 + shift + noise for noise in NOISE[::-1]]}
    tied = tuple(float(rate) for rate in range(2, len(shifts) + 1))
    rates = Rates({"a": 1.0, "b": 1.0}, {"a": tied} if tied else {})
    return RatedCells(rows_of(cells), {VALIDATION: rates})


@pytest.mark.parametrize(
    ("shifts", "verdict", "told"),
    [
        ((1.0,), SUPPORTED, "n = 8"),
        ((1.0, 2.0), SUPPORTED, "; the same with a at 2"),
        ((1.0, 2.0, 3.0), SUPPORTED, "; the same with a at 2 or 3"),
        ((-1.0, -2.0), REFUTED, "; the same with a at 2"),
        ((0.0, 0.0), UNDECIDED, "; the same with a at 2"),
        (
            (1.0, -1.0),
            UNDECIDED,
            "turns with the learning rate: supported with a at 1; refuted with a at 2",
        ),
        (
            (1.0, 0.0, 2.0, 0.0),
            UNDECIDED,
            "rate: supported with a at 1; undecided with a at 2 or a at 4",
        ),
    ],
)
def test_a_verdict_holds_at_every_rate_or_is_undecided_and_says_where(shifts, verdict, told):
    cells = experiment(**{f"at{place}": shift for place, shift in enumerate(shifts)})
    (found,) = settle([Claim("X1", Difference("a", "b", "m"))], cells)
    assert found.verdict == verdict
    assert found.evidence.startswith(f"a has {1 + shifts[0]:g} and b 1 m: difference")
    assert found.evidence.endswith(told)
    assert found.n == 8
    assert found.open == (RATE if "turns" in found.evidence else "")
    if verdict == UNDECIDED:
        assert found.p >= 0.05
        assert found.seeds == 0 or found.seeds > 8


def test_every_part_and_link_is_settled_at_the_rates_of_its_own_variants():
    cells = experiment(at1=1.0, at2=-1.0)
    for rule in (Order(("b", "a"), "m"), (Difference("a", "b", "m"), Identity("seed", 0.0, 9.0))):
        (found,) = settle([Claim("X1", rule)], cells)
        assert found.verdict == UNDECIDED
        assert "refuted with a at 2" in found.evidence


def test_the_first_rates_are_the_chosen_ones_and_give_what_cells_at_them_give():
    cells = experiment(at1=1.0, at2=1.5)
    (first, own), (second, other) = cells.alternatives("m", ["a", "b"])
    assert (first, second) == ({"a": 1.0}, {"a": 2.0})
    assert own.values("a", "m").tolist() == cells.chosen("m").values("a", "m").tolist()
    assert (other.values("a", "m") - own.values("a", "m")).tolist() == [0.5] * 8
    assert own.values("b", "m").equals(other.values("b", "m"))
    alone = Cells(experiment(at1=1.0).chosen("m")._rows)
    assert [rates for rates, _ in alone.alternatives("m", ["a"])] == [{}]


def test_of_too_many_combinations_one_variant_at_a_time_moves():
    labels = tuple("abcdefghijk")
    cells = {(label, rate): {"m": [rate]} for label in labels for rate in (1.0, 2.0)}
    rates = Rates(dict.fromkeys(labels, 1.0), dict.fromkeys(labels, (2.0,)))
    rated = RatedCells(rows_of(cells), {VALIDATION: rates})
    assert 2 ** len(labels) > MOST
    found = [given for given, _ in rated.alternatives("m", ())]
    assert len(found) == 1 + len(labels)
    assert [sum(given.values()) for given in found] == [11.0] + [12.0] * 11
    assert len(list(rated.alternatives("m", labels[:3]))) == 2**3


def test_a_trend_has_to_hold_at_all_combinations():
    cells = {
        (label, rate): {"m": [place + noise for noise in NOISE]}
        for place, label in enumerate("abc")
        for rate in (1.0, 2.0)
    }
    cells["c", 2.0] = {"m": [noise - 4 for noise in NOISE]}
    rates = Rates(dict.fromkeys("abc", 1.0), {"c": (2.0,)})
    rule = Trend(tuple("abc"), "m")
    (found,) = settle([Claim("X1", rule)], RatedCells(rows_of(cells), {VALIDATION: rates}))
    assert found.verdict == UNDECIDED
    assert found.evidence.endswith("supported with c at 1; refuted with c at 2")


def test_metrics_that_choose_are_settled_at_the_rates_that_they_choose():
    rows = rows_of(
        {
            ("a", 1.0): {"loss": [1 + noise for noise in NOISE], "m": NOISE},
            ("a", 2.0): {"loss": [3 + noise for noise in NOISE], "m": NOISE[::-1]},
            ("b", 1.0): {"loss": [2 + noise for noise in NOISE[::-1]], "m": NOISE},
        }
    )
    rates = {
        VALIDATION: Rates({"a": 2.0, "b": 1.0}),
        "loss": Rates({"a": 1.0, "b": 1.0}),
    }
    (found,) = settle([Claim("X1", Difference("b", "a", "loss"))], RatedCells(rows, rates))
    assert found.verdict == SUPPORTED
    assert found.evidence.endswith("n = 8; rates by loss: a at 1")
    del rates["loss"]
    (found,) = settle([Claim("X1", Difference("b", "a", "loss"))], RatedCells(rows, rates))
    assert found.verdict == REFUTED


def test_where_seeds_share_examples_a_rate_is_shown_to_be_worse_less_easily():
    gaps = pd.Series([0.03, 0.01, 0.05, 0.02, 0.04, 0.00, 0.02, 0.03])
    t = gaps.mean() / gaps.std() / (1 / 8 + 0.25) ** 0.5
    assert worse_p(gaps, 0.25) == pytest.approx(stats.t.sf(t, 7))
    assert worse_p(gaps) < worse_p(gaps, 0.25)
    better, other = [*(0.5 + gaps)], [0.5] * 8
    rows = rows_of({("v", 1.0): {VALIDATION: better}, ("v", 2.0): {VALIDATION: other}})
    assert choose(rows).tied == {}
    assert choose(rows, overlap=2.0).tied == {"v": (2.0,)}
