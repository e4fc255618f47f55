"""Results that no longer match are listed with the reason; nothing is trained."""

import json

import pytest

from zoo.runner.stale import differences, folders_of


@pytest.fixture
def stale(zoo, tiny_experiment, tmp_path):
    """Returns a function that lists what is stale of the tiny experiment: code and output."""
    text = tiny_experiment.read_text()
    text = text.replace("epochs=2", "epochs=1").replace("(0.01, 0.1)", "(0.1,)")
    tiny_experiment.write_text(text)
    assert zoo("run", tiny_experiment, "--results", tmp_path / "r")[0] == 0

    def look(*words):
        code, out, err = zoo("stale", *(words or [tiny_experiment]), "--results", tmp_path / "r")
        return code, out + err

    return look


@pytest.fixture
def edit(tmp_path):
    """Returns a function that changes what spec.json says."""

    def change(**values):
        path = tmp_path / "r" / "tiny" / "spec.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | values))

    return change


@pytest.mark.slow
def test_what_has_changed_is_said_and_what_has_not_is_up_to_date(stale, edit, tiny_experiment):
    assert stale() == (0, "tiny: up to date\n1 of 1 results are up to date, 0 stale.\n")
    text = tiny_experiment.read_text()
    tiny_experiment.write_text(text.replace("Dense(8,", "Dense(9,"))
    code, out = stale()
    assert code == 1
    assert "tiny: code or settings: a run would train 16 of 16 runs\n" in out
    tiny_experiment.write_text(text.replace('"tanh": "tanh"', '"elu": "elu"'))
    assert "variants: without tanh, with elu; code or settings: a run" in stale()[1]
    tiny_experiment.write_text(text.replace("activation=activation", "activaton=activation"))
    assert "tiny: it can no longer be run: " in stale()[1]
    tiny_experiment.write_text(text)
    edit(versions={"keras": "3.0.0", "tensorflow": "2.0", "numpy": "2.0"})
    assert "tiny: versions: keras 3.0.0 -> " in stale()[1]


@pytest.mark.slow
def test_without_a_store_the_declaration_is_compared(stale, edit, tmp_path):
    (tmp_path / "r" / "zoo.db").unlink()
    assert stale()[0] == 0
    edit(question="Another?")
    assert "declaration: question Another? -> Does tanh" in stale()[1]
    assert not (tmp_path / "r" / "zoo.db").exists()


@pytest.mark.slow
def test_what_cannot_be_looked_at_is_said(stale, zoo, tmp_path):
    code, out = stale("tiny")
    assert code == 0
    assert "tiny: no experiment is called so; if it is yours, name its file" in out
    assert stale("dropuot")[0] == 2
    code, _, err = zoo("stale", "--results", tmp_path / "no")
    assert (code, err.count("\n")) == (2, 1)
    assert "There are no results in" in err


def test_differences_in_words():
    rates = {"a": [0.1, 0.01]}
    old = {"versions": {"keras": "3"}, "variants": ["a"], "seeds": [0, 1], "learning_rates": rates}
    old |= {"recipe": {"epochs": 2}, "data": {"fingerprint": "x"}, "claims": [{"id": "X1", "n": 1}]}
    assert differences(old, old) == []
    more = {"a": [0.1, 0.01, 0.001]}  # a grid that a run widened
    assert differences(old | {"learning_rates": more}, old) == []
    assert differences(old, old | {"learning_rates": more}) == ["learning rates of a"]
    assert differences(old, old | {"seeds": [0]}) == []
    assert differences(old, old | {"seeds": [0, 1, 2]}) == ["seeds: 2 -> 3"]
    assert differences(old, old | {"recipe": {"epochs": 3}}) == ["recipe: epochs 2 -> 3"]
    assert differences(old, old | {"data": {"fingerprint": "y"}}) == ["data: fingerprint x -> y"]
    assert differences(old, old | {"claims": [{"id": "X2", "n": 1}]}) == ["claims: X1, X2"]


def test_which_folders_are_looked_at(tmp_path, monkeypatch):
    kinds = {"a": "trained", "a@data=digits": "trained", "a@panel": "panel", "s": "search"}
    kinds |= {"a@seeds=4": "trained", "a@data=x,epochs=3": "trained"}
    for name in kinds:
        (tmp_path / name).mkdir()
        (tmp_path / name / "spec.json").touch()
    monkeypatch.setattr("zoo.runner.stale.read_spec", lambda path: {"kind": kinds[path.name]})
    own = ["a@data=x,epochs=3", "a@seeds=4"]
    assert folders_of([], tmp_path) == (["a", "a@data=digits"], own)
    parts = {"kind": "panel", "runs": ["a", "a@data=digits", "a@seeds=4"]}
    monkeypatch.setattr(
        "zoo.runner.stale.read_spec",
        lambda path: parts if path.name == "a@panel" else {"kind": kinds[path.name]},
    )
    assert folders_of(["a@panel", "a"], tmp_path) == (["a", "a@data=digits"], ["a@seeds=4"])
