import pandas as pd
import pytest

from zoo.claims import Difference, Identity, Number, Ratio
from zoo.results.ledger_kinds import headline, kind_of

IDENTITY, NUMBER = Identity("error"), Number("a", "std", 0.5, 0.1)
DIFFERENCE, RATIO = Difference("a", "b"), Ratio("a", "b", "steps", 6.0)


@pytest.mark.parametrize(
    ("rules", "kind"),
    [
        ([IDENTITY], "formula"),
        ([IDENTITY, IDENTITY], "formula"),
        ([NUMBER], "printed number"),
        ([RATIO], "printed number"),
        ([IDENTITY, NUMBER], "printed number"),
        ([DIFFERENCE], "measured"),
        ([NUMBER, DIFFERENCE], "measured"),
        ([], "measured"),
    ],
)
def test_kinds_of_verdicts(rules, kind):
    assert kind_of(rules, trained=False, is_slip=False) == kind
    assert kind_of(rules, trained=False, is_slip=True) == "slip"
    assert kind_of(rules, trained=True, is_slip=False) == "trained"
    assert kind_of(rules, trained=True, is_slip=True) == "trained"


def test_the_headline_counts_each_kind_in_words():
    rows = [
        ("A", "formula", "", "supported"),
        ("B", "formula", "", "supported"),
        ("C", "formula", "", "refuted"),
        ("D", "printed number", "", "supported"),
        ("E", "printed number", "", "not run"),
        ("F", "slip", "", "refuted"),
        ("G", "slip", "", "supported"),
        ("H", "trained", "mnist1d", "supported"),
        ("I", "trained", "mnist1d", "undecided"),
        ("I", "trained", "digits", "refuted"),
    ]
    told = headline(pd.DataFrame(rows, columns=["id", "kind", "data", "verdict"]))
    assert told == [
        "10 verdicts on 9 claims.",
        "Formulas: 2 of 3 hold, 1 refuted.",
        "Numbers that are printed, or follow from what is said: 1 of 2 come out, 1 not run.",
        "Slips of the pen, sentences that do not hold as printed: 1 of 2 confirmed, 1 supported.",
        "Propositions from training: 1 of 3 supported, 1 refuted, 1 undecided. "
        "Of these 2 on mnist1d (1 supported, 1 undecided), 1 on digits (1 refuted).",
    ]


def test_a_kind_that_is_not_there_is_not_told():
    frame = pd.DataFrame([("A", "measured", "", "supported")], columns=["id", "kind", "data", "v"])
    assert headline(frame.rename(columns={"v": "verdict"})) == [
        "1 verdict on 1 claim.",
        "Other propositions, measured without training: 1 of 1 supported.",
    ]
