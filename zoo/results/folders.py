"""Where the verdicts of an experiment lie. It needs no pandas, as listing must be quick."""

from __future__ import annotations

from pathlib import Path

from zoo.errors import ZooError
from zoo.results.schema import read_spec

PANEL = "@panel"  # ends the name of the folder of what was settled on several data sets


def settled_folder(folder: Path) -> Path:
    """Returns where the verdicts of an experiment lie: on a panel of data sets if there is one.

    A panel of claims that the experiment no longer has does not count.

    Args:
        folder: The experiment's results folder.
    """
    panel = folder.with_name(f"{folder.name}{PANEL}")
    if "@" in folder.name or not (panel / "verdicts.csv").is_file():
        return folder
    own, over = (read_spec(each / "spec.json").get("claims", []) for each in (folder, panel))
    return panel if own == over else folder


def root_of(path: Path) -> Path:
    """Returns the results folder of all experiments.

    Raises:
        ZooError: If it is a file.
    """
    if path.exists() and not path.is_dir():
        raise ZooError(
            f"The results folder must be writable. Received: {path}, which is a file. Name another "
            "with --results."
        )
    return path
