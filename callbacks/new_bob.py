"""The Newbob schedule of speech recognition."""

from __future__ import annotations

from typing import Any

import keras

from callbacks.keras_internals import learning_rate_of


class NewBob(keras.callbacks.Callback):
    """Halves the learning rate when the validation error says so.

    Without `start` the rate is halved after every epoch whose validation error is higher than the
    epoch's before. With `start` it works like QuickNet: once an epoch improves the error by less
    than `start`, the rate is halved after every epoch, and training stops when an epoch then
    improves it by less than `stop`.

    Args:
        monitor: String. A quantity of `logs` whose decrease is good, or an accuracy (any name that
            ends in `accuracy` or `acc`), of which the error is 1 minus it.
        factor: Float between 0 and 1, both excluded. What the rate is multiplied by.
        start: Float of at least 0, or `None`. Improvement, as a share of 1, below which halving
            begins; QuickNet uses 0.005.
        stop: Float of at least 0, or `None` to train all epochs. Improvement below which training
            stops once halving has begun; QuickNet uses 0.001.
        verbose: 0 or 1. Whether to print each reduction.

    Raises:
        ValueError: If an argument is out of its range, or the optimizer has a
            `LearningRateSchedule`.

    References:
        Renals et al. (1992), Connectionist optimisation of tied mixture hidden Markov models.
        Johnson et al. (2004), ICSI QuickNet software package.
    """

    def __init__(
        self,
        monitor: str = "val_accuracy",
        factor: float = 0.5,
        start: float | None = None,
        stop: float | None = None,
        verbose: int = 0,
    ) -> None:
        super().__init__()
        if not 0 < factor < 1:
            raise ValueError(
                f"`factor` must be between 0 and 1, both excluded. Received: factor={factor}"
            )
        for name, value in (("start", start), ("stop", stop)):
            if value is not None and not value >= 0:
                raise ValueError(
                    f"`{name}` must be a float of at least 0 or None. Received: {name}={value}"
                )
        if stop is not None and start is None:
            raise ValueError(
                f"`stop` needs `start`: stopping begins after halving. Received: stop={stop}"
            )
        self.monitor = monitor
        self.factor = factor
        self.start = start
        self.stop = stop
        self.verbose = verbose
        self._reset()

    def _reset(self) -> None:
        self.reductions: list[int] = []
        self._previous: float | None = None
        self._halving = False

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Forgets an earlier fit."""
        self._reset()
        optimizer = self.model.optimizer
        if isinstance(
            learning_rate_of(optimizer),
            keras.optimizers.schedules.LearningRateSchedule,
        ):
            raise ValueError(
                "NewBob sets the learning rate and needs an optimizer with a constant one. "
                f"Received: a {type(optimizer).__name__} with a LearningRateSchedule"
            )

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Looks at the validation error and acts."""
        if self.monitor not in (logs or {}):
            raise ValueError(
                f"`monitor` must be one of the logged quantities {sorted(logs or {})}. "
                f"Received: monitor={self.monitor!r}"
            )
        value = float((logs or {})[self.monitor])
        error = 1 - value if self.monitor.endswith(("accuracy", "acc")) else value
        previous, self._previous = self._previous, error
        if previous is None:
            return
        improvement = previous - error
        if self.start is None:
            if improvement < 0:
                self._reduce(epoch)
            return
        if self._halving and self.stop is not None and improvement < self.stop:
            self.model.stop_training = True
            return
        self._halving = self._halving or improvement < self.start
        if self._halving:
            self._reduce(epoch)

    def _reduce(self, epoch: int) -> None:
        optimizer = self.model.optimizer
        rate = float(keras.ops.convert_to_numpy(optimizer.learning_rate)) * self.factor
        optimizer.learning_rate = rate
        self.reductions.append(epoch)
        if self.verbose:
            print(f"\nEpoch {epoch + 1}: learning rate set to {rate:g}.")  # noqa: T201
