"""What has not changed is not planned again: the same command says the same at once."""

import sqlite3
import subprocess
import sys

import numpy as np
import pytest

from zoo.errors import ZooError
from zoo.results.store import FILE, Store
from zoo.runner import registry, request, unchanged
from zoo.runner.prepare import Settings

MEASURED = ("run", "convolution_formula", "--seeds", 1)
TRAINED = ("run", "activation", "--variants", "tanh", "--data", "digits", "--learning-rates", 0.1)
SMALL = ("--epochs", 1, "--seeds", 2)


@pytest.fixture
def planned(monkeypatch):
    """Returns a list that gets the name of every experiment that is planned."""
    names, prepare = [], request.prepare

    def noted(entry, *words, **options):
        names.append(entry.name)
        return prepare(entry, *words, **options)

    monkeypatch.setattr(request, "prepare", noted)
    return names


def forget(results):
    """Has the store know runs and cells but not what was run."""
    with sqlite3.connect(results / FILE) as connection:
        done = connection.execute("DELETE FROM meta WHERE name LIKE 'ran %'").rowcount
    connection.close()
    return done


@pytest.mark.parametrize("words", [MEASURED, (*TRAINED, *SMALL)], ids=["measured", "trained"])
def test_the_same_is_said_as_by_planning_it(zoo, planned, tmp_path, words):
    results = tmp_path / "results"
    words = (*words, "--results", results)
    assert zoo(*words)[0] == 0
    at_once = zoo(*words)
    assert len(planned) == 1
    assert forget(results) == 1
    assert zoo(*words) == at_once
    assert len(planned) == 2
    assert "nothing can be decided" in at_once[1] or words[1] == "convolution_formula"


@pytest.fixture
def measured(zoo, planned, tmp_path):
    """Returns a function that measures something again and tells whether it was planned."""
    words = (*MEASURED, "--results", tmp_path / "results")
    assert zoo(*words)[0] == 0

    def again(*more):
        planned.clear()
        code, _, err = zoo(*words, *more)
        assert (code, err) == (0, "")
        return bool(planned)

    assert not again()
    return again


@pytest.mark.parametrize("option", [("--fresh",), ("--dry-run",), ("--verbose",)])
def test_what_asks_for_more_is_planned(measured, option):
    assert measured(*option)


def test_a_result_that_was_changed_or_removed_is_made_again(measured, tmp_path):
    (table,) = tmp_path.glob("results/*/table.csv")
    before = table.read_bytes()
    table.write_bytes(before + b"\n")
    assert measured()
    assert table.read_bytes() == before
    table.unlink()
    assert measured()
    assert table.read_bytes() == before
    assert not measured()


@pytest.mark.parametrize("part", ["_code", "_libraries", "device_name"])
def test_other_code_libraries_or_devices_are_planned(measured, monkeypatch, part):
    monkeypatch.setattr(unchanged, part, lambda: "another")
    assert measured()


def test_other_settings_of_keras_are_planned(measured, monkeypatch):
    config = unchanged.keras.config
    monkeypatch.setattr(config, "epsilon", lambda: 1e-5)
    assert measured()


def test_data_that_were_changed_are_planned(measured, monkeypatch, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("ZOO_DATA", str(folder))
    file = folder / "mnist.npz"
    for content in (b"one", b"another"):
        file.write_bytes(content)
        assert measured("--data-dir", folder)
        assert not measured("--data-dir", folder)


def test_a_users_file_is_planned_each_time(zoo, planned, tiny_experiment, tmp_path):
    words = ("run", tiny_experiment, *SMALL, "--results", tmp_path / "results")
    assert zoo(*words)[0] == zoo(*words)[0] == 0
    assert len(planned) == 2


def test_a_users_data_are_read_each_time(zoo, planned, tmp_path):
    rng = np.random.default_rng(0)
    file = tmp_path / "mine.npz"
    np.savez(file, x=rng.normal(size=(300, 3)), y=rng.integers(0, 2, 300))
    words = ("run", "activation", "--variants", "tanh", "--learning-rates", 0.1, *SMALL)
    words = (*words, "--data", file, "--results", tmp_path / "results")
    assert zoo(*words)[0] == zoo(*words)[0] == 0
    assert len(planned) == 2


def test_what_is_measured_each_time_is_not_remembered(tmp_path):
    asked = unchanged.Asked(registry.find("activation"), Settings(), False, None)
    folder = tmp_path / "results" / "here"
    folder.mkdir(parents=True)
    asked.remember([], ["a generator changes, so all is measured each time."], [folder])
    assert asked.recall(folder.parent) is None
    asked.remember(["told"], ["Measured 3 cells, 4 were stored."], [folder])
    known = asked.recall(folder.parent)
    assert known == unchanged.Known(("told",), ("Measured 0 cells, 7 were stored.",), ("here",))


def test_no_process_begins_for_what_is_known(zoo, tmp_path, monkeypatch):
    names = ("convolution_formula", "chain_rule", "activation_layer", "adaptive_formula")
    words = ("run", *names, "--seeds", 1, "--results", tmp_path / "results")
    monkeypatch.setattr("zoo.commands.beside._has_cores", lambda: True)
    monkeypatch.setattr("zoo.commands.run.PATIENCE", 0.0)
    started = []

    def begun(entries, *_):
        started.append([entry.name for entry in entries])
        return subprocess.Popen([sys.executable, "-c", ""])

    monkeypatch.setattr("zoo.commands.beside._started", begun)
    assert zoo(*words)[0] == 0
    assert started == [list(names)]
    first = zoo(*words)
    assert (first[0], len(started)) == (0, 1)
    assert first[1].count("were stored") == len(names)


def test_a_store_that_is_damaged_later_is_checked_again(tmp_path):
    for _ in range(2):
        Store(tmp_path).close()
    path = tmp_path / FILE
    path.write_bytes(path.read_bytes()[:5000] + b"x" * 5000)
    with pytest.raises(ZooError, match="damaged"):
        Store(tmp_path)
