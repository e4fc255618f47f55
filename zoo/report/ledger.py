"""The ledger for the page: each claim with its verdict by data set and its effect as a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from zoo.report.charts import Chart, Point, Row, rows, small
from zoo.results.effects import effects_of
from zoo.results.files import read_spec
from zoo.results.folders import settled_folder
from zoo.results.ledger import blank
from zoo.results.ledger_order import lectures_of
from zoo.results.ledger_text import evidence_in
from zoo.results.ledger_words import in_words, metric_in_words
from zoo.results.panel import TOGETHER, no_effect, scale_of, shown_row, with_effects
from zoo.results.verdicts import claims_of, describe

Over = Callable[[Callable[[Path], Any], Sequence[Path]], Iterable[Any]]

SIGNS = {
    "supported": "\N{CHECK MARK}",
    "refuted": "\N{MULTIPLICATION X}",
    "depends": "\N{CIRCLE WITH LEFT HALF BLACK}",
    "undecided": "?",
    "not run": "\N{EN DASH}",
}
BRIEF = 220  # letters of the evidence in the ledger
MOST = 6  # pictures of a claim's effects


@dataclass(frozen=True)
class LedgerRow:
    """What stands in a row of the ledger, and in full in its experiment's section.

    Attributes:
        row: As of `ledger.read`, empty texts where a value is missing.
        number: Its number in the whole ledger, which its anchor has.
        topic: Topic of its experiment.
        lectures: Numbers of its lectures.
        by_data: Verdict by data set, where there are several.
        picture: Its first effect on each data set.
        brief: The evidence in few words.
        rule: Its rules in words.
        charts: Its effects with their axes.
    """

    row: Any
    number: int
    topic: str
    lectures: tuple[str, ...]
    by_data: Mapping[str, str]
    picture: Markup
    brief: str
    rule: str
    charts: Sequence[Chart]


@dataclass(frozen=True)
class Drawn:
    """A claim's effects: the verdict on each data set, a small picture, and those with axes."""

    by_data: Mapping[str, str]
    picture: Markup
    charts: Sequence[Chart]


UNDRAWN = Drawn({}, Markup(""), [])


def rows_of(
    root: Path,
    found: pd.DataFrame,
    topic_of: Mapping[str, str],
    first: int = 0,
    over: Over = map,
) -> list[LedgerRow]:
    """Returns the rows of the ledger with what the page shows besides.

    Args:
        root: The results folder.
        found: As `ledger.read` returns it, of what was run as declared.
        topic_of: Topic by experiment.
        first: Number of the first row.
        over: Applies a function to all of some folders; on all cores, if it can.
    """
    told = blank(found)
    torn = told.groupby("id")["verdict"].nunique()
    names = list(dict.fromkeys(told["experiment"]))
    effects = dict(zip(names, over(_drawn, [root / name for name in names]), strict=True))
    rules = {name: _rules(root / name) for name in names}
    lines = []
    for nth, row in enumerate(told.itertuples(), start=first):
        own = effects[row.experiment].get(row.id, UNDRAWN)
        if len(own.by_data) == 1 and set(own.by_data.values()) != {row.verdict}:
            own = UNDRAWN  # its files are from different times
        lines.append(
            LedgerRow(
                row,
                nth,
                topic_of.get(row.experiment.partition("@")[0], ""),
                lectures_of(row.id, row.source),
                own.by_data if len(own.by_data) > 1 else {},
                own.picture,
                evidence_in(row, BRIEF, torn[row.id] > 1),
                rules[row.experiment].get(row.rule, row.rule),
                own.charts,
            )
        )
    return lines


def _drawn(folder: Path) -> dict[str, Drawn]:
    """Returns what is drawn of each claim of an experiment, by id."""
    effects = effects_of(settled_folder(folder))
    return {
        str(claim): Drawn(_by_data(own), _picture(own), charts_of(own))
        for claim, own in effects.groupby("id", sort=False)
    }


def _rules(folder: Path) -> dict[str, str]:
    """Returns the rules of claims in words, by what verdicts.csv has for machines."""
    return {describe(claim): in_words(claim) for claim in claims_of(read_spec(folder))}


def _by_data(effects: pd.DataFrame) -> dict[str, str]:
    single = effects[effects["data"] != TOGETHER]
    return dict(zip(single["data"], single["verdict"], strict=True))


def _groups(effects: pd.DataFrame) -> list[pd.DataFrame]:
    """Returns the effects of a claim that are drawn, each with its rows by data set."""
    drawn = with_effects(effects)
    drawn = drawn[np.isfinite(drawn["value"].astype(float))]
    return [own for _, own in drawn.groupby(["what", "metric"], sort=False)]


def _picture(effects: pd.DataFrame) -> Markup:
    groups = _groups(effects)
    if not groups:
        return Markup("")
    first = groups[0]
    single = first[first["data"] != TOGETHER]
    kind, metric = str(first["kind"].iloc[0]), str(first["metric"].iloc[0])
    if no_effect(kind) is None and len(single) == 1:
        return Markup("")  # one value without a line to compare it with shows nothing
    told = [f"{row.data} {shown_row(row)}".strip() for row in single.itertuples()]
    title = f"{first['what'].iloc[0]}, {metric_in_words(metric)}: {', '.join(told)}"
    return small([_point(row, 1) for row in single.itertuples()], no_effect(kind), title)


def charts_of(effects: pd.DataFrame) -> list[Chart]:
    """Returns the pictures of a claim's first effects; each has a row a data set.

    Args:
        effects: The claim's rows, as in `panel.csv`.
    """
    return [_chart(own) for own in _groups(effects)[:MOST]]


def _chart(own: pd.DataFrame) -> Chart:
    """Draws an effect on every data set, and their mean where there are several."""
    first = next(own.itertuples())
    scale, words = scale_of(str(first.metric)), metric_in_words(str(first.metric))
    single = own[own["data"] != TOGETHER]
    ends = single[["value", "low", "high"]].to_numpy(float).ravel() * scale
    return rows(
        f"{first.what}: {words}",
        [_row(nth, row, scale) for nth, row in enumerate(own.itertuples())],
        "points" if scale > 1 and first.kind == "difference" else words,
        zero=no_effect(str(first.kind)),
        reach=ends.tolist(),
        heads=("data set", "effect [95 % interval]"),
        note="Together: random-effects mean, which decides nothing."
        if len(single) < len(own)
        else "",
    )


def _row(nth: int, row: Any, scale: float) -> Row:
    if row.data == TOGETHER:
        return Row("together", _point(row, scale), shown_row(row))
    return Row(row.data or "measured", _point(row, scale), shown_row(row), nth)


def _point(row: Any, scale: float) -> Point:
    value, low, high = (scale * float(end) for end in (row.value, row.low, row.high))
    return Point(0, value, low, high)


def verdicts_in(root: Path) -> bool:
    """Returns whether any experiment that was run as declared has verdicts."""
    return any("@" not in path.parent.name for path in root.glob("*/verdicts.csv"))
