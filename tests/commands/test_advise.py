"""What `advise` refuses: one or two lines, code 2."""

import json
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def few(tmp_path):
    path = tmp_path / "few.csv"
    path.write_text("a,y\n" + "".join(f"{n * 37 % 60 / 8},{n % 2}\n" for n in range(60)))
    return path


@pytest.fixture
def rare(tmp_path):
    path = tmp_path / "rare.csv"
    rows = np.arange(300)
    path.write_text("a,y\n" + "".join(f"{n % 97},{int(n < 5)}\n" for n in rows))
    return path


def test_data_have_to_be_named(refuses):
    assert "--data" in refuses("advise", store=False)


def test_few_rows_are_refused(refuses, few):
    assert "at least 200 rows" in refuses("advise", "--data", few)


def test_few_rows_of_a_class_are_refused(refuses, rare):
    assert "5 of 1" in refuses("advise", "--data", rare)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--budget", "soon"), "--budget"),
        (("--margin", "0"), "--margin"),
        (("--knobs", "colour"), "no knob"),
        (("--target", "nowhere"), "nowhere"),
    ],
)
def test_wrong_words_are_refused(refuses, few, words, said):
    assert said in refuses("advise", "--data", few, *words)


def test_a_missing_file_is_refused(refuses, tmp_path):
    assert "none.csv" in refuses("advise", "--data", tmp_path / "none.csv")


def test_a_model_that_is_none_is_refused(refuses, few):
    assert "none.py" in refuses("advise", "none.py", "--data", few)


def test_an_answer_is_printed(capsys):
    from zoo.commands.advise import show_advice

    folder = Path(__file__).parents[2] / "results" / "advise" / "autompg"
    record = json.loads((folder / "advice.json").read_text(encoding="utf-8"))
    show_advice(folder)
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("dropout: none -> 0.3 ") and "hurts" in line for line in lines)
    assert any(
        line.startswith("R2 on 78 rows kept back: ") and "baseline network 78.9 %" in line
        for line in lines
    )
    assert record["sentence"] in " ".join(lines)
