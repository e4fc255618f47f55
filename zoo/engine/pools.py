"""The examples of all runs of a program, on the device once for each draw of the data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from zoo.data import Data
from zoo.data.arrays import inputs_of, over_inputs
from zoo.engine.seams import seam
from zoo.runs.phases import phase

# Examples and targets on the device, the weight of each, how many count, and the rows of each run
# among them, shape `(runs, chunk)`, or None where all runs are measured on the same. Before the
# runs are known, a function of their draws' places returns these rows.
Chunk = tuple[Any, Any, Any, int, Any]

PARTS = {"val": "validation", "test": "test"}


class Pools:
    """The examples of the runs of a program: the same for all, or a draw for each of their seeds.

    The training examples of all draws lie one after the other, and so do those of the other parts.

    Args:
        data: The data.
        seeds: The seeds of the runs.
        size: Most examples that are evaluated at once.
        fill: Whether a last chunk is filled up with examples of weight 0.

    Attributes:
        x: The features of the training examples on the device.
        targets: Their labels, or a pair of labels and weights where examples count differently.
    """

    @phase("data")
    def __init__(self, data: Data, seeds: Sequence[int], size: int, fill: bool) -> None:
        by_seed = {seed: data.of(seed) for seed in seeds}
        draws = list({id(own): own for own in by_seed.values()}.values()) or [data]
        places = {id(own): place for place, own in enumerate(draws)}
        self._place = {seed: places[id(own)] for seed, own in by_seed.items()}
        self._examples = len(data.y_train)
        self.x, self.targets = _in_a_row(draws, "train")
        # Both parts lie in one array, so that one compiled evaluation does for both.
        whole = _in_a_row(draws, *PARTS.values()) if len(draws) > 1 else None
        self._parts, start = {}, 0
        for part, name in PARTS.items():
            self._parts[part] = _chunks(draws[0], name, size, fill, whole and (*whole, start))
            start += len(draws) * len(getattr(data, f"y_{name}"))

    @property
    def y(self) -> Any:
        """The labels of the training examples on the device."""
        return labels_and_weights(self.targets)[0]

    def rows(self, seed: int, order: Any) -> Any:
        """Returns rows of the training examples of a run's own draw as rows of all of them."""
        return order + np.int32(self._examples * self._place.get(seed, 0))

    def chunks(self, part: str, seeds: Sequence[int]) -> Iterator[Chunk]:
        """Yields the examples of the `val` or `test` part, for runs with these seeds."""
        places = np.array([self._place.get(seed, 0) for seed in seeds], np.int32)
        for x, y, weight, count, rows_of in self._parts[part]:
            yield x, y, weight, count, rows_of and rows_of(places)


def labels_and_weights(targets: Any) -> tuple[Any, Any]:
    """Returns labels, and their weights or None."""
    return targets if isinstance(targets, tuple) else (targets, None)


def _targets(labels: Any, weights: Any) -> Any:
    return labels if weights is None else (labels, weights)


def _in_a_row(draws: Sequence[Data], *parts: str) -> tuple[Any, Any]:
    """Returns features and targets of parts of all draws, one after the other, on the device."""
    give = seam().to_device
    x, y, weights = (
        [getattr(own, f"{letter}_{part}") for part in parts for own in draws] for letter in "xyw"
    )
    of_all = None if weights[0] is None else give(_joined(weights))
    return over_inputs(give, _joined(x)), _targets(give(_joined(y)), of_all)


def _joined(several: Sequence[Any]) -> Any:
    """Returns arrays, or lists or dicts of them, one after the other."""
    if len(several) == 1:
        return several[0]
    joined = map(np.concatenate, zip(*map(inputs_of, several), strict=True))
    return over_inputs(lambda _: next(joined), several[0])


def _chunks(
    data: Data, part: str, size: int, fill: bool, whole: tuple[Any, Any, int] | None
) -> list[Chunk]:
    """Cuts a part into chunks, the last filled up with examples of weight 0 if that is wanted.

    Args:
        data: The data, or one draw of them.
        part: `validation` or `test`.
        size: Most examples of a chunk.
        fill: Whether the last is filled up.
        whole: Features and targets of all draws, and where those of the first one's part begin.
    """
    x, y, w = (getattr(data, f"{letter}_{part}") for letter in "xyw")
    chunks: list[Chunk] = []
    give = seam().to_device
    for start in range(0, len(y), size):
        own = slice(start, start + size)
        count = len(y[own])
        missing = size - count if fill else 0
        weight = np.ones(count + missing, np.float32)
        weight[count:] = 0
        if whole is None:
            filled = partial(_filled, own, missing)
            targets = _targets(filled(y), None if w is None else filled(w))
            chunks.append((over_inputs(filled, x), targets, give(weight), count, None))
        else:
            first = np.minimum(start + np.arange(count + missing), len(y) - 1).astype(np.int32)
            rows = partial(_rows, first + np.int32(whole[2]), len(y))
            chunks.append((*whole[:2], give(weight), count, rows))
    return chunks


def _rows(first: Any, examples: int, places: Any) -> Any:
    """Returns the rows of each run's own draw, shape `(runs, chunk)`, on the device.

    Args:
        first: Rows of the first draw, shape `(chunk,)`.
        examples: Examples of a draw.
        places: Place of each run's draw, shape `(runs,)`.
    """
    return seam().to_device(first + np.int32(examples) * places[:, np.newaxis])


def _filled(part: slice, missing: int, array: Any) -> Any:
    """Returns rows of an array on the device, with as many of zeros as are missing."""
    zeros = np.zeros((missing, *array.shape[1:]), array.dtype)
    return seam().to_device(np.concatenate([array[part], zeros]))
