"""The command `data`, and tables that are run, tuned and looked at."""

import json

import numpy as np
import pandas as pd
import pytest

ROWS = 240
CLASSES = np.random.default_rng(0).permutation(np.arange(ROWS) % 6 == 0)


def people():
    """Returns 240 people of whom a sixth leave, mostly those of one town, and what they are."""
    generator = np.random.default_rng(1)
    near = generator.random(ROWS) < 0.1
    town = np.where(CLASSES ^ near, "Ulm", generator.choice(["Bonn", "Kiel"], ROWS))
    age = generator.integers(18, 80, ROWS).astype(float)
    age[::9] = np.nan
    return pd.DataFrame({"id": np.arange(ROWS), "age": age, "town": town, "leaves": CLASSES})


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "people.csv"
    people().to_csv(path, index=False, sep=";")
    return path


def test_data_says_what_became_of_a_table(zoo, table):
    code, out, err = zoo("data", table)
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "columns   2 of 3 make 5 features: 1 number (age), 1 category (town), separated by "
        "semicolons",
        "missing   age 27: numbers get the training part's median, and one more feature says so",
        "left out  id numbers the rows (--keep id)",
        "classes   2 of 'leaves': False 200, True 40",
        "examples  154 to train on, 38 to validate, 48 to test",
    ]


def test_options_change_what_is_read(zoo, table):
    words = ("--target", "town", "--drop", "leaves", "--keep", "id")
    lines = zoo("data", table, *words)[1].splitlines()
    assert lines[0].startswith("columns   2 of 3 make 3 features: 2 numbers (id, age)")
    assert lines[2] == "left out  leaves was dropped"
    assert lines[3].startswith("classes   3 of 'town': Bonn")
    assert "4 of 'column 4'" not in zoo("data", table, "--header", "first")[1]
    assert "'town'" in zoo("data", table, "--target", "3")[1]
    assert "'town'" in zoo("data", table, "--target", "-2")[1]


def test_data_needs_no_keras_and_plain_numbers_no_skrub(tmp_path):
    import subprocess
    import sys

    path = tmp_path / "mine.csv"
    path.write_text("a,k\n" + "".join(f"{row % 7},{row % 2}\n" for row in range(40)))
    script = (
        "import sys; from zoo import data; from zoo.data.told import lines_of;"
        f"lines_of(data.load({str(path)!r}));"
        "print([name for name in ('keras', 'tensorflow', 'skrub', 'sklearn', 'pyarrow') "
        "if name in sys.modules and name != 'pyarrow'])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["data", "nowhere.csv"], "nowhere.csv does not exist"),
        (["data", "digit"], "Unknown data set 'digit'. Did you mean digits?"),
        (["data", "digits", "--drop", "a"], "digits is no table"),
        (["data", "{table}", "--drop", "aeg"], "no column 'aeg' to drop. Did you mean age?"),
        (["data", "{table}", "--target", "age", "--task", "classification"], "Or is it another"),
        (["data", "{table}", "--header", "yes"], "`--header` must be none or first"),
    ],
)
def test_mistakes_are_said_in_two_lines(refuses, table, words, said):
    words = [word.replace("{table}", str(table)) for word in words]
    assert said in refuses(*words, store=False)


def test_a_dry_run_says_what_becomes_of_the_table(zoo, tiny_experiment, table, tmp_path):
    words = ("--data", table, "--drop", "age", "--batch-size", 16, "--dry-run")
    code, out, _ = zoo("run", tiny_experiment, *words, "--results", tmp_path / "results")
    assert code == 0
    assert "left out  age was dropped; id numbers the rows (--keep id)" in out
    assert "tiny@data=people-" in out
    assert ",batch=16,drop=age: " in out


@pytest.mark.parametrize("command", ["tune", "preflight"])
def test_other_commands_take_the_same_options(zoo, tiny_experiment, table, command):
    words = ["--dry-run"] if command == "tune" else ["--variant", "relu"]
    words += ["--data", table, "--target", "town"]
    code, _, err = zoo(command, tiny_experiment, *words, "--drop", "nothing")
    assert (code, "no column 'nothing' to drop" in err) == (2, True)


def test_a_network_learns_from_categories_more_than_the_most_frequent_class(
    zoo, tiny_experiment, table, tmp_path
):
    words = ("--data", table, "--epochs", 20, "--batch-size", 16, "--learning-rates", 0.1)
    results = tmp_path / "results"
    code, out, err = zoo("run", tiny_experiment, *words, "--seeds", 1, "--results", results)
    assert code == 0, err
    [folder] = [path for path in results.iterdir() if path.is_dir()]
    spec = json.loads((folder / "spec.json").read_text())
    runs = pd.read_csv(folder / "runs.csv")
    # 8 of the 48 test examples leave.
    assert spec["data"]["guess"]["accuracy"] == pytest.approx(40 / 48, abs=1e-6)
    assert (runs["test_accuracy"] > 40 / 48).all()
    # Five sixths are more than four fifths.
    assert (runs["balanced_accuracy"] > 0.6).all()
    assert spec["data"]["table"]["columns"] == {"age": "number", "town": "category"}
    assert "| always False " in out
    assert "better than guessing" not in out
