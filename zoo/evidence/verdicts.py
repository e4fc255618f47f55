"""Settles claims from the rows of runs. Pure: tables in, verdicts with their evidence out.

A verdict is `supported` or `refuted` only where the 95 % interval and all tests agree
(`zoo.evidence.statistics.mean_p`; where seeds share examples both are corrected for it); everything
else is `undecided`, and says how many seeds would decide it, with a power of 80 %, if means and
deviations stayed as they are. p-values are adjusted over all claims of an experiment (Benjamini and
Hochberg). Where several parts make a claim, a refutation is adjusted for their number (Holm), while
support needs every part. Runs that are the same number for number decide nothing: the treatment was
not applied. A run that never reached a target has a lower bound, which decides only where the true
value could not change the verdict.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from zoo.claims import (
    ALPHA,
    NOT_RUN,
    REFUTED,
    SUPPORTED,
    UNDECIDED,
    Claim,
    Difference,
    Equivalence,
    Identity,
    Number,
    Order,
    Ratio,
    Rule,
    Trend,
)
from zoo.evidence.cells import Cells, NothingApplied, NotRun
from zoo.evidence.metrics import range_of
from zoo.evidence.statistics import (
    Estimate,
    benjamini_hochberg,
    broken_p,
    equivalence_p,
    mean_interval,
    mean_p,
    seeds_needed,
    trend_p,
)
from zoo.evidence.words import interval, named, number, of_variants, percent, points

SPELLED_OUT = 3  # parts of a claim
LOWER_BOUND = "; some runs never got there, so their values are lower bounds"


@dataclass(frozen=True)
class Verdict:
    """What the runs say about a claim.

    Attributes:
        verdict: `supported`, `refuted`, `undecided` or `not run`.
        evidence: One sentence with the numbers.
        n: Number of seeds, or of rows for an identity.
        p: Adjusted p of the test that decided; NaN without one.
        seeds: Seeds that would decide it with a power of 80 %, 0 if that cannot be said.
    """

    verdict: str
    evidence: str
    n: int = 0
    p: float = math.nan
    seeds: int = 0


def settle(claims: Sequence[Claim], cells: Cells, alpha: float = ALPHA) -> list[Verdict]:
    """Settles the claims of one experiment, which are one family of comparisons.

    Args:
        claims: The claims.
        cells: The rows.
        alpha: Level of the intervals and tests.
    """
    found = [_claim(claim, cells, alpha) for claim in claims]
    tested = [place for place, verdict in enumerate(found) if not math.isnan(verdict.p)]
    adjusted = benjamini_hochberg([found[place].p for place in tested])
    for place, p in zip(tested, adjusted, strict=True):
        verdict = replace(found[place], p=p)
        if p >= alpha and verdict.verdict in (SUPPORTED, REFUTED):
            note = f"; p = {p:.2g} after adjusting for {len(tested)} claims"
            # What is not settled among several claims is not settled at its part of the level.
            seeds = _claim(claims[place], cells, alpha / len(tested)).seeds
            verdict = replace(
                verdict, verdict=UNDECIDED, evidence=verdict.evidence + note, seeds=seeds
            )
        found[place] = verdict
    return found


def _claim(claim: Claim, cells: Cells, alpha: float) -> Verdict:
    """Returns the verdict on all rules of a claim together: the weakest of them."""

    def parts(level: float) -> list[Verdict]:
        return [_rule(rule, cells, level) for rule in claim.rules]

    try:
        found = parts(alpha)
    except NotRun as missing:
        return Verdict(NOT_RUN, str(missing))
    if len(found) == 1:
        return found[0]
    together, told = _together(found, parts, alpha)
    return replace(together, evidence=_parts(told, found))


def _rule(rule: Rule, cells: Cells, alpha: float) -> Verdict:
    try:
        return SETTLERS[type(rule)](rule, cells, alpha)
    except NothingApplied as same:
        return Verdict(UNDECIDED, str(same))


def _together(
    parts: Sequence[Verdict], at_level: Callable[[float], list[Verdict]], alpha: float
) -> tuple[Verdict, list[Verdict]]:
    """Returns the verdict on several parts, without evidence, and the parts that decide it.

    Args:
        parts: The verdicts on the parts.
        at_level: Returns them at another level.
        alpha: Level.
    """
    n = min(part.n for part in parts)
    against = broken_p([part.p if part.verdict == REFUTED else 1.0 for part in parts])
    broken = [part for part, p in zip(parts, against, strict=True) if p < alpha]
    if broken:
        exact = any(math.isnan(part.p) for part in broken)
        return Verdict(REFUTED, "", n, math.nan if exact else min(against)), broken
    left = [place for place, part in enumerate(parts) if part.verdict != SUPPORTED]
    if left:
        refuted = {place for place in left if parts[place].verdict == REFUTED}
        tests = [against[place] if place in refuted else parts[place].p for place in left]
        # What is refuted alone, but not among several parts, is not at its part of the level.
        strict = at_level(min(alpha, 2 * alpha / len(parts))) if refuted else parts
        seeds = [(strict if place in refuted else parts)[place].seeds for place in left]
        p = max((p for p in tests if not math.isnan(p)), default=math.nan)
        undecided = Verdict(UNDECIDED, "", n, p, max(seeds) if min(seeds) else 0)
        return undecided, [parts[place] for place in left]
    p = max((part.p for part in parts if not math.isnan(part.p)), default=math.nan)
    return Verdict(SUPPORTED, "", n, p), list(parts)


def _parts(told: Sequence[Verdict], found: Sequence[Verdict]) -> str:
    """Returns the evidence of some rules of a claim, and how many of the others hold."""
    holding = sum(part.verdict == SUPPORTED for part in found if part not in told)
    others = f"; {holding} of {len(found)} parts hold" if len(told) < len(found) else ""
    more = f"; and {len(told) - SPELLED_OUT} more alike" if len(told) > SPELLED_OUT else ""
    return "; ".join(part.evidence for part in told[:SPELLED_OUT]) + more + others


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
    mean = mean_interval(values.tolist(), 1 - alpha, cells.overlap)
    shown = mean.within(*range_of(rule.metric))
    error = (mean.high - mean.low) / 2 / stats.t.ppf(1 - alpha / 2, mean.n - 1) if mean.n > 1 else 0
    z = f", z = {(mean.mean - rule.stated) / error:.1f}" if error > 0 else ""
    evidence = (
        f"{rule.variant} has {named(rule.metric)} {interval(shown)}; "
        f"stated {number(rule.stated)}{z}, tolerance {number(rule.tolerance)}, n = {mean.n}"
    )
    bound = cells.never_reached(rule.variant, rule.metric)
    return _within(gap, rule.tolerance, evidence, alpha, bound, cells.overlap)


def _difference(rule: Difference, cells: Cells, alpha: float) -> Verdict:
    return _above(rule.high, rule.low, rule, cells, alpha)


def _above(
    higher: str, lower: str, rule: Difference | Order, cells: Cells, alpha: float
) -> Verdict:
    """Returns whether one variant exceeds another by more than the margin, seed by seed."""
    high, low = cells.paired(higher, lower, rule.metric)
    gaps = _gaps(high, low)
    mean = mean_interval(gaps.tolist(), 1 - alpha, cells.overlap)
    say = _said(rule.metric)
    evidence = (
        f"{higher} has {say(high.mean())} and {lower} {say(low.mean())} {named(rule.metric)}: "
        f"difference {_difference_text(mean, rule)}, n = {mean.n}"
    )
    if not math.isfinite(mean.mean):
        lost = int((~np.isfinite(gaps)).sum())
        return Verdict(UNDECIDED, f"{evidence}; {lost} of {mean.n} pairs are not finite", mean.n)
    p = mean_p((gaps - rule.margin).tolist(), cells.overlap)
    if p < alpha:
        above = mean.mean > rule.margin
        if cells.never_reached(lower if above else higher, rule.metric):
            return Verdict(UNDECIDED, evidence + LOWER_BOUND, mean.n)
        return Verdict(SUPPORTED if above else REFUTED, evidence, mean.n, p)
    return Verdict(UNDECIDED, evidence, mean.n, p, _seeds(gaps, rule.margin, alpha, cells.overlap))


def _order(rule: Order, cells: Cells, alpha: float) -> Verdict:
    def links(level: float) -> list[Verdict]:
        near = pairwise(rule.variants)
        return [_above(higher, lower, rule, cells, level) for lower, higher in near]

    means = ", ".join(
        f"{label} {_said(rule.metric)(cells.values(label, rule.metric).mean())}"
        for label in rule.variants
    )
    found, told = _together(links(alpha), links, alpha)
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
    mean = mean_interval(logs.tolist(), 1 - alpha, cells.overlap)
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
    return _within(gaps, math.log(rule.factor), evidence, alpha, bound, cells.overlap)


def _equivalence(rule: Equivalence, cells: Cells, alpha: float) -> Verdict:
    first, second = cells.paired(rule.first, rule.second, rule.metric)
    gaps = _gaps(first, second)
    say = _said(rule.metric)
    mean = mean_interval(gaps.tolist(), 1 - alpha, cells.overlap)
    evidence = (
        f"{rule.first} has {say(first.mean())} and {rule.second} {say(second.mean())} "
        f"{named(rule.metric)}: difference {_difference_text(mean, rule)}, n = {mean.n}"
    )
    bound = any(cells.never_reached(label, rule.metric) for label in (rule.first, rule.second))
    return _within(gaps, rule.margin, evidence, alpha, bound, cells.overlap)


def _within(
    gaps: Any, margin: float, evidence: str, alpha: float, bound: bool, overlap: float
) -> Verdict:
    """Returns whether the mean lies within the margin around 0.

    Args:
        gaps: One number a seed.
        margin: Largest distance of the mean from 0 that does not count.
        evidence: The numbers in words.
        alpha: Level of the tests.
        bound: Whether some values are lower bounds only.
        overlap: Held-out over training examples of seeds that share them, else 0.
    """
    mean = mean_interval(gaps.tolist(), 1 - alpha, overlap)
    if not math.isfinite(mean.mean):
        return Verdict(UNDECIDED, f"{evidence}; not all values are finite", mean.n)
    if bound:
        return Verdict(UNDECIDED, evidence + LOWER_BOUND, mean.n)
    edge = margin if mean.mean > 0 else -margin
    inside = abs(mean.mean) < margin
    values, from_edge = gaps.tolist(), (gaps - edge).tolist()
    p = equivalence_p(values, margin, overlap) if inside else mean_p(from_edge, overlap)
    if p < alpha:
        return Verdict(SUPPORTED if inside else REFUTED, evidence, mean.n, p)
    return Verdict(UNDECIDED, evidence, mean.n, p, _seeds(gaps, edge, alpha, overlap))


def _trend(rule: Trend, cells: Cells, alpha: float) -> Verdict:
    for first, second in pairwise(rule.variants):
        cells.paired(first, second, rule.metric)
    series = [cells.values(label, rule.metric) for label in rule.variants]
    seeds = series[0].index
    for one in series[1:]:
        seeds = seeds.intersection(one.index)
    if len(seeds) == 0:
        raise NotRun(f"{', '.join(rule.variants)} share no seed")
    table = np.array([one[seeds] for one in series], dtype=float).T  # (seeds, levels)
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
    steps = np.diff(rising, axis=1)
    places = np.arange(len(rule.variants))
    slopes = rising @ (places - places.mean())
    # A single step back refutes, and so does a slope to the wrong side.
    parts, overlap = (*steps.T, slopes), cells.overlap
    against = [mean_p(part.tolist(), overlap) if part.mean() < 0 else 1.0 for part in parts]
    for place, p in enumerate(broken_p(against)):
        if p < alpha:
            near = rule.variants[place : place + 2] if place < len(steps.T) else rule.variants
            turns = "falls" if rule.rises else "rises"
            evidence += f"; it {turns} from {near[0]} to {near[-1]}"
            return Verdict(REFUTED, evidence, len(seeds), p)
    # Page's test looks at ranks only: one level with a larger spread can pass for a trend.
    p = max(trend_p(rising), mean_p(slopes.tolist(), overlap)) if slopes.mean() > 0 else 1.0
    if p < alpha:
        return Verdict(SUPPORTED, evidence, len(seeds), p)
    return Verdict(UNDECIDED, evidence, len(seeds), p, _seeds(slopes, 0.0, alpha, overlap))


SETTLERS: dict[type[Rule], Callable[[Any, Cells, float], Verdict]] = {
    Identity: _identity,
    Number: _number_rule,
    Difference: _difference,
    Order: _order,
    Ratio: _ratio,
    Equivalence: _equivalence,
    Trend: _trend,
}


def _gaps(first: pd.Series, second: pd.Series) -> npt.NDArray[np.float64]:
    with np.errstate(invalid="ignore"):  # two infinite losses have no difference
        gaps: npt.NDArray[np.float64] = first.to_numpy(float) - second.to_numpy(float)
    return gaps


def _seeds(gaps: Any, margin: float, alpha: float, overlap: float) -> int:
    """Returns how many seeds would decide; more than there are, which did not."""
    needed = seeds_needed(gaps.tolist(), margin, alpha, overlap)
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
