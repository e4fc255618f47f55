"""The page that a figure is drawn for: as large as it needs, or that of a slide or a paper.

Text keeps its size in inches, so a small page is what makes it legible on a large screen.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass

from zoo.errors import ZooError


@dataclass(frozen=True)
class Page:
    """A page that a figure has to fit on.

    Attributes:
        name: What users call it.
        width: In inches; 0 for as wide as the figure needs.
        height: In inches; 0 for as high as the figure needs.
        dots: An inch of a PNG has this many.
        heading: Whether question and setting stand on it; a paper has a caption.
        most: The height in inches that it may need at most, 0 for any.
    """

    name: str
    width: float
    height: float
    dots: int
    heading: bool = True
    most: float = 0.0


FREE = Page("free", 0.0, 0.0, 120)
# Text of 10.5 points is a thirty-first of a slide's height: 17.5 points on one of 7.5 inches.
PAGES = {
    "slide": Page("slide", 8.0, 4.5, 240),
    "paper": Page("paper", 6.5, 0.0, 300, heading=False, most=9.0),
    "square": Page("square", 5.4, 5.4, 200),
}
_page: ContextVar[Page] = ContextVar("page", default=FREE)


class DoesNotFitError(ZooError):
    """A figure has more on it than a page shows legibly."""


def current() -> Page:
    """Returns the page that figures are drawn for now."""
    return _page.get()


@contextlib.contextmanager
def on(page: Page) -> Iterator[None]:
    """Has figures drawn for a page."""
    before = _page.set(page)
    try:
        yield
    finally:
        _page.reset(before)


def too_much(variants: Sequence[str]) -> DoesNotFitError:
    """Returns the error that so many variants are not legible on this page."""
    some = ",".join(variants[:2])
    return DoesNotFitError(
        f"{len(variants)} variants are not legible on a page of size {current().name}. "
        f"Name those to show: --variants {some}"
    )
