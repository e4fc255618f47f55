"""The command `notebook`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zoo.commands.options import RESULTS, DebugOption, ResultsOption, echo
from zoo.errors import ZooError


def notebook(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The experiment, or the path of yours.")
    ],
    folder: Annotated[
        Path, typer.Option("--to", metavar="DIR", help="Folder to write it to.")
    ] = Path(),
    force: Annotated[
        bool, typer.Option("--force", help="Write over a notebook that is there.")
    ] = False,
    results: ResultsOption = RESULTS,
    debug: DebugOption = False,
) -> None:
    """Write a short notebook on an experiment, as .ipynb and as Python with the same cells."""
    from zoo.engine.device import import_keras
    from zoo.runner import lesson
    from zoo.runner.registry import find

    entry = find(name)
    endings = lesson.ENDINGS if folder.resolve() != entry.path.resolve().parent else ()
    there = (folder / f"{entry.name}{ending}" for ending in endings)
    taken = next((path for path in there if path.exists()), None)
    if taken is not None and not force:
        raise ZooError(
            f"{taken} is there and may have your work in it. Give --force to write over it, or "
            "another folder with --to."
        )
    import_keras("cpu")
    own = entry.load_measurement() if entry.kind == "measured" else entry.load()
    for path in lesson.write(entry, lesson.cells(entry, own, results), folder):
        echo(str(path))
