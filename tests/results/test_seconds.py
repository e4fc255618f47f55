"""What a run takes is read from the store, where the runs were trained."""

import dataclasses

import pytest

from zoo.results.seconds import line_of
from zoo.results.store import Store


@pytest.fixture
def folder(write):
    return write()


def test_seconds_are_means_over_the_runs_of_every_variant(folder, make_result):
    assert line_of(folder) == ""
    assert not (folder.parent / "zoo.db").exists()
    with Store(folder.parent) as store:
        store.add("tiny", make_result("relu", seed=0))
        store.add("tiny", dataclasses.replace(make_result("relu", seed=1), seconds=1.5))
    assert line_of(folder) == ""  # nothing is known of tanh
    with Store(folder.parent) as store:
        store.add("tiny", dataclasses.replace(make_result("tanh"), seconds=0.123))
        store.add("other", dataclasses.replace(make_result("tanh", 1.0), seconds=9.0))
    told = "Seconds a run took, on average over rates and seeds: relu 1, tanh 0.12."
    assert line_of(folder) == told


def test_a_damaged_store_is_told_and_hides_no_results(folder):
    (folder.parent / "zoo.db").write_bytes(b"no database" * 100)
    assert line_of(folder).startswith("Seconds a run took are not known: The store ")
