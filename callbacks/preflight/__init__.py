"""Checks of a network before training it."""

from callbacks.preflight.preflight import NAMES, Preflight, preflight, task_of

__all__ = ["NAMES", "Preflight", "preflight", "task_of"]
