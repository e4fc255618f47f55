"""Gives each run files of its own where the callbacks of several would write into the same."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import Any

from keras import callbacks

from zoo.runs.run import Job

# Which attribute holds the path, and whether it is a folder's.
HOLDERS = {
    callbacks.CSVLogger: ("filename", False),
    callbacks.ModelCheckpoint: ("filepath", False),
    callbacks.TensorBoard: ("log_dir", True),
    callbacks.BackupAndRestore: ("backup_dir", True),
}
WEIGHTS = ".weights.h5"


def _held(callback: Any) -> tuple[str, bool]:
    """Returns the path that a callback writes to, empty if it has none, and if it is a folder."""
    for kind, (attribute, is_folder) in HOLDERS.items():
        if isinstance(callback, kind):
            return str(getattr(callback, attribute)), is_folder
    return "", False


class Paths:
    """Knows which files several runs would write to.

    Args:
        jobs: All runs that are trained now.

    Attributes:
        shared: By path, what tells the runs that would write to it apart, by the id of the job.
    """

    def __init__(self, jobs: Sequence[Job]) -> None:
        by_recipe: dict[int, list[Job]] = {}
        for job in jobs:
            by_recipe.setdefault(id(job.recipe), []).append(job)
        users: dict[str, list[Job]] = {}
        for own in by_recipe.values():
            for callback in own[0].recipe.callbacks():
                path, _ = _held(callback)
                if path:
                    users.setdefault(path, []).extend(own)
        self.shared = {path: _labels(own) for path, own in users.items() if len(own) > 1}

    def separate(self, made: Iterable[Any], job: Job) -> None:
        """Gives callbacks of a run, changed in place, paths with its variant, rate and seed."""
        for callback in made:
            path, is_folder = _held(callback)
            label = self.shared.get(path, {}).get(id(job))
            if label is None:
                continue
            own = _with_label(path, label, is_folder)
            for name, value in vars(callback).items():  # and what the callback made of the path
                rest = str(value).removeprefix(path) if isinstance(value, str | PurePath) else ""
                if str(value) == path or (rest != str(value) and rest.startswith(("/", "\\"))):
                    setattr(callback, name, own + rest)


def _labels(jobs: Sequence[Job]) -> dict[int, str]:
    """Returns for each run, by the id of its job, what tells it from the others."""
    found = {id(job): f"{job.run.variant}-{job.run.learning_rate:g}-{job.run.seed}" for job in jobs}
    often = Counter(found.values())
    for number, job in enumerate(jobs):
        if often[found[id(job)]] > 1:
            found[id(job)] += f"-{job.run.key[:8] or number}"
    return {job: re.sub(r"[^\w.+-]", "_", label) for job, label in found.items()}


def _with_label(path: str, label: str, is_folder: bool) -> str:
    if is_folder:
        return str(PurePath(path) / label)
    suffix = WEIGHTS if path.endswith(WEIGHTS) else PurePath(path).suffix
    return f"{path.removesuffix(suffix)}-{label}{suffix}"
