"""Where values lie on an axis, and which numbers stand along it. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

DECADES = 30  # values whose largest is this many times the smallest are spread by a logarithm

MOST = 1e200  # beyond which a value lies at the end of its axis


@dataclass(frozen=True)
class Scale:
    """An axis from the value `low` at 0 to the value `high` at `length` units.

    Attributes:
        low: The lowest value.
        high: The highest, above it.
        length: Units.
        log: Whether it is logarithmic; `low` is then above 0.
        whole: Whether only whole numbers stand along it.
    """

    low: float
    high: float
    length: float
    log: bool = False
    whole: bool = False

    def at(self, value: float) -> float:
        """Returns where a value lies, in units; NaN for what no logarithm has."""
        if not math.isfinite(value) or (self.log and value <= 0):
            return math.nan
        low, high, place = (math.log10(v) if self.log else v for v in (self.low, self.high, value))
        return self.length * (place - low) / (high - low)

    def within(self, value: float) -> float:
        """Returns where a value lies, at the end of the axis if it is beyond it; NaN for NaN."""
        if math.isnan(value):
            return math.nan
        if math.isinf(value) or (self.log and value <= 0):
            return self.length if value > 0 else 0.0
        return min(max(self.at(value), 0.0), self.length)

    def ticks(self, most: int = 5) -> list[float]:
        """Returns about as many round numbers along the axis, in rising order."""
        if self.log:
            return _log_ticks(self.low, self.high, most)
        found = self._linear_ticks(most)
        return [tick for tick in found if tick == round(tick)] if self.whole else found

    def _linear_ticks(self, most: int) -> list[float]:
        rough = (self.high - self.low) / most
        unit = 10 ** math.floor(math.log10(rough))
        step = next(unit * each for each in (1, 2, 5, 10) if unit * each >= 0.999 * rough)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        found = [place * step for place in range(first, last + 1)]
        return found if len(found) > 1 or most > 50 else self._linear_ticks(most + 2)


def _log_ticks(low: float, high: float, most: int) -> list[float]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    for steps in ((1,), (1, 3), (1, 2, 5)):
        every = max(1, math.ceil((last - first) / most)) if steps == (1,) else 1
        found = [10.0**power * s for power in range(first, last + 1, every) for s in steps]
        found = [tick for tick in found if low * 0.999 <= tick <= high * 1.001]
        if len(found) >= 3:
            break
    return found


def linear(values: Iterable[float], length: float, room: float = 0.05) -> Scale:
    """Returns an axis on which all finite values lie, with some room at both ends."""
    finite = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
    low, high = max(min(finite), -MOST), min(max(finite), MOST)
    span = max(high - low, 0.02 * abs(high), 1e-12)
    return Scale(low - room * span, max(high, low + span) + room * span, length)


def log(values: Iterable[float], length: float, room: float = 0.04) -> Scale:
    """Returns a logarithmic axis on which all finite values above 0 lie, with some room."""
    finite = [value for value in values if math.isfinite(value) and value > 0] or [0.1, 1.0]
    low, high = max(min(finite), 1 / MOST), min(max(finite), MOST)
    factor = 10 ** (room * max(math.log10(high) - math.log10(low), 0.2))
    return Scale(low / factor, max(high, 1.5 * low) * factor, length, log=True)


def fitting(values: Iterable[float], length: float, room: float = 0.05) -> Scale:
    """Returns a logarithmic axis where the values lie so that a linear one would squeeze most."""
    finite = sorted(value for value in values if math.isfinite(value))
    if finite and finite[0] > 0 and finite[-1] > DECADES * finite[0]:
        middle = finite[len(finite) // 2]
        if finite[-1] > 4 * middle:
            return log(finite, length)
    return linear(finite, length, room)
