"""What was found in an experiment, in a sentence or two. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from zoo.claims import ALPHA, VERDICTS
from zoo.report import words
from zoo.report.ledger import LedgerRow
from zoo.results.scores import ACCURACY, word


def found(spec: Mapping[str, Any], table: pd.DataFrame) -> list[str]:
    """Returns what wins, by how much, what does not matter and what breaks; a sentence or none.

    A variant is above or below the baseline where its 95 % interval and its p agree on it.

    Args:
        spec: The declaration as run.
        table: One row a variant, as in `table.csv`.
    """
    baseline = spec["baseline"]
    others = table[(table["variant"] != baseline) & table["difference"].notna()]
    if others.empty:
        return []
    sure = (others["p"] < ALPHA) & (others["difference_low"] * others["difference_high"] > 0)
    above = others["difference"] > 0
    parts = [
        *_better(others[sure & above], baseline, word(spec)),
        *_alike(others[~sure]),
        *_worse(others[sure & ~above]),
        *_broken(table[table["diverged"] > 0]),
    ]
    head = f"On {spec['data']['name']}, each at its own best learning rate"
    return [f"{head}: {'; '.join(parts)}. (Not corrected for the number of variants.)"]


def settled(claims: Sequence[LedgerRow]) -> list[str]:
    """Returns how many claims have which verdict, and which; a sentence or none."""
    by: dict[str, list[str]] = {}
    for claim in claims:
        by.setdefault(claim.row.verdict, []).append(claim.row.id)
    parts = [f"{len(by[w])} {w} ({words.listed(by[w], 12)})" for w in VERDICTS if w in by]
    return [f"Claims: {', '.join(parts)}."] if parts else []


def _better(better: pd.DataFrame, baseline: str, score: str) -> list[str]:
    if better.empty:
        worded = "more accurate" if score == ACCURACY else f"higher in {score}"
        return [f"nothing is shown to be {worded} than {baseline}"]
    first, *rest = better.sort_values("difference", ascending=False, kind="stable").itertuples()
    ends = (first.difference, first.difference_low, first.difference_high)
    gap = words.with_interval(words.points, *ends)
    parts = [f"{first.variant} has most test {score}, {gap} points from {baseline}"]
    if rest:
        parts.append(f"also above {baseline}: {words.listed([row.variant for row in rest])}")
    return parts


def _alike(alike: pd.DataFrame) -> list[str]:
    names = alike["variant"].tolist()
    return [f"not told apart from it: {words.listed(names, 12)}"] if names else []


def _worse(worse: pd.DataFrame) -> list[str]:
    rows = worse.sort_values("difference", kind="stable").itertuples()
    parts = [f"{row.variant} ({words.points(row.difference)})" for row in rows]
    return [f"below it: {words.listed(parts)}"] if parts else []


def _broken(broken: pd.DataFrame) -> list[str]:
    parts = [f"{row.variant} ({row.diverged} of {row.n} runs)" for row in broken.itertuples()]
    return [f"diverged even at its best rate: {words.listed(parts)}"] if parts else []
