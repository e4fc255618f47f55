"""Reads what a results folder must hold, so that a damaged file is named and not believed."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zoo.claims import from_dict
from zoo.errors import ZooError
from zoo.results.contents import ANY, DRAWN, FURTHER, MAY_BE_ABSENT, SPECS, TABLES


def read_text(path: Path) -> str:
    """Reads a text of a results folder.

    Raises:
        ZooError: If it cannot be read, or is no text.
    """
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise damaged(path, f"it is not UTF-8 text (byte {error.start})") from error
    except OSError as error:
        raise damaged(path, f"it cannot be read ({error.strerror})") from error


def check_table(path: Path, text: str, variants: Sequence[str] | None) -> None:
    """Checks the rows of a table.

    Args:
        path: The file; its name says what it must hold.
        text: Its content.
        variants: The only labels that there may be, or `None` for any.

    Raises:
        ZooError: If a row, a column or a value is not what it must be; names it.
    """
    if "\0" in text:
        raise damaged(path, "it holds zero bytes")
    try:
        rows = list(csv.reader(io.StringIO(text), strict=True))
    except csv.Error as error:
        raise damaged(path, f"it is no CSV ({error})") from error
    if not rows:
        raise damaged(path, "it is empty")
    header, *body = rows
    if not text.endswith("\n"):
        raise damaged(path, f"line {len(rows)} is cut off")
    kinds = TABLES.get(path.name, [{}])
    columns = next((each for each in kinds if set(each) <= set(header)), None)
    if columns is None:
        missing = [sorted(set(each) - set(header)) for each in kinds]
        raise damaged(path, f"it lacks the column {min(missing, key=len)[0]}")
    further = FURTHER.get(path.name, ANY)
    for line, row in enumerate(body, 2):
        if len(row) != len(header):
            raise damaged(path, f"line {line} has {len(row)} of {len(header)} values")
        for name, value in zip(header, row, strict=True):
            expected, is_right = columns.get(name, further)
            if not is_right(value):
                told = f"line {line}, column {name} must be {expected}. Received: {value!r}"
                raise damaged(path, told)
            if name == "variant" and variants is not None and value not in variants:
                told = f"line {line} has a variant that spec.json has not. Received: {value!r}"
                raise damaged(path, told)


def read_spec(path: Path) -> dict[str, Any]:
    """Reads and checks a `spec.json`.

    Raises:
        ZooError: If it is none.
    """
    text = read_text(path)
    try:
        spec = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise damaged(path, f"it is no JSON ({error})") from error
    if not isinstance(spec, dict):
        raise damaged(path, "it must be an object")
    kind = spec.get("kind", "trained")
    if not isinstance(kind, str) or kind not in SPECS:
        raise damaged(path, f"`kind` must be one of {', '.join(SPECS)}. Received: {kind!r}")
    for name, (expected, is_right) in SPECS[kind].items():
        value: Any = spec
        for part in name.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if not is_right(value):
            raise damaged(path, f"`{name}` must be {expected}. Received: {value!r}")
    for name, (expected, is_right) in MAY_BE_ABSENT.items():
        if name in spec and not is_right(spec[name]):
            raise damaged(path, f"`{name}` must be {expected}. Received: {spec[name]!r}")
    drawn = spec["data"] if isinstance(spec.get("data"), dict) else {}
    for name, (expected, is_right) in DRAWN.items():
        if name in drawn and not is_right(drawn[name]):
            raise damaged(path, f"`data.{name}` must be {expected}. Received: {drawn[name]!r}")
    for claim in spec.get("claims", []):
        _check_claim(path, claim, [*spec["variants"], *spec.get("left_out", [])])
    if kind == "holds_when":
        combinations = math.prod(len(texts) for texts in spec["swept"].values())
        if any(len(claim["verdicts"]) != combinations for claim in spec["verdicts"]):
            raise damaged(path, f"a claim must have {combinations} verdicts, one a value")
    if kind == "panel" and len(spec["datasets"]) != len(spec["runs"]):
        raise damaged(path, "`datasets` and `runs` must have as many names")
    if kind in ("trained", "holds_when", "panel") and spec["baseline"] not in spec["variants"]:
        raise damaged(path, f"`baseline` must be a variant. Received: {spec['baseline']!r}")
    return spec


def _check_claim(path: Path, claim: Any, variants: list[str]) -> None:
    try:
        from_dict(claim).check(variants)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        told = f"a claim must be as an experiment declares it. Received: {claim!r:.60}"
        raise damaged(path, told) from error


def damaged(path: Path, why: str) -> ZooError:
    """Returns an error that names a damaged file, what is wrong with it and what to do."""
    folder = path.parent.name
    again = f"`python -m zoo run {folder.partition('@')[0]}` writes it again."
    if path.name == "trials.csv":
        again = "The same search writes it again."
    return ZooError(f"{path} is damaged: {why}.\n{again}")
