"""The gallery of a README: how much was found, and a picture from each topic."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from pathlib import Path

from zoo.errors import ZooError
from zoo.results import ledger
from zoo.results.files import read_spec, write_text

START = "<!-- gallery: `python -m zoo report --gallery README.md` writes it -->"
END = "<!-- end of the gallery -->"
PICTURES = ("effect.png", "values.png")  # the best first
COLUMNS, WIDTH = 3, 280  # pictures beside each other, and their pixels


def write(readme: Path, results: Path, topic_of: Mapping[str, str]) -> None:
    """Writes the gallery between its two marks in a README.

    Args:
        readme: The file, beside the results folder or above it.
        results: The results folder.
        topic_of: The topic of each experiment by its name, in the order of topics.

    Raises:
        ZooError: If the marks are not there, or not in this order.
    """
    try:
        text = readme.read_text(encoding="utf-8")
        path = results.resolve().relative_to(readme.resolve().parent)
    except (OSError, UnicodeDecodeError) as error:
        raise ZooError(f"`--gallery` must be a text file such as README.md: {error}") from error
    except ValueError as error:
        raise ZooError(
            f"`--gallery` must be a file above the results, whose pictures it shows by their path. "
            f"Received: {readme} and {results}"
        ) from error
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise ZooError(
            f"{readme} must have the two lines between which the gallery stands:\n{START} and {END}"
        )
    shown = text_of(results, topic_of, path)
    write_text(readme, f"{before}{START}\n{shown}{END}{after}")


def text_of(results: Path, topic_of: Mapping[str, str], path: Path) -> str:
    """Returns the gallery as Markdown.

    Args:
        results: The results folder.
        topic_of: The topic of each experiment by its name.
        path: The results folder as seen from the README.
    """
    topics = dict.fromkeys(topic_of.values())
    verdicts = ledger.counts(ledger.read(results))
    counted = f"{len(topic_of)} experiments on {len(topics)} topics. {verdicts}."
    cells = []
    for topic in topics:
        own = [name for name, its in topic_of.items() if its == topic]
        if shown := _picture(results, own):
            folder = path / shown.parent.name
            question = read_spec(shown.parent)["question"]
            image = f'<img src="{folder / shown.name}" width="{WIDTH}" alt="{_plain(question)}">'
            cells.append(f"[{image}]({folder}/)<br>{topic.replace('_', ' ')}")
    rows = [cells[start : start + COLUMNS] for start in range(0, len(cells), COLUMNS)]
    table = [_row([""] * COLUMNS), _row(["---"] * COLUMNS), *map(_row, rows)]
    return "\n".join(["", counted, "", *table, "", ""])


def _picture(results: Path, names: Iterable[str]) -> Path | None:
    """Returns the picture of the experiment with the most claims among those with the best kind."""
    found = []
    for name in names:
        there = [each for each in PICTURES if (results / name / each).is_file()]
        if there:
            claims = read_spec(results / name).get("claims", [])
            kind = PICTURES.index(there[0])
            found.append((kind, -len(claims), name, results / name / there[0]))
    return min(found)[-1] if found else None


def _row(cells: Iterable[str]) -> str:
    own = list(cells)
    return f"| {' | '.join(own + [''] * (COLUMNS - len(own)))} |"


def _plain(text: str) -> str:
    """Returns a text that may stand in an attribute within a table."""
    return html.escape(text).replace("|", "&#124;")
