"""How numbers are said on the page. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from zoo.report.svg import MINUS, number
from zoo.results.panel import scale_of


def teller(metric: str) -> Callable[[float], str]:
    """Returns what says a value of a metric: shares in percent, others with three digits."""
    return percent if scale_of(metric) > 1 else number


def percent(share: float) -> str:
    """Returns a share in percent, with one decimal."""
    return "" if math.isnan(share) else f"{100 * share:.1f}".replace("-", MINUS)


def points(difference: float) -> str:
    """Returns a difference of shares in percentage points, with its sign."""
    if math.isnan(difference):
        return ""
    text = f"{100 * difference:+.1f}"
    return "0.0" if text[1:] == "0.0" else text.replace("-", MINUS)


def with_interval(text: Callable[[float], str], mean: float, low: float, high: float) -> str:
    """Returns a value with its interval, if it has one."""
    told = text(mean)
    return told if not told or math.isnan(low) else f"{told} [{text(low)}, {text(high)}]"


def listed(words: Sequence[str], most: int = 6) -> str:
    """Returns words one after the other; of many the first ones and how many more there are."""
    shown = list(words[:most])
    more = len(words) - len(shown)
    if more:
        return f"{', '.join(shown)} and {more} more"
    return " and ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]]))
