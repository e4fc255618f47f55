"""The command `preflight`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from zoo.commands.options import (
    DataDirOption,
    DataOption,
    DebugOption,
    echo,
    takes_table,
)
from zoo.engine.device import import_keras


@takes_table
def preflight(
    name: Annotated[str, typer.Argument(help="Experiment, path of yours, or a .keras model.")],
    variant: Annotated[str | None, typer.Option(metavar="LABEL", help="Only this variant.")] = None,
    data: DataOption = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="Instead of the middle of each variant's grid.")
    ] = None,
    data_dir: DataDirOption = None,
    device: Annotated[str, typer.Option(help="auto, cpu, gpu or gpu:N.")] = "auto",
    debug: DebugOption = False,
    table: Any = None,
) -> None:
    """Check networks before training them: initial loss, activations, updates, a tiny batch."""
    if not name.lower().endswith(".keras"):
        from zoo.runner.registry import find

        find(name)
    import_keras(device)
    from zoo.runner import preflight as checking

    found: list[checking.Report] = []
    for report in checking.reports(
        name,
        variant=variant,
        data=data,
        learning_rate=learning_rate,
        data_dir=data_dir,
        table=table,
    ):
        for line in checking.table_lines(report, head=not found):
            echo(line)
        found.append(report)
    for line in ["", *checking.summary_lines(found)]:
        echo(line)
