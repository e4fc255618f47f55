"""Losses on integer labels and logits that Keras has only on one-hot labels and outputs."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("zoo")
class OneHotLoss(keras.losses.Loss):
    """A Keras loss of one-hot labels and activated logits, called with labels and logits.

    Args:
        loss: A Keras loss between one-hot labels and outputs, each of shape `(batch, classes)`.
        activation: Name of the function of the logits, shape `(batch, classes)`, that gives the
            outputs. `linear` leaves them as they are.
        scale: Float above 0 that multiplies the loss. The mean over a batch times its size is the
            sum.
        reduction: As in Keras.
        name: Name of the loss.
    """

    def __init__(
        self,
        loss: Any,
        activation: str = "linear",
        scale: float = 1.0,
        reduction: str = "sum_over_batch_size",
        name: str = "one_hot_loss",
    ) -> None:
        super().__init__(name=name, reduction=reduction)
        if not scale > 0:
            raise ValueError(f"`scale` must be above 0. Received: scale={scale}")
        self.loss = keras.losses.get(loss)
        self.activation = activation
        self.scale = scale

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Returns the loss of each example, shape `(batch,)`.

        Args:
            y_true: Labels of shape `(batch,)` or `(batch, 1)`.
            y_pred: Logits of shape `(batch, classes)`.
        """
        labels = ops.reshape(ops.cast(y_true, "int32"), (-1,))
        targets = ops.one_hot(labels, y_pred.shape[-1], dtype=y_pred.dtype)
        outputs = keras.activations.get(self.activation)(y_pred)
        # On TensorFlow a crossentropy would find a softmax or sigmoid right in front and undo it.
        outputs = outputs + 0.0
        return self.scale * self.loss.call(targets, outputs)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {
            **super().get_config(),
            "loss": keras.losses.serialize(self.loss),
            "activation": self.activation,
            "scale": self.scale,
        }
