"""Keras's ReduceLROnPlateau that says what it did."""

from __future__ import annotations

from typing import Any

import keras

from callbacks.keras_internals import learning_rate_of


class ReduceLROnPlateau(keras.callbacks.ReduceLROnPlateau):
    """Reduces the learning rate when a metric has stopped improving, and records each reduction.

    It decides as Keras's own class does. What an improvement is, is Keras's rule too, which
    `EarlyStopping` shares: the metric must be better than the best so far by more than
    `min_delta`. Unlike Keras's class it writes nothing into `logs`.

    Args:
        monitor: String. A quantity of `logs`.
        factor: Float between 0 and 1, both excluded. What the rate is multiplied by.
        patience: Non-negative integer. Epochs without improvement after which the rate is reduced.
        verbose: 0 or 1. Whether to print each reduction.
        mode: `"min"`, `"max"`, or `"auto"` to take the direction from the metric.
        min_delta: Float of at least 0, in the metric's unit. A change must be larger to count.
        cooldown: Non-negative integer. Epochs after a reduction in which none are counted.
        min_lr: Float of at least 0. The rate is never set lower.

    Attributes:
        reductions: List of `(epoch, rate)`: after which epoch, counted from 0, the rate was
            reduced, and to what.

    Raises:
        ValueError: If an argument is out of its range.
        TypeError: When training begins, if the optimizer has a `LearningRateSchedule`.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        if not 0 < factor < 1:
            raise ValueError(
                f"`factor` must be between 0 and 1, both excluded. Received: factor={factor}"
            )
        for name, count in (("patience", patience), ("cooldown", cooldown)):
            if not isinstance(count, int) or count < 0:
                raise ValueError(
                    f"`{name}` must be a non-negative integer. Received: {name}={count}"
                )
        for name, value in (("min_delta", min_delta), ("min_lr", min_lr)):
            if not value >= 0:
                raise ValueError(
                    f"`{name}` must be a float of at least 0. Received: {name}={value}"
                )
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"`mode` must be 'auto', 'min' or 'max'. Received: mode={mode!r}")
        super().__init__(
            monitor=monitor,
            factor=factor,
            patience=patience,
            verbose=verbose,
            mode=mode,
            min_delta=min_delta,
            cooldown=cooldown,
            min_lr=min_lr,
        )
        self.reductions: list[tuple[int, float]] = []

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Forgets an earlier fit."""
        super().on_train_begin(logs)
        self.reductions = []
        for optimizer in self._optimizers():
            if isinstance(
                learning_rate_of(optimizer),
                keras.optimizers.schedules.LearningRateSchedule,
            ):
                raise TypeError(
                    "This optimizer was created with a `LearningRateSchedule`, but "
                    "ReduceLROnPlateau sets the learning rate and needs a constant one. "
                    f"Received: {type(optimizer).__name__}"
                )

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Looks at the metric and acts."""
        before = self._rates()
        super().on_epoch_end(epoch, dict(logs or {}))  # Keras writes the rate into what it is given
        for old, new in zip(before, self._rates(), strict=True):
            if new != old:
                self.reductions.append((epoch, new))

    def _optimizers(self) -> list[Any]:
        optimizer = self.model.optimizer
        return list(getattr(optimizer, "optimizers", [optimizer]))

    def _rates(self) -> list[float]:
        rates = [optimizer.learning_rate for optimizer in self._optimizers()]
        return [float(keras.ops.convert_to_numpy(rate)) for rate in rates]
