"""What the verdicts on several data sets say together about a claim. Pure.

A claim is supported or refuted only with at least two data sets that say so and none that says the
opposite; where they disagree it depends. So a claim that is true of nothing gets a verdict only if
chance decides twice: with three data sets, on each of which 5 % of such claims are decided, to
either side alike, 0.36 % are supported or refuted and 0.37 % depend (a multinomial sum). The mean
over data sets stands beside the verdict and decides nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from scipy import stats

from zoo.claims import DEPENDS, NOT_RUN, REFUTED, SUPPORTED, UNDECIDED
from zoo.evidence.parts import Effect, Verdict
from zoo.evidence.statistics import Estimate
from zoo.evidence.words import listed

FEWEST = 2  # data sets that have to agree


def overall(found: Mapping[str, Verdict]) -> Verdict:
    """Returns the verdict on a claim over data sets.

    Args:
        found: The verdict by data set, at least one.
    """
    on: dict[str, list[str]] = {}
    for name, verdict in found.items():
        on.setdefault(verdict.verdict, []).append(name)
    if len(on.get(NOT_RUN, [])) == len(found):
        return next(iter(found.values()))
    n = min(verdict.n for verdict in found.values() if verdict.verdict != NOT_RUN)
    return Verdict(_word(on), _in_words(on), n)


def _word(on: Mapping[str, Sequence[str]]) -> str:
    """Returns the word for what was found on which data sets."""
    if SUPPORTED in on and REFUTED in on:
        return DEPENDS
    for word in (SUPPORTED, REFUTED):
        if len(on.get(word, [])) >= FEWEST:
            return word
    return UNDECIDED


def _in_words(on: Mapping[str, Sequence[str]]) -> str:
    if len(on) == 1:
        ((word, names),) = on.items()
        return f"{word} on {listed(names)}"
    words = (SUPPORTED, REFUTED, UNDECIDED, NOT_RUN)
    return ", ".join(f"{word} on {listed(on[word])}" for word in words if word in on)


def random_effects(estimates: Sequence[Estimate], level: float = 0.95) -> Estimate:
    """Returns the mean over data sets of an effect that differs from one to the next.

    The variance between data sets is that of DerSimonian and Laird, the interval that of Hartung
    and Knapp with k - 1 degrees of freedom, never narrower than the one without their factor.

    Args:
        estimates: Mean and 95 % interval of each data set. Without an interval one is left out.
        level: Coverage of the interval, between 0 and 1.

    Returns:
        The mean with its interval; NaN for fewer than two data sets. Its `n` is their number.

    References:
        DerSimonian and Laird (1986), Meta-analysis in Clinical Trials, Controlled Clinical Trials
        7. Hartung and Knapp (2001), A Refined Method for the Meta-analysis of Controlled Clinical
        Trials with Binary Outcome, Statistics in Medicine 20.
    """
    usable = [each for each in estimates if math.isfinite(each.high - each.low) and each.n > 1]
    k = len(usable)
    if k < FEWEST:
        return Estimate(math.nan, math.nan, math.nan, k)
    means = np.array([each.mean for each in usable])
    widths = np.array([(each.high - each.low) / 2 for each in usable])
    errors = widths / stats.t.ppf(0.975, [each.n - 1 for each in usable])
    if (errors == 0).any():  # exact values have no weight of their own: all count alike
        weights = np.ones(k)
    else:
        fixed = errors**-2
        centre = float(fixed @ means / fixed.sum())
        spread = float(fixed @ (means - centre) ** 2)
        scale = fixed.sum() - (fixed**2).sum() / fixed.sum()
        between = max(0.0, (spread - (k - 1)) / scale)
        weights = 1 / (errors**2 + between)
    mean = float(weights @ means / weights.sum())
    factor = float(weights @ (means - mean) ** 2) / (k - 1)
    if (errors > 0).all():
        factor = max(1.0, factor)
    half = float(stats.t.ppf((1 + level) / 2, k - 1)) * math.sqrt(factor / weights.sum())
    return Estimate(mean, mean - half, mean + half, k)


def effects_over(found: Mapping[str, Verdict]) -> list[tuple[Effect, dict[str, Effect]]]:
    """Returns each effect of a claim over data sets, beside what each data set has of it.

    Args:
        found: The verdict by data set, with its effects.

    Returns:
        Pairs of the random-effects mean and the effects by data set, in the order of the claim's
        parts; data sets on which it was not measured are left out.
    """
    by_name: dict[tuple[str, str], dict[str, Effect]] = {}
    for name, verdict in found.items():
        for effect in verdict.effects:
            by_name.setdefault((effect.what, effect.metric), {})[name] = effect
    pairs = []
    for own in by_name.values():
        first = next(iter(own.values()))
        mean = random_effects([effect.found for effect in own.values()])
        pairs.append((replace(first, found=mean), own))
    return pairs
