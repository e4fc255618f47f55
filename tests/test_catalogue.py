import csv
import re

import pytest

from zoo import catalogue
from zoo.runner import registry

with catalogue.FILE.open(encoding="utf-8", newline="") as file:
    HEADER, *ROWS = list(csv.reader(file))

ENTRIES = list(catalogue.entries().values())


def among(text, words):
    """Whether `text` is some of `words`, each once, separated by single blanks."""
    parts = text.split(" ")
    return set(parts) <= set(words) and len(set(parts)) == len(parts)


def test_the_columns_are_the_entrys():
    assert HEADER == ["id", "says", "lectures", "literature", "checks"]
    assert {len(row) for row in ROWS} == {len(HEADER)}


def test_no_id_is_given_twice():
    # The loader would keep the last row and say nothing.
    ids = [row[0] for row in ROWS]
    assert len(ids) == len(set(ids)) == len(ENTRIES)


def test_ids_are_letters_and_two_digits():
    assert [entry.id for entry in ENTRIES if not re.fullmatch("[A-Z]+[0-9]{2}", entry.id)] == []


def test_every_claim_is_one_plain_sentence():
    # Plain enough to stand in a terminal, in a cell of a Markdown table and in a plot's title.
    plain = re.compile(r"[A-Z][ -~]{0,198}\.")
    assert [entry.id for entry in ENTRIES if not plain.fullmatch(entry.says)] == []
    assert [entry.id for entry in ENTRIES if set(entry.says) & set('"*_`|$')] == []


def test_no_two_claims_have_the_same_words():
    sentences = [entry.says for entry in ENTRIES]
    assert sorted(sentences) == sorted(set(sentences))


def test_every_claim_is_from_one_of_the_five_lectures():
    assert [entry.id for entry in ENTRIES if not among(entry.lectures, "01234")] == []


def test_literature_has_a_year_or_a_number():
    named = [entry for entry in ENTRIES if entry.literature]
    assert named
    assert [entry.id for entry in named if not re.search("[0-9]", entry.literature)] == []


def test_every_claim_says_how_it_is_checked():
    assert [entry.id for entry in ENTRIES if not among(entry.checks, catalogue.CHECKS)] == []


def test_a_claim_is_found_by_its_id():
    entry = catalogue.find("ACT07")
    assert entry.id == "ACT07"
    assert "ReLU" in entry.says
    assert entry.source == "lecture 0, 1; Krizhevsky et al. 2012"


@pytest.mark.parametrize("claim_id", ["", "ACT00", "act07", "MINE01"])
def test_an_unknown_id_gives_an_empty_entry(claim_id):
    entry = catalogue.find(claim_id)
    assert entry == catalogue.Entry(claim_id)
    assert (entry.says, entry.source) == ("", "")


@pytest.mark.parametrize(
    ("lectures", "literature", "source"),
    [
        ("3", "", "lecture 3"),
        ("0 1 4", "", "lecture 0, 1, 4"),
        ("", "Hornik 1991", "Hornik 1991"),
        ("2", "Hornik 1991", "lecture 2; Hornik 1991"),
        ("", "", ""),
    ],
)
def test_the_source_names_the_lectures_then_the_literature(lectures, literature, source):
    assert catalogue.Entry("X01", lectures=lectures, literature=literature).source == source


def test_every_claim_of_an_experiment_is_in_the_catalogue():
    experiments = registry.entries()
    assert any(entry.claims for entry in experiments)
    for entry in experiments:
        # Words after the id name a claim of our own about the same sentence.
        ids = [claim.partition(" ")[0] for claim in entry.claims]
        assert [claim for claim in ids if not catalogue.find(claim).says] == []


def test_printed_numbers_are_rules_with_three_deviations_and_the_rounding():
    rules = catalogue.printed("INI12", "relu he", ["std"])
    assert [rule.metric for rule in rules] == [f"std@{layer}" for layer in range(1, 11)]
    assert (rules[0].variant, rules[0].stated) == ("relu he", 0.825232)
    assert rules[0].tolerance == pytest.approx(3 * 0.0018 + 0.5e-6)
    assert len(catalogue.printed("INI35", "tanh 0.01")) == 6


def test_printed_numbers_belong_to_claims():
    with catalogue.PRINTED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["id"] for row in rows} <= set(catalogue.entries())
    # What was set has no deviation, only what was measured.
    without = {row["metric"] for row in rows if float(row["deviation"]) == 0}
    assert without == {"learning_rate", "penalty"}


def test_printed_values_are_in_the_order_of_the_slide():
    assert catalogue.printed_values("HPO04", "val_accuracy")[:2] == (0.412, 0.214)
    assert catalogue.printed_values("HPO06", "learning_rate")[-1] == 8.039527e-04
    assert [len(catalogue.printed_values(each, "penalty")) for each in ("HPO04", "HPO06")] == [
        11,
        22,
    ]
