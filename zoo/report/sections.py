"""What the page says about one experiment, from its results folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from zoo.report import findings, histograms, holds_when, measured, trained, words
from zoo.report.charts import Chart
from zoo.report.ledger import LedgerRow
from zoo.report.svg import number
from zoo.results import kinds, seconds
from zoo.results.files import read_frame, read_spec, read_table, table_in
from zoo.results.ledger_kinds import verdict_counts
from zoo.results.schema import damaged
from zoo.results.trained import told_spec

PICTURES: Mapping[str, Any] = {
    "trained": trained,
    "measured": measured,
    "holds_when": holds_when,
}
# Settings of an optimizer that say something only where they are not these.
QUIET = (None, False, 0, 0.0)
INNER = ("learning_rate", "ema_momentum", "ema_overwrite_frequency", "name")


@dataclass(frozen=True)
class Table:
    """A table of text.

    Attributes:
        heading: What it holds, empty where that is said already.
        columns: Its head.
        rows: Its rows.
    """

    heading: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Section:
    """What the page says about an experiment.

    Attributes:
        name: Name of its results folder.
        topic: Its topic, empty for one of the user's own.
        question: Its question.
        facts: What varies and what stays, by name.
        told: What was found, in a few sentences.
        counts: How many of its claims have which verdict.
        charts: Pictures under their headings.
        tables: Its tables.
        notes: How to read them.
        claims: Its claims.
        grids: Its histograms.
        over: Its tables over all data sets of a panel, and their notes.
        elsewhere: Its tables on other data sets, with their notes, by data set.
        command: What repeats it; empty for one of the user's own, which only they can name.
    """

    name: str
    topic: str
    question: str
    facts: Mapping[str, str]
    told: Sequence[str]
    counts: Sequence[str]
    charts: Mapping[str, Sequence[Chart]]
    tables: Sequence[Table]
    notes: Sequence[str]
    claims: Sequence[LedgerRow] = ()
    grids: Sequence[histograms.Grid] = ()
    over: tuple[Sequence[Table], Sequence[str]] = ((), ())
    elsewhere: Mapping[str, tuple[Sequence[Table], Sequence[str]]] = field(default_factory=dict)
    command: str = ""


def section_of(
    folder: Path, topic: str, claims: Sequence[LedgerRow], panel: Path | None = None
) -> Section:
    """Returns what the page says about a results folder.

    Args:
        folder: The folder.
        topic: Topic of its experiment.
        claims: Its claims with their verdicts.
        panel: The folder of the panel that it was settled on.
    """
    return with_claims(without_claims(folder, topic, panel), claims)


def with_claims(section: Section, claims: Sequence[LedgerRow]) -> Section:
    """Returns what the page says about an experiment with what became of its claims."""
    verdicts = pd.Series([claim.row.verdict for claim in claims], dtype=object)
    told = [*section.told, *findings.settled(claims)]
    return replace(section, claims=claims, told=told, counts=verdict_counts(verdicts))


def without_claims(folder: Path, topic: str, panel: Path | None = None) -> Section:
    """Returns what `section_of` does, as if the experiment had no claims."""
    spec, table = told_spec(folder), _table(folder)
    kind = kinds.kind_of(spec)
    pictures = PICTURES[kind].charts(folder, spec) if kind in PICTURES else {}
    grids = _histograms(folder, spec, kind) if (folder / "histograms.csv").is_file() else []
    tables, notes = _tables(spec, table)
    elsewhere = _elsewhere(folder, panel) if panel else {}
    over = _tables(read_spec(panel), read_table(panel)) if panel else ([], [])
    return Section(
        name=folder.name,
        topic=topic,
        question=spec["question"],
        facts=_facts(spec, kind),
        told=_found(spec, table, kind),
        counts=[],
        charts=pictures,
        grids=grids,
        tables=tables,
        notes=[*notes, *filter(None, [seconds.line_of(folder)])],
        over=over,
        elsewhere=elsewhere,
        command=_command(folder.name, panel is not None) if topic else "",
    )


def _table(folder: Path) -> pd.DataFrame:
    """Returns the table of a folder: where an experiment was run it has rows, each once."""
    table = read_table(folder)
    if kinds.kind_of(read_spec(folder)) not in kinds.WITH_ROWS:
        return table
    keys = [name for name in ("variant", "metric", "place") if name in table.columns]
    if table.empty or table.duplicated(keys).any():
        told = "it has no rows" if table.empty else "a row stands twice"
        raise damaged(table_in(folder), told)
    return table


def _histograms(folder: Path, spec: Mapping[str, Any], kind: str) -> list[histograms.Grid]:
    own = read_frame(folder / "histograms.csv")
    draw = histograms.measured if kind == "measured" else histograms.recorded
    return [draw(spec, own)] if len(own) else []


def _found(spec: Mapping[str, Any], table: pd.DataFrame, kind: str) -> list[str]:
    return findings.found(spec, table) if kind == "trained" else []


def _command(name: str, over_panel: bool) -> str:
    """Returns what repeats an experiment; empty where its folder's name does not say it."""
    experiment, _, settings = name.partition("@")
    if settings and settings != "panel":
        return ""
    return f"python -m zoo run {experiment}" + " --panel" * (over_panel or bool(settings))


def _tables(spec: Mapping[str, Any], table: pd.DataFrame) -> tuple[list[Table], list[str]]:
    kind = kinds.of(spec)
    blocks = kind.blocks(spec, table)
    found = [
        Table(
            heading,
            [str(head) or "name" for head in own.columns],
            own.astype(str).to_numpy().tolist(),
        )
        for heading, own in blocks
    ]
    return found, list(kind.notes(spec, table))


def _elsewhere(folder: Path, panel: Path) -> Mapping[str, tuple[Sequence[Table], Sequence[str]]]:
    """Returns the tables on the other data sets of a panel."""
    spec = read_spec(panel)
    found = {}
    for name, run in zip(spec["datasets"], spec["runs"], strict=True):
        other = folder.with_name(run)
        if other != folder and (other / "spec.json").is_file():
            found[f"on {name}"] = _tables(told_spec(other), _table(other))
    return found


def _facts(spec: Mapping[str, Any], kind: str) -> dict[str, str]:
    """Returns what varies and what stays, by name."""
    baseline = f" Baseline: {spec['baseline']}." if spec.get("baseline") else ""
    facts = {"varies": f"{spec['factor']}: {', '.join(spec['variants'])}.{baseline}"}
    if kind == "trained":
        facts["stays"] = _stays(spec)
        facts["learning rates"] = _rates(spec.get("learning_rates"))
    if kind == "holds_when":
        swept = spec["swept"].items()
        facts["set"] = "; ".join(f"{name} {', '.join(values)}" for name, values in swept)
    if kind in ("panel", "holds_when"):
        facts["stays"] = "; ".join(spec["setting"])
    if kind == "measured":
        facts["stays"] = "All else; nothing is trained but what the measurement itself trains."
    if "seeds" in spec:
        facts["seeds"] = str(len(spec["seeds"]))
    versions = spec.get("versions", {})
    if versions:
        facts["versions"] = ", ".join(f"{name} {each}" for name, each in versions.items())
    return {name: text for name, text in facts.items() if text}


def _stays(spec: Mapping[str, Any]) -> str:
    recipe, data = spec["recipe"], spec["data"]
    parts = [
        f"{data['name']} ({data['train']:,} training, {data['validation']:,} validation, "
        f"{data['test']:,} test examples)",
        _optimizer(recipe.get("optimizer")),
        str(recipe.get("loss") or ""),
        f"{recipe['epochs']} epochs, batch {recipe['batch_size']}",
    ]
    return "; ".join(filter(None, parts))


def _optimizer(told: Any) -> str:
    if not isinstance(told, Mapping) or not isinstance(told.get("class"), str):
        return ""
    settings = [
        f"{name.replace('_', ' ')} {value}"
        for name, value in told.get("config", {}).items()
        if name not in INNER and isinstance(value, int | float) and value not in QUIET
    ]
    return ", ".join([told["class"].rpartition(".")[2], *settings])


def _rates(by_variant: Any) -> str:
    """Returns the grids of learning rates in words."""
    if not isinstance(by_variant, Mapping):
        return ""
    grids: dict[str, list[str]] = {}
    for label, rates in by_variant.items():
        grids.setdefault(", ".join(map(number, rates)), []).append(label)
    if len(grids) == 1:
        return f"{next(iter(grids))}; each variant counts at its best on validation data."
    return "; ".join(f"{grid} ({words.listed(labels)})" for grid, labels in grids.items())
