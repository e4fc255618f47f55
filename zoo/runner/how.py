"""How experiments are run, whatever they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from zoo.runner.trainer import Engine


@dataclass(frozen=True, kw_only=True)
class How:
    """What a user may choose about running that changes no number.

    Attributes:
        results: The results folder of all experiments.
        console: Where progress is shown.
        engine: What trains.
        fresh: Whether what is stored is trained or measured again.
        record: Whether to record what happens inside the networks, layer by layer.
        tensorboard: Where to write the runs for TensorBoard, too; `None` for nowhere.
        verbose: Whether to say more.
    """

    results: Path
    console: Console
    engine: Engine
    fresh: bool = False
    record: bool = False
    tensorboard: Path | None = None
    verbose: bool = False
