"""Runs a measured experiment: calls its function for every variant and seed, writes the tables."""

from __future__ import annotations

import dataclasses
import inspect
import json
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from rich.console import Console
from threadpoolctl import threadpool_limits

from zoo.claims import ALPHA
from zoo.data import NAMES, available
from zoo.errors import Interrupted, ZooError
from zoo.experiment import Measurement
from zoo.results import files, ledger, tables
from zoo.results import measured as measured_tables
from zoo.results.store import Store
from zoo.runner import overrides
from zoo.runner.cells import IMAGE, Kept, rows_of
from zoo.runner.how import How
from zoo.runner.mistakes import mistakes_in
from zoo.runner.pictures import draw
from zoo.runner.prepare import Settings, folder_name
from zoo.runner.progress import counted
from zoo.runner.registry import Entry
from zoo.runs.identity import library_versions
from zoo.runs.phases import phase

OF_RECIPES = ("data", "table", "epochs", "batch_size", "learning_rates", "split")
ALWAYS = "so all is measured each time"  # of what depends on something that keys do not know
MEASURING = "`measure` must return a number for each metric, by its name or (name, place)."


@dataclass(frozen=True)
class Prepared:
    """A measured experiment ready to run.

    Attributes:
        entry: The module.
        experiment: What it declares, at the scale that was asked for.
        folder_name: Name of the results folder.
        seeds: Number of seeds.
        words: Names and values, as text, of what else was set.
    """

    entry: Entry
    experiment: Measurement
    folder_name: str
    seeds: int
    words: tuple[tuple[str, str], ...] = ()


def check_taken(entry: Entry, settings: Settings) -> None:
    """Raises ZooError if a setting is given that is for experiments with a recipe.

    What a measured experiment trains, and on which data, its function says; it takes other data
    sets if `measure` has an argument `data`.
    """
    name, own = entry.name, settings.data is not None and takes_data(entry.load_measurement())
    if own and settings.data not in NAMES:
        raise ZooError(
            f"{name} measures on data sets that the zoo knows: {', '.join(NAMES)}. Received: "
            f"--data {settings.data}"
        )
    for setting in OF_RECIPES:
        if getattr(settings, setting) is not None and not (own and setting == "data"):
            option = f"--{setting.replace('_', '-')}"
            raise ZooError(
                f"{name} measures what its file says, on the data that it says, and takes no "
                f"`{option}`. Leave it out; --seeds, --variants and --set change what can be."
            )


def takes_data(experiment: Measurement) -> bool:
    """Returns whether an experiment measures on the data set that it is told."""
    return "data" in inspect.signature(experiment.measure).parameters


def _other_data(experiment: Measurement, given: str | None) -> str | None:
    """Returns the data set that is given, if an experiment takes it and has not declared it."""
    if given not in NAMES or not takes_data(experiment):
        return None
    declared = inspect.signature(experiment.measure).parameters["data"].default
    return None if given == declared else given


def prepare(entry: Entry, settings: Settings, data_dir: Path | None) -> Prepared:
    """Loads the experiment; of the settings it takes seeds, scale, variants, words, perhaps data.

    Measures nothing.

    Raises:
        ZooError: If there is no such scale or variant, or nothing that words can set.
    """
    if data_dir is not None:
        available(data_dir)  # whose error names the option, not the variable
        os.environ["ZOO_DATA"] = str(data_dir)
    experiment = entry.load_measurement()
    if settings.scale is not None:
        experiment = experiment.at_scale(settings.scale)
    if settings.variants:
        experiment = experiment.only(settings.variants)
    words = overrides.beyond(settings.words, experiment)
    if values := overrides.values_of(words, experiment):
        experiment = dataclasses.replace(experiment, measure=partial(experiment.measure, **values))
    other = _other_data(experiment, settings.data)
    count = settings.seeds if isinstance(settings.seeds, int) else experiment.seeds
    differing = {"scale": settings.scale} if settings.scale else {}
    if other is not None:
        told: Any = partial(experiment.measure, **{"data": other})
        experiment = dataclasses.replace(experiment, measure=told, needs=other)
        differing["data"] = other
    if count != experiment.seeds:
        differing["seeds"] = str(count)
    labels = tuple(experiment.variants) if experiment.left_out else ()
    differing |= overrides.differing(labels, [(name, [text]) for name, text in words])
    set_to = (*words, *([] if other is None else [("data", other)]))
    return Prepared(entry, experiment, folder_name(entry.name, differing), count, set_to)


def plan_of(prepared: Prepared) -> str:
    """Returns how much there is to measure, in a line."""
    variants = len(prepared.experiment.variants)
    return f"{prepared.folder_name}: {variants} variants, {prepared.seeds} seeds, no runs"


def run(prepared: Prepared, how: How) -> tuple[Path, list[str]]:
    """Measures every variant with every seed and writes the results folder.

    Args:
        prepared: What to measure.
        how: How; what is stored, and times that are there, are measured again only if `fresh`.

    Returns:
        The folder: spec.json, measurements.csv, table.csv, table.md, pictures and, with claims,
        verdicts.csv. And lines that say what to do next.

    Raises:
        Interrupted: If the user interrupts.
    """
    experiment = prepared.experiment
    folder = how.results / prepared.folder_name
    known = folder / "measurements.csv"
    lines: list[str] = []
    if experiment.timed and known.is_file() and not how.fresh:
        found = Found(files.read_frame(known), pd.DataFrame(), pd.DataFrame())
    else:
        found, lines = _measured(prepared, how)
    with phase("tables and verdicts"):
        _write(prepared, folder, found)
    draw(folder)
    return folder, [*lines, f"Tables: {folder}{os.sep}"]


class Found(NamedTuple):
    """What was measured.

    Attributes:
        rows: One row a variant, seed, metric and place, in the order of the declaration.
        histograms: One row a variant, place and bin with the share of values in it, over all seeds.
        images: One row a variant, place and row of an image with its numbers, of the first seed.
    """

    rows: pd.DataFrame
    histograms: pd.DataFrame
    images: pd.DataFrame


def on_one_core() -> Any:
    """Returns a context in which matrix products of NumPy and SciPy take one core each.

    Small ones spend their time waiting for a second core where another process has it: what takes
    9 seconds took 9 minutes beside a training.
    """
    return threadpool_limits(1, user_api="blas")


def _measured(prepared: Prepared, how: How) -> tuple[Found, list[str]]:
    """Measures what is not stored; returns it, and lines about it."""
    experiment, seeds = prepared.experiment, prepared.seeds
    with phase("measuring"), Store(how.results) as store:
        kept = None  # times of another day are no help to those of today
        if not experiment.timed:
            kept = Kept(store=store, name=prepared.folder_name, fresh=how.fresh)
        try:
            with mistakes_in(prepared.entry.path, MEASURING), on_one_core():
                found = measure(experiment, seeds, how.console, kept)
        except KeyboardInterrupt:
            there = kept.measured + kept.stored if kept and not kept.unknown else 0
            raise Interrupted(
                f"{there} of {len(experiment.variants) * seeds} cells are stored; "
                "the same command goes on from there."
            ) from None
    if kept is None:
        return found, []
    unknown = [f"{sentence}, {ALWAYS}." for sentence in kept.unknown]
    told = f"Measured {kept.measured} cells, {kept.stored} were stored."
    return found, [told, *unknown]


def _write(prepared: Prepared, folder: Path, found: Found) -> None:
    """Writes everything but the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    files.write_text(folder / "spec.json", json.dumps(spec_of(prepared), indent=2) + "\n")
    files.write_frame(folder / "measurements.csv", found.rows)
    files.write_frame(folder / "table.csv", measured_tables.summarise(found.rows))
    for name in ("histograms", "images"):
        if len(frame := getattr(found, name)):
            files.write_frame(folder / f"{name}.csv", frame)
    text = tables.render(files.read_spec(folder), files.read_table(folder), "md")
    files.write_text(folder / "table.md", text)
    ledger.write(folder)


def help_with(prepared: Prepared, how: How) -> None:
    """Measures cells from the last seed back, while another process begins at the first.

    Raises:
        MistakeError: If measuring fails.
    """
    if not prepared.experiment.timed:
        watched = mistakes_in(prepared.entry.path, MEASURING)
        with Store(how.results) as store, watched, on_one_core():
            kept = Kept(store=store, name=prepared.folder_name)
            kept.help(prepared.experiment, cells_of(prepared.experiment, prepared.seeds))


def cells_of(experiment: Measurement, seeds: int) -> list[tuple[str, int]]:
    """Returns every variant with every seed, by seed: variants may share what a seed costs."""
    return [(label, seed) for seed in range(seeds) for label in experiment.variants]


def measure(
    experiment: Measurement,
    seeds: int,
    console: Console | None = None,
    kept: Kept | None = None,
) -> Found:
    """Measures every variant with every seed.

    Args:
        experiment: What to measure.
        seeds: Number of seeds.
        console: Where progress is shown.
        kept: Where what is measured is kept, and what is there is found; `None` for nowhere.
    """
    rows: list[tuple[Any, ...]] = []
    bins: list[tuple[Any, ...]] = []
    lines: list[tuple[Any, ...]] = []
    cells = cells_of(experiment, seeds)
    if kept:
        kept.begin(experiment, cells)
    found = {
        cell: kept.rows(experiment, *cell) if kept else rows_of(experiment, *cell)
        for cell in counted(cells, "cells", console)
    }
    order = [(label, seed) for label in experiment.variants for seed in range(seeds)]
    for label, seed in order:
        for metric, place, value in found[label, seed]:
            if metric == IMAGE:
                lines += _lines(label, place, value) if seed == 0 else []
            elif isinstance(value, list):
                bins += _bins(label, place, *value)
            else:
                rows.append((label, seed, metric, place, value))
    histograms = pd.DataFrame(bins, columns=["variant", "place", "left", "right", "share"])
    whole = histograms.groupby(["variant", "place", "left", "right"], sort=False, as_index=False)
    columns = ["variant", "seed", "metric", "place", "value"]
    images = pd.DataFrame(lines, columns=["variant", "place", "row", "values"])
    return Found(pd.DataFrame(rows, columns=columns), whole.mean(), images)


def _bins(label: str, place: Any, shares: Any, edges: Any) -> list[tuple[Any, ...]]:
    """Returns the bins of one histogram."""
    return [(label, place, *bin_) for bin_ in zip(edges[:-1], edges[1:], shares, strict=True)]


def _lines(label: str, place: Any, image: Any) -> list[tuple[Any, ...]]:
    """Returns the rows of one image, each with its numbers in one text."""
    texts = (" ".join(f"{value:.3g}" for value in row) for row in image)
    return [(label, place, row, text) for row, text in enumerate(texts)]


def spec_of(prepared: Prepared) -> dict[str, Any]:
    """Returns the declaration as run, ready for JSON."""
    experiment = prepared.experiment
    return {
        "experiment": prepared.folder_name,
        "kind": "measured",
        "question": prepared.entry.question,
        "factor": experiment.factor,
        "baseline": experiment.baseline,
        "places": experiment.places,
        **({"trains": True} if experiment.trains else {}),
        "variants": list(experiment.variants),
        **({"left_out": list(experiment.left_out)} if experiment.left_out else {}),
        **({"set": dict(prepared.words)} if prepared.words else {}),
        "seeds": list(range(prepared.seeds)),
        "versions": library_versions(),
        "alpha": ALPHA,
        "claims": [claim.as_dict() for claim in experiment.claims],
    }
