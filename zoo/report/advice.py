"""What the page says about advice on somebody's data, from what was found."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zoo.errors import capital
from zoo.report import words
from zoo.report.charts import Chart, Point, Row, rows
from zoo.report.sections import Section, Table
from zoo.report.svg import number
from zoo.results.advised import (
    FOLDER,
    ORDER,
    ordered,
    rate_words,
    read_advice,
    stricter_words,
    title_of,
)

TOPIC = "advice"
ASKS = "Which knobs matter on given data, by how much, and what should be changed?"
MODELS = {"baseline": "baseline network", "advised": "advised network"}


def section_of(folder: Path) -> Section:
    """Returns what the page says about advice.

    Args:
        folder: Holds `advice.json`.
    """
    record = read_advice(folder)
    items = ordered(record["items"])
    held = record["held_out"]
    return Section(
        name=f"{FOLDER}/{folder.name}",
        topic=TOPIC,
        question=f"What should be changed on {title_of(record)}?",
        facts=_facts(record),
        told=[record["sentence"]],
        counts=(),
        charts={"Knobs by verdict": _charts(record, items)} if items else {},
        tables=[_knobs(items), *([_models(record, held)] if held else [])],
        notes=[
            f"Differences are in points, at {rate_words(record)}. "
            f"What lies within {100 * record['margin']:.1f} (grey) does not matter.",
            *(f"{capital(text)}." for text in [stricter_words(items)] if text),
        ],
        command=record["command"],
    )


def _facts(record: Mapping[str, Any]) -> dict[str, str]:
    start = f"One knob at a time, from {record['network']}."
    facts = {
        "varies": start,
        "data": f"{record['rows']:,} rows asked, {record['kept_back']:,} kept back",
        "not asked": "; ".join(f"{each['what']} ({each['why']})" for each in record["not_asked"]),
    }
    return {name: text for name, text in facts.items() if text}


def _charts(record: Mapping[str, Any], items: Sequence[Mapping[str, Any]]) -> list[Chart]:
    """Draws what each knob does, by verdict and on one scale."""
    sizes = sorted(abs(_point(row).y) for row in items)
    margin = 100 * record["margin"]
    # So far that one huge effect does not hide the others.
    reach = max([4 * margin, *(2 * size for size in sizes[: 3 * len(sizes) // 4 + 1][-1:])])
    return [
        rows(
            f"{verdict.capitalize()}: difference of test {record['score']} from the baseline",
            [Row(_turned(row), _point(row), _told(row)) for row in own],
            "points",
            floor=margin,
            reach=(-reach, reach),
            heads=("knob", "difference [95 % interval]"),
        )
        for verdict in ORDER
        if (own := [row for row in items if row["verdict"] == verdict])
    ]


def _knobs(items: Sequence[Mapping[str, Any]]) -> Table:
    columns = ("knob", "from", "to", "difference", "verdict", "rows to decide", "splits", "p")
    cells = [
        [
            *(str(row[name]) for name in ("knob", "from", "to")),
            _told(row),
            str(row["verdict"]),
            f"{row['rows']:,}" if row["rows"] else "",
            str(row["splits"]),
            "" if row["p"] is None else number(row["p"]),
        ]
        for row in items
    ]
    return Table("", columns, cells)


def _models(record: Mapping[str, Any], held: Mapping[str, Any]) -> Table:
    heading = f"On the {held['rows']:,} rows kept back"
    cells = [
        [
            MODELS.get(row["model"], str(row["model"])),
            words.with_interval(words.percent, *_shares(row, "mean")),
        ]
        for row in held["scores"]
    ]
    return Table(heading, ("model", f"{record['score']} %"), cells)


def _turned(row: Mapping[str, Any]) -> str:
    return f"{row['knob']}: {row['to']}"


def _told(row: Mapping[str, Any]) -> str:
    return words.with_interval(words.points, *_shares(row, "difference"))


def _point(row: Mapping[str, Any]) -> Point:
    mean, low, high = (100 * share for share in _shares(row, "difference"))
    return Point(0, mean, low, high)


def _shares(row: Mapping[str, Any], name: str) -> tuple[float, float, float]:
    """Returns a mean and the ends of its interval, `NaN` for what is not known."""
    mean, low, high = (
        math.nan if row[each] is None else float(row[each]) for each in (name, "low", "high")
    )
    return mean, low, high
