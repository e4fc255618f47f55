"""The command `data`."""

from __future__ import annotations

from typing import Annotated

import typer

from zoo.commands.options import (
    DataDirOption,
    DebugOption,
    DropOption,
    ExamplesOption,
    HeaderOption,
    KeepOption,
    TargetOption,
    echo,
    table_options,
)


def data(
    file: Annotated[str, typer.Argument(metavar="NAME|FILE", help="Data set, .npz or table.")],
    target: TargetOption = None,
    drop: DropOption = None,
    keep: KeepOption = None,
    header: HeaderOption = None,
    examples: ExamplesOption = None,
    data_dir: DataDirOption = None,
    debug: DebugOption = False,
) -> None:
    """Say what the zoo makes of a table: columns, missing values, what is left out, classes."""
    from zoo import data as datasets
    from zoo.data.told import lines_of

    options = table_options(target, drop, keep, header, examples)
    for line in lines_of(datasets.load(file, data_dir=data_dir, table=options)):
        echo(line)
