import json
import math
import sqlite3
import sys
import threading
from dataclasses import replace

import pytest

from zoo.errors import ZooError
from zoo.results.store import SCHEMA, Store
from zoo.runs.run import METRICS

HARD_NUMBERS = [
    0.1,
    1 / 3,
    math.nextafter(1.0, 2.0),
    sys.float_info.max,
    5e-324,
    -0.0,
    math.inf,
    -math.inf,
    math.nan,
]


def digits(result):
    """Returns a result as text that tells all floats apart, NaN and -0.0 too."""
    return repr(result)


def refused(folder):
    with pytest.raises(ZooError) as caught:
        Store(folder)
    assert len(str(caught.value).splitlines()) <= 2
    return str(caught.value)


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def full_store(tmp_path, make_result):
    """Returns a results folder whose store fills many pages."""
    folder = tmp_path / "results"
    history = {name: [1 / (epoch + 3) for epoch in range(40)] for name in METRICS}
    with Store(folder) as store:
        for seed in range(100):
            store.add("tiny", make_result(seed=seed, history=history))
    assert (folder / "zoo.db").stat().st_size > 100_000
    return folder


def test_every_digit_of_a_result_comes_back(tmp_path, make_result):
    history = {name: HARD_NUMBERS[place:] for place, name in enumerate(METRICS)}
    final = dict(zip(("val_loss", "test_loss", "val_accuracy"), HARD_NUMBERS[-3:], strict=True))
    kept = make_result(rate=1 / 3, history=history, status="diverged", **final)
    kept = replace(kept, engine="fit (because)", device="GPU Ω", seconds=1 / 7)
    with Store(tmp_path) as store:
        store.add("tiny", kept)
        (same,) = store.results([kept.run])
        assert digits(same) == digits(kept)
    with Store(tmp_path) as store:
        (same,) = store.results([kept.run])
        assert digits(same) == digits(kept)


def test_results_come_in_the_order_asked_for_and_without_the_missing(tmp_path, make_result):
    results = [make_result(seed=seed) for seed in range(4)]
    with Store(tmp_path) as store:
        for result in results[:3]:
            store.add("tiny", result)
        asked = [results[place] for place in (2, 3, 0)]
        assert store.results(item.run for item in asked) == [results[2], results[0]]
        assert store.results([]) == []


def test_known_names_those_of_the_keys_that_are_kept(tmp_path, make_result):
    results = [make_result(seed=seed) for seed in range(3)]
    keys = [item.run.key for item in results]
    with Store(tmp_path) as store:
        assert store.known(keys) == set()
        store.add("tiny", results[0])
        store.add("other", results[1])
        assert store.known(keys) == set(keys[:2])
        assert store.known(iter(keys[1:])) == {keys[1]}
        assert store.known([]) == set()


def test_a_run_of_the_same_key_replaces_the_earlier_one(tmp_path, make_result):
    first, second = make_result(val_accuracy=0.25), make_result(val_accuracy=0.75)
    with Store(tmp_path) as store:
        store.add("tiny", first)
        store.add("tiny", second)
        assert store.results([first.run]) == [second]
        assert store.summary()["runs"] == 1


def test_the_summary_counts_runs_experiments_seconds_and_bytes(tmp_path, make_result):
    with Store(tmp_path) as store:
        empty = store.summary()
        assert (empty["runs"], empty["experiments"], empty["seconds"]) == (0, 0, 0)
        for seed, name in enumerate(["tiny", "tiny", "other"]):
            store.add(name, make_result(seed=seed))
        summary = store.summary()
    assert (summary["runs"], summary["experiments"], summary["seconds"]) == (3, 2, 3 * 0.5)
    assert summary["bytes"] == (tmp_path / "zoo.db").stat().st_size


def test_the_folder_is_made_and_the_store_closed_with_its_block(tmp_path, make_result):
    folder = tmp_path / "some" / "results"
    with Store(folder) as store:
        pass
    assert [path.name for path in folder.iterdir()] == ["zoo.db"]
    with pytest.raises(sqlite3.ProgrammingError):
        store.add("tiny", make_result())


def test_two_open_stores_see_each_others_runs(tmp_path, make_result):
    first, second = make_result(seed=1), make_result(seed=2)
    with Store(tmp_path) as one, Store(tmp_path) as two:
        one.add("tiny", first)
        two.add("tiny", second)
        for store in (one, two):
            assert store.results([first.run, second.run]) == [first, second]


def test_a_reader_does_not_hold_up_a_writer(tmp_path, make_result):
    with Store(tmp_path) as store:
        store.add("tiny", make_result(seed=1))
        reader = sqlite3.connect(tmp_path / "zoo.db", isolation_level=None)
        assert reader.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM runs").fetchone() == (1,)
        store.add("tiny", make_result(seed=2))
        assert reader.execute("SELECT count(*) FROM runs").fetchone() == (1,)
        reader.close()
        assert store.summary()["runs"] == 2


def test_several_writers_may_open_a_new_store_at_once(tmp_path, make_result):
    writers, runs, trials = 4, 5, 5
    failures = []

    def write(folder, writer, start):
        start.wait()
        try:
            with Store(folder) as store:
                for seed in range(runs):
                    store.add("tiny", make_result(variant=str(writer), seed=seed))
        except ZooError as error:
            failures.append(error)

    for trial in range(trials):
        folder = tmp_path / str(trial)
        start = threading.Barrier(writers)
        threads = [
            threading.Thread(target=write, args=(folder, writer, start))
            for writer in range(writers)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures
        with Store(folder) as store:
            assert store.summary()["runs"] == writers * runs


def test_an_open_transaction_of_a_killed_writer_leaves_the_earlier_runs(tmp_path, make_result):
    result = make_result()
    with Store(tmp_path) as store:
        store.add("tiny", result)
    other = sqlite3.connect(tmp_path / "zoo.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("DELETE FROM runs")
    other.close()
    with Store(tmp_path) as store:
        assert store.results([result.run]) == [result]


@pytest.mark.parametrize("share", [0.5, 0.9, 0.01])
def test_a_truncated_store_is_refused_and_left_as_it_is(full_store, share):
    path = full_store / "zoo.db"
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    before = content(full_store)
    message = refused(full_store)
    assert message.startswith(f"The store {path} is damaged (")
    assert "Nothing was changed: move it away" in message
    assert "--results" in message
    assert content(full_store) == before


@pytest.mark.parametrize("garbage", [b"x" * 5000, bytes(range(256)) * 40, b"PK\x03\x04" * 30])
def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path, garbage):
    (tmp_path / "zoo.db").write_bytes(garbage)
    assert "is damaged (" in refused(tmp_path)
    assert content(tmp_path) == {"zoo.db": garbage}


@pytest.mark.parametrize("start", [0.25, 0.5, 0.75])
def test_garbage_inside_is_refused_and_left_as_it_is(full_store, start):
    path = full_store / "zoo.db"
    damaged = bytearray(path.read_bytes())
    place = int(start * len(damaged))
    damaged[place : place + 8192] = b"\xab" * 8192  # at least one whole page
    path.write_bytes(damaged)
    assert "is damaged (" in refused(full_store)
    assert content(full_store) == {"zoo.db": bytes(damaged)}


def test_damage_that_only_the_check_finds_is_refused_and_left_as_it_is(full_store):
    path = full_store / "zoo.db"
    damaged = bytearray(path.read_bytes())
    damaged[36:40] = (5).to_bytes(4, "big")  # the file's header: number of free pages
    path.write_bytes(damaged)
    assert "is damaged (" in refused(full_store)
    assert content(full_store) == {"zoo.db": bytes(damaged)}


@pytest.mark.parametrize("schema", [SCHEMA + 1, 0, "x"])
def test_a_store_of_another_version_is_refused_and_left_as_it_is(full_store, schema):
    path = full_store / "zoo.db"
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE meta SET value = ? WHERE name = 'schema'", (str(schema),))
    connection.close()
    before = content(full_store)
    message = refused(full_store)
    assert f"{path} was written by another version of the zoo" in message
    assert f"(schema {schema}, expected {SCHEMA})" in message
    assert content(full_store) == before


@pytest.mark.parametrize("table", ["other (value)", "meta (name, value)"])
def test_somebody_elses_database_is_refused_and_left_as_it_is(tmp_path, table):
    path = tmp_path / "zoo.db"
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(f"CREATE TABLE {table}")
    connection.close()
    before = content(tmp_path)
    assert f"(schema none, expected {SCHEMA})" in refused(tmp_path)
    assert content(tmp_path) == before


def test_a_results_folder_that_is_a_file_is_refused(tmp_path):
    path = tmp_path / "results"
    path.write_text("mine")
    for folder in (path, path / "below"):
        message = refused(folder)
        assert message.startswith(f"The results folder must be writable. Received: {folder} (")
        assert message.endswith("Name another with --results.")
    assert path.read_text() == "mine"


def test_a_store_that_is_a_folder_cannot_be_opened(tmp_path):
    (tmp_path / "zoo.db").mkdir()
    message = refused(tmp_path)
    assert message.startswith(f"The store {tmp_path / 'zoo.db'} cannot be opened for writing (")


def test_an_empty_file_becomes_a_store(tmp_path, make_result):
    (tmp_path / "zoo.db").touch()
    with Store(tmp_path) as store:
        store.add("tiny", make_result())
        assert store.summary()["runs"] == 1


def test_history_and_final_values_are_readable_json(tmp_path, make_result):
    result = make_result()
    with Store(tmp_path) as store:
        store.add("tiny", result)
    connection = sqlite3.connect(tmp_path / "zoo.db")
    row = connection.execute("SELECT experiment, variant, seed, history, final FROM runs")
    experiment, variant, seed, history, final = row.fetchone()
    connection.close()
    assert (experiment, variant, seed) == ("tiny", result.run.variant, result.run.seed)
    assert json.loads(history) == result.history
    assert json.loads(final) == result.final


def test_a_run_is_kept_with_all_that_belongs_to_it_or_not_at_all(
    tmp_path, make_result, monkeypatch
):
    result = replace(make_result(), rights="A" * 8)
    with Store(tmp_path) as store:
        whole = store._execute

        def fails(query, values=()):
            if "INTO runs" in query:
                raise ZooError("full")
            return whole(query, values)

        monkeypatch.setattr(store, "_execute", fails)
        with pytest.raises(ZooError, match="full"):
            store.add("tiny", result)
        monkeypatch.undo()
        assert not whole("SELECT * FROM rights").fetchall()
        store.add("tiny", make_result())
        assert store.summary()["runs"] == 1


def test_the_store_waits_for_the_disk_only_as_often_as_its_log_needs(tmp_path):
    with Store(tmp_path) as store:
        assert store._execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert store._execute("PRAGMA synchronous").fetchone() == (1,)  # NORMAL
