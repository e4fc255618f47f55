"""The command `claims`: what it prints, and words that it refuses."""

import re
from pathlib import Path

import pytest

from zoo import catalogue
from zoo.results import ledger

RESULTS = Path(__file__).parents[2] / "results"


def test_the_command_prints_the_ledger(write, tmp_path, zoo):
    ledger.write(write())
    ledger.write(write("other"))
    code, out, err = zoo("claims", "--results", tmp_path, "--format", "md")
    assert (code, err) == (0, "")
    assert out == ledger.render(ledger.read(tmp_path), "md")
    code, out, _ = zoo("claims", "--results", tmp_path)
    assert (code, out) == (0, ledger.render(ledger.read(tmp_path), "text"))
    code, out, _ = zoo("claims", "tiny", "--results", tmp_path)
    assert (code, out) == (0, ledger.render(ledger.read(tmp_path, ["tiny"]), "text", whole=True))
    assert "tested   tanh's test accuracy is higher than relu's" in out
    code, out, _ = zoo("claims", "other", "--results", tmp_path, "--format", "csv")
    assert code == 0
    assert out == ledger.render(ledger.read(tmp_path, ["other"]), "csv")


def ids(out):
    """The ids of the claims in a text, by the verdicts that they follow."""
    found = re.findall(r"^(?:supported|refuted|depends|undecided|not run) +(\S+)", out, re.M)
    assert found
    return found


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--lecture", "1"], ["ACT07", "ACT07"]),
        (["--verdict", "not run"], ["X4", "X4"]),
        (["--topic", "regularizers", "--verdict", "supported"], ["ACT07", "X1"]),
        (["--order", "id", "--lecture", "0"], ["ACT07", "ACT07"]),
        (["tiny", "--order", "id"], ["ACT07", "X1", "X2", "X3", "X4"]),
        (["tiny", "--order", "verdict"], ["ACT07", "X1", "X2", "X3", "X4"]),
        (["--order", "topic"], ["ACT07", "X1", "X2", "X3", "X4"] * 2),
    ],
)
def test_claims_are_chosen_and_ordered(write, tmp_path, zoo, words, expected):
    ledger.write(write())
    ledger.write(write("dropout"))
    code, out, err = zoo("claims", *words, "--results", tmp_path)
    assert (code, err) == (0, "")
    assert ids(out) == expected
    headings = [line for line in out.splitlines() if line in ("Regularizers", "Your own")]
    assert headings == (["Regularizers", "Your own"] if words == ["--order", "topic"] else [])


def test_a_lecture_that_is_asked_for_has_all_its_claims_under_its_name(write, tmp_path, zoo):
    ledger.write(write())
    out = zoo("claims", "--lecture", "1", "--results", tmp_path)[1]
    assert [line[:9] for line in out.splitlines() if line.startswith("Lecture")] == ["Lecture 1"]
    assert "Here too" not in out


def test_csv_keeps_the_order_and_the_whole_evidence(write, tmp_path, zoo):
    ledger.write(write())
    words = ("--format", "csv", "--order", "verdict", "--results", tmp_path)
    lines = zoo("claims", *words)[1].splitlines()
    assert [line.split(",")[1] for line in lines[1:]] == ["ACT07", "X1", "X2", "X3", "X4"]
    assert "difference: high tanh, low relu, metric test_accuracy, margin 0" in lines[2]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["tinny"], "Did you mean tiny?"),
        (["--topic", "regularisers"], "No topic is called 'regularisers'. Did you mean reg"),
        (["--verdict", "suported"], "No verdict is called 'suported'. Did you mean supported"),
        (["--lecture", "5"], "No lecture is called '5'. Choose from: 0, 1, 2, 3, 4."),
        (["--order", "lectures"], "No order is called 'lectures'. Did you mean lecture?"),
        (["--lecture", "2"], "No claim has `--lecture 2` here."),
        (["--format", "html"], "`--format` must be one of text, md, csv. Received: 'html'"),
    ],
)
def test_wrong_words_are_refused_in_one_line(write, tmp_path, zoo, words, message):
    ledger.write(write())
    code, out, err = zoo("claims", *words, "--results", tmp_path)
    assert (code, out) == (2, "")
    assert err.startswith("Error: ")
    assert message in err
    assert len(err.splitlines()) == 1


def test_no_results_are_refused_in_one_line(tmp_path, zoo):
    code, out, err = zoo("claims", "--results", tmp_path / "nowhere")
    assert (code, out) == (2, "")
    assert err.startswith("Error: There are no verdicts for ")
    assert len(err.splitlines()) == 1


def test_what_nobody_claims_yet(zoo):
    from zoo.runner import registry

    code, out, _ = zoo("claims", "--missing")
    assert code == 0
    *lines, last = out.splitlines()
    # A claim on a part of a sentence has the part's name behind the id.
    claimed = {claim.split()[0] for entry in registry.entries() for claim in entry.claims}
    open_ = {entry.id for entry in catalogue.entries().values() if entry.checks != "rec"}
    assert {line.split("  ")[0] for line in lines} == open_ - claimed
    assert last == f"{len(open_ & claimed)} of {len(open_)} claims have a rule."
