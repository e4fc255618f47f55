"""A run that was killed goes on where it stood, and ends with the bytes of one that was not."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from zoo.commands import app as cli

pytestmark = pytest.mark.slow

PLANNED = 2 * 2 * 2  # variants, learning rates, seeds
RUNS = 2 * 3 * 2  # the higher rate is best for both variants, so each grid is widened by one
NAME = "tiny@seeds=2"
DEADLINE_SECONDS = 300
# A shell that starts the tests in the background may have told them to ignore Ctrl-C.
ZOO = (
    "import signal\n"
    "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "from zoo.commands.app import main\n"
    "main()\n"
)
FILES = {"spec.json", "runs.csv", "curves.csv", "table.csv", "table.md"}
FILES |= {"curves.svg", "sweep.svg", "effect.svg"}


@pytest.fixture
def train(zoo, tiny_experiment):
    """Returns a function that trains the tiny experiment here; how many runs it trained."""

    def run(results, *words, runs=RUNS):
        code, out, err = zoo("run", tiny_experiment, "--seeds", 2, "--results", results, *words)
        assert code == 0, err
        trained, kept = map(int, re.search(r"Trained (\d+) runs, (\d+) were stored", out).groups())
        assert trained + kept == runs
        return trained

    return run


@pytest.fixture
def interrupted(tiny_experiment, cache_home):
    """Returns a function that starts the same in a process and signals it between two runs."""

    def run(results, number, *options):
        words = ["run", tiny_experiment, "--seeds", 2, "--results", results, *options]
        process = subprocess.Popen(
            [sys.executable, "-c", ZOO, *map(str, words)],
            cwd=Path(cli.__file__).parents[2],
            env={**os.environ, "XDG_CACHE_HOME": str(cache_home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with ended(process):
            wait_for_runs(results / "zoo.db", process)
            process.send_signal(number)
            out, err = process.communicate(timeout=DEADLINE_SECONDS)
        return process.returncode, out, err

    return run


@contextmanager
def ended(process):
    try:
        yield
    finally:
        process.kill()
        process.communicate()


def wait_for_runs(store, process):
    """Waits until the store holds a run."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while stored(store) == 0:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def stored(store):
    if not store.is_file():
        return 0
    try:
        with closing(sqlite3.connect(f"{store.as_uri()}?mode=ro", uri=True)) as connection:
            return connection.execute("SELECT count(*) FROM runs").fetchone()[0]
    except sqlite3.OperationalError:  # the tables are not there yet
        return 0


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".png"}


def test_again_trains_nothing_and_fresh_trains_all_with_the_same_bytes(train, tmp_path):
    results = tmp_path / "results"
    assert train(results) == RUNS
    first = content(results / NAME)
    assert set(first) - {"examples.csv"} == FILES  # which only a fixed test part has
    assert train(results) == 0
    assert content(results / NAME) == first
    assert train(results, "--fresh", "--profile") == RUNS
    assert content(results / NAME) == first
    [phases] = (results / "timings").glob("phases-*.csv")
    names = [line.partition(",")[0] for line in phases.read_text().splitlines()]
    assert {"phase", "trace", "compile and first epoch", "epochs", "evaluation"} < set(names)
    assert stored(results / "zoo.db") == RUNS


def test_control_c_says_how_to_go_on(train, interrupted, tmp_path):
    results = tmp_path / "results"
    code, out, err = interrupted(results, signal.SIGINT)
    assert code == cli.INTERRUPTED == 128 + signal.SIGINT
    kept = stored(results / "zoo.db")
    assert 0 < kept < PLANNED
    assert f"{kept} of {PLANNED} runs are stored; the same command goes on from there." in err
    assert "Traceback" not in out + err
    assert train(results) == RUNS - kept
    assert train(results) == 0
