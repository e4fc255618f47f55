"""The command `compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zoo.commands.options import DebugOption, echo

SIDE = "Results folder, or a folder in it with the results of one experiment."


def compare(
    a: Annotated[Path, typer.Argument(metavar="A", help=SIDE)],
    b: Annotated[Path, typer.Argument(metavar="B", help="The same of another run.")],
    debug: DebugOption = False,
) -> None:
    """Say which verdicts, learning rates and accuracies differ between two results.

    The exit code is 1 if a claim that was supported is refuted, or the reverse.
    """
    from zoo.results import compare, compare_lines, sides

    changes = compare.compare(*sides.read_both(a, b))
    echo("\n".join(compare_lines.lines_of(changes, (str(a), str(b)))))
    if changes.turned:
        raise typer.Exit(1)
