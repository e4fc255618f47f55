"""When an effect holds: differences and verdicts against values that were set. Pure.

A folder of this kind has `spec.json` and `holds_when.csv`, put together from the results folders of
the single values.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from zoo.claims import NOT_RUN
from zoo.errors import ZooError
from zoo.results.ledger_text import cut
from zoo.results.scores import word
from zoo.results.trained import percent, with_interval

PREFIX = "set_"  # so that no name that is set is also that of another column
COLUMNS = [
    "variant",
    "learning_rate",
    "n",
    "diverged",
    "test_accuracy",
    "test_low",
    "test_high",
    "difference",
    "difference_low",
    "difference_high",
    "p",
    "at_edge",
]
LONGEST = 60  # characters of a claim's sentence in the table of verdicts


@dataclass(frozen=True)
class Part:
    """The results at one value of each name that was set.

    Attributes:
        values: The values, as text, by name.
        table: One row a variant, as in `table.csv`.
        verdicts: One row a claim, as in `verdicts.csv`, or `None` without claims.
    """

    values: Mapping[str, str]
    table: pd.DataFrame
    verdicts: pd.DataFrame | None = None


def settings_of(swept: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    """Returns all combinations of values, the last name's changing fastest."""
    return [dict(zip(swept, each, strict=True)) for each in itertools.product(*swept.values())]


def in_words(values: Mapping[str, str]) -> str:
    """Returns one value of each name in words, such as `units=30, depth=2`."""
    return ", ".join(f"{name}={value}" for name, value in values.items())


def frame_of(parts: Sequence[Part]) -> pd.DataFrame:
    """Returns one row a combination of values and variant.

    Args:
        parts: The results of every combination, in order.

    Returns:
        A column with the prefix `set_` for each name, as text, and `COLUMNS`: accuracies as shares,
        and their seed-paired difference from the baseline with interval and p.
    """
    frames = [
        part.table[COLUMNS].assign(
            **{f"{PREFIX}{name}": value for name, value in part.values.items()}
        )
        for part in parts
    ]
    names = [f"{PREFIX}{name}" for name in parts[0].values]
    return pd.concat(frames, ignore_index=True)[[*names, *COLUMNS]]


def verdicts_of(parts: Sequence[Part]) -> list[dict[str, Any]]:
    """Returns the verdicts on each claim, ready for JSON: its id, what it says, one a combination.

    Args:
        parts: The results of every combination, in order.
    """
    found: dict[str, dict[str, Any]] = {}
    for place, part in enumerate(parts):
        if part.verdicts is None:
            continue
        for row in part.verdicts.itertuples():
            # An id may stand twice, on several rules.
            name = f"{row.id}: {row.rule}"
            claim = found.setdefault(
                name, {"id": str(row.id), "says": str(row.says), "verdicts": [""] * len(parts)}
            )
            claim["verdicts"][place] = str(row.verdict)
    return list(found.values())


def rows_at(table: pd.DataFrame, values: Mapping[str, str]) -> pd.DataFrame:
    """Returns the rows of `holds_when.csv` with these values, by variant.

    Raises:
        ZooError: If the table has no column for a name.
    """
    for name, value in values.items():
        if f"{PREFIX}{name}" not in table.columns:
            raise ZooError(
                f"holds_when.csv is damaged: it lacks the column {PREFIX}{name}.\n"
                "The same run writes it again."
            )
        table = table[table[f"{PREFIX}{name}"] == value]
    return table.drop_duplicates("variant").set_index("variant")


def blocks(spec: Mapping[str, Any], table: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Returns the differences by variant and value, and the verdicts by claim and value, as text.

    Args:
        spec: As in `spec.json`.
        table: As in `holds_when.csv`.
    """
    heading = f"Difference of test {word(spec)} from {spec['baseline']} (points)"
    found = [(heading, differences(spec, table))]
    if len(settled := verdicts(spec)):
        found.append(("Verdicts", settled))
    return found


def differences(spec: Mapping[str, Any], table: pd.DataFrame) -> pd.DataFrame:
    """Returns one row a variant, and a value of the second name if there is one, as text.

    The columns are the values of the first name; the baseline's row has its accuracy in percent.
    """
    swept = spec["swept"]
    (first, values), *rest = swept.items()
    rows = []
    for variant in spec["variants"]:
        for other in settings_of(dict(rest)):
            row = {"variant": variant, **other}
            for value in values:
                own = rows_at(table, {first: value, **other})
                row[f"{first}={value}"] = _cell(own, variant, spec["baseline"])
            rows.append(row)
    return pd.DataFrame(rows)


def _cell(rows: pd.DataFrame, variant: str, baseline: str) -> str:
    """Returns the difference of a variant in points, or the accuracy of the baseline."""
    if variant not in rows.index:
        return ""
    row = rows.loc[variant]
    shown = f"{percent(row['test_accuracy'])} %"
    if variant != baseline:
        gap = (row["difference"], row["difference_low"], row["difference_high"])
        shown = with_interval(*gap, sign="+")
    return shown + "*" * bool(row["at_edge"])


def verdicts(spec: Mapping[str, Any]) -> pd.DataFrame:
    """Returns one row a claim with its verdict at each combination of values, as text.

    Claims that could not be settled at any value, for want of their variants, have none.
    """
    columns = [in_words(values) for values in settings_of(spec["swept"])]
    rows = [
        {
            "claim": claim["id"],
            "says": cut(claim["says"], LONGEST),
            **dict(zip(columns, claim["verdicts"], strict=True)),
        }
        for claim in spec["verdicts"]
        if set(claim["verdicts"]) != {NOT_RUN}
    ]
    return pd.DataFrame(rows)


def notes(spec: Mapping[str, Any], table: pd.DataFrame) -> list[str]:
    """Returns the lines below the tables: what holds throughout, and how to read them."""
    lines = agreement(spec)
    lines.append(
        "Each value was run as if alone, every variant at its own best learning rate there. "
        "Brackets: 95 % interval over seeds of the difference, paired by seed and not corrected "
        "for the number of variants and values."
    )
    if table["at_edge"].any():
        lines.append(
            "With a *: the variant's rate is an end of the grid, a wider grid may do better."
        )
    return lines


def agreement(spec: Mapping[str, Any]) -> list[str]:
    """Returns which claims have one verdict at all values, and which do not, in words."""
    alike: dict[str, list[str]] = {}
    changing = []
    for claim in spec["verdicts"]:
        kinds = set(claim["verdicts"])
        if len(kinds) == 1:
            alike.setdefault(kinds.pop(), []).append(claim["id"])
        else:
            changing.append(claim["id"])
    lines = [
        f"{verdict.capitalize()} at every value: {', '.join(ids)}."
        for verdict, ids in alike.items()
    ]
    if changing:
        lines.append(f"Not the same verdict at every value: {', '.join(changing)}.")
    return lines


def is_number(text: str) -> bool:
    """Returns whether a value stands for a finite number."""
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
