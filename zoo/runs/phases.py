"""Where the time of a command goes: each moment counts for the innermost phase that it lies in."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

REST = "rest"


class Spent(NamedTuple):
    """What a phase took.

    Attributes:
        wall: Seconds on the clock.
        cpu: Seconds of all processor cores together.
    """

    wall: float
    cpu: float


class Phases:
    """Adds up the time of phases, which may lie inside of each other."""

    def __init__(self) -> None:
        self._spent: dict[str, Spent] = {}
        self._open = [REST]
        self._since = _now()

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Counts the time inside of it for a phase; it can decorate a function, too."""
        self._turn()
        self._open.append(name)
        try:
            yield
        finally:
            self._turn()
            self._open.pop()

    def spent(self) -> dict[str, Spent]:
        """Returns what each phase has taken so far, the longest first."""
        self._turn()
        return dict(sorted(self._spent.items(), key=lambda item: -item[1].wall))

    def _turn(self) -> None:
        """Counts the time since the last turn for the innermost phase."""
        now, name = _now(), self._open[-1]
        before = self._spent.get(name, Spent(0.0, 0.0))
        self._spent[name] = Spent(
            before.wall + now.wall - self._since.wall, before.cpu + now.cpu - self._since.cpu
        )
        self._since = now


def _now() -> Spent:
    return Spent(time.perf_counter(), time.process_time())


def lines_of(spent: Mapping[str, Spent]) -> list[str]:
    """Returns phases as a table for the terminal, with their shares of the time on the clock."""
    whole = Spent(*map(sum, zip(*spent.values(), strict=True)))
    rows = {**spent, "together": whole}
    width = max(map(len, rows))
    return [
        f"{'phase'.ljust(width)}  seconds  CPU seconds   share",
        *(
            f"{name.ljust(width)}  {wall:7.1f}  {cpu:11.1f}  {wall / whole.wall:6.1%}"
            for name, (wall, cpu) in rows.items()
        ),
    ]


PHASES = Phases()  # of this process
phase = PHASES.phase
