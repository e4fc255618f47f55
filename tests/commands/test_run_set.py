"""The command `run` with --variants and --set: refusals, plans, and when an effect holds."""

import json
from xml.etree import ElementTree

import pandas as pd
import pytest

MEASURED = '''"""Does doubling double?"""

from zoo.claims import Claim, Identity
from zoo.experiment import Measurement


def measure(times, seed, draws=4):
    """Multiplies."""
    return {"product": times * draws}


EXPERIMENT = Measurement(
    factor="times",
    variants={"two": 2, "three": 3},
    measure=measure,
    seeds=1,
    claims=[
        Claim("MINE1", Identity("product", 8.0, variants=("two",)), says="Eight."),
        Claim("MINE2", Identity("product", 12.0, variants=("three",)), says="Twelve."),
    ],
)
'''


@pytest.fixture
def measured(tmp_path):
    path = tmp_path / "measured.py"
    path.write_text(MEASURED, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--variants", "tan"], "There is no variant 'tan'. Did you mean tanh?"),
        (["--variants", "relu"], "must name a variant besides the baseline relu"),
        (["--variants", "tanh,"], "must be labels separated by commas"),
        (["--set", "units"], "`--set` must be NAME=VALUE"),
        (["--set", "unit=3"], "There is nothing to set that is called 'unit'. Did you mean units?"),
        (["--set", "units=2.5"], "must be a whole number; without it, it is 8. Received: '2.5'"),
        (["--set", "activation=elu"], "The experiment varies its activation"),
        (["--set", "units=3", "--set", "units=4"], "several values are written units=3,4"),
        (["--set", "epochs=3", "--epochs", "2"], "`--epochs` and `--set epochs` must agree."),
        (
            ["--set", "units=1,2", "--set", "epochs=1,2", "--set", "batch_size=8,16"],
            "several values to at most 2 names",
        ),
        (["--set", "epochs=1,2", "--epochs", "2"], "must agree. Received: 2 and 1."),
        (["--set", "units=3,3"], "must list different values. Received: '3,3'"),
    ],
)
def test_words_that_do_not_fit_are_refused(refuses, sized_experiment, words, said):
    assert said in refuses("run", sized_experiment, *words)


@pytest.mark.parametrize("option", ["--set", "--variants"])
def test_all_experiments_have_no_variants_or_defaults_in_common(refuses, option):
    message = refuses("run", "--all", option, "depth=2")
    assert f"`{option}` must go with the names of experiments" in message


def test_the_baseline_is_run_and_said(zoo, sized_experiment):
    words = ["--dry-run", "--seeds", 6, "--variants", "leaky 0.1"]
    code, out, err = zoo("run", sized_experiment, *words)
    assert (code, err) == (0, "")
    said, plan, time = out.splitlines()
    assert said == "The baseline relu is run, too."
    assert plan.startswith(f"sized@seeds=6,variants=relu+leaky 0.1: {2 * 2 * 6} runs")
    _, out, _ = zoo("run", sized_experiment, *words, "--variants", "relu")
    assert out.splitlines() == [plan, time]


def test_the_plan_of_several_values_has_a_line_for_each(zoo, sized_experiment, tmp_path):
    words = ["--set", "epochs=3", "--set", "units=16,8", "--seeds", 6, "--results", tmp_path / "r"]
    code, out, err = zoo("run", sized_experiment, "--dry-run", *words)
    assert (code, err) == (0, "")
    first, second, whole, time = out.splitlines()
    runs = 3 * 2 * 6
    assert first.startswith(f"sized@epochs=3,seeds=6: {runs} runs")  # 8 units are declared
    assert second.startswith(f"sized@epochs=3,seeds=6,units=16: {runs} runs")
    assert time == "time: less than a minute"
    assert whole == f"sized@epochs=3,seeds=6,units=8,16: {2 * runs} runs in all"
    assert not (tmp_path / "r").exists()


def test_some_variants_of_a_measured_experiment(zoo, measured, tmp_path):
    words = ["--variants", "three", "--results", tmp_path / "results"]
    code, out, err = zoo("run", measured, *words)
    assert (code, err) == (0, "")
    folder = tmp_path / "results" / "measured@variants=three"
    assert pd.read_csv(folder / "verdicts.csv")["verdict"].tolist() == ["not run", "supported"]
    assert "not run    MINE1" in out


def test_a_measured_experiment_takes_one_value_of_what_it_has_a_default_for(zoo, measured):
    results = measured.parent / "results"
    code, out, err = zoo("run", measured, "--set", "draws=5", "--results", results)
    assert (code, err) == (0, "")
    table = pd.read_csv(results / "measured@draws=5" / "table.csv")
    assert table["mean"].tolist() == [2 * 5, 3 * 5]
    assert "refuted    MINE1" in out
    code, _, err = zoo("run", measured, "--set", "draws=5,6", "--results", results)
    assert code == 2
    assert "must have one value for measured" in err
    code, _, err = zoo("run", measured, "--set", "epochs=5", "--results", results)
    assert code == 2
    assert "What can be set: draws=4." in err


@pytest.mark.slow
@pytest.mark.pictures
def test_an_effect_at_several_values(zoo, sized_experiment, tmp_path, content):
    results = tmp_path / "results"
    words = ["--seeds", 2, "--learning-rates", 0.1, "--variants", "tanh"]
    words += ["--set", "epochs=1", "--results", results]
    code, out, err = zoo("run", sized_experiment, *words, "--set", "units=4,2")
    assert (code, err) == (0, "")
    name = "sized@epochs=1,seeds=2,rates=0.1,variants=relu+tanh"
    assert out.startswith("The baseline relu is run, too.\n")
    assert "units=2,4: below 6 seeds nothing can be decided" in out
    assert f"\n# {name},units=2,4\n" in out
    for units in (2, 4):
        assert f"\n{name},units={units}: Trained 4 runs, 0 were stored." in out
    assert "| MINE2 | leaky 0.1 is better." not in out
    assert "Not run at every value: MINE2." in out
    # Each value has the table that it has alone, and needs no run once more.
    alone = results / f"{name},units=4"
    before = content(alone)
    _, shown, _ = zoo("run", sized_experiment, *words, "--set", "units=4")
    assert "Trained 0 runs, 4 were stored." in shown
    assert content(alone) == before
    together = pd.read_csv(results / f"{name},units=2,4" / "holds_when.csv")
    own = together[together["set_units"] == 4].drop(columns="set_units").reset_index(drop=True)
    pd.testing.assert_frame_equal(own, pd.read_csv(alone / "table.csv")[own.columns])
    check_folder(zoo, results, f"{name},units=2,4")


def check_folder(zoo, results, name):
    """Checks that every command that reads results takes the folder for what it is."""
    folder = results / name
    ElementTree.parse(folder / "holds_when.svg")
    spec = json.loads((folder / "spec.json").read_text())
    assert spec["swept"] == {"units": ["2", "4"]}
    text = (folder / "holds_when.md").read_text()
    assert zoo("table", name, "--results", results) == (0, text, "")
    picture = (folder / "holds_when.svg").read_bytes()
    (folder / "holds_when.svg").unlink()
    code, out, err = zoo("plot", "--all", "--results", results)
    assert (code, err) == (0, "")
    assert str(folder / "holds_when.svg") in out.splitlines()
    assert (folder / "holds_when.svg").read_bytes() == picture
    assert zoo("list", "--results", results)[0] == 0
    code, _, err = zoo("claims", name, "--results", results)
    assert code == 2
    assert f"There are no verdicts for {name}" in err
