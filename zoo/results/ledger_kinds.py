"""What kind of claim a verdict is on, and how many of each kind hold. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from zoo.claims import REFUTED, SUPPORTED, VERDICTS, Identity, Number, Ratio, Rule

FORMULA, PRINTED, SLIP = "formula", "printed number", "slip"
DEFINITION = "definition"
TRAINED, MEASURED = "trained", "measured"
# The kind, how it is called, which verdict it is counted by, and what that verdict means here.
TOLD = (
    (FORMULA, "Formulas", SUPPORTED, "hold"),
    (DEFINITION, "Definitions and descriptions of code", SUPPORTED, "hold"),
    (PRINTED, "Numbers that are printed, or follow from what is said", SUPPORTED, "come out"),
    (SLIP, "Slips of the pen, sentences that do not hold as printed", REFUTED, "confirmed"),
    (TRAINED, "Propositions from training", SUPPORTED, SUPPORTED),
    (MEASURED, "Other propositions, measured without training", SUPPORTED, SUPPORTED),
)


def kind_of(
    rules: Sequence[Rule], trained: bool, is_slip: bool, is_definition: bool = False
) -> str:
    """Returns the kind of a verdict.

    What was trained is a proposition from training whatever its rules are; a slip is one where it
    is looked at by itself.

    Args:
        rules: The rules of the claim.
        trained: Whether its experiment trains networks on a data set.
        is_slip: Whether the catalogue says that the sentence is a slip of the pen.
        is_definition: Whether it says that the sentence is a definition.
    """
    if trained:
        return TRAINED
    if is_slip:
        return SLIP
    if not rules:
        return MEASURED
    if all(isinstance(rule, Identity) for rule in rules):
        return DEFINITION if is_definition else FORMULA
    if all(isinstance(rule, Identity | Number | Ratio) for rule in rules):
        return PRINTED
    return MEASURED


def headline(ledger: pd.DataFrame) -> list[str]:
    """Returns how many claims of each kind hold, in words; a sentence for each kind.

    Args:
        ledger: Rows with at least `id`, `verdict`, `kind` and `data`, the data set.
    """
    lines = [f"{_count(len(ledger), 'verdict')} on {_count(ledger['id'].nunique(), 'claim')}."]
    for kind, name, counted, meaning in TOLD:
        own = ledger[ledger["kind"] == kind]
        if len(own):
            by_data = _by_data(own) if kind == TRAINED else ""
            lines.append(f"{name}: {_how_many(own['verdict'], counted, meaning)}{by_data}.")
    return lines


def verdict_counts(verdicts: pd.Series, without: str = "") -> list[str]:
    """Returns how often there is which verdict, in their order: `["3 supported", "1 refuted"]`."""
    number = verdicts.value_counts()
    words = [*VERDICTS, *(word for word in number.index if word not in VERDICTS)]
    return [f"{number[word]} {word}" for word in words if word in number and word != without]


def _how_many(verdicts: pd.Series, counted: str, meaning: str) -> str:
    share = f"{int((verdicts == counted).sum())} of {len(verdicts)} {meaning}"
    return ", ".join([share, *verdict_counts(verdicts, without=counted)])


def _by_data(own: pd.DataFrame) -> str:
    sizes = own["data"].value_counts()
    parts = [
        f"{size} on {name} ({', '.join(verdict_counts(own.loc[own['data'] == name, 'verdict']))})"
        for name, size in sizes.items()
    ]
    return f". Of these {', '.join(parts)}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
