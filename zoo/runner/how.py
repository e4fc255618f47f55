"""How experiments are run, whatever they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from zoo.runner.trainer import Engine, Where, here

if TYPE_CHECKING:
    from zoo.runner.cluster.connection import Cluster


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
        cluster: What trains; `None` for this process.
    """

    results: Path
    console: Console
    engine: Engine
    fresh: bool = False
    record: bool = False
    tensorboard: Path | None = None
    verbose: bool = False
    cluster: Cluster | None = None

    def where(self) -> Where:
        """Returns what trains: this process, or a cluster."""
        return where_of(self.console, self.engine, self.cluster, self.verbose)


def where_of(console: Console, engine: Engine, cluster: Cluster | None, verbose: bool) -> Where:
    """Returns what trains: this process, or a cluster, under a progress bar."""
    if cluster is None:
        return here(console, engine, verbose)
    from zoo.runner.cluster.deal import elsewhere

    return elsewhere(cluster, console, engine, verbose)
