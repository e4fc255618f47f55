"""What a run of each variant takes, so that better can be weighed against dearer.

It differs from machine to machine, so it stands in no file of the results: it is read from the
store, where the runs were trained.
"""

from __future__ import annotations

from pathlib import Path

from zoo.errors import ZooError
from zoo.results.files import read_spec
from zoo.results.store import FILE, Store


def line_of(folder: Path) -> str:
    """Returns the mean seconds of a run of each variant, over all rates and seeds, in a line.

    Those of runs that trained together are shared out among them.

    Args:
        folder: The results folder of an experiment.

    Returns:
        The line; empty if the store does not have the runs of every variant. If it is damaged, it
        says so.
    """
    if not (folder.parent / FILE).is_file():
        return ""
    spec = read_spec(folder)
    try:
        with Store(folder.parent) as store:
            seconds = store.seconds(folder.name)
    except ZooError as damaged:  # which need not keep anybody from the results
        return f"Seconds a run took are not known: {damaged}"
    if not set(spec["variants"]) <= set(seconds):
        return ""
    parts = [f"{label} {seconds[label]:.2g}" for label in spec["variants"]]
    return f"Seconds a run took, on average over rates and seeds: {', '.join(parts)}."
