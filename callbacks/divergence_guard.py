"""A guard that ends training that has diverged."""

from __future__ import annotations

import math
from typing import Any

import keras


class DivergenceGuard(keras.callbacks.Callback):
    """Stops training when the cost is NaN or infinite, or far above what it was at the start.

    The cost at the start is the first value of `monitor` that is logged: for `"loss"` the mean over
    the batches of the first epoch, while they are trained on. A cost of 0 at the start cannot be
    exceeded by a factor, so it leaves only the first rule.

    Args:
        factor: Float above 1. Training stops when the cost exceeds this many times the cost at
            the start.
        monitor: String. A cost in `logs`, at least 0.
        verbose: 0 or 1. Whether to print the stop.

    Attributes:
        original: The cost at the start; `None` before the first epoch has ended.
        stop_epoch: Epoch, counted from 0, after which it stopped training; `None` if it did not.
        rule: `"not finite"` or `"exceeded"`; `None` if it did not stop training.
        diverged: Whether it stopped training.

    Raises:
        ValueError: If `factor` is out of its range, or the cost is not logged or below 0.

    References:
        Karpathy (2015), CS231n lecture notes, Neural Networks Part 3: "if the cost is ever > 3 *
        original cost, break out early".
    """

    def __init__(self, factor: float = 3.0, monitor: str = "loss", verbose: int = 0) -> None:
        super().__init__()
        if not 1 < factor < math.inf:
            raise ValueError(f"`factor` must be a finite float above 1. Received: factor={factor}")
        self.factor = factor
        self.monitor = monitor
        self.verbose = verbose
        self._reset()

    def _reset(self) -> None:
        self.original: float | None = None
        self.stop_epoch: int | None = None
        self.rule: str | None = None

    @property
    def diverged(self) -> bool:
        """Whether a rule was broken."""
        return self.rule is not None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Forgets an earlier fit."""
        self._reset()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Looks at the cost and acts."""
        if self.monitor not in (logs or {}):
            raise ValueError(
                f"`monitor` must be one of the logged quantities {sorted(logs or {})}. "
                f"Received: monitor={self.monitor!r}"
            )
        cost = float((logs or {})[self.monitor])
        if cost < 0:
            raise ValueError(
                f"`monitor` must be a cost of at least 0. Received: {self.monitor}={cost}"
            )
        if self.original is None:
            self.original = cost
        rule = broken_rule(cost, self.original, self.factor)
        if rule and self.rule is None:
            self.stop_epoch, self.rule = epoch, rule
            self.model.stop_training = True
            if self.verbose:
                print(f"\nEpoch {epoch + 1}: stopped, {self.monitor} is {cost:g} ({rule}).")  # noqa: T201


def broken_rule(cost: float, original: float, factor: float) -> str | None:
    """Returns which rule a cost breaks: `"not finite"`, `"exceeded"` or `None`.

    Args:
        cost: Float. The cost now.
        original: Float of at least 0. The cost at the start.
        factor: Float above 1. How many times the original the cost must not exceed.
    """
    if not math.isfinite(cost):
        return "not finite"
    return "exceeded" if cost > factor * original > 0 else None
