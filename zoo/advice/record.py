"""What was found, as a record for files. Pure."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from zoo.advice.clock import Plan
from zoo.advice.finish import Cell, Last, Together
from zoo.advice.knobs import Item
from zoo.advice.paired import Gap
from zoo.advice.race import Race
from zoo.advice.verdicts import Effect, Evidence
from zoo.evidence.statistics import Estimate


def record_of(
    race: Race,
    effects: Mapping[str, Effect],
    overlap: float,
    plan: Plan,
    together: Together | None,
    last: Last | None,
) -> dict[str, Any]:
    """Returns what was found, ready for JSON; numbers are shares of 1.

    Args:
        race: What was asked.
        effects: What it does, by the item's label.
        overlap: Held-out over training examples of a split.
        plan: What every run had in common.
        together: The knobs that help turned together, if it came to that.
        last: What the held-out rows say, if it came to that.
    """
    return {
        "margin": race.margin,
        "epochs": plan.epochs,
        "rates": plan.rates,
        "batch_size": plan.batch_size,
        "looks": race.looks,
        "overlap": _rounded(overlap),
        "smallest_difference": _rounded(race.smallest),
        "baseline": _rounded(race.score),
        "items": [_item(item, effects[item.label], race) for item in race.asked],
        "not_asked": [{"what": label, "why": why} for label, why in race.left.items()],
        "together": None if together is None else _together(together),
        "held_out": None if last is None else _last(last),
    }


def _item(item: Item, effect: Effect, race: Race) -> dict[str, Any]:
    known = effect.evidence
    return {
        "knob": item.knob,
        "from": item.start,
        "to": item.to,
        "difference": _rounded(known.mean),
        "low": _rounded(known.interval[0]),
        "high": _rounded(known.interval[1]),
        "p": _rounded(known.p),
        "splits": known.n,
        "verdict": effect.verdict,
        "rows": effect.rows,
        "seconds": float(f"{race.seconds.get(item.label, 0.0):.2g}"),
    }


def _together(together: Together) -> dict[str, Any]:
    return {
        "cells": [
            {"turned": _labels(cell), "score": _rounded(cell.score), **_evidence(cell.difference)}
            for cell in together.cells
        ],
        "interactions": [
            {"knobs": list(labels), **_ends(told)} for labels, told in together.interactions.items()
        ],
        "best": _labels(together.best),
        "left": [item.label for item in together.left],
    }


def _labels(cell: Cell) -> list[str]:
    return [item.label for item in cell.items]


def _last(last: Last) -> dict[str, Any]:
    rows = next(iter(last.scores.values())).n
    return {
        "rows": rows,
        "scores": [{"model": name, **_ends(told)} for name, told in last.scores.items()],
        "gain": None if last.gain is None else _gap(last.gain),
        "others": [{"model": name, **_gap(gap)} for name, gap in last.others.items()],
        "learning_rates": list(last.rates),
    }


def _gap(told: Gap) -> dict[str, float | None]:
    return {name: _rounded(value) for name, value in dataclasses.asdict(told).items()}


def _ends(told: Estimate) -> dict[str, float | None]:
    return {"mean": _rounded(told.mean), "low": _rounded(told.low), "high": _rounded(told.high)}


def _evidence(told: Evidence) -> dict[str, float | None]:
    low, high = told.interval
    return {"mean": _rounded(told.mean), "low": _rounded(low), "high": _rounded(high)}


def _rounded(value: float) -> float | None:
    return float(f"{value:.6g}") if math.isfinite(value) else None
