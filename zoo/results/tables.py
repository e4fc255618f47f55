"""Writes the result tables and renders them for people: Markdown, CSV, LaTeX."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from zoo.errors import ZooError, printable
from zoo.evidence.cells import RIGHT
from zoo.results import examples, kinds, scores, trained
from zoo.results.files import EXACT, NUMBER, read_spec, read_table, write_frame, write_text
from zoo.results.summary import Summary

# What LaTeX reads as commands, and signs that the zoo writes and pdfLaTeX does not know.
ESCAPES = {mark: "\\" + mark for mark in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "\N{MINUS SIGN}": "$-$",
    "\N{PLUS-MINUS SIGN}": r"$\pm$",
    "\N{MULTIPLICATION SIGN}": r"$\times$",
    "\N{MIDDLE DOT}": r"$\cdot$",
}
FORMATS = ("md", "csv", "latex")


def write(folder: Path, spec: dict[str, Any], summary: Summary) -> None:
    """Writes spec.json, runs.csv, curves.csv, table.csv, table.md, perhaps examples.csv.

    The same input gives the same bytes.

    Args:
        folder: Results folder of one experiment; made if it does not exist.
        spec: The declaration as run.
        summary: The tables.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "spec.json", json.dumps(spec, indent=2) + "\n")
    runs = scores.in_files(spec, summary.runs.drop(columns=RIGHT, errors="ignore"))
    write_frame(folder / "runs.csv", runs, EXACT)
    examples.write(folder, spec, summary.runs)
    for name in ("curves", "table"):
        write_frame(folder / f"{name}.csv", scores.in_files(spec, getattr(summary, name)))
    if "rates" in spec:  # the digits of runs.csv are rounded, and the table must follow from them
        trained.write_again(folder)
    write_text(folder / "table.md", render(read_spec(folder), read_table(folder), "md"))


def write_records(folder: Path, layers: pd.DataFrame, histograms: pd.DataFrame) -> None:
    """Writes layers.csv and histograms.csv, if anything was recorded."""
    if len(layers):
        write_frame(folder / "layers.csv", layers)
    if len(histograms):
        write_frame(folder / "histograms.csv", histograms)


def render(spec: dict[str, Any], table: pd.DataFrame, form: str) -> str:
    """Renders the table of an experiment.

    Args:
        spec: The declaration as run.
        table: Content of table.csv.
        form: `md`, `csv` or `latex`.
    """
    if form not in FORMATS:
        raise ZooError(f"`--format` must be one of {', '.join(FORMATS)}. Received: {form!r}")
    if form == "csv":
        table = scores.in_files(spec, table)
        return str(table.to_csv(index=False, float_format=NUMBER, lineterminator="\n"))
    kind = kinds.of(spec)
    shown, below = kind.blocks(spec, table), kind.notes(spec, table)
    if form == "latex":
        return "\n".join(
            f"% {_line(heading)}\n" * bool(heading) + _latex(each) for heading, each in shown
        )
    head = f"# {_line(spec['experiment'])}\n\n{_line(spec['question'])}\n\n"
    parts = [f"{_line(heading)}\n\n" * bool(heading) + _markdown(each) for heading, each in shown]
    return head + "\n".join(parts) + "\n" + "\n".join(map(printable, below)) + "\n"


def _line(text: str) -> str:
    """Returns a text that stays on its line."""
    return printable(text, kept="")


def _markdown(frame: pd.DataFrame) -> str:
    cells = [list(map(_line, row)) for row in (frame.columns, *frame.to_numpy().tolist())]
    widths = [max(len(row[place]) for row in cells) for place in range(len(cells[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in cells
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]]) + "\n"


def _latex(frame: pd.DataFrame) -> str:
    """Returns a booktabs table."""
    lines = [
        r"\begin{tabular}{l" + "r" * (len(frame.columns) - 1) + "}",
        r"\toprule",
        " & ".join(map(_escaped, frame.columns)) + r" \\",
        r"\midrule",
        *(" & ".join(map(_escaped, row)) + r" \\" for row in frame.to_numpy().tolist()),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    """Returns a text as LaTeX shows it; a cell that begins with a bracket is no option of a row."""
    shown = "".join(ESCAPES.get(mark, mark) for mark in _line(text))
    return "{}" * shown.startswith("[") + shown
