"""The command `advise`."""

from __future__ import annotations

import shlex
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from zoo.commands.options import (
    RESULTS,
    DataDirOption,
    DataOption,
    DebugOption,
    ResultsOption,
    WorkersOption,
    echo,
    takes_table,
)
from zoo.errors import ZooError


@takes_table
def advise(
    model: Annotated[
        str | None, typer.Argument(metavar="FILE.py", help="A model of yours, as an experiment.")
    ] = None,
    data: DataOption = None,
    budget: Annotated[str, typer.Option(metavar="TIME", help="Like 90s, 5m or 1h.")] = "5m",
    margin: Annotated[
        float, typer.Option(metavar="POINTS", help="Largest difference that does not matter.")
    ] = 1.0,
    knobs: Annotated[
        list[str] | None, typer.Option(metavar="NAME,...", help="Ask these only; again.")
    ] = None,
    data_dir: DataDirOption = None,
    results: ResultsOption = RESULTS,
    device: Annotated[str, typer.Option(help="auto, cpu, gpu or gpu:N.")] = "auto",
    workers: WorkersOption = None,
    debug: DebugOption = False,
    table: Any = None,
) -> None:
    """Say which knobs matter on your data, by how much, and what to change."""
    from zoo.adviser import answered

    if data is None and model is None:
        raise ZooError("Name the data, as in --data mine.csv. `python -m zoo data` reads the same.")
    folder = answered(
        data,
        table=table,
        budget=budget,
        margin=margin,
        knobs=knobs or [],
        model=model,
        results=results,
        tell=echo,
        command=shlex.join(["python", "-m", "zoo", *sys.argv[1:]]),
        data_dir=data_dir,
        device=device,
        began=time.perf_counter(),
        workers=workers,
    )
    show_advice(folder)


def show_advice(folder: Path) -> None:
    """Prints the table and the sentence."""
    from zoo.advice.words import held_line, interval, not_advised, not_asked, points, verdict_words
    from zoo.adviser import Advice
    from zoo.results.advised import ordered, stricter_words

    record = Advice(folder).record
    rows = ordered(record["items"])
    labels = [f"{row['knob']}: {row['from']} -> {row['to']}" for row in rows]
    width = max(map(len, labels), default=0)
    echo("")
    for label, row in zip(labels, rows, strict=True):
        told = f"{points(row['difference']):>6} {interval(row):>16}"
        echo(f"{label:<{width}} {told}  {verdict_words(row)}")
    if stricter := stricter_words(rows):
        echo(f"({stricter})")
    if others := not_advised(record):
        echo(f"helps alone and is not advised: {'; '.join(others)}")
    if record["not_asked"]:
        echo(f"not asked: {'; '.join(not_asked(record['not_asked']))}")
    if held := held_line(record):
        echo(held)
    echo(f"\n{record['sentence']}\n\nTable, picture and network: {folder}")
    echo(f"To train the network: python {folder / 'advice.py'} (after pip install . in the clone)")
