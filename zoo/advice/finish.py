"""The end of advice: what helps is turned together, and tested once on the rows kept back."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zoo.advice import models
from zoo.advice.bench import Bench, score
from zoo.advice.clock import LOOKS, TOGETHER, Clock, Pace, Plan
from zoo.advice.knobs import LEARNING_RATE, Item
from zoo.advice.paired import Gap, gap_of_classes, gap_of_numbers
from zoo.advice.verdicts import HELPS, Effect, Evidence
from zoo.evidence.statistics import Estimate, mean_interval, share_interval
from zoo.runs.run import Result

Array = NDArray[Any]
NEW = range(100, 100 + LOOKS[0])  # splits on which nothing was chosen


@dataclass(frozen=True)
class Cell:
    """Some knobs turned together, on new splits.

    Attributes:
        items: The knobs.
        score: Mean test score.
        difference: From the baseline on the same splits.
    """

    items: tuple[Item, ...]
    score: float
    difference: Evidence


@dataclass(frozen=True)
class Together:
    """Knobs that help, turned together.

    Attributes:
        cells: Every combination, the baseline first.
        interactions: How much more two do together than each alone adds up to, by their labels.
        left: Knobs that help, for which no time was left.
    """

    cells: tuple[Cell, ...]
    interactions: Mapping[tuple[str, str], Estimate] = field(default_factory=dict)
    left: tuple[Item, ...] = ()

    @property
    def best(self) -> Cell:
        """The combination with the highest mean score; of equal ones the smallest."""
        return max(self.cells, key=lambda cell: (round(cell.score, 9), -len(cell.items)))


@dataclass(frozen=True)
class Last:
    """What was found on the rows that were kept back.

    Attributes:
        scores: Score by model, with an interval over the rows.
        gain: How much better the advised network is than the baseline; `None` if it is the same.
        others: How much better each model of scikit-learn is than the advised network, by its name.
        rates: Learning rates of the advised networks.
    """

    scores: Mapping[str, Estimate]
    gain: Gap | None
    others: Mapping[str, Gap]
    rates: tuple[float, ...]


def helpers(items: Sequence[Item], effects: Mapping[str, Effect]) -> list[Item]:
    """Returns the largest of what helps, at most one value a knob and `TOGETHER` knobs.

    A learning rate of its own belongs to the baseline's optimizer, so it goes with no other.
    """
    helping = [item for item in items if item.label in effects]
    helping = [item for item in helping if effects[item.label].verdict == HELPS]
    helping.sort(key=lambda item: -effects[item.label].evidence.mean)
    found: list[Item] = []
    for item in helping:
        knobs = {each.knob for each in found}
        clash = {item.knob, *knobs} >= {LEARNING_RATE, "optimizer"}
        if item.knob not in knobs and not clash and len(found) < TOGETHER:
            found.append(item)
    return found


def turn_together(
    helping: Sequence[Item],
    bench: Bench,
    clock: Clock,
    pace: Pace,
    plan: Plan,
    tell: Callable[[str], None],
) -> Together:
    """Turns knobs that help together, all combinations, on splits that chose none of them.

    Where the time is not enough for all, the smallest helper is left out first.
    """
    left: tuple[Item, ...] = ()
    while helping and not clock.fits(_needed(helping, pace, plan) / bench.at_once):
        helping, left = helping[:-1], (helping[-1], *left)
    every = [
        turned
        for count in range(len(helping) + 1)
        for turned in itertools.combinations(helping, count)
    ]
    runs: dict[tuple[Item, ...], list[Result]] = {}
    for start in range(0, len(every), bench.at_once):
        own = every[start : start + bench.at_once]
        bench.train(own, NEW)
        for turned in own:
            runs[turned] = bench.runs(turned, NEW)
            if turned:
                label = " and ".join(item.label for item in turned)
                tell(f"on new splits, {label}: {100 * _mean(runs[turned]):.1f} %")
    cells = tuple(
        Cell(turned, _mean(own), bench.evidence(runs[()], own)) for turned, own in runs.items()
    )
    return Together(cells, _interactions(runs, bench.overlap), left)


def _mean(runs: Sequence[Result]) -> float:
    return float(np.mean([score(each) for each in runs]))


def _needed(helping: Sequence[Item], pace: Pace, plan: Plan) -> float:
    runs, count = LOOKS[0] * plan.rates, 2 ** len(helping)
    new = count - len(helping) - 1
    slow: float = max(item.cost for item in helping)
    each = slow * pace.seconds(None, runs, plan.epochs, first=False)
    return float(new * pace.compiling + count * each)


def _interactions(
    runs: Mapping[tuple[Item, ...], Sequence[Result]], overlap: float
) -> dict[tuple[str, str], Estimate]:
    """Returns by how much two knobs together differ from the sum of both."""
    scores = {turned: np.array([score(each) for each in own]) for turned, own in runs.items()}
    found = {}
    for turned, own in scores.items():
        if len(turned) == 2:
            more = own - scores[turned[:1]] - scores[turned[1:]] + scores[()]
            labels = (turned[0].label, turned[1].label)
            found[labels] = mean_interval(more.tolist(), overlap=overlap)
    return found


def tested_once(items: Sequence[Item], bench: Bench, left: Callable[[], float]) -> Last:
    """Tests baseline, advised network and scikit-learn's models on the rows kept back.

    Args:
        items: The knobs that advice turns; none if it is the baseline.
        bench: Where networks are trained.
        left: Function that returns the seconds that boosted trees may take.
    """
    parts = bench.split.last
    truth: Array = np.asarray(parts.y_test)
    classes = bool(parts.class_names)

    def marks(predictions: Sequence[Array]) -> Array:
        table = np.stack(list(predictions))
        return table == truth if classes else (table - truth) ** 2

    def gap(first: Array, second: Array) -> Gap:
        if classes:
            return gap_of_classes(first, second)
        return gap_of_numbers(first, second, truth)

    predictions, rates = models.of_networks(bench, [])
    baseline = marks(predictions)
    found = {"baseline": baseline}
    if items:
        predictions, rates = models.of_networks(bench, items)
        found["advised"] = marks(predictions)
    advised = found.get("advised", baseline)
    others = models.of_others(bench.split, left)
    found |= {name: marks([own]) for name, own in others.items()}
    scores = {name: _score(own, truth, classes) for name, own in found.items()}
    gain = gap(baseline, advised) if items else None
    better = {name: gap(advised, found[name]) for name in others}
    return Last(scores, gain, better, tuple(rates))


def _score(marks: Array, truth: Array, classes: bool) -> Estimate:
    """Returns accuracy with Wilson's interval over the rows, or R2 with a bootstrap's."""
    if classes:
        told = share_interval(round(float(marks.mean()) * len(truth)), len(truth))
        return Estimate(float(marks.mean()), told.low, told.high, len(truth))
    mean = np.full((1, len(truth)), 0.0) + (truth - truth.mean()) ** 2
    told_gap = gap_of_numbers(mean, marks, truth)
    return Estimate(told_gap.mean, told_gap.low, told_gap.high, len(truth))
