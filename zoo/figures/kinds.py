"""Draws a results folder with the pictures of its kind."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from zoo.errors import ZooError
from zoo.figures import holds_when, measured, panel, trained
from zoo.results.files import read_spec
from zoo.results.kinds import kind_of

KINDS: Mapping[str, Any] = {
    "trained": trained,
    "measured": measured,
    "holds_when": holds_when,
    "panel": panel,
}


def plot_results(folder: Path, kind: str | None = None, *, lenient: bool = False) -> list[Path]:
    """Draws the pictures of an experiment into its folder, each as SVG and as PNG.

    Args:
        folder: The results folder.
        kind: The only picture to draw, or `None` for all.
        lenient: Whether a picture that this experiment does not have is left out.

    Returns:
        The files written.

    Raises:
        ZooError: If there is no such picture, or a file is missing.
    """
    own = KINDS[kind_of(read_spec(folder))]
    if lenient and kind is not None and kind not in own.pictures(folder):
        return []
    drawn: list[Path] = own.plot_results(folder, kind)
    return drawn


def figure_of(folder: Path, kind: str | None = None) -> Figure:
    """Draws one picture of an experiment, as `plot_results` does, and writes nothing.

    Args:
        folder: The results folder.
        kind: The picture, or `None` for the effects, or the first where there are none.

    Raises:
        ZooError: If there is no such picture, or a file is missing.
    """
    own = KINDS[kind_of(read_spec(folder))]
    names = list(own.pictures(folder))
    wanted = kind or next((name for name in ("effect", "values") if name in names), None)
    drawn: dict[str, Figure] = own.figures(folder, wanted or next(iter(names), None))
    if not drawn:
        raise ZooError(f"{folder.name} has no picture: its table is all there is.")
    return next(iter(drawn.values()))
