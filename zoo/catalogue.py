"""The lectures' claims by id, in our own words, and the numbers on the slides."""

from __future__ import annotations

import csv
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from zoo.claims import Number

FILE = Path(__file__).with_name("catalogue.csv")
PRINTED = Path(__file__).with_name("printed.csv")
ROUNDING = 5e-7  # of a number printed with six decimals
CHECKS = ("exact", "stat", "dir", "rec", "slip", "def")
LECTURES = {
    "0": "Neural Networks Part I",
    "1": "Training Neural Networks, Part I",
    "2": "Introduction to Deep Learning",
    "3": "Neural networks",
    "4": "Training Deep Feedforward Networks",
}


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
            `slip` marks a slip of the pen: a formula, number, word or line of code is printed that
            is not what the lecture's own source says. `def` marks a definition, a list or a
            description of code: what computes it is checked, but it claims no effect.
    """

    id: str
    says: str = ""
    lectures: str = ""
    literature: str = ""
    checks: str = ""

    @property
    def is_slip(self) -> bool:
        """Whether what is printed is a slip of the pen."""
        return "slip" in self.checks.split()

    @property
    def is_definition(self) -> bool:
        """Whether the sentence defines or describes something and claims no effect of it."""
        return "def" in self.checks.split()

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
    """Returns the claim of that id, an empty one if it is not the catalogue's.

    What follows a blank names one of several claims on its sentence.
    """
    return entries().get(claim_id.partition(" ")[0], Entry(claim_id))


@functools.cache
def _printed() -> dict[str, list[dict[str, str]]]:
    """Returns the rows of `zoo/printed.csv` by claim."""
    found: dict[str, list[dict[str, str]]] = {}
    with PRINTED.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["id"], []).append(row)
    return found


def printed(claim_id: str, variant: str, metrics: Sequence[str] = ()) -> tuple[Number, ...]:
    """Returns the rules that a variant has the numbers which the slides print for a claim.

    A printed number comes from one network with an unknown seed. It must lie within three standard
    deviations of a single network and half a unit of the sixth decimal, to which the slides round.
    Deviations of activations are those of 60 draws outside of Keras; that of an accuracy is the
    standard error of a share of their 1,000 validation images.

    Args:
        claim_id: A claim that `zoo/printed.csv` has numbers for.
        variant: Label.
        metrics: Only these; empty for all.
    """
    rules = []
    for row in _printed()[claim_id]:
        if metrics and row["metric"] not in metrics:
            continue
        name = f"{row['metric']}@{row['place']}" if row["place"] else row["metric"]
        tolerance = 3 * float(row["deviation"]) + ROUNDING
        rules.append(Number(variant, name, float(row["stated"]), tolerance))
    return tuple(rules)


def printed_values(claim_id: str, metric: str) -> tuple[float, ...]:
    """Returns the printed numbers of a metric, in the order of their places."""
    return tuple(float(row["stated"]) for row in _printed()[claim_id] if row["metric"] == metric)
