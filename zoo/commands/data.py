"""The command `data`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from zoo.commands.options import (
    DataDirOption,
    DebugOption,
    echo,
    takes_table,
)
from zoo.engine.device import import_keras


@takes_table
def data(
    file: Annotated[str, typer.Argument(metavar="NAME|FILE", help="Data set, .npz or table.")],
    data_dir: DataDirOption = None,
    debug: DebugOption = False,
    table: Any = None,
) -> None:
    """Say what the zoo makes of a table: columns, missing values, what is left out, classes."""
    if Path(file).is_dir():  # of images, which Keras reads
        import_keras("cpu")
    from zoo import data as datasets
    from zoo.data.told import lines_of

    for line in lines_of(datasets.load(file, data_dir=data_dir, table=table)):
        echo(line)
