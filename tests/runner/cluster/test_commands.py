"""The commands that take `--workers` and `--cluster`, on two machines that are there."""

import contextlib
import os
import re

import keras
import numpy as np
import pytest

import zoo
from zoo.advice import carry_out
from zoo.commands import doctor as doctors
from zoo.commands import run as runs
from zoo.commands import tune as tunes
from zoo.results.store import Store
from zoo.runner.cluster import connection, deal

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("fit_uncompiled")]


@pytest.fixture
def connected(cluster, monkeypatch):
    """Has the commands use the connection that is there, whatever they are told, and keep it."""
    monkeypatch.setattr(type(cluster), "close", lambda self: None)
    for command in (runs, tunes, doctors):
        monkeypatch.setattr(command, "cluster_of", lambda *_: cluster)
    return cluster


def files_in(folder):
    """Returns what a results folder holds, but for pictures, times and keras-tuner's own files."""
    return {
        path.relative_to(folder): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".csv", ".json", ".md", ".svg") and "keras_tuner" not in path.parts
    }


def trained(out):
    return int(re.search(r"Trained (\d+) runs", out).group(1))


def test_run_has_its_runs_trained_there(zoo, connected, sized_experiment, tmp_path):
    words = ("run", sized_experiment, "--seeds", "1", "--results", tmp_path / "cluster")
    code, out, err = zoo(*words)
    assert (code, err) == (0, "")
    assert trained(out) >= 6
    assert "Trained 0 runs" in zoo(*words)[1]


@pytest.mark.skipif("ZOO_LONG" not in os.environ, reason="ZOO_LONG=1 runs it")
def test_run_writes_the_same_files(zoo, sized_experiment, tmp_path, request):
    words = ("run", sized_experiment, "--seeds", "3", "--results")
    assert zoo(*words, tmp_path / "alone")[0] == 0
    request.getfixturevalue("connected")
    assert zoo(*words, tmp_path / "cluster")[0] == 0
    assert files_in(tmp_path / "cluster") == files_in(tmp_path / "alone")


def test_a_search_ends_with_the_same_trials(zoo, tiny_experiment, tmp_path, request, monkeypatch):
    words = ("tune", tiny_experiment, "--strategy", "bayesian", "--trials", "6", "--results")
    _, out, _ = zoo(*words, tmp_path / "alone")
    request.getfixturevalue("connected")
    added, left = Store.add, iter(range(2))

    def add(store, experiment, result):
        if next(left, None) is None:
            raise KeyboardInterrupt
        added(store, experiment, result)

    monkeypatch.setattr(Store, "add", add)
    code, _, err = zoo(*words, tmp_path / "cluster")
    assert code == 130
    assert "The same command goes on from there." in err
    monkeypatch.setattr(Store, "add", added)
    code, again, err = zoo(*words, tmp_path / "cluster")
    assert (code, err) == (0, "")
    assert trained(again) == trained(out) - 2
    assert files_in(tmp_path / "cluster") == files_in(tmp_path / "alone")


@pytest.mark.skipif("ZOO_LONG" not in os.environ, reason="ZOO_LONG=1 runs it")
def test_twenty_random_kills_change_no_trial(
    zoo, machines, tiny_experiment, tmp_path, request, monkeypatch
):
    monkeypatch.setattr(deal, "MOST_LOSSES", 21)  # on a busy machine all may hit the same trials
    words = ("tune", tiny_experiment, "--strategy", "bayesian", "--trials", "6", "--epochs", "60")
    assert zoo(*words, "--results", tmp_path / "alone")[0] == 0
    request.getfixturevalue("connected")
    number = 0
    with machines.random_kills(20) as going:
        while going():
            folder = tmp_path / f"cluster{number}"
            code, _, err = zoo(*words, "--results", folder)
            assert code == 0, err
            assert files_in(folder) == files_in(tmp_path / "alone")
            number += 1


def test_fit_many_trains_what_was_typed(cluster, monkeypatch):
    monkeypatch.setattr(connection, "Cluster", lambda workers: contextlib.nullcontext(cluster))
    told = []

    class Told:
        def epoch(self, jobs, epoch):
            told.append((jobs[0].run.seed, epoch))

        def note(self, text):
            told.append(text)

    units = 5  # which the function closes over

    def build():
        return keras.Sequential([keras.Input((40,)), Mine(units), keras.layers.Dense(10)])

    class Mine(keras.layers.Dense):
        def call(self, x):
            return keras.ops.tanh(super().call(x))

    words = (build, keras.optimizers.SGD, "mnist1d")
    options = {"seeds": 3, "epochs": 2, "batch_size": 100}
    found = zoo.fit_many(*words, **options, workers=2, progress=Told())
    alone = zoo.fit_many(*words, **options)
    assert [each.history for each in found] == [each.history for each in alone]
    assert [each.run for each in found] == [each.run for each in alone]
    assert (3, 2) in told


def test_advice_about_numbers_is_the_same(cluster, monkeypatch, tmp_path):
    monkeypatch.setattr(connection, "Cluster", lambda workers: contextlib.nullcontext(cluster))
    monkeypatch.setattr(carry_out, "most_epochs", lambda steps: 2)
    monkeypatch.setattr(carry_out.races, "LOOKS", (8,))
    monkeypatch.setattr(carry_out.estimate, "probe", lambda *given: (0.1, 1e-5))
    monkeypatch.setattr(carry_out, "tested_once", lambda *given: None)
    draw = np.random.default_rng(0)
    x = draw.normal(size=(220, 3))
    y = x @ [1.0, 2.0, 0.0] + draw.normal(size=220)
    words = {"knobs": ["schedule", "initialization"], "budget": "1h", "verbose": 0}
    found = [
        zoo.advise(x, y, **words, results=tmp_path / str(workers), workers=workers).table
        for workers in (None, 2)
    ]
    assert found[0].drop(columns="seconds").equals(found[1].drop(columns="seconds"))
    assert set(found[0]["knob"]) == {"schedule", "initialization"}


def test_doctor_lists_the_machines(zoo, connected, tmp_path):
    code, out, _ = zoo("doctor", "--results", tmp_path)
    assert code == 0
    assert re.search(r"machine +127\.0\.0\.2 +1 cores, 0 GPUs", out)
    assert re.search(r"machine +127\.0\.0\.3 +1 cores, 0 GPUs", out)
    assert re.search(r"at once +2 processes, a core each", out)
