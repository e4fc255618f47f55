"""Runs a measured experiment: calls its function for every variant and seed, writes the tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import pandas as pd
from rich.console import Console
from rich.progress import track

from zoo.claims import ALPHA
from zoo.experiment import Measurement
from zoo.figures import measured as measured_plots
from zoo.results import files, ledger, tables
from zoo.results import measured as measured_tables
from zoo.runner.registry import Entry
from zoo.runs.identity import library_versions


def run(
    entry: Entry,
    experiment: Measurement,
    root: Path,
    seeds: int | None = None,
    scale: str | None = None,
    *,
    fresh: bool = False,
    console: Console | None = None,
) -> Path:
    """Measures every variant with every seed and writes the results folder.

    Args:
        entry: The module.
        experiment: What it declares.
        root: The results folder of all experiments.
        seeds: Number of seeds instead of the declared one.
        scale: One of the experiment's larger sizes.
        fresh: Whether times are measured again if they are there.
        console: Where progress is shown, if it is a terminal.

    Returns:
        The folder: spec.json, measurements.csv, table.csv, table.md, pictures and, with claims,
        verdicts.csv.
    """
    if scale is not None:
        experiment = experiment.at_scale(scale)
    count = seeds or experiment.seeds
    parts = [f"scale={scale}"] * (scale is not None)
    parts += [f"seeds={count}"] * (count != experiment.seeds)
    changed = "@" * bool(parts) + ",".join(parts)
    folder = root / f"{entry.name}{changed}"
    known = folder / "measurements.csv"
    if experiment.timed and known.is_file() and not fresh:
        rows, histograms = files.read_frame(known), pd.DataFrame()
    else:
        rows, histograms = measure(experiment, count, console)
    folder.mkdir(parents=True, exist_ok=True)
    spec = spec_of(entry, experiment, folder.name, count)
    files.write_text(folder / "spec.json", json.dumps(spec, indent=2) + "\n")
    files.write_frame(folder / "measurements.csv", rows)
    files.write_frame(folder / "table.csv", measured_tables.summarise(rows))
    if len(histograms):
        files.write_frame(folder / "histograms.csv", histograms)
    text = tables.render(files.read_spec(folder), files.read_table(folder), "md")
    files.write_text(folder / "table.md", text)
    if len(ledger.write(folder)) and not changed:
        ledger.write_ledger(root)
    measured_plots.plot_results(folder)
    return folder


def measure(
    experiment: Measurement, seeds: int, console: Console | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measures every variant with every seed.

    Args:
        experiment: What to measure.
        seeds: Number of seeds.
        console: Where progress is shown, if it is a terminal.

    Returns:
        One row a variant, seed, metric and place, in the order of the declaration; and the
        histograms, one row a variant, place and bin with the share of values in it, over all seeds.
    """
    rows: list[tuple[Any, ...]] = []
    bins: list[tuple[Any, ...]] = []
    cells = [(*each, seed) for each in experiment.variants.items() for seed in range(seeds)]
    hidden = console is None or not console.is_terminal
    shown = track(cells, experiment.factor, console=console, transient=True, disable=hidden)
    for label, value, seed in shown:
        keras.utils.clear_session(free_memory=False)
        keras.utils.set_random_seed(seed)
        for name, found in experiment.measure(value, seed).items():
            metric, place = name if isinstance(name, tuple) else (name, "")
            if isinstance(found, tuple):
                bins += _bins(label, place, *found)
            else:
                rows.append((label, seed, metric, place, float(found)))
    histograms = pd.DataFrame(bins, columns=["variant", "place", "left", "right", "share"])
    whole = histograms.groupby(["variant", "place", "left", "right"], sort=False, as_index=False)
    columns = ["variant", "seed", "metric", "place", "value"]
    return pd.DataFrame(rows, columns=columns), whole.mean()


def _bins(label: str, place: Any, shares: Any, edges: Any) -> list[tuple[Any, ...]]:
    """Returns the bins of one histogram."""
    return [(label, place, *bin_) for bin_ in zip(edges[:-1], edges[1:], shares, strict=True)]


def spec_of(entry: Entry, experiment: Measurement, name: str, seeds: int) -> dict[str, Any]:
    """Returns the declaration as run, ready for JSON."""
    return {
        "experiment": name,
        "kind": "measured",
        "question": entry.question,
        "factor": experiment.factor,
        "baseline": experiment.baseline,
        "places": experiment.places,
        **({"trains": True} if experiment.trains else {}),
        "variants": list(experiment.variants),
        "seeds": list(range(seeds)),
        "versions": library_versions(),
        "alpha": ALPHA,
        "claims": [claim.as_dict() for claim in experiment.claims],
    }
