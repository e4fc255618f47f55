"""The Experiment Zoo: controlled Keras experiments that put deep-learning advice to the test."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoo.adviser import Advice, advise
    from zoo.fits import Fits
    from zoo.many import fit_many
    from zoo.notebook import run
    from zoo.outcome import Outcome, load

__version__ = "0.1.0"
__all__ = ["Advice", "Fits", "Outcome", "advise", "fit_many", "load", "run"]

# Where each lies. `fit_many` imports Keras, which those that only read results do without.
_HOMES = {
    "Advice": "adviser",
    "Fits": "fits",
    "Outcome": "outcome",
    "advise": "adviser",
    "fit_many": "many",
    "load": "outcome",
    "run": "notebook",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"zoo.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'zoo' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
