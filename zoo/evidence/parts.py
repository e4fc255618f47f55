"""Several verdicts made one: on the parts of a claim, and at learning rates that do as well."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from zoo.claims import REFUTED, SUPPORTED, UNDECIDED
from zoo.evidence.statistics import Estimate, broken_p

SPELLED_OUT = 3  # parts of a claim, and rates at which it turns


DIFFERENCE, RATIO, VALUE = "difference", "ratio", "value"  # kinds of effects


@dataclass(frozen=True)
class Effect:
    """A number that a rule is about, with its interval.

    Attributes:
        what: What it is of, such as "relu - tanh"; labels may hold such signs themselves.
        metric: The metric.
        found: Its estimate at the chosen learning rates; of a ratio that of its logarithm.
        kind: `DIFFERENCE` of two variants, their `RATIO`, or the `VALUE` of one.
    """

    what: str
    metric: str
    found: Estimate
    kind: str = DIFFERENCE


RATE, FAMILY = "rate", "family"


@dataclass(frozen=True)
class Verdict:
    """What the runs say about a claim.

    Attributes:
        verdict: `supported`, `refuted`, `undecided` or `not run`; over data sets also `depends`.
        evidence: One sentence with the numbers.
        n: Number of seeds, or of rows for an identity.
        p: Adjusted p of the test that decided; NaN without one.
        seeds: Seeds that would decide it with a power of 80 %, 0 if that cannot be said.
        effects: The numbers that its rules are about, in their order.
        open: Why it is undecided although the chosen rates by themselves decide: `RATE` if other
            rates that validate as well do not agree, `FAMILY` if it is one of too many claims.
    """

    verdict: str
    evidence: str
    n: int = 0
    p: float = math.nan
    seeds: int = 0
    effects: tuple[Effect, ...] = ()
    open: str = ""


def together(
    parts: Sequence[Verdict], at_level: Callable[[float], list[Verdict]], alpha: float
) -> tuple[Verdict, list[Verdict]]:
    """Returns the verdict on several parts, without evidence, and the parts that decide it.

    Args:
        parts: The verdicts on the parts.
        at_level: Returns them at another level.
        alpha: Level.
    """
    n = min(part.n for part in parts)
    effects = tuple(effect for part in parts for effect in part.effects)
    against = broken_p([part.p if part.verdict == REFUTED else 1.0 for part in parts])
    broken = [part for part, p in zip(parts, against, strict=True) if p < alpha]
    if broken:
        exact = any(math.isnan(part.p) for part in broken)
        p = math.nan if exact else min(against)
        return Verdict(REFUTED, "", n, p, effects=effects), broken
    left = [place for place, part in enumerate(parts) if part.verdict != SUPPORTED]
    if left:
        refuted = {place for place in left if parts[place].verdict == REFUTED}
        tests = [against[place] if place in refuted else parts[place].p for place in left]
        # What is refuted alone, but not among several parts, is not at its part of the level.
        strict = at_level(min(alpha, 2 * alpha / len(parts))) if refuted else parts
        seeds = [(strict if place in refuted else parts)[place].seeds for place in left]
        p = max((p for p in tests if not math.isnan(p)), default=math.nan)
        needed = max(seeds) if min(seeds) else 0
        undecided = Verdict(UNDECIDED, "", n, p, needed, effects)
        return undecided, [parts[place] for place in left]
    p = max((part.p for part in parts if not math.isnan(part.p)), default=math.nan)
    return Verdict(SUPPORTED, "", n, p, effects=effects), list(parts)


def in_words(told: Sequence[Verdict], found: Sequence[Verdict]) -> str:
    """Returns the evidence of some rules of a claim, and how many of the others hold."""
    holding = sum(part.verdict == SUPPORTED for part in found if part not in told)
    others = f"; {holding} of {len(found)} parts hold" if len(told) < len(found) else ""
    more = f"; and {len(told) - SPELLED_OUT} more alike" if len(told) > SPELLED_OUT else ""
    return "; ".join(part.evidence for part in told[:SPELLED_OUT]) + more + others


def agreed(found: Sequence[tuple[Mapping[str, float], Verdict]]) -> Verdict:
    """Returns the verdict on one sentence at several learning rates: the one that all have.

    What turns with the rate is undecided, and says at which rates it would be what.

    Args:
        found: The verdict at the rates by variant; first the chosen ones. Variants with one rate
            may be left out.
    """
    chosen, first = found[0]
    if len(found) == 1:
        return first
    words = {verdict.verdict for _, verdict in found}
    n = min((verdict.n for _, verdict in found if verdict.n), default=0)
    open_ = [verdict for _, verdict in found if verdict.verdict not in (SUPPORTED, REFUTED)]
    seeds = [verdict.seeds for verdict in open_] or [0]
    needed = max(seeds) if min(seeds) else 0
    if len(words) == 1:
        p = _largest([verdict.p for _, verdict in found])
        evidence = f"{first.evidence}; the same with {_others(chosen, found)}"
        return Verdict(first.verdict, evidence, n, p, needed, first.effects)
    turned = {SUPPORTED, REFUTED} <= words
    tested = any(not math.isnan(verdict.p) for _, verdict in found)
    p = 1.0 if turned and tested else _largest([verdict.p for verdict in open_])
    evidence = f"{first.evidence}; the verdict turns with the learning rate: {_turns(found)}"
    why = RATE if first.verdict in (SUPPORTED, REFUTED) else ""
    return Verdict(UNDECIDED, evidence, n, p, 0 if turned else needed, first.effects, why)


def _largest(p: Sequence[float]) -> float:
    return max((one for one in p if not math.isnan(one)), default=math.nan)


def _rates(rates: Mapping[str, float]) -> str:
    return " and ".join(f"{variant} at {rate:g}" for variant, rate in rates.items())


def _others(
    chosen: Mapping[str, float], found: Sequence[tuple[Mapping[str, float], Verdict]]
) -> str:
    """Returns the rates besides the chosen ones, by variant, in words."""
    parts = []
    for variant, rate in chosen.items():
        others = sorted({rates[variant] for rates, _ in found} - {rate})
        parts.append(f"{variant} at {' or '.join(f'{other:g}' for other in others)}")
    return ", ".join(parts)


def _turns(found: Sequence[tuple[Mapping[str, float], Verdict]]) -> str:
    """Returns what the verdict is at the chosen rates, and at which others it is another."""
    chosen, first = found[0]
    by_word = {first.verdict: [_rates(chosen)]}
    for rates, verdict in found:
        if verdict.verdict != first.verdict:
            moved = {variant: rate for variant, rate in rates.items() if rate != chosen[variant]}
            by_word.setdefault(verdict.verdict, []).append(_rates(moved))
    return "; ".join(
        f"{word} with {' or '.join(places[:SPELLED_OUT])}"
        + (f" and {len(places) - SPELLED_OUT} more" if len(places) > SPELLED_OUT else "")
        for word, places in by_word.items()
    )
