"""The default engine: all runs that share a program train together."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from zoo.data import Data
from zoo.engine import fit
from zoo.engine.device import check_maps
from zoo.engine.groups import Group, groups
from zoo.engine.initial_model import Starts
from zoo.engine.program import Program
from zoo.engine.together import Population
from zoo.engine.turns import Steps, at_once, in_turns
from zoo.experiment import no_callbacks
from zoo.runs.run import Job, Progress, Result, Run, Silent


def train(
    jobs: Sequence[Job],
    data: Data,
    progress: Progress,
    largest: int | None = None,
    among: Sequence[Job] | None = None,
    apart: int | None = None,
) -> Iterator[Result]:
    """Trains the jobs and yields each result as it is finished.

    Runs that cannot share a program, and programs that cannot be compiled, go to `fit`. A
    population that does not fit into memory is halved. On a processor several populations train
    at once, unless other processes do; each run's numbers are the same.

    Args:
        jobs: The runs.
        data: The data.
        progress: Is told of every epoch and of every choice.
        largest: Most runs that may train at once; `None` leaves it to the device's memory.
        among: All runs that are trained now, if other processes train others of them.
        apart: As for `zoo.engine.groups.groups`; a run's last bits depend on it.
    """
    starts = Starts(among or jobs, data, progress)
    try:
        found = groups(jobs, data, largest, starts, apart)
        most = at_once() if largest is None and among is None else 1
        yield from in_turns(_Following(found, data, progress), most)
    finally:
        starts.put_back()


def train_whole(
    jobs: Sequence[Job], data: Data, progress: Progress, validates: bool = True
) -> Iterator[Result]:
    """Trains jobs to which none is ever added, and yields each result as it is finished.

    Places follow from the number of runs, so that few are idle. The last bits of their numbers do
    so, too, which `train` has to avoid: it may go on with those that an interrupted one has left.

    Args:
        jobs: The runs.
        data: The data.
        progress: Is told of every epoch and of every choice.
        validates: Whether all are evaluated after each epoch. Else only those are that have
            callbacks or train with `fit`, and histories of the others have NaN for validation.
    """
    starts = Starts(jobs, data, progress)
    try:
        found = (_whole(group, validates) for group in groups(jobs, data, None, starts))
        yield from in_turns(_Following(found, data, progress), at_once())
    finally:
        starts.put_back()


def _whole(group: Group, validates: bool) -> Group:
    """Gives a group so few places that its rounds are equally full, and says when it validates."""
    rounds = math.ceil(len(group.jobs) / group.size)
    group.size = math.ceil(len(group.jobs) / rounds)
    group.validates = validates or any(
        job.recipe.callbacks is not no_callbacks for job in group.jobs
    )
    return group


def program_of(job: Job, data: Data) -> str:
    """Returns a text that is equal for runs that train by one program, or why it has none."""
    starts = Starts([job], data, Silent())
    try:
        group = next(groups([job], data, None, starts))
        return group.reason or group.key
    finally:
        starts.put_back()


class _Following:
    """Says which group trains next beside others, or which second population of one."""

    def __init__(self, found: Iterable[Group], data: Data, progress: Progress) -> None:
        self._found = iter(found)
        self._data = data
        self._progress = progress
        self._put_off: list[_Training] = []

    def __call__(self, active: Sequence[Any]) -> _Training | _Second | None:
        """Returns what may begin beside those that train, or None as long as nothing may."""
        for training in self._coming():
            if training.beside(active):
                self._put_off.remove(training)
                return training
        others = (training.another() for training in active)
        return next((other for other in others if other is not None), None)

    def _coming(self) -> Iterator[_Training]:
        """Yields what has yet to train, last what trains with `fit`."""
        yield from [each for each in self._put_off if not each.group.reason]
        for group in self._found:
            self._put_off.append(_Training(group, self._data, self._progress))
            if not group.reason:
                yield self._put_off[-1]
        yield from [each for each in self._put_off if each.group.reason]


class _Training:
    """Trains a group of runs."""

    def __init__(self, group: Group, data: Data, progress: Progress) -> None:
        self.group = group
        self.data = data
        self.progress = progress
        self.waiting: deque[Job] = deque()
        self._program: Program | None = None
        self._shared = False

    def steps(self, clock: Callable[[], float]) -> Steps:
        """Trains them in a population if they can, else with `fit`; yields results and work."""
        group = self.group
        while not group.reason:
            why = f" ({group.why_size})" if group.why_size else ""
            self.progress.note(f"{group.describe()}: population of {group.size}{why}")
            seeds = list(dict.fromkeys(job.run.seed for job in group.jobs))
            if group.by_xla:
                check_maps()
            program = Program(group, self.data, seeds)
            self._program, self.waiting = program, deque(group.jobs)
            done: set[Run] = set()
            try:
                yield from self.population(program, clock, done)
                return
            except Exception as error:
                if out_of_memory(error) and group.size > 1 and not self._shared:
                    group.size = math.ceil(group.size / 2)
                    group.why_size = "out of memory with twice as many"
                    group.jobs = [job for job in group.jobs if job.run not in done]
                elif program.has_run:
                    raise
                else:
                    last_line = str(error).strip().rpartition("\n")[2].strip()
                    group.reason = f"not compiled: {type(error).__name__}: {last_line[:200]}"
            finally:
                # Else its examples lie on the device while the next program gets its own.
                del program
                self._program = None
        self.progress.note(f"{group.describe()}: fit, {group.reason}")
        yield from self._alone([(job, group.reason) for job in group.jobs])

    def population(self, program: Program, clock: Callable[[], float], done: set[Run]) -> Steps:
        """Trains those that wait in a population; adds what it has finished to `done`."""
        if not self.waiting:
            return
        own = Population(program, self.group, self.data, self.progress, self.waiting, clock)
        own.done = done
        yield from own.train()
        if own.left:
            self.progress.note(f"{len(own.left)} of them: fit, {own.left[0][1]}")
        yield from self._alone(own.left)

    def _alone(self, jobs: Iterable[tuple[Job, str]]) -> Iterator[Result]:
        """Trains runs with `fit`, each for its reason."""
        for job, reason in jobs:
            start = self.group.start_of(job)
            yield fit.train_one(job, self.data, self.progress, reason, start)

    def beside(self, active: Sequence[Any]) -> bool:
        """Returns whether it may train beside others.

        What trains with `fit` does so alone, and so do users' callbacks. One Keras model is lent
        to the callbacks and probes of one program only, as it has one optimizer.
        """
        own, others = self.group, [each.group for each in active]
        if any(group.reason or group.foreign for group in (own, *others)):
            return not others
        return not any(own.lent & group.lent for group in others)

    def another(self) -> _Second | None:
        """Returns a second population of the group, if runs wait and the program is compiled."""
        program = self._program
        if program is None or not program.has_run or not self.waiting or self.group.foreign:
            return None
        self._shared = True
        return _Second(self, program)


class _Second:
    """A second population of a group, on the same program."""

    def __init__(self, first: _Training, program: Program) -> None:
        self.group = first.group
        self._first = first
        self._program = program

    def steps(self, clock: Callable[[], float]) -> Steps:
        """Trains runs that wait; yields results and work."""
        yield from self._first.population(self._program, clock, set())

    def another(self) -> None:
        """Returns None: the first one does."""


def out_of_memory(error: BaseException) -> bool:
    """Returns whether an error says that the device's memory is full."""
    return isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in f"{error!r} {error}"
