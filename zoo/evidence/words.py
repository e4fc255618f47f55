"""Numbers in the words of evidence."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from zoo.evidence.statistics import Estimate


def listed(words: Iterable[str]) -> str:
    """Returns words in a list: "a, b and c"."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def points(share: float) -> str:
    """Returns a share in percentage points."""
    return f"{100 * share:.1f}"


def of_variants(variants: Sequence[str]) -> str:
    """Returns whose values are spoken of; empty for all variants."""
    return f" of {', '.join(variants)}" if variants else ""


def named(metric: str) -> str:
    """Returns a metric's name in words."""
    return metric.replace("_", " ")


def percent(share: float) -> str:
    """Returns a share in percent."""
    return f"{100 * share:.1f} %"


def number(value: float) -> str:
    """Returns a number with four digits."""
    return f"{value:.4g}"


def interval(found: Estimate, say: Callable[[float], str] = number) -> str:
    """Returns a mean with its interval, if it has one."""
    if math.isnan(found.low):
        return say(found.mean)
    return f"{say(found.mean)} [{say(found.low)}, {say(found.high)}]"
