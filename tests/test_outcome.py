"""`zoo.load`: what was found, from results that lie in a folder."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from claims_case import CLAIMS

from zoo.errors import ZooError
from zoo.figures.kinds import plot_results
from zoo.outcome import Outcome, load
from zoo.results import files, ledger, tables

ROOT = Path(__file__).resolve().parents[1]
COMMITTED = ROOT / "results"
KINDS = {"dropout": "trained", "covariance": "measured", "optimizer_default@panel": "panel"}


@pytest.fixture
def tiny(write):
    """Returns the results folder of an experiment with claims and verdicts."""
    folder = write()
    ledger.write(folder)
    return folder


def test_it_starts_light_and_reads_without_keras():
    program = (
        "import json, sys, zoo\n"
        "first = set(sys.modules)\n"
        "assert zoo.load('dropout').table is not None\n"
        "print(json.dumps([sorted(first), sorted(set(sys.modules) - first)]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    first, later = map(set, json.loads(done.stdout))
    assert not first & {"keras", "tensorflow", "matplotlib", "pandas", "numpy", "jinja2"}
    assert not later & {"keras", "tensorflow", "jax", "matplotlib", "scipy", "sklearn"}
    assert "pandas" in later


@pytest.mark.parametrize("name", KINDS)
def test_committed_results_of_every_kind(name):
    found = load(name, COMMITTED)
    folder = COMMITTED / name
    assert found.kind == KINDS[name]
    assert found.table.equals(files.read_table(folder))
    assert set(found.verdicts["id"]) == {claim["id"] for claim in found.spec["claims"]}
    assert set(found.runs["variant"]) <= set(found.spec["variants"])
    assert len(found.runs)
    assert list(found.curves)[-4:] == ["mean", "low", "high", "n"]
    assert name in repr(found)


def test_a_panel_has_the_runs_of_its_data_sets():
    found = load("optimizer_default@panel", COMMITTED)
    alone = files.read_frame(COMMITTED / "optimizer_default@data=digits" / "runs.csv")
    own = found.runs[found.runs["data"] == "digits"].drop(columns="data")
    assert own.reset_index(drop=True)[list(alone)].equals(alone)
    assert list(dict.fromkeys(found.curves["data"])) == found.spec["datasets"]
    assert list(load("covariance", COMMITTED).runs)[:2] == ["variant", "seed"]
    assert load("covariance", COMMITTED).curves.empty


def test_a_name_a_path_and_a_folder_of_results_lead_to_the_same(tiny, monkeypatch):
    names = [load(tiny), load(str(tiny)), load("tiny", tiny.parent), load("tiny", str(tiny.parent))]
    monkeypatch.chdir(tiny.parent)
    names.append(load("./tiny"))
    assert {each.folder for each in names} == {tiny}


def test_the_working_folder_goes_before_the_repository(tiny, monkeypatch):
    monkeypatch.chdir(tiny.parent)
    own = tiny.rename(tiny.parent / "dropout")
    (tiny.parent / "results").mkdir()
    assert load("dropout").folder == COMMITTED / "dropout"
    own.rename(tiny.parent / "results" / "dropout")
    assert load("dropout").folder == tiny.parent / "results" / "dropout"
    assert load("covariance").folder == COMMITTED / "covariance"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("dropuot", "Did you mean dropout or dropout_formula?"),
        ("results/dropuot", "Did you mean dropout"),
        ("", "`name` must be the name or path of results. Received: ''"),
        (7, "Received: 7"),
        ("a\x1b[31m", r"Received: 'a\x1b[31m'"),
    ],
)
def test_wrong_names_are_refused_in_two_lines(name, words, monkeypatch):
    monkeypatch.chdir(ROOT)
    with pytest.raises(ZooError) as error:
        load(name)
    assert words in str(error.value)
    assert len(str(error.value).splitlines()) <= 2


def test_an_installed_package_says_that_it_has_no_results(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("zoo.outcome.COMMITTED", tmp_path / "nowhere")
    for _ in range(2):
        with pytest.raises(ZooError, match="Nothing has been run there yet") as error:
            load("dropout")
        first, second = str(error.value).splitlines()
        assert "`python -m zoo run dropout` makes them" in first
        assert second.startswith("An installed package has no results")
        (tmp_path / "results").mkdir(exist_ok=True)


def test_a_file_for_a_folder_and_a_search_are_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ZooError, match="which is a file"):
        load("tiny", tmp_path / "file")
    (tmp_path / "found").mkdir()
    told = {"kind": "search", "search": "x", "question": "?", "strategy": "grid", "space": []}
    (tmp_path / "found" / "spec.json").write_text(json.dumps(told))
    with pytest.raises(ZooError, match="found is a search, not an experiment"):
        load(tmp_path / "found")


def test_claims_by_id_and_by_sentence(tiny):
    found = load(tiny)
    assert list(found.claims()["id"]) == sorted(claim.id for claim in CLAIMS)
    assert list(found.claims("X2", "X1")["id"]) == ["X1", "X2"]
    own = load("dropout", COMMITTED)
    parts = [each for each in own.verdicts["id"] if each.startswith("DRO06 ")]
    assert list(own.claims("DRO06")["id"]) == parts
    assert len(parts) > 1
    with pytest.raises(ZooError, match=r"tiny has no claim 'X9'\. Did you mean X"):
        found.claims("X9")


def test_without_claims_there_are_no_verdicts(write):
    found = load(write("plain", ()))
    assert found.verdicts.empty
    assert "verdict" in found.verdicts
    assert found._repr_markdown_() == tables.render(found.spec, found.table, "md")
    with pytest.raises(ZooError, match=r"plain has no claim 'X1'\. It has no claims"):
        found.claims("X1")


@pytest.mark.pictures
def test_a_picture_is_that_of_the_command(tiny):
    found = load(tiny)
    paths = plot_results(tiny, "effect")
    written = {path.suffix: path.read_bytes() for path in paths}
    assert found.plot("effect")._repr_png_() == written[".png"]
    before = sorted(tiny.iterdir())
    assert found.plot()._repr_png_() == written[".png"]
    assert sorted(tiny.iterdir()) == before
    assert found.pictures == ["curves", "sweep", "effect"]
    with pytest.raises(ZooError, match="must be one of the pictures of tiny"):
        found.plot("nothing")


def test_pictures_of_what_was_measured_and_of_a_panel():
    assert load("covariance", COMMITTED).plot() is not None
    assert load("optimizer_default@panel", COMMITTED).pictures == ["panel"]
    with pytest.raises(ZooError, match="must be one of the pictures of covariance"):
        load("covariance", COMMITTED).plot("effect")


def test_a_notebook_shows_page_and_text(tiny):
    found = load(tiny)
    assert found._repr_html_().lstrip().startswith("<div")
    text = found._repr_markdown_()
    assert text.startswith((tiny / "table.md").read_text(encoding="utf-8"))
    assert "| X1 | tanh is better | **" in text
    assert all(len(line) < 600 for line in text.splitlines())


def test_a_damaged_file_is_told_when_it_is_read(tiny):
    (tiny / "runs.csv").write_text("nothing,like,it\n")
    found = Outcome(tiny)
    assert len(found.table) == 2
    with pytest.raises(ZooError, match=r"runs\.csv is damaged"):
        _ = found.runs
