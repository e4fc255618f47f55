import re

import pandas as pd
import pytest

from zoo.results.ledger_order import Section
from zoo.results.ledger_text import cut, evidence_in, markdown, shortened, wrapped

ROW = {
    "id": "X",
    "experiment": "tiny",
    "says": "A sentence.",
    "verdict": "supported",
    "evidence": "found",
    "deviation": "",
    "seeds": 0,
    "at_baseline_rate": "",
    "kind": "trained",
    "tested": "",
    "data": "digits",
}


def row_of(**changes):
    frame = pd.DataFrame([ROW | changes])
    [line] = [
        line
        for line in markdown(frame, [Section("", frame)]).splitlines()
        if line.startswith("| ") and not line.startswith("| id ")
    ]
    return line


@pytest.mark.parametrize(
    ("evidence", "verdict", "short"),
    [
        (
            "error of a is 1.192e-07, furthest from 0 (tolerance 1e-05, 8 values)",
            "supported",
            "error of a is 0 within 1e-05",
        ),
        (
            "falls of a is 1, furthest from 1 (tolerance 0, 8 values)",
            "supported",
            "falls of a is 1",
        ),
        ("b is 0.2785, furthest from 0 (tolerance 0, 8 values)", "refuted", "b is 0.2785, not 0"),
        # The difference is in digits that are not shown, so nothing is said in other words.
        ("b is 1, furthest from 1 (tolerance 1e-07, 8 values)", "refuted", None),
        ("b is 1, furthest from 1 (tolerance 1e-07, 8 values)", "undecided", None),
        (
            "a has std@1 0.2 [0.1, 0.3]; stated 0.21, z = -1.5, tolerance 0.001, n = 16; 1 of 2 "
            "parts hold",
            "refuted",
            "a has std at 1 0.2 [0.1, 0.3] (stated 0.21); 1 of 2 parts hold",
        ),
        (
            "a has 11 and b 9 epochs to accuracy 0.75: difference 2 [1, 3], n = 8",
            "supported",
            "a has 11 and b 9 epochs to 75 % training accuracy: difference 2 [1, 3], n = 8",
        ),
        (
            "a has 11 and b 9 loss: difference",
            "supported",
            "a has 11 and b 9 training loss: difference",
        ),
    ],
)
def test_evidence_in_fewer_words(evidence, verdict, short):
    assert shortened(evidence, verdict, 400) == (short or evidence)


def test_parts_that_do_not_fit_are_counted():
    parts = [f"a has 1.25 and b 1.5 metric {name}: difference 2 [1.5, 2.5]" for name in "abcd"]
    evidence = "; ".join([*parts[:3], "and 4 more alike", "3 of 9 parts hold"])
    whole = shortened(evidence, "refuted", 400)
    assert whole == evidence.replace(" alike", "")
    text = shortened(evidence, "refuted", 150)
    assert text == f"{parts[0]}; {parts[1]}; and 5 more; 3 of 9 parts hold"
    assert len(text) <= 150


def test_a_text_is_cut_between_words_and_never_in_a_number():
    text = "tanh has 63.125 % and relu 60.5 % of it: difference 2.625 [1.25, 4.125] points"
    numbers = set(re.findall(r"\d[\d.]*", text))
    for room in range(3, len(text) + 1):
        short = cut(text, room)
        assert len(short) <= room
        assert set(re.findall(r"\d+(?:\.\d+)?", short)) <= numbers
        assert short.count("[") == short.count("]")
    assert cut(text, len(text)) == text


@pytest.mark.parametrize("says", ["A sentence.", "Long words " * 40])
@pytest.mark.parametrize("parts", [1, 30])
def test_no_row_is_too_long(says, parts):
    evidence = "; ".join(f"part {nth} is 0.123456789 of it" for nth in range(parts))
    line = row_of(says=says, evidence=evidence, deviation="another task " * 20, seeds=12)
    assert len(line) <= 400
    assert line.count(" | ") == 5
    assert "| part 0 is 0.123456789 of it" in line


def test_a_deviation_goes_before_further_parts():
    evidence = "; ".join(f"part {nth} has a difference of 0.25 [0.1, 0.4]" for nth in range(30))
    line = row_of(evidence=evidence, deviation="MLP on mnist1d", at_baseline_rate="refuted")
    assert "part 0 has a difference of 0.25 [0.1, 0.4]; " in line
    assert ". Differs: MLP on mnist1d. All at the baseline's learning rate: refuted |" in line


def test_rows_of_a_sentence_with_different_verdicts_say_what_was_tested():
    rows = [
        ROW | {"tested": "a is higher"},
        ROW | {"tested": "b equals 0", "verdict": "refuted"},
        ROW | {"tested": "c", "id": "Y"},
    ]
    frame = pd.DataFrame(rows)
    text = markdown(frame, [Section("", frame)])
    assert "| Tested: a is higher. Found: found |" in text
    assert "| Tested: b equals 0. Found: found |" in text
    assert text.count("Tested: ") == 2


@pytest.mark.parametrize(
    ("rules", "start"),
    [
        ("a is higher", "Tested: a is higher. Found: "),
        (
            "; ".join(f"part {nth} of the rules" for nth in range(20)),
            "Tested: part 0 of the rules; ",
        ),
        ("one part " * 50, "found"),  # half a rule would be another one
    ],
)
def test_what_was_tested_is_told_part_by_part(rules, start):
    frame = pd.DataFrame([ROW | {"tested": rules}])
    [row] = frame.itertuples()
    text = evidence_in(row, 100, torn=True)
    assert text.startswith(start)
    assert text.endswith("found")
    assert len(text) <= 100


def test_what_was_measured_has_no_data_set():
    assert row_of(data="").endswith("| [tiny] | - |")
    assert row_of().endswith("| [tiny] | digits |")


def test_lines_are_wrapped_with_an_indent():
    lines = wrapped("supported  X  " + "word " * 60, 50, 11)
    assert max(map(len, lines)) <= 50
    assert {line[:11].strip() for line in lines[1:]} == {""}
    assert " ".join(" ".join(lines).split()) == "supported X " + " ".join(["word"] * 60)
    assert wrapped("", 50, 11) == [""]
