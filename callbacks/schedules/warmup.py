"""A linear warm-up before any schedule."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("callbacks")
class Warmup(keras.optimizers.schedules.LearningRateSchedule):
    """Learning rate that rises linearly, and then is what it would be without a warm-up.

    The rate of step t is `start + (target - start) * t / warmup_steps` for `t < warmup_steps`,
    where the target is the first rate after the warm-up. After it, a schedule is at its own step
    `t - warmup_steps`.

    Args:
        learning_rate: Float above 0, or a `LearningRateSchedule`. What follows the warm-up.
        warmup_steps: Non-negative integer. Steps (batches) that the rise takes; 0 for no warm-up.
        start: Float of at least 0. Rate at step 0.
        name: Optional string.

    Raises:
        ValueError: If an argument is out of its range.

    References:
        Goyal et al. (2017), Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour,
        arXiv:1706.02677.
    """

    def __init__(
        self,
        learning_rate: Any,
        warmup_steps: int,
        start: float = 0.0,
        name: str = "Warmup",
    ) -> None:
        super().__init__()
        scheduled = isinstance(learning_rate, keras.optimizers.schedules.LearningRateSchedule)
        if not scheduled and not learning_rate > 0:
            raise ValueError(
                "`learning_rate` must be a number above 0 or a LearningRateSchedule. "
                f"Received: learning_rate={learning_rate}"
            )
        if not isinstance(warmup_steps, int) or warmup_steps < 0:
            raise ValueError(
                "`warmup_steps` must be a non-negative integer. "
                f"Received: warmup_steps={warmup_steps}"
            )
        if not start >= 0:
            raise ValueError(f"`start` must be a number of at least 0. Received: start={start}")
        self.learning_rate = learning_rate
        self.warmup_steps = warmup_steps
        self.start = start
        self.name = name

    def __call__(self, step: Any) -> Any:
        """Returns the rate at a step, counted from 0."""
        step = ops.cast(step, "float32")
        after = ops.maximum(step - self.warmup_steps, 0.0)
        target = self._following(after)
        if not self.warmup_steps:
            return target
        rise = self.start + (target - self.start) * step / self.warmup_steps
        return ops.where(step < self.warmup_steps, rise, target)

    def _following(self, step: Any) -> Any:
        if isinstance(self.learning_rate, keras.optimizers.schedules.LearningRateSchedule):
            return self.learning_rate(step)
        return ops.cast(self.learning_rate, "float32")

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        rate = self.learning_rate
        if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
            rate = keras.optimizers.schedules.serialize(rate)
        return {
            "learning_rate": rate,
            "warmup_steps": self.warmup_steps,
            "start": self.start,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Warmup:
        """Makes the schedule from `get_config`'s dictionary."""
        rate = config["learning_rate"]
        if isinstance(rate, dict):
            rate = keras.optimizers.schedules.deserialize(rate)
        return cls(**{**config, "learning_rate": rate})
