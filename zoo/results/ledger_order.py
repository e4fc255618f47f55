"""Which rows of the ledger are shown, in which sections and in which order. Pure."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from zoo import catalogue
from zoo.claims import VERDICTS
from zoo.errors import ZooError, closest

ORDERS = ("lecture", "topic", "verdict", "id")
NUMBERS = re.compile(r"\blectures? ((?:[0-4](?:, | and )?)+)")
ELSEWHERE = "From elsewhere"


@dataclass(frozen=True)
class Section:
    """Some rows of the ledger under a heading.

    Attributes:
        heading: The heading, empty for none.
        rows: The rows, in the catalogue's order.
        also: Ids of claims that belong here too and stand in an earlier section.
    """

    heading: str
    rows: pd.DataFrame
    also: tuple[str, ...] = ()


def lectures_of(claim_id: str, source: str) -> tuple[str, ...]:
    """Returns the numbers of the lectures that a claim is from, rising.

    Args:
        claim_id: Its id; what follows a blank names one of several claims on a sentence.
        source: Such as "lecture 0, 1; Krizhevsky et al. 2012"; without a lecture the catalogue's.
    """
    found = [number for match in NUMBERS.findall(source) for number in re.findall("[0-4]", match)]
    return tuple(sorted({*(found or catalogue.find(claim_id).lectures.split())}))


def select(
    ledger: pd.DataFrame,
    lecture: str | None = None,
    topic: str | None = None,
    verdict: str | None = None,
    topics: Sequence[str] = (),
) -> pd.DataFrame:
    """Returns the rows of a lecture, a topic and a verdict, each where it is given.

    Args:
        ledger: Rows with at least `id`, `source`, `verdict`, and `topic` where one is given.
        lecture: Number of a lecture.
        topic: One of `topics`.
        verdict: One of `VERDICTS`.
        topics: All there are.

    Raises:
        ZooError: If a word is none of those there are, or no row is left.
    """
    check("lecture", lecture, tuple(catalogue.LECTURES))
    check("topic", topic, topics)
    check("verdict", verdict, VERDICTS)
    kept = ledger
    if lecture is not None:
        kept = kept[[lecture in found for found in lectures(kept)]]
    if topic is not None:
        kept = kept[kept["topic"] == topic]
    if verdict is not None:
        kept = kept[kept["verdict"] == verdict]
    if len(kept) == 0:
        asked = {"lecture": lecture, "topic": topic, "verdict": verdict}
        words = " and ".join(f"`--{name} {word}`" for name, word in asked.items() if word)
        raise ZooError(f"No claim has {words} here. Ask for less, or for other experiments.")
    return kept


def check(option: str, word: str | None, known: Sequence[str]) -> None:
    """Raises ZooError if a word is given that an option does not know; offers the closest."""
    if word is not None and word not in known:
        raise ZooError(f"No {option} is called {word!r}. {closest(word, list(known))}")


def sections(
    ledger: pd.DataFrame,
    order: str = "lecture",
    lecture: str | None = None,
    topics: Mapping[str, str] | None = None,
) -> list[Section]:
    """Returns the rows by what they are ordered by, within it in the catalogue's order.

    A claim of several lectures stands in the first of them and is named in the others.

    Args:
        ledger: Rows with at least `id`, `experiment`, `source`, `verdict`; `topic` for that order.
        order: One of `ORDERS`.
        lecture: The lecture that all rows are of, if only one was asked for.
        topics: The question of each topic, in their order.
    """
    check("order", order, ORDERS)
    places = [(*_place(row.id), row.experiment, nth) for nth, row in enumerate(ledger.itertuples())]
    ordered = ledger.iloc[[place[-1] for place in sorted(places)]]
    if order == "lecture":
        return _by_lecture(ordered, lecture)
    if order == "id":
        alphabetical = ledger.sort_values(["id", "experiment"], kind="stable")
        return [Section("", alphabetical)]
    words = [*VERDICTS] if order == "verdict" else [*(topics or {})]
    words += sorted(set(ordered[order]) - set(words))
    found = [Section(_heading(word), ordered[ordered[order] == word]) for word in words]
    return [section for section in found if len(section.rows)]


def _by_lecture(ordered: pd.DataFrame, only: str | None) -> list[Section]:
    of = [(only,) if only is not None else found for found in lectures(ordered)]
    found = []
    for number, title in catalogue.LECTURES.items():
        own = [number in some and some[0] == number for some in of]
        other = [number in some and some[0] != number for some in of]
        also = tuple(dict.fromkeys(ordered["id"][other]))
        if any(own) or also:
            found.append(Section(f"Lecture {number}: {title}", ordered[own], also))
    without = [not some for some in of]
    if any(without):
        found.append(Section(ELSEWHERE, ordered[without]))
    return found


def lectures(ledger: pd.DataFrame) -> list[tuple[str, ...]]:
    """Returns the numbers of the lectures that each row is from."""
    sources = [text if isinstance(text, str) else "" for text in ledger["source"]]
    pairs = zip(ledger["id"], sources, strict=True)
    return [lectures_of(claim, source) for claim, source in pairs]


def _heading(word: str) -> str:
    return word[:1].upper() + word[1:].replace("_", " ") if word else "Your own"


@functools.cache
def _places() -> dict[str, int]:
    return {claim: place for place, claim in enumerate(catalogue.entries())}


def _place(claim_id: str) -> tuple[float, str]:
    """Returns where a claim stands in the catalogue; one that is not in it stands at the end."""
    return _places().get(claim_id.partition(" ")[0], math.inf), claim_id
