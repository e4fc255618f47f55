import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from zoo.results import files, tables
from zoo.results.store import SCHEMA, Store
from zoo.results.summary import summarise
from zoo.runner import registry

ROOT = Path(registry.__file__).parents[2]
HEAVY = {"keras", "tensorflow", "jax", "torch"}
PLOTS = {"curves.svg", "curves.png", "sweep.svg", "sweep.png"}
PLOTS |= {"effect.svg", "effect.png"}


def content(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def results(tmp_path, spec, make_result):
    """Returns a results folder with the store, tables and declaration of `tiny`."""
    folder = tmp_path / "results"
    runs = [
        make_result(variant, rate, seed, test_accuracy=seed % 7 / 7, val_accuracy=0.5 + rate)
        for variant in ("relu", "tanh")
        for rate in (0.01, 0.1, 0.03)
        for seed in range(60)
    ]
    with Store(folder) as store:
        for run in runs:
            store.add("tiny", run)
    tables.write(folder / "tiny", spec, summarise(runs, ["relu", "tanh"], "relu"))
    return folder


@pytest.fixture
def refuses(zoo, results):
    """Returns a function that runs wrong words: code 2, a short message, no harm; the message."""

    def run(*words, store=True):
        before = content(results)
        code, out, err = zoo(*words, *(["--results", results] if store else []))
        assert code == 2, err
        assert out == ""
        assert err.startswith("Error: ")
        assert 1 <= len(err.splitlines()) <= 2
        assert "Traceback" not in out + err
        assert content(results) == before
        return err

    return run


def save_csv(path, columns, rows):
    lines = [",".join(columns), *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


# Commands that read.


def test_list_shows_every_name_with_its_question(zoo):
    code, out, err = zoo("list")
    assert (code, err) == (0, "")
    entries = sorted(registry.entries(), key=lambda entry: (entry.topic, entry.name))
    lines = [line for line in out.splitlines() if line.startswith("  ")]
    assert [line.split()[0] for line in lines] == [entry.name for entry in entries]
    for line, entry in zip(lines, entries, strict=True):
        assert entry.question in line
    headings = [line for line in out.splitlines() if not line.startswith("  ")]
    assert headings == [f"{name}: {question}" for name, question in registry.topics().items()]
    starts = {line.index(entry.question) for line, entry in zip(lines, entries, strict=True)}
    assert len(starts) == 1  # one column


@pytest.mark.parametrize("factor", sorted({entry.factor for entry in registry.entries()}))
def test_list_shows_the_experiments_on_one_factor(zoo, factor):
    code, out, _ = zoo("list", "--factor", factor)
    assert code == 0
    expected = {entry.name for entry in registry.entries() if entry.factor == factor}
    shown = [line.split()[0] for line in out.splitlines() if line.startswith("  ")]
    assert len(shown) == len(expected)
    assert set(shown) == expected


def test_list_shows_the_experiments_on_one_topic(zoo, refuses):
    _, out, _ = zoo("list", "--topic", "depth")
    heading, *lines = out.splitlines()
    assert heading == f"depth: {registry.topics()['depth']}"
    shown = [line.split()[0] for line in lines]
    assert shown == sorted(path.stem for path in (registry.FOLDER / "depth").glob("[a-z]*.py"))
    message = refuses("list", "--topic", "depht", store=False)
    assert "No experiment is on the topic 'depht'. Did you mean depth?" in message


def test_an_unknown_factor_offers_the_closest(refuses):
    message = refuses("list", "--factor", "activaton", store=False)
    assert "No experiment varies 'activaton'. Did you mean activation?" in message


@pytest.mark.parametrize("form", tables.FORMATS)
def test_table_prints_what_the_results_hold(zoo, results, form):
    code, out, err = zoo("table", "tiny", "--format", form, "--results", results)
    assert (code, err) == (0, "")
    folder = results / "tiny"
    assert out == tables.render(files.read_spec(folder), files.read_table(folder), form)
    kept = {"md": "table.md", "csv": "table.csv"}
    if form in kept:
        assert out.encode() == (folder / kept[form]).read_bytes()


def test_table_without_a_format_is_markdown(zoo, results):
    code, out, _ = zoo("table", "tiny", "--results", results)
    assert code == 0
    assert out.encode() == (results / "tiny" / "table.md").read_bytes()


def test_an_unknown_format_is_refused(refuses):
    assert "must be one of md, csv, latex. Received: 'html'" in refuses(
        "table", "tiny", "--format", "html"
    )


@pytest.mark.parametrize("command", ["table", "plot"])
def test_missing_results_are_said_to_be_missing(refuses, command):
    message = refuses(command, "tinny")
    assert "There are no results for 'tinny'" in message
    assert "Did you mean tiny?" in message
    assert "`python -m zoo run tinny`" in message


def test_plot_draws_and_names_the_files(zoo, results):
    before = content(results)
    code, out, err = zoo("plot", "tiny", "--results", results)
    assert (code, err) == (0, "")
    assert {Path(line) for line in out.splitlines()} == {results / "tiny" / name for name in PLOTS}
    drawn = content(results)
    assert set(drawn) == set(before) | {f"tiny/{name}" for name in PLOTS}
    assert zoo("plot", "--all", "--results", results)[1] == out
    assert content(results) == drawn  # again changes no byte


def test_plot_all_without_results_is_refused(refuses, tmp_path):
    message = refuses("plot", "--all", "--results", tmp_path / "empty", store=False)
    assert "There are no results in" in message


@pytest.mark.parametrize("command", ["run", "plot"])
@pytest.mark.parametrize("words", [(), ("activation", "--all")])
def test_either_names_or_all(refuses, command, words):
    message = refuses(command, *words)
    assert "Name the experiments" in message
    assert "--all" in message


@pytest.mark.parametrize("command", ["run", "show"])
def test_an_unknown_experiment_offers_the_closest(refuses, command):
    message = refuses(command, "activaton", store=command == "run")
    assert "No experiment is called 'activaton'. Did you mean activation" in message


@pytest.mark.parametrize(
    "words",
    [
        ("list",),
        ("list", "--factor", "activation"),
        ("table", "tiny", "--results", "{results}"),
        ("plot", "tiny", "--results", "{results}"),
        ("run",),
        ("run", "activaton"),
        ("run", "activation", "--learning-rates", "abc"),
    ],
)
def test_what_only_reads_imports_no_framework(results, cache_home, words):
    words = [word.format(results=results) for word in words]
    code = (
        "import sys\n"
        f"sys.argv = ['zoo', *{words!r}]\n"
        "from zoo.commands.app import main\n"
        "try:\n"
        "    main()\n"
        "except SystemExit as stopped:\n"
        f"    assert stopped.code == {2 if words[0] == 'run' else 0}, stopped.code\n"
        f"loaded = {HEAVY!r} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
        "print('none')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "XDG_CACHE_HOME": str(cache_home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("none\n")


def test_the_module_is_the_command_line():
    done = subprocess.run(
        [sys.executable, "-m", "zoo", "list"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line for line in done.stdout.splitlines() if line.startswith("  ")]
    assert len(lines) == len(registry.entries())


@pytest.mark.parametrize("words", [("lst",), ("list", "--fctor", "x"), ("table",)])
def test_words_that_no_command_knows_are_refused(zoo, words):
    code, out, err = zoo(*words)
    assert (code, out) == (2, "")
    assert "Error: " in err
    assert "Traceback" not in err


# Wrong words to `run`.


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


# Wrong data.


@pytest.mark.parametrize(
    ("name", "offer"), [("mnist1", "Did you mean mnist1d"), ("zzz", "Choose from: mnist1d, digits")]
)
def test_an_unknown_data_set_offers_names(refuses, tiny_experiment, name, offer):
    message = refuses("run", tiny_experiment, "--data", name)
    assert f"Unknown data set {name!r}. {offer}" in message


@pytest.mark.parametrize("name", ["missing.csv", "missing.npz", "missing.csv:target"])
def test_a_missing_data_file_is_said_to_be_missing(refuses, tiny_experiment, tmp_path, name):
    message = refuses("run", tiny_experiment, "--data", tmp_path / name)
    assert "does not exist. Expected the path of an .npz or .csv file." in message


def test_a_data_folder_must_exist(refuses, tiny_experiment, tmp_path):
    folder = tmp_path / "missing"
    message = refuses("run", tiny_experiment, "--data-dir", folder)
    assert f"--data-dir must name a folder that exists. Received: {folder}" in message


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        # Line 1 is the header, so example 30 stands in line 32.
        ({30: (1, "much", "a")}, ("feature column 'y' holds text: 'much' in line 32",)),
        ({30: (1, "nan", "a")}, ("1 feature values are missing, NaN", "line 32, column 'y'")),
        ({30: (1, "inf", "a")}, ("1 feature values are missing, NaN", "line 32, column 'y'")),
        ({30: (1, "", "a")}, ("1 feature values are missing, NaN", "line 32, column 'y'")),
        ({30: (1, 2, "c")}, ("each class needs at least 3 examples", "Received 1 of class c")),
    ],
)
def test_a_csv_with_one_bad_row_names_it(refuses, tiny_experiment, tmp_path, rows, words):
    good = [(number, -number, "ab"[number % 2]) for number in range(40)]
    lines = [rows.get(number, row) for number, row in enumerate(good)]
    path = save_csv(tmp_path / "mine.csv", ["x", "y", "class"], lines)
    message = refuses("run", tiny_experiment, "--data", path)
    assert str(path) in message
    assert all(part in message for part in words)


def test_one_class_is_nothing_to_tell_apart(refuses, tiny_experiment, tmp_path):
    rows = [(number, "a") for number in range(40)]
    path = save_csv(tmp_path / "mine.csv", ["x", "class"], rows)
    message = refuses("run", tiny_experiment, "--data", path)
    assert "expected at least two classes in labels. Received 1: a" in message


def test_fewer_examples_than_classes_need_is_refused(refuses, tiny_experiment, tmp_path):
    rows = [(number, f"class {number}") for number in range(40)]
    path = save_csv(tmp_path / "mine.csv", ["x", "class"], rows)
    message = refuses("run", tiny_experiment, "--data", path)
    assert "each class needs at least 3 examples" in message


def test_less_than_one_batch_is_refused(refuses, tiny_experiment, tmp_path):
    rows = [(number, "ab"[number % 2]) for number in range(40)]
    path = save_csv(tmp_path / "mine.csv", ["x", "class"], rows)
    message = refuses("run", tiny_experiment, "--data", path)
    # A fifth of 40 is held out for the test, a fifth of the remaining 32 for validation.
    assert "must not exceed the 26 training examples of mine. Received: batch_size=64" in message


def test_features_and_labels_must_be_of_one_length(refuses, tiny_experiment, tmp_path):
    path = tmp_path / "mine.npz"
    np.savez(path, x=np.zeros((40, 3)), y=np.arange(39) % 2)
    message = refuses("run", tiny_experiment, "--data", path)
    assert (
        "must hold one label for each of the 40 rows of features. Received shape (39,)" in message
    )


def test_nan_in_an_archive_names_its_row(refuses, tiny_experiment, tmp_path):
    x = np.ones((40, 3))
    x[7, 2] = np.nan
    np.savez(tmp_path / "mine.npz", x=x, y=np.arange(40) % 2)
    message = refuses("run", tiny_experiment, "--data", tmp_path / "mine.npz")
    assert "has 1 values that are NaN, infinite or beyond float32" in message
    assert "row 7, index [7, 2]" in message


# A store that cannot be used.


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


def test_the_doctor_reports_a_healthy_store_and_refuses_a_truncated_one(zoo, results):
    code, out, _ = zoo("doctor", "--results", results)
    assert code == 0
    assert f"{2 * 3 * 60} runs of 1 experiments" in out
    assert "keras " in out
    path = results / "zoo.db"
    halved = path.read_bytes()[: path.stat().st_size // 2]
    path.write_bytes(halved)
    code, _, err = zoo("doctor", "--results", results)
    assert code == 2
    assert "is damaged (" in err
    assert path.read_bytes() == halved


# Commands that load Keras but train nothing.


def test_a_dry_run_counts_and_writes_nothing(zoo, tiny_experiment, tmp_path):
    folder = tmp_path / "none"
    words = ("--seeds", 3, "--epochs", 5, "--learning-rates", "0.1,0.3,1")
    code, out, err = zoo("run", tiny_experiment, "--dry-run", *words, "--results", folder)
    assert (code, err) == (0, "")
    runs = 2 * 3 * 3
    assert f"{runs} runs, {runs * 5} epochs together; 2 variants, 3 seeds; data digits" in out
    assert not folder.exists()


def test_a_smoke_plan_is_one_epoch_of_two_seeds_at_one_rate(zoo, tiny_experiment):
    code, out, _ = zoo("run", tiny_experiment, "--dry-run", "--smoke")
    assert code == 0
    assert "4 runs, 4 epochs together; 2 variants, 2 seeds" in out


def test_show_names_factor_variants_rates_and_data(zoo, tiny_experiment):
    code, out, err = zoo("show", tiny_experiment)
    assert (code, err) == (0, "")
    assert out.startswith("Does tanh train a tiny network better than ReLU?\n")
    (relu,) = [line for line in out.splitlines() if line.split()[:1] == ["relu"]]
    assert "learning rates 0.01, 0.1" in relu
    assert relu.endswith("(baseline)")
    assert "data           digits" in out
    assert "epochs         2, batch size 64" in out


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


def test_an_experiment_on_few_examples_takes_smaller_data_whole(zoo, tmp_path):
    rows = [f"{x},{x % 3},{'abc'[x % 3]}" for x in range(300)]
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(["first,second,label", *rows]), encoding="utf-8")
    code, out, err = zoo("run", "dropout", "--data", path, "--dry-run")
    assert (code, err) == (0, "")
    # A fifth is held out for testing, and a fifth of the rest for validation.
    assert f"data mine, {300 * 4 // 5 * 4 // 5} training examples" in out


def test_batch_larger_than_the_data_says_what_to_do(zoo, tmp_path):
    rows = [f"{x},{'ab'[x % 2]}" for x in range(40)]
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(["first,label", *rows]), encoding="utf-8")
    code, _, err = zoo("run", "activation", "--data", path, "--dry-run")
    assert code == 2
    assert "--batch-size" in err
    code, out, _ = zoo("run", "activation", "--data", path, "--dry-run", "--batch-size", 8)
    assert code == 0
    assert re.match(r"activation@data=mine-[0-9a-f]{6},batch=8: ", out)
