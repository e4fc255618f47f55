"""Writes the result tables and renders them for people: Markdown, CSV, LaTeX."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pandas as pd

from zoo.errors import ZooError
from zoo.evidence.statistics import share_interval
from zoo.results import measured as measured_tables
from zoo.results.files import EXACT, NUMBER, read_spec, read_table, write_frame, write_text
from zoo.results.summary import Summary

FORMATS = ("md", "csv", "latex")


def write(folder: Path, spec: dict[str, Any], summary: Summary) -> None:
    """Writes spec.json, runs.csv, curves.csv, table.csv and table.md.

    The same input gives the same bytes.

    Args:
        folder: Results folder of one experiment; made if it does not exist.
        spec: The declaration as run.
        summary: The tables.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "spec.json", json.dumps(spec, indent=2) + "\n")
    for name in ("runs", "curves", "table"):
        write_frame(
            folder / f"{name}.csv", getattr(summary, name), EXACT if name == "runs" else NUMBER
        )
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
        return str(table.to_csv(index=False, float_format=NUMBER, lineterminator="\n"))
    if spec.get("kind") == "measured":
        shown, below = measured_tables.blocks(spec, table), measured_tables.NOTES
    else:
        shown, below = [("", readable(table, spec["baseline"]))], notes(spec, table)
    if form == "latex":
        return "\n".join(f"% {heading}\n" * bool(heading) + _latex(each) for heading, each in shown)
    head = f"# {spec['experiment']}\n\n{spec['question']}\n\n"
    parts = [f"{heading}\n\n" * bool(heading) + _markdown(each) for heading, each in shown]
    return head + "\n".join(parts) + "\n" + "\n".join(below) + "\n"


def readable(table: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """Returns the table in words and percent, as text."""
    rows = []
    for row in table.itertuples():
        rows.append(
            {
                "variant": row.variant,
                "learning rate": f"{row.learning_rate:g}" + ("*" if row.at_edge else ""),
                "validation %": _percent(row.val_accuracy),
                "test %": _with_interval(row.test_accuracy, row.test_low, row.test_high),
                "at the baseline's rate %": _percent(row.same_rate_accuracy),
                "difference (points)": "baseline"
                if row.variant == baseline
                else _with_interval(
                    row.difference, row.difference_low, row.difference_high, sign="+"
                ),
                "p": "" if math.isnan(row.p) else f"{row.p:.2g}",
                "diverged": _diverged(row.diverged, row.n),
            }
        )
    return pd.DataFrame(rows)


def notes(spec: dict[str, Any], table: pd.DataFrame) -> list[str]:
    """Returns the lines below a table that say how to read it."""
    data, recipe = spec["data"], spec["recipe"]
    seeds, most = len(spec["seeds"]), int(table["n"].max())
    more = f", up to {most} where a claim was undecided" if most > seeds else ""
    lines = [
        f"Data {data['name']}: {data['train']} training, {data['validation']} validation and "
        f"{data['test']} test examples. {recipe['epochs']} epochs, batch {recipe['batch_size']}, "
        f"{seeds} seeds{more}.",
        "Learning rate: each variant's best on validation data. Brackets: 95 % interval over "
        "seeds. Difference from the baseline on test data, paired by seed; p: exact sign-flip "
        "test, not corrected for the number of variants.",
    ]
    changed = _sides_changed(table, spec["baseline"])
    if changed:
        lines.append(
            f"At the baseline's learning rate {', '.join(changed)} would be on the other side of "
            f"{spec['baseline']}."
        )
    if (table["diverged"] > 0).any():
        lines.append("Diverged: runs, with the 95 % interval of their share (Wilson).")
    if table["at_edge"].any():
        lines.append("Rates with a *: an end of the grid, a wider grid may do better.")
    return lines


def _sides_changed(table: pd.DataFrame, baseline: str) -> list[str]:
    """Returns the variants that beat the baseline at one choice of the rate and not at the other.

    Differences within the baseline's interval do not count.
    """
    own = table.set_index("variant")
    if baseline not in own.index:
        return []
    reference = own.loc[baseline]
    noise = reference["test_high"] - reference["test_accuracy"]
    best = own["test_accuracy"] - reference["test_accuracy"]
    same = own["same_rate_accuracy"] - reference["test_accuracy"]
    changed = (best * same < 0) & (best.abs() > noise) & (same.abs() > noise)
    return [str(label) for label in own.index[changed]]


def _diverged(runs: int, n: int) -> str:
    """Returns how many runs diverged, with the interval of their share; empty for none."""
    if not runs:
        return ""
    share = share_interval(runs, n)
    return f"{runs} of {n} [{100 * share.low:.0f}, {100 * share.high:.0f}] %"


def _percent(share: float) -> str:
    return "" if math.isnan(share) else f"{100 * share:.1f}"


def _with_interval(mean: float, low: float, high: float, sign: str = "") -> str:
    if math.isnan(mean):
        return ""
    text = f"{100 * mean:{sign}.1f}"
    return text if math.isnan(low) else f"{text} [{100 * low:{sign}.1f}, {100 * high:{sign}.1f}]"


def _markdown(frame: pd.DataFrame) -> str:
    cells = [list(frame.columns), *frame.to_numpy().tolist()]
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
    escapes = {mark: "\\" + mark for mark in "&%$#_{}"} | {
        "\\": r"\textbackslash{}",
        "^": r"\textasciicircum{}",
        "~": r"\textasciitilde{}",
    }
    return "".join(escapes.get(mark, mark) for mark in text)
