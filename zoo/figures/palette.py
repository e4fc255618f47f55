"""One look for every figure: a style for each variant, type sizes, and text that fits its place."""

import functools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.path import Path
from matplotlib.textpath import text_to_path

# Okabe and Ito (2008), "Color Universal Design", without black and yellow (too close to text and
# paper); the wine red of Tol (2021), "Colour schemes", makes seven. Grey belongs to the baseline.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#882255")
LINES = (("-", "o"), ("--", "s"), ("-.", "^"))

BASELINE_GREY = "0.6"
INK = "0.15"
QUIET = "0.4"

TEXT = 10.5
TITLE = 15.0
TICK = 9.5

HOUSE_STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": TEXT,
    "text.color": INK,
    # A label such as "$5 bins" is text, never a formula.
    "text.parse_math": False,
    "axes.labelcolor": INK,
    "axes.labelsize": TEXT,
    "axes.titlesize": TEXT,
    # Where it stands by itself: else Matplotlib looks for it beside all numbers of both axes.
    "axes.titley": 1.0,
    "axes.edgecolor": QUIET,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": "0.92",
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": TICK,
    "ytick.labelsize": TICK,
    "legend.frameon": False,
    "legend.fontsize": TEXT,
    # Outlines look the same on machines without the font, so that measured text still fits.
    "svg.fonttype": "path",
    "svg.hashsalt": "experiment-zoo",
    "pdf.fonttype": 42,
}


def style_of(variants: Sequence[str]) -> dict[str, tuple[str, str, str]]:
    """Gives every variant its colour, line style and marker.

    The first 21 variants are distinct; later ones start over. A variant added at the end changes
    no other's style.

    Args:
        variants: Labels in declared order.

    Returns:
        Colour, line style and marker by label.
    """
    styles = {}
    for index, label in enumerate(variants):
        line, marker = LINES[index // len(COLOURS) % len(LINES)]
        styles[label] = (COLOURS[index % len(COLOURS)], line, marker)
    return styles


def styles_in(spec: Mapping[str, Any]) -> dict[str, tuple[str, str, str]]:
    """Returns the style of every variant of a declaration; that of some of them is that of all."""
    styles = style_of(spec.get("all_variants", spec["variants"]))
    return {label: styles[label] for label in spec["variants"]}


@functools.cache
def text_width(text: str, size: float = TEXT, weight: str = "normal") -> float:
    """Returns the width of one line of text in inches; `size` is in points."""
    if not text.strip():
        return 0.0
    path = findfont(FontProperties(family="DejaVu Sans", weight=weight))
    font, known = get_font(path), _glyphs(path)
    font.set_size(text_to_path.FONT_SCALE, text_to_path.DPI)
    placed, new, _ = text_to_path.get_glyphs_with_font(
        font, text, glyph_map=known, return_new_glyphs_only=True
    )
    known.update((name, _extent(*outline)) for name, outline in new.items())
    scale = size / text_to_path.FONT_SCALE
    ends = [(x + end) * scale for name, x, *_ in placed for end in known[name]]
    return float(max(ends) - min(ends)) / 72


@functools.cache
def _glyphs(font: str) -> dict[str, Any]:
    """Returns what is known of the glyphs of a font so far: left and right end, as in `_extent`."""
    return {}


def _extent(points: Any, codes: Any) -> tuple[float, ...]:
    """Returns the left and the right end of an outline, nothing for a space."""
    if len(points) == 0:
        return ()
    box = Path(points, codes).get_extents()
    return float(box.x0), float(box.x1)


def widest(texts: Iterable[str], size: float = TEXT) -> float:
    """Returns the width in inches of the widest text, 0 if there is none."""
    return max((text_width(text, size) for text in texts), default=0.0)


def wrap(text: str, width: float, size: float = TEXT, weight: str = "normal") -> list[str]:
    """Breaks text between words into lines of at most `width` inches; a longer word stays whole."""
    lines: list[str] = []
    for word in text.split():
        if lines and text_width(f"{lines[-1]} {word}", size, weight) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def fitting(text: str, width: float, size: float = TEXT) -> str:
    """Returns a text, or so much of its beginning as `width` inches have room for."""
    if text_width(text, size) <= width:
        return text
    kept = max(n for n in range(len(text)) if n == 0 or text_width(f"{text[:n]}…", size) <= width)
    return f"{text[:kept].rstrip()}…"


def rate_text(rate: float) -> str:
    """Writes a learning rate with at most three digits: 0.1, 0.0316, 3e-5."""
    return f"{rate:.3g}".replace("e-0", "e-").replace("e+0", "e+")


def points_text(points: float) -> str:
    """Writes percentage points with their sign and one decimal; an empty string if not finite."""
    if not math.isfinite(points):
        return ""
    text = f"{points:+.1f}".replace("-", "\N{MINUS SIGN}")
    return "0.0" if text[1:] == "0.0" else text


def p_text(p: float) -> str:
    """Writes a p-value with three decimals; an empty string if not finite."""
    if not math.isfinite(p):
        return ""
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def count(number: int, noun: str) -> str:
    """Writes a number with its noun: 1 seed, 1,000 seeds."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def covered(seeds: int, table: pd.DataFrame) -> str:
    """Writes what the intervals of a table of differences are over.

    Args:
        seeds: Number of seeds.
        table: As `table.csv`; with known errors from the choice of test examples they are covered.
    """
    known = "examples_error" in table.columns and table["examples_error"].notna().all()
    return count(seeds, "seed") + " and test examples" * bool(known)
