"""One function over many things on all cores, for commands that draw all that there is."""

from __future__ import annotations

import gc
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

from zoo.engine.device import cores

ALONE = 4  # so many are done sooner than other processes start

Thing = TypeVar("Thing")
Made = TypeVar("Made")


def on_all(make: Callable[[Thing], Made], things: Sequence[Thing]) -> Iterator[Made]:
    """Yields what `make` makes of each of some things, in their order."""
    if len(things) < ALONE:
        yield from map(make, things)
        return
    with ProcessPoolExecutor(cores(), initializer=_begin) as pool:
        yield from pool.map(make, things)


def _begin() -> None:
    """Has a process leave Ctrl-C to the one that started it, and collect garbage rarely.

    A figure is tens of thousands of objects that live as long as it is drawn.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(200_000, 20, 100)
