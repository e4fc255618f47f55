"""The tables of measured experiments: means over seeds, and printed numbers beside them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from zoo.catalogue import ROUNDING
from zoo.evidence.metrics import range_of
from zoo.evidence.statistics import mean_interval
from zoo.results.files import read_frame
from zoo.results.schema import damaged

APART = (
    "apart: distance of a printed number, which is one draw, from the mean over seeds, in standard "
    "deviations of one draw (with the errors of that mean and of rounding)."
)
FAR = 1000  # standard deviations, beyond which their number says nothing
COLUMNS = ("variant", "metric", "place", "mean", "low", "high", "deviation", "n")
WIDEST = 12  # columns of a table
SERIES = 3  # places from which on a metric is read as a row instead of a list


def rows_of(folder: Path) -> pd.DataFrame:
    """Returns the rows that claims are settled on: one a variant and seed."""
    rows = read_frame(folder / "measurements.csv")
    keys = ["variant", "seed", "metric", "place"]
    if rows.duplicated(keys).any():
        row = rows[rows.duplicated(keys)].iloc[0]
        told = f"{row['metric']} of {row['variant']} stands twice for seed {row['seed']}"
        raise damaged(folder / "measurements.csv", told)
    return wide(rows)


def rates_of(folder: Path, rows: pd.DataFrame) -> dict[str, float]:
    """Returns nothing: what is measured has no learning rate."""
    return {}


def write_again(folder: Path) -> None:
    """Writes nothing: of what is measured only the table's text and the verdicts are made again."""


def notes(spec: Mapping[str, Any], table: pd.DataFrame) -> list[str]:
    """Returns the line below the tables that says how to read them."""
    brackets = "Brackets: 95 % interval over seeds."
    return [brackets if stated_numbers(spec, table).empty else f"{brackets} {APART}"]


def summarise(rows: pd.DataFrame) -> pd.DataFrame:
    """Returns mean, 95 % interval and standard deviation over the seeds.

    Args:
        rows: One row a variant, seed, metric and place with its value.
    """
    cells = []
    for key, group in rows.groupby(["variant", "metric", "place"], sort=False, dropna=False):
        found = mean_interval(group["value"].tolist()).within(*range_of(key[1]))
        deviation = group["value"].std(ddof=1)
        cells.append((*key, found.mean, found.low, found.high, deviation, found.n))
    return pd.DataFrame(cells, columns=list(COLUMNS))


def stated_numbers(spec: Mapping[str, Any], table: pd.DataFrame) -> pd.DataFrame:
    """Returns the numbers that the lectures print, each with what was measured.

    A printed number is one draw, like each of the seeds, and rounded: `apart` is its distance from
    their mean in standard deviations of that distance. Only series count, such as one of a number
    for every layer.

    Args:
        spec: The declaration as run, as in `spec.json`.
        table: As in `table.csv`.

    Returns:
        One row a printed number: `claim`, `variant`, `metric`, `place`, `stated`, `mean`,
        `deviation` and `apart`; in the order of the claims.
    """
    known = {
        (row.variant, _name(row.metric, row.place)): row for row in table.itertuples(index=False)
    }
    found = []
    for claim in spec["claims"]:
        for rule in claim["rules"]:
            row = known.get((rule.get("variant"), rule.get("metric")))
            if rule["rule"] != "number" or row is None:
                continue
            spread = math.hypot(row.deviation * math.sqrt(1 + 1 / row.n), ROUNDING / math.sqrt(3))
            key, numbers = (row.variant, row.metric, row.place), (row.mean, row.deviation)
            apart = (rule["stated"] - row.mean) / spread
            found.append((claim["id"], *key, rule["stated"], *numbers, apart))
    names = ["claim", "variant", "metric", "place", "stated", "mean", "deviation", "apart"]
    stated = pd.DataFrame(found, columns=names)
    sizes = stated.groupby(["claim", "variant", "metric"])["place"].transform("nunique")
    stated = stated[sizes >= SERIES]
    return stated.drop_duplicates(["variant", "metric", "place"], ignore_index=True)


def blocks(spec: Mapping[str, Any], table: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Returns the tables of a measured experiment as text, each with its heading.

    A metric that is known at several places, such as layers, is a table with a column for each; the
    others share one. Printed numbers stand above what was measured.
    """
    found = []
    series = series_of(table)
    single = table[~table["metric"].isin(series)]
    if len(single):
        rows = [
            (row.variant, _words(row.metric, row.place), _with_interval(row))
            for row in single.itertuples()
        ]
        found.append(("", pd.DataFrame(rows, columns=["variant", "metric", "value"])))
    for metric in series:
        own = table[table["metric"] == metric]
        if own["place"].nunique() > WIDEST:
            continue  # its picture shows it
        found.append((f"{_words(metric)}, mean over seeds", _wide(own, "variant", "mean")))
    stated = stated_numbers(spec, table)
    for (variant, metric), own in stated.groupby(["variant", "metric"], sort=False):
        heading = f"{variant}: {_words(metric)} as printed and as measured"
        found.append((heading, _beside(own)))
    return found


def series_of(table: pd.DataFrame) -> list[str]:
    """Returns the metrics that are known at several places, such as layers, in order."""
    places = table[table["place"].notna()].groupby("metric", sort=False)["place"]
    return [str(metric) for metric, own in places if own.nunique() >= SERIES]


def compared(spec: Mapping[str, Any], table: pd.DataFrame) -> list[str]:
    """Returns the metrics without places that claims compare; what must equal a formula is not."""
    named = {
        rule.get("metric")
        for claim in spec["claims"]
        for rule in claim["rules"]
        if rule["rule"] != "identity"
    }
    single = table[table["place"].isna()]
    return [str(metric) for metric in single["metric"].unique() if metric in named]


def _beside(stated: pd.DataFrame) -> pd.DataFrame:
    rows = [stated.assign(row=name, cell=stated[name]) for name in ("stated", "mean", "apart")]
    labels = {"stated": "printed", "mean": "measured", "apart": "apart"}
    joined = pd.concat(rows).assign(row=lambda frame: frame["row"].map(labels))
    return _wide(joined, "row", "cell")


def _wide(rows: pd.DataFrame, label: str, value: str) -> pd.DataFrame:
    """Returns text with one line a label and one column a place, in the order of the rows."""
    columns = sorted(rows["place"].unique())
    lines = []
    for name, own in rows.groupby(label, sort=False):
        cells = own.set_index("place")[value]
        texts = [
            _number(cells[place], name == "apart") if place in cells else "" for place in columns
        ]
        lines.append((name, *texts))
    return pd.DataFrame(lines, columns=["", *(f"{place:g}" for place in columns)])


def _number(value: float, score: bool = False) -> str:
    if math.isnan(value):
        return ""
    if score:
        return f"{value:+.1f}" if abs(value) < FAR else "far"
    return f"{value:.4g}"


def _with_interval(row: Any) -> str:
    if math.isnan(row.mean):
        return ""
    if math.isnan(row.low) or row.low == row.high:
        return f"{row.mean:.4g}"
    return f"{row.mean:.4g} [{row.low:.4g}, {row.high:.4g}]"


def _words(metric: str, place: float = math.nan) -> str:
    return _name(metric, place).replace("_", " ").replace("@", " ")


def _name(metric: str, place: float) -> str:
    """Returns the name that a rule has for a metric at a place."""
    return metric if math.isnan(place) else f"{metric}@{place:.12g}"


def wide(measurements: pd.DataFrame) -> pd.DataFrame:
    """Returns one row a variant and seed; a metric at a place is the column `metric@place`."""
    place = measurements["place"]
    names = measurements["metric"].where(
        place.isna(), measurements["metric"] + "@" + place.map("{:.12g}".format)
    )
    table = measurements.assign(metric=names).pivot(
        index=["variant", "seed"], columns="metric", values="value"
    )
    return table.reset_index()
