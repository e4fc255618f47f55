"""The chosen learning rates, which spec.json keeps: chosen once, read everywhere.

`rates` has each variant's rate by validation accuracy, `tied` the others that validate as well, and
`rates_by` both for the metrics of claims that choose their own. A spec.json without them is of an
older version: they are chosen from its runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from zoo.evidence.metrics import VALIDATION, inside
from zoo.evidence.rates import Rates, choose, choose_all
from zoo.results.files import overlap_of

KEYS = ("rates", "tied", "rates_by")


def with_rates(
    spec: Mapping[str, Any], runs: pd.DataFrame, chosen: Mapping[str, float] | None = None
) -> dict[str, Any]:
    """Returns the declaration with the rates that its runs choose.

    Args:
        spec: The declaration as run.
        runs: One row a run, at all rates; the seeds of the declaration choose.
        chosen: Each variant's rate by validation accuracy if it has been chosen already.
    """
    rates = choose_rates(spec, runs, chosen)
    own = {name: _as_dict(found) for name, found in rates.items() if name != VALIDATION}
    kept = {key: value for key, value in spec.items() if key not in (*KEYS, "claims")}
    claims = {"claims": spec["claims"]} if "claims" in spec else {}
    return kept | _as_dict(rates[VALIDATION]) | ({"rates_by": own} if own else {}) | claims


def rates_in(
    spec: Mapping[str, Any], runs: pd.DataFrame, chosen: Mapping[str, float] | None = None
) -> dict[str, Rates]:
    """Returns the rates by what chose them, as the runs have them; not of variants without runs.

    Args:
        spec: The declaration as run.
        runs: One row a run, at all rates.
        chosen: As in `with_rates`, for a declaration that does not have them.
    """
    if "rates" not in spec:
        return choose_rates(spec, runs, chosen)
    there = {label: own.unique() for label, own in runs.groupby("variant")["learning_rate"]}

    def own(saved: Mapping[str, Any]) -> Rates:
        chosen = {k: _nearest(there[k], rate) for k, rate in saved["rates"].items() if k in there}
        tied = {
            label: tuple(_nearest(there[label], rate) for rate in rates)
            for label, rates in saved.get("tied", {}).items()
            if label in there
        }
        return Rates(chosen, tied)

    return {VALIDATION: own(spec)} | {k: own(v) for k, v in spec.get("rates_by", {}).items()}


def choose_rates(
    spec: Mapping[str, Any], runs: pd.DataFrame, chosen: Mapping[str, float] | None = None
) -> dict[str, Rates]:
    """Returns the rates that runs choose, by what chooses them. Arguments as in `with_rates`."""
    choosing = runs[runs["seed"].isin(spec["seeds"])]
    rules = [rule for claim in spec.get("claims", []) for rule in claim["rules"]]
    metrics = {inside(rule["metric"]) for rule in rules}
    overlap = overlap_of(spec)
    found = choose_all(choosing, metrics, overlap)
    if chosen is not None:
        found[VALIDATION] = choose(choosing, VALIDATION, chosen, overlap)
    return found


def _as_dict(rates: Rates) -> dict[str, Any]:
    tied = {label: list(others) for label, others in rates.tied.items()}
    return {"rates": dict(rates.chosen), "tied": tied}


def _nearest(there: Any, rate: float) -> float:
    """Returns a rate as the runs have it, which a file may have rounded."""
    return float(min(there, key=lambda each: abs(each - rate)))
