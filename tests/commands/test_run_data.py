"""The command `run`: data that cannot be used."""

import numpy as np
import pytest


def save_csv(path, columns, rows):
    lines = [",".join(columns), *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "offer"), [("mnist1", "Did you mean mnist1d"), ("zzz", "Choose from: mnist1d, digits")]
)
def test_an_unknown_data_set_offers_names(refuses, tiny_experiment, name, offer):
    message = refuses("run", tiny_experiment, "--data", name)
    assert f"Unknown data set {name!r}. {offer}" in message


@pytest.mark.parametrize("name", ["missing.csv", "missing.npz", "missing.csv:target"])
def test_a_missing_data_file_is_said_to_be_missing(refuses, tiny_experiment, tmp_path, name):
    message = refuses("run", tiny_experiment, "--data", tmp_path / name)
    assert "does not exist. Expected the path of an .npz file or of a table." in message


def test_a_data_folder_must_exist(refuses, tiny_experiment, tmp_path):
    folder = tmp_path / "missing"
    message = refuses("run", tiny_experiment, "--data-dir", folder)
    assert f"--data-dir must name a folder that exists. Received: {folder}" in message


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        # Line 1 is the header, so example 30 stands in line 32.
        ({30: (1, "much", "a")}, ("feature column 'y' holds text: 'much' in line 32", "--drop y")),
        ({30: (1, "inf", "a")}, ("column 'y' has 1 values that are infinite", "inf in line 32")),
        ({30: (1, 2, 3, "a")}, ("Expected 3 fields in line 32, saw 4",)),
        (
            {number: (1, number**2, "cde"[number % 3]) for number in range(30, 33)},
            ("each class needs at least 3 examples", "Received 1 of class c"),
        ),
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
    rows = [(number % 7, "a") for number in range(40)]
    path = save_csv(tmp_path / "mine.csv", ["x", "class"], rows)
    message = refuses("run", tiny_experiment, "--data", path)
    assert "expected at least two classes in column 'class'. Received 1: a" in message


def test_fewer_examples_than_classes_need_is_refused(refuses, tiny_experiment, tmp_path):
    rows = [(number, f"class {number}") for number in range(40)]
    path = save_csv(tmp_path / "mine.csv", ["x", "class"], rows)
    message = refuses("run", tiny_experiment, "--data", path)
    assert "40 different values in 40 rows, so they are no classes" in message


def test_less_than_one_batch_is_refused(refuses, tiny_experiment, tmp_path):
    rows = [(number % 7, "ab"[number % 2]) for number in range(40)]
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
