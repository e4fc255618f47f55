"""What lies behind a claim's verdict or a picture: the runs, with the numbers that count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from zoo.claims import Claim, from_dict, labels_of
from zoo.errors import ZooError, closest
from zoo.evidence.metrics import VALIDATION, chosen_by, inside
from zoo.results import kinds, ledger
from zoo.results.files import read_frame, read_spec, results_folder
from zoo.results.measured import compared
from zoo.results.rates import rates_in
from zoo.results.scores import in_files

RECORDED = ("activations", "gradients", "updates")
SHOWN = {"effect": "test_accuracy", "table": "test_accuracy"}  # by picture, else VALIDATION
FILES = (".svg", ".png", ".md", ".csv")
ALL = ("sweep", "runs")  # of all rates
AT_ALL = "All rates; every variant counts at the one with the best mean."
AT_CHOSEN = "Each variant at its own rate, chosen on validation data."


@dataclass(frozen=True)
class Behind:
    """Runs that something follows from.

    Attributes:
        what: What follows from them.
        told: How they were picked.
        file: The file that they stand in.
        rows: One row a run: variant, learning rate, seed, status and a metric; of what was measured
            one row a variant, seed and number.
    """

    what: str
    told: str
    file: Path
    rows: pd.DataFrame


def behind(root: Path, what: str) -> list[Behind]:
    """Returns the runs behind a claim's verdicts, or behind a picture or table.

    Args:
        root: The results folder.
        what: Id of a claim; or path of a file in a results folder.

    Raises:
        ZooError: If there is no such claim or picture; the closest are offered.
    """
    path = Path(what)
    if path.suffix in FILES or len(path.parts) > 1:
        return of_picture(path)
    return of_claim(root, what)


def of_claim(root: Path, name: str) -> list[Behind]:
    """Returns the runs behind the verdicts on a claim, by experiment, data set and metric."""
    known = ledger.read(root)
    own = known[(known["id"] == name) | known["id"].str.startswith(f"{name} ")]
    if own.empty:
        ids = list(dict.fromkeys(known["id"]))
        offer = closest(name, ids)
        offer = offer if offer.startswith("Did") else "`python -m zoo claims` lists them."
        raise ZooError(f"No experiment in {root} has a claim {name!r}. {offer}")
    found = []
    for row in own.drop_duplicates(["id", "experiment"]).itertuples():
        verdict = f"{row.id}, {row.verdict} in {row.experiment}"
        found += _of_claims(root / str(row.experiment), [str(row.id)], verdict)
    return found


def of_picture(path: Path) -> list[Behind]:
    """Returns the runs that a picture or table of a results folder is drawn from."""
    folder = path.parent if path.parent.name else path.absolute().parent
    if not path.is_file() or not (folder / "spec.json").is_file():
        there = sorted({each.name for each in folder.glob("*.svg")})
        hint = f"There: {', '.join(there)}." if there else "`python -m zoo claims` lists claims."
        raise ZooError(
            "WHAT must be a claim's id, or a picture or table in a results folder. "
            f"Received: {path}. {hint}"
        )
    spec = read_spec(folder)
    kind = kinds.kind_of(spec)
    if kind == "search":
        raise ZooError(f"{path} is of a search: its runs are the rows of trials.csv beside it.")
    if path.name == "verdicts.csv" or kind == "panel":
        ids = [claim["id"] for claim in spec.get("claims", [])]
        return _of_claims(folder, ids, f"{folder.name} {path.name}")
    if kind == "trained":
        return [_of_trained(folder, spec, path.stem)]
    if kind == "measured":
        return _of_measured(folder, spec, path.stem)
    parts = [results_folder(folder.parent, run) for run in spec["runs"]]
    return [_of_trained(part, read_spec(part), "effect") for part in parts]


def _of_trained(folder: Path, spec: Mapping[str, Any], picture: str) -> Behind:
    runs = read_frame(folder / "runs.csv")
    told = AT_ALL if picture in ALL else AT_CHOSEN
    if picture not in ALL:
        rates = rates_in(spec, runs, kinds.of(spec).rates_of(folder, runs))[VALIDATION].chosen
        runs = _at(runs, {label: (rate,) for label, rate in rates.items()})
    if picture in RECORDED and (folder / "layers.csv").is_file():
        count = int(read_frame(folder / "layers.csv")["n"].max())
        runs = runs[runs.groupby("variant")["seed"].rank() <= count]
        told += f" Recorded: the first {count} seeds."
    metric = SHOWN.get(picture, VALIDATION)
    return Behind(f"{folder.name} {picture}", told, folder / "runs.csv", _shown(spec, runs, metric))


def _of_measured(folder: Path, spec: Mapping[str, Any], picture: str) -> list[Behind]:
    rows = read_frame(folder / "measurements.csv")
    if picture in set(rows["metric"]):
        rows = rows[rows["metric"] == picture]
    elif picture == "values":
        rows = rows[rows["metric"].isin(compared(spec, read_frame(folder / "table.csv")))]
    told = "All variants and seeds."
    return [Behind(f"{folder.name} {picture}", told, folder / "measurements.csv", rows)]


def _of_claims(folder: Path, ids: Sequence[str], what: str) -> list[Behind]:
    """Returns the runs behind claims of an experiment, or of a panel on each of its data sets."""
    spec = read_spec(folder)
    if "runs" in spec:
        return [
            each
            for run in spec["runs"]
            for each in _of_claims(results_folder(folder.parent, run), ids, f"{what}, on {run}")
        ]
    claims = [claim for claim in map(from_dict, spec.get("claims", [])) if claim.id in ids]
    if kinds.kind_of(spec) == "measured":
        return _measured_claims(folder, spec, claims, what)
    return _trained_claims(folder, spec, claims, what)


def _trained_claims(
    folder: Path, spec: Mapping[str, Any], claims: Sequence[Claim], what: str
) -> list[Behind]:
    runs = read_frame(folder / "runs.csv")
    rates = rates_in(spec, runs, kinds.of(spec).rates_of(folder, runs))
    found = []
    for metric, labels in _by_metric(claims, spec["variants"]).items():
        own = rates.get(chosen_by(metric), rates[VALIDATION])
        rows = _at(runs, {label: own.of(label) for label in labels})
        told = "At the chosen learning rates, and at all that do as well."
        found.append(Behind(what, told, folder / "runs.csv", _shown(spec, rows, metric)))
    return found


def _measured_claims(
    folder: Path, spec: Mapping[str, Any], claims: Sequence[Claim], what: str
) -> list[Behind]:
    rows = read_frame(folder / "measurements.csv")
    found = []
    for name, labels in _by_metric(claims, spec["variants"]).items():
        metric, _, place = name.partition("@")
        own = rows[(rows["metric"] == metric) & rows["variant"].isin(labels)]
        if place:
            own = own[own["place"] == float(place)]
        if len(own):
            found.append(Behind(what, "All seeds.", folder / "measurements.csv", own))
    return found


def _by_metric(claims: Iterable[Claim], variants: Sequence[str]) -> dict[str, list[str]]:
    """Returns the variants that rules compare, by metric; all where a rule names none."""
    found: dict[str, dict[str, None]] = {}
    for claim in claims:
        for rule in claim.rules:
            own = found.setdefault(inside(rule.metric), {})
            own |= dict.fromkeys(labels_of(rule) or variants)
    return {metric: [*labels] for metric, labels in found.items()}


def _at(runs: pd.DataFrame, rates: Mapping[str, Sequence[float]]) -> pd.DataFrame:
    pairs = zip(runs["variant"], runs["learning_rate"], strict=True)
    return runs[[rate in rates.get(label, ()) for label, rate in pairs]]


def _shown(spec: Mapping[str, Any], runs: pd.DataFrame, metric: str) -> pd.DataFrame:
    names = ["variant", "learning_rate", "seed", "status", metric]
    return in_files(spec, runs[[name for name in names if name in runs.columns]])


def lines_of(found: Behind) -> list[str]:
    """Returns runs in aligned lines, below what follows from them."""
    head = [f"{found.what}: {len(found.rows)} rows of {found.file}", found.told]
    cells = [list(found.rows.columns)]
    cells += [[_cell(value) for value in row] for row in found.rows.to_numpy(object).tolist()]
    widths = [max(len(row[place]) for row in cells) for place in range(len(cells[0]))]
    return head + [
        "  " + "  ".join(map(str.ljust, row, widths)).rstrip() for row in cells if found.rows.size
    ]


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:.6g}"
    return str(value)
