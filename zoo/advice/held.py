"""The part of the data that advice does not look at until its end."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from zoo.data import Data, Draws, TableOptions
from zoo.data.draws import drawn_seed, draws_of
from zoo.data.parts import Parts
from zoo.data.sets import HELD_OUT_SHARE, read
from zoo.data.splits import stratified_split
from zoo.errors import ZooError

SHARE = 0.2
FEWEST_ROWS, FEWEST_OF_CLASS = 200, 10


@dataclass(frozen=True)
class Split:
    """Examples to ask, and examples that are kept back.

    Attributes:
        name: What the data are called.
        asked: The examples that knobs are tried on.
        last: The same as training part, with the examples that are kept back as test part.
    """

    name: str
    asked: Parts
    last: Parts

    @property
    def rows(self) -> int:
        """How many examples knobs are tried on."""
        return len(self.asked.y)

    @property
    def held_out(self) -> int:
        """How many examples are kept back."""
        return 0 if self.last.y_test is None else len(self.last.y_test)

    @cached_property
    def draws(self) -> Draws:
        """A split of the examples to ask for every seed."""
        return self.draws_with(None)

    def draws_with(self, preprocessing: Any) -> Draws:
        """Returns the draws with another preprocessing."""
        return draws_of(self.name, self.asked, preprocessing=preprocessing)

    def tested(self, seed: int) -> Any:
        """Returns the numbers of the rows that the split of a seed is tested on."""
        return stratified_split(self.asked.strata, HELD_OUT_SHARE, drawn_seed(seed, "test"))[1]

    def last_with(self, preprocessing: Any) -> Draws:
        """Returns draws of training and validation part that are tested on what is kept back."""
        return draws_of(self.name, self.last, preprocessing=preprocessing)


def kept_back(name: str, parts: Parts) -> Split:
    """Keeps a stratified fifth of the examples back, or the test part that they have.

    Raises:
        ZooError: If there are too few to tell anything.
    """
    check_enough(parts)
    return _split(name, parts)


def examples_of(
    name_or_path: str, table: TableOptions | None = None, preprocessing: Any = None
) -> Data:
    """Returns the rows that advice asked, to train and validate, and as test part those kept back.

    Args:
        name_or_path: The data, as `zoo.data.load` takes them.
        table: What is said about a table.
        preprocessing: Fitted to the training part; `None` standardises.

    Raises:
        ZooError: If the data cannot be read.
    """
    return _split(*read(name_or_path, None, table)).last_with(preprocessing).of(0)


def _split(name: str, parts: Parts) -> Split:
    x, y, x_last, y_last = parts.x, parts.y, parts.x_test, parts.y_test
    if x_last is None or y_last is None:
        rest, held = stratified_split(parts.strata, SHARE, drawn_seed(0, "kept back"))
        x, y, x_last, y_last = x[rest], y[rest], x[held], y[held]
    asked = dataclasses.replace(parts, x=x, y=y, x_test=None, y_test=None)
    return Split(name, asked, dataclasses.replace(parts, x=x, y=y, x_test=x_last, y_test=y_last))


def check_enough(parts: Parts) -> None:
    """Raises ZooError unless there are rows enough to tell a difference."""
    rows = len(parts.y) + (0 if parts.y_test is None else len(parts.y_test))
    if rows < FEWEST_ROWS:
        raise ZooError(
            f"`advise` needs at least {FEWEST_ROWS} rows; there are {rows}, of which a test "
            "part is so small that no usual difference can be told from chance.\nCollect more rows."
        )
    if not parts.class_names:
        return
    counts = np.bincount(parts.y, minlength=len(parts.class_names))
    if counts.min() < FEWEST_OF_CLASS:
        rare = parts.class_names[int(counts.argmin())]
        raise ZooError(
            f"`advise` needs at least {FEWEST_OF_CLASS} rows of every class; there are "
            f"{counts.min()} of {rare}.\nCollect more of it, or drop its rows."
        )
