"""The command `run`: words, files and stores that cannot be used, and plans."""

import re
import sqlite3
import sys

import pytest

from zoo.results.store import SCHEMA


@pytest.mark.parametrize("seeds", [0, -3, "many", "1.5"])
def test_seeds_must_be_positive(refuses, tiny_experiment, seeds):
    message = refuses("run", tiny_experiment, "--seeds", seeds)
    assert "`--seeds` must be a whole number of at least 1, or auto" in message
    assert f"Received: {seeds}" in message


@pytest.mark.parametrize("epochs", [0, -1])
def test_epochs_must_be_positive(refuses, tiny_experiment, epochs):
    message = refuses("run", tiny_experiment, "--epochs", epochs)
    assert f"`epochs` must be a positive integer. Received: epochs={epochs}" in message


@pytest.mark.parametrize("option", ["--batch-size", "--epochs"])
def test_counts_must_be_whole_numbers(zoo, tiny_experiment, option):
    code, _, err = zoo("run", tiny_experiment, option, "many")
    assert code == 2
    assert f"Invalid value for '{option}'" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("rates", "received"),
    [("0", "0.0"), ("0.1,-1", "-1.0"), ("nan", "nan"), ("inf", "inf"), ("0.1,1e999", "inf")],
)
def test_learning_rates_must_be_finite_and_above_zero(refuses, tiny_experiment, rates, received):
    message = refuses("run", tiny_experiment, "--learning-rates", rates)
    assert f"must be a finite number above 0. Received: {received}" in message


@pytest.mark.parametrize("rates", ["abc", "", "0.1,", "0.1;0.2", "0.1 0.2"])
def test_learning_rates_must_be_numbers(refuses, rates):
    message = refuses("run", "activation", "--learning-rates", rates)
    assert "`--learning-rates` must be numbers separated by commas, like 0.01,0.1." in message
    assert f"Received: {rates!r}" in message


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--engine", "fast", "`--engine` must be one of population, fit. Received: 'fast'"),
        ("--population", "0", "`--population` must be at least 1. Received: 0"),
    ],
)
def test_the_engine_must_be_known(refuses, tiny_experiment, option, value, words):
    assert words in refuses("run", tiny_experiment, option, value)


def test_a_missing_experiment_file_is_said_to_be_missing(refuses, tmp_path):
    path = tmp_path / "missing.py"
    assert f"No such file: {path}." in refuses("run", path)


def test_an_experiment_file_with_a_mistake_is_refused(refuses, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("EXPERIMENT = (\n")
    assert f"{path} is not valid Python" in refuses("run", path)
    path.write_text("import keras\n")
    assert f"{path} must define EXPERIMENT = Experiment(...)" in refuses("run", path)


def test_an_experiment_that_breaks_is_said_with_file_and_line(zoo, results, tmp_path):
    path = tmp_path / "broken.py"
    path.write_text("\nraise RuntimeError('no luck\\nat all')\n")
    code, out, err = zoo("run", path, "--results", results)
    assert (code, out) == (2, "")
    assert err.startswith(f"Error: {path}:2: RuntimeError: no luck at all. ")
    code, _, err = zoo("run", path, "--results", results, "--debug")
    assert code == 2
    assert "Traceback" in err


@pytest.mark.parametrize("line", ["import sys; sys.exit(0)", "raise SystemExit", "quit()"])
def test_an_experiment_that_ends_python_is_no_success(zoo, results, tmp_path, line):
    path = tmp_path / "ends.py"
    path.write_text(f"{line}\n")
    code, out, err = zoo("run", path, "--results", results)
    assert (code, out) == (2, "")
    assert err.startswith(f"Error: {path}:1: SystemExit")


def test_a_module_beside_an_experiment_is_found(zoo, results, tiny_experiment, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tiny_experiment.parent / "size_of_mine.py").write_text("UNITS = 8\n")
    text = tiny_experiment.read_text().replace(
        "import keras\n", "import keras\nimport size_of_mine\n"
    )
    path = tiny_experiment.with_name("beside.py")
    path.write_text(text.replace("layers.Dense(8,", "layers.Dense(size_of_mine.UNITS,"))
    code, out, err = zoo("run", path, "--results", results, "--dry-run")
    assert (code, err) == (0, "")
    assert out.startswith("beside: 32 runs")


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_results_folder_that_cannot_be_written_is_refused(
    refuses, tiny_experiment, tmp_path, place
):
    (tmp_path / "file").write_text("mine")
    folder = tmp_path / place
    message = refuses("run", tiny_experiment, "--results", folder, store=False)
    assert f"The results folder must be writable. Received: {folder}" in message
    assert (tmp_path / "file").read_text() == "mine"


def test_a_store_of_another_version_is_refused(refuses, tiny_experiment, results):
    connection = sqlite3.connect(results / "zoo.db")
    with connection:
        connection.execute("UPDATE meta SET value = '99'")
    connection.close()
    message = refuses("run", tiny_experiment)
    assert f"another version of the zoo (schema 99, expected {SCHEMA})" in message


def test_a_truncated_store_is_refused(refuses, tiny_experiment, results):
    path = results / "zoo.db"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert f"The store {path} is damaged (" in refuses("run", tiny_experiment)


def test_a_dry_run_counts_and_writes_nothing(zoo, tiny_experiment, tmp_path):
    folder = tmp_path / "none"
    words = ("--seeds", 3, "--epochs", 5, "--learning-rates", "0.1,0.3,1")
    code, out, err = zoo("run", tiny_experiment, "--dry-run", *words, "--results", folder)
    assert (code, err) == (0, "")
    runs = 2 * 3 * 3
    assert f"{runs} runs, {runs * 5} epochs together; 2 variants, 3 seeds; data digits" in out
    assert not folder.exists()


CLAIMING = """from zoo.claims import Claim, Difference, Identity

TESTED = Claim("X1", Difference("tanh", "relu"), says="tanh is better")
EXACT = Claim("X2", Identity("diverged"), says="nothing diverges")

EXPERIMENT = """


@pytest.mark.parametrize(
    ("claims", "seeds", "said"),
    [
        ("EXACT, TESTED", 5, 1),
        ("EXACT, TESTED", 6, 0),
        ("EXACT", 5, 0),  # needs no test
        ("", 5, 0),
    ],
)
def test_too_few_seeds_to_decide_anything_are_said_beforehand(
    zoo, tiny_experiment, claims, seeds, said
):
    text = tiny_experiment.read_text().replace("EXPERIMENT = ", CLAIMING, 1)
    text = text.rstrip().removesuffix(")") + f"    claims=[{claims}],\n)\n"
    tiny_experiment.write_text(text)
    code, out, err = zoo("run", tiny_experiment, "--dry-run", "--seeds", seeds)
    assert (code, err) == (0, "")
    *before, plan, _ = out.splitlines()
    assert plan.startswith(f"tiny@seeds={seeds}: {2 * 2 * seeds} runs")
    assert (
        before
        == [
            "tiny@seeds=5: below 6 seeds nothing can be decided; with 5 the smallest p is "
            f"{2 / 2**5:g}, so every claim that needs a test stays undecided."
        ][:said]
    )


def test_a_smoke_plan_is_one_epoch_of_two_seeds_at_one_rate(zoo, tiny_experiment):
    code, out, _ = zoo("run", tiny_experiment, "--dry-run", "--smoke")
    assert code == 0
    assert "4 runs, 4 epochs together; 2 variants, 2 seeds" in out


BROKEN = '''"""Does a model that cannot be built stop the others?"""

import keras

from zoo.experiment import Experiment, Recipe


def build_model(input_shape, num_classes, units):
    """Fails."""
    raise RuntimeError("no such layer")


EXPERIMENT = Experiment(
    factor="units",
    baseline="1",
    variants={"1": 1, "2": 2},
    recipe=Recipe(
        build_model=build_model,
        data="digits",
        optimizer=keras.optimizers.SGD,
        learning_rates=(0.1,),
        epochs=1,
        batch_size=64,
    ),
)
'''


def test_a_failing_experiment_does_not_stop_the_others(zoo, tiny_experiment, tmp_path):
    broken = tmp_path / "broken.py"
    broken.write_text(BROKEN, encoding="utf-8")
    code, out, err = zoo("run", broken, tiny_experiment, "--dry-run")
    assert code == 1
    mistake, others = err.splitlines()
    assert re.match(
        rf"Error: {re.escape(str(broken))}:\d+: RuntimeError: no such layer\. ", mistake
    )
    assert others == "Failed: broken. The others are done."
    assert out.startswith(f"tiny: {2 * 2 * 8} runs")


@pytest.mark.slow
def test_an_experiment_on_few_examples_takes_smaller_data_whole(zoo, tmp_path):
    rows = [f"{x % 7},{x % 5},{'abc'[x % 3]}" for x in range(300)]
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(["first,second,label", *rows]), encoding="utf-8")
    code, out, err = zoo("run", "dropout", "--data", path, "--dry-run")
    assert (code, err) == (0, "")
    # A fifth is held out for testing, and a fifth of the rest for validation.
    assert f"data mine, {300 * 4 // 5 * 4 // 5} training examples" in out


@pytest.mark.slow
def test_batch_larger_than_the_data_says_what_to_do(zoo, tmp_path):
    rows = [f"{x % 7},{'ab'[x % 2]}" for x in range(40)]
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(["first,label", *rows]), encoding="utf-8")
    code, _, err = zoo("run", "activation", "--data", path, "--dry-run")
    assert code == 2
    assert "--batch-size" in err
    code, out, _ = zoo("run", "activation", "--data", path, "--dry-run", "--batch-size", 8)
    assert code == 0
    assert re.search(r"^activation@data=mine-[0-9a-f]{6},batch=8: ", out, re.MULTILINE)


@pytest.mark.slow
def test_what_a_key_cannot_know_is_said_where_runs_were_stored(
    zoo, tmp_path, tiny_experiment, fit_uncompiled
):
    scale = tmp_path / "scale.txt"
    scale.write_text("1.0")
    text = tiny_experiment.read_text().replace(
        "def build_model",
        f"def scaled(x):\n    return x * float(Path({str(scale)!r}).read_text())\n\n\n"
        "def build_model",
    )
    text = text.replace("import keras\n", "from pathlib import Path\n\nimport keras\n", 1)
    tiny_experiment.write_text(text.replace('"tanh": "tanh"', '"scaled": scaled'))
    words = ["--engine", "fit", "--seeds", "1", "--epochs", "1", "--learning-rates", "0.1"]
    command = ["run", tiny_experiment, *words, "--results", tmp_path / "results"]
    said = "tiny.scaled calls read_text: a change of what it reads is not seen; --fresh trains all"
    code, out, err = zoo(*command)
    assert (code, err) == (0, "")
    assert "Trained 2 runs, 0 were stored" in out
    assert said not in out
    assert said in zoo(*command)[1]
    assert "Trained 2 runs, 0 were stored" in zoo(*command, "--fresh")[1]
