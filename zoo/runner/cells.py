"""The cells of a measured experiment, a variant with a seed each: measured once, then kept."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib import metadata
from typing import Any

import keras
import numpy as np

from zoo import data
from zoo.data.sources import PACKAGES
from zoo.experiment import Measurement
from zoo.results.store import Store
from zoo.runs.code import value_and_code
from zoo.runs.identity import digest_of_sources, key_of, library_versions

# Rows of metric, place and number; or of a histogram's shares and edges; or of an image's rows.
Rows = list[list[Any]]
IMAGE = "image"  # the metric of an array of shape (rows, columns)

# What a measurement may use of the zoo, directly or through these.
SOURCES = (
    *("zoo/*.py", "zoo/data/*.py", "zoo/runs/*.py", "zoo/engine/*.py", "zoo/search/*.py"),
    "callbacks/**/*.py",
)


@dataclass(kw_only=True)
class Kept:
    """Measures what the store does not have, and keeps it.

    Attributes:
        store: Where cells are kept.
        name: The results folder for which they are kept.
        fresh: Whether what is stored is measured again.
        measured: How many have been measured so far, by a helper perhaps.
        stored: How many were there at the beginning.
        unknown: Sentences about what numbers depend on and keys do not know: nothing is kept then.
    """

    store: Store
    name: str
    fresh: bool = False
    measured: int = 0
    stored: int = 0
    unknown: dict[str, None] = field(default_factory=dict)
    _there: set[str] = field(default_factory=set)

    def begin(self, experiment: Measurement, cells: Sequence[tuple[str, int]]) -> None:
        """Sees which cells are there already; others may come from a helper meanwhile."""
        _described.cache_clear()
        keys = {key_and_unknown(experiment, *cell)[0] for cell in cells}
        self._there = {key for key in keys if self.store.cell(key) is not None}

    def rows(self, experiment: Measurement, label: str, seed: int) -> Rows:
        """Returns what is measured of a variant with a seed, from the store if it is there."""
        key, unknown = key_and_unknown(experiment, label, seed)
        self.unknown |= dict.fromkeys(unknown)
        known = None if self.fresh or unknown else self.store.cell(key)
        if known is not None:
            self.stored += key in self._there
            self.measured += key not in self._there
            return known
        found = rows_of(experiment, label, seed)
        self.measured += 1
        _described.cache_clear()
        if key_and_unknown(experiment, label, seed)[0] != key:
            self.unknown["measuring changes what it depends on, such as a generator"] = None
        elif not unknown:
            self.store.add_cell(key, self.name, label, seed, found)
        return found

    def help(self, experiment: Measurement, cells: Sequence[tuple[str, int]]) -> None:
        """Measures cells that the store does not have, from the last seed back, and keeps them."""
        for cell in sorted(cells, key=lambda cell: -cell[1]):
            key, unknown = key_and_unknown(experiment, *cell)
            if not unknown and self.store.cell(key) is None:
                self.rows(experiment, *cell)


def rows_of(experiment: Measurement, label: str, seed: int) -> Rows:
    """Measures a variant with a seed."""
    keras.utils.clear_session(free_memory=False)
    keras.utils.set_random_seed(seed)
    found = []
    for name, value in experiment.measure(experiment.variants[label], seed).items():
        metric, place = name if isinstance(name, tuple) else (name, "")
        found.append([metric, _plain(place), _told(metric, value)])
    return found


def _told(metric: str, value: Any) -> Any:
    """Returns a number, or the lists that a histogram or an image is made of."""
    if metric == IMAGE:
        return np.asarray(value, float).tolist()
    return [_plain(each) for each in value] if isinstance(value, tuple) else float(value)


def _plain(value: Any) -> Any:
    """Returns numbers of NumPy or Keras as Python's, and others as they are."""
    return value if isinstance(value, int | float | str) else np.asarray(value).tolist()


def key_and_unknown(experiment: Measurement, label: str, seed: int) -> tuple[str, list[str]]:
    """Returns a key that is equal for cells whose numbers are equal, and what it does not know.

    The numbers follow from the function, the variant's value, the seed, the versions of libraries,
    Keras's settings and the zoo's own code.
    """
    described, unknown = _described(experiment.measure, _Same(experiment.variants[label]))
    folder = os.environ.get("ZOO_DATA", "")
    needed = _fingerprint(experiment.needs, folder) if experiment.needs else ""
    return key_of(described, seed, needed, _versions(), _own_code()), list(unknown)


class _Same:
    """A value that is equal only to itself, so that what is known of it can be kept."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __hash__(self) -> int:
        return id(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.value is other.value


@functools.cache
def _described(measure: Any, value: _Same) -> tuple[Any, tuple[str, ...]]:
    """Returns what `value_and_code` does of a variant, once for all of its seeds."""
    described, unknown = value_and_code(partial(measure, value.value))
    return described, tuple(unknown)


def _versions() -> Mapping[str, object]:
    settings = {
        "floatx": keras.config.floatx(),
        "epsilon": keras.config.epsilon(),
        "image_data_format": keras.config.image_data_format(),
        "dtype_policy": keras.config.dtype_policy().name,
    }
    packages = {name: metadata.version(name) for name in PACKAGES.values()}
    return {**library_versions(), **packages, **settings}


@functools.cache
def _own_code() -> str:
    """Returns a digest of the zoo's code that a measurement may use."""
    return digest_of_sources(*SOURCES)


@functools.cache
def _fingerprint(name: str, folder: str) -> str:
    """Returns what data are like that a measurement asks for, read once for all of its cells."""
    return data.load(name, data_dir=folder or None).fingerprint
