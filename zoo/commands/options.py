"""What the commands have in common: their options, and how an error is said."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from zoo.errors import ZooError

RESULTS = Path("results")
INTERRUPTED = 130

Names = Annotated[
    list[str] | None, typer.Argument(metavar="NAME ...", help="Experiments, or paths of yours.")
]
ResultsOption = Annotated[Path, typer.Option("--results", metavar="DIR", help="Results folder.")]
DataDirOption = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Folder with NAME.npz files, looked in before ZOO_DATA."),
]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
AllOption = Annotated[bool, typer.Option("--all", help="All experiments.")]


def say(error: Exception) -> None:
    """Prints an error in one line, with its traceback only for --debug."""
    if "--debug" in sys.argv:
        traceback.print_exc()
    label = "Error" if isinstance(error, ZooError) else f"Failed: {type(error).__name__}"
    hint = "" if isinstance(error, ZooError) else " (--debug shows where)"
    message = str(error).strip().splitlines()
    typer.echo(f"{label}: {' '.join(message[:2])}{hint}", err=True)
