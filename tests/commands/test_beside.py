"""`run --all` measures in a process of its own, beside those experiments that train."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from zoo.commands import beside
from zoo.errors import FullError
from zoo.runner import registry

MEASURED = '''"""Does doubling double?"""

from zoo.experiment import Measurement

EXPERIMENT = Measurement(
    factor="times", variants={"two": 2}, measure=lambda times, seed: {"product": times * seed}
)
'''


@pytest.fixture
def both(tiny_experiment, tmp_path):
    """Returns an experiment that trains and five that measure; one of them fails, one is timed."""
    texts = dict.fromkeys(("one", "two", "three"), MEASURED)
    texts["fails"] = MEASURED.replace("times * seed", "times / seed")
    texts["timed"] = MEASURED.replace("factor=", "timed=True, factor=")
    for name, text in texts.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    paths = [tiny_experiment, *(tmp_path / f"{name}.py" for name in texts)]
    return [registry.find(str(path)) for path in paths]


@pytest.fixture
def two_cores(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)


def names(entries):
    return [entry.name for entry in entries]


def test_what_trains_runs_here_and_what_is_timed_alone(both, two_cores):
    here, aside, alone = map(names, beside.shared_out(both))
    assert (here, alone) == (["tiny"], ["timed"])
    assert aside == ["one", "two", "three", "fails"]


def test_one_core_few_or_nothing_else_means_one_process(both, two_cores, monkeypatch):
    measured = both[1:]
    assert beside.shared_out(measured) == (measured[:-1], [], measured[-1:])
    for found in (both[:3], both[:1]):
        assert beside.shared_out(found) == (found, [], [])
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    assert beside.shared_out(both) == (both, [], [])


@pytest.mark.slow
@pytest.mark.parametrize("named", ["--all", "the folder"])
def test_all_is_run_and_what_fails_is_said(zoo, both, two_cores, tmp_path, monkeypatch, named):
    if named == "--all":
        monkeypatch.setattr(registry, "entries", lambda: both)
    else:
        named = tmp_path
    results = tmp_path / "results"
    code, out, err = zoo("run", named, "--seeds", 2, "--epochs", 1, "--results", results)
    assert code == 1, err
    assert "4 experiments that train nothing are measured beside the others." in out
    assert "Traceback" not in out + err
    assert out.count("Measured 2 cells, 0 were stored.") == 3
    assert "fails.py" in out
    assert "Failed: some of those that were measured beside the others, see above." in err
    done = {path.parent.name for path in results.glob("*/table.md")}
    assert done == {
        "tiny@epochs=1,seeds=2",
        *(f"{name}@seeds=2" for name in ("one", "two", "three", "timed")),
    }
    assert beside.PARENT not in os.environ


@pytest.mark.slow
def test_a_process_begins_anew_after_some_experiments(zoo, both, two_cores, tmp_path, monkeypatch):
    monkeypatch.setattr(beside, "RENEWED_AFTER", 1)
    order = [both[0], both[4], *both[1:4]]  # what fails comes first of those that are measured
    monkeypatch.setattr(registry, "entries", lambda: order)
    results = tmp_path / "results"
    code, out, err = zoo("run", "--all", "--seeds", 2, "--epochs", 1, "--results", results)
    assert code == 1, err
    assert out.count("Measured 2 cells, 0 were stored.") == 3
    assert "Failed: fails. The others are done." in out
    assert len(list(results.glob("*/table.md"))) == 4  # the one that trains and three


def test_a_helper_begins_anew_with_what_comes_before(zoo, both, tmp_path, monkeypatch):
    replaced, paths = [], [entry.path for entry in both[1:4]]
    monkeypatch.setattr(os, "execv", lambda *arguments: replaced.append(arguments))
    monkeypatch.setenv(beside.BACKWARDS, "1")
    monkeypatch.setenv(beside.MOST, "1")
    monkeypatch.setenv(beside.FAILED, "")
    monkeypatch.setenv(beside.PARENT, os.pathsep.join(map(str, [os.getppid(), *paths])))
    results = tmp_path / "r"
    assert zoo("run", *paths, "--results", results)[0] == 0
    assert len(replaced) == 1
    assert beside.files_here() == [str(path) for path in paths[:2]]
    assert os.environ[beside.PARENT].split(os.pathsep)[0] == str(os.getppid())
    monkeypatch.undo()
    out = zoo("run", *paths, "--results", results)[1]
    assert out.count("Measured 8 cells, 0 were stored.") == 2
    assert out.count("Measured 0 cells, 8 were stored.") == 1


def test_what_is_wrong_of_those_beside_is_said_before_anything_is_trained(
    zoo, both, two_cores, tmp_path
):
    results = tmp_path / "results"
    paths = [entry.path for entry in both[:4]]
    code, out, err = zoo("run", *paths, "--batch-size", 7, "--results", results)
    assert code == 2
    assert "one measures what its file says" in err
    assert "takes no `--batch-size`" in err
    assert not out
    assert not list(results.glob("*/table.md"))


SLOW = MEASURED.replace(
    """lambda times, seed: {"product": times * seed}""",
    """lambda times, seed: {"process": (time.sleep(0.2), os.getpid())[1]}""",
).replace("from zoo", "import os\nimport time\n\nfrom zoo")


@pytest.mark.slow
def test_two_processes_measure_one_from_either_end(zoo, two_cores, tmp_path, monkeypatch):
    monkeypatch.setattr("zoo.commands.run.PATIENCE", 0.0)
    path = tmp_path / "slow.py"
    path.write_text(SLOW, encoding="utf-8")
    asked = ("run", path, "--seeds", 120, "--results", tmp_path / "r")
    code, out, err = zoo(*asked)
    assert code == 0, err
    assert "Measured 120 cells, 0 were stored." in out
    told = (tmp_path / "r" / "slow@seeds=120" / "measurements.csv").read_text(encoding="utf-8")
    processes = [line.rpartition(",")[2] for line in told.splitlines()[1:]]
    here = processes.count(str(os.getpid()))
    assert 0 < here < 120
    assert processes == [str(os.getpid())] * here + [processes[-1]] * (120 - here)
    assert "Measured 0 cells, 120 were stored." in zoo(*asked)[1]


@pytest.mark.slow
@pytest.mark.parametrize("ignored", [False, True])
def test_an_interrupt_here_ends_the_other_too(tmp_path, monkeypatch, ignored):
    path, results = tmp_path / "slow.py", tmp_path / "r"
    path.write_text(SLOW, encoding="utf-8")
    words = ["zoo", "run", str(path), "--seeds", "1000", "--results", str(results)]
    monkeypatch.setattr(beside.sys, "argv", words)

    def interrupted():
        with beside.beside([registry.find(str(path))]):
            while not (results / "zoo.db").is_file():
                time.sleep(0.1)
            raise KeyboardInterrupt

    before = beside.signal.getsignal(beside.signal.SIGINT)
    if ignored:  # as in what a shell has started in the background
        beside.signal.signal(beside.signal.SIGINT, beside.signal.SIG_IGN)
    began = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            interrupted()
    finally:
        beside.signal.signal(beside.signal.SIGINT, before)
    assert time.monotonic() - began < 60  # 1,000 seeds take 200 seconds


@pytest.mark.slow
def test_a_helper_ends_with_what_it_helps(both, two_cores, monkeypatch):
    monkeypatch.setattr(beside.sys, "argv", ["zoo", "run", "--all", "--seeds", "1000000"])
    with beside.Helper(both[1:4]) as helper:
        helper.start_after(0.0)
        while helper.process is None:
            time.sleep(0.01)
        assert helper.process.poll() is None
    assert helper.process.returncode is not None


def test_what_takes_no_time_gets_no_helper(both, two_cores):
    with beside.Helper(both[1:4]) as helper:
        helper.start_after(60.0)
    assert helper.process is None


def test_a_helper_keeps_cells_of_what_can_be_measured(zoo, both, tmp_path, monkeypatch):
    paths = [entry.path for entry in (both[4], both[1])]
    monkeypatch.setenv(beside.BACKWARDS, "1")
    monkeypatch.setenv(beside.PARENT, os.pathsep.join(map(str, [os.getppid(), *paths])))
    results = tmp_path / "r"
    assert zoo("run", *paths, "--results", results)[0] == 0
    assert not list(results.glob("*/table.md"))
    monkeypatch.undo()
    assert "Measured 0 cells, 8 were stored." in zoo("run", paths[1], "--results", results)[1]


def test_it_ends_when_the_one_beside_it_is_gone(monkeypatch):
    sent = []
    monkeypatch.setattr(beside.os, "kill", lambda *signal: sent.append(signal))
    beside._watch(parent=os.getppid() + 1)
    assert sent == [(os.getpid(), beside.signal.SIGINT)]


def test_what_is_full_beside_another_leaves_what_it_was_to_run_later_too(
    zoo, both, tmp_path, monkeypatch
):
    def full(self, how):
        raise FullError("full")

    told, paths = [], [entry.path for entry in both[1:4]]
    monkeypatch.setattr("zoo.runner.request.Request.run", full)
    monkeypatch.setattr("zoo.commands.app.say", told.append)
    monkeypatch.setenv(beside.MOST, "2")
    monkeypatch.setenv(beside.PARENT, os.pathsep.join(map(str, [os.getppid(), *paths])))
    assert zoo("run", *paths, "--results", tmp_path / "r")[0] == 2
    assert told[0].left == [str(path) for path in paths]


# Of the first process, in which one experiment is more than enough.
FULL = """
import os
from zoo.commands import beside, run
from zoo.commands.app import main
if beside.LEFT not in os.environ:
    run.MANY_MAPS = 1
main()
"""


@pytest.mark.slow
@pytest.mark.parametrize("fresh", [False, True])
def test_another_process_goes_on_where_one_is_full(tiny_experiment, tmp_path, cache_home, fresh):
    second = tiny_experiment.with_name("second.py")
    second.write_text(tiny_experiment.read_text(encoding="utf-8"), encoding="utf-8")
    results = tmp_path / "results"
    words = ["run", tiny_experiment, second, "--epochs", 1, "--results", results]
    done = subprocess.run(
        [sys.executable, "-c", FULL, *map(str, words), *["--fresh"] * fresh],
        cwd=Path(registry.__file__).parents[2],
        env={**os.environ, "XDG_CACHE_HOME": str(cache_home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("so another goes on") == (not fresh)
    assert done.stdout.count("# tiny@epochs=1") == 1
    assert done.stdout.count("# second@epochs=1") == 1
    assert done.stdout.count("Trained 0 runs") == (not fresh)  # of the second, which is the same
