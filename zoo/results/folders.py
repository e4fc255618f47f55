"""Where the verdicts of an experiment lie. It needs no pandas, as listing must be quick."""

from __future__ import annotations

from collections.abc import Iterable
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


def inside_panels(folders: Iterable[Path]) -> set[str]:
    """Returns the names of panels, and of the single data sets that they are made of.

    What they found stands with the experiment that was settled on them, as its declared run does.

    Args:
        folders: Results folders of experiments.
    """
    names: set[str] = set()
    for folder in folders:
        panel = settled_folder(folder)
        if panel != folder:
            names |= {panel.name, *read_spec(panel / "spec.json")["runs"]} - {folder.name}
    return names


def drawn_before(root: Path) -> list[Path]:
    """Returns the results folders that `plot --all` draws, sorted by name.

    Those are all but single data sets of a panel that no picture was drawn of: a copy of the
    repository has none of them.

    Args:
        root: The results folder.
    """
    there = sorted(path.parent for path in root.glob("*/spec.json"))
    declared = [folder for folder in there if "@" not in folder.name]
    inside = inside_panels(declared)
    return [
        folder
        for folder in there
        if folder.name not in inside or folder.name.endswith(PANEL) or any(folder.glob("*.svg"))
    ]


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
