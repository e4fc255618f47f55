"""Compares two results: which verdicts, learning rates and accuracies changed. Pure.

Both are results of the same experiments, perhaps of two machines, back ends, versions or data sets.
A claim is the same in both if experiment, id and rule are; of several alike the first is the first,
and so on. What is left is matched by experiment and id alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from zoo.claims import REFUTED, SUPPORTED, TEST_ACCURACY, from_dict, labels_of
from zoo.evidence.statistics import Estimate, mean_interval, welch_interval
from zoo.results.files import overlap_of
from zoo.results.scores import ACCURACY, word
from zoo.results.sides import Side

TURNED = {(SUPPORTED, REFUTED), (REFUTED, SUPPORTED)}
# What is not told as a declaration: names, what is compared by itself, and grids, which are widened
# where the runs ask for it.
NOT_DECLARED = (
    "experiment",
    "question",
    "claims",
    "variants",
    "learning_rates",
    "rates",
    "tied",
    "rates_by",
)
ABSENT = "nothing"


@dataclass(frozen=True)
class Settled:
    """What both sides say of a claim.

    Attributes:
        experiment: Its experiment.
        id: Its id.
        says: Its sentence.
        verdicts: The verdict of A and that of B.
        evidence: The evidence of each.
        rules: The rule of each.
        moved: What of its variants' learning rates moved: variant, rate of A and rate of B.
        has_rates: Whether its experiment has learning rates at all.
    """

    experiment: str
    id: str
    says: str
    verdicts: tuple[str, str]
    evidence: tuple[str, str]
    rules: tuple[str, str]
    moved: tuple[tuple[str, float, float], ...]
    has_rates: bool

    @property
    def turned(self) -> bool:
        """Whether it went from supported to refuted or back."""
        return self.verdicts in TURNED


@dataclass(frozen=True)
class Accuracy:
    """How far the mean test accuracies of a variant lie apart, B minus A; R2 of numbers.

    Attributes:
        experiment: Its experiment.
        variant: Its label.
        difference: The difference with its 95 % interval.
        numbers: The number of seeds of A and that of B.
        paired: Whether both have the same seeds, so that the difference is taken seed by seed.
        scores: What A and B are scored by, accuracy or R2; there is no difference of the two.
    """

    experiment: str
    variant: str
    difference: Estimate
    numbers: tuple[int, int]
    paired: bool
    scores: tuple[str, str] = (ACCURACY, ACCURACY)

    @property
    def differs(self) -> bool:
        """Whether the interval excludes 0."""
        return self.difference.low > 0 or self.difference.high < 0


@dataclass(frozen=True)
class Changes:
    """What differs between two results, A and B.

    Attributes:
        experiments: The number of experiments of A, that of B, and that of both.
        same: Number of experiments that are the same, number for number.
        claims: Number of claims that both have.
        verdicts: Those whose verdict changed; first what was supported and is refuted, or the
            reverse.
        rates: Experiment, variant, rate of A and rate of B where the chosen rate moved.
        accuracies: All trained variants that both have.
        only: What only A has and what only B has, by kind: experiments, claims, variants.
        declared: What differs in the declarations, in words, with the experiments it is true of.
    """

    experiments: tuple[int, int, int]
    same: int
    claims: int
    verdicts: tuple[Settled, ...]
    rates: tuple[tuple[str, str, float, float], ...]
    accuracies: tuple[Accuracy, ...]
    only: tuple[dict[str, list[str]], dict[str, list[str]]]
    declared: dict[str, list[str]]

    @property
    def turned(self) -> tuple[Settled, ...]:
        """The claims that went from supported to refuted or back."""
        return tuple(each for each in self.verdicts if each.turned)

    @property
    def none(self) -> bool:
        """Whether nothing differs at all."""
        return self.same == max(self.experiments)


def compare(a: Mapping[str, Side], b: Mapping[str, Side]) -> Changes:
    """Compares what two sides have of experiments, by name."""
    shared = [name for name in a if name in b]
    pairs = {name: matched(a[name].verdicts, b[name].verdicts) for name in shared}
    claims = [claim for name in shared for claim in _verdicts(name, a[name], b[name], pairs[name])]
    changed = [claim for claim in claims if len(set(claim.verdicts)) > 1]
    declared: dict[str, list[str]] = {}
    for name in shared:
        for text in _declared(a[name].spec, b[name].spec):
            declared.setdefault(text, []).append(name)
    return Changes(
        experiments=(len(a), len(b), len(shared)),
        same=sum(a[name].equals(b[name]) for name in shared),
        claims=len(claims),
        verdicts=tuple(sorted(changed, key=lambda claim: not claim.turned)),
        rates=tuple((name, *each) for name in shared for each in moved(a[name], b[name])),
        accuracies=tuple(each for name in shared for each in _accuracies(name, a[name], b[name])),
        only=(
            _only(a, b, {name: {ours for ours, _ in pairs[name]} for name in shared}),
            _only(b, a, {name: {theirs for _, theirs in pairs[name]} for name in shared}),
        ),
        declared=declared,
    )


def matched(first: pd.DataFrame, second: pd.DataFrame) -> list[tuple[int, int]]:
    """Returns which rows of two sides' verdicts are of the same claim, in the order of the first.

    Args:
        first: Verdicts of A, with the columns `id` and `rule`.
        second: Those of B.
    """
    pairs: list[tuple[int, int]] = []
    for columns in (["id", "rule"], ["id"]):
        taken = [set(places) for places in zip(*pairs, strict=True)] or [set(), set()]
        by_key = []
        for frame, gone in zip((first, second), taken, strict=True):
            seen: dict[Any, int] = {}
            keys = {}
            for place, key in enumerate(frame[columns].itertuples(index=False, name=None)):
                if place not in gone:
                    seen[key] = seen.get(key, -1) + 1
                    keys[key, seen[key]] = place
            by_key.append(keys)
        ours, theirs = by_key
        pairs += [(place, theirs[key]) for key, place in ours.items() if key in theirs]
    return sorted(pairs)


def moved(a: Side, b: Side) -> list[tuple[str, float, float]]:
    """Returns the variants whose chosen learning rate moved, with the rate of A and that of B."""
    return [
        (label, rate, b.rates[label])
        for label, rate in a.rates.items()
        if label in b.rates and not math.isclose(rate, b.rates[label], rel_tol=1e-5)
    ]


def _verdicts(name: str, a: Side, b: Side, pairs: Sequence[tuple[int, int]]) -> Iterator[Settled]:
    """Yields what both sides have of each claim, whether its verdict changed or not."""
    rates = moved(a, b)
    for ours, theirs in pairs:
        mine, other = a.verdicts.iloc[ours], b.verdicts.iloc[theirs]
        named = _labels(a.spec, ours) | _labels(b.spec, theirs)
        yield Settled(
            experiment=name,
            id=str(mine["id"]),
            says=str(mine["says"]),
            verdicts=(mine["verdict"], other["verdict"]),
            evidence=(mine["evidence"], other["evidence"]),
            rules=(mine["rule"], other["rule"]),
            moved=tuple(each for each in rates if each[0] in named),
            has_rates=bool(a.rates and b.rates),
        )


def _only(
    own: Mapping[str, Side], other: Mapping[str, Side], matched: Mapping[str, set[int]]
) -> dict[str, list[str]]:
    """Returns what only one side has, by kind, in words.

    Args:
        own: That side.
        other: The other side.
        matched: Which rows of its verdicts the other side has, too, by shared experiment.
    """
    return {
        "experiments": [name for name in own if name not in other],
        "claims": [
            f"{claim} ({name})"
            for name, there in matched.items()
            for place, claim in enumerate(own[name].verdicts["id"])
            if place not in there
        ],
        "variants": [
            f"{label} ({name})"
            for name in matched
            for label in own[name].spec["variants"]
            if label not in other[name].spec["variants"]
        ],
    }


def _labels(spec: Mapping[str, Any], place: int) -> set[str]:
    """Returns the variants that a claim names; all if it names none."""
    claims = spec.get("claims", [])
    rules = from_dict(claims[place]).rules if place < len(claims) else ()
    return {label for rule in rules for label in labels_of(rule)} or set(spec["variants"])


def _accuracies(name: str, a: Side, b: Side) -> Iterator[Accuracy]:
    scores = word(a.spec), word(b.spec)
    bound = 1 if scores[0] == ACCURACY else 2
    for label in a.rates:
        if label in b.rates:
            overlaps = overlap_of(a.spec), overlap_of(b.spec)
            first, second = _scores(a, label), _scores(b, label)
            paired = set(first.index) == set(second.index)
            if paired:
                # Aligned by seed.
                found = mean_interval((second - first).tolist(), overlap=max(overlaps))
            else:
                found = welch_interval(first.tolist(), second.tolist(), overlaps=overlaps)
            numbers = (len(first), len(second))
            found = found.within(-bound, bound)
            if scores[0] != scores[1]:  # a share of the examples beside one of the variance
                found = Estimate(math.nan, math.nan, math.nan, min(numbers))
            yield Accuracy(name, label, found, numbers, paired, scores)


def _scores(side: Side, variant: str) -> pd.Series:
    """Returns a variant's test accuracies at its chosen rate, by seed."""
    rows = side.rows
    own = rows[(rows["variant"] == variant) & (rows["learning_rate"] == side.rates[variant])]
    return own.set_index("seed")[TEST_ACCURACY]


def _declared(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[str]:
    """Returns what differs between two declarations, each in a few words."""
    first, second = (
        dict(_flat({k: v for k, v in s.items() if k not in NOT_DECLARED})) for s in (a, b)
    )
    return [
        f"{name} {_words(first.get(name, ABSENT))} -> {_words(second.get(name, ABSENT))}"
        for name in dict.fromkeys([*first, *second])
        if first.get(name, ABSENT) != second.get(name, ABSENT)
    ]


def _flat(value: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, each in value.items():
        if isinstance(each, dict):
            yield from _flat(each, f"{above}{name}.")
        else:
            yield above + name, each


def _words(value: Any) -> str:
    """Returns a value in a few words: seeds that follow each other as the first and the last."""
    numbers = isinstance(value, list) and len(value) > 1 and set(map(type, value)) == {int}
    if numbers and value == [*range(value[0], value[-1] + 1)]:
        return f"{value[0]}..{value[-1]}"
    text = f"{value}"
    return text if len(text) <= 60 else f"{text[:57]}..."
