"""Runs a measured experiment: calls its function for every variant and seed, writes the tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import pandas as pd

from zoo import ledger, tables
from zoo.claims import ALPHA
from zoo.experiment import Measurement
from zoo.identity import library_versions
from zoo.registry import Entry
from zoo.statistics import mean_interval


def run(entry: Entry, experiment: Measurement, root: Path, seeds: int | None = None) -> Path:
    """Measures every variant with every seed and writes the results folder.

    Args:
        entry: The module.
        experiment: What it declares.
        root: The results folder of all experiments.
        seeds: Number of seeds instead of the declared one.

    Returns:
        The folder: spec.json, measurements.csv, table.csv, table.md and, with claims, verdicts.csv.
    """
    count = seeds or experiment.seeds
    rows = measure(experiment, count)
    changed = f"@seeds={count}" if count != experiment.seeds else ""
    folder = root / f"{entry.name}{changed}"
    folder.mkdir(parents=True, exist_ok=True)
    spec = spec_of(entry, experiment, folder.name, count)
    tables.write_text(folder / "spec.json", json.dumps(spec, indent=2) + "\n")
    tables.write_frame(folder / "measurements.csv", rows)
    tables.write_frame(folder / "table.csv", table_frame(rows))
    text = tables.render(tables.read_spec(folder), tables.read_table(folder), "md")
    tables.write_text(folder / "table.md", text)
    if len(ledger.write(folder)) and not changed:
        ledger.write_ledger(root)
    return folder


def measure(experiment: Measurement, seeds: int) -> pd.DataFrame:
    """Returns one row a variant, seed, metric and place, in the order of the declaration."""
    rows = []
    for label, value in experiment.variants.items():
        for seed in range(seeds):
            keras.utils.clear_session(free_memory=False)
            keras.utils.set_random_seed(seed)
            for name, number in experiment.measure(value, seed).items():
                metric, place = name if isinstance(name, tuple) else (name, "")
                rows.append((label, seed, metric, place, float(number)))
    return pd.DataFrame(rows, columns=["variant", "seed", "metric", "place", "value"])


def table_frame(rows: pd.DataFrame) -> pd.DataFrame:
    """Returns mean and 95 % interval over the seeds by variant, metric and place."""
    cells = []
    for key, group in rows.groupby(["variant", "metric", "place"], sort=False, dropna=False):
        found = mean_interval(group["value"].tolist())
        cells.append((*key, found.mean, found.low, found.high, found.n))
    names = ["variant", "metric", "place", "mean", "low", "high", "n"]
    return pd.DataFrame(cells, columns=names)


def spec_of(entry: Entry, experiment: Measurement, name: str, seeds: int) -> dict[str, Any]:
    """Returns the declaration as run, ready for JSON."""
    return {
        "experiment": name,
        "kind": "measured",
        "question": entry.question,
        "factor": experiment.factor,
        "baseline": experiment.baseline,
        "variants": list(experiment.variants),
        "seeds": list(range(seeds)),
        "versions": library_versions(),
        "alpha": ALPHA,
        "claims": [claim.as_dict() for claim in experiment.claims],
    }
