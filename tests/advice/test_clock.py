import dataclasses

import pytest

from zoo.advice.clock import (
    Clock,
    Pace,
    Plan,
    batch_size_for,
    least,
    most_epochs,
    plan,
    reserve,
    seconds_in,
)
from zoo.advice.knobs import Item
from zoo.errors import ZooError

PACE = Pace(compiling=2.0, step=0.001, steps=10)
COMPILED = Item("optimizer", "Adam", "SGD", "SGD", cost=2.0)
SHARED = Item("schedule", "constant", "cosine", "cosine", compiles=False)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("5m", 300), ("1h", 3600), ("45", 45), ("1.5 m", 90), ("5M", 300)],
)
def test_times_are_read(text, seconds):
    assert seconds_in(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "4s", "-5m", "1e9", "9999h", "nan", "5 minutes"])
def test_other_times_are_refused(text):
    with pytest.raises(ZooError, match="--budget"):
        seconds_in(text)


def test_seconds_of_runs_follow_from_the_pace():
    # 8 runs of 5 epochs of 10 steps of 1 ms are 0.4 s
    assert PACE.seconds(None, 8, 5, first=False) == pytest.approx(0.4)
    assert PACE.seconds(COMPILED, 8, 5) == pytest.approx(2 + 0.8)
    assert PACE.seconds(COMPILED, 8, 5, first=False) == pytest.approx(0.8)
    assert PACE.seconds(SHARED, 8, 5) == pytest.approx(0.4)


def test_small_data_have_more_epochs_and_never_too_many():
    assert [most_epochs(steps) for steps in (1, 50, 100, 10_000)] == [100, 40, 20, 10]
    assert [batch_size_for(n) for n in (100, 3999, 4000, 30_000)] == [32, 32, 128, 512]


def test_the_plan_gives_up_epochs_before_rates():
    # 8 runs of 10 steps of 1 ms are 0.08 s a rate and epoch: U, of which the first look has 4 (two
    # items of cost 2 and 1) and the end 1.5 * 26 / 8. In 60 s the end leaves 48 s less 1.17 s an
    # epoch at 3 rates, and at most half of the budget: 25 epochs of 0.96 s are too many, not 15.
    items = [COMPILED, SHARED]
    assert plan(60, 60, PACE, items, 32, 3, 100) == Plan(epochs=15, rates=3, batch_size=32)
    assert plan(60, 60, PACE, items, 32, 3, 12) == Plan(epochs=12, rates=3, batch_size=32)
    # In 24 s the shortest answer takes 11.6 s and 7.875 U: 6, 9 or 19 epochs at 3, 2 or 1 rates.
    assert plan(24, 24, PACE, items, 32, 3, 100) == Plan(epochs=15, rates=1, batch_size=32)
    assert plan(5, 5, PACE, items, 32, 3, 100) == Plan(epochs=10, rates=1, batch_size=32)


def test_the_plan_leaves_time_for_the_first_question_and_the_end():
    # Trees of 1 s: 2 + U s of baseline, 2 + 2 U of the question, 4 + 4.875 U + 3 + 1 of the end.
    trees, items = Pace(compiling=2.0, step=0.001, steps=10, trees=1.0), [COMPILED]
    assert least(20, trees, items, Plan(10, 1, 32)) == pytest.approx(12 + 7.875 * 0.8)
    assert plan(20, 20, trees, items, 32, 1, 100).epochs == 10
    assert plan(24, 24, trees, items, 32, 1, 100).epochs == 15


def test_long_compiling_leaves_a_fifth_for_training():
    slow = Pace(compiling=20.0, step=0.001, steps=10)
    items = [dataclasses.replace(COMPILED, knob=knob) for knob in "abcd"]
    # Four programs take 80 s, more than half of 120 s, of which a fifth is 24 s: 11 epochs at 3
    # rates, of 0.24 s for the baseline and twice as long for each item.
    assert plan(120, 120, slow, items, 32, 3, 100) == Plan(epochs=10, rates=3, batch_size=32)


def test_the_end_is_reserved_and_more_so_if_more_helps():
    chosen = Plan(epochs=10, rates=1, batch_size=32)
    # One knob may help: 2 s of compiling twice, 16 + 10 runs of 0.1 s by 1.5, 8 s of writing.
    assert reserve(1000, PACE, chosen, 0) == pytest.approx(2 * 2 + 1.5 * 2.6 + 8)
    assert reserve(1000, PACE, chosen, 1) == reserve(1000, PACE, chosen, 0)
    # Two knobs: 4 cells of which one is new, and two networks at the end.
    assert reserve(1000, PACE, chosen, 2) == pytest.approx(3 * 2 + 1.5 * 0.1 * (32 + 10) + 8)
    # Two fifths of the budget at most, unless one knob needs more.
    assert reserve(30, PACE, chosen, 3) == pytest.approx(2 * 2 + 1.5 * 2.6 + 4.5)
    assert reserve(40, PACE, chosen, 3) == 16


def test_the_clock_keeps_what_is_reserved():
    times = iter([10.0, 12.0, 12.0, 15.0, 30.0])
    clock = Clock(10, now=lambda: next(times))
    clock.reserved = 3.0
    assert clock.fits(5)
    assert not clock.fits(5.1)
    assert clock.left == 5
    assert clock.left == -10


def test_a_clock_may_have_begun_before():
    assert Clock(10, now=lambda: 7.0, began=3.0).spent == 4
