"""The ledger: the claims of all experiments with their verdicts, from the results folders."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from zoo import catalogue
from zoo.claims import ALPHA, Claim, Identity, from_dict
from zoo.errors import ZooError
from zoo.evidence.cells import Cells, RatedCells
from zoo.evidence.metrics import VALIDATION
from zoo.evidence.verdicts import settle
from zoo.results import kinds, ledger_text
from zoo.results.files import overlap_of, read_frame, read_spec, results_folder, write_text
from zoo.results.ledger_kinds import kind_of, verdict_counts
from zoo.results.ledger_order import sections
from zoo.results.ledger_words import in_words
from zoo.results.rates import rates_in

COLUMNS = [
    "id",
    "says",
    "rule",
    "verdict",
    "at_baseline_rate",
    "evidence",
    "n",
    "p",
    "seeds",
    "source",
    "deviation",
]
CONTEXT = ["kind", "data", "tested"]
FORMATS = ("text", "md", "csv")


def verdicts_frame(
    spec: Mapping[str, Any], runs: pd.DataFrame, chosen: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """Settles the claims of an experiment.

    Args:
        spec: The declaration as run, as in `spec.json`.
        runs: As in `runs.csv`, or the rows of `wide`.
        chosen: Each variant's learning rate for a declaration that has none, or `None` to choose it
            from the runs.

    Returns:
        One row a claim with the columns `COLUMNS`.
    """
    claims = [from_dict(given) for given in spec.get("claims", [])]
    alpha, overlap = spec.get("alpha", ALPHA), overlap_of(spec)
    if "learning_rate" in runs.columns:
        rates = rates_in(spec, runs, chosen)
        own = rates[VALIDATION].chosen
        shared = dict.fromkeys(own, own.get(spec["baseline"], math.nan))
        found = settle(claims, RatedCells(runs, rates, overlap), alpha)
        same = [verdict.verdict for verdict in settle(claims, Cells(runs, shared, overlap), alpha)]
    else:
        found = settle(claims, Cells(runs), alpha)
        same = [""] * len(found)
    rows = []
    for claim, verdict, at_baseline in zip(claims, found, same, strict=True):
        known = catalogue.find(claim.id)
        rows.append(
            {
                "id": claim.id,
                "says": claim.says or known.says,
                "rule": describe(claim),
                "verdict": verdict.verdict,
                "at_baseline_rate": at_baseline,
                "evidence": verdict.evidence,
                "n": verdict.n,
                "p": verdict.p,
                "seeds": verdict.seeds,
                "source": claim.source or known.source,
                "deviation": claim.deviation,
            }
        )
    return pd.DataFrame(rows, columns=COLUMNS)


def describe(claim: Claim) -> str:
    """Returns the rules of a claim for machines; `ledger_words.in_words` has them for people."""
    parts = []
    for rule in claim.rules:
        given = {k: v for k, v in vars(rule).items() if v not in ("", (), None)}
        between = ", " if isinstance(rule, Identity) else " < "
        words = ", ".join(f"{name} {_words(value, between)}" for name, value in given.items())
        parts.append(f"{type(rule).__name__.lower()}: {words}")
    return "; and ".join(parts)


def _words(value: object, between: str) -> str:
    if isinstance(value, tuple):
        return between.join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


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


def read(root: Path, names: Sequence[str] = ()) -> pd.DataFrame:
    """Reads the verdicts of experiments.

    Args:
        root: The results folder.
        names: Folders in it; empty for all that were run as declared.

    Returns:
        One row a claim and experiment, sorted by id, with the columns `experiment`, `COLUMNS` and
        `CONTEXT`: the kind of claim, the data set that was trained on, and the rules in words.
    """
    if names:
        folders = [results_folder(root, name) for name in names]
    else:
        folders = sorted(path.parent for path in root.glob("*/spec.json"))
        folders = [folder for folder in folders if "@" not in folder.name]
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
    claims = {describe(claim): claim for claim in map(from_dict, spec.get("claims", []))}
    trained = kinds.kind_of(spec) == "trained"
    found, tested = [], []
    for claim_id, rule in zip(verdicts["id"], verdicts["rule"], strict=True):
        claim = claims.get(rule)
        known = catalogue.find(claim_id)
        rules = claim.rules if claim else ()
        found.append(kind_of(rules, trained, known.is_slip, known.is_definition))
        tested.append((claim.proposition or in_words(claim)) if claim else rule)
    data = spec["data"]["name"] if trained else ""
    return verdicts.assign(experiment=name, kind=found, data=data, tested=tested)


def write_ledger(root: Path) -> None:
    """Writes ledger.md from the verdicts of all experiments that were run as declared."""
    write_text(root / "ledger.md", render(read(root), "md"))


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
