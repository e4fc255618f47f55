"""Gradient clipping as a callback."""

from __future__ import annotations

import math
from typing import Any

import keras


class GradientClipping(keras.callbacks.Callback):
    """Clips the gradients of one fit, with the optimizer's own clipping.

    The threshold is set when training begins, before the training step is traced (a step that an
    earlier fit has traced is traced again), and taken back when training ends.

    Clipping by value changes the gradient's direction, clipping by norm only its length. Where no
    gradient reaches the threshold, `value` changes no bit of the result, and neither do `norm` and
    `global_norm` if the threshold is a power of two; others may change the last bit, as Keras
    multiplies by the threshold and divides by it.

    Args:
        value: Float above 0, or `None`. Each element of a gradient is clipped to
            `[-value, value]`.
        norm: Float above 0, or `None`. The gradient of each variable is shortened to this norm.
        global_norm: Float above 0, or `None`. The gradients of all variables, taken as one vector,
            are shortened to this norm.

    Raises:
        ValueError: If not exactly one threshold is given or it is out of its range; when training
            begins, if the optimizer clips already.

    References:
        Pascanu, Mikolov and Bengio (2013), On the difficulty of training Recurrent Neural Networks,
        ICML, arXiv:1211.5063.
    """

    # Clipping is part of the compiled step. Engines that train several models with one compiled
    # step can tell from this that they have to leave these to `model.fit`.
    needs_own_optimizer = True

    def __init__(
        self,
        value: float | None = None,
        norm: float | None = None,
        global_norm: float | None = None,
    ) -> None:
        super().__init__()
        given = {"value": value, "norm": norm, "global_norm": global_norm}
        received = ", ".join(f"{name}={threshold}" for name, threshold in given.items())
        thresholds = [threshold for threshold in given.values() if threshold is not None]
        if len(thresholds) != 1:
            raise ValueError(
                "Exactly one of `value`, `norm` and `global_norm` must be given. "
                f"Received: {received}"
            )
        if not 0 < thresholds[0] < math.inf:
            raise ValueError(f"The threshold must be a finite float above 0. Received: {received}")
        self.value = value
        self.norm = norm
        self.global_norm = global_norm
        self._clipped: tuple[Any, dict[str, Any]] | None = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Sets the optimizer's clipping."""
        self._restore()  # a fit that was interrupted has not ended
        optimizer = self.model.optimizer
        # A LossScaleOptimizer leaves the clipping to the optimizer that it wraps.
        optimizer = getattr(optimizer, "inner_optimizer", optimizer)
        wanted = {
            "clipvalue": self.value,
            "clipnorm": self.norm,
            "global_clipnorm": self.global_norm,
        }
        before = {name: getattr(optimizer, name) for name in wanted}
        clipping = {name: threshold for name, threshold in before.items() if threshold}
        if clipping:
            raise ValueError(
                "GradientClipping needs an optimizer that does not clip yet. Make the optimizer "
                f"without clipping, or leave out the callback. Received: {clipping}"
            )
        for name, threshold in wanted.items():
            setattr(optimizer, name, threshold)
        self._clipped = optimizer, before
        self.model.make_train_function(force=True)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Takes the clipping back."""
        self._restore()
        self.model.make_train_function(force=True)

    def _restore(self) -> None:
        if self._clipped is not None:
            optimizer, before = self._clipped
            for name, threshold in before.items():
                setattr(optimizer, name, threshold)
            self._clipped = None
