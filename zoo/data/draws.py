"""Data that are part of the draw: every seed trains on, and is tested on, examples of its own."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from zoo.data.arrays import inputs_of
from zoo.data.options import TableOptions
from zoo.data.parts import Array, Parts, checked
from zoo.data.ready import Data
from zoo.data.sets import Preprocessing, assembled, fingerprint_of, folder_of, read
from zoo.data.sources import PACKAGES, from_package
from zoo.errors import ZooError

FIXED, RESAMPLED = "fixed", "resampled"
SPLITS = (FIXED, RESAMPLED)
DEFAULT_SPLIT = RESAMPLED
GENERATED = "mnist1d"  # by its package, as many examples as are asked for
KEPT_BYTES = 2**30  # of the draws that are kept; an older one is made again when it is asked for


@dataclass(frozen=True, eq=False)
class Draws(Data):
    """A data set of which every seed has a draw of its own, the same for all variants.

    The arrays are those of seed 0. What is read of them must be the same for all seeds: shapes,
    numbers of examples, classes. The examples of a run come from `of`.

    Attributes:
        fingerprint: 16 hexadecimal digits that change when any value does from which draws are
            made, or in the draw of seed 0. With the seed they stand for the run's data.
        overlap: What the variance of a mean over seeds has to be corrected by, as the draws share
            examples: examples held out of each draw over examples left to train on. 0 where every
            draw has new examples.
        keeps_test: Whether the test part is the same for all seeds, as its owner fixed it.
        source_bytes: Bytes of the examples of which draws are made.
    """

    overlap: float = 0.0
    keeps_test: bool = False
    source_bytes: int = 0
    _draw: Callable[[int], Data] = field(kw_only=True, repr=False)
    _kept: OrderedDict[int, Data] = field(default_factory=OrderedDict, repr=False)

    def of(self, seed: int) -> Data:
        """Returns the draw of a seed: equal words, equal arrays.

        Raises:
            ZooError: If its preprocessing gives other shapes than for seed 0.
        """
        if seed not in self._kept:
            drawn = self._draw(seed)
            if drawn.input_shape != self.input_shape:
                raise ZooError(
                    "Preprocessing must give examples of the same shape for every draw of the "
                    f"data. Received: {self.input_shape} for seed 0, {drawn.input_shape} for "
                    f"seed {seed}. --split fixed has one draw."
                )
            self._kept[seed] = drawn
            most = max(1, KEPT_BYTES // bytes_of(drawn))
            while len(self._kept) > most:
                self._kept.popitem(last=False)
        self._kept.move_to_end(seed)
        return self._kept[seed]

    def comes_out_again(self) -> bool:
        """Returns whether the draw of seed 0, made anew, is the one that was made before.

        It is not where other versions of packages generate or split the examples.
        """
        made = self._draw(0)
        return made.input_shape == self.input_shape and all(
            np.array_equal(one, other)
            for x, y in ((made.x_train, self.x_train), (made.x_test, self.x_test))
            for one, other in zip(inputs_of(x), inputs_of(y), strict=True)
        )

    def __getstate__(self) -> dict[str, Any]:
        """Returns what travels to another process: all but the draws that are made again there."""
        return {**vars(self), "_kept": OrderedDict()}


def load_draws(
    name_or_path: Any,
    *,
    data_dir: str | Path | None = None,
    train_examples: int | None = None,
    preprocessing: Preprocessing | None = None,
    table: TableOptions | None = None,
) -> Draws:
    """Prepares a data set of which every seed gets a draw of its own.

    `mnist1d` is generated anew for each seed. Of other data sets all examples are split anew,
    stratified, into parts as large as `load` makes them; a test part that the data's owner fixed
    stays, and what is not in it is split into training and validation. Preprocessing takes the
    training part of each draw.

    Args:
        name_or_path: As `load` takes it; the other arguments as well.
        data_dir: Folder in which `<name>.npz` is looked for first.
        train_examples: Size of a stratified subset of each draw's training part.
        preprocessing: Function of the raw training features of a draw.
        table: What is to be known about a table.

    Raises:
        MissingDataError: If the data set cannot be had here.
        ZooError: If its name is wrong, or it cannot be read or train a classifier.

    References:
        Bouthillier et al. (2021), Accounting for Variance in Machine Learning Benchmarks, MLSys,
        arXiv:2103.03098.
    """
    named = isinstance(name_or_path, str) and name_or_path == GENERATED
    generated = named and not _in_folder(data_dir) and table in (None, TableOptions())
    name, parts = (GENERATED, None) if generated else read(name_or_path, data_dir, table)
    return draws_of(name, parts, train_examples, preprocessing)


def draws_of(
    name: str,
    parts: Parts | None,
    train_examples: int | None = None,
    preprocessing: Preprocessing | None = None,
) -> Draws:
    """Prepares examples that are at hand, of which every seed gets a draw of its own.

    Args:
        name: What they are called.
        parts: The examples, or `None` where each seed generates its own.
        train_examples: As `load_draws` takes it; the next as well.
        preprocessing: Function of the raw training features of a draw.

    Raises:
        ZooError: If they cannot train a network.
    """

    def draw(seed: int) -> Data:
        own = _generated(seed) if parts is None else parts
        return assembled(name, own, train_examples, preprocessing, partial(drawn_seed, seed))

    first = draw(0)
    origin = metadata.version(PACKAGES[GENERATED]) if parts is None else _fingerprint(parts)
    text = f"{RESAMPLED} {origin} {first.fingerprint}"
    given = {each.name: getattr(first, each.name) for each in fields(Data)}
    given["fingerprint"] = hashlib.sha256(text.encode()).hexdigest()[:16]
    overlap = 0.0 if parts is None else _overlap(parts, first)
    kept = parts is not None and parts.x_test is not None
    known = OrderedDict({0: first})
    arrays = [] if parts is None else [parts.x, parts.y, parts.x_test, parts.y_test]
    source = sum(int(each.nbytes) for each in arrays if each is not None)
    own: dict[str, Any] = {"overlap": overlap, "keeps_test": kept, "source_bytes": source}
    return Draws(**given, **own, _draw=draw, _kept=known)


def drawn_seed(seed: int, word: str) -> int:
    """Returns the seed below 2**31 of one step in the draw of a run's data.

    Args:
        seed: The run's seed.
        word: The step.
    """
    digest = hashlib.sha256(repr(("data", seed, word)).encode()).digest()
    return int.from_bytes(digest[:4], "little") % 2**31


def bytes_of(data: Data) -> int:
    """Returns how many bytes the arrays of a data set have."""
    features = (data.x_train, data.x_validation, data.x_test)
    arrays = [each for x in features for each in inputs_of(x)]
    return sum(int(each.nbytes) for each in (*arrays, data.y_train, data.y_validation, data.y_test))


def _in_folder(data_dir: str | Path | None) -> bool:
    """Returns whether a file takes the place of what is generated."""
    folder = folder_of(data_dir)
    return folder is not None and (folder / f"{GENERATED}.npz").is_file()


def _generated(seed: int) -> Parts:
    return checked(*from_package(GENERATED, drawn_seed(seed, "generate")), source=GENERATED)


def _overlap(parts: Parts, first: Data) -> float:
    """Returns examples held out of a draw over examples left to train on, before any subset."""
    validation = len(first.y_validation)
    test = len(first.y_test) if parts.x_test is None else 0
    return (test or validation) / (len(parts.y) - test - validation)


def _fingerprint(parts: Parts) -> str:
    arrays: list[Array | None] = [parts.x, parts.y, parts.x_test, parts.y_test]
    known = fingerprint_of(*(each for each in arrays if each is not None))
    return known if parts.features is None else f"{known} {parts.features}"
