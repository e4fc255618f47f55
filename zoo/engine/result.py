"""What an engine gives back for a run, and what it tells while it trains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from zoo.plan import Job, Run

METRICS = ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")


@dataclass(frozen=True)
class Result:
    """A finished run.

    Attributes:
        run: Which one.
        status: `completed`, or `diverged` when the training loss became NaN or infinite.
        history: One value an epoch for each of `METRICS`. Training loss and accuracy are means
            over the epoch's batches, in training mode; `learning_rate` is the optimizer's after the
            epoch's last step.
        final: `val_loss`, `val_accuracy`, `test_loss`, `test_accuracy` of the weights that
            training left behind.
        engine: Which engine trained it, and why if that was a choice.
        device: Name of the device.
        seconds: Wall-clock seconds, a population's shared out among its runs.
    """

    run: Run
    status: str
    history: dict[str, list[float]]
    final: dict[str, float]
    engine: str
    device: str
    seconds: float

    @property
    def epochs(self) -> int:
        """Epochs that were trained."""
        return len(self.history["loss"])


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
