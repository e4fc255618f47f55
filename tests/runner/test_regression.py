"""An experiment on data whose target is a number, from the command line to its files."""

import json

import numpy as np
import pandas as pd
import pytest

from zoo.results.files import read_frame
from zoo.runner.prepare import Settings, prepare
from zoo.runner.registry import find
from zoo.runner.regression import lowered

EPOCHS = 8


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Returns the path of 200 houses whose price follows from two of three columns."""
    generator = np.random.default_rng(0)
    rooms, age, noise = generator.normal(size=(3, 200))
    price = 50 + 20 * rooms - 10 * np.abs(age) + 2 * noise
    path = tmp_path_factory.mktemp("table") / "houses.csv"
    columns = {"rooms": rooms, "age": age, "other": noise[::-1], "price": price}
    pd.DataFrame(columns).round(4).to_csv(path, index=False)
    return path


@pytest.fixture
def claiming(tiny_experiment):
    """Returns the path of an experiment with a claim on accuracy, one on speed, and a probe."""
    text = tiny_experiment.read_text(encoding="utf-8")
    text = text.replace("from zoo.exp", "from zoo.claims import Claim, Difference\nfrom zoo.exp", 1)
    text = text.replace(
        "from zoo.exp", "from zoo.probes import AccuracyUnderNoise\nfrom zoo.exp", 1
    )
    text = text.replace(
        "        epochs", "        probes={'noisy': AccuracyUnderNoise((1,))},\n        epochs"
    )
    speed = "epochs_to_accuracy_0.5_of_best"
    claims = [
        'Claim("MINE1", Difference("tanh", "relu"), says="tanh is better.")',
        f'Claim("MINE2", Difference("tanh", "relu", "{speed}"), says="tanh is slower.")',
        'Claim("MINE4", Difference("tanh", "relu", "test_r2", 0.1), says="tanh explains more.")',
        'Claim("MINE3", Difference("tanh", "relu", "noisy"), says="tanh stands noise.")',
    ]
    text = text.rstrip().removesuffix(")") + f"    claims=[{', '.join(claims)}],\n)\n"
    tiny_experiment.write_text(text, encoding="utf-8")
    return tiny_experiment


def test_numbers_are_predicted_and_told_as_such(zoo, claiming, table, tmp_path):
    results = tmp_path / "results"
    words = ("--data", table, "--epochs", EPOCHS, "--batch-size", 16, "--seeds", 2)
    code, out, err = zoo("run", claiming, *words, "--learning-rates", 0.1, "--results", results)
    assert code == 0, err
    assert "target    'price' is a number from " in out
    assert "| test R2 %" in out
    assert "| the mean |" in out
    assert "None of these networks" not in out
    assert "accuracy" not in (next(results.glob("tiny@*")) / "table.md").read_text()
    [folder] = results.glob("tiny@*")
    spec = json.loads((folder / "spec.json").read_text())
    assert (spec["data"]["task"], spec["recipe"]["loss"]) == ("regression", "MeanSquaredError")
    # Always the mean: an error of the target's deviation, of which R2 is nothing.
    guess = spec["data"]["guess"]
    assert guess["rmse"] == pytest.approx(pd.read_csv(table)["price"].std(), rel=0.2)
    assert -0.2 < guess["accuracy"] <= 0
    runs = pd.read_csv(folder / "runs.csv")
    assert {"r2", "val_r2", "test_r2", "test_rmse"} <= set(runs.columns)
    assert "epochs_to_r2_0.5_of_best" in runs.columns
    assert not any("accuracy" in name for name in runs.columns)
    assert (runs["test_r2"] > 0.5).all()
    assert {"r2", "val_r2"} <= set(pd.read_csv(folder / "curves.csv")["metric"])
    assert "test_accuracy" in read_frame(folder / "runs.csv").columns
    verdicts = pd.read_csv(folder / "verdicts.csv").set_index("id")
    assert verdicts["verdict"].to_dict() == dict.fromkeys(("MINE1", "MINE3"), "not run") | {
        "MINE2": "undecided",
        "MINE4": "undecided",
    }
    assert "test accuracy is of classes" in verdicts.loc["MINE1", "evidence"]
    assert "R2 0.5 of best" in verdicts.loc["MINE2", "evidence"]
    assert "epochs_to_r2_0.5_of_best" in verdicts.loc["MINE2", "rule"]
    assert "test R2" in verdicts.loc["MINE4", "evidence"]
    told = zoo("claims", folder.name, "--results", results)[1]
    assert "epochs to 50 % of the way to the best training R2" in " ".join(told.split())
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert zoo("table", folder.name, "--write", "--results", results)[0] == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert "test_r2" in zoo("why", folder / "table.md")[1]


@pytest.mark.slow
def test_values_of_a_name_are_compared_by_r2(zoo, sized_experiment, table, tmp_path):
    words = ("--data", table, "--smoke", "--batch-size", 16, "--variants", "tanh")
    results = tmp_path / "results"
    code, out, err = zoo(
        "run", sized_experiment, *words, "--set", "units=4,8", "--results", results
    )
    assert code == 0, err
    assert "Difference of test R2 from relu (points)" in out
    [path] = results.glob("*/holds_when.csv")
    assert "test_r2" in path.read_text().partition("\n")[0]


def test_grids_get_lower_rates(tiny_experiment, table):
    entry = find(str(tiny_experiment))
    found = prepare(entry, Settings(data=str(table), batch_size=16), None).experiment
    # Declared are 0.01 and 0.1.
    assert found.learning_rates("tanh") == (0.0001, 0.001, 0.01, 0.1)
    given = Settings(data=str(table), batch_size=16, learning_rates=(0.1, 1.0))
    assert prepare(entry, given, None).experiment.learning_rates("relu") == (0.1, 1.0)
    assert lowered((0.5,)) == (0.5,)


def test_an_experiment_on_classes_alone_says_so(zoo, table):
    code, _, err = zoo("run", "output_loss", "--data", table, "--dry-run")
    assert (code, len(err.splitlines())) == (2, 1)
    assert "output_loss needs classes: it varies losses (softmax + crossentropy) of them" in err
