"""Asks one knob at a time on random splits; the undecided are looked at again on more."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from zoo.advice.bench import Bench, score
from zoo.advice.clock import LOOKS, Clock, Pace, Plan
from zoo.advice.knobs import Item
from zoo.advice.verdicts import UNDECIDED, Effect, Evidence, rows_needed, settled
from zoo.runs.run import Result

UNFIT = "did not fit into the budget"
AROUND = 0.3  # seconds of a question besides its training


@dataclass
class Race:
    """What is known so far.

    Attributes:
        margin: Largest difference that does not matter, as a share of 1.
        baseline: The baseline's run of every split.
        runs: Those of every item that was asked, by its label.
        evidence: What they say.
        verdicts: What was found.
        seconds: Seconds of a run.
        asked: The items, in the order of asking.
        left: Why an item was not asked, by its label.
        looks: How many looks are done.
    """

    margin: float
    baseline: list[Result] = field(default_factory=list)
    runs: dict[str, list[Result]] = field(default_factory=dict)
    evidence: dict[str, Evidence] = field(default_factory=dict)
    verdicts: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    asked: list[Item] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)
    looks: int = 0

    def settle(self) -> None:
        """Settles every item on what is known."""
        self.verdicts = settled(self.evidence, self.margin, self.verdicts)

    def effects(self, rows: int) -> dict[str, Effect]:
        """Returns the effect of every item by its label.

        Args:
            rows: How many rows were asked.
        """
        return {label: self._effect(label, own, rows) for label, own in self.evidence.items()}

    def _effect(self, label: str, own: Evidence, rows: int) -> Effect:
        verdict = self.verdicts.get(label, UNDECIDED)
        needed = rows_needed(own, self.margin, rows) if verdict == UNDECIDED else 0
        return Effect(own, verdict, needed)

    @property
    def ended(self) -> bool:
        """Whether more time changes nothing: all was asked, and decided or looked at thrice."""
        undecided = [label for label, verdict in self.verdicts.items() if verdict == UNDECIDED]
        seen = all(self.evidence[label].n == LOOKS[-1] for label in undecided)
        return seen and UNFIT not in self.left.values()

    @property
    def score(self) -> float:
        """Mean test score of the baseline."""
        return float(np.mean([score(each) for each in self.baseline]))

    @property
    def smallest(self) -> float:
        """The smallest difference that these rows can show: the median over what was asked."""
        shown = [own.shown for own in self.evidence.values() if own.error > 0]
        return float(np.median(shown)) if shown else 0.0


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
    took: dict[str, float] = {}
    slow = 1.0  # how much longer items take than was said
    try:
        race.baseline = bench.runs([], range(LOOKS[0]))
        needed = {i.label: pace.seconds(i, LOOKS[0] * plan.rates, plan.epochs) for i in items}
        waiting = deque(items)
        while wave := _next(
            waiting,
            bench.at_once,
            clock,
            {own: slow * each for own, each in needed.items()},
            first=not race.asked,
        ):
            before, trained = clock.spent, bench.trainer.trained
            _ask(race, wave, bench, LOOKS[0])
            said = AROUND + max(needed[item.label] for item in wave)
            took |= dict.fromkeys((item.label for item in wave), slow * said)  # if it was stored
            if bench.trainer.trained > trained:
                took |= dict.fromkeys((item.label for item in wave), clock.spent - before)
                factor = (AROUND + clock.spent - before) / said
                slow = 0.5 * slow + 0.5 * min(max(factor, 0.5), 3.0)
            for item in wave:
                tell(_line(race, item))
            if not waiting:  # what did not fit may do so now, if others took less than was said
                waiting = deque(item for item in items if item not in race.asked)
        for item in items:
            if item not in race.asked:
                race.left[item.label] = UNFIT
        race.settle()
        race.looks = 1
        looked()
        for splits in LOOKS[1:]:
            if not _look(race, bench, clock, took, splits, tell):
                break
            race.looks += 1
            looked()
    finally:
        race.settle()


def _look(
    race: Race,
    bench: Bench,
    clock: Clock,
    took: dict[str, float],
    splits: int,
    tell: Callable[[str], None],
) -> bool:
    """Looks at the undecided again; returns whether all of them were."""
    todo = [item for item in race.asked if race.verdicts[item.label] == UNDECIDED]
    todo.sort(key=lambda item: -_distance(race.evidence[item.label]))
    # As many runs again as at the look before, without compiling.
    each = {item.label: 0.8 * took[item.label] for item in todo}
    if not todo or not clock.fits(2 * min(each.values())):
        return False
    race.baseline = bench.runs([], range(splits))
    waiting = deque(todo)
    while wave := _next(waiting, bench.at_once, clock, each, stops=True):
        before = clock.spent
        _ask(race, wave, bench, splits)
        spent = max(clock.spent - before, 0.05)
        took |= dict.fromkeys((item.label for item in wave), spent)
        for item in wave:
            tell(f"{_line(race, item)} on {splits} splits")
    race.settle()
    return not waiting


def _next(
    waiting: deque[Item],
    most: int,
    clock: Clock,
    seconds: Mapping[str, float],
    stops: bool = False,
    first: bool = False,
) -> list[Item]:
    """Takes the next items that fit; those before them that do not are dropped.

    Args:
        waiting: The items, in order.
        most: How many are asked at once.
        clock: What is left of the budget.
        seconds: How long an item takes, by its label.
        stops: Whether the first that does not fit ends it, and waits.
        first: Whether the very first is taken even if it does not fit: the plan has room for it.
    """
    found: list[Item] = []
    while waiting and len(found) < most:
        if clock.fits(seconds[waiting[0].label]) or (first and not found and clock.left > 0):
            found.append(waiting.popleft())
        elif stops:
            break
        else:
            waiting.popleft()
    return found


def _ask(race: Race, items: Sequence[Item], bench: Bench, splits: int) -> None:
    bench.train([[item] for item in items], range(splits))
    for item in items:
        race.runs[item.label] = bench.runs([item], range(splits))
        race.evidence[item.label] = bench.evidence(race.baseline, race.runs[item.label])
        race.seconds[item.label] = bench.seconds_of([item])
        if item not in race.asked:
            race.asked.append(item)


def _distance(own: Evidence) -> float:
    """Returns how far a mean lies from 0 in standard errors."""
    return abs(own.mean) / own.error if own.error > 0 else 0.0


def _line(race: Race, item: Item) -> str:
    mean = 100 * race.evidence[item.label].mean
    return f"{item.knob}: {item.start} -> {item.to}: {mean:+.1f} points"
