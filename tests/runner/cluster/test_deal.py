"""Runs that several processes train come out as one process trains them, whatever happens."""

import dataclasses
import os
import re
import signal
import threading

import numpy as np
import pytest
from rich.console import Console

from zoo.data import Draws
from zoo.errors import MistakeError, ZooError
from zoo.runner.cluster import deal, parcel
from zoo.runner.cluster.deal import Piece, elsewhere, pieces_of, trained
from zoo.runner.prepare import Settings, prepare
from zoo.runner.registry import find
from zoo.runner.trainer import Engine, here


@pytest.fixture(scope="module")
def plan(tmp_path_factory, tiny_text):
    """Returns a tiny experiment, ready to be run with 2 seeds: 8 runs in 2 groups."""
    path = tmp_path_factory.mktemp("plan") / "planned.py"
    path.write_text(tiny_text, encoding="utf-8")
    return prepare(find(str(path)), Settings(seeds=2), None)


@pytest.fixture(scope="module")
def expected(plan):
    """Returns what one process makes of it."""
    return alone(plan)


def told(results):
    """Returns all that a store keeps of runs, but for times and devices, by key."""
    return {
        each.run.key: (each.run, each.status, str(each.history), str(each.final), each.rights)
        for each in results
    }


def train_on(cluster, prepared, verbose=False, engine=None):
    where = elsewhere(cluster, Console(), engine, verbose)
    return list(where(prepared.jobs, prepared.data_of))


def alone(prepared):
    return told(here(Console(quiet=True))(prepared.jobs, prepared.data_of))


def test_groups_stay_together_while_all_have_work(plan):
    data = plan.data
    found = pieces_of(plan.jobs, data, Engine(), 2)
    groups = [{plan.jobs[place].run.variant for place in piece.places} for piece in found]
    assert groups == [{"relu"}, {"tanh"}]
    assert [piece.weight for piece in found] == [8, 8]
    alone = pieces_of(plan.jobs, data, Engine(name="fit"), 1)
    assert sorted(len(piece.places) for piece in alone) == [2, 2, 2, 2]
    for places in (1, 3, 100):
        for engine in (Engine(), Engine(name="fit")):
            found = pieces_of(plan.jobs, data, engine, places)
            every = [place for piece in found for place in piece.places]
            assert sorted(every) == list(range(len(plan.jobs)))


@pytest.mark.slow
def test_two_machines_train_as_one_process(cluster, plan, expected, capsys):
    results = train_on(cluster, plan, verbose=True)
    assert told(results) == expected
    said = capsys.readouterr().out
    for machine in ("127.0.0.2", "127.0.0.3"):
        assert f"{machine}, process " in said
    assert "population of 8" in said
    lines = list(cluster.lines())
    assert [line.split()[1] for line in lines] == ["127.0.0.2", "127.0.0.3", "once"]
    assert "2 processes" in lines[-1]


@pytest.mark.slow
def test_the_user_s_own_modules_travel(cluster, tiny_experiment):
    (tiny_experiment.parent / "beside.py").write_text(
        "from keras import layers\n\n\nclass Doubled(layers.Dense):\n"
        "    def call(self, x):\n        return 2 * super().call(x)\n",
        encoding="utf-8",
    )
    text = tiny_experiment.read_text(encoding="utf-8").replace("layers.Dense(8", "Doubled(8")
    text = text.replace("import keras\n", "import keras\nfrom beside import Doubled\n", 1)
    tiny_experiment.write_text(text, encoding="utf-8")
    prepared = prepare(find(str(tiny_experiment)), Settings(seeds=1), None)
    # Their keys are those of this process, so that their code is.
    assert set(told(train_on(cluster, prepared))) == {job.run.key for job in prepared.jobs}


@pytest.mark.slow
def test_others_versions_code_and_data_are_refused(cluster, plan, monkeypatch):
    versions = parcel.versions()
    monkeypatch.setattr(parcel, "versions", lambda: {**versions, "numpy": "1.0"})
    with pytest.raises(ZooError, match=r"^127\.0\.0\.[23] differs in numpy: .* there, 1\.0 here\."):
        train_on(cluster, plan)
    monkeypatch.setattr(parcel, "versions", lambda: {**versions, "the zoo's code": "0"})
    with pytest.raises(ZooError, match=r"differs in the zoo.s code\. Give all machines the same"):
        train_on(cluster, plan)
    monkeypatch.undo()
    jobs = [
        dataclasses.replace(job, run=dataclasses.replace(job.run, key="0")) for job in plan.jobs
    ]
    with pytest.raises(ZooError, match=r"makes another run of .*: the experiment's code differs"):
        train_on(cluster, dataclasses.replace(plan, jobs=jobs))
    assert isinstance(plan.data, Draws)
    other = dataclasses.replace(plan.data, x_train=plan.data.x_train + np.float32(1))
    changed = dataclasses.replace(plan, data_of=dict.fromkeys(plan.data_of, other))
    with pytest.raises(ZooError, match="draws other examples of digits"):
        train_on(cluster, changed)


@pytest.mark.slow
def test_a_mistake_is_said_with_file_and_line(cluster, tiny_experiment):
    text = tiny_experiment.read_text(encoding="utf-8")
    text = text.replace("epochs=2,", "epochs=2, callbacks=lambda: [Bad()],")
    bad = "class Bad(keras.callbacks.Callback):\n    def on_epoch_end(self, epoch, logs=None):\n"
    text = text.replace("EXPERIMENT =", f"{bad}        raise OSError('no luck')\n\n\nEXPERIMENT =")
    tiny_experiment.write_text(text, encoding="utf-8")
    prepared = prepare(find(str(tiny_experiment)), Settings(seeds=1), None)
    line = 1 + next(place for place, each in enumerate(text.split("\n")) if "no luck" in each)
    with pytest.raises(MistakeError, match=rf"tiny\.py:{line}: OSError: no luck\.\nTraining must"):
        train_on(cluster, prepared)


@pytest.mark.parametrize(
    ("runs", "size", "fair", "lengths"),
    [
        (40, 8, 40, [40]),
        (40, 8, 20, [16, 24]),
        (44, 8, 22, [16, 28]),
        (12, 8, 6, [12]),
        (4, 8, 2, [4]),
        (40, 8, 3, [8, 8, 8, 8, 8]),
        (9, 0, 9, [3, 3, 3]),
        (9, 0, 2, [1] * 9),
    ],
)
def test_no_part_has_fewer_runs_than_train_at_once(runs, size, fair, lengths):
    parts = deal._parts(range(runs), size, fair)
    assert [len(part) for part in parts] == lengths
    assert [place for part in parts for place in part] == [*range(runs)]


class Killer:
    """Kills the process of a machine when it says what it trains, the first few times."""

    def __init__(self, machines, address, times):
        self.machines, self.address, self.times = machines, address, times

    def note(self, text):
        if text.startswith(self.address) and " runs of " in text and self.times:
            self.times -= 1
            for process in self.machines.workers(self.address):
                process.kill()


@pytest.mark.slow
def test_a_killed_process_loses_no_run(cluster, machines, tiny_experiment):
    # So many epochs that it is killed in their midst.
    plan = prepare(find(str(tiny_experiment)), Settings(seeds=2, epochs=150), None)
    killer, said = Killer(machines, "127.0.0.3", 1), []
    found = list(trained(cluster, plan.jobs, plan.data_of, Engine(), killer, said.append))
    assert told(result for _, result in found) == alone(plan)
    assert len(found) == len(plan.jobs)
    assert all(job.run == result.run for job, result in found)
    assert re.fullmatch(r"127\.0\.0\.3, process \d+, is lost. Runs that go to others: 4\.", said[0])
    assert len(said) == 1
    assert killer.times == 0


def test_what_kills_every_process_is_said(monkeypatch):
    monkeypatch.setattr(deal, "_alive", lambda: {"127.0.0.2"})
    said = []
    losses = deal.Losses(said.append)
    piece = Piece(0, [0, 1, 2], 6)
    for process in range(deal.MOST_LOSSES - 1):
        piece.who = ("127.0.0.2", process)
        assert losses.taken_back(piece, RuntimeError("killed")) is piece
    assert said[0] == "127.0.0.2, process 0, is lost. Runs that go to others: 3."
    piece.who = ("127.0.0.2", 99)
    with pytest.raises(ZooError, match="10 processes in turn died of the same runs; the last said"):
        losses.taken_back(piece, RuntimeError("killed"))


def test_a_dead_machine_is_one_line(monkeypatch):
    monkeypatch.setattr(deal, "_alive", lambda: {"127.0.0.2"})
    said = []
    losses = deal.Losses(said.append)
    for process in range(3):
        piece = Piece(0, [0, 1], 2, who=("127.0.0.3", process))
        losses.taken_back(piece, RuntimeError("its raylet has died\nand much more"))
    assert said == ["127.0.0.3, the machine, is lost. Runs that go to others: 2."]


LONG = pytest.mark.skipif("ZOO_LONG" not in os.environ, reason="ZOO_LONG=1 runs it")


@LONG
@pytest.mark.slow
@pytest.mark.parametrize("what", [signal.SIGKILL, signal.SIGSTOP])
def test_a_machine_that_dies_or_freezes_loses_no_run(
    cluster, machines, tiny_experiment, capsys, what
):
    prepared = prepare(find(str(tiny_experiment)), Settings(seeds=8, epochs=30), None)
    address = machines.start(9)
    machines.wait_for(3)
    began = threading.Timer(2.0, machines.signal, (address, what))
    began.start()
    try:
        assert told(train_on(cluster, prepared)) == alone(prepared)
    finally:
        began.join()
        machines.forget(address)
        machines.wait_for(2)


@LONG
@pytest.mark.slow
def test_twenty_random_kills_change_no_run(cluster, machines, tiny_experiment, monkeypatch):
    monkeypatch.setattr(deal, "MOST_LOSSES", 21)  # on a busy machine all may hit the same runs
    prepared = prepare(find(str(tiny_experiment)), Settings(seeds=8, epochs=60), None)
    whole = alone(prepared)
    with machines.random_kills(20) as going:
        while going():
            assert told(train_on(cluster, prepared)) == whole
