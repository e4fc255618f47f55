"""Settles claims from the rows of runs. Pure: tables in, verdicts with their evidence out.

A verdict is `supported` or `refuted` only where an interval and a test agree; everything else is
`undecided`, and says how many seeds would decide it if means and deviations stayed as they are.
p-values are adjusted over all claims of an experiment (Benjamini and Hochberg); within a chain a
refutation is adjusted for the number of links (Holm), while support needs every link.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
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
from zoo.statistics import (
    Estimate,
    benjamini_hochberg,
    equivalence_p,
    holm,
    mean_interval,
    seeds_needed,
    sign_flip_p,
    trend_p,
)


@dataclass(frozen=True)
class Verdict:
    """What the runs say about a claim.

    Attributes:
        verdict: `supported`, `refuted`, `undecided` or `not run`.
        evidence: One sentence with the numbers.
        n: Number of seeds, or of rows for an identity.
        p: Adjusted p of the test that decided; NaN without one.
        seeds: Seeds that would decide it, 0 if that cannot be said.
    """

    verdict: str
    evidence: str
    n: int = 0
    p: float = math.nan
    seeds: int = 0


class NotRun(Exception):
    """Says which rows a rule needs and does not find."""


class Cells:
    """The values of metrics by variant, each variant at its chosen learning rate.

    Args:
        rows: One row a run, with the columns `variant`, `seed` and one for each metric; perhaps
            `learning_rate`.
        rates: Chosen learning rate by variant; `None` if rows have none.
    """

    def __init__(self, rows: pd.DataFrame, rates: Mapping[str, float] | None = None) -> None:
        if rates is not None:
            kept = rows["learning_rate"] == rows["variant"].map(rates)
            rows = rows[kept]
        self._rows = rows.sort_values("seed", kind="stable")

    def values(self, variant: str, metric: str) -> pd.Series:
        """Returns one value a seed, in the order of seeds."""
        if metric not in self._rows.columns:
            raise NotRun(f"{metric} was not measured")
        own = self._rows[self._rows["variant"] == variant]
        found = own.set_index("seed")[metric].dropna()
        if found.empty:
            raise NotRun(f"no {metric} of {variant}")
        return found

    def all(self, metric: str, variants: Sequence[str]) -> pd.Series:
        """Returns the values of a metric over all rows of the variants, or of every variant."""
        if metric not in self._rows.columns:
            raise NotRun(f"{metric} was not measured")
        own = self._rows
        if variants:
            own = own[own["variant"].isin(variants)]
        found = own[metric].dropna()
        if found.empty:
            raise NotRun(f"{metric} was not measured")
        return found

    def paired(self, first: str, second: str, metric: str) -> tuple[pd.Series, pd.Series]:
        """Returns the values of two variants for the seeds that both have."""
        a, b = self.values(first, metric), self.values(second, metric)
        both = a.index.intersection(b.index)
        if len(both) == 0:
            raise NotRun(f"{first} and {second} share no seed")
        return a[both], b[both]


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
            verdict = replace(verdict, verdict=UNDECIDED, evidence=verdict.evidence + note)
        found[place] = verdict
    return found


def _claim(claim: Claim, cells: Cells, alpha: float) -> Verdict:
    """Returns the verdict on all rules of a claim together: the weakest of them."""
    found = []
    for rule in claim.rules:
        try:
            found.append(SETTLERS[type(rule)](rule, cells, alpha))
        except NotRun as missing:
            return Verdict(NOT_RUN, str(missing))
    if len(found) == 1:
        return found[0]
    n = min(part.n for part in found)
    # One broken rule refutes the claim, and by accident the more easily the more rules there are.
    against = [part.p if part.verdict == REFUTED else 1.0 for part in found]
    against = holm([0.0 if math.isnan(p) else p for p in against])
    if min(against) < alpha:
        broken = [part for part, p in zip(found, against, strict=True) if p < alpha]
        p = math.nan if all(math.isnan(part.p) for part in broken) else min(against)
        return Verdict(REFUTED, _parts(broken, found), n, p)
    tests = [part.p for part in found if not math.isnan(part.p)]
    p = max(tests) if tests else math.nan
    left = [part for part in found if part.verdict != SUPPORTED]
    if left:
        return Verdict(UNDECIDED, _parts(left, found), n, p, max(part.seeds for part in left))
    return Verdict(SUPPORTED, _parts(found, found), n, p)


def _parts(told: Sequence[Verdict], found: Sequence[Verdict]) -> str:
    """Returns the evidence of some rules of a claim, and how many of the others hold."""
    holding = sum(part.verdict == SUPPORTED for part in found if part not in told)
    others = f"; {holding} of {len(found)} parts hold" if len(told) < len(found) else ""
    return "; ".join(part.evidence for part in told) + others


def _identity(rule: Identity, cells: Cells, alpha: float) -> Verdict:
    values = cells.all(rule.metric, rule.variants)
    distance = (values - rule.expected).abs()
    # A NaN never gets here; an infinite value is no rounding error.
    largest = float(distance.max())
    verdict = SUPPORTED if largest <= rule.tolerance else REFUTED
    furthest = float(values.iloc[int(np.argmax(distance.to_numpy()))])
    evidence = (
        f"{_name(rule.metric)} is {_number(furthest)} where it is furthest from "
        f"{_number(rule.expected)} (tolerance {_number(rule.tolerance)}, {len(values)} values)"
    )
    return Verdict(verdict, evidence, len(values))


def _number_rule(rule: Number, cells: Cells, alpha: float) -> Verdict:
    values = cells.values(rule.variant, rule.metric)
    gap = (values - rule.stated).to_numpy()
    mean = mean_interval(values.tolist(), 1 - alpha)
    error = (mean.high - mean.low) / 2 / stats.t.ppf(1 - alpha / 2, mean.n - 1) if mean.n > 1 else 0
    z = f", z = {(mean.mean - rule.stated) / error:.1f}" if error else ""
    evidence = (
        f"{rule.variant} has {_name(rule.metric)} {_interval(mean)}; "
        f"stated {_number(rule.stated)}{z}, tolerance {_number(rule.tolerance)}, n = {mean.n}"
    )
    return _within(gap, rule.tolerance, evidence, alpha)


def _difference(rule: Difference, cells: Cells, alpha: float) -> Verdict:
    high, low = cells.paired(rule.high, rule.low, rule.metric)
    return _above(high, low, rule, rule.margin, alpha)


def _above(high: pd.Series, low: pd.Series, rule: Any, margin: float, alpha: float) -> Verdict:
    """Returns whether the first exceed the second by more than the margin, seed by seed."""
    gaps = (high - low).to_numpy(float)
    mean = mean_interval(gaps.tolist(), 1 - alpha)
    names = (rule.high, rule.low) if isinstance(rule, Difference) else (high.name, low.name)
    say = _said(rule.metric)
    evidence = (
        f"{names[0]} has {say(high.mean())} and {names[1]} {say(low.mean())} {_name(rule.metric)}: "
        f"difference {_interval(mean, say)}"
        + (f", margin {say(margin)}" if margin else "")
        + f", n = {mean.n}"
    )
    if not math.isfinite(mean.mean):
        lost = int((~np.isfinite(gaps)).sum())
        return Verdict(UNDECIDED, f"{evidence}; {lost} of {mean.n} pairs are not finite", mean.n)
    p = sign_flip_p((gaps - margin).tolist())
    if mean.low > margin and p < alpha:
        return Verdict(SUPPORTED, evidence, mean.n, p)
    if mean.high < margin and p < alpha:
        return Verdict(REFUTED, evidence, mean.n, p)
    return Verdict(UNDECIDED, evidence, mean.n, _one(p), seeds_needed(gaps, margin, alpha))


def _order(rule: Order, cells: Cells, alpha: float) -> Verdict:
    links = []
    for lower, higher in pairwise(rule.variants):
        high, low = cells.paired(higher, lower, rule.metric)
        link = _above(high.rename(higher), low.rename(lower), rule, rule.margin, alpha)
        links.append(link)
    means = ", ".join(
        f"{label} {_said(rule.metric)(cells.values(label, rule.metric).mean())}"
        for label in rule.variants
    )
    n = min(link.n for link in links)
    reversed_p = [link.p if link.verdict == REFUTED else 1.0 for link in links]
    adjusted = holm(reversed_p)
    broken = [place for place, p in enumerate(adjusted) if p < alpha]
    if broken:
        worst = min(broken, key=lambda place: adjusted[place])
        return Verdict(REFUTED, f"{means}; but {links[worst].evidence}", n, adjusted[worst])
    evidence = f"{_name(rule.metric)} in the stated order: {means}; n = {n}"
    if all(link.verdict == SUPPORTED for link in links):
        return Verdict(SUPPORTED, evidence, n, max(link.p for link in links))
    open_ = next(link for link in links if link.verdict != SUPPORTED)
    seeds = max(link.seeds for link in links)
    return Verdict(UNDECIDED, f"{means}; open: {open_.evidence}", n, open_.p, seeds)


def _ratio(rule: Ratio, cells: Cells, alpha: float) -> Verdict:
    top, bottom = cells.paired(rule.numerator, rule.denominator, rule.metric)
    if not ((top > 0).all() and (bottom > 0).all()):
        return Verdict(UNDECIDED, f"{rule.metric} is not always above 0", len(top))
    logs = np.log(top.to_numpy(float) / bottom.to_numpy(float))
    mean = mean_interval(logs.tolist(), 1 - alpha)
    ratio = Estimate(math.exp(mean.mean), math.exp(mean.low), math.exp(mean.high), mean.n)
    evidence = (
        f"{rule.numerator} has {_name(rule.metric)} {_number(top.mean())}, {rule.denominator} "
        f"{_number(bottom.mean())}: ratio {_interval(ratio)}, n = {mean.n}; "
        f"stated {_number(rule.stated)}"
    )
    return _within(logs - math.log(rule.stated), math.log(rule.factor), evidence, alpha)


def _equivalence(rule: Equivalence, cells: Cells, alpha: float) -> Verdict:
    first, second = cells.paired(rule.first, rule.second, rule.metric)
    gaps = (first - second).to_numpy(float)
    say = _said(rule.metric)
    mean = mean_interval(gaps.tolist(), 1 - alpha)
    evidence = (
        f"{rule.first} has {say(first.mean())} and {rule.second} {say(second.mean())} "
        f"{_name(rule.metric)}: difference {_interval(mean, say)}, margin {say(rule.margin)}, "
        f"n = {mean.n}"
    )
    return _within(gaps, rule.margin, evidence, alpha)


def _within(gaps: Any, margin: float, evidence: str, alpha: float) -> Verdict:
    """Returns whether the mean lies within the margin around 0."""
    mean = mean_interval(list(gaps), 1 - alpha)
    if not math.isfinite(mean.mean):
        return Verdict(UNDECIDED, f"{evidence}; not all values are finite", mean.n)
    p = equivalence_p(list(gaps), margin)
    inner = mean_interval(list(gaps), 1 - 2 * alpha)
    if p < alpha and -margin < inner.low and inner.high < margin:
        return Verdict(SUPPORTED, evidence, mean.n, p)
    edge = margin if mean.mean > 0 else -margin
    outside = sign_flip_p([gap - edge for gap in gaps])
    if (mean.low > margin or mean.high < -margin) and outside < alpha:
        return Verdict(REFUTED, evidence, mean.n, outside)
    return Verdict(UNDECIDED, evidence, mean.n, _one(p), seeds_needed(list(gaps), edge, alpha))


def _trend(rule: Trend, cells: Cells, alpha: float) -> Verdict:
    series = [cells.values(label, rule.metric) for label in rule.variants]
    seeds = series[0].index
    for one in series[1:]:
        seeds = seeds.intersection(one.index)
    if len(seeds) < 2:
        raise NotRun("fewer than two seeds for a trend")
    table = np.array([one[seeds] for one in series], dtype=float).T
    say = _said(rule.metric)
    means = ", ".join(
        f"{label} {say(value)}"
        for label, value in zip(rule.variants, table.mean(axis=0), strict=True)
    )
    evidence = f"{_name(rule.metric)}: {means}; n = {len(seeds)}"
    if not np.isfinite(table).all():
        return Verdict(UNDECIDED, f"{evidence}; not all values are finite", len(seeds))
    rising = table if rule.rises else -table
    p = trend_p(rising)
    steps = np.diff(rising, axis=1)
    down = holm([sign_flip_p(steps[:, place].tolist()) for place in range(steps.shape[1])])
    for place, step_p in enumerate(down):
        high = mean_interval(steps[:, place].tolist(), 1 - alpha).high
        if step_p < alpha and high < 0:
            pair = f"{rule.variants[place]} to {rule.variants[place + 1]}"
            against = "falls" if rule.rises else "rises"
            return Verdict(REFUTED, f"{evidence}; it {against} from {pair}", len(seeds), step_p)
    if p < alpha:
        return Verdict(SUPPORTED, evidence, len(seeds), p)
    ends = rising[:, -1] - rising[:, 0]
    return Verdict(UNDECIDED, evidence, len(seeds), _one(p), seeds_needed(ends, 0.0, alpha))


SETTLERS: dict[type[Rule], Callable[[Any, Cells, float], Verdict]] = {
    Identity: _identity,
    Number: _number_rule,
    Difference: _difference,
    Order: _order,
    Ratio: _ratio,
    Equivalence: _equivalence,
    Trend: _trend,
}


def _one(p: float) -> float:
    return 1.0 if math.isnan(p) else p


def _said(metric: str) -> Callable[[float], str]:
    share = "accuracy" in metric and not metric.startswith("epochs_to")
    return _percent if share else _number


def _name(metric: str) -> str:
    return metric.replace("_", " ")


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _number(value: float) -> str:
    return f"{value:.4g}"


def _interval(found: Estimate, say: Callable[[float], str] = _number) -> str:
    if math.isnan(found.low):
        return say(found.mean)
    return f"{say(found.mean)} [{say(found.low)}, {say(found.high)}]"
