"""Settles the claims of an experiment from its rows; what verdicts.csv holds."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd

from zoo import catalogue
from zoo.claims import ALPHA, NOT_RUN, Claim, Identity, from_dict
from zoo.evidence.cells import Cells, RatedCells
from zoo.evidence.metrics import OF_R2, VALIDATION, inside, named_for, of_classes
from zoo.evidence.parts import Verdict
from zoo.evidence.verdicts import settle
from zoo.results.files import overlap_of
from zoo.results.ledger_words import in_words, metric_in_words
from zoo.results.rates import rates_in
from zoo.results.scores import ACCURACY, R2, of_numbers

COLUMNS = [
    "id",
    "says",
    "rule",
    "verdict",
    "at_baseline_rate",
    "evidence",
    "n",
    "p",
    "seeds",
    "source",
    "deviation",
]


def settled(
    spec: Mapping[str, Any], runs: pd.DataFrame, chosen: Mapping[str, float] | None = None
) -> tuple[list[Claim], list[Verdict], list[str]]:
    """Settles the claims of an experiment.

    Args:
        spec: The declaration as run, as in `spec.json`.
        runs: As in `runs.csv`, or the rows of `wide`.
        chosen: Each variant's learning rate for a declaration that has none, or `None` to choose it
            from the runs.

    Returns:
        The claims, their verdicts, and what the verdict would be at the baseline's learning rate,
        empty where there are no rates.
    """
    claims = claims_of(spec)
    alpha, overlap = spec.get("alpha", ALPHA), overlap_of(spec)
    if "learning_rate" not in runs.columns:
        return claims, settle(claims, Cells(runs), alpha), [""] * len(claims)
    rates = rates_in(spec, runs, chosen)
    own = rates[VALIDATION].chosen
    shared = dict.fromkeys(own, own.get(spec["baseline"], math.nan))
    refuse = _of_classes if of_numbers(spec) else _of_numbers
    refused = {claim: refuse(claim, runs) for claim in claims}
    left = [claim for claim in claims if not refused.get(claim)]
    own_names = [_with(claim, inside) for claim in left]
    known = dict(zip(left, settle(own_names, RatedCells(runs, rates, overlap), alpha), strict=True))
    others = dict(zip(left, settle(own_names, Cells(runs, shared, overlap), alpha), strict=True))
    if of_numbers(spec):
        known = {claim: _of_r2(verdict) for claim, verdict in known.items()}
    found = [known.get(claim) or Verdict(NOT_RUN, refused[claim]) for claim in claims]
    same = [others[claim].verdict if claim in others else NOT_RUN for claim in claims]
    return claims, found, same


def claims_of(spec: Mapping[str, Any]) -> list[Claim]:
    """Returns the claims of a declaration, in whose rules speeds have the names of its results."""
    numbers = of_numbers(spec)
    named = partial(named_for, numbers=numbers)
    return [_with(from_dict(given), named) for given in spec.get("claims", [])]


def _with(claim: Claim, named: Callable[[str], str]) -> Claim:
    """Returns a claim with other names of its rules' metrics."""
    rules = [replace(rule, metric=named(rule.metric)) for rule in claim.rules]
    return replace(claim, rule=rules[0] if len(rules) == 1 else tuple(rules))


def _of_r2(verdict: Verdict) -> Verdict:
    """Returns a verdict in whose evidence R2 has its name."""
    return replace(verdict, evidence=verdict.evidence.replace(ACCURACY, R2))


def _of_classes(claim: Claim, runs: pd.DataFrame) -> str:
    """Returns why a claim cannot be settled where the target is a number; nothing if it can."""
    for rule in claim.rules:
        declared_r2 = rule.metric in OF_R2
        if not declared_r2 and (of_classes(rule.metric) or inside(rule.metric) not in runs.columns):
            return f"{metric_in_words(rule.metric)} is of classes, and the target is a number"
    return ""


def _of_numbers(claim: Claim, runs: pd.DataFrame) -> str:
    """Returns why a claim cannot be settled where the target is classes; nothing if it can."""
    own = [rule.metric for rule in claim.rules if rule.metric in OF_R2]
    return f"{metric_in_words(own[0])} is of numbers, and the target is classes" if own else ""


def verdicts_frame(
    spec: Mapping[str, Any], runs: pd.DataFrame, chosen: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """Returns one row a claim with the columns `COLUMNS`; the arguments are those of `settled`."""
    return verdict_rows(*settled(spec, runs, chosen))


def verdict_rows(
    claims: Sequence[Claim], verdicts: Sequence[Verdict], at_baseline: Sequence[str]
) -> pd.DataFrame:
    """Returns one row a claim with the columns `COLUMNS`.

    Args:
        claims: The claims.
        verdicts: Their verdicts.
        at_baseline: What each would be at the baseline's learning rate, or an empty text.
    """
    rows = []
    for claim, verdict, same in zip(claims, verdicts, at_baseline, strict=True):
        known = catalogue.find(claim.id)
        rows.append(
            {
                "id": claim.id,
                "says": claim.says or known.says,
                "rule": describe(claim),
                "verdict": verdict.verdict,
                "at_baseline_rate": same,
                "evidence": verdict.evidence,
                "n": verdict.n,
                "p": verdict.p,
                "seeds": verdict.seeds,
                "source": claim.source or known.source,
                "deviation": claim.deviation,
            }
        )
    return pd.DataFrame(rows, columns=COLUMNS)


def words_of(claim: Claim) -> str:
    """Returns what a claim's verdict is on: its proposition, or its rules in words."""
    return claim.proposition or in_words(claim)


def describe(claim: Claim) -> str:
    """Returns the rules of a claim for machines; `ledger_words.in_words` has them for people."""
    parts = []
    for rule in claim.rules:
        given = {k: v for k, v in vars(rule).items() if v not in ("", (), None)}
        between = ", " if isinstance(rule, Identity) else " < "
        words = ", ".join(f"{name} {_words(value, between)}" for name, value in given.items())
        parts.append(f"{type(rule).__name__.lower()}: {words}")
    return "; and ".join(parts)


def _words(value: object, between: str) -> str:
    if isinstance(value, tuple):
        return between.join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
