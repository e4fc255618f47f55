"""What the files of a results folder must hold: columns by table, and what spec.json says."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from zoo.claims import VERDICTS
from zoo.runs.rights import unpacked

Check = Callable[[str], bool]


def _number(text: str) -> bool:
    """Returns whether pandas reads a text as a number; one that is missing is an empty text."""
    try:
        value = float(text)
    except ValueError:
        return False
    return "_" not in text and text.isascii() and not math.isnan(value)


def _numbers(text: str) -> bool:
    return bool(text) and all(_number(part) for part in text.split(" "))


def _whole(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _rights(text: str) -> bool:
    try:
        unpacked(text)
    except ValueError:
        return False
    return True


# A kind of value, in words, and what tells that a text is one.
TEXT: tuple[str, Check] = ("a text", bool)
ANY: tuple[str, Check] = ("anything", lambda text: True)
WHOLE: tuple[str, Check] = ("a whole number", _whole)
NUMBER: tuple[str, Check] = ("a number", _number)
NUMBERS: tuple[str, Check] = ("numbers with single spaces between them", _numbers)
MAYBE: tuple[str, Check] = ("a number or nothing", lambda text: not text or _number(text))
FLAG: tuple[str, Check] = ("True or False", lambda text: text in ("True", "False"))
STATUS: tuple[str, Check] = ("completed or diverged", lambda t: t in ("completed", "diverged"))
RIGHTS: tuple[str, Check] = ("which examples are right, as the zoo writes it", _rights)
VERDICT: tuple[str, Check] = (", ".join(VERDICTS), lambda text: text in VERDICTS)

EFFECT: tuple[str, Check] = (
    "difference, ratio, value or nothing",
    lambda text: text in ("", "difference", "ratio", "value"),
)

Columns = Mapping[str, tuple[str, Check]]

ROW = {"variant": TEXT, "learning_rate": NUMBER}
SUMMARY = {"mean": MAYBE, "low": MAYBE, "high": MAYBE, "n": WHOLE}
SCORES = dict.fromkeys(("val_loss", "val_accuracy", "test_loss", "test_accuracy"), MAYBE)
GAP = dict.fromkeys(("difference", "difference_low", "difference_high", "p"), MAYBE)
TABLES: Mapping[str, Sequence[Columns]] = {
    "runs.csv": [
        {
            **ROW,
            "seed": WHOLE,
            "status": STATUS,
            "epochs": WHOLE,
            "loss": MAYBE,
            "accuracy": MAYBE,
            **SCORES,
        }
    ],
    "examples.csv": [{**ROW, "seed": WHOLE, "right": RIGHTS}],
    "curves.csv": [{**ROW, "epoch": WHOLE, "metric": TEXT, **SUMMARY}],
    "table.csv": [
        {
            "variant": TEXT,
            "learning_rate": MAYBE,
            "n": WHOLE,
            "diverged": WHOLE,
            **dict.fromkeys(
                (
                    "val_accuracy",
                    "test_accuracy",
                    "test_low",
                    "test_high",
                    "same_rate_accuracy",
                ),
                MAYBE,
            ),
            **GAP,
            "at_edge": FLAG,
        },
        {"variant": TEXT, "metric": TEXT, "place": MAYBE, **SUMMARY, "deviation": MAYBE},
    ],
    "holds_when.csv": [
        {
            "variant": TEXT,
            "learning_rate": MAYBE,
            "n": WHOLE,
            "diverged": WHOLE,
            **dict.fromkeys(("test_accuracy", "test_low", "test_high"), MAYBE),
            **GAP,
            "at_edge": FLAG,
        }
    ],
    "measurements.csv": [
        {"variant": TEXT, "seed": WHOLE, "metric": TEXT, "place": MAYBE, "value": MAYBE}
    ],
    "panel.csv": [
        {
            "id": TEXT,
            "what": ANY,
            "metric": ANY,
            "kind": EFFECT,
            "data": TEXT,
            "verdict": VERDICT,
            "open": ANY,
            **dict.fromkeys(("value", "low", "high"), MAYBE),
            "n": WHOLE,
        }
    ],
    "layers.csv": [
        {
            "variant": TEXT,
            "layer": WHOLE,
            "epoch": WHOLE,
            "metric": TEXT,
            "mean": MAYBE,
            "lowest": MAYBE,
            "highest": MAYBE,
            "n": WHOLE,
        }
    ],
    "histograms.csv": [
        {"variant": TEXT, "layer": WHOLE, "epoch": WHOLE, "bin": WHOLE, "share": NUMBER},
        {"variant": TEXT, "place": MAYBE, "left": NUMBER, "right": NUMBER, "share": NUMBER},
    ],
    "images.csv": [{"variant": TEXT, "place": NUMBER, "row": WHOLE, "values": NUMBERS}],
    "verdicts.csv": [
        {
            "id": TEXT,
            "says": ANY,
            "rule": ANY,
            "verdict": VERDICT,
            "at_baseline_rate": ANY,
            "evidence": ANY,
            "n": WHOLE,
            "p": MAYBE,
            "seeds": WHOLE,
            "source": ANY,
            "deviation": ANY,
        }
    ],
    "trials.csv": [
        {
            "stage": WHOLE,
            "trial": TEXT,
            "status": ("completed, diverged or failed", bool),
            "score": NUMBER,
            "deviation": MAYBE,
            "runs": WHOLE,
            "diverged": WHOLE,
            "epochs": WHOLE,
        }
    ],
}
# Columns that a table may have besides hold numbers, except for those of a search.
FURTHER = {"runs.csv": MAYBE}

LIST: tuple[str, Callable[[Any], bool]] = ("a list", lambda value: isinstance(value, list))
WORDS: tuple[str, Callable[[Any], bool]] = (
    "a list of texts",
    lambda value: isinstance(value, list) and all(isinstance(each, str) for each in value),
)
STRING: tuple[str, Callable[[Any], bool]] = ("a text", lambda value: isinstance(value, str))
OBJECT: tuple[str, Callable[[Any], bool]] = ("an object", lambda value: isinstance(value, dict))
SEEDS: tuple[str, Callable[[Any], bool]] = (
    "a list of whole numbers",
    lambda value: isinstance(value, list) and all(type(each) is int for each in value),
)
LEVEL: tuple[str, Callable[[Any], bool]] = (
    "a number between 0 and 1",
    lambda value: isinstance(value, float) and 0 < value < 1,
)
COUNT: tuple[str, Callable[[Any], bool]] = (
    "a whole number",
    lambda value: type(value) is int and value >= 0,
)


def _swept(value: Any) -> bool:
    """Returns whether a value is lists of texts by name, one or two."""
    return (
        isinstance(value, dict)
        and 1 <= len(value) <= 2
        and all(WORDS[1](texts) and texts for texts in value.values())
    )


def _settled(value: Any) -> bool:
    """Returns whether a value is claims with their verdicts."""
    return isinstance(value, list) and all(
        isinstance(claim, dict)
        and all(STRING[1](claim.get(name)) for name in ("id", "says"))
        and WORDS[1](claim.get("verdicts"))
        for claim in value
    )


def _rates(value: Any) -> bool:
    """Returns whether a value is numbers by name."""
    return isinstance(value, dict) and all(type(each) in (int, float) for each in value.values())


def _tied(value: Any) -> bool:
    """Returns whether a value is lists of numbers by name."""
    return isinstance(value, dict) and all(
        isinstance(each, list) and _rates(dict(enumerate(each))) for each in value.values()
    )


def _rates_by(value: Any) -> bool:
    """Returns whether a value is rates and those tied with them by name."""
    return isinstance(value, dict) and all(
        isinstance(each, dict) and _rates(each.get("rates")) and _tied(each.get("tied"))
        for each in value.values()
    )


DECLARATION = {"experiment": STRING, "question": STRING, "factor": STRING, "baseline": STRING}
SPECS = {
    "trained": {
        **DECLARATION,
        "variants": WORDS,
        "seeds": SEEDS,
        "recipe": OBJECT,
        "recipe.epochs": COUNT,
        "recipe.batch_size": COUNT,
        "data": OBJECT,
        "data.name": STRING,
        "data.train": COUNT,
        "data.validation": COUNT,
        "data.test": COUNT,
    },
    "measured": {**DECLARATION, "places": STRING, "variants": WORDS, "seeds": SEEDS},
    "holds_when": {
        **DECLARATION,
        "variants": WORDS,
        "seeds": SEEDS,
        "swept": ("one or two lists of texts by name", _swept),
        "verdicts": ("a list of claims with their verdicts", _settled),
        "setting": WORDS,
    },
    "panel": {
        **DECLARATION,
        "variants": WORDS,
        "seeds": SEEDS,
        "datasets": WORDS,
        "runs": WORDS,
        "setting": WORDS,
    },
    "search": {"search": STRING, "question": STRING, "strategy": STRING, "space": LIST},
}
# How data are split.
DRAWN: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "split": ("fixed or resampled", lambda value: value in ("fixed", "resampled")),
    "keeps_test": ("true", lambda value: value is True),
    "overlap": (
        "a number of at least 0",
        lambda value: isinstance(value, int | float) and 0 <= value < math.inf,
    ),
}
MAY_BE_ABSENT = {
    "claims": LIST,
    "alpha": LEVEL,
    "trains": ("true", lambda value: value is True),
    "left_out": WORDS,
    "set": OBJECT,
    "rates": ("numbers by variant", _rates),
    "tied": ("lists of numbers by variant", _tied),
    "rates_by": ("rates and what ties with them by metric", _rates_by),
}
