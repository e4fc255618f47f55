"""The inverse square root schedule."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("callbacks")
class InverseSquareRootDecay(keras.optimizers.schedules.LearningRateSchedule):
    """Learning rate of `initial_learning_rate / sqrt(1 + step / decay_steps)`.

    Args:
        initial_learning_rate: Float above 0. Rate at step 0.
        decay_steps: Float above 0. After three times as many steps the rate is half the initial.
        name: Optional string.

    References:
        Robbins and Monro (1951), A Stochastic Approximation Method, for the conditions that
        a rate between 1/t and 1/sqrt(t) meets.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        name: str = "InverseSquareRootDecay",
    ) -> None:
        super().__init__()
        for argument, value in (
            ("initial_learning_rate", initial_learning_rate),
            ("decay_steps", decay_steps),
        ):
            if not value > 0:
                raise ValueError(
                    f"`{argument}` must be a number above 0. Received: {argument}={value}"
                )
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.name = name

    def __call__(self, step: Any) -> Any:
        """Returns the rate at a step, counted from 0."""
        step = ops.cast(step, "float32")
        return self.initial_learning_rate / ops.sqrt(1.0 + step / self.decay_steps)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "name": self.name,
        }
