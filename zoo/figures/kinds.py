"""Draws a results folder with the pictures of its kind."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

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
