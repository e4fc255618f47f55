"""An experiment with several values, put together from runs that are stored: nothing trains."""

import dataclasses

import pytest

from zoo.errors import ZooError
from zoo.results import files
from zoo.results.holds_when import rows_at
from zoo.results.store import Store
from zoo.runner import holds_when, trained
from zoo.runner.prepare import Settings
from zoo.runner.registry import find

SEEDS = 8


@pytest.fixture
def planned(sized_experiment):
    """Returns a function of words and settings that plans the runs at several values."""

    def plan(*words, **settings):
        pairs = tuple(tuple(word.split("=")) for word in words)
        given = Settings(words=pairs, **settings)
        return holds_when.prepare(find(str(sized_experiment)), given, None)

    return plan


@pytest.fixture(autouse=True)
def without_pictures(monkeypatch):
    """Leaves out the pictures of the single values, which take the longest."""
    monkeypatch.setattr("zoo.figures.trained.shown", lambda folder: [])


@pytest.fixture
def store_all(make_result):
    """Returns a function that stores a result for every run of a plan: a score of its values."""

    def store(prepared, root, score):
        with Store(root) as kept:
            for part in prepared.parts:
                values = dict(part.settings.words)
                for job in part.jobs:
                    found = score(job.run.variant, values) + job.run.seed / 1000
                    own = {"val_accuracy": 0.5, "test_accuracy": found, "test_loss": found}
                    result = make_result(job.run.variant, **own)
                    kept.add(part.folder_name, dataclasses.replace(result, run=job.run))

    return store


def read_all(folder):
    """Reads all files of a folder, by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_there_is_a_plan_for_every_combination(planned):
    found = planned("units=16,2", "bias=true,false", "epochs=3", seeds=2)
    assert found.folder_name == "sized@epochs=3,seeds=2,units=2,16,bias=true,false"
    assert [part.folder_name for part in found.parts] == [
        "sized@epochs=3,seeds=2,units=2",
        "sized@epochs=3,seeds=2,units=2,bias=false",
        "sized@epochs=3,seeds=2,units=16",
        "sized@epochs=3,seeds=2,units=16,bias=false",
    ]
    assert len({job.run.key for part in found.parts for job in part.jobs}) == 4 * 3 * 2 * 2


def test_numbers_of_the_recipe_may_have_several_values(planned):
    found = planned("epochs=1,2", "train_examples=100,all", seeds=1)
    assert found.folder_name == "sized@seeds=1,epochs=1,2,train_examples=100,all"
    assert [part.folder_name for part in found.parts] == [
        "sized@epochs=1,seeds=1,train_examples=100",
        "sized@epochs=1,seeds=1",
        "sized@seeds=1,train_examples=100",
        "sized@seeds=1",
    ]


def test_three_names_with_several_values_are_too_many(planned):
    with pytest.raises(ZooError, match="at most 2 names"):
        planned("epochs=1,2", "units=1,2", "batch_size=8,16")


@pytest.mark.slow
def test_results_are_put_together_as_the_single_runs_have_them(planned, store_all, tmp_path):
    """tanh gains a point for each unit; leaky 0.1 loses two points, with the bias only."""

    def score(variant, values):
        gain = {"tanh": int(values.get("units", 8)), "leaky 0.1": -2 * ("bias" not in values)}
        return 0.5 + gain.get(variant, 0) / 100

    prepared = planned("units=4,8", "bias=true,false")
    store_all(prepared, tmp_path, score)
    for part in prepared.parts:
        with Store(tmp_path) as store:
            assert len(store.known(job.run.key for job in part.jobs)) == 3 * 2 * SEEDS
            trained.write(part, store, tmp_path)
    folder = holds_when.write(prepared, tmp_path)
    table = files.read_table(folder)
    assert len(table) == 4 * 3
    for units in ("4", "8"):
        for bias in ("true", "false"):
            rows = rows_at(table, {"units": units, "bias": bias})
            gains = 100 * rows["difference"]
            assert gains["tanh"] == pytest.approx(int(units))
            assert gains["leaky 0.1"] == pytest.approx(-2 if bias == "true" else 0, abs=1e-9)
            assert rows["n"].tolist() == [SEEDS] * 3
    [tanh, leaky] = files.read_spec(folder)["verdicts"]
    assert tanh["verdicts"] == ["supported"] * 4
    assert leaky["verdicts"] == ["refuted", "undecided"] * 2
    # The declared size with bias is the experiment itself.
    assert (tmp_path / "sized" / "verdicts.csv").is_file()
    for name in ("holds_when.md", "holds_when.svg", "holds_when.png"):
        assert (folder / name).stat().st_size > 0


def test_a_second_time_changes_no_byte(planned, store_all, tmp_path):
    prepared = planned("units=4,8", seeds=2, variants=("tanh",), learning_rates=(0.1,))
    store_all(prepared, tmp_path, lambda variant, values: 0.5)
    with Store(tmp_path) as store:
        for part in prepared.parts:
            trained.write(part, store, tmp_path)
    before = read_all(holds_when.write(prepared, tmp_path))
    assert set(before) == {
        "spec.json",
        "holds_when.csv",
        "holds_when.md",
        "holds_when.svg",
        "holds_when.png",
    }
    assert read_all(holds_when.write(prepared, tmp_path)) == before
