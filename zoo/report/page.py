"""Writes the page: every comparison and every verdict, in one file that asks for nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from zoo.catalogue import LECTURES
from zoo.claims import VERDICTS
from zoo.errors import ZooError, printable
from zoo.report import advice, search
from zoo.report.ledger import SIGNS, LedgerRow, Over, rows_of, verdicts_in
from zoo.report.sections import Section, with_claims, without_claims
from zoo.results import advised, kinds, ledger
from zoo.results.files import read_spec, write_text
from zoo.results.folders import PANEL, inside_panels, settled_folder
from zoo.results.ledger_kinds import headline
from zoo.results.ledger_order import sections

FILES = Path(__file__).with_name("templates")
NAME = "index.html"


def write(
    root: Path, topics: Mapping[str, str], topic_of: Mapping[str, str], over: Over = map
) -> tuple[Path, int]:
    """Writes `index.html` into a results folder; the same results give the same bytes.

    Args:
        root: The results folder.
        topics: The question of each topic, in their order.
        topic_of: Topic by experiment.
        over: Applies a function to all of some folders; on all cores, if it can.

    Returns:
        The file, and how many experiments it shows.

    Raises:
        ZooError: If there are no results, or a file is damaged.
    """
    folders = shown_folders(root)
    if not folders and not search.folders(root) and not advised.folders(root):
        raise ZooError(f"There are no results in {root}. `python -m zoo run` makes some.")
    claims = _claims(root, topic_of, over)
    more = _claims_besides(root, folders, topic_of, len(claims))
    told = over(partial(_section, topic_of=topic_of), folders)
    found = [
        with_claims(section, _own(folder, [*claims, *more]))
        for folder, section in zip(folders, told, strict=True)
    ]
    found += [_search(folder, topic_of) for folder in search.folders(root)]
    found += [advice.section_of(folder) for folder in advised.folders(root)]
    write_text(root / NAME, render(found, claims, topics))
    return root / NAME, sum(section.topic != advice.TOPIC for section in found)


def shown_folders(root: Path) -> list[Path]:
    """Returns the results folders that have a section of their own, sorted by name.

    Panels and the single data sets that they are made of stand in their experiment's section.
    """
    there = sorted(path.parent for path in root.glob("*/spec.json"))
    there = [folder for folder in there if kinds.kind_of(read_spec(folder)) in kinds.KINDS]
    inside = inside_panels(there)
    return [folder for folder in there if folder.name not in inside]


def render(found: Sequence[Section], claims: Sequence[LedgerRow], topics: Mapping[str, str]) -> str:
    """Returns the page.

    Args:
        found: What it says about each experiment.
        claims: The ledger, in the order in which it is shown.
        topics: The question of each topic, in their order.
    """
    own = [*topics, *sorted({each.topic for each in found} - set(topics))]
    by_topic = {name: [each for each in found if each.topic == name] for name in own}
    return environment().get_template("page.html.j2").render(
        by_topic={name: each for name, each in by_topic.items() if each},
        topics={**topics, advice.TOPIC: advice.ASKS},
        claims=claims,
        headline=_headline(claims),
        lectures=LECTURES,
        verdicts=VERDICTS,
        signs=SIGNS,
        experiments=len(found),
        style=_style(),
        script=Markup(text_of("script.js")),
    )  # fmt: skip


def _claims(root: Path, topic_of: Mapping[str, str], over: Over) -> list[LedgerRow]:
    """Returns the rows of the ledger in the order of the lectures."""
    if not verdicts_in(root):
        return []
    frame = ledger.read(root)
    ordered = [place for each in sections(ledger.blank(frame)) for place in each.rows.index]
    return rows_of(root, frame.loc[ordered].reset_index(drop=True), topic_of, over=over)


def _claims_besides(
    root: Path, folders: Sequence[Path], topic_of: Mapping[str, str], first: int
) -> list[LedgerRow]:
    """Returns the claims of what was not run as declared, which the ledger leaves out."""
    names = [each.name for each in folders if "@" in each.name]
    names = [name for name in names if (root / name / "verdicts.csv").is_file()]
    if not names:
        return []
    return rows_of(root, ledger.read(root, names), topic_of, first)


def _section(folder: Path, topic_of: Mapping[str, str]) -> Section:
    panel = settled_folder(folder)
    topic = topic_of.get(folder.name.partition("@")[0], "")
    return without_claims(folder, topic, panel if panel != folder else None)


def _own(folder: Path, claims: Sequence[LedgerRow]) -> list[LedgerRow]:
    names = {folder.name, settled_folder(folder).name}
    return [claim for claim in claims if claim.row.experiment in names]


def _search(folder: Path, topic_of: Mapping[str, str]) -> Section:
    return search.section_of(folder, topic_of.get(folder.name.partition("@")[0], ""))


def _headline(claims: Sequence[LedgerRow]) -> list[str]:
    rows = [(c.row.id, c.row.verdict, c.row.kind, c.row.data) for c in claims]
    return headline(pd.DataFrame(rows, columns=["id", "verdict", "kind", "data"])) if rows else []


def anchor(name: str) -> str:
    """Returns the id of an experiment's section."""
    return "_".join(printable(name, kept="").removesuffix(PANEL).split())


def _style() -> Markup:
    palette, *rules = (text_of(f"{name}.css") for name in ("palette", "figures", "style"))
    return Markup("\n").join(map(Markup, [f":root {{\n{palette}\n}}", *rules]))


def environment() -> Environment:
    """Returns what renders the templates; whatever is put into them is text, not markup."""
    environment = Environment(
        loader=FileSystemLoader(FILES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters["anchor"] = anchor
    environment.filters["link"] = lambda name: f"#{quote(anchor(name))}"
    environment.filters["breakable"] = lambda name: escape(name).replace("_", Markup("_<wbr>"))
    environment.filters["said"] = lambda word: word[:1].upper() + word[1:].replace("_", " ")
    return environment


def _shown(value: Any) -> Any:
    """Returns a text without what a page obeys instead of showing."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def text_of(name: str) -> str:
    """Returns a file beside the templates, such as a style."""
    return (FILES / name).read_text(encoding="utf-8").strip()
