"""What the page says about a search, from its trials."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from zoo.report import words
from zoo.report.charts import Chart, Point, Series, lines
from zoo.report.sections import Section, Table
from zoo.report.svg import number
from zoo.results.files import read_frame, read_spec
from zoo.results.ledger_words import metric_in_words
from zoo.results.panel import scale_of

FOLDER = "tuning"
MOST = 20  # trials in the table
SCORES = ("stage", "trial", "status", "score", "deviation", "runs", "diverged", "epochs", "error")


def folders(root: Path) -> list[Path]:
    """Returns the folders of the searches in a results folder, sorted by name."""
    there = (path.parent for path in (root / FOLDER).glob("*/spec.json"))
    return sorted(folder for folder in there if (folder / "trials.csv").is_file())


def section_of(folder: Path, topic: str) -> Section:
    """Returns what the page says about a search.

    Args:
        folder: Holds `spec.json` and `trials.csv`.
        topic: Topic of its experiment.
    """
    spec, trials = read_spec(folder), read_frame(folder / "trials.csv")
    metric, down = spec["objective"], spec.get("direction") == "min"
    told, facts = words.teller(metric), ("strategy", "executions", "epochs", "data", "seed")
    ranked = trials.sort_values("score", ascending=down, kind="stable")
    best = ranked[ranked["status"] == "completed"].head(1)
    found = [
        f"Of {len(trials)} trials number {row.trial} is best, {metric_in_words(metric)} "
        f"{told(float(row.score))}{' %' * (scale_of(metric) > 1)}."
        for row in best.itertuples()
    ]
    return Section(
        name=f"{FOLDER}/{folder.name}",
        topic=topic,
        question=spec["question"],
        facts={
            "space": "; ".join(map(str, spec.get("space", ()))) or "that of the hypermodel",
            **{name: str(spec[name]) for name in facts if name in spec},
        },
        told=found,
        counts=(),
        charts={"Trials": [_chart(trials, metric, down)]} if len(trials) else {},
        tables=[_table(ranked, metric)],
        notes=[f"The best {MOST} of {len(trials)} trials."] if len(trials) > MOST else [],
    )


def _chart(trials: pd.DataFrame, metric: str, down: bool) -> Chart:
    """Draws the score of each trial, and the best until then."""
    scale, best = scale_of(metric), math.nan
    single, so_far = [], []
    for nth, score in enumerate(trials["score"].astype(float).tolist(), start=1):
        if math.isfinite(score):
            better = math.isnan(best) or (score < best if down else score > best)
            best = score if better else best
        single.append(Point(nth, scale * score))
        so_far.append(Point(nth, scale * best))
    told = words.teller(metric)
    unit = " (%)" if scale > 1 else ""
    return lines(
        "Score of each trial",
        [Series("best so far", so_far), Series("trial", single, 2)],
        "trial",
        metric_in_words(metric) + unit,
        text=lambda value: told(value / scale),
    )


def _table(ranked: pd.DataFrame, metric: str) -> Table:
    varied = [
        str(name)
        for name in ranked.columns
        if name not in SCORES and not str(name).startswith(f"{metric}_")
    ]
    columns = ["trial", metric_in_words(metric), "status", *varied]
    rows = [_cells(row, metric, varied) for row in ranked.head(MOST).to_dict("records")]
    return Table("", columns, rows)


def _cells(row: Mapping[Any, Any], metric: str, varied: list[str]) -> list[str]:
    score = words.teller(metric)(float(row["score"]))
    return [str(row["trial"]), score, str(row["status"]), *(_said(row[name]) for name in varied)]


def _said(value: Any) -> str:
    return number(value) if isinstance(value, float) else str(value)
