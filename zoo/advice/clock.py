"""What fits into a budget of time. Pure, but for the clock itself."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from zoo.advice.knobs import NAMES, Item
from zoo.errors import ZooError

LOOKS = (8, 16, 32)  # splits after which the undecided are looked at again
FINAL_SEEDS = 5  # networks of each kind that are tested on what is kept back
ENOUGH_STEPS = 2000  # of training, that small data are given
FEWEST_EPOCHS, MOST_EPOCHS = 10, 100
EPOCHS = (100, 75, 50, 35, 25, 15, 10)
FIRST_LOOK = 0.5  # of the budget
FIRST_ROUND = len(NAMES)  # questions that should fit into that
LEAST_TRAINING = 0.2  # of the budget, in the first look, however long programs compile
MOST_RESERVED = 0.4
WRITING, MOST_WRITING = 8.0, 0.15  # seconds of tables, pictures and models, and of a short budget
MOST_OF_TREES = 0.1  # of the budget, that is kept for boosted trees
COMPILED_TOO = 1.3  # what a program takes to compile besides the first epoch's, as a factor
FEWEST_SECONDS, MOST_SECONDS = 5.0, 7 * 24 * 3600.0
UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "": 1.0}
TOGETHER = 3  # knobs that are turned together at the end


@dataclass(frozen=True)
class Pace:
    """How fast networks train here.

    Attributes:
        compiling: Seconds that a program takes to compile.
        step: Seconds of a step of one run, among those that train together.
        steps: Steps in an epoch.
        trees: Seconds that scikit-learn's boosted trees take.
    """

    compiling: float
    step: float
    steps: int
    trees: float = 0.0

    def seconds(self, item: Item | None, runs: int, epochs: int, first: bool = True) -> float:
        """Returns how long some runs take.

        Args:
            item: What they differ in from the baseline; `None` for the baseline.
            runs: How many.
            epochs: Epochs of each.
            first: Whether their program is not compiled yet.
        """
        cost = 1.0 if item is None else item.cost
        compiling = self.compiling if first and (item is None or item.compiles) else 0.0
        return compiling + runs * epochs * self.steps * self.step * cost


@dataclass(frozen=True)
class Plan:
    """What every run of one piece of advice has in common.

    Attributes:
        epochs: Epochs of each run.
        rates: How many learning rates each value is tried with.
        batch_size: Examples a step of the baseline.
    """

    epochs: int
    rates: int
    batch_size: int


def batch_size_for(examples: int) -> int:
    """Returns the baseline's batch size for so many training examples."""
    return 32 if examples < 4000 else 128 if examples < 30000 else 512


def most_epochs(steps: int) -> int:
    """Returns how many epochs are enough where an epoch has so many steps."""
    return min(max(FEWEST_EPOCHS, ENOUGH_STEPS // max(steps, 1)), MOST_EPOCHS)


def plan(
    budget: float,
    left: float,
    pace: Pace,
    items: Sequence[Item],
    batch_size: int,
    grid: int,
    enough: int,
) -> Plan:
    """Returns the largest plan whose first look fits into its part of the budget.

    Fewer epochs come before fewer learning rates; the smallest plan is taken if none fits, and what
    does not fit is not asked.

    Args:
        budget: Seconds.
        left: Seconds of it that are left.
        pace: How fast networks train here.
        items: What is to be asked, in the order of asking; the first round has to fit.
        batch_size: The baseline's.
        grid: How many learning rates there are.
        enough: Most epochs that make sense.
    """
    first_round = items[:FIRST_ROUND]
    compiling = pace.compiling * sum(item.compiles for item in first_round)
    candidates = [enough, *(epochs for epochs in EPOCHS if epochs < enough)]
    for rates in range(min(3, grid), 0, -1):
        for epochs in candidates:
            chosen = Plan(epochs, rates, batch_size)
            most = min(FIRST_LOOK * budget, left - reserve(budget, pace, chosen, 0))
            most = max(most - compiling, LEAST_TRAINING * budget)
            asked = [None, *first_round]
            training = [_first_look(item, pace, chosen, first=False) for item in asked]
            if sum(training) <= most and least(budget, pace, items, chosen) <= left:
                return chosen
    return Plan(candidates[-1], 1, batch_size)


def least(budget: float, pace: Pace, items: Sequence[Item], chosen: Plan) -> float:
    """Returns the seconds that an answer to no more than the first question takes.

    Args:
        budget: Seconds.
        pace: How fast networks train here.
        items: What is to be asked, in the order of asking.
        chosen: What every run has in common.
    """
    asked = [None, *items[:1]]
    first_look = sum(_first_look(item, pace, chosen) for item in asked)
    return first_look + reserve(budget, pace, chosen, 0)


def _first_look(item: Item | None, pace: Pace, chosen: Plan, first: bool = True) -> float:
    return pace.seconds(item, LOOKS[0] * chosen.rates, chosen.epochs, first)


def reserve(budget: float, pace: Pace, chosen: Plan, helping: int) -> float:
    """Returns the seconds that the end needs: knobs together, held-out rows, files.

    Args:
        budget: Seconds.
        pace: How fast networks train here.
        chosen: What every run has in common.
        helping: How many knobs help, as far as is known; at least one, as one may.
    """
    short = min(WRITING, MOST_WRITING * budget) + min(pace.trees, MOST_OF_TREES * budget)
    needed, one = (short + _end(pace, chosen, known) for known in (min(helping, TOGETHER), 1))
    return float(max(one, min(MOST_RESERVED * budget, needed)))


def _end(pace: Pace, chosen: Plan, known: int) -> float:
    """Returns the seconds that networks of the end train."""
    cells = 2**known
    programs = cells - known - 1 + min(1 + known, 2)
    runs = chosen.rates * (cells * LOOKS[0] + min(1 + known, 2) * FINAL_SEEDS)
    training = pace.seconds(None, runs, chosen.epochs, first=False)
    return float(programs * pace.compiling + 1.5 * training)


def seconds_in(text: str) -> float:
    """Returns the seconds that a text says: `5m`, `90s`, `1h`, or a number of seconds.

    Raises:
        ZooError: If it says none, or too few to train anything.
    """
    found = re.fullmatch(r"(\d{1,7}(?:\.\d+)?)\s*([smh]?)", text.strip().lower())
    seconds = float(found[1]) * UNITS[found[2]] if found else 0.0
    if not FEWEST_SECONDS <= seconds <= MOST_SECONDS:
        raise ZooError(
            "`--budget` must be a time of 5 seconds to a week, like 90s, 5m or 1h. "
            f"Received: {text!r}"
        )
    return seconds


class Clock:
    """Counts the seconds of a budget.

    Args:
        budget: Seconds.
        now: Function that returns the time in seconds.
        began: When it began; now if it is not given.
    """

    def __init__(
        self,
        budget: float,
        now: Callable[[], float] = time.perf_counter,
        began: float | None = None,
    ) -> None:
        self.budget = budget
        self._now = now
        self._began = now() if began is None else began
        self.reserved = 0.0

    @property
    def spent(self) -> float:
        """Seconds since it began."""
        return self._now() - self._began

    @property
    def left(self) -> float:
        """Seconds until the budget ends."""
        return self.budget - self.spent

    def fits(self, seconds: float) -> bool:
        """Returns whether so many seconds more leave what is reserved."""
        return self.spent + seconds <= self.budget - self.reserved
