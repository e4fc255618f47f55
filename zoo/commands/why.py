"""The command `why`."""

from __future__ import annotations

from typing import Annotated

import typer

from zoo.commands.options import RESULTS, DebugOption, ResultsOption, echo


def why(
    what: Annotated[
        str, typer.Argument(metavar="WHAT", help="A claim's id, or the path of a picture or table.")
    ],
    results: ResultsOption = RESULTS,
    debug: DebugOption = False,
) -> None:
    """List the runs behind a claim's verdicts, or behind a picture or table of results."""
    from zoo.results import why as reasons

    for number, each in enumerate(reasons.behind(results, what)):
        echo("\n".join([*([""] if number else []), *reasons.lines_of(each)]))
