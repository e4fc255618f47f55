"""The 1cycle schedule."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("callbacks")
class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """Learning rate of one rise, one equal fall, and a last stretch far below the start.

    The rate rises linearly from `max_learning_rate / start_factor` to `max_learning_rate` and falls
    back in as many steps. The last `final_share` of the steps takes it linearly to the starting
    rate divided by `final_factor`, where it stays. Smith lets the momentum fall and rise the other
    way round; this schedule leaves it alone.

    Args:
        max_learning_rate: Float above 0. The highest rate, in the middle of the cycle.
        total_steps: Integer of at least 2. Steps (batches) of the whole training.
        start_factor: Float above 1. What share of the highest rate the first one is: 10 for a
            tenth.
        final_factor: Float above 1. What share of the first rate the last one is.
        final_share: Float of at least 0 and below 1. Share of the steps after the cycle.
        name: Optional string.

    Raises:
        ValueError: If an argument is out of its range.

    References:
        Smith (2018), A disciplined approach to neural network hyper-parameters: Part 1,
        arXiv:1803.09820.
        Smith and Topin (2019), Super-Convergence: Very Fast Training of Neural Networks Using Large
        Learning Rates, arXiv:1708.07120.
    """

    def __init__(
        self,
        max_learning_rate: float,
        total_steps: int,
        start_factor: float = 10.0,
        final_factor: float = 100.0,
        final_share: float = 0.1,
        name: str = "OneCycle",
    ) -> None:
        super().__init__()
        if not max_learning_rate > 0:
            raise ValueError(
                "`max_learning_rate` must be a number above 0. "
                f"Received: max_learning_rate={max_learning_rate}"
            )
        if not isinstance(total_steps, int) or total_steps < 2:
            raise ValueError(
                "`total_steps` must be an integer of at least 2. "
                f"Received: total_steps={total_steps}"
            )
        for argument, value in (("start_factor", start_factor), ("final_factor", final_factor)):
            if not value > 1:
                raise ValueError(
                    f"`{argument}` must be a number above 1. Received: {argument}={value}"
                )
        if not 0 <= final_share < 1:
            raise ValueError(
                f"`final_share` must be at least 0 and below 1. Received: final_share={final_share}"
            )
        self.max_learning_rate = max_learning_rate
        self.total_steps = total_steps
        self.start_factor = start_factor
        self.final_factor = final_factor
        self.final_share = final_share
        self.name = name

    def __call__(self, step: Any) -> Any:
        """Returns the rate at a step, counted from 0."""
        step = ops.cast(step, "float32")
        top = self.max_learning_rate
        first = top / self.start_factor
        last = first / self.final_factor
        half = self.total_steps * (1 - self.final_share) / 2
        rest = self.total_steps - 2 * half
        height = ops.maximum(1.0 - ops.abs(step / half - 1.0), 0.0)
        cycle = first + (top - first) * height
        if not rest:
            return cycle
        gone = ops.minimum((step - 2 * half) / rest, 1.0)
        return ops.where(step <= 2 * half, cycle, first + (last - first) * gone)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {
            "max_learning_rate": self.max_learning_rate,
            "total_steps": self.total_steps,
            "start_factor": self.start_factor,
            "final_factor": self.final_factor,
            "final_share": self.final_share,
            "name": self.name,
        }
