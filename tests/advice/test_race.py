"""Which questions are asked, and how many at once; what they find is tested in `test_verdicts`."""

from types import SimpleNamespace

import pytest

from zoo.advice import race as races
from zoo.advice.clock import Clock, Pace, Plan
from zoo.advice.knobs import Item
from zoo.advice.verdicts import of_splits

COSTS = {"a": 1, "b": 1, "c": 50, "d": 1}
ITEMS = [Item(knob, "0", "1", 1, compiles=False, cost=cost) for knob, cost in COSTS.items()]
SECONDS = 10.0  # of a question


class Scripted:
    """A bench on which every call of `train` takes the same time; nothing is ever decided."""

    def __init__(self, at_once, stored=()):
        self.at_once, self.spent, self.asked = at_once, 0.0, []
        self.stored = stored  # numbers of splits of which all runs are known
        self.trainer = SimpleNamespace(trained=0)

    def train(self, turned, seeds):
        self.asked.append(("".join(item.knob for items in turned for item in items), len(seeds)))
        if len(seeds) not in self.stored:
            self.trainer.trained += 1
            self.spent += SECONDS

    def runs(self, items, seeds):
        return [0.001 * seed for seed in seeds]

    def evidence(self, baseline, other):
        return of_splits([(-1) ** place * 0.01 for place, _ in enumerate(other)], 0.25)

    def seconds_of(self, items):
        return 1.0


def raced(at_once, budget, stored=()):
    bench = Scripted(at_once, stored)
    race = races.Race(margin=0.01)
    clock = Clock(budget, now=lambda: bench.spent)
    # Eight runs of ten epochs of ten steps: eight seconds, but for what costs more.
    races.run(race, ITEMS, bench, clock, Pace(0.0, 0.01, 10), Plan(10, 1, 32), lambda text: None)
    return race, bench.asked


@pytest.mark.parametrize(
    ("at_once", "asked"), [(1, ["a", "b", "d"]), (2, ["ab", "d"]), (3, ["abd"])]
)
def test_as_many_are_asked_at_once_as_there_are_processes(at_once, asked):
    race, found = raced(at_once, 100)
    assert [knobs for knobs, splits in found if splits == 8] == asked
    assert [item.knob for item in race.asked] == ["a", "b", "d"]
    assert race.left == {"c: 1": "did not fit into the budget"}


def test_processes_leave_time_for_later_looks():
    looks = {at_once: raced(at_once, 75)[0].looks for at_once in (1, 3)}
    assert looks == {1: 2, 3: 3}


def test_a_look_that_does_not_end_is_none():
    race, found = raced(1, 52)
    assert found[-1] == ("b", 16)
    assert race.looks == 1


def test_what_was_stored_is_not_thought_to_cost_nothing_when_more_is_asked():
    # The first look costs nothing; another takes 0.8 of the 8.3 s that were said, not 0.
    assert raced(1, 13, stored=(8,))[1][-1] == ("d", 8)
    assert raced(1, 14, stored=(8,))[1][-1] == ("a", 16)


@pytest.mark.parametrize(("budget", "ended"), [(5000, True), (100, False)])
def test_it_is_known_whether_more_time_would_change_anything(budget, ended):
    race, _ = raced(1, budget)
    assert race.ended == ended
