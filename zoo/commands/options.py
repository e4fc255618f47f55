"""What the commands have in common: their options, and how an error is said."""

from __future__ import annotations

import functools
import inspect
import os
import shutil
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoo.errors import ZooError, printable, shortened
from zoo.results.folders import root_of

if TYPE_CHECKING:
    from zoo.data import TableOptions
    from zoo.runner.cluster.connection import Cluster

RESULTS = Path("results")
INTERRUPTED = 130

LONGEST = 400  # letters of a line that goes into no terminal


Names = Annotated[
    list[str] | None, typer.Argument(metavar="NAME ...", help="Experiments, or paths of yours.")
]
ResultsOption = Annotated[
    Path,
    typer.Option("--results", metavar="DIR", help="Results folder.", callback=root_of),
]
DataOption = Annotated[
    str | None,
    typer.Option("--data", metavar="NAME|FILE", help="Data set, .npz or table[:target]."),
]
NAMES_DATA = ("data", "file")  # what the parameter is called
TABLE_OPTIONS: dict[str, Any] = {
    "target": Annotated[
        str | None,
        typer.Option(metavar="NAME|POSITION", help="A table's target (the last column)."),
    ],
    "drop": Annotated[
        list[str] | None,
        typer.Option(metavar="NAME,...", help="Leave out columns of a table; again."),
    ],
    "keep": Annotated[
        list[str] | None,
        typer.Option(metavar="NAME,...", help="Keep columns that the zoo would leave out; again."),
    ],
    "header": Annotated[
        str | None,
        typer.Option(
            help="none or first: whether a table's first line is an example or the names."
        ),
    ],
    "task": Annotated[
        str | None,
        typer.Option(
            metavar="classification|regression", help="Whether the target is classes or a number."
        ),
    ],
    "inputs": Annotated[
        str | None,
        typer.Option(
            metavar="images|signals", help="What an array (examples, rows, columns) holds."
        ),
    ],
    "examples": Annotated[
        int | None,
        typer.Option(metavar="N", help="Take N examples, in which classes keep their shares."),
    ],
}
DataDirOption = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Folder with NAME.npz files, looked in before ZOO_DATA."),
]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
WorkersOption = Annotated[
    int | None,
    typer.Option(metavar="N", help="Processes that train (with Ray), a GPU each if there are any."),
]
ClusterOption = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT", envvar="RAY_ADDRESS", help="Train on a Ray cluster that is there."
    ),
]
AllOption = Annotated[bool, typer.Option("--all", help="All experiments.")]


def takes_table(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the options about a table, behind the one that names the data.

    The command gets what the user says by them as its keyword `table`, `None` for nothing.
    """
    own = dict(inspect.signature(command, eval_str=True).parameters)
    del own["table"]

    @functools.wraps(command)
    def with_options(**given: Any) -> None:
        said = {name: given.pop(name) for name in TABLE_OPTIONS}
        command(**given, table=_table_options(**said))

    parameters: list[inspect.Parameter] = []
    for name, parameter in own.items():
        parameters.append(parameter)
        if name in NAMES_DATA:
            kind = parameter.kind
            parameters += [
                inspect.Parameter(option, kind, default=None, annotation=annotation)
                for option, annotation in TABLE_OPTIONS.items()
            ]
    with_options.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    with_options.__annotations__ = {each.name: each.annotation for each in parameters}
    return with_options


def _table_options(
    target: str | None,
    drop: list[str] | None,
    keep: list[str] | None,
    header: str | None,
    examples: int | None,
    task: str | None,
    inputs: str | None,
) -> TableOptions | None:
    from zoo.data import TableOptions

    given = TableOptions(
        target, tuple(drop or ()), tuple(keep or ()), header, examples, task, inputs
    )
    return None if given == TableOptions() else given


def cluster_of(workers: int | None, address: str | None) -> Cluster | None:
    """Returns what the options `--workers` and `--cluster` ask for; `None` for this process.

    It is to be closed, and called before Keras is imported.
    """
    if workers is None and not address:
        return None
    from zoo.runner.cluster.connection import GROWTH, Cluster

    cluster = Cluster(workers, address or "")
    os.environ.update(GROWTH)
    return cluster


def echo(text: str, err: bool = False, nl: bool = True) -> None:
    """Prints a text, whatever is in it, so that the terminal shows it and obeys none of it."""
    typer.echo(printable(text), err=err, nl=nl)


def line_width() -> int:
    """Returns how many letters a line may have: the terminal's, or `LONGEST` without one."""
    return min(shutil.get_terminal_size().columns, LONGEST) if sys.stdout.isatty() else LONGEST


def say(error: Exception) -> None:
    """Prints an error in one line, with its traceback only for --debug."""
    if "--debug" in sys.argv:
        traceback.print_exc()
    label = "Error" if isinstance(error, ZooError) else f"Failed: {type(error).__name__}"
    hint = "" if isinstance(error, ZooError) else " (--debug shows where)"
    message = str(error).strip().splitlines()
    echo(shortened(f"{label}: {' '.join(message[:2])}{hint}"), err=True)
