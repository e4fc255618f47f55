"""What the lectures say, as rules that runs can settle. It needs neither Keras nor NumPy.

A rule is fixed before the runs. Its verdict is `supported`, `refuted`, `undecided` or `not run`
(`zoo/evidence/verdicts.py`), on several data sets perhaps `depends` (`zoo/evidence/panel.py`).
Variants are named by their labels. A metric is a column of `runs.csv` or one that is derived from a
run's history (`zoo/evidence/metrics.py`); differences are paired by seed. A verdict holds at every
learning rate that does as well as the chosen one (`zoo/evidence/rates.py`).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zoo.errors import ZooError, closest

SUPPORTED, REFUTED, DEPENDS = "supported", "refuted", "depends"
UNDECIDED, NOT_RUN = "undecided", "not run"
VERDICTS = (SUPPORTED, REFUTED, DEPENDS, UNDECIDED, NOT_RUN)
ALPHA = 0.05  # level of intervals and tests
TEST_ACCURACY = "test_accuracy"
TEXTS = ("proposition", "says", "source", "deviation")  # of a claim
ROUNDING = 1e-5  # what a few operations in single precision may lose


@dataclass(frozen=True)
class Identity:
    """Every value of a metric equals a closed form.

    Attributes:
        metric: Metric whose values are compared.
        expected: What each of them has to be.
        tolerance: Largest deviation that rounding explains, at least 0.
        variants: Labels whose rows count; empty for all.
    """

    metric: str
    expected: float = 0.0
    tolerance: float = 1e-6
    variants: tuple[str, ...] = ()


@dataclass(frozen=True)
class Number:
    """The mean over seeds equals a printed number.

    Attributes:
        variant: Label.
        metric: Metric.
        stated: The printed number.
        tolerance: Largest deviation of the true mean that still counts as equal, above 0.
    """

    variant: str
    metric: str
    stated: float
    tolerance: float


@dataclass(frozen=True)
class Difference:
    """A metric is higher for one variant than for another, by more than a margin.

    It is refuted where the difference is shown to lie within the margin around 0, or beyond it on
    the other side.

    Attributes:
        high: Label of the variant that is said to have the higher value.
        low: Label of the other.
        metric: Metric.
        margin: Smallest difference that counts, at least 0.
    """

    high: str
    low: str
    metric: str = TEST_ACCURACY
    margin: float = 0.0


@dataclass(frozen=True)
class Order:
    """A chain of differences: each variant's metric is higher than that of the one before.

    Attributes:
        variants: Labels, the one with the lowest value first; at least two.
        metric: Metric.
        margin: Smallest difference between neighbours that counts, at least 0.
    """

    variants: tuple[str, ...]
    metric: str = TEST_ACCURACY
    margin: float = 0.0


@dataclass(frozen=True)
class Ratio:
    """A metric of one variant is a stated multiple of another's.

    Attributes:
        numerator: Label.
        denominator: Label.
        metric: Metric with values above 0.
        stated: The stated ratio, above 0.
        factor: The true ratio may be this many times larger or smaller, above 1.
    """

    numerator: str
    denominator: str
    metric: str
    stated: float
    factor: float = 1.25


@dataclass(frozen=True)
class Equivalence:
    """Two variants do not differ by more than a margin.

    Attributes:
        first: Label.
        second: Label.
        metric: Metric.
        margin: Largest difference that does not count, above 0.
    """

    first: str
    second: str
    metric: str = TEST_ACCURACY
    margin: float = 0.02


@dataclass(frozen=True)
class Trend:
    """A metric rises, or falls, with a numeric factor.

    It is supported if the metric rises over all levels together and no step is shown to go back. A
    step back that is small for the seeds' spread may remain; `Order` asks for every step.

    Attributes:
        variants: Labels in increasing order of the factor; at least three.
        metric: Metric.
        rises: Whether it is said to rise; else it is said to fall.
    """

    variants: tuple[str, ...]
    metric: str = TEST_ACCURACY
    rises: bool = True


Rule = Identity | Number | Difference | Order | Ratio | Equivalence | Trend
RULES: Mapping[str, Any] = {
    kind.__name__.lower(): kind
    for kind in (Identity, Number, Difference, Order, Ratio, Equivalence, Trend)
}


def equal(
    numbers: Mapping[str, float], of: str | Sequence[str] = (), tolerance: float = ROUNDING
) -> tuple[Identity, ...]:
    """Says what numbers metrics are, but for rounding: an `Identity` for each.

    Args:
        numbers: What each metric has to be, by its name.
        of: Label of the variant whose rows count, or several labels; empty for all variants.
        tolerance: Largest deviation that rounding explains, at least 0.
    """
    labels = _several(of)
    return tuple(Identity(metric, value, tolerance, labels) for metric, value in numbers.items())


def zero(
    *metrics: str, of: str | Sequence[str] = (), tolerance: float = ROUNDING
) -> tuple[Identity, ...]:
    """Says that metrics, such as errors, are 0 but for rounding. Other arguments as in `equal`."""
    return equal(dict.fromkeys(metrics, 0.0), of, tolerance)


def above(
    high: str | Sequence[str],
    low: str | Sequence[str],
    metric: str = TEST_ACCURACY,
    margin: float = 0.0,
) -> tuple[Difference, ...]:
    """Says that a metric is higher for some variants than for others: a `Difference` for each pair.

    Args:
        high: Label of the variant that is said to have the higher value, or several labels.
        low: Label of the other, or several labels.
        metric: Metric.
        margin: Smallest difference that counts, at least 0.
    """
    return tuple(
        Difference(one, other, metric, margin) for one in _several(high) for other in _several(low)
    )


def faster(variant: str, other: str, share: float = 0.5) -> Difference:
    """Says that a variant needs fewer epochs than another to a training accuracy.

    Args:
        variant: Label of the faster one.
        other: Label of the other.
        share: How much of the way from chance to the best accuracy of the experiment, from 0 to 1.
    """
    if not 0 < share < 1:
        raise ZooError(f"`share` must be between 0 and 1. Received: {share}")
    return Difference(other, variant, f"epochs_to_accuracy_{share}_of_best")


def _several(labels: str | Sequence[str]) -> tuple[str, ...]:
    return (labels,) if isinstance(labels, str) else tuple(labels)


@dataclass(frozen=True)
class Claim:
    """A sentence of a lecture with the rule that settles it.

    Attributes:
        id: Its id in the catalogue, like ACT07, or one of your own. Of several claims on a sentence
            each has a name of its part behind it: "HPO11 found".
        rule: A rule, or several that must all hold.
        proposition: What exactly the rule tests, in a sentence; the verdict is on it. Empty for the
            rule itself in words.
        says: The sentence; empty for the catalogue's.
        source: Where it is from; empty for the catalogue's.
        deviation: What differs from the source's set-up, if that may matter.
    """

    id: str
    rule: Rule | tuple[Rule, ...]
    proposition: str = ""
    says: str = ""
    source: str = ""
    deviation: str = ""

    def __post_init__(self) -> None:
        """Checks the numbers of the rules; one rule in a tuple is that rule."""
        if isinstance(self.rule, tuple) and len(self.rule) == 1:
            object.__setattr__(self, "rule", self.rule[0])  # claims that mean the same are equal
        if not self.rules:
            raise ZooError(f"A claim must have a rule. Received: {self.id} without one")
        for rule in self.rules:
            if not isinstance(rule, Rule):
                raise ZooError(
                    f"A claim's rule must be one of {', '.join(RULES)}. "
                    f"Received: {rule!r} for {self.id}"
                )
            self._check_numbers(rule)
            self._check_labels(rule)

    def _check_numbers(self, rule: Rule) -> None:
        for field in dataclasses.fields(rule):
            value = getattr(rule, field.name)
            if field.type == "float":
                number = isinstance(value, int | float) and not isinstance(value, bool)
                if not number or not math.isfinite(value):
                    raise ZooError(
                        f"`{field.name}` must be a finite number. "
                        f"Received: {field.name}={value!r} for {self.id}"
                    )
                least, may_equal = _least(rule, field.name)
                if value < least or (value == least and not may_equal):
                    raise ZooError(
                        f"`{field.name}` must be {'at least' if may_equal else 'above'} {least}. "
                        f"Received: {field.name}={value!r} for {self.id}"
                    )
            if field.name == "metric" and not (isinstance(value, str) and value):
                raise ZooError(
                    f"`metric` must be the name of a metric. Received: {value!r} for {self.id}"
                )

    def _check_labels(self, rule: Rule) -> None:
        given = getattr(rule, "variants", ())
        if not isinstance(given, tuple):
            raise ZooError(
                f"`variants` must be a tuple of labels. Received: {given!r} for {self.id}"
            )
        labels = labels_of(rule)
        kind = type(rule).__name__
        least = {Order: 2, Trend: 3}.get(type(rule), 0)
        if len(labels) < least:
            raise ZooError(
                f"{kind} needs at least {least} variants. Received: {labels} for {self.id}"
            )
        if len(set(labels)) < len(labels):
            raise ZooError(f"{kind} must name different variants. Received: {labels} for {self.id}")

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules, one or several."""
        return self.rule if isinstance(self.rule, tuple) else (self.rule,)

    def check(self, variants: Sequence[str]) -> None:
        """Raises ZooError if a rule names a variant that is not there."""
        for rule in self.rules:
            for label in labels_of(rule):
                if label not in variants:
                    raise ZooError(
                        f"Claim {self.id} names the variant {label!r}. "
                        f"{closest(label, list(variants))}"
                    )

    def as_dict(self) -> dict[str, Any]:
        """Returns the claim ready for JSON."""
        rules = [
            {"rule": type(rule).__name__.lower(), **dataclasses.asdict(rule)} for rule in self.rules
        ]
        texts = {name: getattr(self, name) for name in TEXTS}
        return {"id": self.id, "rules": rules} | {k: v for k, v in texts.items() if v}


def _least(rule: Rule, name: str) -> tuple[float, bool]:
    """Returns the lower end of what a number of a rule may be, and whether it may be that."""
    if name == "tolerance":
        return 0, isinstance(rule, Identity)
    if name == "margin":
        return 0, not isinstance(rule, Equivalence)
    if name == "stated":
        return (0, False) if isinstance(rule, Ratio) else (-math.inf, True)
    return (1, False) if name == "factor" else (-math.inf, True)


def from_dict(given: Mapping[str, Any]) -> Claim:
    """Returns the claim that `as_dict` wrote."""
    rules = []
    for saved in given["rules"]:
        fields: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in saved.items()
            if name != "rule"
        }
        rules.append(RULES[saved["rule"]](**fields))
    texts = {name: given.get(name, "") for name in TEXTS}
    return Claim(given["id"], tuple(rules) if len(rules) > 1 else rules[0], **texts)


def labels_of(rule: Rule) -> tuple[str, ...]:
    """Returns the labels of the variants that a rule names."""
    found: list[str] = []
    for name in ("variant", "variants", "high", "low", "numerator", "denominator", "first"):
        value = getattr(rule, name, ())
        found += [value] if isinstance(value, str) else list(value)
    if isinstance(rule, Equivalence):
        found.append(rule.second)
    return tuple(found)
