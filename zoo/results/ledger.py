"""The ledger: the claims of all experiments with their verdicts, from the results folders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from zoo import catalogue
from zoo.errors import ZooError
from zoo.results import kinds, ledger_text
from zoo.results.files import read_frame, read_spec, results_folder, write_text
from zoo.results.folders import settled_folder
from zoo.results.ledger_kinds import kind_of, verdict_counts
from zoo.results.ledger_order import lectures, sections
from zoo.results.verdicts import COLUMNS, claims_of, describe, verdicts_frame, words_of

CONTEXT = ["kind", "data", "tested"]
FORMATS = ("text", "md", "csv")
LECTURES = "lectures"  # the folder


def write(folder: Path) -> pd.DataFrame:
    """Writes verdicts.csv of a results folder from its spec.json and runs.csv."""
    spec = read_spec(folder)
    kind = kinds.of(spec)
    rows = kind.rows_of(folder)
    frame = verdicts_frame(spec, rows, kind.rates_of(folder, rows))
    if len(frame):
        write_text(folder / "verdicts.csv", _csv(frame))
    else:
        (folder / "verdicts.csv").unlink(missing_ok=True)
    return frame


def read(root: Path, names: Sequence[str] = (), *, over_panels: bool = True) -> pd.DataFrame:
    """Reads the verdicts of experiments.

    Args:
        root: The results folder.
        names: Folders in it; empty for all that were run as declared.
        over_panels: Whether an experiment that was settled on a panel of data sets has the verdicts
            of the panel.

    Returns:
        One row a claim and experiment, sorted by id, with the columns `experiment`, `COLUMNS` and
        `CONTEXT`: the kind of claim, the data sets that were trained on, what the verdict is on.
    """
    if names:
        folders = [results_folder(root, name) for name in names]
    else:
        folders = sorted(path.parent for path in root.glob("*/spec.json"))
        folders = [folder for folder in folders if "@" not in folder.name]
    if over_panels:
        folders = list(map(settled_folder, folders))
    frames = [
        _in_context(read_frame(folder / "verdicts.csv"), read_spec(folder), folder.name)
        for folder in folders
        if (folder / "verdicts.csv").is_file()
    ]
    if not frames:
        where = ", ".join(names) or str(root)
        raise ZooError(
            f"There are no verdicts for {where}: no experiment with claims has been run there. "
            f"`python -m zoo run --all` does."
        )
    ledger = pd.concat(frames)[["experiment", *COLUMNS, *CONTEXT]]
    return ledger.sort_values(["id", "experiment"], kind="stable").reset_index(drop=True)


def _in_context(verdicts: pd.DataFrame, spec: Mapping[str, Any], name: str) -> pd.DataFrame:
    """Returns the verdicts of an experiment with its name and the columns `CONTEXT`.

    A rule in words comes from the declaration; a row without its claim there keeps the rule it has.
    """
    claims = {describe(claim): claim for claim in claims_of(spec)}
    trained = kinds.kind_of(spec) in ("trained", "panel")
    found, tested = [], []
    for claim_id, rule in zip(verdicts["id"], verdicts["rule"], strict=True):
        claim = claims.get(rule)
        known = catalogue.find(claim_id)
        rules = claim.rules if claim else ()
        found.append(kind_of(rules, trained, known.is_slip, known.is_definition))
        tested.append(words_of(claim) if claim else rule)
    data = ", ".join(spec["datasets"]) if "datasets" in spec else ""
    data = data or (spec["data"]["name"] if trained else "")
    return verdicts.assign(experiment=name, kind=found, data=data, tested=tested)


def write_ledger(root: Path) -> None:
    """Writes the pages of the ledger from the verdicts of all experiments that ran as declared."""
    pages = pages_of(read(root))
    (root / LECTURES).mkdir(exist_ok=True)
    for old in (root / LECTURES).glob("lecture_*.md"):
        if f"{LECTURES}/{old.name}" not in pages:
            old.unlink()
    for name, text in pages.items():
        write_text(root / name, text)


def pages_of(ledger: pd.DataFrame) -> dict[str, str]:
    """Returns the pages of the ledger by path: the whole, and of each lecture the claims it makes.

    Args:
        ledger: Rows as `read` returns them.
    """
    pages = {"ledger.md": render(ledger, "md")}
    for number, title in catalogue.LECTURES.items():
        own = blank(ledger[[number in found for found in lectures(ledger)]])
        if len(own):
            parts = [replace(each, heading="") for each in sections(own, "lecture", number)]
            text = ledger_text.markdown(own, parts, f"Lecture {number}: {title}", "../")
            pages[f"{LECTURES}/lecture_{number}.md"] = text
    return pages


def counts(ledger: pd.DataFrame) -> str:
    """Returns how many claims have which verdict, in words."""
    parts = verdict_counts(ledger["verdict"])
    return f"{len(ledger)} verdicts on {ledger['id'].nunique()} claims: {', '.join(parts)}"


def render(
    ledger: pd.DataFrame,
    form: str,
    order: str = "lecture",
    lecture: str | None = None,
    topics: Mapping[str, str] | None = None,
    whole: bool = False,
    width: int = ledger_text.LONGEST,
) -> str:
    """Renders the ledger as text for the terminal, Markdown or CSV.

    Args:
        ledger: Rows as `read` returns them; with `topic` for that order.
        form: One of `FORMATS`.
        order: What its sections are, one of `ledger_order.ORDERS`.
        lecture: The lecture that all rows are of, if only one was asked for.
        topics: The question of each topic, in their order.
        whole: Whether the text has rules, sources and the whole evidence.
        width: Letters of a line of the text.
    """
    if form not in FORMATS:
        raise ZooError(f"`--format` must be one of {', '.join(FORMATS)}. Received: {form!r}")
    rows = blank(ledger)
    found = sections(rows, order, lecture, topics)
    if form == "md":
        return ledger_text.markdown(rows, found)
    if form == "text":
        return "\n".join(ledger_text.terminal(rows, found, whole, width)) + "\n"
    places = [place for section in found for place in section.rows.index]
    return _csv(ledger.loc[places, ["experiment", *COLUMNS]])


def lines_of(verdicts: pd.DataFrame, width: int = ledger_text.LONGEST) -> list[str]:
    """Returns the verdicts of one experiment for the terminal, two lines a claim if they fit."""
    return ledger_text.lines_of(blank(verdicts), width)


def blank(frame: pd.DataFrame) -> pd.DataFrame:
    """Returns the table with an empty text where a value is missing."""
    whole = frame.astype(object)
    return whole.where(frame.notna(), "")


def _csv(frame: pd.DataFrame) -> str:
    return str(frame.to_csv(index=False, float_format="%.6g", lineterminator="\n"))
