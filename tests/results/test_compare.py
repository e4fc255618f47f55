import math

import pandas as pd
import pytest

from zoo.claims import (
    NOT_RUN,
    REFUTED,
    SUPPORTED,
    TEST_ACCURACY,
    UNDECIDED,
    Claim,
    Difference,
    Identity,
)
from zoo.evidence.statistics import mean_interval, welch_interval
from zoo.results.compare import compare, matched
from zoo.results.compare_lines import LONGEST, lines_of
from zoo.results.ledger_text import Z_NOTE
from zoo.results.sides import Side

NAMES = ("here", "there")
SCORES = {"relu": [0.5, 0.625, 0.5, 0.75], "tanh": [0.25, 0.5, 0.25, 0.375]}


@pytest.fixture
def side(spec):
    """Returns a function that makes a side: test accuracies, rates, verdicts by claim, changes."""

    def make(scores=SCORES, rates=None, verdicts=(SUPPORTED, SUPPORTED), first=0, **changes):
        rates = rates or dict.fromkeys(scores, 0.1)
        claims = [Claim(f"X{place}", Difference("tanh", "relu")) for place in range(len(verdicts))]
        claims = changes.pop("claims", claims)
        rows = [
            (label, rate, seed, value if rate == rates[label] else 0.0)
            for label, own in scores.items()
            for rate in (0.01, 0.1)
            for seed, value in enumerate(own, first)
        ]
        said = [
            {
                "id": claim.id,
                "says": f"{claim.id} is so",
                "rule": str(claim.rule),
                "verdict": verdict,
                "evidence": f"the numbers of {claim.id} say {verdict}",
            }
            for claim, verdict in zip(claims, verdicts, strict=True)
        ]
        own = spec | {"variants": list(scores), "claims": [claim.as_dict() for claim in claims]}
        return Side(
            spec=own | changes,
            table=pd.DataFrame({"variant": list(scores)}),
            rows=pd.DataFrame(rows, columns=["variant", "learning_rate", "seed", TEST_ACCURACY]),
            rates=rates,
            verdicts=pd.DataFrame(said, columns=["id", "says", "rule", "verdict", "evidence"]),
        )

    return make


def test_a_side_and_itself_differ_in_nothing(side):
    changes = compare({"tiny": side()}, {"tiny": side()})
    assert changes.none
    assert (changes.verdicts, changes.rates, changes.declared) == ((), (), {})
    *_, last = lines_of(changes, NAMES)
    assert last == (
        "Nothing differs: 2 verdicts and 2 trained variants are the same, number for number."
    )


@pytest.mark.parametrize(
    ("before", "after", "turned"),
    [
        (SUPPORTED, REFUTED, True),
        (REFUTED, SUPPORTED, True),
        (SUPPORTED, UNDECIDED, False),
        (UNDECIDED, REFUTED, False),
        (NOT_RUN, SUPPORTED, False),
    ],
)
def test_only_supported_and_refuted_turn_round(side, before, after, turned):
    changes = compare({"tiny": side(verdicts=[before])}, {"tiny": side(verdicts=[after])})
    [found] = changes.verdicts
    assert (found.verdicts, found.turned) == ((before, after), turned)
    assert changes.turned == (changes.verdicts if turned else ())
    text = "\n".join(lines_of(changes, NAMES))
    assert (f"  {before.upper()} -> {after.upper()}  X0  tiny  X0 is so" in text) == turned
    assert (f"  {before} -> {after}  X0  tiny  X0 is so" in text) != turned
    for name, verdict in (("A", before), ("B", after)):
        assert f"      {name}  the numbers of X0 say {verdict}" in text


def test_what_turned_round_comes_first_with_its_rates(side):
    a = side(verdicts=[UNDECIDED, SUPPORTED, SUPPORTED, REFUTED])
    b = side(verdicts=[SUPPORTED, REFUTED, SUPPORTED, SUPPORTED], rates={"relu": 0.1, "tanh": 0.01})
    changes = compare({"tiny": a}, {"tiny": b})
    assert [each.id for each in changes.verdicts] == ["X1", "X3", "X0"]
    assert changes.rates == (("tiny", "tanh", 0.1, 0.01),)
    lines = lines_of(changes, NAMES)
    head = lines.index("SUPPORTED BECAME REFUTED, OR REFUTED SUPPORTED: 2 of 4")
    assert head < lines.index("Other verdicts that changed: 1 of 4")
    assert lines.count("      learning rates  tanh 0.1 -> 0.01") == 3
    place = lines.index("Chosen learning rates that moved: 1 of 2")
    assert lines[place + 1].split() == ["tiny", "tanh", "0.1", "->", "0.01"]


def test_only_the_rates_of_a_claims_own_variants_are_told(side):
    claims = [Claim("X0", Identity("diverged", variants=("relu",))), Claim("X1", Identity("loss"))]
    a, b = (
        side(claims=claims, verdicts=[verdict] * 2, rates={"relu": 0.1, "tanh": rate})
        for verdict, rate in ((SUPPORTED, 0.1), (REFUTED, 0.01))
    )
    one, all_ = compare({"tiny": a}, {"tiny": b}).verdicts
    assert one.moved == ()
    assert all_.moved == (("tanh", 0.1, 0.01),)
    lines = lines_of(compare({"tiny": a}, {"tiny": b}), NAMES)
    assert lines.count("      learning rates  as before") == 1


def test_rates_that_only_differ_in_rounding_did_not_move(side):
    scores = {"relu": [0.5] * 3}
    a, b = (side(scores, {"relu": rate}, claims=[], verdicts=[]) for rate in (0.1, 0.1 + 1e-9))
    assert compare({"tiny": a}, {"tiny": b}).rates == ()


def frame(*rows):
    return pd.DataFrame(rows, columns=["id", "rule"])


@pytest.mark.parametrize(
    ("first", "second", "pairs"),
    [
        ([("X", "r"), ("Y", "r")], [("Y", "r"), ("X", "r")], [(0, 1), (1, 0)]),
        ([("X", "r"), ("X", "s")], [("X", "s"), ("X", "r")], [(0, 1), (1, 0)]),
        ([("X", "r"), ("X", "r")], [("X", "r"), ("X", "r")], [(0, 0), (1, 1)]),
        ([("X", "r"), ("X", "r")], [("X", "r")], [(0, 0)]),
        # The rule changed: what is left of the id, in order.
        ([("X", "r"), ("X", "s")], [("X", "t"), ("X", "r")], [(0, 1), (1, 0)]),
        ([("X", "r"), ("Y", "r")], [("Z", "r")], []),
        ([], [("X", "r")], []),
    ],
)
def test_claims_are_matched_by_id_and_rule_and_then_by_their_place(first, second, pairs):
    assert matched(frame(*first), frame(*second)) == pairs
    assert matched(frame(*second), frame(*first)) == sorted((b, a) for a, b in pairs)


def test_a_claim_with_another_rule_is_told_with_both(side):
    a = side(claims=[Claim("X0", Difference("tanh", "relu"))], verdicts=[SUPPORTED])
    b = side(claims=[Claim("X0", Difference("relu", "tanh"))], verdicts=[REFUTED])
    changes = compare({"tiny": a}, {"tiny": b})
    assert len(changes.turned) == changes.claims == 1
    [line] = [line for line in lines_of(changes, NAMES) if "another rule" in line]
    assert line == f"      another rule  {' -> '.join(changes.turned[0].rules)}"


def test_z_is_defined_where_it_stands(side):
    a, b = side(), side(verdicts=(SUPPORTED, REFUTED))
    assert not any(line.startswith("z: ") for line in lines_of(compare({"t": a}, {"t": b}), NAMES))
    b.verdicts["evidence"] = "a has std 0.2; stated 0.25, z = -2.0, n = 8"
    assert lines_of(compare({"t": a}, {"t": b}), NAMES)[-1] == Z_NOTE


def test_accuracies_are_paired_where_the_seeds_are_the_same_and_welchs_elsewhere(side):
    better = {label: [value + 0.0625 for value in own] for label, own in SCORES.items()}
    better["tanh"][0] -= 0.25
    a, same, other = side(), side(better), side(better, first=1)
    paired = compare({"tiny": a}, {"tiny": same}).accuracies
    assert [(each.variant, each.paired, each.numbers) for each in paired] == [
        ("relu", True, (4, 4)),
        ("tanh", True, (4, 4)),
    ]
    assert paired[0].difference == mean_interval([0.0625] * 4)
    assert [each.differs for each in paired] == [True, False]
    apart = compare({"tiny": a}, {"tiny": other}).accuracies
    assert not apart[0].paired
    assert apart[0].difference == welch_interval(SCORES["relu"], better["relu"])
    assert [each.differs for each in apart] == [False, False]
    lines = lines_of(compare({"tiny": a}, {"tiny": same}), NAMES)
    [place] = [place for place, line in enumerate(lines) if line.startswith("Mean test accuracy")]
    assert lines[place].startswith("Mean test accuracy: of 2 variants, 1 differ (B minus A in")
    assert lines[place + 1].split("  ")[1:] == [
        "tiny",
        "relu",
        "+6.2",
        "[+6.2, +6.2]",
        "paired, n = 4",
    ]
    assert "tanh" not in "".join(lines[place:])


@pytest.mark.parametrize("first", [0, 1])
def test_the_interval_of_a_difference_ends_where_differences_of_shares_do(side, first):
    a = side({"relu": [0.0] * 3}, claims=[], verdicts=[])
    b = side({"relu": [1.0, 1.0, 0.75]}, claims=[], verdicts=[], first=first)
    [found] = compare({"tiny": a}, {"tiny": b}).accuracies
    assert found.paired == (first == 0)
    assert 0 < found.difference.low < found.difference.high == 1


def test_the_order_of_the_rows_pairs_the_same_seeds(side):
    a, b = side(), side()
    mixed = b.rows.sample(frac=1, random_state=0)
    shuffled = Side(b.spec, b.table, mixed, b.rates, b.verdicts)
    for each in compare({"tiny": a}, {"tiny": shuffled}).accuracies:
        assert each.difference == mean_interval([0.0] * 4)


def test_two_seeds_or_values_that_are_not_finite_show_no_difference(side):
    few = {"relu": [0.0, 0.0], "tanh": [0.0, math.nan, 0.0]}
    more = {"relu": [1.0, 1.0], "tanh": [1.0, 1.0, 1.0]}
    changes = compare({"tiny": side(few)}, {"tiny": side(more)})
    assert not any(each.differs for each in changes.accuracies)
    lines = lines_of(changes, NAMES)
    assert "Mean test accuracy: of 0 variants, none differs; 2 more have no interval." in lines


def test_what_only_one_side_has(side):
    a = {"tiny": side(), "mine": side()}
    elu = {"relu": SCORES["relu"], "elu": SCORES["relu"]}
    b = {"tiny": side(elu, claims=[Claim("Z", Identity("loss"))], verdicts=[SUPPORTED])}
    changes = compare(a, b)
    assert (changes.experiments, changes.same, changes.claims) == ((2, 1, 1), 0, 0)
    lines = lines_of(changes, NAMES)
    told = "experiments mine; claims X0 (tiny), X1 (tiny); variants tanh (tiny)"
    assert f"Only in A: {told}" in lines
    assert "Only in B: claims Z (tiny); variants elu (tiny)" in lines
    assert [line.split() for line in lines[:2]] == [
        ["A", "here", "2", "experiments"],
        ["B", "there", "1", "experiment"],
    ]


def test_an_experiment_that_only_one_side_has_is_a_difference(side):
    assert not compare({"tiny": side()}, {"tiny": side(), "more": side()}).none


def test_declarations_that_differ_are_told_once_for_all_experiments_they_are_true_of(side):
    versions = {"keras": "3.15"}, {"keras": "3.16"}
    a = {name: side(versions=versions[0]) for name in ("one", "two", "three")}
    b = {name: side(versions=versions[1]) for name in a}
    longer = {"recipe": {"epochs": 9, "batch_size": 64}, "seeds": [4, 5, 6, 7]}
    for name in ("one", "three"):
        b[name] = side(versions=versions[1], **longer)
    lines = lines_of(compare(a, b), NAMES)
    assert "Declared everywhere: versions.keras 3.15 -> 3.16" in lines
    assert "Declared in one, three: seeds 0..3 -> 4..7; recipe.epochs 2 -> 9" in lines
    b["one"] = side(data={"name": "x" * 999})
    text = "\n".join(lines_of(compare(a, b), NAMES))
    assert "data.name digits -> xxx" in text
    assert "data.train 1151 -> nothing" in text


def test_variants_that_were_left_out_are_told_as_they_are(side):
    first, second = side(left_out=["elu", "selu"]), side(left_out=["elu"])
    lines = lines_of(compare({"one": first}, {"one": second}), NAMES)
    assert "Declared everywhere: left_out ['elu', 'selu'] -> ['elu']" in lines


def test_r2_has_its_name_and_its_bounds_and_is_not_compared_with_accuracy(side):
    worse = {"relu": [-1.0, -1.0, -1.0, -0.9], "tanh": SCORES["tanh"]}
    better = {"relu": [0.9, 0.7, 0.9, 0.9], "tanh": SCORES["tanh"]}
    first, second = side(worse, task="regression"), side(better, task="regression")
    found = compare({"one": first}, {"one": second})
    gap = found.accuracies[0].difference
    assert gap.mean == pytest.approx(1.825)
    assert gap.low < gap.mean < gap.high <= 2
    assert any(line.startswith("Mean test R2: of 2 variants, 1") for line in lines_of(found, NAMES))
    lines = lines_of(compare({"one": first}, {"one": side(better)}), NAMES)
    told = "of 0 variants, none differs; 2 more have accuracy on one side and R2 on the other."
    assert f"Mean test accuracy: {told}" in lines


def test_lines_are_short_and_can_be_printed(side):
    label = "long \x1b[31m" * 60
    scores = {label: [0.0] * 4, "relu": [0.0] * 4}
    a, b = (
        side({own: [value] * 4 for own in scores}, claims=[], verdicts=[]) for value in (0.0, 1.0)
    )
    claims = [Claim("X0", Identity("loss"), says="so\nit is " * 99)]
    c, d = (side(claims=claims, verdicts=[verdict]) for verdict in (SUPPORTED, REFUTED))
    for each in (c, d):
        each.verdicts["says"] = each.verdicts["evidence"] = "so\nit \u202e is " * 99
    lines = lines_of(compare({"tiny": a, "more": c}, {"tiny": b, "more": d}), ("a\x1b", "b" * 999))
    assert max(map(len, lines)) <= LONGEST
    assert all(line.isprintable() for line in lines)
    assert sum(line.startswith("  tiny") for line in lines) == 2


@pytest.mark.parametrize("first", [0, 1])
def test_intervals_are_corrected_where_seeds_share_examples(side, spec, first):
    drawn = spec["data"] | {"split": "resampled", "overlap": 0.25}
    a, b = side(data=drawn), side({"relu": [0.75, 0.5, 0.75, 1.0], "tanh": [0.5] * 4}, first=first)
    relu, _ = compare({"x": a}, {"x": b}).accuracies
    before, after = SCORES["relu"], [0.75, 0.5, 0.75, 1.0]
    if first:
        expected = welch_interval(before, after, overlaps=(0.25, 0.0))
    else:
        gaps = [late - early for early, late in zip(before, after, strict=True)]
        expected = mean_interval(gaps, overlap=0.25)
    assert relu.difference == expected.within(-1, 1)
    assert relu.paired == (not first)
