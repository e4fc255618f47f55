"""Where the network is cut every run ends once: between machines, and around the one that asks.

The second machine has a network of its own, joined to that of the first by a cable (a pair of
virtual interfaces), which takes root on Linux. ZOO_LONG=1 runs what needs it.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
from machines import ROOT, Machines
from test_deal import alone, told

from zoo.runner.cluster import watch
from zoo.runner.cluster.connection import Cluster
from zoo.runner.cluster.deal import trained
from zoo.runner.prepare import Settings, prepare
from zoo.runner.registry import find
from zoo.runner.trainer import Engine

NETWORK, OURS, THEIRS = "zoo-test", "zoo-ours", "zoo-theirs"
HEAD, OTHER = "198.18.0.2", "198.18.0.3"  # of a range that is kept for tests, RFC 2544
LONG = pytest.mark.skipif(
    "ZOO_LONG" not in os.environ or not shutil.which("ip") or os.geteuid() != 0,
    reason="ZOO_LONG=1 runs it, as root",
)


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


class Cable:
    """What joins the two machines."""

    def put(self, state):
        ip("-n", NETWORK, "link", "set", THEIRS, state)

    def between(self, down, up):
        """Takes the cable out after some seconds, and puts it back after some, or not at all."""
        moments = [threading.Timer(down, self.put, ("down",))]
        if up is not None:
            moments.append(threading.Timer(up, self.put, ("up",)))
        for moment in moments:
            moment.start()
        return moments


@pytest.fixture
def cable():
    ip("netns", "add", NETWORK)
    try:
        ip("link", "add", OURS, "type", "veth", "peer", "name", THEIRS, "netns", NETWORK)
        ip("addr", "add", f"{HEAD}/24", "dev", OURS)
        ip("link", "set", OURS, "up")
        ip("-n", NETWORK, "addr", "add", f"{OTHER}/24", "dev", THEIRS)
        for device in (THEIRS, "lo"):
            ip("-n", NETWORK, "link", "set", device, "up")
        yield Cable()
    finally:
        subprocess.run(["ip", "link", "del", OURS], check=False)  # its network may outlive its name
        ip("netns", "del", NETWORK)


@pytest.fixture
def apart(cable, monkeypatch):
    """Returns two machines of one cluster, the second behind the cable."""
    pytest.importorskip("ray", reason="requirements-cluster.txt is not installed")
    folder = Path(tempfile.mkdtemp(prefix="zoo", dir="/tmp"))  # sockets lie in it: a short path
    (folder / "ray").mkdir()
    found = Machines(folder / "ray", HEAD, NETWORK)
    monkeypatch.setenv("RAY_AUTH_TOKEN", found.token)
    try:
        found.start(2)
        found.start(3)
        yield found
    finally:
        found.end()
        shutil.rmtree(folder, ignore_errors=True)


@LONG
@pytest.mark.slow
@pytest.mark.parametrize("up", [11.0, None])
def test_a_machine_that_is_cut_off_loses_no_run(apart, cable, tiny_experiment, up):
    plan = prepare(find(str(tiny_experiment)), Settings(seeds=8, epochs=150), None)
    whole = alone(plan)
    said = []

    class Quiet:
        def note(self, text):
            if text.startswith(OTHER) and " runs of " in text and not moments:
                moments.extend(cable.between(1.0, up))

    moments = []
    with Cluster(None, apart.address) as cluster:
        cluster.connect()
        apart.wait_for(2)
        asked = (plan.jobs, plan.data_of, Engine(), Quiet(), said.append)
        found = [result for _, result in trained(cluster, *asked)]
    for moment in moments:
        moment.join()
    assert len(found) == len(plan.jobs)
    assert told(found) == whole
    lost = rf"{re.escape(OTHER)}, the machine, is lost. Runs that go to others: \d+\."
    assert [bool(re.fullmatch(lost, line)) for line in said] == ([True] if up is None else [])
    if up is None:
        cable.put("up")
        apart.wait_for_end(OTHER)  # what the others take for dead ends itself


@LONG
@pytest.mark.slow
def test_a_command_that_is_cut_off_goes_on_later(apart, cable, tiny_experiment, tmp_path):
    words = [sys.executable, "-m", "zoo", "run", tiny_experiment, "--seeds", "8", "--epochs", "150"]
    options = {"cwd": tmp_path, "text": True, "env": {**os.environ, "PYTHONPATH": str(ROOT)}}
    inside = ["ip", "netns", "exec", NETWORK, *words, "--cluster", apart.address]
    inside += ["--results", tmp_path / "cluster", "--verbose"]
    subprocess.run([*words, "--results", tmp_path / "alone"], check=True, **options)
    lines = []
    with subprocess.Popen(
        inside, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options
    ) as command:
        for line in command.stdout:
            lines.append(line)
            if sum("population of" in each for each in lines) == 1:
                cable.put("down")
    assert command.returncode == watch.CODE
    assert "has not answered for 45 seconds. What has ended is stored," in lines[-2]
    cable.put("up")
    apart.forget(OTHER)
    apart.start(3)
    for _ in range(12):  # until the head has it
        time.sleep(5)
        again = subprocess.run(inside, capture_output=True, check=False, **options)
        if "is not part of the cluster" not in again.stderr:
            break
    assert again.returncode == 0, again.stderr
    assert re.search(r"Trained \d+ runs, [1-9]\d* were stored", again.stdout)
    (one,) = (tmp_path / "alone").glob("tiny*/table.md")
    there = tmp_path / "cluster" / one.parent.name
    for name in ("table.md", "runs.csv", "curves.csv"):
        assert (there / name).read_bytes() == (one.parent / name).read_bytes()


@pytest.mark.parametrize(
    ("seconds", "answering", "ended"), [(0.0, False, 1), (0.0, True, 0), (9.0, False, 0)]
)
def test_it_ends_where_nothing_has_answered_for_long(monkeypatch, seconds, answering, ended):
    ends, looks = [], []
    over = threading.Event()

    def answers(address):
        looks.append(address)
        if len(looks) == 3:
            over.set()
        return answering

    def end(address):
        ends.append(address)
        over.set()

    monkeypatch.setattr(watch, "LOOK_SECONDS", 0.001)
    monkeypatch.setattr(watch, "LOST_SECONDS", seconds)
    monkeypatch.setattr(watch, "answers", answers)
    monkeypatch.setattr(watch, "_end", end)
    watch._watch("10.0.0.1:6379", over)
    assert len(ends) == ended


def test_what_it_says(monkeypatch, capsys):
    codes = []
    monkeypatch.setattr(os, "_exit", codes.append)
    watch._end("10.0.0.1:6379")
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 2
    assert said[0].startswith("The cluster at 10.0.0.1:6379 has not answered for 45 seconds.")
    assert codes == [2]
