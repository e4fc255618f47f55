import dataclasses
import json
import math
import re

import keras
import numpy as np
import pandas as pd
import pytest

from zoo.results.store import Store
from zoo.search import tune as searching
from zoo.search.oracle import Oracle

# Nothing is random in the tiny experiment's training.
pytestmark = pytest.mark.usefixtures("fit_uncompiled")

STRATEGIES = {
    "random": ("--trials", 12),
    "grid": ("--trials", 8),
    "bayesian": ("--trials", 10),
    "hyperband": ("--epochs", 3),
}


@pytest.fixture
def tune(zoo, tiny_experiment, tmp_path):
    """Returns a function that searches: the folder, what was printed, and trials.csv."""

    def run(*words, results="r"):
        code, out, err = zoo("tune", tiny_experiment, "--results", tmp_path / results, *words)
        assert (code, err) == (0, "")
        [folder] = (tmp_path / results / "tuning").iterdir()
        return folder, out, (folder / "trials.csv").read_text(encoding="utf-8")

    return run


def trained(out):
    """Returns how many runs were trained, by what was printed."""
    return int(re.search(r"Trained (\d+) runs", out).group(1))


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["hyperband"])
def test_a_killed_search_goes_on_and_ends_the_same(
    zoo, tune, tiny_experiment, tmp_path, monkeypatch, strategy
):
    words = ("--strategy", strategy, *STRATEGIES[strategy])
    folder, first, whole = tune(*words)
    assert "on the test set" in first
    added = Store.add
    left = iter(range(3))

    def add(store, experiment, result):
        if next(left, None) is None:
            raise KeyboardInterrupt
        added(store, experiment, result)

    monkeypatch.setattr(Store, "add", add)
    code, _, err = zoo("tune", tiny_experiment, "--results", tmp_path / "killed", *words)
    assert code == 130
    assert "The same command goes on from there." in err
    monkeypatch.setattr(Store, "add", added)
    resumed, out, text = tune(*words, results="killed")
    assert text == whole
    assert trained(out) == trained(first) - 3
    for name in ("winner.json", "scores.svg", "best_so_far.svg", "parallel.svg"):
        assert (resumed / name).read_bytes() == (folder / name).read_bytes()
    assert "Trained 0 runs" in tune(*words)[1]


@pytest.mark.slow
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_search_killed_at_random_moments_loses_no_trial_and_doubles_none(
    tune, tmp_path, zoo, tiny_experiment, monkeypatch, make_result, strategy
):
    def here(*_):
        """Trains nothing: how well a run does follows from its key."""

        def finished(jobs, _):
            for job in jobs:
                value = int(job.run.key[:4], 16) / 0x10000
                result = make_result(val_accuracy=value, test_accuracy=value)
                yield dataclasses.replace(result, run=job.run)

        return finished

    def save(job, data, winner, folder):
        (folder / "winner.json").write_text(json.dumps(winner), encoding="utf-8")

    monkeypatch.setattr(searching, "where_of", here)
    monkeypatch.setattr(searching, "_save", save)
    words = ("--strategy", strategy, *STRATEGIES[strategy], "--executions", 2)
    _, first, whole = tune(*words)
    generator = np.random.default_rng(0)
    left = math.inf

    def counted(function):
        def call(*arguments):
            nonlocal left
            left -= 1
            if left == 0:
                raise KeyboardInterrupt
            return function(*arguments)

        return call

    for owner, name in ((Store, "add"), (Oracle, "tell"), (searching, "write_frame")):
        monkeypatch.setattr(owner, name, counted(getattr(owner, name)))
    runs = 0
    for _ in range(3):  # of each strategy: twelve moments
        left = int(generator.integers(1, trained(first) - runs + 2))
        code, _, _ = zoo("tune", tiny_experiment, "--results", tmp_path / "killed", *words)
        assert code == 130
        with Store(tmp_path / "killed") as store:
            assert runs <= store.summary()["runs"] <= trained(first)
            runs = store.summary()["runs"]
    left = math.inf
    _, out, text = tune(*words, results="killed")
    assert text == whole
    assert trained(out) == trained(first) - runs
    assert not pd.read_csv(pd.io.common.StringIO(text)).duplicated(["stage", "trial"]).any()


@pytest.mark.slow
def test_a_trial_has_a_score_of_several_seeds(tune):
    _, _, text = tune("--trials", 4, "--executions", 3, "--space", "variant=relu")
    rows = pd.read_csv(pd.io.common.StringIO(text))
    reached = rows[[f"val_accuracy_{place}" for place in range(3)]]
    np.testing.assert_allclose(rows["score"], reached.mean(axis=1), rtol=1e-5)
    np.testing.assert_allclose(rows["deviation"], reached.std(axis=1, ddof=1), rtol=1e-4)


@pytest.mark.slow
def test_trials_that_train_together_score_as_alone(tune):
    words = ("--trials", 2, "--space", "lr=0.01:0.3:log")
    together, alone = (
        pd.read_csv(pd.io.common.StringIO(tune(*words, "--engine", engine, results=engine)[2]))
        for engine in ("population", "fit")
    )
    np.testing.assert_allclose(together["score"], alone["score"], atol=1e-4)


@pytest.mark.slow
def test_diverged_trials_are_results(tune):
    _, _, text = tune("--trials", 4, "--epochs", 6, "--space", "lr=1e10:1e30:log")
    rows = pd.read_csv(pd.io.common.StringIO(text))
    assert len(rows) == 4
    assert (rows["diverged"] > 0).any()
    assert rows["score"].notna().all()


@pytest.mark.slow
def test_the_winner_can_be_loaded(tune):
    from zoo import data

    folder, out, _ = tune("--trials", 4)
    model = keras.saving.load_model(folder / "winner.keras")
    digits = data.load("digits")
    accuracy = np.mean(model.predict(digits.x_test, verbose=0).argmax(axis=1) == digits.y_test)
    told = json.loads((folder / "winner.json").read_text(encoding="utf-8"))
    assert told["test_accuracy"]["n"] == 8
    assert abs(accuracy - told["test_accuracy"]["mean"]) < 0.2
    assert f'keras.saving.load_model("{folder / "winner.keras"}")' in out


@pytest.mark.slow
def test_coarse_to_fine_narrows_around_the_best(tune):
    _, _, text = tune("--trials", 12, "--coarse-to-fine", "--epochs", 4)
    rows = pd.read_csv(pd.io.common.StringIO(text))
    wide, fine = (rows[rows["stage"] == stage]["learning_rate"] for stage in (1, 2))
    assert set(rows[rows["stage"] == 1]["epochs"]) == {1}
    assert set(rows[rows["stage"] == 2]["epochs"]) == {4}
    assert np.ptp(np.log(fine)) < np.ptp(np.log(wide))


def test_the_dry_run_shows_the_space_and_trains_nothing(zoo, tiny_experiment, tmp_path):
    words = ("tune", tiny_experiment, "--results", tmp_path / "r", "--dry-run")
    code, out, _ = zoo(*words, "--space", "lr=0.01:1:log")
    assert code == 0
    assert "--space variant=relu,tanh" in out
    assert "--space learning_rate=0.01:1:log" in out
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--strategy", "sobol"), "`--strategy` must be one of random, grid, bayesian, hyperband"),
        (("--trials", "0"), "`--trials` must be at least 1. Received: 0"),
        (("--executions", "0"), "`--executions` must be at least 1. Received: 0"),
        (("--space", "rate=1:2"), "no hyperparameter 'rate'"),
        (("--space", "lr=1:0.1"), "must go from a number to a higher one"),
        (("--strategy", "hyperband", "--coarse-to-fine"), "Hyperband has coarse and fine stages"),
        (("--coarse-to-fine", "--trials", "1"), "needs at least 2 trials. Received: 1"),
        (("--strategy", "grid", "--trials", "1"), "has more than 1 points. Give more trials"),
    ],
)
def test_wrong_words_are_named(zoo, tiny_experiment, tmp_path, words, message):
    code, _, err = zoo("tune", tiny_experiment, "--results", tmp_path / "r", *words)
    assert code == 2
    assert message in err
    assert "Traceback" not in err


@pytest.mark.slow
def test_what_lies_at_an_end_of_its_range_is_said(tune, monkeypatch):
    _, out, _ = tune("--trials", 2, "--epochs", 1)
    assert "lies at an end" not in out
    drawn = Oracle.ask

    def ask(oracle, most):
        return [
            dataclasses.replace(trial, values={**trial.values, "learning_rate": 0.299})
            for trial in drawn(oracle, most)
        ]

    monkeypatch.setattr(Oracle, "ask", ask)
    _, out, _ = tune("--trials", 2, "--epochs", 1, results="ends")
    line = next(line for line in out.splitlines() if "lies at an end" in line)
    assert line.startswith(
        "The best learning_rate, 0.299, lies at an end of learning_rate=0.01:0.3"
    )
    assert "to go on from there, --space learning_rate=0.0546:1.64:log" in out.replace("\n", " ")
