"""The Experiment Zoo: controlled Keras experiments that put deep-learning advice to the test."""

from typing import Any

__version__ = "0.1.0"
__all__ = ["fit_many"]


def __getattr__(name: str) -> Any:
    if name == "fit_many":  # imports Keras, which commands that only read results do without
        from zoo.many import fit_many

        return fit_many
    raise AttributeError(f"module 'zoo' has no attribute {name!r}")
