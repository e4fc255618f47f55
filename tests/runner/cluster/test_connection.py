"""Which cluster is connected to, which is refused, and what is left behind."""

import os
import re
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from zoo.errors import ZooError
from zoo.runner.cluster import connection
from zoo.runner.cluster.connection import SETTINGS, Cluster

ROOT = Path(__file__).parents[3]
CONNECT = (
    "import sys\nfrom zoo.errors import ZooError\n"
    "from zoo.runner.cluster.connection import Cluster\n"
    "try:\n    Cluster(None, sys.argv[1]).connect()\n"
    "except ZooError as error:\n    print(f'Error: {error}')\n    sys.exit(2)\n"
)


@pytest.fixture(autouse=True)
def no_token(monkeypatch, tmp_path):
    for name in (*connection.TOKENS, "RAY_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


def test_without_ray_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(connection, "find_spec", lambda name: None)
    with pytest.raises(ZooError, match=r"need Ray: pip install -r requirements-cluster\.txt"):
        Cluster(2)


@pytest.mark.parametrize("workers", [0, -1])
def test_no_workers_are_refused(workers):
    with pytest.raises(ZooError, match=f"`--workers` must be at least 1. Received: {workers}"):
        Cluster(workers)


@pytest.mark.parametrize("address", ["here", "ray://a:1", "a:b", "host", "http://a/b:1"])
def test_a_wrong_address_is_refused(address):
    pytest.importorskip("ray")
    with pytest.raises(ZooError, match=r"must be HOST:PORT, or auto\. Received: "):
        Cluster(None, address)


def test_an_address_without_a_token_is_refused(monkeypatch, tmp_path):
    pytest.importorskip("ray")
    with pytest.raises(ZooError, match=r"and is refused\. Make a token with `ray get-auth-token"):
        Cluster(None, "10.0.0.1:6379")
    monkeypatch.setenv("RAY_AUTH_TOKEN", "mine")
    Cluster(None, "10.0.0.1:6379")
    monkeypatch.delenv("RAY_AUTH_TOKEN")
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray" / "auth_token").write_text("mine", encoding="utf-8")
    Cluster(None, "auto")


def test_where_nothing_answers_it_says_so_at_once(monkeypatch):
    pytest.importorskip("ray")
    from machines import free_port

    monkeypatch.setenv("RAY_AUTH_TOKEN", "mine")
    address = f"127.0.0.2:{free_port()}"
    before = dict(os.environ)
    with pytest.raises(ZooError, match=rf"Nothing answers at {address} \(.*ray start --head"):
        Cluster(None, address).connect()
    assert dict(os.environ) == before


@pytest.mark.slow
def test_a_wrong_token_is_refused(machines):
    done = subprocess.run(
        [sys.executable, "-c", CONNECT, machines.address],
        env={**os.environ, "PYTHONPATH": str(ROOT), "RAY_AUTH_TOKEN": secrets.token_hex(32)},
        capture_output=True,
        text=True,
        timeout=120,
        cwd=ROOT,
    )
    assert done.returncode == 2
    assert re.fullmatch(rf"Error: No cluster at {machines.address} lets us in .*\n", done.stdout)
    assert "Traceback" not in done.stderr


def test_the_settings_are_given_to_every_process():
    assert SETTINGS["RAY_USAGE_STATS_ENABLED"] == "0"
    assert SETTINGS["RAY_AUTH_MODE"] == "token"


@pytest.mark.slow
def test_ctrl_c_keeps_rows_and_leaves_no_process(tiny_experiment, tmp_path):
    pytest.importorskip("ray")
    results = tmp_path / "r"
    command = [sys.executable, "-m", "zoo", "run", tiny_experiment, "--results", results]
    command += ["--workers", "1", "--engine", "fit", "--seeds", "30"]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    root, seen = psutil.Process(process.pid), []
    try:
        while process.poll() is None and not _rows(results):
            seen = root.children(recursive=True)
            time.sleep(0.2)
        assert any("raylet" in each.name() for each in seen)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert re.search(r"\d+ of 120 runs are stored; the same command goes on from there", err)
    assert "0 of 120" not in err
    assert "***" not in out + err
    assert "Traceback" not in out + err
    _, alive = psutil.wait_procs(seen, timeout=20)
    assert not alive


def _rows(results):
    """Returns whether a store has a run."""
    import sqlite3

    if not (results / "zoo.db").is_file():
        return False
    with sqlite3.connect(f"file:{results / 'zoo.db'}?mode=ro", uri=True) as store:
        try:
            return store.execute("SELECT count(*) FROM runs").fetchone()[0] > 0
        except sqlite3.OperationalError:
            return False
