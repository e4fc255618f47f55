"""Asks one knob at a time on random splits; the undecided are looked at again on more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from zoo.advice.bench import Bench
from zoo.advice.clock import LOOKS, Clock, Pace, Plan
from zoo.advice.knobs import Item
from zoo.advice.verdicts import UNDECIDED, Effect, effect_of, settled, shown_difference


@dataclass
class Race:
    """What is known so far.

    Attributes:
        margin: Largest difference that does not matter, as a share of 1.
        baseline: Test score of the baseline by split.
        scores: Those of every item that was asked.
        verdicts: What was found, by the item's label.
        seconds: Seconds of a run by the item's label.
        asked: The items, in the order of asking.
        left: Why an item was not asked, by its label.
        looks: How many looks are done.
    """

    margin: float
    baseline: list[float] = field(default_factory=list)
    scores: dict[str, list[float]] = field(default_factory=dict)
    verdicts: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    asked: list[Item] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)
    looks: int = 0

    def differences(self) -> dict[str, list[float]]:
        """Returns the differences from the baseline, split by split, of every item."""
        return {
            label: [a - b for a, b in zip(own, self.baseline, strict=False)]
            for label, own in self.scores.items()
        }

    def settle(self, overlap: float) -> None:
        """Settles every item on what is known."""
        if self.scores:
            found = settled(self.differences(), self.margin, overlap, self.verdicts)
            self.verdicts = found

    def effects(self, overlap: float, rows: int) -> dict[str, Effect]:
        """Returns the effect of every item by its label."""
        return {
            label: effect_of(own, self.verdicts.get(label, UNDECIDED), self.margin, overlap, rows)
            for label, own in self.differences().items()
        }

    def smallest(self, overlap: float) -> float:
        """Returns the smallest difference that these rows can show, at the most splits."""
        deviations = [np.std(own, ddof=1) for own in self.differences().values()]
        positive = [each for each in deviations if each > 0]
        return shown_difference(float(np.median(positive)), overlap) if positive else 0.0


def run(
    race: Race,
    items: Sequence[Item],
    bench: Bench,
    clock: Clock,
    pace: Pace,
    plan: Plan,
    tell: Callable[[str], None],
    looked: Callable[[], None] = lambda: None,
) -> None:
    """Races the items as far as the clock allows, and leaves what is known in `race`.

    Args:
        race: Nothing yet.
        items: What to ask, in order.
        bench: Where networks are trained.
        clock: What is left of the budget.
        pace: How fast networks train here.
        plan: What every run has in common.
        tell: Is told of every item.
        looked: Is called after every look, and may reserve time for the end.

    Raises:
        KeyboardInterrupt: If the user interrupts; what was finished is in `race` and settled.
    """
    overlap = bench.split.draws.overlap
    took: dict[str, float] = {}
    slow = 1.0  # how much longer items take than was said
    try:
        race.baseline = bench.scores([], range(LOOKS[0]))
        for item in items:
            needed = pace.seconds(item, LOOKS[0] * plan.rates, plan.epochs)
            if not clock.fits(slow * needed):
                race.left[item.label] = "did not fit into the budget"
                continue
            before, trained = clock.spent, bench.trainer.trained
            _ask(race, item, bench, LOOKS[0])
            took[item.label] = clock.spent - before
            if bench.trainer.trained > trained:
                slow = 0.5 * slow + 0.5 * min(max(took[item.label] / needed, 0.5), 3.0)
            tell(_line(race, item))
        race.settle(overlap)
        race.looks = 1
        looked()
        for splits in LOOKS[1:]:
            if not _look(race, bench, clock, took, splits):
                break
            race.looks += 1
            looked()
    finally:
        race.settle(overlap)


def _look(race: Race, bench: Bench, clock: Clock, took: dict[str, float], splits: int) -> bool:
    """Looks at the undecided again; returns whether all of them were."""
    overlap = bench.split.draws.overlap
    todo = [item for item in race.asked if race.verdicts[item.label] == UNDECIDED]
    todo.sort(key=lambda item: -_distance(race.differences()[item.label]))
    # As many runs again as at the look before, without compiling.
    each = {item.label: 0.8 * took[item.label] for item in todo}
    if not todo or not clock.fits(2 * min(each.values())):
        return False
    race.baseline = bench.scores([], range(splits))
    for item in todo:
        if not clock.fits(each[item.label]):
            race.settle(overlap)
            return False
        before = clock.spent
        _ask(race, item, bench, splits)
        took[item.label] = max(clock.spent - before, 0.05)
    race.settle(overlap)
    return True


def _ask(race: Race, item: Item, bench: Bench, splits: int) -> None:
    race.scores[item.label] = bench.scores([item], range(splits))
    race.seconds[item.label] = bench.seconds_of([item])
    if item not in race.asked:
        race.asked.append(item)


def _distance(differences: Sequence[float]) -> float:
    """Returns how far a mean lies from 0 in standard deviations."""
    deviation = float(np.std(differences, ddof=1))
    return abs(float(np.mean(differences))) / deviation if deviation > 0 else 0.0


def _line(race: Race, item: Item) -> str:
    own = race.differences()[item.label]
    return f"{item.knob}: {item.start} -> {item.to}: {100 * float(np.mean(own)):+.1f} points"
