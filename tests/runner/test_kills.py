"""Whenever a command is killed, the same command goes on and ends with the same bytes.

`ZOO_KILLS=20 python -m pytest tests/runner/test_kills.py` kills each command twenty times.
"""

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("ZOO_KILLS", "1"))  # of each command
ROOT = Path(__file__).parents[2]
# Copies of a process that has imported everything run the commands: importing takes longest.
COPIES = """
import json, os, signal, sys, time
import keras, matplotlib.pyplot, pandas, scipy.stats
from zoo.commands.app import main

def run(words):
    sys.argv = ["zoo", *words]
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    try:
        main()
    except SystemExit as end:
        os._exit(end.code or 0)

for line in sys.stdin:
    words, after = json.loads(line)
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        run(words)
    ended = 0
    while after is not None and not ended and time.monotonic() - began < after:
        time.sleep(0.001)
        ended, status = os.waitpid(child, os.WNOHANG)
    if not ended:
        if after is not None:
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    print(json.dumps([os.waitstatus_to_exitcode(status), time.monotonic() - began]), flush=True)
"""
MEASURED = '''"""Does doubling double?"""

import numpy as np

from zoo.experiment import Measurement


def measure(times, seed):
    """Draws numbers and multiplies them."""
    drawn = np.random.default_rng(seed).normal(size=3)
    return {("product", layer): times * float(number) for layer, number in enumerate(drawn)}


EXPERIMENT = Measurement(
    factor="times", baseline="two", variants={"two": 2, "three": 3}, measure=measure, seeds=40
)
'''


@pytest.fixture(scope="module")
def copies(tmp_path_factory):
    """Returns a function that runs a command and kills it after some seconds; code and seconds."""
    cache = tmp_path_factory.mktemp("cache")
    process = subprocess.Popen(
        [sys.executable, "-c", COPIES],
        cwd=ROOT,
        env={**os.environ, "XDG_CACHE_HOME": str(cache), "TF_CPP_MIN_LOG_LEVEL": "3"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def run(words, after=None):
        process.stdin.write(json.dumps([list(map(str, words)), after]) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    yield run
    process.stdin.close()
    process.wait(timeout=60)
    process.stdout.close()


def content(folder):
    """Returns what people and later commands read of a results folder, by path."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    kept = [path for path in files if "keras_tuner" not in path.parts and path.name != "zoo.db"]
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in kept
        if path.suffix != ".keras"  # which holds the time
    }


@pytest.mark.parametrize("command", ["record", "tune", "measured", "plot"])
def test_a_killed_command_goes_on_and_ends_with_the_same_bytes(
    copies, tiny_experiment, tmp_path, command
):
    few = ["--seeds", "2", "--learning-rates", "0.1"]
    own = tmp_path / "doubling.py"
    own.write_text(MEASURED, encoding="utf-8")
    words = {
        "run": ["run", tiny_experiment, *few],
        "record": ["run", tiny_experiment, *few, "--record"],
        "tune": ["tune", tiny_experiment, "--trials", "5", "--epochs", "1"],
        "measured": ["run", own],
        "plot": ["plot", "tiny@seeds=2,rates=0.1"],
    }
    places = iter(tmp_path / f"results{number}" for number in range(10**6))
    there = next(places)
    if command == "plot":
        assert copies([*words["run"], "--results", there])[0] == 0
        for path in there.rglob("*.svg"):
            path.unlink()

    def start():
        """Returns a new results folder, in which there is what the command needs."""
        results = next(places)
        if command == "plot":
            shutil.copytree(there, results)
        return results

    results = start()
    code, seconds = copies([*words[command], "--results", results])
    assert code == 0
    whole = content(results)
    assert whole
    moments = random.Random(command)
    results, kills = start(), 0
    while True:
        after = moments.uniform(0, seconds) if kills < KILLS else None
        code, _ = copies([*words[command], "--results", results], after)
        kills += code < 0
        if code == 0:
            assert content(results) == whole
            if kills == KILLS:
                break
            results = start()
        else:
            assert code == -9
