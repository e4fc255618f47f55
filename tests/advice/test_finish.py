from types import SimpleNamespace

import pytest

from zoo.advice.clock import Clock, Pace, Plan
from zoo.advice.finish import NEW, helpers, turn_together
from zoo.advice.knobs import Item
from zoo.advice.verdicts import HELPS, HURTS, Effect, Evidence, of_splits
from zoo.runs.run import Result, Run

ITEMS = {
    name: Item(name.partition("=")[0], "old", name.partition("=")[2], None)
    for name in ("a=1", "a=2", "b=1", "c=1", "d=1", "optimizer=1", "learning rate=1")
}
GAINS = {"a: 1": 0.04, "b: 1": 0.02}


def effects(**means):
    return {
        ITEMS[name].label: Effect(Evidence(mean, 0.001, 9, 8), HELPS if mean > 0 else HURTS)
        for name, mean in means.items()
    }


def test_the_three_largest_helps_of_different_knobs_are_taken():
    found = {"a=1": 0.02, "a=2": 0.05, "b=1": 0.01, "c=1": 0.03, "d=1": 0.04}
    chosen = helpers(list(ITEMS.values()), effects(**found))
    assert [item.label for item in chosen] == ["a: 2", "d: 1", "c: 1"]
    assert helpers(list(ITEMS.values()), effects(**{"a=1": -0.02})) == []


def test_a_fixed_rate_goes_with_no_other_optimizer():
    found = effects(**{"optimizer=1": 0.02, "learning rate=1": 0.01})
    assert [item.knob for item in helpers(list(ITEMS.values()), found)] == ["optimizer"]


class Scripted:
    """A bench whose scores add up, but for what two knobs have in common."""

    overlap = 0.25
    split = SimpleNamespace(draws=None)
    at_once = 1

    def train(self, turned, seeds):
        assert len(turned) == self.at_once

    def runs(self, items, seeds):
        assert list(seeds) == list(NEW)
        mean = 0.8 + sum(GAINS[item.label] for item in items) - 0.05 * (len(items) == 2)
        finals = [{"test_accuracy": mean + 0.001 * (seed % 2)} for seed in seeds]
        return [Result(Run("v", 0.1, 0), "completed", {}, f, "fit", "cpu", 1.0) for f in finals]

    def evidence(self, one, other):
        scores = [[each.final["test_accuracy"] for each in own] for own in (one, other)]
        return of_splits([b - a for a, b in zip(*scores, strict=True)], self.overlap)


def together(budget):
    clock = Clock(budget, now=lambda: 0.0)
    helping, told = [ITEMS["a=1"], ITEMS["b=1"]], []
    pace, plan = Pace(10.0, 0.001, 10), Plan(10, 1, 32)
    return turn_together(helping, Scripted(), clock, pace, plan, told.append), told


def test_all_combinations_are_tried_on_new_splits():
    found, told = together(100)
    assert [len(cell.items) for cell in found.cells] == [0, 1, 1, 2]
    # Together they give 0.04 + 0.02 - 0.05, less than the first alone.
    assert [item.label for item in found.best.items] == ["a: 1"]
    more = found.interactions["a: 1", "b: 1"]
    assert more.mean == pytest.approx(-0.05)
    assert len(told) == 3


def test_the_smallest_is_left_out_where_time_is_short():
    found, _ = together(9)  # the combination of both would compile for 10 s
    assert [len(cell.items) for cell in found.cells] == [0, 1]
