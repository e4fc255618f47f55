"""The triangular cyclical learning rate."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("callbacks")
class CyclicLearningRate(keras.optimizers.schedules.LearningRateSchedule):
    """Learning rate that rises and falls linearly between two bounds, again and again.

    Args:
        base_learning_rate: Float of at least 0. Rate at step 0 and at the end of each cycle.
        max_learning_rate: Float above `base_learning_rate`. Rate in the middle of each cycle.
        step_size: Positive integer. Steps (batches) of half a cycle; 2 to 10 epochs are usual.
        name: Optional string.

    Raises:
        ValueError: If an argument is out of its range.

    References:
        Smith (2017), Cyclical Learning Rates for Training Neural Networks, WACV, arXiv:1506.01186.
    """

    def __init__(
        self,
        base_learning_rate: float,
        max_learning_rate: float,
        step_size: int,
        name: str = "CyclicLearningRate",
    ) -> None:
        super().__init__()
        if not base_learning_rate >= 0:
            raise ValueError(
                "`base_learning_rate` must be a number of at least 0. "
                f"Received: base_learning_rate={base_learning_rate}"
            )
        if not max_learning_rate > base_learning_rate:
            raise ValueError(
                "`max_learning_rate` must be above `base_learning_rate`. Received: "
                f"base_learning_rate={base_learning_rate}, max_learning_rate={max_learning_rate}"
            )
        if not isinstance(step_size, int) or step_size < 1:
            raise ValueError(
                f"`step_size` must be a positive integer. Received: step_size={step_size}"
            )
        self.base_learning_rate = base_learning_rate
        self.max_learning_rate = max_learning_rate
        self.step_size = step_size
        self.name = name

    def __call__(self, step: Any) -> Any:
        """Returns the rate at a step, counted from 0."""
        # In integers: as a float32, the quotient of a large step has no exact fraction.
        within = ops.mod(ops.cast(step, "int32"), 2 * self.step_size)
        height = 1.0 - ops.abs(ops.cast(within, "float32") / self.step_size - 1.0)
        return self.base_learning_rate + (self.max_learning_rate - self.base_learning_rate) * height

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {
            "base_learning_rate": self.base_learning_rate,
            "max_learning_rate": self.max_learning_rate,
            "step_size": self.step_size,
            "name": self.name,
        }
