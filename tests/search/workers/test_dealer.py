"""Who gets which run."""

import queue

import pytest

from zoo.search.workers import dealer as dealing
from zoo.search.workers import protocol
from zoo.search.workers.dealer import Dealer, Task


def tasks_of(count):
    """Returns so many runs with the keys 0, 1, ..."""
    return [Task(str(place), {"learning_rate": 0.1}, 2, place) for place in range(count)]


def taken(dealer, worker):
    """Returns the keys of what a worker is given until it is told to be idle."""
    found = []
    while (trial := dealer.create_trial(worker)).status == "RUNNING":
        found.append(trial.trial_id)
    assert trial.status == "IDLE"
    return found


def end(dealer, key, **values):
    dealer.end_trial(protocol.trial_of(key, "COMPLETED", values))


def ended(dealer):
    """Returns the keys of the runs that have ended since the last time."""
    found = []
    while not dealer.ended.empty():
        found.append(dealer.ended.get()[0])
    return found


def test_every_worker_gets_a_fair_share():
    dealer = Dealer(3)
    assert taken(dealer, "a") == []
    dealer.put(tasks_of(7))
    assert [taken(dealer, worker) for worker in "abc"] == [["0", "1", "2"], ["3", "4", "5"], ["6"]]
    end(dealer, "6")
    assert taken(dealer, "c") == []
    dealer.put(tasks_of(9)[7:])
    assert taken(dealer, "c") == ["7"]
    assert ended(dealer) == ["6"]


def test_a_worker_that_nobody_expected_gets_its_share_of_what_comes():
    dealer = Dealer(1)
    dealer.put(tasks_of(2))
    assert taken(dealer, "a") == ["0", "1"]
    assert taken(dealer, "b") == []
    dealer.put(tasks_of(8)[2:])
    assert taken(dealer, "b") == ["2", "3", "4"]


def test_what_a_lost_worker_held_goes_to_the_others():
    dealer = Dealer(3)
    dealer.put(tasks_of(6))
    assert [taken(dealer, worker) for worker in "abc"] == [["0", "1"], ["2", "3"], ["4", "5"]]
    end(dealer, "0")
    assert dealer.lose("a") == 1
    assert set(dealer.workers()) == {"b", "c"}
    end(dealer, "2")
    end(dealer, "3")
    assert taken(dealer, "b") == ["1"]


def test_the_first_result_of_a_run_counts():
    dealer = Dealer(1)
    dealer.put(tasks_of(2))
    taken(dealer, "a")
    dealer.lose("a")  # it was only slow
    end(dealer, "0", **{dealing.RESULT: "first"})
    assert taken(dealer, "b") == ["1"]
    end(dealer, "0", **{dealing.RESULT: "second"})
    assert dealer.ended.get_nowait() == ("0", "first", "")
    with pytest.raises(queue.Empty):
        dealer.ended.get_nowait()


def test_everybody_is_told_that_the_search_is_over():
    dealer = Dealer(2)
    dealer.put(tasks_of(1))
    assert taken(dealer, "a") == ["0"]
    assert taken(dealer, "b") == []
    assert dealer.update_trial("0", {}).status == "RUNNING"
    dealer.stop()
    assert set(dealer.workers()) == {"a", "b"}
    assert dealer.create_trial("b").status == "STOPPED"
    assert set(dealer.workers()) == {"a"}
    assert dealer.update_trial("0", {}).status == "STOPPED"
    assert not dealer.workers()
