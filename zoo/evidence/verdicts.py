"""Settles claims from the rows of runs. Pure: tables in, verdicts with their evidence out.

A verdict is `supported` or `refuted` only where the 95 % interval and all tests agree
(`zoo.evidence.statistics.mean_p`; where seeds share examples both are corrected for it, and where
all are tested on the same ones these have their share); everything else is `undecided`, and says
how many seeds would decide it, with a power of 80 %, if means and deviations stayed as they are.
p-values are adjusted over all claims of an experiment (Benjamini and Hochberg). Where several parts
make a claim, a refutation is adjusted for their number (Holm), while support needs every part. Runs
that are the same number for number decide nothing: the treatment was not applied. A run that never
reached a target has a lower bound, which decides only where the true value could not change the
verdict. And a verdict holds at every learning rate that does as well as the chosen one
(`zoo.evidence.rates`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from zoo.claims import ALPHA, NOT_RUN, REFUTED, SUPPORTED, UNDECIDED, Claim
from zoo.evidence.cells import AnyCells, Cells, NotRun
from zoo.evidence.parts import FAMILY, Verdict, in_words, together
from zoo.evidence.rules import settle_rule
from zoo.evidence.statistics import benjamini_hochberg

__all__ = ["Cells", "Verdict", "settle"]


def settle(claims: Sequence[Claim], cells: AnyCells, alpha: float = ALPHA) -> list[Verdict]:
    """Settles the claims of one experiment, which are one family of comparisons.

    Args:
        claims: The claims.
        cells: The rows; with several learning rates a verdict has to hold at all that do as well.
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
            told = verdict.evidence + note
            verdict = replace(verdict, verdict=UNDECIDED, evidence=told, seeds=seeds, open=FAMILY)
        found[place] = verdict
    return found


def _claim(claim: Claim, cells: AnyCells, alpha: float) -> Verdict:
    """Returns the verdict on all rules of a claim together: the weakest of them."""

    def parts(level: float) -> list[Verdict]:
        return [settle_rule(rule, cells, level) for rule in claim.rules]

    try:
        found = parts(alpha)
    except NotRun as missing:
        return Verdict(NOT_RUN, str(missing))
    if len(found) == 1:
        return found[0]
    verdict, told = together(found, parts, alpha)
    return replace(verdict, evidence=in_words(told, found))
