"""What was run before and would be written again byte for byte: found without preparing it.

Planning builds every network to know what a run depends on, which takes seconds an experiment. That
all files are still what they were is known in a hundredth of that, and then there is nothing to do.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

import keras

from zoo.data import NAMES, available
from zoo.engine.device import device_name
from zoo.results.store import Store
from zoo.runner.measured import ALWAYS
from zoo.runner.pictures import stamp_of
from zoo.runner.prepare import Settings
from zoo.runner.registry import Entry
from zoo.runs.identity import digest_of_sources

SOURCES = ("zoo/**/*.py", "zoo/**/*.csv", "callbacks/**/*.py", "experiments/**/*.py")
PACKAGES = ("keras", "numpy", "scipy", "pandas", "matplotlib", "scikit-learn", "mnist1d", "mlxtend")
COUNTS = re.compile(r"(Trained|Measured) (\d+) (runs|cells), (\d+) were stored")


@dataclass(frozen=True)
class Known:
    """What was said and written when something was run.

    Attributes:
        told: What was said before.
        lines: What was said after, as it is when all is stored.
        folders: Names of the results folders, its own first.
    """

    told: tuple[str, ...]
    lines: tuple[str, ...]
    folders: tuple[str, ...]


@dataclass(frozen=True)
class Asked:
    """What was asked for.

    Attributes:
        entry: The experiment, one of the zoo's own.
        settings: What the user changes about it.
        panel: Whether it is run on several data sets.
        data_dir: Folder with data sets.
    """

    entry: Entry
    settings: Settings
    panel: bool
    data_dir: Path | None

    def recall(self, results: Path) -> Known | None:
        """Returns what is known if a run would change nothing, `None` if it might.

        Args:
            results: The results folder of all experiments.
        """
        if not (self._can_be_known() and results.is_dir()):
            return None
        with Store(results) as store:
            kept = json.loads(store.noted(self._name()) or "{}")
        if kept.get("from") != self._made_from():
            return None
        written = {name: _stamp(results / name) for name in kept["written"]}
        if written != kept["written"]:
            return None
        return Known(tuple(kept["told"]), tuple(kept["lines"]), tuple(written))

    def remember(self, told: Sequence[str], lines: Sequence[str], folders: Sequence[Path]) -> None:
        """Keeps what was said and written, if nothing is unknown of what it depends on.

        Args:
            told: What was said before.
            lines: What was said after.
            folders: The results folders, its own first.
        """
        if not self._can_be_known() or any(ALWAYS in line for line in lines):
            return
        kept = {
            "from": self._made_from(),
            "told": list(told),
            "lines": [COUNTS.sub(_all_stored, line) for line in lines],
            "written": {folder.name: _stamp(folder) for folder in folders},
        }
        with Store(folders[0].parent) as store:
            store.note(self._name(), json.dumps(kept))

    def _can_be_known(self) -> bool:
        """Returns whether all that results depend on is seen: a user's file may read any other."""
        return bool(self.entry.topic) and self.settings.data in (None, *NAMES)

    def _name(self) -> str:
        """Returns what this is kept under."""
        settings = replace(self.settings, words=tuple(sorted(self.settings.words)))
        return f"ran {self.entry.name} {self.panel} {settings!r}"

    def _made_from(self) -> str:
        """Returns a digest of code, libraries, settings and data that results follow from."""
        parts = [_code(), _libraries(), _data(self.data_dir), device_name(), *_settings()]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _all_stored(counts: re.Match[str]) -> str:
    """Returns the counts of a run as they are when it is run again."""
    done, trained, things, stored = counts.groups()
    return f"{done} 0 {things}, {int(trained) + int(stored)} were stored"


def _stamp(folder: Path) -> str:
    return stamp_of(folder) if folder.is_dir() else ""


@functools.cache
def _code() -> str:
    return digest_of_sources(*SOURCES)


@functools.cache
def _libraries() -> str:
    names = {*PACKAGES, keras.backend.backend()}
    found = {each.name: each.version for each in metadata.distributions()}
    return " ".join(f"{name} {found.get(name, 'missing')}" for name in sorted(names))


def _settings() -> list[str]:
    """Returns Keras's settings and the variables of the environment that change numbers."""
    config = keras.config
    return [
        config.floatx(),
        f"{config.epsilon()}",
        config.image_data_format(),
        config.dtype_policy().name,
        *(f"{name}={os.environ[name]}" for name in sorted(os.environ) if "XLA" in name),
    ]


def _data(data_dir: Path | None) -> str:
    """Returns where each data set is, and size and time of its file."""
    lines = []
    for name, where in available(data_dir).items():
        path = Path(where.partition(" ")[2].removeprefix("file "))
        status = path.stat() if path.is_file() else None
        lines.append(f"{name} {where} {status and (status.st_size, status.st_mtime_ns)}")
    return "\n".join(lines)
