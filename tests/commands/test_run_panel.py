"""The command `run` with --panel: refusals, the plan, and claims settled over data sets."""

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def arrays(tmp_path):
    """Two small data sets as files."""
    chosen = np.random.default_rng(0)
    paths = [tmp_path / "one.npz", tmp_path / "two.npz"]
    for path in paths:
        np.savez(path, x=chosen.normal(size=(60, 4)).astype("float32"), y=np.arange(60) % 3)
    return paths


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--data", "digits"], "must have at least 2 different data sets. Received: --data digits"),
        (["--data", "digits,digit"], "Unknown data set 'digit'. Did you mean digits?"),
        (
            ["--set", "units=2,4"],
            "`--set` must have one value with `--panel`. Run it once for each.",
        ),
    ],
)
def test_words_that_do_not_fit_are_refused(refuses, sized_experiment, words, said):
    assert said in refuses("run", sized_experiment, "--panel", *words)


def test_what_only_measures_is_refused(refuses):
    assert "neuron, which measures" in refuses("run", "neuron", "--panel")


def test_the_plan_names_every_data_set(zoo, sized_experiment, arrays):
    words = ("--data", ",".join(map(str, arrays)), "--batch-size", "16", "--dry-run")
    code, out, _ = zoo("run", sized_experiment, "--panel", *words)
    assert code == 0
    first, second, together, _ = out.splitlines()[-4:]
    assert "data one, 38 training examples" in first
    assert "data two, 38 training examples" in second
    assert together.endswith(": 96 runs in all")


@pytest.mark.slow
def test_claims_are_settled_over_data_sets_and_nothing_is_trained_twice(
    zoo, sized_experiment, arrays, tmp_path
):
    root = tmp_path / "elsewhere"
    words = ["--data", ",".join(map(str, arrays)), "--batch-size", "16", "--results", root]
    words += ["--seeds", "3", "--epochs", "1", "--learning-rates", "0.1"]
    code, out, _ = zoo("run", sized_experiment, "--panel", *words)
    assert code == 0, out
    (folder,) = root.glob("*panel=*")
    verdicts = pd.read_csv(folder / "verdicts.csv")
    assert verdicts["id"].tolist() == ["MINE1", "MINE2"]
    assert verdicts["verdict"].tolist() == ["undecided"] * 2  # three seeds can decide nothing
    assert "undecided on one and two; tanh - relu, test accuracy: one" in verdicts["evidence"][0]
    assert "Trained 9 runs" in out
    _, again, _ = zoo("run", sized_experiment, "--panel", *words)
    assert "Trained 0 runs, 9 were stored." in again
    code, table, _ = zoo("table", folder.name, "--results", root)
    assert code == 0
    assert table in out
    code, told, _ = zoo("claims", folder.name, "--results", root)
    assert code == 0
    assert "one, two (trained)" in told
