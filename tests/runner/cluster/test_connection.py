"""Which cluster is connected to, which is refused, and what is left behind."""

import os
import re
import secrets
import signal
import subprocess
import sys
import time
from concurrent import futures
from pathlib import Path

import psutil
import pytest

from zoo.errors import ZooError
from zoo.runner.cluster import connection
from zoo.runner.cluster.connection import SETTINGS, Cluster

ROOT = Path(__file__).parents[3]


@pytest.fixture
def no_token(monkeypatch, tmp_path):
    for name in (connection.TOKEN, f"{connection.TOKEN}_PATH", "RAY_ADDRESS"):
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


@pytest.mark.usefixtures("no_token")
@pytest.mark.parametrize("address", ["here", "ray://a:1", "a:b", "auto", "http://a/b:1"])
def test_a_wrong_address_is_refused(address):
    pytest.importorskip("ray")
    with pytest.raises(ZooError, match=r"must be HOST:PORT\. Received: "):
        Cluster(None, address)


@pytest.mark.usefixtures("no_token")
def test_an_address_without_a_token_is_refused(monkeypatch, tmp_path):
    pytest.importorskip("ray")
    with pytest.raises(ZooError, match=r"none is here\. Make a token with `ray get-auth-token"):
        Cluster(None, "10.0.0.1:6379")
    monkeypatch.setenv("RAY_AUTH_TOKEN", "mine")
    Cluster(None, "10.0.0.1:6379")
    monkeypatch.delenv("RAY_AUTH_TOKEN")
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray" / "auth_token").write_text("mine", encoding="utf-8")
    Cluster(None, "10.0.0.1:6379")


def test_where_nothing_answers_it_says_so_at_once(monkeypatch):
    pytest.importorskip("ray")
    from machines import free_port

    monkeypatch.setenv("RAY_AUTH_TOKEN", "mine")
    address = f"127.0.0.2:{free_port('127.0.0.2')}"
    before = dict(os.environ)
    with pytest.raises(ZooError, match=rf"No Ray cluster answers at {address} \(unavailable\)"):
        Cluster(None, address).connect()
    assert dict(os.environ) == before


@pytest.fixture
def door(monkeypatch):
    """Returns a function that starts a server with a token, or without, and returns its address."""
    import grpc

    servers = []

    def start(token):
        class Service(grpc.GenericRpcHandler):
            def service(self, details):
                return grpc.unary_unary_rpc_method_handler(self.answer)

            def answer(self, request, context):
                if token and ("authorization", f"Bearer {token}") not in tuple(
                    context.invocation_metadata()
                ):
                    context.abort(grpc.StatusCode.UNAUTHENTICATED, "no")
                return b""

        servers.append(grpc.server(futures.ThreadPoolExecutor(1), [Service()]))
        port = servers[-1].add_insecure_port("127.0.0.2:0")
        servers[-1].start()
        return f"127.0.0.2:{port}"

    monkeypatch.setenv("RAY_AUTH_TOKEN", "mine")
    yield start
    for server in servers:
        server.stop(0).wait()


def test_a_cluster_that_asks_for_no_token_is_refused(door):
    pytest.importorskip("ray")
    with pytest.raises(ZooError, match=r"runs whatever anybody sends .* refused\. Make a token"):
        Cluster(None, door("")).connect()


def test_a_cluster_with_another_token_is_refused(door):
    pytest.importorskip("ray")
    with pytest.raises(ZooError, match=r"has another token\. Set RAY_AUTH_TOKEN to that of its"):
        Cluster(None, door("theirs")).connect()


@pytest.mark.slow
def test_ray_itself_asks_as_that_server_does(machines, monkeypatch):
    monkeypatch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
    with pytest.raises(ZooError, match="has another token"):
        connection._check_door(machines.address)
    monkeypatch.setenv("RAY_AUTH_TOKEN", machines.token)
    connection._check_door(machines.address)


@pytest.mark.slow
def test_the_machines_of_a_cluster_are_known_before_ray_looks_for_this_one(cluster):
    found = connection._machines(cluster.address)
    assert sorted(found) == ["127.0.0.2", "127.0.0.3"]
    assert all(map(connection._is_here, found))
    assert not connection._is_here("192.0.2.200")


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
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # What runs in the background of a shell ignores it, and so do its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
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
