import json
import shutil

import pytest

from zoo.claims import Claim, Difference
from zoo.errors import ZooError
from zoo.results import ledger, tables
from zoo.results.sides import read_both
from zoo.results.summary import summarise


@pytest.fixture
def write(tmp_path, spec, make_result):
    """Returns a function that writes an experiment's results, by its path below the test's."""

    def make(path, claims=(), **changes):
        runs = [
            make_result(variant, rate, seed, val_accuracy=rate, test_accuracy=seed / 8)
            for variant in ("relu", "tanh")
            for rate in (0.1, 0.3)
            for seed in range(4)
        ]
        folder = tmp_path / path
        own = spec | {"experiment": folder.name, "claims": [each.as_dict() for each in claims]}
        tables.write(folder, own | changes, summarise(runs, ["relu", "tanh"], "relu"))
        ledger.write(folder)
        return folder

    return make


CLAIM = Claim("X1", Difference("tanh", "relu"), says="tanh is better")


def test_the_experiments_of_two_results_folders(write, tmp_path):
    for path in ("a/one", "a/two@seeds=4", "b/one", "b/three"):
        write(path, [CLAIM])
    a, b = read_both(tmp_path / "a", tmp_path / "b")
    assert (list(a), list(b)) == (["one", "two@seeds=4"], ["one", "three"])
    assert a["one"].equals(b["one"])
    assert not a["one"].equals(b["three"])  # which is called otherwise
    assert a["one"].rates == {"relu": 0.3, "tanh": 0.3}
    assert a["one"].verdicts["verdict"].tolist() == ["undecided"]
    assert a["one"].verdicts["deviation"].tolist() == [""]


def test_two_experiments_are_compared_whatever_they_are_called(write, tmp_path):
    one, other = write("a/one"), write("b/one@seeds=4")
    a, b = read_both(one, other)
    assert [*a] == [*b] == ["one -> one@seeds=4"]
    copy = shutil.copytree(one, tmp_path / "copy")
    a, b = read_both(one, copy)
    assert [*a] == [*b] == ["one"]
    assert a["one"].equals(b["one"])


@pytest.mark.parametrize("turned", [False, True])
def test_beside_one_experiment_a_results_folder_is_that_experiment(write, tmp_path, turned):
    one = write("a/one")
    for name in ("one", "two"):
        write(f"b/{name}")
    sides = read_both(*((tmp_path / "b", one) if turned else (one, tmp_path / "b")))
    assert [[*side] for side in sides] == [["one"], ["one"]]


def test_searches_are_left_out(write, tmp_path):
    for path in ("a/one", "b/one"):
        write(path)
    search = {"kind": "search", "search": "s", "question": "", "strategy": "random", "space": []}
    (tmp_path / "a" / "found").mkdir()
    (tmp_path / "a" / "found" / "spec.json").write_text(json.dumps(search))
    a, _ = read_both(tmp_path / "a", tmp_path / "b")
    assert [*a] == ["one"]
    with pytest.raises(ZooError, match=r"^`A` must be a results folder"):
        read_both(tmp_path / "a" / "found", tmp_path / "b")


def test_what_cannot_be_compared_is_refused(write, tmp_path):
    one = write("a/one")
    write("b/other")
    with pytest.raises(ZooError, match=r"no folder\. `python -m zoo run` makes results\.$"):
        read_both(one, tmp_path / "nowhere")
    with pytest.raises(ZooError, match=r"Received: .*, which holds none"):
        read_both(tmp_path, one)
    with pytest.raises(
        ZooError, match=r"^There are no results for 'one' in .* Did you mean other\?$"
    ):
        read_both(one, tmp_path / "b")
    with pytest.raises(ZooError, match=r"in common\. Received: .* with one, and .* with other\.$"):
        read_both(tmp_path / "a", tmp_path / "b")


@pytest.mark.parametrize("name", ["runs.csv", "table.csv", "verdicts.csv", "spec.json"])
def test_a_damaged_file_is_named(write, name):
    one, other = write("a/one", [CLAIM]), write("b/one", [CLAIM])
    text = (other / name).read_text()
    (other / name).write_text(text[: len(text) // 2])
    with pytest.raises(ZooError, match=rf"{name} is damaged"):
        read_both(one, other)
    (other / name).unlink()
    with pytest.raises(ZooError):
        read_both(one, other)
