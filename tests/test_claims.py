import dataclasses
import json
import math

import pytest

from zoo.claims import (
    RULES,
    Claim,
    Difference,
    Equivalence,
    Identity,
    Number,
    Order,
    Ratio,
    Trend,
    above,
    equal,
    faster,
    from_dict,
    labels_of,
    zero,
)
from zoo.errors import ZooError
from zoo.evidence.metrics import EPOCHS_TO_SHARE

# One of each kind, no attribute as by default, with the labels that it names.
EXAMPLES = [
    (Identity("diverged", 1.0, 1e-9, ("a", "b")), ("a", "b")),
    (Number("a", "loss", 2.303, 0.01), ("a",)),
    (Difference("a", "b", "loss", 0.1), ("a", "b")),
    (Order(("c", "a", "b"), "loss", 0.1), ("c", "a", "b")),
    (Ratio("a", "b", "loss", 6.0, 1.5), ("a", "b")),
    (Equivalence("a", "b", "loss", 0.01), ("a", "b")),
    (Trend(("c", "a", "b"), "loss", rises=False), ("c", "a", "b")),
]
RULE = Difference("a", "b")


def said(rule):
    """Returns what is said against a rule."""
    with pytest.raises(ZooError) as caught:
        Claim("X1", rule)
    return str(caught.value)


def test_there_is_an_example_of_each_kind():
    assert [type(rule) for rule, _ in EXAMPLES] == list(RULES.values())
    assert list(RULES) == [kind.__name__.lower() for kind in RULES.values()]


@pytest.mark.parametrize(("rule", "labels"), EXAMPLES, ids=list(RULES))
def test_a_rule_names_its_variants(rule, labels):
    assert labels_of(rule) == labels


def test_an_identity_may_name_none():
    assert labels_of(Identity("diverged")) == ()


@pytest.mark.parametrize("rule", [rule for rule, _ in EXAMPLES], ids=list(RULES))
def test_a_claim_comes_back_from_json(rule):
    claim = Claim("X1", rule)
    written = claim.as_dict()
    assert json.loads(json.dumps(written)) == json.loads(json.dumps(claim.as_dict()))
    again = from_dict(json.loads(json.dumps(written)))
    assert again == claim
    assert type(again.rule) is type(rule)
    assert from_dict(written) == claim


def test_several_rules_and_texts_come_back_from_json():
    rules = tuple(rule for rule, _ in EXAMPLES)
    claim = Claim("X1", rules, says="It works.", source="lecture 1", deviation="smaller")
    assert from_dict(json.loads(json.dumps(claim.as_dict()))) == claim


def test_one_rule_in_a_tuple_means_the_same():
    assert Claim("X1", (RULE,)) == Claim("X1", RULE) == from_dict(Claim("X1", (RULE,)).as_dict())
    assert Claim("X1", (RULE,)).rule == RULE
    assert Claim("X1", (RULE,)).rules == (RULE,)


def test_empty_texts_are_not_written():
    assert list(Claim("X1", RULE).as_dict()) == ["id", "rules"]
    assert list(Claim("X1", RULE, says="It works.").as_dict()) == ["id", "rules", "says"]


def test_a_claim_needs_a_rule():
    assert said(()) == "A claim must have a rule. Received: X1 without one"


@pytest.mark.parametrize("rule", ["difference", [RULE], (RULE, None), Difference])
def test_a_rule_must_be_one_of_the_vocabulary(rule):
    message = said(rule)
    assert message.startswith(f"A claim's rule must be one of {', '.join(RULES)}. Received: ")
    assert message.endswith(" for X1")


NUMBERS = [
    (rule, field.name)
    for rule, _ in EXAMPLES
    for field in dataclasses.fields(rule)
    if isinstance(getattr(rule, field.name), float)
]


def test_all_numbers_are_tried():
    assert len(NUMBERS) == 2 + 2 + 1 + 1 + 2 + 1


@pytest.mark.parametrize(("rule", "name"), NUMBERS)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, "1", None, True])
def test_a_number_must_be_finite(rule, name, value):
    message = said(dataclasses.replace(rule, **{name: value}))
    assert message == f"`{name}` must be a finite number. Received: {name}={value!r} for X1"


@pytest.mark.parametrize(
    ("rule", "name", "least", "may_equal"),
    [
        (EXAMPLES[0][0], "tolerance", 0, True),
        (EXAMPLES[1][0], "tolerance", 0, False),
        (EXAMPLES[2][0], "margin", 0, True),
        (EXAMPLES[3][0], "margin", 0, True),
        (EXAMPLES[4][0], "stated", 0, False),
        (EXAMPLES[4][0], "factor", 1, False),
        (EXAMPLES[5][0], "margin", 0, False),
    ],
)
def test_a_number_must_be_large_enough(rule, name, least, may_equal):
    below = dataclasses.replace(rule, **{name: least - 0.5})
    at = dataclasses.replace(rule, **{name: least})
    words = "at least" if may_equal else "above"
    message = f"`{name}` must be {words} {least}. Received: {name}={{}} for X1"
    assert said(below) == message.format(least - 0.5)
    if may_equal:
        assert Claim("X1", at).rule == at
    else:
        assert said(at) == message.format(least)


def test_expected_and_printed_numbers_may_be_negative_or_whole():
    for rule in (Identity("loss", -1), Number("a", "loss", -2, 1), Identity("loss", 0, 0)):
        assert Claim("X1", rule).rule == rule


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (Order(("a",)), "Order needs at least 2 variants. Received: ('a',) for X1"),
        (Order(()), "Order needs at least 2 variants. Received: () for X1"),
        (Trend(("a", "b")), "Trend needs at least 3 variants. Received: ('a', 'b') for X1"),
        (
            Order(["a", "b"]),
            "`variants` must be a tuple of labels. Received: ['a', 'b'] for X1",
        ),
        (Identity("loss", variants="a"), "`variants` must be a tuple of labels. Received: 'a'"),
        (Difference("a", "a"), "Difference must name different variants. Received: ('a', 'a')"),
        (Equivalence("a", "a"), "Equivalence must name different variants."),
        (Ratio("a", "a", "loss", 2), "Ratio must name different variants."),
        (Order(("a", "b", "a")), "Order must name different variants."),
        (Trend(("a", "b", "b")), "Trend must name different variants."),
        (Difference("a", "b", ""), "`metric` must be the name of a metric. Received: '' for X1"),
        (Difference("a", "b", 0.1), "`metric` must be the name of a metric. Received: 0.1 for X1"),
    ],
)
def test_what_is_said_against_variants_and_metrics(rule, message):
    assert said(rule).startswith(message)


def test_every_rule_of_a_claim_is_checked():
    assert "`margin`" in said((RULE, Difference("a", "b", margin=-1.0)))


@pytest.mark.parametrize("rule", [rule for rule, _ in EXAMPLES], ids=list(RULES))
def test_an_unknown_variant_is_named_with_the_closest(rule):
    claim = Claim("X1", (RULE, rule))
    claim.check(["a", "b", "c"])
    label = labels_of(rule)[0]
    others = [other for other in ("a", "b", "c") if other != label]
    with pytest.raises(ZooError) as caught:
        Claim("X1", rule).check(others)
    assert str(caught.value) == (
        f"Claim X1 names the variant {label!r}. Choose from: {', '.join(others)}."
    )


def test_a_misspelt_variant_gets_a_suggestion():
    claim = Claim("X1", Difference("sigmiod", "relu"))
    with pytest.raises(ZooError, match=r"variant 'sigmiod'\. Did you mean sigmoid\?$"):
        claim.check(["relu", "sigmoid"])


# Rules by the handful


def test_equal_makes_an_identity_for_each_number():
    assert equal({"layers": 1, "loss@3": -0.5}, of="a", tolerance=0) == (
        Identity("layers", 1, 0, ("a",)),
        Identity("loss@3", -0.5, 0, ("a",)),
    )


@pytest.mark.parametrize(
    ("of", "labels"), [((), ()), ("ab", ("ab",)), (("a", "b"), ("a", "b")), (["a"], ("a",))]
)
def test_labels_are_one_or_several_or_all(of, labels):
    (rule,) = zero("error", of=of)
    assert rule.variants == labels
    assert Claim("X1", rule).rule == rule


def test_zero_is_what_equal_says_of_zero():
    assert zero("error", "change", of="a") == equal({"error": 0.0, "change": 0.0}, of="a")
    (rule,) = zero("error", tolerance=0.25)
    assert rule == Identity("error", 0.0, 0.25)
    # Single precision has 24 bits; a handful of operations loses more than the last and not many.
    assert 2**-24 < zero("error")[0].tolerance < 2**-16


def test_a_claim_of_no_numbers_is_none():
    assert said(zero()) == "A claim must have a rule. Received: X1 without one"


def test_above_pairs_each_with_each():
    assert above(("a", "b"), ("c", "d"), "loss", margin=0.5) == tuple(
        Difference(high, low, "loss", 0.5) for high, low in ("ac", "ad", "bc", "bd")
    )
    assert above("a", "b") == (Difference("a", "b"),)


@pytest.mark.parametrize("share", [0.5, 0.95, 0.333])
def test_faster_needs_fewer_epochs_to_a_share_of_the_best_accuracy(share):
    rule = faster("a", "b", share)
    assert (rule.high, rule.low) == ("b", "a")
    curve, target = EPOCHS_TO_SHARE.fullmatch(rule.metric).groups()
    assert (curve, float(target)) == ("accuracy", share)


def test_faster_wants_a_share_between_0_and_1():
    with pytest.raises(ZooError, match=r"`share` must be between 0 and 1\. Received: 1"):
        faster("a", "b", 1)
