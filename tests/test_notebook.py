"""`zoo.run`: what the command does, as a function."""

import pytest

import zoo as package
from zoo.errors import ZooError
from zoo.notebook import run, words_of

COUNTED = '''"""How much is added?"""

from zoo.experiment import Measurement


def measure(added, seed):
    """Adds a number to the seed."""
    return {"sum": seed + added}


EXPERIMENT = Measurement(factor="added", variants={"one": 1, "two": 2}, measure=measure)
'''
SIZE = {"seeds": 1, "epochs": 1, "learning_rates": 0.1}


def content_of(folder):
    """Reads all files of a folder, by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def quiet_pictures(monkeypatch):
    """Leaves out the pictures, which other tests draw."""
    monkeypatch.setattr("zoo.figures.trained.shown", lambda folder: [])


def test_it_does_what_the_command_does(zoo, tiny_experiment, tmp_path, capsys, quiet_pictures):
    found = package.run(tiny_experiment, **SIZE, engine="fit", results=tmp_path / "results")
    said = capsys.readouterr().out
    assert "tiny@epochs=1,seeds=1,rates=0.1" in said
    assert "Trained 2 runs, 0 were stored." in said
    assert list(found.table["variant"]) == ["relu", "tanh"]
    before = content_of(found.folder)
    words = ("--seeds", 1, "--epochs", 1, "--learning-rates", 0.1)
    code, out, _ = zoo("run", tiny_experiment, *words, "--results", tmp_path / "results")
    assert code == 0
    assert "Trained 0 runs, 2 were stored." in out
    assert content_of(found.folder) == before


def test_what_was_measured_comes_back_in_silence(tmp_path, capsys):
    path = tmp_path / "counted.py"
    path.write_text(COUNTED, encoding="utf-8")
    found = package.run(str(path), seeds=3, results=tmp_path / "results", verbose=0)
    assert capsys.readouterr() == ("", "")
    assert found.kind == "measured"
    assert list(found.runs["value"]) == [1, 2, 3, 2, 3, 4]
    assert list(found.table["mean"]) == [2, 3]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seeds": 0}, "`seeds` must be a positive integer"),
        ({"seeds": "many"}, "whole number of at least 1, or auto. Received: many"),
        ({"epochs": 1.5}, "`epochs` must be a positive integer"),
        ({"data": 3}, "`data` must be a name or a path. Received: int"),
        ({"data": "nothing"}, "Unknown data set 'nothing'"),
        ({"variants": ["tahn"]}, "There is no variant 'tahn'. Did you mean tanh?"),
        ({"variants": 3}, "`variants` must be a list of texts. Received: 3"),
        ({"set": {"depth": 2}}, "There is nothing to set that is called 'depth'"),
        ({"set": {"epochs": object}}, "`set` must give 'epochs' a number"),
        ({"set": [("epochs", 2)]}, "`set` must be a dict"),
        ({"set": {"epochs": [1, 2]}, "panel": True}, "must have one value with `--panel`"),
        ({"learning_rates": "high"}, "`learning_rates` must be numbers above 0"),
        ({"engine": "fast"}, "must be one of population, fit. Received: 'fast'"),
        ({"split": "odd"}, "must be one of fixed, resampled"),
        ({"target": 2}, "is no table"),
        ({"verbose": 3}, "`verbose` must be 0, 1 or 2. Received: 3"),
        ({"results": __file__}, "which is a file"),
        ({"device": "tpu"}, "must be auto, cpu, gpu or gpu:N. Received: 'tpu'"),
    ],
)
def test_wrong_words_are_refused_in_two_lines(tiny_experiment, tmp_path, change, words, capsys):
    given = {**SIZE, "results": tmp_path / "results", **change}
    with pytest.raises(ZooError) as error:
        run(tiny_experiment, **given)
    assert words in str(error.value)
    assert len(str(error.value).splitlines()) <= 2
    assert not (tmp_path / "results").exists()


def test_an_unknown_experiment_is_refused_with_the_closest():
    with pytest.raises(ZooError, match="Did you mean dropout"):
        run("dropuot")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ()),
        ({"depth": 8, "bias": True}, (("depth", "8"), ("bias", "true"))),
        ({"units": [30, 100]}, (("units", "30,100"),)),
        ({"train_examples": None, "rate": 0.5}, (("train_examples", "all"), ("rate", "0.5"))),
        ({"units": range(2), "kind": "relu"}, (("units", "0,1"), ("kind", "relu"))),
    ],
)
def test_changes_are_those_of_the_option(changes, words):
    assert words_of(changes) == words
