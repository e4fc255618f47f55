import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from zoo.errors import ZooError
from zoo.results.store import Store
from zoo.runner import prepare as preparing
from zoo.runner.registry import find
from zoo.runner.trainer import Engine
from zoo.search import points as search
from zoo.search.oracle import Trial
from zoo.search.workers import chief as distributed
from zoo.search.workers import dealer as dealing
from zoo.search.workers import part as workers
from zoo.search.workers import protocol
from zoo.search.workers.dealer import Dealer, Task
from zoo.search.workers.part import Part

ROOT = Path(__file__).parents[3]


@pytest.fixture
def server():
    """Returns a dealer for one worker and the part of a worker that finds its server."""
    dealer = Dealer(1)
    running, port = protocol.serve(dealer, "127.0.0.1:0")
    yield dealer, Part("w", 1, f"127.0.0.1:{port}", 1.0), running
    running.stop(0).wait()


def test_runs_and_results_keep_every_digit_on_their_way(server, make_result):
    dealer, part, _ = server
    values = {"learning_rate": 0.1 + 0.2, "units": 64, "variant": "relu", "bias": True}
    sent = [Task("a", values, 3, 0), Task("b", values, 3, 2**40)]
    dealer.put(sent)
    link = distributed.Link(part)
    assert link.take() == sent
    result = replace(make_result(loss=float("nan"), test_accuracy=1 / 3), rights="3:gA==")
    link.give("a", **{dealing.RESULT: distributed.text_of(result)})
    key, text, refusal = dealer.ended.get_nowait()
    assert (key, refusal) == ("a", "")
    fields = json.loads(text)
    assert fields["final"]["test_accuracy"] == 1 / 3
    assert fields["history"] == result.history
    assert fields["rights"] == result.rights
    assert fields["final"]["loss"] != fields["final"]["loss"]
    dealer.stop()
    assert link.take() is None


@pytest.fixture
def left(monkeypatch):
    """Returns a queue of what ends this process: the text and the exit code."""
    said = queue.Queue()
    monkeypatch.setattr(distributed, "_leave", lambda *words: said.put(words))
    monkeypatch.setattr(distributed, "BEAT_SECONDS", 0.01)
    return said


def test_a_worker_in_training_ends_with_its_chief(server, left):
    dealer, part, running = server
    dealer.put([Task("0", {"learning_rate": 0.1}, 2, 0)])
    link = distributed.Link(part)
    [task] = link.take()
    with link.beating(task.key):
        running.stop(0).wait()
        text, code = left.get(timeout=30)
    assert code == 2
    assert f"The chief at {part.address} has not answered within 1 s" in text


def test_a_worker_in_training_ends_when_the_search_is_over(server, left):
    dealer, part, _ = server
    dealer.put([Task("0", {"learning_rate": 0.1}, 2, 0)])
    link = distributed.Link(part)
    [task] = link.take()
    with link.beating(task.key):
        dealer.stop()
        assert left.get(timeout=30) == ("The chief has ended the search.", 0)


def test_chiefs_take_different_free_ports_and_never_share_one(server):
    _, part, _ = server
    other, port = protocol.serve(Dealer(1), "127.0.0.1:0")
    other.stop(0).wait()
    assert port not in (0, int(part.address.partition(":")[2]))
    with pytest.raises(ZooError, match=f"cannot listen at {part.address}"):
        protocol.serve(Dealer(1), part.address)


def test_a_worker_with_other_data_is_refused(server, tiny_experiment):
    dealer, part, _ = server
    values = {"variant": "relu", "learning_rate": 0.1}
    wanted = search.prepare(find(str(tiny_experiment)), preparing.Settings(), None, trials=2)
    dealer.put([Task("of other data", values, 2, 0)])
    with pytest.raises(ZooError, match="makes other runs of these words than the chief"):
        distributed.work(wanted, part, Console(), Engine(), verbose=False)
    key, text, refusal = dealer.ended.get_nowait()
    assert (key, text) == ("of other data", "")
    assert "w makes other runs" in refusal


def test_a_worker_that_falls_silent_holds_nobody_up(
    tiny_experiment, make_result, monkeypatch, capsys
):
    monkeypatch.setattr(distributed, "LOST_SECONDS", 0.5)
    wanted = search.prepare(find(str(tiny_experiment)), preparing.Settings(), None, trials=2)
    trials = [Trial(str(n), {"variant": "relu", "learning_rate": 0.1 / (n + 1)}) for n in range(4)]
    jobs = [job for trial in trials for job in search.jobs_of(wanted, trial, 2, [0])]
    given = []

    def be_workers(part):
        silent, steady = distributed.Link(part), distributed.Link(part)
        while not (held := silent.take()):
            pass
        given.append(held)
        while (tasks := steady.take()) is not None:
            given.append(tasks)
            for task in tasks:
                steady.give(task.key, **{dealing.RESULT: distributed.text_of(make_result())})

    with distributed.Chief(Part("chief", 2, "127.0.0.1:0"), Console(), verbose=False) as chief:
        part = Part("w", 2, f"127.0.0.1:{chief.port}", 10.0)
        thread = threading.Thread(target=be_workers, args=(part,))
        thread.start()
        found = {result.run.key for result in chief.finished(jobs)}
    thread.join()
    assert found == {job.run.key for job in jobs}
    assert [len(tasks) for tasks in given if tasks] == [2, 2, 2]
    assert given[0] == [tasks for tasks in given if tasks][-1]
    assert "w has not been heard for 0 s. Runs that go to the others: 2." in capsys.readouterr().out


@pytest.fixture
def started(monkeypatch):
    """Returns the list of the workers' processes, which grows as a chief starts them."""
    monkeypatch.chdir(ROOT)
    start, processes = workers.start, []

    def start_and_keep(*words):
        processes.append(start(*words))
        return processes[-1]

    monkeypatch.setattr(workers, "start", start_and_keep)
    return processes


@pytest.fixture
def tune(zoo, tiny_experiment, tmp_path):
    """Returns a function that searches: exit code, outputs, and trials.csv if there is one."""

    def run(results, *words):
        code, out, err = zoo("tune", tiny_experiment, "--results", tmp_path / results, *words)
        found = list((tmp_path / results).glob("tuning/*/trials.csv"))
        return code, out, err, found[0].read_text(encoding="utf-8") if found else ""

    return run


@pytest.fixture
def alone(tune, searched):
    """Returns a function that searches without workers, once for the same words."""

    def run(*words):
        if words not in searched:
            searched[words] = tune("alone", *words)
        return searched[words]

    return run


@pytest.fixture(scope="module")
def searched():
    return {}


def trained(out):
    """Returns how many runs were trained, by what was printed."""
    return int(re.search(r"Trained (\d+) runs", out).group(1))


def assert_gone(processes):
    assert processes
    assert all(process.poll() is not None for process in processes)


@pytest.mark.slow
def test_a_killed_worker_loses_no_trial(tune, started, monkeypatch):
    words = ("--trials", 8, "--executions", 2)
    _, alone, _, whole = tune("alone", *words)
    create, given = Dealer.create_trial, []

    def create_and_kill(dealer, tuner_id):
        trial = create(dealer, tuner_id)
        if trial.status == "RUNNING" and "worker1" in tuner_id:
            given.append(trial.trial_id)
            if len(given) == 3:
                os.kill(started[0].pid, signal.SIGKILL)
        return trial

    monkeypatch.setattr(Dealer, "create_trial", create_and_kill)
    code, out, err, text = tune("together", *words, "--workers", 2)
    assert (code, err) == (0, "")
    assert "worker1 was killed by signal 9. Runs that go to the others: 3." in out
    assert text == whole
    assert trained(out) == trained(alone)
    assert len(started) == 2
    assert_gone(started)


@pytest.mark.slow
def test_a_bayesian_search_by_two_workers_ends_as_by_one(tune, started, tmp_path):
    words = ("--strategy", "bayesian", "--trials", 7)
    _, _, _, whole = tune("alone", *words)
    code, out, err, text = tune("together", *words, "--workers", 2)
    assert (code, err, text) == (0, "", whole)
    assert_gone(started)
    for name in ("winner.json", "spec.json"):
        one, two = (
            next(tmp_path.glob(f"{each}/tuning/*/{name}")) for each in ("alone", "together")
        )
        assert one.read_bytes() == two.read_bytes()
    started.clear()
    code, out, _, _ = tune("together", *words, "--workers", 2)
    assert "Trained 0 runs" in out
    assert not started  # nothing to train


@pytest.mark.slow
def test_an_interrupted_search_leaves_no_worker_and_goes_on(tune, alone, started, monkeypatch):
    _, said, _, whole = alone("--trials", 6)
    added, left = Store.add, iter(range(2))

    def add(store, experiment, result):
        if next(left, None) is None:
            raise KeyboardInterrupt
        added(store, experiment, result)

    monkeypatch.setattr(Store, "add", add)
    code, _, err, _ = tune("together", "--trials", 6, "--workers", 2)
    assert code == 130
    assert "The same command goes on from there." in err
    assert_gone(started)
    monkeypatch.setattr(Store, "add", added)
    _, out, _, text = tune("together", "--trials", 6)
    assert text == whole
    assert trained(out) == trained(said) - 2


@pytest.mark.slow
def test_when_all_workers_die_the_chief_says_why(tune, started, tiny_experiment):
    text = tiny_experiment.read_text(encoding="utf-8")
    dies = "import os\nif 'worker' in os.environ.get('KERASTUNER_TUNER_ID', ''):\n"
    tiny_experiment.write_text(f"{text}\n{dies}    raise OSError('no luck')\n", encoding="utf-8")
    code, out, err, _ = tune("r", "--trials", 4, "--workers", 2)
    assert code == 2
    assert "worker1 ended with exit code 2." in out
    assert "No worker is left. What has ended is stored, and the same command goes on." in err
    assert re.search(r"worker1 said: Error: .*tiny\.py:\d+: OSError: no luck\.", err)
    assert "Traceback" not in err
    assert_gone(started)


@pytest.mark.slow
def test_chief_and_worker_that_are_started_by_hand(
    tune, alone, tiny_experiment, tmp_path, monkeypatch, cache_home
):
    _, first, _, whole = alone("--trials", 6)
    free, port = protocol.serve(Dealer(1), "127.0.0.1:0")
    free.stop(0).wait()
    for name, value in ((workers.IP, "127.0.0.1"), (workers.PORT, str(port))):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(workers.PATIENCE, "60")
    command = [sys.executable, "-m", "zoo", "tune", tiny_experiment, "--trials", "6"]
    process = subprocess.Popen(
        [*command, "--results", tmp_path / "of_the_worker"],
        cwd=ROOT,
        env={**os.environ, workers.TUNER_ID: "tuner0"},
        stdout=subprocess.PIPE,
        text=True,
    )
    monkeypatch.setenv(workers.TUNER_ID, "chief")
    code, out, err, text = tune("of_the_chief", "--trials", 6)
    said, _ = process.communicate(timeout=60)
    assert (code, err, text) == (0, "", whole)
    assert f"The chief is at 127.0.0.1:{port} and waits for workers." in out
    assert process.returncode == 0
    assert f"tuner0 trained {trained(first)} runs; the chief has them." in said
    assert not (tmp_path / "of_the_worker").exists()
    monkeypatch.setenv(workers.PATIENCE, "0")
    code, _, err, _ = tune("nobody", "--trials", 6)
    assert code == 2
    assert f"No worker has been heard at 127.0.0.1:{port} for" in err


def test_the_dry_run_starts_nobody(tune, started, tmp_path):
    code, _, _, _ = tune("r", "--workers", 2, "--dry-run")
    assert code == 0
    assert not started
    assert not (tmp_path / "r").exists()


def test_no_workers_are_named(tune):
    code, _, err, _ = tune("r", "--workers", 0)
    assert code == 2
    assert "`--workers` must be at least 1. Received: 0" in err
