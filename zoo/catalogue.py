"""The claims of the lectures by id, in our own words: `zoo/catalogue.csv`."""

from __future__ import annotations

import csv
import functools
from dataclasses import dataclass
from pathlib import Path

from zoo.claims import VERDICTS

FILE = Path(__file__).with_name("catalogue.csv")
CHECKS = ("exact", "stat", "dir", "rec")


@dataclass(frozen=True)
class Entry:
    """A sentence of the lectures.

    Attributes:
        id: Like ACT07.
        says: The sentence in our words.
        lectures: Numbers of the lectures that say it, `0` to `4`, separated by blanks.
        literature: Author and year of the primary source, if there is one.
        checks: How it can be checked, of `CHECKS`, separated by blanks: exactly, as a number within
            its sampling error, as a direction; `rec` is recorded only, no experiment decides it.
    """

    id: str
    says: str = ""
    lectures: str = ""
    literature: str = ""
    checks: str = ""

    @property
    def source(self) -> str:
        """Where the sentence is from."""
        parts = [f"lecture {', '.join(self.lectures.split())}"] if self.lectures else []
        return "; ".join([*parts, *([self.literature] if self.literature else [])])


@functools.cache
def entries() -> dict[str, Entry]:
    """Returns all claims of the lectures by id."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return {row["id"]: Entry(**row) for row in csv.DictReader(file)}


def find(claim_id: str) -> Entry:
    """Returns the claim of that id, an empty one if it is not the catalogue's."""
    return entries().get(claim_id, Entry(claim_id))


def verdict_counts(folder: Path) -> str:
    """Returns how many claims of a results folder have which verdict, empty if it has none.

    It reads the file without pandas, which would take longer than all else of a listing.
    """
    path = folder / "verdicts.csv"
    if not path.is_file():
        return ""
    with path.open(encoding="utf-8", newline="") as file:
        found = [row["verdict"] for row in csv.DictReader(file)]
    counts = [f"{found.count(word)} {word}" for word in VERDICTS if word in found]
    return f" ({', '.join(counts)})"
