"""Advice from end to end, on tiny data and with a clock of its own."""

import json
import re
import runpy
from html import escape

import numpy as np
import pandas as pd
import pytest

from zoo.advice import carry_out
from zoo.advice.clock import Clock
from zoo.adviser import Advice, advise
from zoo.data.sets import read
from zoo.errors import Interrupted, ZooError

FILES = ["advice.csv", "advice.json", "advice.md", "advice.py", "effects.png", "effects.svg"]


def table_of(rows=220):
    draw = np.random.default_rng(0)
    size, kind = draw.normal(size=rows), draw.choice(["a", "b", "c"], rows)
    size[::17] = np.nan
    score = 3 * np.nan_to_num(size) + 2 * (kind == "a") + draw.normal(size=rows)
    return pd.DataFrame({"size": size, "kind": kind, "score": score})


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "mine.csv"
    frame = table_of()
    frame["score"] = np.where(frame["score"] > 0.5, "high", "low")
    frame.to_csv(path, index=False)
    return path


def request_of(path, results, **changes):
    name, parts = read(str(path))
    given = {"budget": 100.0, "margin": 0.01, "knobs": ("schedule", "initialization")}
    given |= {"path": str(path), "table": None, "command": "again", "results": results}
    return carry_out.Request(name=name, parts=parts, **given | changes)


@pytest.fixture(scope="module")
def quick():
    """Has every run take three epochs, whatever is measured."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(carry_out, "most_epochs", lambda steps: 3)
        patch.setattr(carry_out.races, "LOOKS", (8, 16))
        patch.setattr(carry_out.estimate, "probe", lambda *given: (0.1, 1e-5))
        yield


@pytest.fixture(scope="module")
def answer(mine, tmp_path_factory, quick):
    told = []
    request = request_of(mine, tmp_path_factory.mktemp("results"))
    folder = carry_out.carry_out(request, Clock(100, now=lambda: 0.0), told.append)
    return request, folder, told


def test_an_answer_has_table_picture_sentence_and_program(answer):
    request, folder, told = answer
    assert folder == request.folder
    assert set(FILES) <= {path.name for path in folder.iterdir()}
    record = json.loads((folder / "advice.json").read_text())
    assert (record["rows"], record["kept_back"], record["classes"]) == (176, 44, 2)
    assert {row["knob"] for row in record["items"]} == {"schedule", "initialization"}
    # Both looks are done, unless there was nothing left to decide.
    assert record["looks"] == 2 or all(row["verdict"] != "undecided" for row in record["items"])
    models = [row["model"] for row in record["held_out"]["scores"]]
    assert {"baseline", "logistic regression", "boosted trees"} <= set(models)
    assert all(
        row["mean"] > 0.5 for row in record["held_out"]["scores"] if "guess" not in row["model"]
    )
    assert any("schedule: constant -> cosine decay" in line for line in told)
    text = (folder / "advice.md").read_text()
    assert record["sentence"] in text
    assert "| initialization | he_normal | glorot_uniform |" in text


@pytest.mark.pictures
def test_the_same_request_trains_nothing_again(answer, monkeypatch):
    request, folder, _ = answer
    before = {name: (folder / name).read_bytes() for name in ("advice.csv", "effects.svg")}

    def fails(*given):
        raise AssertionError("it trains")

    monkeypatch.setattr("zoo.advice.bench.Bench._where", fails)
    monkeypatch.setattr("zoo.advice.carry_out.tested_once", lambda *given: None)
    carry_out.carry_out(request, Clock(100, now=lambda: 0.0), lambda text: None)
    assert {name: (folder / name).read_bytes() for name in before} == before
    record = json.loads((folder / "advice.json").read_text())
    assert record["held_out"] is None


def test_the_program_runs_on_the_users_file(answer, monkeypatch, capsys):
    _, folder, _ = answer
    monkeypatch.setattr("sys.argv", ["advice.py"])
    runpy.run_path(str(folder / "advice.py"))
    told = capsys.readouterr().out.splitlines()[-1]
    found = re.fullmatch(r"accuracy (\d+\.\d) % on 44 rows kept back", told)
    assert 50 < float(found[1]) <= 100


def test_an_interrupt_leaves_the_answer_so_far(mine, tmp_path, quick, monkeypatch):
    asked = []
    original = carry_out.Bench.runs

    def stopped(bench, items, seeds):
        asked.append(items)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return original(bench, items, seeds)

    monkeypatch.setattr(carry_out.Bench, "runs", stopped)
    request = request_of(mine, tmp_path)
    with pytest.raises(Interrupted, match="answer so far"):
        carry_out.carry_out(request, Clock(100, now=lambda: 0.0), lambda text: None)
    record = Advice(request.folder).record
    assert [row["knob"] for row in record["items"]] == ["schedule"]
    assert record["held_out"] is None


def test_a_budget_too_short_is_said_before_anything_is_asked(mine, tmp_path, quick):
    request = request_of(mine, tmp_path, budget=10.0)
    told = []
    with pytest.raises(ZooError, match=r"--budget 10s is too short: 9 s went .*\n.*--budget 20s"):
        carry_out.carry_out(request, Clock(10, now=lambda: 9.0, began=0.0), told.append)
    assert told == []
    assert not request.folder.exists()


def test_the_same_request_says_that_it_goes_on(answer):
    request, _, told = answer
    assert not any("asked before" in line for line in told)
    again = []

    def stopped(line):
        again.append(line)
        if "asked before" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        carry_out.carry_out(request, Clock(100, now=lambda: 0.0), stopped)
    assert again[-1] == "asked before: what is known is kept, and another 100 s begin"


def test_plans_of_several_budgets_are_kept(mine, tmp_path, quick):
    def told(**changes):
        lines = []

        def stopped(line):
            lines.append(line)
            if len(lines) == 2:
                raise KeyboardInterrupt

        request = request_of(mine, tmp_path, **changes)
        with pytest.raises((KeyboardInterrupt, Interrupted)):
            carry_out.carry_out(request, Clock(500, now=lambda: 0.0), stopped)
        return lines[1]

    assert told().startswith("schedule")
    assert told(budget=500.0).startswith("the answer to another budget")
    assert told(knobs=("schedule",)).startswith("the answer to another budget or other knobs")
    assert told().startswith("asked before")


@pytest.mark.parametrize(
    "content", ["[{", "{}\n{}", "3", '[{"asked": 1}]', '[{"asked": {}, "pace": 1}]']
)
def test_damaged_plans_are_said_to_be(mine, tmp_path, quick, content):
    request = request_of(mine, tmp_path)
    request.folder.mkdir(parents=True)
    (request.folder / carry_out.PLANS).write_text(content)
    with pytest.raises(ZooError, match=r"plans.json is damaged: .*\nDelete it"):
        carry_out.carry_out(request, Clock(100, now=lambda: 0.0), lambda text: None)


def test_numbers_are_advised_from_a_data_frame(tmp_path, quick, monkeypatch):
    monkeypatch.setattr(carry_out.races, "LOOKS", (8,))
    monkeypatch.setattr("zoo.advice.bench.of_splits", None)  # single rows are known
    frame = table_of()
    found = advise(frame, budget="1h", knobs="schedule", results=tmp_path, verbose=0)
    assert found.record["score"] == "R2"
    assert list(found.table["knob"]) == ["schedule"]
    assert "ridge regression" in (found.folder / "advice.md").read_text()
    assert found._repr_html_().startswith(f"<p>{escape(found.sentence)}</p>")
    assert found.plot().axes
    monkeypatch.chdir(tmp_path)
    frame.to_csv("given_to_advise.csv", index=False)
    monkeypatch.setattr("sys.argv", ["advice.py"])
    program = runpy.run_path(str(found.folder / "advice.py"))
    assert 0.3 < program["found"] < 1
    assert len(program["examples"].y_test) == found.record["kept_back"]
