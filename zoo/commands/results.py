"""The commands that read results: `table` and `claims`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from zoo.commands.options import (
    RESULTS,
    AllOption,
    DebugOption,
    Names,
    ResultsOption,
    echo,
    line_width,
)
from zoo.errors import ZooError


def table(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="The experiment.")] = None,
    form: Annotated[str, typer.Option("--format", help="md, csv or latex.")] = "md",
    write: Annotated[
        bool, typer.Option("--write", help="Write tables, verdicts and ledger again from the rows.")
    ] = False,
    every: AllOption = False,
    results: ResultsOption = RESULTS,
    debug: DebugOption = False,
) -> None:
    """Print the table of an experiment that was run, or write all that follows from its rows."""
    from zoo.results import files, tables, trained

    if every == bool(name) or (every and not write):
        raise ZooError("Name the experiment whose table is wanted, or give --write --all.")
    if write:
        _write_again(results, [name] if name else [])
        return
    folder = files.results_folder(results, str(name))
    echo(tables.render(trained.told_spec(folder), files.read_table(folder), form), nl=False)


def _write_again(results: Path, names: Sequence[str]) -> None:
    """Writes the tables and verdicts of experiments again, or of all, and the ledger."""
    from zoo.results import again, files, ledger

    names = names or sorted(path.parent.name for path in results.glob("*/spec.json"))
    if not names:
        raise ZooError(f"There are no results in {results}. `python -m zoo run` makes some.")
    for folder in again.write_again([files.results_folder(results, name) for name in names]):
        echo(str(folder))
    if any("@" not in name for name in names) and any(results.glob("*/verdicts.csv")):
        ledger.write_ledger(results)


def claims(
    names: Names = None,
    lecture: Annotated[
        str | None, typer.Option(metavar="N", help="Only claims of this lecture, 0 to 4.")
    ] = None,
    topic: Annotated[
        str | None, typer.Option(metavar="T", help="Only from experiments of this topic.")
    ] = None,
    verdict: Annotated[
        str | None,
        typer.Option(
            metavar="WORD", help="Only supported, refuted, depends, undecided or 'not run'."
        ),
    ] = None,
    order: Annotated[
        str, typer.Option(metavar="WORD", help="By lecture, topic, verdict or id.")
    ] = "lecture",
    form: Annotated[str, typer.Option("--format", help="text, md or csv.")] = "text",
    missing: Annotated[
        bool, typer.Option("--missing", help="Ids of the catalogue that nobody claims yet.")
    ] = False,
    results: ResultsOption = RESULTS,
    debug: DebugOption = False,
) -> None:
    """Print the ledger: the claims of the lectures with their verdicts; of a NAME in full."""
    if missing:
        _missing()
        return
    from zoo.results import ledger, ledger_order
    from zoo.runner import registry

    topics = registry.topics()
    own = {entry.name: entry.topic for entry in registry.entries()}
    found = ledger.read(results, names or [])
    found = found.assign(
        topic=[own.get(each.partition("@")[0], "") for each in found["experiment"]]
    )
    found = ledger_order.select(found, lecture, topic, verdict, [*topics])
    text = ledger.render(found, form, order, lecture, topics, whole=bool(names), width=line_width())
    echo(text, nl=False)


def _missing() -> None:
    """Prints the claims of the catalogue that no experiment has, and how many have a rule."""
    from zoo import catalogue
    from zoo.runner import registry

    claims = {claim for entry in registry.entries() for claim in entry.claims}
    claimed = {catalogue.find(claim).id for claim in claims}
    open_ = [e for e in catalogue.entries().values() if e.checks != "rec"]
    left = [entry for entry in open_ if entry.id not in claimed]
    for entry in left:
        echo(f"{entry.id}  {entry.says}")
    echo(f"{len(open_) - len(left)} of {len(open_)} claims have a rule.")
