"""Words, names and disks that no command can do anything with."""

import errno
import os
import sqlite3
from dataclasses import replace

import numpy as np
import pytest

from zoo.commands.options import echo
from zoo.errors import REMEDIES, ZooError, in_words
from zoo.results import tables
from zoo.results.store import Store
from zoo.results.summary import summarise
from zoo.runner.prepare import MOST_SEEDS

LONG = "a" * 5000
ESCAPE = "\x1b]0;mine\x07\x1b[31m"
NO_UTF8 = os.fsdecode(b"a\xff")
NO_USER = "~nobody-of-this-name/x"


@pytest.fixture
def refused(zoo):
    """Returns a function that runs wrong words: code 2 and one line that can be shown anywhere."""

    def run(*words):
        code, out, err = zoo(*words)
        assert (code, out) == (2, ""), err
        assert err.startswith("Error: ")
        assert len(err.splitlines()) == 1
        assert err.rstrip("\n").isprintable()
        assert len(err) < 3000  # the names of all experiments may be offered
        err.encode("utf-8")
        return err

    return run


@pytest.mark.parametrize(
    "words",
    [
        ("table", "{}"),
        ("show", "{}"),
        ("show", "{}.py"),
        ("plot", "{}"),
        ("claims", "{}"),
        ("list", "--factor", "{}"),
        ("list", "--topic", "{}"),
        ("run", "{}.py"),
        ("run", "activation", "--dry-run", "--data", "{}"),
        ("run", "activation", "--dry-run", "--data", "{}.npz"),
        ("run", "activation", "--dry-run", "--data", "{}.csv:label"),
        ("run", "activation", "--dry-run", "--data-dir", "{}"),
        ("run", "activation", "--dry-run", "--learning-rates", "{}"),
        ("run", "activation", "--dry-run", "--seeds", "{}"),
        ("run", "activation", "--dry-run", "--engine", "{}"),
        ("preflight", "{}.keras", "--data", "digits"),
        ("table", "activation", "--format", "{}"),
        ("table", "activation", "--results", "{}"),
    ],
)
@pytest.mark.parametrize("name", [LONG, ESCAPE, NO_UTF8, NO_USER], ids=range(4))
def test_names_that_are_none(refused, words, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused(*(word.format(name) for word in words))


def test_a_scale_that_no_experiment_has(refused):
    message = refused("run", "--all", "--dry-run", "--scale", "huge")
    assert "one that an experiment has: lecture, paper. Received: 'huge'" in message


@pytest.mark.parametrize("seeds", [MOST_SEEDS + 1, 10**30])
def test_more_seeds_than_anybody_can_train(refused, tiny_experiment, seeds):
    message = refused("run", tiny_experiment, "--dry-run", "--seeds", seeds)
    assert f"at least 1 and at most {MOST_SEEDS}, or auto. Received: {seeds}" in message


@pytest.mark.parametrize("command", ["run", "table", "plot", "claims", "tune"])
def test_a_file_as_results_folder(refused, tiny_experiment, tmp_path, command):
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    message = refused(command, tiny_experiment, "--results", tmp_path / "file")
    assert f"Received: {tmp_path / 'file'}, which is a file. Name another with --results" in message
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"


def test_an_experiments_file_with_an_escape_in_its_name(refused, tiny_experiment):
    path = tiny_experiment.rename(tiny_experiment.with_name("\x1b[31mtiny.py"))
    assert "without control characters. Received: '\\x1b[31mtiny'" in refused("show", path)


def test_labels_with_escapes_are_a_mistake_in_the_file(refused, tiny_experiment):
    text = tiny_experiment.read_text(encoding="utf-8")
    changed = text.replace('{"relu": "relu", "tanh"', '{"relu": "relu", "\\x1b[31mtanh"')
    assert changed != text
    tiny_experiment.write_text(changed, encoding="utf-8")
    message = refused("run", tiny_experiment, "--dry-run")
    assert "without control characters. Received: '\\x1b[31mtanh'" in message


def test_texts_of_the_users_code_are_written_out(refused, tiny_experiment):
    text = tiny_experiment.read_text(encoding="utf-8")
    raising = '    raise ValueError("\\x1b[2J\\x07")\n    hidden ='
    tiny_experiment.write_text(text.replace("    hidden =", raising), encoding="utf-8")
    assert "\\x1b[2J\\x07" in refused("run", tiny_experiment, "--dry-run")


def test_a_question_with_escapes_is_shown_without(zoo, tiny_experiment):
    text = tiny_experiment.read_text(encoding="utf-8")
    tiny_experiment.write_text(text.replace("Does tanh", r"Does \x1b[31mtanh"), encoding="utf-8")
    code, out, _ = zoo("show", tiny_experiment)
    assert code == 0
    assert "Does \\x1b[31mtanh train" in out
    assert "\x1b" not in out


def test_columns_and_labels_of_data_with_escapes(refused, tiny_experiment, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(f"{ESCAPE},label\n" + f"{ESCAPE},x\n1,y\n" * 5, encoding="utf-8")
    message = refused("run", tiny_experiment, "--dry-run", "--data", path)
    assert "\\x1b]0;mine" in message
    np.savez(tmp_path / "mine.npz", x=np.ones((7, 1)), y=np.array([ESCAPE] * 6 + ["x"]))
    refused("run", tiny_experiment, "--dry-run", "--data", tmp_path / "mine.npz")


@pytest.mark.parametrize("form", ["md", "latex", "csv"])
def test_escapes_in_results_reach_no_table(zoo, tmp_path, spec, make_result, form):
    spec |= {"question": f"Is {ESCAPE} shown?\nAnd this?", "variants": ["relu", ESCAPE]}
    results = [make_result(variant, seed=seed) for variant in spec["variants"] for seed in (0, 1)]
    tables.write(tmp_path / "tiny", spec, summarise(results, spec["variants"], "relu"))
    written = (tmp_path / "tiny" / "table.md").read_text(encoding="utf-8")
    code, out, err = zoo("table", "tiny", "--format", form, "--results", tmp_path)
    assert (code, err) == (0, "")
    for text in (written, out):
        assert set(filter(lambda mark: not mark.isprintable(), text)) <= {"\n"}
        assert "x1b" in text
    if form == "md":
        assert out == written
    rendered = tables.render(spec, tables.read_table(tmp_path / "tiny"), "latex")
    assert "\x1b" not in rendered
    assert r"\textbackslash{}x1b]0;mine\textbackslash{}x07" in rendered


# Errors of the file system


@pytest.mark.parametrize("number", REMEDIES)
def test_what_the_user_can_mend_is_said_with_the_remedy(number):
    told = in_words(OSError(number, os.strerror(number), "/some/place"))
    assert isinstance(told, ZooError)
    assert str(told) == f"/some/place: {os.strerror(number)}. {REMEDIES[number]}"
    assert str(in_words(OSError(number, os.strerror(number)))).startswith(os.strerror(number))


@pytest.mark.parametrize(
    "error", [ValueError("28"), OSError("no number"), OSError(errno.EIO, "Input/output error")]
)
def test_other_errors_stay_what_they_are(error):
    assert in_words(error) is error


def test_echo_shows_and_obeys_nothing(capsys):
    echo(f"{ESCAPE}a\nb{NO_UTF8}", nl=False)
    assert capsys.readouterr().out == "\\x1b]0;mine\\x07\\x1b[31ma\nba\\udcff"


def full(store):
    """Lets a store grow no more, as on a full disk."""
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages}")


def test_a_full_disk_is_said_in_one_line_and_loses_nothing(tmp_path, make_result):
    with Store(tmp_path) as store:
        store.add("tiny", make_result(seed=0))
        full(store)
        large = make_result(seed=1, history={"loss": [0.5] * 10_000})
        with pytest.raises(ZooError, match=r"zoo.db cannot be used any more .*full") as caught:
            store.add("tiny", large)
        with pytest.raises(ZooError, match="cannot be used any more"):
            store.add_records("key", [(0, 0, "mean", 0.5)] * 10_000)
    assert len(str(caught.value).splitlines()) == 1
    with Store(tmp_path) as store:
        first = make_result(seed=0)
        assert store.results([first.run, large.run]) == [first]
        store.add("tiny", large)
        assert store.results([large.run]) == [large]


@pytest.mark.slow
def test_a_full_disk_ends_a_run_with_the_remedy(refused, zoo, tiny_experiment, tmp_path):
    folder = tmp_path / "results"
    words = ("run", tiny_experiment, "--smoke", "--results", folder)
    add = Store.add

    def add_to_full(self, experiment, result):
        full(self)
        add(self, experiment, replace(result, history={"loss": [0.5] * 10_000}))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Store, "add", add_to_full)
        assert "Make room" in refused(*words)
    code, out, _ = zoo(*words)
    assert code == 0
    assert "Trained 4 runs, 0 were stored" in out


def test_a_damaged_run_in_the_store_is_named(tmp_path, make_result):
    with Store(tmp_path) as store:
        store.add("tiny", make_result())
    connection = sqlite3.connect(tmp_path / "zoo.db")
    with connection:
        connection.execute("UPDATE runs SET history = '{\"loss\": [0.5'")
    connection.close()
    with Store(tmp_path) as store, pytest.raises(ZooError, match=r"zoo.db is damaged \(Expecting"):
        store.results([make_result().run])
