"""What a notebook shows of one experiment: the page's table and pictures, without its script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from zoo.report.charts import Chart
from zoo.report.ledger import BRIEF, SIGNS, charts_of
from zoo.report.page import environment, text_of
from zoo.report.sections import Section, section_of
from zoo.results import kinds, ledger
from zoo.results.files import read_spec, read_table
from zoo.results.folders import settled_folder
from zoo.results.ledger_text import evidence_in

STYLES = ("palette.css", "notebook.css", "figures.css")
MOST = 6  # pictures


@dataclass(frozen=True)
class Settled:
    """A claim with its verdict.

    Attributes:
        row: As of `ledger.read`, empty texts where a value is missing.
        brief: The evidence in few words.
    """

    row: Any
    brief: str


def html_of(folder: Path) -> str:
    """Returns table, first pictures and verdicts of an experiment as a piece of a page.

    It needs no script and no network, and its style reaches nothing beside it. What users wrote
    is text in it.

    Args:
        folder: The results folder of an experiment or a panel.

    Raises:
        ZooError: If a file is damaged.
    """
    section = section_of(folder, "", ())
    return environment().get_template("notebook.html.j2").render(
        each=section,
        charts=_charts(folder, section),
        claims=_claims(folder),
        signs=SIGNS,
        style=Markup("\n").join(Markup(text_of(name)) for name in STYLES),
    )  # fmt: skip


def _claims(folder: Path) -> list[Settled]:
    if not (settled_folder(folder) / "verdicts.csv").is_file():
        return []
    found = ledger.blank(ledger.read(folder.parent, [folder.name]))
    torn = found.groupby("id")["verdict"].nunique()
    return [Settled(row, evidence_in(row, BRIEF, torn[row.id] > 1)) for row in found.itertuples()]


def _charts(folder: Path, section: Section) -> Sequence[Chart]:
    """Returns the pictures under the first heading; of a panel each claim's first effect."""
    if kinds.kind_of(read_spec(folder)) == "panel":
        by_claim = read_table(folder).groupby("id", sort=False)
        found = [chart for _, own in by_claim for chart in charts_of(own)[:1]]
    else:
        found = list(next(iter(section.charts.values()), ()))
    return found[:MOST]
