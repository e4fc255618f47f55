import csv
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import callbacks, layers, optimizers

from zoo.data import Data
from zoo.engine import fit, population
from zoo.engine.paths import Paths
from zoo.experiment import Recipe
from zoo.runs.run import Job, Run, Silent


def linear(input_shape, num_classes):
    return keras.Sequential([keras.Input(input_shape), layers.Dense(num_classes)])


RECIPE = Recipe(
    build_model=linear, optimizer=optimizers.SGD, learning_rates=(0.1,), epochs=2, batch_size=16
)


def jobs_of(make, runs):
    recipe = replace(RECIPE, callbacks=make)
    return [Job(recipe, Run(*run)) for run in runs]


def separated(make, runs):
    """Returns the callbacks of each run with paths of their own."""
    jobs = jobs_of(make, runs)
    paths = Paths(jobs)
    found = []
    for job in jobs:
        (callback,) = job.recipe.callbacks()
        paths.separate([callback], job)
        found.append(callback)
    return found


RUNS = [("a", 0.1, 0), ("a", 0.1, 1), ("b / c", 0.02, 0)]


@pytest.mark.parametrize(
    ("make", "attribute", "expected"),
    [
        (
            lambda: callbacks.CSVLogger("logs/one.csv"),
            "filename",
            ["logs/one-a-0.1-0.csv", "logs/one-a-0.1-1.csv", "logs/one-b___c-0.02-0.csv"],
        ),
        (
            lambda: callbacks.ModelCheckpoint("{epoch:02d}-{val_loss:.2f}.keras"),
            "filepath",
            [
                "{epoch:02d}-{val_loss:.2f}-a-0.1-0.keras",
                "{epoch:02d}-{val_loss:.2f}-a-0.1-1.keras",
                "{epoch:02d}-{val_loss:.2f}-b___c-0.02-0.keras",
            ],
        ),
        (
            lambda: callbacks.ModelCheckpoint("best.weights.h5", save_weights_only=True),
            "filepath",
            [f"best-{label}.weights.h5" for label in ("a-0.1-0", "a-0.1-1", "b___c-0.02-0")],
        ),
        (
            lambda: callbacks.TensorBoard("logs"),
            "log_dir",
            [f"logs/{label}" for label in ("a-0.1-0", "a-0.1-1", "b___c-0.02-0")],
        ),
        (
            lambda: callbacks.BackupAndRestore("kept"),
            "_weights_path",
            [f"kept/{label}/latest.weights.h5" for label in ("a-0.1-0", "a-0.1-1", "b___c-0.02-0")],
        ),
    ],
    ids=["csv", "checkpoint", "weights", "tensorboard", "backup"],
)
def test_runs_that_share_a_path_get_their_own(make, attribute, expected):
    found = separated(lambda: [make()], RUNS)
    assert [getattr(callback, attribute) for callback in found] == expected


def test_runs_of_one_name_are_told_apart_by_key_or_number():
    make = lambda: [callbacks.CSVLogger("one.csv")]  # noqa: E731
    twice = separated(make, [("a", 0.1, 0), ("a", 0.1, 0)])
    assert [each.filename for each in twice] == ["one-a-0.1-0-0.csv", "one-a-0.1-0-1.csv"]
    keyed = separated(make, [("a", 0.1, 0, "0123456789"), ("a", 0.1, 0, "abcdefghij")])
    assert [each.filename for each in keyed] == [
        "one-a-0.1-0-01234567.csv",
        "one-a-0.1-0-abcdefgh.csv",
    ]


def test_a_run_alone_and_callbacks_without_a_path_stay_as_they_are():
    (alone,) = separated(lambda: [callbacks.CSVLogger("one.csv")], RUNS[:1])
    assert alone.filename == "one.csv"
    for stop in separated(lambda: [callbacks.EarlyStopping("loss")], RUNS):
        assert stop.monitor == "loss"


def test_two_recipes_with_one_path_share_it():
    jobs = [job for run in RUNS for job in jobs_of(lambda: [callbacks.CSVLogger("x.csv")], [run])]
    paths = Paths(jobs)
    assert list(paths.shared) == ["x.csv"]
    (callback,) = jobs[2].recipe.callbacks()
    paths.separate([callback], jobs[2])
    assert callback.filename == "x-b___c-0.02-0.csv"


def make_data():
    generator = np.random.default_rng(0)
    parts = []
    for _ in range(3):
        x = generator.normal(size=(32, 4)).astype(np.float32)
        parts += [x, (np.arange(32) % 2).astype(np.int32)]
    return Data("toy", *parts, 2, ("a", "b"), "toy")


class Notes(Silent):
    def __init__(self):
        self.texts = []

    def note(self, text):
        self.texts.append(text)


@pytest.mark.slow
@pytest.mark.parametrize("engine", [population, fit])
def test_each_run_writes_its_own_numbers(engine, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    notes = Notes()
    jobs = jobs_of(lambda: [callbacks.CSVLogger("one.csv")], [("a", 0.1, 0), ("a", 0.1, 1)])
    for result in engine.train(jobs, make_data(), notes):
        with Path(f"one-a-0.1-{result.run.seed}.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        losses = [float(row["val_loss"]) for row in rows]
        assert losses == pytest.approx(result.history["val_loss"], rel=1e-6)
    assert not Path("one.csv").exists()
    assert "several runs would write to one.csv: each gets a path of its own" in notes.texts
