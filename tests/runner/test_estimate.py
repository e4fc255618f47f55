"""How long training will take, as a dry run tells it."""

import re
from types import SimpleNamespace

import keras
import pytest
from keras import layers

from zoo.results.store import Store
from zoo.runner import estimate
from zoo.runner.prepare import Settings, prepare
from zoo.runner.registry import find

STEP = 0.001  # seconds of a step of a run


@pytest.fixture
def prepared(tiny_experiment):
    return prepare(find(str(tiny_experiment)), Settings(seeds=2), None)


@pytest.fixture
def engine(monkeypatch):
    """Trains nothing, on a clock of its own: two runs at once, 5 s to compile."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(estimate, "time", SimpleNamespace(perf_counter=lambda: clock.now))

    def train(jobs, data, progress):
        assert {job.recipe.epochs for job in jobs} == {estimate.PROBED}
        assert {job.run.variant for job in jobs} == {"relu"}
        steps = len(data.y_train) // jobs[0].recipe.batch_size
        for epoch in range(1, estimate.PROBED + 1):
            clock.now += 2 * steps * STEP + 5 * (epoch == 1)
            progress.epoch(list(jobs)[:2], epoch)
            yield None
        raise AssertionError("it goes on after the probe")

    return SimpleNamespace(train=train)


def test_the_time_is_measured_on_the_baseline(prepared, engine, tmp_path, monkeypatch):
    monkeypatch.setattr(estimate, "SOON", 0.0)
    [line] = estimate.lines_of([prepared], engine, tmp_path, False)
    # Two programs of 5 s; 8 runs of 2 epochs of 1151 // 64 = 17 steps of a millisecond.
    assert "time: about 10 s for 8 runs that are not stored" in line
    assert re.search(r"relu, on which 3 epochs were measured \(1000 us a step of a run, 5 s", line)
    assert not (tmp_path / "zoo.db").exists()


def test_what_is_stored_takes_no_time(prepared, engine, tmp_path, make_result, monkeypatch):
    with Store(tmp_path) as store:
        for job in prepared.jobs[1:]:
            result = make_result()
            result = type(result)(**{**vars(result), "run": job.run})
            store.add("tiny", result)
    monkeypatch.setattr(estimate, "SOON", 0.0)
    [line] = estimate.lines_of([prepared], engine, tmp_path, False)
    assert "about 5 s for 1 runs" in line
    [line] = estimate.lines_of([prepared], engine, tmp_path, True)
    assert "for 8 runs" in line


def test_little_work_is_not_measured(prepared, tmp_path):
    assert estimate.lines_of([prepared], None, tmp_path, False) == ["time: less than a minute"]


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        (layers.Dense(5), (7,), 7 * 5 + 5),
        (layers.Conv2D(4, 3, padding="same"), (6, 6, 2), (3 * 3 * 2 * 4 + 4) * 36),
        (layers.ReLU(), (7,), 0),
    ],
)
def test_a_layer_multiplies_its_weights_at_each_place(layer, shape, expected):
    keras.Sequential([keras.Input(shape), layer])
    assert estimate._multiplications(layer) == expected


@pytest.mark.parametrize(
    ("seconds", "told"), [(12.3, "12 s"), (400, "7 min"), (6000, "1.7 h"), (90_000, "25.0 h")]
)
def test_times_are_told_in_words(seconds, told):
    assert estimate._amount(seconds) == told
