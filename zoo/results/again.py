"""Writes the tables, verdicts and ledger of results again, from their rows. Trains nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from zoo.results import kinds, ledger, panel
from zoo.results.files import read_spec, read_table, write_text
from zoo.results.tables import render

WITH_ROWS = ("trained", "measured")


def write_again(folders: Sequence[Path]) -> list[Path]:
    """Writes what follows from the rows of experiments: the same rows give the same bytes.

    Args:
        folders: Results folders; what has no rows of its own, such as a search, is left out.

    Returns:
        The folders that were written.
    """
    done = [folder for folder in folders if kinds.kind_of(read_spec(folder)) in WITH_ROWS]
    for folder in done:
        kinds.of(read_spec(folder)).write_again(folder)
        text = render(read_spec(folder), read_table(folder), "md")
        write_text(folder / "table.md", text)
        ledger.write(folder)
    panels = [folder for folder in folders if kinds.kind_of(read_spec(folder)) == "panel"]
    for folder in panels:  # made from the rows of the folders above
        panel.write_again(folder)
        text = render(read_spec(folder), read_table(folder), "md")
        write_text(folder / "panel.md", text)
    return [*done, *panels]
