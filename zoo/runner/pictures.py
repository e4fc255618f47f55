"""Draws the pictures of what was run, unless they are there and nothing has changed since."""

from __future__ import annotations

import functools
import hashlib
from importlib.metadata import version
from pathlib import Path

from zoo.results.store import Store
from zoo.runs.identity import digest_of_sources
from zoo.runs.phases import phase

SOURCES = ("zoo/figures/*.py", "zoo/results/*.py", "zoo/evidence/*.py")


@phase("pictures")
def draw(folder: Path) -> None:
    """Draws all pictures of a results folder; the store beside it keeps what they were drawn from.

    Args:
        folder: The results folder.
    """
    from zoo.figures import kinds

    name = f"drawn {folder.name}"
    with Store(folder.parent) as store:
        if store.noted(name) != stamp_of(folder):
            kinds.plot_results(folder)
            store.note(name, stamp_of(folder))


def stamp_of(folder: Path) -> str:
    """Returns a digest of all files of a folder, pictures too, and of the code that draws them."""
    digest = hashlib.sha256(_code().encode())
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        digest.update(f"{path.name} {path.stat().st_size} ".encode() + path.read_bytes())
    return digest.hexdigest()


@functools.cache
def _code() -> str:
    return version("matplotlib") + digest_of_sources(*SOURCES)
