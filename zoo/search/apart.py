"""Whether the trials of a search share their programs, as they do where only numbers differ."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

POINTS = 8  # of a space that are looked at


def apart(space: Any, executions: int, program_of: Callable[[Any], str]) -> int | None:
    """Returns the executions of a trial if hardly two trials share a program, `None` if many do.

    How a run is trained, and so its last bits, follows from it. That is why it is found out from
    points of the space and not from trials, of which an interrupted search may have any left.

    Args:
        space: A `keras_tuner.HyperParameters`.
        executions: Runs of each trial.
        program_of: Returns the same text for two points whose runs share a program.
    """
    programs: set[str] = set()
    for seen in range(POINTS):
        programs.add(program_of(_drawn(space, seen)))
        if len(programs) < seen:  # two of those before have been there already
            return None
    return executions


def _drawn(space: Any, number: int) -> Any:
    """Returns a point drawn from a space, the same for equal numbers."""
    point = space.copy()
    point.values = {}
    for place, each in enumerate(point.space):
        if point.is_active(each):
            point.values[each.name] = each.random_sample(seed=number + POINTS * place)
    return point
