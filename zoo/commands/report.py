"""The command `report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zoo.commands.cores import on_all
from zoo.commands.options import RESULTS, DebugOption, ResultsOption, echo


def report(
    readme: Annotated[
        Path | None,
        typer.Option(
            "--gallery",
            metavar="README",
            help="Instead, write a picture of each topic between the marks in this file.",
        ),
    ] = None,
    results: ResultsOption = RESULTS,
    debug: DebugOption = False,
) -> None:
    """Write everything that was found to one page, index.html in the results folder."""
    from zoo.report import gallery, page
    from zoo.runner import registry

    if readme is not None:
        own = sorted(registry.entries(), key=lambda entry: (entry.topic, entry.name))
        gallery.write(readme, results, {entry.name: entry.topic for entry in own})
        echo(str(readme))
        return
    topic_of = {entry.name: entry.topic for entry in registry.entries()}
    path, experiments = page.write(results, registry.topics(), topic_of, on_all)
    size = path.stat().st_size / 1e6
    noun = "experiment" if experiments == 1 else "experiments"
    echo(f"{path}  ({experiments} {noun}, {size:.1f} MB)")
