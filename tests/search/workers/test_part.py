"""Chief or worker, where, and on which GPU."""

import pytest

from zoo.errors import ZooError
from zoo.search.workers import part as workers
from zoo.search.workers.part import Part


def test_a_part_follows_from_the_words_and_variables():
    assert workers.part_of(1, {}) == Part()
    assert workers.part_of(3, {}) == Part("chief", 3)
    words = {workers.IP: "10.0.0.1", workers.PORT: "8000"}
    chief = workers.part_of(1, {**words, workers.TUNER_ID: "chief"})
    worker = workers.part_of(4, {**words, workers.TUNER_ID: "tuner0", workers.PATIENCE: "5"})
    assert chief == Part("chief", 1, "10.0.0.1:8000")
    assert worker == Part("tuner0", 4, "10.0.0.1:8000", 5.0)
    assert [part.is_chief for part in (Part(), chief, worker)] == [False, True, False]
    assert [part.is_worker for part in (Part(), chief, worker)] == [False, False, True]


@pytest.mark.parametrize(
    ("count", "variables", "message"),
    [
        (0, {}, "`--workers` must be at least 1. Received: 0"),
        (1, {workers.IP: "1.2.3.4"}, "KERASTUNER_TUNER_ID must be set, too"),
        (1, {workers.IP: "1.2.3.4", workers.TUNER_ID: "a"}, "KERASTUNER_ORACLE_PORT must be set"),
        (
            1,
            {workers.IP: "h", workers.TUNER_ID: "a", workers.PORT: "1", workers.PATIENCE: "long"},
            "ZOO_PATIENCE must be a number of seconds. Received: 'long'",
        ),
    ],
)
def test_a_part_that_makes_no_sense_is_named(count, variables, message):
    with pytest.raises(ZooError, match=message):
        workers.part_of(count, variables)


@pytest.mark.parametrize(
    ("listed", "found"),
    [("0,1", ["0", "1"]), ("3", ["3"]), ("", []), ("-1", []), ("2,-1,0", ["2"])],
)
def test_gpus_are_those_that_may_be_seen(listed, found):
    assert workers.gpus({"CUDA_VISIBLE_DEVICES": listed}) == found


def test_without_a_driver_there_is_no_gpu(monkeypatch):
    monkeypatch.setattr(workers, "GPU_QUERY", ("no such program",))
    assert workers.gpus({}) == []
    monkeypatch.setattr(workers, "GPU_QUERY", ("printf", "0\n1\n2\n"))
    assert workers.gpus({}) == ["0", "1", "2"]


def test_workers_take_the_gpus_in_turns():
    def seen(gpus):
        environments = [workers.environment_of(n, 8000, gpus, {"A": "b"}) for n in range(5)]
        assert {environment["A"] for environment in environments} == {"b"}
        assert len({environment[workers.TUNER_ID] for environment in environments}) == 5
        return [environment.get("CUDA_VISIBLE_DEVICES") for environment in environments]

    assert seen(["4", "6"]) == ["4", "6", "4", "6", "4"]
    assert seen(["4"]) == seen([]) == [None] * 5
