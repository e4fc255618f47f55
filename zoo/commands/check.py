"""The command `check`."""

from __future__ import annotations

from typing import Annotated

import typer

from zoo.commands.options import DataDirOption, DebugOption, echo
from zoo.engine.device import import_keras


def check(
    name: Annotated[str, typer.Argument(help="Experiment, or path of yours.")],
    quick: Annotated[
        bool, typer.Option("--quick", help="Leave out the checks that train or measure.")
    ] = False,
    data_dir: DataDirOption = None,
    debug: DebugOption = False,
) -> None:
    """Check an experiment: its declaration, its networks, and whether its factor acts."""
    from zoo.runner.registry import find

    entry = find(name)
    import_keras()
    from zoo.runner.contract.checks import findings

    wrong = 0
    for found in findings(entry, data_dir=data_dir, quick=quick):
        for text in found.wrong or ["ok"]:
            echo(f"{found.check.ljust(11)} {' '.join(text.split())}")
        for note in found.notes:
            echo(f"{found.check.ljust(11)} note: {note}")
        wrong += len(found.wrong)
    if wrong:
        echo(f"{wrong} to mend. What comes after it may not have been checked.", err=True)
        raise typer.Exit(2)
