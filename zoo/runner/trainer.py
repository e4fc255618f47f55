"""Trains what the store does not have, here or elsewhere, and keeps each run as it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from zoo.data import Data
from zoo.engine import fit, population
from zoo.errors import ZooError, check_count
from zoo.results.store import Store
from zoo.runner.progress import Reporter
from zoo.runner.recording import rows_of
from zoo.runs.phases import phase
from zoo.runs.run import Job, Progress, Result

ENGINES = ("population", "fit")

# Trains runs with different keys on the data of their variants; yields each as it is finished.
Where = Callable[[Sequence[Job], Mapping[str, Data]], Iterator[Result]]


@dataclass(frozen=True, kw_only=True)
class Engine:
    """Which engine trains, and how many runs at once.

    Attributes:
        name: `population` or `fit`.
        largest: Most runs that may train at once; `None` leaves it to the engine.
        apart: Runs of a recipe, where hardly two recipes share a program; `None` where many do.
    """

    name: str = "population"
    largest: int | None = None
    apart: int | None = None

    def __post_init__(self) -> None:
        """Checks the words."""
        if self.name not in ENGINES:
            raise ZooError(
                f"`--engine` must be one of {', '.join(ENGINES)}. Received: {self.name!r}"
            )
        if self.largest is not None:
            check_count("--population", self.largest)

    def train(
        self,
        jobs: Sequence[Job],
        data: Data,
        progress: Progress,
        among: Sequence[Job] | None = None,
    ) -> Iterator[Result]:
        """Trains the jobs and yields each result as it is finished.

        Args:
            jobs: The runs.
            data: The data.
            progress: Is told how far training has come.
            among: All runs that are trained now, if other processes train others of them.
        """
        if self.name == "fit":
            return fit.train(jobs, data, progress, among)
        return population.train(jobs, data, progress, self.largest, among, self.apart)


def here(console: Console, engine: Engine | None = None, verbose: bool = False) -> Where:
    """Returns what trains in this process, under a progress bar.

    Args:
        console: Where progress is shown.
        engine: What trains; `None` for the default.
        verbose: Whether to say more.
    """
    chosen = engine or Engine()

    def finished(jobs: Sequence[Job], data_of: Mapping[str, Data]) -> Iterator[Result]:
        by_key = {job.run.key: job for job in jobs}
        by_data: dict[int, list[Job]] = {}
        for job in jobs:
            by_data.setdefault(id(data_of[job.run.variant]), []).append(job)
        epochs = sum(job.recipe.epochs for job in jobs)
        with Reporter(console, len(jobs), epochs, verbose) as reporter:
            for own in by_data.values():  # which train together
                for result in chosen.train(own, data_of[own[0].run.variant], reporter):
                    yield result
                    reporter.finished(by_key[result.run.key])

    return finished


@dataclass(kw_only=True)
class Trainer:
    """Trains runs that the store does not have; whoever asks for runs asks one of these.

    Attributes:
        store: Where runs are kept.
        where: What trains: this process or another.
        fresh: Whether what is stored is trained again.
        trained: How many runs have been trained so far.
    """

    store: Store
    where: Where
    fresh: bool = False
    trained: int = 0

    def train(self, jobs: Iterable[Job], data_of: Mapping[str, Data], name: str) -> None:
        """Trains the runs that are not stored, each key once.

        Args:
            jobs: The runs.
            data_of: The data by variant.
            name: The results folder for which they are kept.
        """
        self._train(jobs, data_of, self.store.known, lambda result: self.store.add(name, result))

    def record(self, jobs: Iterable[Job], data_of: Mapping[str, Data]) -> None:
        """Trains the runs that nothing is recorded of, and keeps what their callbacks saw."""
        self._train(
            jobs,
            data_of,
            self.store.records,
            lambda result: self.store.add_records(result.run.key, rows_of(result)),
        )

    def _train(
        self,
        jobs: Iterable[Job],
        data_of: Mapping[str, Data],
        known: Callable[[Iterable[str]], Iterable[str]],
        keep: Callable[[Result], Any],
    ) -> None:
        unique = {job.run.key: job for job in jobs}
        with phase("store"):
            there = set() if self.fresh else set(known(unique))
        if todo := [job for key, job in unique.items() if key not in there]:
            for result in self.where(todo, data_of):
                with phase("store"):
                    keep(result)
                self.trained += 1
