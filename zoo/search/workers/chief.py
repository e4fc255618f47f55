"""A search by several processes: a chief that asks the oracle, and workers that train.

The chief alone reads and writes the store: a worker sends its results, and needs neither it nor a
shared folder. So workers end with the same trials as one process, and one that dies takes nothing
with it but the runs that it was training.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import typer
from rich.console import Console

from zoo.data import Data
from zoo.errors import ZooError, printable
from zoo.runner.progress import Reporter, tell
from zoo.runner.trainer import Engine, here
from zoo.runs.run import Job, Result
from zoo.search.oracle import Trial
from zoo.search.points import ExperimentSearch, jobs_of
from zoo.search.workers import part as workers
from zoo.search.workers.dealer import REFUSAL, RESULT, Dealer, Task, task_of
from zoo.search.workers.part import Part
from zoo.search.workers.protocol import COMPLETED, RUNNING, STOPPED, Line, serve, trial_of
from zoo.search_space import LEARNING_RATE

IDLE_SECONDS = 0.2
BEAT_SECONDS = 2.0
WATCH_SECONDS = 0.5
# A process that has been heard, and is not heard for so long, is taken for dead.
LOST_SECONDS = 60.0
FAREWELL_SECONDS = 5.0
LAST_LINES = 3


class Chief:
    """Has runs trained by workers. Use it as a context manager.

    Attributes:
        port: Where it listens.

    Args:
        part: The chief's part; without an address it starts workers on this machine.
        console: Where progress is shown.
        verbose: Whether to say more.
    """

    def __init__(self, part: Part, console: Console, verbose: bool) -> None:
        self._part, self._console, self._verbose = part, console, verbose
        self._dealer = Dealer(part.workers)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._dead: set[str] = set()
        self._last_seen = time.monotonic()

    def __enter__(self) -> Chief:
        address = self._part.address or f"{workers.LOCALHOST}:0"
        self._server, self.port = serve(self._dealer, address)
        self._logs = tempfile.TemporaryDirectory()
        if self._part.address:
            self._say(f"The chief is at {self._part.address} and waits for workers.")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._dealer.stop()
        for process in self._processes.values():
            process.kill()  # it holds nothing that the chief does not have
            process.wait()
        leaving = time.monotonic() + FAREWELL_SECONDS * bool(self._part.address)
        while self._dealer.workers() and time.monotonic() < leaving:
            time.sleep(IDLE_SECONDS)
        self._server.stop(grace=1.0).wait()
        self._logs.cleanup()

    def finished(
        self, given: Sequence[Job], data_of: Mapping[str, Data] | None = None
    ) -> Iterator[Result]:
        """Has the runs trained and yields each result as it comes.

        Args:
            given: Runs with different keys, each with its point of the space.
            data_of: Nothing that matters: a worker has its own data.

        Raises:
            ZooError: If all workers are lost, or one makes other runs of the same words.
        """
        jobs = {job.run.key: job for job in given}
        tasks = [Task(job.run.key, job.point, job.recipe.epochs, job.run.seed) for job in given]
        self._dealer.put(sorted(tasks, key=_program))
        self._last_seen = time.monotonic()
        if not self._part.address:
            self._start(min(self._part.workers, len(tasks)))
        epochs = sum(job.recipe.epochs for job in jobs.values())
        with Reporter(self._console, len(jobs), epochs, self._verbose) as reporter:
            while jobs:
                try:
                    key, text, refusal = self._dealer.ended.get(timeout=WATCH_SECONDS)
                except queue.Empty:
                    self._watch()
                    continue
                if refusal:
                    raise ZooError(refusal)
                job = jobs.pop(key)
                yield Result(job.run, **json.loads(text))
                reporter.finished(job)

    def _start(self, most: int) -> None:
        """Starts workers until there have been `most`."""
        if len(self._processes) >= most:
            return
        found = workers.gpus(os.environ)
        for number in range(len(self._processes), most):
            name = workers.name_of(number)
            own = workers.environment_of(number, self.port, found, os.environ)
            self._processes[name] = workers.start(own, self._log(name))

    def _watch(self) -> None:
        """Takes back what lost workers held; an error if none is left."""
        silent = self._dealer.workers()
        for name, process in self._processes.items():
            if name not in self._dead and process.poll() is not None:
                self._dead.add(name)
                [full] = [worker for worker in silent if _name(worker) == name] or [name]
                silent.pop(full, None)
                self._lost(full, _why(process.returncode))
        for worker in [worker for worker, seconds in silent.items() if seconds > LOST_SECONDS]:
            silent.pop(worker)
            self._lost(worker, f"has not been heard for {LOST_SECONDS:.0f} s")
        if silent:
            self._last_seen = time.monotonic()
        all_dead = bool(self._processes) and len(self._dead) == len(self._processes)
        waited = time.monotonic() - self._last_seen
        if not silent and (all_dead or waited > self._part.patience):
            raise ZooError(self._nobody(waited))

    def _lost(self, worker: str, why: str) -> None:
        runs = self._dealer.lose(worker)
        self._say(f"{_name(worker)} {why}. Runs that go to the others: {runs}.")

    def _nobody(self, waited: float) -> str:
        """Returns what to say when no worker is left."""
        again = "What has ended is stored, and the same command goes on."
        for name in sorted(self._dead):
            lines = self._log(name).read_text(encoding="utf-8", errors="replace").split("\n")
            if last := [line.strip() for line in lines if line.strip()][-LAST_LINES:]:
                return f"No worker is left. {again} {name} said: {' / '.join(last)}"
        if self._dead:
            return f"No worker is left, and none has said why. {again}"
        where = f" at {self._part.address}" if self._part.address else ""
        return f"No worker has been heard{where} for {waited:.0f} s. {again}"

    def _log(self, name: str) -> Path:
        return Path(self._logs.name) / f"{name}.txt"

    def _say(self, text: str) -> None:
        tell(self._console, text)


def _program(task: Task) -> str:
    """Returns a text that is equal for runs that are likely to share a program."""
    shared = {name: value for name, value in task.values.items() if name != LEARNING_RATE}
    return json.dumps([task.epochs, shared], sort_keys=True)


def _name(worker: str) -> str:
    return worker.partition("/")[0]


def _why(code: int) -> str:
    return f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"


class Link:
    """A worker's line to its chief.

    Args:
        part: The worker's part.
    """

    def __init__(self, part: Part) -> None:
        self._line, self._patience = Line(part.address), part.patience
        # A worker that is started again under its old name does not know what that one held.
        self._id = f"{part.name}/{uuid.uuid4().hex[:8]}"

    def take(self) -> list[Task] | None:
        """Returns runs to train together, perhaps none yet; `None` when the search is over."""
        tasks: list[Task] = []
        while True:
            trial = self._line.create_trial(self._id, self._patience)
            self._patience = min(self._patience, LOST_SECONDS)
            if trial.status == STOPPED:
                return None
            if trial.status != RUNNING:
                return tasks
            tasks.append(task_of(trial))

    def give(self, key: str, **values: str) -> None:
        """Ends a run with a result or a refusal."""
        self._line.end_trial(trial_of(key, COMPLETED, values), self._patience)

    @contextmanager
    def beating(self, key: str) -> Iterator[None]:
        """Tells the chief meanwhile that this worker is alive; ends the process when it is gone.

        Args:
            key: One of the runs that the worker holds.
        """
        done = threading.Event()
        thread = threading.Thread(target=self._beat, args=(key, done), daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _beat(self, key: str, done: threading.Event) -> None:
        while not done.wait(BEAT_SECONDS):
            try:
                stopped = self._line.update_trial(key, self._patience).status == STOPPED
            except ZooError as error:
                _leave(f"Error: {error}", 2)
                return
            if stopped:
                _leave("The chief has ended the search.", 0)
                return


def _leave(text: str, code: int) -> None:
    """Ends the process: nothing else stops a program that computes, and it has nothing to lose."""
    typer.echo(printable(text), err=True)
    os._exit(code)


def work(
    search: ExperimentSearch, part: Part, console: Console, engine: Engine, *, verbose: bool
) -> int:
    """Trains what the chief gives, until it says that the search is over.

    Returns:
        How many runs were trained.

    Raises:
        ZooError: If the chief cannot be reached, or its runs are others than this worker's.
    """
    link, where = Link(part), here(console, engine, verbose)
    trained = 0
    while (tasks := link.take()) is not None:
        if not tasks:
            time.sleep(IDLE_SECONDS)
            continue
        with link.beating(tasks[0].key):
            jobs = jobs_of_tasks(search, tasks)
            if missing := {task.key for task in tasks} - {job.run.key for job in jobs}:
                refusal = (
                    f"{part.name} makes other runs of these words than the chief. Give all the "
                    "same command, experiment, data and versions."
                )
                link.give(missing.pop(), **{REFUSAL: refusal})
                raise ZooError(refusal)
            for result in where(jobs, search.data_of):
                link.give(result.run.key, **{RESULT: text_of(result)})
                trained += 1
    return trained


def jobs_of_tasks(search: ExperimentSearch, tasks: Sequence[Task]) -> list[Job]:
    """Returns the runs that a worker is asked for, those of a point of the space together."""
    points: dict[str, list[Task]] = {}
    for task in tasks:
        point = json.dumps([task.epochs, dict(task.values)], sort_keys=True)
        points.setdefault(point, []).append(task)
    jobs = []
    for own in points.values():
        trial = Trial(own[0].key, own[0].values, own[0].epochs)
        jobs += jobs_of(search, trial, own[0].epochs, [task.seed for task in own])
    return jobs


def text_of(result: Result) -> str:
    """Returns a result as it travels: every digit of it, but for the run that both sides know."""
    names = ("status", "history", "final", "engine", "device", "seconds", "rights")
    return json.dumps({name: getattr(result, name) for name in names})
