"""Shows how far training has come: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from types import TracebackType
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    track,
)

from zoo.errors import printable
from zoo.runs.run import Job, Run

LINES_EVERY_SECONDS = 15.0

T = TypeVar("T")


def tell(console: Console, text: str, style: str | None = None) -> None:
    """Prints a text as it is, whatever is in it; the terminal obeys none of it."""
    console.print(printable(text), style=style, highlight=False, markup=False, soft_wrap=True)


class Reporter:
    """Counts epochs of all runs together; the time left follows from those done so far.

    Args:
        console: Where to write.
        runs: Number of runs to train.
        epochs: Epochs that all runs together may take.
        verbose: Whether to show notes.
    """

    def __init__(self, console: Console, runs: int, epochs: int, verbose: bool = False) -> None:
        self.console = console
        self.runs = runs
        self.epochs = epochs
        self.verbose = verbose
        self.done_epochs = 0
        self.done_runs = 0
        self.began = time.monotonic()
        self._last_line = self.began
        self._trained: dict[Run, int] = {}
        self.live = _has_bars(console)
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=console,
            disable=not self.live,
            transient=True,
        )
        self._task = self._bar.add_task("starting", total=runs, left="")

    def __enter__(self) -> Reporter:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def epoch(self, jobs: list[Job], epoch: int) -> None:
        """Says that these jobs have finished an epoch, counted from 1."""
        for job in jobs:
            self.done_epochs += epoch - self._trained.get(job.run, 0)
            self._trained[job.run] = epoch
        self._show(_what(jobs, epoch))

    def finished(self, job: Job) -> None:
        """Says that a run has ended, perhaps before its last epoch."""
        self.done_runs += 1
        self.done_epochs += job.recipe.epochs - self._trained.pop(job.run, 0)
        self._show("")

    def note(self, text: str) -> None:
        """Prints a line if verbose."""
        if self.verbose:
            tell(self.console, text, style="dim")

    def _show(self, what: str) -> None:
        now = time.monotonic()
        left = _duration(self._seconds_left(now))
        if self.live:
            fields = {"completed": self.done_runs, "left": f"{left} left"}
            what = printable(what, kept="")
            self._bar.update(self._task, description=what or None, **fields)  # type: ignore[arg-type]
        elif now - self._last_line >= LINES_EVERY_SECONDS:
            self._last_line = now
            tell(self.console, f"{self.done_runs} of {self.runs} runs, {left} left")

    def _seconds_left(self, now: float) -> float:
        share = self.done_epochs / self.epochs if self.epochs else 1.0
        return (now - self.began) * (1 - share) / share if share else float("nan")


def counted(items: Sequence[T], what: str, console: Console | None) -> Iterator[T]:
    """Yields items and shows how many are done: a bar on a terminal, lines elsewhere.

    Args:
        items: What is gone through.
        what: What they are, in the plural.
        console: Where to write; `None` for nowhere.
    """
    if console is None or _has_bars(console):
        yield from track(items, what, console=console, transient=True, disable=console is None)
        return
    began = last_line = time.monotonic()
    for done, item in enumerate(items):
        now = time.monotonic()
        if done and now - last_line >= LINES_EVERY_SECONDS:
            left = _duration((now - began) * (len(items) - done) / done)
            tell(console, f"{done} of {len(items)} {what}, {left} left")
            last_line = now
        yield item


def _has_bars(console: Console) -> bool:
    """Returns whether bars can be drawn: on a terminal, or where ipywidgets shows Rich's."""
    in_notebook = console.is_jupyter and find_spec("ipywidgets") is not None
    return console.is_terminal or in_notebook


def _what(jobs: list[Job], epoch: int) -> str:
    first = jobs[0].run
    name = f"{first.variant}, rate {first.learning_rate:g}, seed {first.seed}"
    if len(jobs) > 1:
        variants = list(dict.fromkeys(job.run.variant for job in jobs))
        more = f" and {len(variants) - 1} more" if len(variants) > 1 else ""
        name = f"{variants[0]}{more}, {len(jobs)} runs"
    return f"{name}, epoch {epoch}/{jobs[0].recipe.epochs}"


def _duration(seconds: float) -> str:
    if seconds != seconds:
        return "?"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
