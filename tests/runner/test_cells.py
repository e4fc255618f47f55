"""What is measured once is not measured again, unless something changed on which it depends."""

import json

import keras
import numpy as np
import pytest

from zoo.experiment import Measurement
from zoo.results.store import Store
from zoo.runner.cells import Kept, key_and_unknown, rows_of
from zoo.runner.measured import measure
from zoo.runner.registry import entries

MINE = '''"""Does doubling double?"""

from zoo.experiment import Measurement

START = 0


def moved(number):
    """Moves a number."""
    return START + number


def measure(times, seed):
    """Multiplies the seed."""
    return {"product": moved(times * seed), ("histogram", 1): ([0.5, 0.5], [0.0, 1.0, times])}


EXPERIMENT = Measurement(
    factor="times", variants={"two": 2, "three": 3}, measure=measure, seeds=3
)
'''


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(MINE, encoding="utf-8")
    return path


@pytest.fixture
def measured(zoo, mine, tmp_path):
    """Returns a function that runs the experiment, changed or not: cells measured, cells stored."""
    written = [mine]

    def run(*words, old="", new=""):
        text = written[-1].read_text(encoding="utf-8").replace(old, new)
        path = tmp_path / str(len(written)) / "mine.py"  # a process loads a file once
        path.parent.mkdir()
        path.write_text(text, encoding="utf-8")
        written.append(path)
        code, out, err = zoo("run", path, "--results", tmp_path / "r", *words)
        assert code == 0, err
        (line,) = (line for line in out.splitlines() if line.startswith("Measured"))
        words = line.split()
        return int(words[1]), int(words[3])

    return run


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".png"}


def test_again_measures_nothing_and_fresh_all_with_the_same_bytes(measured, tmp_path):
    assert measured() == (6, 0)
    first = content(tmp_path / "r" / "mine")
    assert {"measurements.csv", "histograms.csv"} <= first.keys()
    assert measured() == (0, 6)
    assert content(tmp_path / "r" / "mine") == first
    assert measured("--fresh") == (6, 0)
    assert content(tmp_path / "r" / "mine") == first


def test_more_seeds_and_another_variant_are_all_that_is_measured(measured):
    assert measured() == (6, 0)
    assert measured("--seeds", 5) == (4, 6)
    assert measured(old='"three": 3', new='"three": 3, "four": 4') == (3, 6)
    assert measured("--variants", "two") == (0, 3)


def test_what_numbers_depend_on_is_measured_again(measured):
    assert measured() == (6, 0)
    assert measured(old="START = 0", new="START = 1") == (6, 0)
    assert measured(old="START + number", new="START - number") == (6, 0)
    assert measured(old='"two": 2', new='"two": 2.5') == (3, 3)
    assert measured(old="Moves a number", new="Moves any number") == (0, 6)


def test_an_interrupted_measurement_goes_on_where_it_was(measured, zoo, mine, tmp_path):
    stops = 'if seed == 2:\n        raise KeyboardInterrupt\n    return {"product"'
    mine.write_text(MINE.replace('return {"product"', stops), encoding="utf-8")
    code, _, err = zoo("run", mine, "--results", tmp_path / "r")
    assert code == 130
    assert "4 of 6 cells are stored; the same command goes on from there." in err
    with Store(tmp_path / "r") as store:
        rows = store._execute("SELECT variant, seed FROM cells").fetchall()
    assert rows == [("two", 0), ("three", 0), ("two", 1), ("three", 1)]


def test_what_is_read_from_a_file_is_measured_each_time(measured):
    reads = 'open(__file__).close()\n    return {"product"'
    assert measured(old='return {"product"', new=reads) == (6, 0)
    assert measured() == (6, 0)


def test_what_measuring_uses_up_is_measured_each_time(measured, zoo, tmp_path):
    uses = "float(DRAWN.normal())"
    assert measured(
        old="START = 0", new="import numpy\n\nDRAWN = numpy.random.default_rng(0)\nSTART = 0"
    ) == (6, 0)
    assert measured(old="times * seed)", new=f"{uses})") == (6, 0)
    assert measured() == (6, 0)


def test_numbers_and_histograms_come_back_as_they_were(tmp_path):
    edges = np.linspace(0, 1, 4, dtype="float32")
    numbers = {"third": np.float32(1 / 3), ("at", np.int64(2)): float("nan"), "far": float("inf")}
    experiment = Measurement(
        factor="f",
        variants={"a": 1},
        measure=lambda value, seed: {**numbers, ("histogram", 1): (edges[:3], edges)},
    )
    with Store(tmp_path) as store:
        kept = Kept(store=store, name="mine")
        first, again = (measure(experiment, 2, None, kept) for _ in range(2))
    assert (kept.measured, kept.stored) == (2, 2)
    for one, other, plain in zip(first, again, measure(experiment, 2), strict=True):
        assert one.equals(other)
        assert one.equals(plain)
    assert first[0]["value"][0] == float(np.float32(1 / 3))
    assert first[1]["right"].tolist() == edges[1:].astype(float).tolist()


def test_the_zoos_own_measurements_have_keys_that_know_everything():
    known = set()
    own = [entry for entry in entries() if entry.kind == "measured"]
    for entry in own:
        experiment = entry.load_measurement()
        if experiment.needs:
            continue
        for label in experiment.variants:
            key, unknown = key_and_unknown(experiment, label, 0)
            assert not unknown, (entry.name, label)
            assert key not in known, (entry.name, label)
            known.add(key)
    assert len(known) > 200


def test_rows_are_plain_numbers():
    experiment = Measurement(
        factor="f",
        variants={"a": 1},
        measure=lambda value, seed: {("x", np.int64(3)): np.float64(0.1)},
    )
    assert json.loads(json.dumps(rows_of(experiment, "a", 0))) == [["x", 3, 0.1]]


def test_other_settings_of_keras_are_other_cells():
    experiment = Measurement(factor="f", variants={"a": 1}, measure=lambda value, seed: {"m": 1})
    keys = [key_and_unknown(experiment, "a", 0)[0]]
    before = keras.config.epsilon()
    try:
        keras.config.set_epsilon(0.5)
        keys.append(key_and_unknown(experiment, "a", 0)[0])
    finally:
        keras.config.set_epsilon(before)
    assert keys[0] != keys[1]
    assert keys[0] == key_and_unknown(experiment, "a", 0)[0]
