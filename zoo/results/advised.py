"""What `advise` found on somebody's data, as it is kept in `advise` in the results folder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zoo.errors import ZooError
from zoo.results.schema import read_text

FOLDER, FILE = "advise", "advice.json"
ORDER = ("helps", "hurts", "does not matter", "undecided")
NAMES = ("name", "sentence", "rows", "kept_back", "score", "network", "margin", "command")


def folders(root: Path) -> list[Path]:
    """Returns the folders of advice in a results folder, sorted by name."""
    return sorted(path.parent for path in (root / FOLDER).glob(f"*/{FILE}"))


def read_advice(folder: Path) -> dict[str, Any]:
    """Reads what was found.

    Raises:
        ZooError: If the file is damaged.
    """
    path = folder / FILE
    try:
        record = json.loads(read_text(path))
        missing = [name for name in NAMES if name not in record]
        ordered(record["items"])
        _ = [each["model"] for each in (record["held_out"] or {}).get("scores", ())]
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise _damaged(path, f"{error!r:.80}") from error
    if missing:
        raise _damaged(path, f"{', '.join(missing)} must be in it")
    return dict(record)


def ordered(items: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Returns the rows of the table: what helps first, the undecided last, larger means first."""
    return sorted(items, key=lambda row: (ORDER.index(row["verdict"]), -row["difference"]))


def title_of(record: Mapping[str, Any]) -> str:
    """Returns what the data are called in titles."""
    return str(record.get("title") or record["name"])


def rate_words(record: Mapping[str, Any]) -> str:
    """Returns at which learning rate networks were compared."""
    if record.get("rates", 2) == 1:  # of older answers it is not known
        return "the one learning rate that there was time for"
    return "the learning rate that validates best in each split"


def stricter_words(rows: Sequence[Mapping[str, Any]]) -> str:
    """Returns why an interval clear of 0 is undecided, if one of the rows has such an interval."""
    clear = [
        row
        for row in rows
        if row["verdict"] == ORDER[-1]
        and None not in (row["low"], row["high"])
        and (row["low"] > 0 or row["high"] < 0)
    ]
    if not clear:
        return ""
    count = f"{len(rows)} questions are" if len(rows) > 1 else "a question is"
    return (
        "undecided though its interval is clear of 0: verdicts are stricter than intervals, as "
        f"{count} looked at up to three times"
    )


def _damaged(path: Path, why: str) -> ZooError:
    return ZooError(
        f"{path} is damaged: {why}.\nThe same `python -m zoo advise` writes it again; to leave it "
        "out of the page, move its folder away."
    )
