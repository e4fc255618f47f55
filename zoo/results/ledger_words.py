"""The rules of claims in words of people. Pure; `verdicts.describe` has them for machines."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from zoo.claims import (
    Claim,
    Difference,
    Equivalence,
    Identity,
    Number,
    Order,
    Ratio,
    Rule,
    Trend,
)
from zoo.evidence.metrics import EPOCHS_TO, EPOCHS_TO_SHARE, is_share, is_speed
from zoo.evidence.words import listed

CURVES = {
    "accuracy": "training accuracy",
    "val_accuracy": "validation accuracy",
    "loss": "training loss",
    "val_loss": "validation loss",
    "r2": "training R2",
    "val_r2": "validation R2",
}
METRICS = CURVES | {
    "test_r2": "test R2",
    "accuracy_gap": "gap between training and test accuracy",
    "loss_gap": "gap between test and training loss",
    "best_val_accuracy": "best validation accuracy",
    "best_val_loss": "lowest validation loss",
    "val_loss_rise": "rise of the validation loss from its lowest",
}
SPELLED_OUT = 2  # stated numbers of a series
NAME = re.compile("[A-Za-z]*[A-RT-Za-rt-z]")  # a label that an 's can follow


def in_words(claim: Claim) -> str:
    """Returns what a claim's rules ask for, such as "tanh's test accuracy is higher than relu's".

    Rules of a kind stand together, so that a table of printed numbers is one part. Parts are
    separated by semicolons.
    """
    by_kind: dict[type[Rule], list[Any]] = {}
    for rule in claim.rules:
        by_kind.setdefault(type(rule), []).append(rule)
    return "; ".join(part for kind, rules in by_kind.items() for part in SAYERS[kind](rules))


def metric_in_words(metric: str) -> str:
    """Returns a metric's name in words, such as "epochs to 75 % training accuracy"."""
    name, _, place = metric.partition("@")
    where = f" at {place}" if place else ""
    if found := EPOCHS_TO_SHARE.fullmatch(name):
        share, curve = float(found[2]), CURVES[found[1]]
        return f"epochs to {100 * share:g} % of the way to the best {curve}{where}"
    found = EPOCHS_TO.fullmatch(name)
    if found is None:
        return METRICS.get(name, name.replace("_", " ")) + where
    curve, target = CURVES[found[1]], float(found[2])
    if curve.endswith("loss"):
        return f"epochs to a {curve} of {target:g}{where}"
    return f"epochs to {100 * target:g} % {curve}{where}"


def _identities(rules: Sequence[Identity]) -> list[str]:
    metrics: dict[tuple[float, float, tuple[str, ...]], list[str]] = {}
    for rule in rules:
        metrics.setdefault((rule.expected, rule.tolerance, rule.variants), []).append(rule.metric)
    variants: dict[tuple[float, float, tuple[str, ...]], list[str]] = {}
    for (expected, tolerance, labels), names in metrics.items():
        variants.setdefault((expected, tolerance, tuple(names)), []).extend(labels)
    parts = []
    for (expected, tolerance, own), among in variants.items():
        named = listed(map(metric_in_words, own)) + (f" of {listed(among)}" if among else "")
        verb = "equals" if len(own) == 1 else "equal"
        parts.append(f"{named} {verb} {_value(own[0], expected)}{_within(own[0], tolerance)}")
    return parts


def _numbers(rules: Sequence[Number]) -> list[str]:
    series: dict[tuple[str, str], list[Number]] = {}
    for rule in rules:
        series.setdefault((rule.variant, rule.metric.partition("@")[0]), []).append(rule)
    parts = []
    for (variant, name), own in series.items():
        if len(own) <= SPELLED_OUT:
            parts += [
                f"{_of(variant, rule.metric)} equals {_value(name, rule.stated)}"
                f"{_within(name, rule.tolerance)}"
                for rule in own
            ]
            continue
        first = ", ".join(_value(name, rule.stated) for rule in own[:SPELLED_OUT])
        rest = f"and {len(own) - SPELLED_OUT} more, each stated number within its tolerance"
        parts.append(f"{_of(variant, name)} equals {first} {rest}")
    return parts


def _differences(rules: Sequence[Difference]) -> list[str]:
    lows: dict[tuple[str, str, float], list[str]] = {}
    for rule in rules:
        lows.setdefault((rule.high, rule.metric, rule.margin), []).append(rule.low)
    return [
        _higher(high, low, metric) + _by_more_than(metric, margin)
        for (high, metric, margin), low in lows.items()
    ]


def _higher(high: str, lows: Sequence[str], metric: str) -> str:
    words = metric_in_words(metric)
    if is_speed(metric):
        verb = "needs" if len(lows) == 1 else "need"
        return f"{words}: {listed(lows)} {verb} fewer than {high}"
    if len(lows) == 1 and NAME.fullmatch(high) and NAME.fullmatch(lows[0]):
        return f"{high}'s {words} is higher than {lows[0]}'s"
    return f"{words} of {high} is higher than {listed(f'that of {low}' for low in lows)}"


def _orders(rules: Sequence[Order]) -> list[str]:
    return [
        f"{metric_in_words(rule.metric)} rises from each to the next: {', '.join(rule.variants)}"
        + _by_more_than(rule.metric, rule.margin)
        for rule in rules
    ]


def _ratios(rules: Sequence[Ratio]) -> list[str]:
    parts = []
    for rule in rules:
        words, within = metric_in_words(rule.metric), f"within a factor of {rule.factor:g}"
        if is_speed(rule.metric):
            told = f"{words}: {rule.numerator} needs {rule.stated:g} times as many as"
            parts.append(f"{told} {rule.denominator}, {within}")
        else:
            told = f"{words} of {rule.numerator} is {rule.stated:g} times that of"
            parts.append(f"{told} {rule.denominator}, {within}")
    return parts


def _equivalences(rules: Sequence[Equivalence]) -> list[str]:
    return [
        f"{metric_in_words(rule.metric)} of {rule.first} and of {rule.second}: less than "
        f"{_distance(rule.metric, rule.margin)} apart"
        for rule in rules
    ]


def _trends(rules: Sequence[Trend]) -> list[str]:
    return [
        f"{metric_in_words(rule.metric)} {'rises' if rule.rises else 'falls'} over "
        + ", ".join(rule.variants)
        for rule in rules
    ]


SAYERS: dict[type[Rule], Callable[[Sequence[Any]], list[str]]] = {
    Identity: _identities,
    Number: _numbers,
    Difference: _differences,
    Order: _orders,
    Ratio: _ratios,
    Equivalence: _equivalences,
    Trend: _trends,
}


def _of(variant: str, metric: str) -> str:
    words = metric_in_words(metric)
    return f"{variant}'s {words}" if NAME.fullmatch(variant) else f"{words} of {variant}"


def _value(metric: str, value: float) -> str:
    return f"{100 * value:.6g} %" if is_share(metric) else f"{value:.6g}"


def _distance(metric: str, value: float) -> str:
    if not is_share(metric):
        return f"{value:.3g}"
    points = f"{100 * value:.3g}"
    return f"{points} point" if points == "1" else f"{points} points"


def _within(metric: str, tolerance: float) -> str:
    return f" within {_distance(metric, tolerance)}" if tolerance else ""


def _by_more_than(metric: str, margin: float) -> str:
    return f" by more than {_distance(metric, margin)}" if margin else ""
