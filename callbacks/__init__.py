"""Ordinary Keras callbacks and schedules, usable with anybody's `model.fit`."""

from callbacks.inverse_square_root_decay import InverseSquareRootDecay
from callbacks.new_bob import NewBob

__all__ = ["InverseSquareRootDecay", "NewBob"]
