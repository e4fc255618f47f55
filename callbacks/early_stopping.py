"""Keras's EarlyStopping that says what it did."""

from __future__ import annotations

from typing import Any

import keras


class EarlyStopping(keras.callbacks.EarlyStopping):
    """Stops training when a metric has stopped improving, and records when it did.

    It decides as Keras's own class does. What an improvement is, is Keras's rule too, which
    `ReduceLROnPlateau` shares: the metric must be better than the best so far by more than
    `min_delta`.

    Args:
        monitor: String. A quantity of `logs`.
        min_delta: Float of at least 0, in the metric's unit. A change must be larger to count.
        patience: Non-negative integer. Epochs without improvement after which training stops.
        verbose: 0 or 1. Whether to print the stop.
        mode: `"min"`, `"max"`, or `"auto"` to take the direction from the metric.
        baseline: Float, or `None`. Only an epoch that is better than this resets the patience.
        restore_best_weights: Boolean. Whether training ends with the weights of the best epoch.
        start_from_epoch: Non-negative integer. Epochs, counted from 0, before it are not looked at.

    Attributes:
        stop_epoch: Epoch, counted from 0, after which it stopped training; `None` if it did not.
        best_epoch: Epoch, counted from 0, with the best value; 0 if none has been looked at.
        best: The best value; `None` if none has been looked at.

    Raises:
        ValueError: If an argument is out of its range.

    References:
        Prechelt (1998), Early Stopping - But When?, Neural Networks: Tricks of the Trade.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        for name, count in (("patience", patience), ("start_from_epoch", start_from_epoch)):
            if not isinstance(count, int) or count < 0:
                raise ValueError(
                    f"`{name}` must be a non-negative integer. Received: {name}={count}"
                )
        if not min_delta >= 0:
            raise ValueError(
                f"`min_delta` must be a float of at least 0. Received: min_delta={min_delta}"
            )
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"`mode` must be 'auto', 'min' or 'max'. Received: mode={mode!r}")
        super().__init__(
            monitor=monitor,
            min_delta=min_delta,
            patience=patience,
            verbose=verbose,
            mode=mode,
            baseline=baseline,
            restore_best_weights=restore_best_weights,
            start_from_epoch=start_from_epoch,
        )
        self.best_epoch = 0
        self.stop_epoch: int | None = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Forgets an earlier fit."""
        super().on_train_begin(logs)
        self.stop_epoch = None

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Looks at the metric and acts."""
        super().on_epoch_end(epoch, logs)
        if self.stop_epoch is None and self.stopped_epoch:
            self.stop_epoch = self.stopped_epoch
