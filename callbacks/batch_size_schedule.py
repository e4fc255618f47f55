"""Batches that grow at milestones, in place of a learning rate that decays."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
import numpy.typing as npt


class BatchSizeSchedule(keras.utils.PyDataset):
    """Training data whose batch size changes from epoch to epoch.

    A larger batch lowers the noise of the gradient much like a smaller learning rate does, and
    takes fewer updates. Arrays given to `model.fit` keep one batch size, so this is a dataset;
    its callback tells it which epoch begins:

    ```python
    schedule = BatchSizeSchedule(x, y, {0: 100, 10: 500}, seed=0)
    model.fit(schedule, epochs=30, shuffle=False, callbacks=[schedule.callback])
    ```

    Without the callback Keras tells a dataset neither the number of the epoch nor that a new fit
    has begun; training stops with an error rather than with the wrong batch size. With it, every
    fit starts at its own first epoch, `initial_epoch` included. `shuffle` of `model.fit` is another
    matter than `shuffle` here: unless it is `False`, Keras takes the batches of an epoch in an
    order drawn from Python's `random`.

    The examples stay in memory and batches are cut from them in the main process, so there is no
    `workers`: Keras's workers begin to fetch an epoch before it is known how long that one is.

    Args:
        x: Array of shape `(examples, ...)`, or a structure (tuple, list, dict) of such arrays.
        y: Targets of the same form.
        batch_sizes: Mapping from an epoch, counted from 0, to the batch size from then on. Epoch 0
            must be in it. A batch size above the number of examples makes one batch of them all.
        shuffle: Boolean. Whether every epoch has an order of its own; if `False`, examples come in
            the order of the arrays.
        seed: Non-negative integer. Fixes the orders: the same seed and epoch give the same order.
        drop_remainder: Boolean. Whether to leave out the examples after an epoch's last full batch;
            if `False`, they are a smaller batch at the end of the epoch.
        sample_weight: Array of shape `(examples,)`, or `None`. Weights of the examples in the loss.

    Attributes:
        epoch: The epoch whose batches are given out; 0 before and after a fit.
        batch_size: Its batch size.
        batch_sizes_used: List of the batch size of every epoch that the last fit has trained.

    Raises:
        ValueError: If an argument is out of its range, arrays differ in length, or training goes
            on without the callback.

    References:
        Smith et al. (2017), Don't Decay the Learning Rate, Increase the Batch Size,
        arXiv:1711.00489.
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        batch_sizes: Mapping[int, int],
        shuffle: bool = True,
        seed: int = 0,
        drop_remainder: bool = False,
        sample_weight: npt.ArrayLike | None = None,
    ) -> None:
        super().__init__()
        parts = (x, y) if sample_weight is None else (x, y, sample_weight)
        self._parts = keras.tree.map_structure(np.asarray, parts)
        lengths = {array.shape[0] if array.ndim else 0 for array in keras.tree.flatten(self._parts)}
        if len(lengths) != 1 or lengths == {0}:
            raise ValueError(
                "`x`, `y` and `sample_weight` must be arrays of the same number of examples, at "
                f"least 1. Received: arrays of {sorted(lengths)} examples"
            )
        self.examples: int = lengths.pop()
        check_batch_sizes(batch_sizes)
        if drop_remainder and max(batch_sizes.values()) > self.examples:
            raise ValueError(
                "`batch_sizes` must not exceed the number of examples if `drop_remainder`: the "
                f"epoch would be empty. Received: batch_sizes={dict(batch_sizes)} for "
                f"{self.examples} examples"
            )
        if not isinstance(seed, int | np.integer) or seed < 0:
            raise ValueError(f"`seed` must be a non-negative integer. Received: seed={seed}")
        self.batch_sizes = dict(batch_sizes)
        self.shuffle = shuffle
        self.seed = seed
        self.drop_remainder = drop_remainder
        self.sample_weight = sample_weight
        self.batch_sizes_used: list[int] = []
        self._asked = 0
        self._announced = self._open_unannounced = self._passed_unannounced = False
        # Keras asks for the number of batches once a fit and keeps what it gets. A plain number
        # would go stale at the first milestone, and the epoch would end in a warning that the data
        # ran out, so it gets an object that counts whenever it is used.
        self._length = _Length(self.__len__)
        self.set_epoch(0)

    @property
    def callback(self) -> keras.callbacks.Callback:
        """The callback that has to go to `model.fit` along with the dataset."""
        return _Announcer(self)

    @property
    def num_batches(self) -> Any:
        """Number of batches of the epoch, as Keras asks for it."""
        return self._length

    def order(self, epoch: int) -> npt.NDArray[Any]:
        """Returns the order of the examples in an epoch; override it to use your own.

        Args:
            epoch: Integer. The epoch, counted from 0.

        Returns:
            Integers of shape `(examples,)`: each number from 0 to `examples - 1` once.
        """
        if not self.shuffle:
            return np.arange(self.examples)
        return np.random.default_rng([self.seed, epoch]).permutation(self.examples)

    def set_epoch(self, epoch: int) -> None:
        """Turns to the batches of an epoch; in `model.fit` the callback does it.

        Args:
            epoch: Integer. The epoch, counted from 0.
        """
        order = np.asarray(self.order(epoch))
        if order.shape != (self.examples,):
            raise ValueError(
                f"`order` must return {self.examples} integers, one for each example. "
                f"Received: an array of shape {order.shape}"
            )
        self.epoch = epoch
        self.batch_size = self.batch_sizes[
            max(start for start in self.batch_sizes if start <= epoch)
        ]
        self._order = order

    def __len__(self) -> int:
        full, rest = divmod(self.examples, self.batch_size)
        return full + (rest > 0 and not self.drop_remainder)

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        self._asked += 1
        rows = self._order[index * self.batch_size : (index + 1) * self.batch_size]
        batch: tuple[Any, ...] = keras.tree.map_structure(lambda array: array[rows], self._parts)
        return batch

    def on_epoch_begin(self) -> None:
        """Sees to it that the epoch was announced."""
        if self._passed_unannounced and not self._announced:
            self._passed_unannounced = False
            raise ValueError(
                "BatchSizeSchedule has to be told the epoch: pass `callbacks=[schedule.callback]` "
                "to `model.fit`, and arrays to `model.evaluate` and `model.predict`. "
                "Received: an epoch without the callback"
            )
        self._passed_unannounced = False
        self._open_unannounced = not self._announced
        self._announced = False
        self._asked = 0

    def on_epoch_end(self) -> None:
        """Notes whether an epoch has passed that was not announced."""
        # One or two batches are no epoch: Keras takes them to build a model, and tells nobody.
        passed = self._open_unannounced and self._asked >= min(3, len(self))
        self._passed_unannounced = self._passed_unannounced or passed
        self._open_unannounced = False


def check_batch_sizes(batch_sizes: Mapping[int, int]) -> None:
    """Checks a mapping from epochs to batch sizes.

    Raises:
        ValueError: If epoch 0 is missing, or an epoch or a batch size is out of its range.
    """
    epochs, sizes = list(batch_sizes), list(batch_sizes.values())
    if (
        0 not in batch_sizes
        or not all(isinstance(epoch, int | np.integer) and epoch >= 0 for epoch in epochs)
        or not all(isinstance(size, int | np.integer) and size >= 1 for size in sizes)
    ):
        raise ValueError(
            "`batch_sizes` must map epochs, counted from 0 and with 0 among them, to batch sizes "
            f"of at least 1. Received: batch_sizes={dict(batch_sizes)}"
        )


class _Announcer(keras.callbacks.Callback):
    """Tells a schedule which epoch begins, before Keras asks for its first batch."""

    def __init__(self, schedule: BatchSizeSchedule) -> None:
        super().__init__()
        self.schedule = schedule

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.schedule.batch_sizes_used = []

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.schedule.set_epoch(epoch)
        self.schedule._announced = True

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.schedule.batch_sizes_used.append(self.schedule.batch_size)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self.schedule.set_epoch(0)


@functools.total_ordering
class _Length:
    """A whole number that is computed again at every use.

    It can do what Keras's loop and progress bar do with a number of steps.
    """

    def __init__(self, count: Callable[[], int]) -> None:
        self._count = count

    def __index__(self) -> int:
        return self._count()

    def __float__(self) -> float:
        return float(self._count())

    def __eq__(self, other: object) -> bool:
        return self._count() == other

    def __lt__(self, other: Any) -> bool:
        return bool(self._count() < other)

    def __hash__(self) -> int:
        return id(self)

    def __sub__(self, other: Any) -> Any:
        return self._count() - other

    def __rsub__(self, other: Any) -> Any:
        return other - self._count()

    def __rtruediv__(self, other: Any) -> Any:
        return other / self._count()

    def __repr__(self) -> str:
        return repr(self._count())
