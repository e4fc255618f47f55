"""The ledger: the claims of all experiments with their verdicts, from the results folders."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from zoo import catalogue
from zoo.claims import ALPHA, NOT_RUN, VERDICTS, Claim, Identity, from_dict
from zoo.errors import ZooError, printable
from zoo.evidence.cells import Cells, RatedCells
from zoo.evidence.metrics import VALIDATION
from zoo.evidence.statistics import POWER
from zoo.evidence.verdicts import settle
from zoo.results import kinds
from zoo.results.files import read_frame, read_spec, results_folder, write_text
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
FORMATS = ("md", "csv")


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
    alpha = spec.get("alpha", ALPHA)
    if "learning_rate" in runs.columns:
        rates = rates_in(spec, runs, chosen)
        own = rates[VALIDATION].chosen
        shared = dict.fromkeys(own, own.get(spec["baseline"], math.nan))
        found = settle(claims, RatedCells(runs, rates), alpha)
        same = [verdict.verdict for verdict in settle(claims, Cells(runs, shared), alpha)]
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
    """Returns the rules of a claim in a few words."""
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
        One row a claim and experiment, sorted by id, with the columns `experiment` and `COLUMNS`.
    """
    if names:
        folders = [results_folder(root, name) for name in names]
    else:
        folders = sorted(path.parent for path in root.glob("*/spec.json"))
        folders = [folder for folder in folders if "@" not in folder.name]
    frames = [
        read_frame(folder / "verdicts.csv").assign(experiment=folder.name)
        for folder in folders
        if (folder / "verdicts.csv").is_file()
    ]
    if not frames:
        where = ", ".join(names) or str(root)
        raise ZooError(
            f"There are no verdicts for {where}: no experiment with claims has been run there. "
            f"`python -m zoo run --all` does."
        )
    ledger = pd.concat(frames)[["experiment", *COLUMNS]]
    return ledger.sort_values(["id", "experiment"], kind="stable").reset_index(drop=True)


def write_ledger(root: Path) -> None:
    """Writes ledger.md from the verdicts of all experiments that were run as declared."""
    write_text(root / "ledger.md", render(read(root), "md"))


def counts(ledger: pd.DataFrame) -> str:
    """Returns how many claims have which verdict, in words."""
    number = ledger["verdict"].value_counts()
    parts = [f"{number[word]} {word}" for word in VERDICTS if word in number]
    return f"{len(ledger)} verdicts on {ledger['id'].nunique()} claims: {', '.join(parts)}"


def render(ledger: pd.DataFrame, form: str) -> str:
    """Renders the ledger as `md` or `csv`."""
    if form not in FORMATS:
        raise ZooError(f"`--format` must be one of {', '.join(FORMATS)}. Received: {form!r}")
    if form == "csv":
        return _csv(ledger)
    lines = ["# Ledger", "", f"{counts(ledger)}.", ""]
    lines += ["| id | experiment | says | verdict | evidence | rule | source |", "|---" * 7 + "|"]
    for row in blank(ledger).itertuples():
        evidence = row.evidence + (f". Differs: {row.deviation}" if row.deviation else "")
        evidence += _to_decide(row) + _other_view(row)
        verdict = f"**{row.verdict}**"
        cells = [row.id, row.experiment, row.says, verdict, evidence, row.rule, row.source]
        lines.append("| " + " | ".join(map(_in_a_cell, cells)) + " |")
    return "\n".join(lines) + "\n"


def lines_of(verdicts: pd.DataFrame) -> list[str]:
    """Returns the verdicts of one experiment for the terminal, two lines a claim."""
    lines = []
    for row in blank(verdicts).itertuples():
        lines.append(f"{row.verdict.ljust(9)}  {row.id}  {row.says}")
        lines.append(f"           {row.evidence}{_to_decide(row)}{_other_view(row)}")
    return lines


def _in_a_cell(value: object) -> str:
    return printable(" ".join(str(value).replace("|", "/").split()))


def blank(frame: pd.DataFrame) -> pd.DataFrame:
    """Returns the table with an empty text where a value is missing."""
    whole = frame.astype(object)
    return whole.where(frame.notna(), "")


def _to_decide(row: Any) -> str:
    return f". To decide: about {row.seeds} seeds (power {100 * POWER:.0f} %)" if row.seeds else ""


def _other_view(row: Any) -> str:
    if row.at_baseline_rate in ("", NOT_RUN, row.verdict):
        return ""
    return f". All at the baseline's learning rate: {row.at_baseline_rate}"


def _csv(frame: pd.DataFrame) -> str:
    return str(frame.to_csv(index=False, float_format="%.6g", lineterminator="\n"))
