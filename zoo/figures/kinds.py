"""Draws a results folder with the pictures of its kind, for a page and in colours of choice."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from zoo.errors import ZooError, closest
from zoo.figures import holds_when, measured, panel, trained
from zoo.figures.formats import BOTH, FORMS, save_figure
from zoo.figures.page import FREE, PAGES, Page, on
from zoo.figures.theme import darken
from zoo.results.files import read_spec
from zoo.results.kinds import kind_of

# Each has `pictures(folder, variants)`, what draws its pictures by name, and `shown(folder)`, the
# names of those that the results are shown with.
KINDS: Mapping[str, Any] = {
    "trained": trained,
    "measured": measured,
    "holds_when": holds_when,
    "panel": panel,
}
LONGEST = 60  # characters of variants in the name of a file
THEMES: Mapping[str, Callable[[Figure], None]] = {"light": lambda figure: None, "dark": darken}


@dataclass(frozen=True)
class Look:
    """How pictures are drawn: the page, the colours, the formats, and which variants.

    Attributes:
        size: One of `PAGES`, or empty for as large as a picture needs.
        theme: One of `THEMES`.
        forms: Endings of the files, out of `FORMS`.
        variants: Labels of those to draw beside the baseline; none for all.

    Raises:
        ZooError: If there is no such size, theme or format.
    """

    size: str = ""
    theme: str = "light"
    forms: tuple[str, ...] = BOTH
    variants: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        given = [("size", self.size, list(PAGES))] if self.size else []
        given += [("theme", self.theme, list(THEMES))]
        given += [("format", form, list(FORMS)) for form in self.forms]
        for option, word, known in given:
            if word not in known:
                offer = closest(word, known)
                raise ZooError(
                    f"`--{option}` must be one of {', '.join(known)}. Received: {word!r}. {offer}"
                )

    @property
    def page(self) -> Page:
        """The page that the pictures have to fit on."""
        return PAGES.get(self.size, FREE)

    def stem(self, folder: Path, name: str) -> Path:
        """Returns where a picture is written, without its ending.

        Those that the results are shown with stand beside the tables, others in a folder of
        their own.
        """
        if self == Look():
            return folder / name
        parts = [name, self.size, "" if self.theme == "light" else self.theme, self._some()]
        return folder / "pictures" / "-".join(filter(None, parts))

    def _some(self) -> str:
        """Returns the variants as a part of a file's name, a digest of long or unusual ones."""
        named = "+".join(self.variants)
        if len(named) <= LONGEST and re.fullmatch(r"[\w .+-]*", named):
            return named.replace(" ", "_")
        return hashlib.sha256(named.encode()).hexdigest()[:8]


STANDARD = Look()


def shown(folder: Path, look: Look = STANDARD) -> list[str]:
    """Returns the names of the pictures that a results folder is shown with."""
    with on(look.page):
        names: list[str] = KINDS[kind_of(read_spec(folder))].shown(folder)
    return names


def plot_results(folder: Path, kind: str | None = None, look: Look = STANDARD) -> list[Path]:
    """Draws the pictures of an experiment into its folder.

    Args:
        folder: The results folder.
        kind: The only picture to draw, or `None` for those that it is shown with.
        look: How they are drawn.

    Returns:
        The files written.

    Raises:
        ZooError: If there is no such picture or variant, or a file is missing.
        DoesNotFitError: If the page is too small for a picture.
    """
    names = [kind] if kind is not None else shown(folder, look)
    figures = {name: draw(folder, name, look) for name in names}
    written = []
    for name, figure in figures.items():
        stem = look.stem(folder, name)
        stem.parent.mkdir(exist_ok=True)
        with on(look.page):
            written += save_figure(figure, stem, look.forms)
    return written


def draw(folder: Path, kind: str, look: Look = STANDARD) -> Figure:
    """Draws one picture of an experiment and writes nothing.

    Args:
        folder: The results folder.
        kind: The picture.
        look: How it is drawn.

    Raises:
        ZooError: If there is no such picture or variant, or a file is missing.
        DoesNotFitError: If the page is too small for it.
    """
    with on(look.page):
        there = KINDS[kind_of(read_spec(folder))].pictures(folder, look.variants)
        if kind not in there:
            known = ", ".join(there) or "none: its table is all there is"
            raise ZooError(
                f"`--kind` must be one of the pictures of {folder.name} ({known}). "
                f"Received: {kind!r}"
            )
        figure: Figure = there[kind]()
        THEMES[look.theme](figure)
        return figure


def figure_of(folder: Path, kind: str | None = None, look: Look = STANDARD) -> Figure:
    """Draws one picture of an experiment, as `draw` does.

    Args:
        folder: The results folder.
        kind: The picture, or `None` for the effects, or the first where there are none.
        look: How it is drawn.

    Raises:
        ZooError: If there is no such picture or variant, or a file is missing.
    """
    names = shown(folder, look)
    wanted = kind or next((name for name in ("effect", "values") if name in names), None)
    wanted = wanted or next(iter(names), None)
    if wanted is None:
        raise ZooError(f"{folder.name} has no picture: its table is all there is.")
    return draw(folder, wanted, look)
