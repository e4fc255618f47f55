"""What an engine gives back for a run, and what it tells while it trains."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from zoo.experiment import Recipe

METRICS = ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")


@dataclass(frozen=True)
class Result:
    """A finished run.

    Attributes:
        run: Which one.
        status: `completed`, or `diverged` when the training loss became NaN or infinite or a
            callback says so.
        history: One value an epoch for each of `METRICS`. Training loss and accuracy are means
            over the epoch's batches, in training mode; `learning_rate` is the optimizer's after the
            epoch's last step.
        final: `val_loss`, `val_accuracy`, `test_loss`, `test_accuracy` of the weights that
            training left behind.
        engine: Which engine trained it, and why if that was a choice.
        device: Name of the device.
        seconds: Wall-clock seconds, a population's shared out among its runs.
        records: What recording callbacks saw: dicts with the keys `recorder` (the callback's
            class), `epoch` (epochs trained so far), `layer`, `metric` and `value`.
        rights: Which test examples are right, as `zoo.runs.rights` writes it; empty if that is not
            known, or a network gives several answers an example.
    """

    run: Run
    status: str
    history: dict[str, list[float]]
    final: dict[str, float]
    engine: str
    device: str
    seconds: float
    records: list[dict[str, Any]] = field(default_factory=list)
    rights: str = ""

    @property
    def epochs(self) -> int:
        """Epochs that were trained."""
        return len(self.history["loss"])


def status_of(losses: Iterable[float], callbacks: Iterable[Any]) -> str:
    """Returns the status of a run: a callback with a true attribute `diverged` says so too."""
    finite = all(map(math.isfinite, losses))
    told = any(getattr(callback, "diverged", False) for callback in callbacks)
    return "completed" if finite and not told else "diverged"


def records_of(callbacks: Iterable[Any]) -> list[dict[str, Any]]:
    """Returns what the recording callbacks of a run have in their attribute `records`."""
    return [
        {"recorder": type(callback).__name__, **record}
        for callback in callbacks
        for record in getattr(callback, "records", ())
    ]


def exact_share(share: float, examples: int) -> float:
    """Returns the share of examples nearest to a single-precision one, so that ties are ties."""
    return round(float(share) * examples) / examples


class Progress(Protocol):
    """Is told how far training has come."""

    def epoch(self, jobs: list[Job], epoch: int) -> None:
        """Says that these jobs have finished an epoch, counted from 1."""

    def note(self, text: str) -> None:
        """Says something that only `--verbose` shows."""


class Silent:
    """Tells nobody."""

    def epoch(self, jobs: list[Job], epoch: int) -> None:
        """Does nothing."""

    def note(self, text: str) -> None:
        """Does nothing."""


@dataclass(frozen=True)
class Run:
    """One network to train, named by what makes it differ from its siblings.

    Attributes:
        variant: The variant's label.
        learning_rate: Initial learning rate, above 0.
        seed: The replicate, a non-negative integer.
        key: Hash of everything that determines the run.
    """

    variant: str
    learning_rate: float
    seed: int
    key: str = ""


@dataclass(frozen=True)
class Job:
    """A run together with the recipe that trains it.

    Attributes:
        recipe: What trains it.
        run: The run.
    """

    recipe: Recipe
    run: Run
