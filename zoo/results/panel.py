"""What the claims of an experiment come to on a panel of data sets.

A folder of this kind has `spec.json`, `panel.csv` (every effect on every data set) and
`verdicts.csv` (one verdict a claim), made from the results folders of the single data sets.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from zoo.claims import Claim
from zoo.errors import ZooError
from zoo.evidence.metrics import is_share
from zoo.evidence.panel import effects_over, overall
from zoo.evidence.parts import DIFFERENCE, FAMILY, RATE, RATIO, Effect, Verdict
from zoo.results import trained
from zoo.results.files import read_spec, results_folder, write_frame, write_text
from zoo.results.ledger_text import cut
from zoo.results.ledger_words import metric_in_words
from zoo.results.verdicts import settled, verdict_rows

TOGETHER = "all"  # in the place of a data set: the random-effects mean
COLUMNS = ["id", "what", "metric", "kind", "data", "verdict", "open", "value", "low", "high", "n"]
WHY_OPEN = {
    RATE: "other learning rates that validate as well as the best do not show it",
    FAMILY: "its test is passed alone, but not as one among the claims of the experiment",
}
LONGEST = 70  # characters of a proposition in the table
MINUS = "\N{MINUS SIGN}"


def write(folder: Path, spec: Mapping[str, Any]) -> None:
    """Writes spec.json, panel.csv and verdicts.csv of a panel.

    Args:
        folder: The panel's folder; those of its data sets lie beside it.
        spec: Its declaration: `datasets`, the names, and `runs`, their folders, belong together.

    Raises:
        ZooError: If a data set's results are missing, or of other claims.
    """
    claims, found = _settled(folder.parent, spec)
    folder.mkdir(parents=True, exist_ok=True)
    effects = frame_of(claims, found)
    write_frame(folder / "panel.csv", effects)
    if claims:
        verdicts = [_told(claim, own, effects) for claim, own in zip(claims, found, strict=True)]
        frame = verdict_rows(claims, verdicts, [""] * len(claims))
        write_frame(folder / "verdicts.csv", frame)
    told = {"claims": [claim.as_dict() for claim in claims]}
    write_text(folder / "spec.json", json.dumps({**spec, **told}, indent=2) + "\n")


def _told(claim: Claim, found: Mapping[str, Verdict], effects: pd.DataFrame) -> Verdict:
    """Returns the verdict on a claim over data sets, its first effect on each in the evidence."""
    verdict = overall(found)
    line = headline(effects, claim.id)
    return replace(verdict, evidence="; ".join(filter(None, [verdict.evidence, line])))


def write_again(folder: Path) -> None:
    """Writes the files of a panel again from the rows of its data sets."""
    write(folder, read_spec(folder))


def _settled(root: Path, spec: Mapping[str, Any]) -> tuple[list[Claim], list[dict[str, Verdict]]]:
    """Returns the claims of a panel, and for each its verdict by data set."""
    by_data: dict[str, list[Verdict]] = {}
    claims: list[Claim] = []
    for name, run in zip(spec["datasets"], spec["runs"], strict=True):
        own, verdicts = _of(results_folder(root, run))
        if claims and own != claims:
            raise ZooError(
                f"{run} must have the claims of {spec['runs'][0]}, which were changed since one of "
                f"them was run. `python -m zoo run {run.partition('@')[0]} --panel` runs both."
            )
        claims, by_data[name] = own, verdicts
    found = [
        {name: verdicts[place] for name, verdicts in by_data.items()}
        for place in range(len(claims))
    ]
    return claims, found


def _of(folder: Path) -> tuple[list[Claim], list[Verdict]]:
    runs = trained.rows_of(folder)
    claims, verdicts, _ = settled(read_spec(folder), runs, trained.rates_of(folder, runs))
    return claims, verdicts


def frame_of(claims: Sequence[Claim], found: Sequence[Mapping[str, Verdict]]) -> pd.DataFrame:
    """Returns one row a claim, effect and data set, and one for the mean over data sets.

    Args:
        claims: The claims.
        found: For each its verdict by data set.

    Returns:
        The columns `COLUMNS`; a claim without effects, such as an identity, has a row a data set
        without numbers. Ratios stand as ratios.
    """
    rows = []
    for claim, own in zip(claims, found, strict=True):
        for name, verdict in own.items():
            if not verdict.effects:
                word = verdict.verdict, verdict.open
                rows.append((claim.id, *[""] * 3, name, *word, *[math.nan] * 3, verdict.n))
        for mean, effects in effects_over(own):
            for name, effect in effects.items():
                rows.append(_row(claim.id, effect, name, own[name]))
            rows.append(_row(claim.id, mean, TOGETHER, overall(own)))
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(claim: str, effect: Effect, name: str, verdict: Verdict) -> tuple[Any, ...]:
    found, word = effect.found, (verdict.verdict, verdict.open)
    ends = [found.mean, found.low, found.high]
    if effect.kind == RATIO:
        ends = [math.exp(end) for end in ends]
    return claim, effect.what, effect.metric, effect.kind, name, *word, *ends, found.n


def blocks(spec: Mapping[str, Any], table: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Returns the verdicts by claim and data set, and the effects, as text.

    Args:
        spec: As in `spec.json`.
        table: As in `panel.csv`.
    """
    found = [("Verdicts", _verdicts(spec, table))]
    effects = with_effects(table)
    return [*found, ("Effects", _effects(spec, effects))] if len(effects) else found


def _verdicts(spec: Mapping[str, Any], table: pd.DataFrame) -> pd.DataFrame:
    told = {claim["id"]: claim.get("proposition") or "" for claim in spec["claims"]}
    rows = []
    for claim, own in table.groupby("id", sort=False):
        words = own.drop_duplicates("data").set_index("data")
        by_data = {name: words["verdict"].get(name, "") for name in spec["datasets"]}
        verdict = overall({name: Verdict(word, "") for name, word in by_data.items() if word})
        said = cut(told.get(str(claim), ""), LONGEST)
        why = {name: told for name, told in words["open"].items() if told in WHY_OPEN}
        shown = {n: f"{word}: {why[n]}" if n in why else word for n, word in by_data.items()}
        rows.append({"claim": claim, "proposition": said, "verdict": verdict.verdict, **shown})
    return pd.DataFrame(rows)


def _effects(spec: Mapping[str, Any], table: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for (claim, what, metric), own in table.groupby(["id", "what", "metric"], sort=False):
        cells = {row.data: shown_row(row) for row in own.itertuples()}
        by_data = {name: cells.get(name, "") for name in spec["datasets"]}
        words = metric_in_words(str(metric))
        together = cells.get(TOGETHER, "")
        rows.append({"claim": claim, "effect": f"{what}: {words}", **by_data, "together": together})
    return pd.DataFrame(rows)


def shown_row(row: Any) -> str:
    """Returns the effect in a row of `panel.csv` with its interval; shares in percentage points."""
    if math.isnan(row.value):
        return ""
    scale = scale_of(str(row.metric))
    form = ("+" if row.kind == DIFFERENCE else "") + (".1f" if scale > 1 else ".3g")
    value, low, high = (
        f"{scale * end:{form}}".replace("-", MINUS) for end in (row.value, row.low, row.high)
    )
    return value if math.isnan(row.low) else f"{value} [{low}, {high}]"


def no_effect(kind: str) -> float | None:
    """Returns where an effect of a kind would lie that is none; nothing for a value."""
    return {DIFFERENCE: 0.0, RATIO: 1.0}.get(kind)


def scale_of(metric: str) -> int:
    """Returns what a metric is multiplied by to be shown: shares stand in percentage points."""
    return 100 if is_share(metric) else 1


def notes(spec: Mapping[str, Any], table: pd.DataFrame) -> list[str]:
    """Returns the lines below the tables that say how to read them."""
    return [
        *(f"{line}." for line in spec["setting"]),
        "Supported or refuted: on at least two data sets, and on none the opposite; depends: "
        "supported on one and refuted on another. Each data set has its own best learning rates.",
        *_why_open(table),
        "Effects: of accuracies and shares in percentage points, a / b is a ratio; brackets: 95 % "
        "interval over seeds. Together: random-effects mean over the data sets with its 95 % "
        "interval (Hartung and Knapp), which decides nothing.",
    ]


def _why_open(table: pd.DataFrame) -> list[str]:
    """Returns what the words behind `undecided` mean, of those that the table has."""
    there = set(table["open"])
    return [f"Undecided, {word}: {meaning}." for word, meaning in WHY_OPEN.items() if word in there]


def with_effects(table: pd.DataFrame) -> pd.DataFrame:
    """Returns the rows of `panel.csv` that have an effect."""
    return table[table["what"].notna() & (table["what"] != "")]


def first_effects(table: pd.DataFrame) -> pd.DataFrame:
    """Returns the rows of each claim's first effect."""
    rows = with_effects(table)
    names = rows["what"] + "@" + rows["metric"]
    return rows[names == names.groupby(rows["id"], sort=False).transform("first")]


def headline(table: pd.DataFrame, claim: str) -> str:
    """Returns the first effect of a claim where it is finite, in a line; empty without any."""
    own = first_effects(table)
    own = own[(own["id"] == claim) & (own["data"] != TOGETHER) & own["value"].notna()]
    if not len(own):
        return ""
    first = own.iloc[0]
    parts = [f"{row.data} {shown_row(row)}" for row in own.itertuples()]
    return f"{first['what']}, {metric_in_words(str(first['metric']))}: {', '.join(parts)}"
