"""Writes the tables, verdicts and ledger of results again, from their rows. Trains nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from zoo.results import kinds, ledger, panel
from zoo.results.files import read_spec, read_table, write_text
from zoo.results.folders import PANEL
from zoo.results.tables import render


def write_again(folders: Sequence[Path]) -> list[Path]:
    """Writes what follows from the rows of experiments: the same rows give the same bytes.

    Args:
        folders: Results folders; what has no rows of its own, such as a search, is left out.

    Returns:
        The folders that were written.
    """
    done = [folder for folder in folders if kinds.kind_of(read_spec(folder)) in kinds.WITH_ROWS]
    for folder in done:
        kinds.of(read_spec(folder)).write_again(folder)
        text = render(read_spec(folder), read_table(folder), "md")
        write_text(folder / "table.md", text)
        ledger.write(folder)
    panels = [folder for folder in folders if kinds.kind_of(read_spec(folder)) == "panel"]
    for folder in panels:  # made from the rows of the folders above
        _write_panel(folder)
    return [*done, *panels]


def write_panels_of(folders: Sequence[Path]) -> list[Path]:
    """Writes the panels again that some folders are part of.

    Args:
        folders: Results folders that were just written.

    Returns:
        The panels' folders. A panel whose data sets have been run with different claims is left as
        it is: it no longer counts.
    """
    names = {folder.name for folder in folders}
    done = []
    for root in {folder.parent for folder in folders}:
        for path in sorted(root.glob(f"*{PANEL}/spec.json")):
            runs = read_spec(path.parent)["runs"]
            if path.parent.name not in names and not names.isdisjoint(runs):
                parts = [read_spec(root / run) for run in runs if (root / run).is_dir()]
                claims = [part.get("claims", []) for part in parts]
                if len(parts) == len(runs) and claims.count(claims[0]) == len(claims):
                    _write_panel(path.parent)
                    done.append(path.parent)
    return done


def _write_panel(folder: Path) -> None:
    panel.write_again(folder)
    text = render(read_spec(folder), read_table(folder), "md")
    write_text(folder / "panel.md", text)
