"""What the numbers say about a rule: a settler for each kind. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from zoo.claims import (
    NOT_RUN,
    REFUTED,
    SUPPORTED,
    UNDECIDED,
    Difference,
    Equivalence,
    Identity,
    Number,
    Order,
    Ratio,
    Rule,
    Trend,
    labels_of,
)
from zoo.evidence.cells import AnyCells, Cells, NothingApplied, NotRun
from zoo.evidence.examples import Share
from zoo.evidence.metrics import range_of
from zoo.evidence.parts import DIFFERENCE, RATIO, VALUE, Effect, Verdict, agreed, together
from zoo.evidence.power import seeds_needed
from zoo.evidence.statistics import (
    Estimate,
    broken_p,
    equivalence_p,
    mean_interval,
    mean_p,
    standard_error,
    trend_p,
)
from zoo.evidence.words import interval, named, number, of_variants, percent, points

# What makes a mean over seeds less certain than independent seeds do: their overlap, and what the
# choice of test examples adds.
Doubts = tuple[float, Share | None]

LOWER_BOUND = "; some runs never got there, so their values are lower bounds"


def settle_rule(rule: Rule, cells: AnyCells, alpha: float) -> Verdict:
    """Returns the verdict on one rule, which has to hold at every learning rate that does as well.

    Args:
        rule: The rule.
        cells: The values.
        alpha: Level of the intervals and tests.

    Raises:
        NotRun: If a value that the rule needs is missing.
    """
    try:
        if isinstance(rule, Order):  # its links are settled each at the rates of its own two
            found = _order(rule, cells, alpha)
        else:
            settler = SETTLERS[type(rule)]
            found = _at_every_rate(
                rule.metric, labels_of(rule), cells, lambda own: settler(rule, own, alpha)
            )
    except NothingApplied as same:
        return Verdict(UNDECIDED, str(same))
    if isinstance(rule, Identity):
        return found
    uncovered = cells.uncovered(rule.metric, labels_of(rule))
    return replace(found, evidence=found.evidence + uncovered)


def _at_every_rate(
    metric: str, variants: Sequence[str], cells: AnyCells, at: Callable[[Cells], Verdict]
) -> Verdict:
    """Returns the verdict that variants have at all of their rates."""
    (chosen, own), *others = cells.alternatives(metric, variants)
    found = [(chosen, at(own))]
    for rates, other in others:
        try:
            found.append((rates, at(other)))
        except NothingApplied as same:
            found.append((rates, Verdict(UNDECIDED, str(same))))
        except NotRun as missing:
            found.append((rates, Verdict(NOT_RUN, str(missing))))
    verdict = agreed(found)
    moved = ", ".join(f"{k} at {rate:g}" for k, rate in cells.moved(metric, variants).items())
    told = f"; rates by {named(metric)}: {moved}" if moved else ""
    return replace(verdict, evidence=verdict.evidence + told)


def _identity(rule: Identity, cells: Cells, alpha: float) -> Verdict:
    values = cells.all(rule.metric, rule.variants)
    lost = int(values.isna().sum())
    distance = (values.dropna() - rule.expected).abs()
    # No rounding error explains an infinite value; a missing one says nothing.
    largest = float(distance.max())
    verdict = REFUTED if largest > rule.tolerance else UNDECIDED if lost else SUPPORTED
    furthest = float(values[distance.idxmax()])
    evidence = (
        f"{named(rule.metric)}{of_variants(rule.variants)} is {number(furthest)}, furthest from "
        f"{number(rule.expected)} (tolerance {number(rule.tolerance)}, {len(values)} values"
        + (f", {lost} of them not finite)" if lost else ")")
    )
    return Verdict(verdict, evidence, len(values))


def _number_rule(rule: Number, cells: Cells, alpha: float) -> Verdict:
    values = cells.values(rule.variant, rule.metric)
    gap = values.to_numpy(float) - rule.stated
    doubts = _doubts(cells, rule.metric, {rule.variant: 1.0}, values.index)
    mean = mean_interval(values.tolist(), 1 - alpha, *doubts)
    shown = mean.within(*range_of(rule.metric))
    error = standard_error(values.tolist(), *doubts)
    z = f", z = {(mean.mean - rule.stated) / error:.1f}" if error > 0 else ""
    evidence = (
        f"{rule.variant} has {named(rule.metric)} {interval(shown)}; "
        f"stated {number(rule.stated)}{z}, tolerance {number(rule.tolerance)}, n = {mean.n}"
    )
    bound = cells.never_reached(rule.variant, rule.metric)
    verdict = _within(gap, rule.tolerance, evidence, alpha, bound, doubts)
    return _with(verdict, rule.variant, rule.metric, mean, VALUE)


def _difference(rule: Difference, cells: Cells, alpha: float) -> Verdict:
    return _above(rule.high, rule.low, rule, cells, alpha)


def _with(
    verdict: Verdict, what: str, metric: str, found: Estimate, kind: str = DIFFERENCE
) -> Verdict:
    """Returns a verdict on a rule with the number that the rule is about."""
    return replace(verdict, effects=(Effect(what, metric, found, kind),))


def _above(
    higher: str, lower: str, rule: Difference | Order, cells: Cells, alpha: float
) -> Verdict:
    """Returns whether one variant exceeds another by more than the margin, seed by seed."""
    high, low = cells.paired(higher, lower, rule.metric)
    gaps = _gaps(high, low)
    doubts = _doubts(cells, rule.metric, {higher: 1.0, lower: -1.0}, high.index)
    mean = mean_interval(gaps.tolist(), 1 - alpha, *doubts)
    say = _said(rule.metric)
    evidence = (
        f"{higher} has {say(high.mean())} and {lower} {say(low.mean())} {named(rule.metric)}: "
        f"difference {_difference_text(mean, rule)}, n = {mean.n}"
    )
    if not math.isfinite(mean.mean):
        lost = int((~np.isfinite(gaps)).sum())
        return Verdict(UNDECIDED, f"{evidence}; {lost} of {mean.n} pairs are not finite", mean.n)

    def so(word: str, told: str = "", p: float = math.nan, seeds: int = 0) -> Verdict:
        verdict = Verdict(word, evidence + told, mean.n, p, seeds)
        return _with(verdict, f"{higher} - {lower}", rule.metric, mean)

    above, inside = mean.mean > rule.margin, abs(mean.mean) < rule.margin
    edge = math.copysign(rule.margin, mean.mean)
    if inside:
        p = equivalence_p(gaps.tolist(), rule.margin, *doubts)
    else:
        p = mean_p((gaps - edge).tolist(), *doubts)
    if p < alpha:
        bounds = (higher, lower) if inside else (lower,) if above else (higher,)
        if any(cells.never_reached(label, rule.metric) for label in bounds):
            return so(UNDECIDED, LOWER_BOUND)
        return so(SUPPORTED if above else REFUTED, p=p)
    return so(UNDECIDED, p=p, seeds=_seeds(gaps, edge, alpha, doubts))


def _order(rule: Order, cells: AnyCells, alpha: float) -> Verdict:
    def link(higher: str, lower: str, level: float) -> Verdict:
        def at(own: Cells) -> Verdict:
            return _above(higher, lower, rule, own, level)

        return _at_every_rate(rule.metric, (lower, higher), cells, at)

    def links(level: float) -> list[Verdict]:
        return [link(higher, lower, level) for lower, higher in pairwise(rule.variants)]

    chosen = cells.chosen(rule.metric)
    means = ", ".join(
        f"{label} {_said(rule.metric)(chosen.values(label, rule.metric).mean())}"
        for label in rule.variants
    )
    found, told = together(links(alpha), links, alpha)
    if found.verdict == SUPPORTED:
        evidence = f"{named(rule.metric)} in the stated order: {means}; n = {found.n}"
    else:
        evidence = f"{means}; {'but' if found.verdict == REFUTED else 'open:'} "
        evidence += "; ".join(link.evidence for link in told)
    return replace(found, evidence=evidence)


def _ratio(rule: Ratio, cells: Cells, alpha: float) -> Verdict:
    top, bottom = cells.paired(rule.numerator, rule.denominator, rule.metric)
    if not all(np.isfinite(part).all() and (part > 0).all() for part in (top, bottom)):
        evidence = f"{named(rule.metric)} is not always a finite number above 0, n = {len(top)}"
        return Verdict(UNDECIDED, evidence, len(top))
    logs = np.log(top.to_numpy(float) / bottom.to_numpy(float))
    # The logarithm of a ratio changes with each mean by its change over the mean.
    weights = {rule.numerator: 1 / top.mean(), rule.denominator: -1 / bottom.mean()}
    doubts = _doubts(cells, rule.metric, weights, top.index)
    mean = mean_interval(logs.tolist(), 1 - alpha, *doubts)
    ratio = Estimate(math.exp(mean.mean), math.exp(mean.low), math.exp(mean.high), mean.n)
    evidence = (
        f"{rule.numerator} has {named(rule.metric)} {number(top.mean())}, {rule.denominator} "
        f"{number(bottom.mean())}: ratio {interval(ratio)}, n = {mean.n}; "
        f"stated {number(rule.stated)}"
    )
    bound = any(
        cells.never_reached(label, rule.metric) for label in (rule.numerator, rule.denominator)
    )
    gaps = logs - math.log(rule.stated)
    verdict = _within(gaps, math.log(rule.factor), evidence, alpha, bound, doubts)
    return _with(verdict, f"{rule.numerator} / {rule.denominator}", rule.metric, mean, RATIO)


def _equivalence(rule: Equivalence, cells: Cells, alpha: float) -> Verdict:
    first, second = cells.paired(rule.first, rule.second, rule.metric)
    gaps = _gaps(first, second)
    say = _said(rule.metric)
    doubts = _doubts(cells, rule.metric, {rule.first: 1.0, rule.second: -1.0}, first.index)
    mean = mean_interval(gaps.tolist(), 1 - alpha, *doubts)
    evidence = (
        f"{rule.first} has {say(first.mean())} and {rule.second} {say(second.mean())} "
        f"{named(rule.metric)}: difference {_difference_text(mean, rule)}, n = {mean.n}"
    )
    bound = any(cells.never_reached(label, rule.metric) for label in (rule.first, rule.second))
    verdict = _within(gaps, rule.margin, evidence, alpha, bound, doubts)
    return _with(verdict, f"{rule.first} - {rule.second}", rule.metric, mean)


def _within(
    gaps: Any, margin: float, evidence: str, alpha: float, bound: bool, doubts: Doubts
) -> Verdict:
    """Returns whether the mean lies within the margin around 0.

    Args:
        gaps: One number a seed.
        margin: Largest distance of the mean from 0 that does not count.
        evidence: The numbers in words.
        alpha: Level of the tests.
        bound: Whether some values are lower bounds only.
        doubts: What besides independent seeds makes the mean uncertain.
    """
    mean = mean_interval(gaps.tolist(), 1 - alpha, *doubts)
    if not math.isfinite(mean.mean):
        return Verdict(UNDECIDED, f"{evidence}; not all values are finite", mean.n)
    if bound:
        return Verdict(UNDECIDED, evidence + LOWER_BOUND, mean.n)
    edge = margin if mean.mean > 0 else -margin
    inside = abs(mean.mean) < margin
    values, from_edge = gaps.tolist(), (gaps - edge).tolist()
    p = equivalence_p(values, margin, *doubts) if inside else mean_p(from_edge, *doubts)
    if p < alpha:
        return Verdict(SUPPORTED if inside else REFUTED, evidence, mean.n, p)
    return Verdict(UNDECIDED, evidence, mean.n, p, _seeds(gaps, edge, alpha, doubts))


def _trend(rule: Trend, cells: Cells, alpha: float) -> Verdict:
    first, last = rule.variants[0], rule.variants[-1]
    verdict = _rising(rule, cells, alpha)
    end, start = cells.paired(last, first, rule.metric)
    doubts = _doubts(cells, rule.metric, {last: 1.0, first: -1.0}, end.index)
    found = mean_interval(_gaps(end, start).tolist(), 1 - alpha, *doubts)
    return _with(verdict, f"{last} - {first}", rule.metric, found)


def _rising(rule: Trend, cells: Cells, alpha: float) -> Verdict:
    for first, second in pairwise(rule.variants):
        cells.paired(first, second, rule.metric)
    series = [cells.values(label, rule.metric) for label in rule.variants]
    seeds = series[0].index
    for one in series[1:]:
        seeds = seeds.intersection(one.index)
    if len(seeds) == 0:
        raise NotRun(f"{', '.join(rule.variants)} share no seed")
    aligned = [one if one.index.equals(seeds) else one[seeds] for one in series]
    table = np.array(aligned, dtype=float).T  # (seeds, levels)
    say = _said(rule.metric)
    means = ", ".join(
        f"{label} {say(value)}"
        for label, value in zip(rule.variants, table.mean(axis=0), strict=True)
    )
    evidence = f"{named(rule.metric)}: {means}; n = {len(seeds)}"
    if not np.isfinite(table).all():
        return Verdict(UNDECIDED, f"{evidence}; not all values are finite", len(seeds))
    if len(seeds) == 1:
        return Verdict(UNDECIDED, evidence, 1)
    rising = table if rule.rises else -table
    places = np.arange(len(rule.variants))
    # A single step back refutes, and so does a slope to the wrong side.
    weights = [*np.diff(np.eye(len(places)), axis=0), places - places.mean()]
    *steps, slopes = parts = [rising @ own for own in weights]
    doubts = [
        _doubts(cells, rule.metric, dict(zip(rule.variants, own, strict=True)), seeds)
        for own in weights
    ]
    against = [
        mean_p(part.tolist(), *own) if part.mean() < 0 else 1.0
        for part, own in zip(parts, doubts, strict=True)
    ]
    for place, p in enumerate(broken_p(against)):
        if p < alpha:
            near = rule.variants[place : place + 2] if place < len(steps) else rule.variants
            turns = "falls" if rule.rises else "rises"
            evidence += f"; it {turns} from {near[0]} to {near[-1]}"
            return Verdict(REFUTED, evidence, len(seeds), p)
    # Page's test looks at ranks only: one level with a larger spread can pass for a trend.
    of_slopes = mean_p(slopes.tolist(), *doubts[-1])
    p = max(trend_p(rising), of_slopes) if slopes.mean() > 0 else 1.0
    if p < alpha:
        return Verdict(SUPPORTED, evidence, len(seeds), p)
    return Verdict(UNDECIDED, evidence, len(seeds), p, _seeds(slopes, 0.0, alpha, doubts[-1]))


SETTLERS: dict[type[Rule], Callable[[Any, Cells, float], Verdict]] = {
    Identity: _identity,
    Number: _number_rule,
    Difference: _difference,
    Ratio: _ratio,
    Equivalence: _equivalence,
    Trend: _trend,
}


def _gaps(first: pd.Series, second: pd.Series) -> npt.NDArray[np.float64]:
    with np.errstate(invalid="ignore"):  # two infinite losses have no difference
        gaps: npt.NDArray[np.float64] = first.to_numpy(float) - second.to_numpy(float)
    return gaps


def _doubts(cells: Cells, metric: str, weights: dict[str, float], seeds: pd.Index) -> Doubts:
    """Returns what besides independent seeds makes a weighted sum of means uncertain."""
    return cells.overlap, cells.share(metric, weights, seeds)


def _seeds(gaps: Any, margin: float, alpha: float, doubts: Doubts) -> int:
    """Returns how many seeds would decide; more than there are, which did not."""
    needed = seeds_needed(gaps.tolist(), margin, alpha, *doubts)
    return max(needed, len(gaps) + 1) if needed else 0


def _said(metric: str) -> Callable[[float], str]:
    share = "accuracy" in metric and not metric.startswith("epochs_to")
    return percent if share else number


def _difference_text(found: Estimate, rule: Difference | Order | Equivalence) -> str:
    """Returns a difference with interval and margin; of shares in percentage points."""
    least, most = range_of(rule.metric)
    found = found.within(least - most, most - least)
    if _said(rule.metric) is number:
        margin = f", margin {number(rule.margin)}" if rule.margin else ""
        return interval(found) + margin
    margin = f", margin {100 * rule.margin:g}" if rule.margin else ""
    return f"{interval(found, points)}{margin} points"
