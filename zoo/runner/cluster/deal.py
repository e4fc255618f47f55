"""Deals runs out to the processes of a cluster, and takes back what a lost one has not finished."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import keras
from rich.console import Console

from zoo.data import Data
from zoo.data.draws import bytes_of
from zoo.engine.groups import PLACES_CPU, groups
from zoo.engine.initial_model import Starts
from zoo.errors import MistakeError, ZooError
from zoo.runner.cluster.connection import Cluster
from zoo.runner.cluster.parcel import packed
from zoo.runner.cluster.task import BEGAN, ERROR, MISTAKE, NOTE, REFUSED, RESULT, train
from zoo.runner.mistakes import shown
from zoo.runner.progress import Reporter, tell
from zoo.runner.trainer import Engine, Where
from zoo.runs.run import Job, Progress, Result, Silent

ROUNDS = 4  # pieces a place, of runs that train alone: what ends late is short
AHEAD = 2  # pieces a place that Ray knows of, so that none waits for this process
LOOK_SECONDS = 2.0
WAITING_SECONDS = 30.0
# A piece whose process dies so often without a single run kills it, wherever it is.
MOST_LOSSES = 10
EPISODE_SECONDS = 30.0

ENDED = "ended"  # besides what a process says

Say = Callable[[str], None]


@dataclass(eq=False)
class Piece:
    """Runs that one process trains.

    Attributes:
        parcel: Which parcel they are of.
        places: Which of its runs.
        weight: Epochs of all together.
        losses: How many processes have died of it since a run of it was finished.
        who: The machine and the process that train it.
    """

    parcel: int
    places: list[int]
    weight: int = 0
    losses: int = 0
    who: tuple[str, int] = ("", 0)


def pieces_of(
    jobs: Sequence[Job], data: Data, engine: Engine, places: int, parcel: int = 0
) -> list[Piece]:
    """Cuts runs into pieces: what shares a program stays together, as long as all have work.

    Args:
        jobs: Runs on the same data.
        data: The data.
        engine: What trains them; it says what shares a program.
        places: How many processes train at once.
        parcel: Number of the parcel.
    """
    place_of = {id(job): place for place, job in enumerate(jobs)}
    fair = math.ceil(len(jobs) / places)
    found = []
    for own, size in _together(jobs, data, engine):
        for part in _parts(own, size, fair):
            weight = sum(job.recipe.epochs for job in part)
            found.append(Piece(parcel, [place_of[id(job)] for job in part], weight))
    return found


def _parts(own: Sequence[Job], size: int, fair: int) -> list[Sequence[Job]]:
    """Cuts runs that share a program; no part has so few that its program would be another."""
    if size == 0:
        length = math.ceil(fair / ROUNDS)
        return [own[start : start + length] for start in range(0, len(own), length)]
    blocks = max(1, len(own) // size)
    count = min(blocks, math.ceil(len(own) / fair))
    ends = [round(part * blocks / count) * size for part in range(count)]
    return [own[start:end] for start, end in zip(ends, [*ends[1:], len(own)], strict=True)]


def _together(
    jobs: Sequence[Job], data: Data, engine: Engine
) -> Iterator[tuple[Sequence[Job], int]]:
    """Yields runs that share a program, and how many stay together; 0 if each trains alone."""
    if engine.name == "fit":
        yield jobs, 0
        return
    starts = Starts(jobs, data, Silent())
    try:
        for group in groups(jobs, data, engine.largest, starts):
            # A GPU trains all at once; several share even those.
            yield group.jobs, 0 if group.reason else min(group.size, PLACES_CPU)
    finally:
        starts.put_back()


def elsewhere(
    cluster: Cluster, console: Console, engine: Engine | None = None, verbose: bool = False
) -> Where:
    """Returns what has runs trained by a cluster, under a progress bar.

    Args:
        cluster: Where; it is connected when there is something to train.
        console: Where progress is shown.
        engine: What trains; `None` for the default.
        verbose: Whether to say more.
    """
    chosen = engine or Engine()

    def finished(jobs: Sequence[Job], data_of: Mapping[str, Data]) -> Iterator[Result]:
        epochs = sum(job.recipe.epochs for job in jobs)
        with Reporter(console, len(jobs), epochs, verbose) as reporter:
            say = partial(tell, console)
            for job, result in trained(cluster, jobs, data_of, chosen, reporter, say):
                yield result
                reporter.finished(job)

    return finished


def trained(
    cluster: Cluster,
    jobs: Sequence[Job],
    data_of: Mapping[str, Data],
    engine: Engine,
    progress: Progress,
    say: Say,
) -> Iterator[tuple[Job, Result]]:
    """Has runs trained by a cluster and yields each with its result, as they come.

    Args:
        cluster: Where; it is connected now.
        jobs: The runs.
        data_of: The data by variant.
        engine: What trains.
        progress: Is told what only `--verbose` shows.
        say: Is told what the user should know.

    Raises:
        ZooError: If a process refuses to train them, or they kill every process that tries.
        MistakeError: If the user's code raises.
    """
    by_data: dict[int, list[Job]] = {}
    for job in jobs:
        by_data.setdefault(id(data_of[job.run.variant]), []).append(job)
    own_data = [data_of[own[0].run.variant] for own in by_data.values()]
    cluster.connect(sum(map(bytes_of, own_data)))
    import ray

    parcels = list(by_data.values())
    # Ray fetches an argument itself, before the user's modules are there that it needs.
    refs = [
        [ray.put(packed(own, engine)), cluster.put(data)]
        for own, data in zip(parcels, own_data, strict=True)
    ]
    remote = ray.remote(train).options(num_returns="streaming", max_retries=0, **cluster.needs())
    backend = keras.backend.backend()

    def start(piece: Piece) -> Any:
        return remote.remote(refs[piece.parcel], piece.places, backend)

    places = cluster.places
    found = [
        piece
        for number, (own, data) in enumerate(zip(parcels, own_data, strict=True))
        for piece in pieces_of(own, data, engine, places, number)
    ]
    ahead = 1 if cluster.is_limited else AHEAD

    def most() -> int:
        return ahead * cluster.places

    for piece, place, result in dealt(found, start, most, progress, say):
        yield parcels[piece.parcel][place], result


def dealt(
    pieces: Sequence[Piece],
    start: Callable[[Piece], Any],
    most: Callable[[], int],
    progress: Progress,
    say: Say,
) -> Iterator[tuple[Piece, int, Result]]:
    """Has pieces trained, the longest first, and yields piece, place and result of every run once.

    Args:
        pieces: The pieces; what is done is taken from them.
        start: Starts one and returns Ray's generator of its messages.
        most: Returns how many pieces Ray may know of, as machines come and go.
        progress: Is told what only `--verbose` shows.
        say: Is told what the user should know.
    """
    import ray

    waiting = deque(sorted(pieces, key=lambda piece: -piece.weight))
    flying: dict[Any, Piece] = {}
    losses, patience = Losses(say), Patience(say)
    now, looked = most(), time.monotonic()
    try:
        while waiting or flying:
            while waiting and len(flying) < now:
                piece = waiting.popleft()
                flying[start(piece)] = piece
            ready, _ = ray.wait(list(flying), num_returns=1, timeout=LOOK_SECONDS)
            if ready and len(flying) > 1:  # and whatever else is there, in the same round
                ready, _ = ray.wait(list(flying), num_returns=len(flying), timeout=0)
            if time.monotonic() - looked > LOOK_SECONDS:
                now, looked = most(), time.monotonic()
            patience.heard(bool(ready) or any(piece.who[0] for piece in flying.values()))
            for generator in ready:
                piece = flying[generator]
                kind, told = _next(generator)
                if kind == RESULT and told[0] in piece.places:
                    piece.places.remove(told[0])
                    piece.losses = 0
                    yield piece, *told
                elif kind == ENDED:
                    del flying[generator]
                    if piece.places:
                        waiting.appendleft(losses.taken_back(piece, told))
                else:
                    _listen(kind, told, piece, progress)
    finally:
        for generator in flying:
            ray.cancel(generator)  # its process stays, and has Keras for what comes next


def _next(generator: Any) -> tuple[str, Any]:
    """Returns the next message of a process, which is there; at its end what ended it, if that."""
    import ray

    try:
        return ray.get(next(generator))  # type: ignore[no-any-return]
    except StopIteration:
        return ENDED, None
    except ray.exceptions.RayTaskError as error:  # before the zoo could tell it, so it is not there
        last = str(error).strip().rpartition("\n")[2]
        return REFUSED, f"cannot train ({last}). Install the zoo there, as here: pip install ."
    except ray.exceptions.RayError as error:
        return ENDED, error


def _listen(kind: str, told: Any, piece: Piece, progress: Progress) -> None:
    """Takes in what a process says besides results."""
    if kind == BEGAN:
        piece.who = told
        return
    machine, process = piece.who
    if kind == NOTE:
        progress.note(f"{machine}, process {process}: {told}")
    elif kind == REFUSED:
        raise ZooError(f"{machine or 'A machine'} {told}")
    elif kind == MISTAKE:
        path, line, said, ours = told
        where = f"{shown(Path(path))}:{line}: {said}."
        raise MistakeError(where if ours else f"{where}\nTraining must raise nothing.")
    elif kind == ERROR:
        raise RuntimeError(f"{machine}: {told}")


class Patience:
    """Says once that no process has begun to train for a while.

    Args:
        say: Is told.
    """

    def __init__(self, say: Say) -> None:
        self._say = say
        self._since: float | None = time.monotonic()

    def heard(self, anything: bool) -> None:
        """Takes in whether a process trains."""
        if anything:
            self._since = None
        if self._since is not None and time.monotonic() - self._since > WAITING_SECONDS:
            self._since = None
            self._say("No machine has a free place yet. Ctrl-C ends the waiting.")


class Losses:
    """Says in one line each which machines and processes were lost.

    Args:
        say: Is told.
    """

    def __init__(self, say: Say) -> None:
        self._say = say
        self._said: dict[str, float] = {}

    def taken_back(self, piece: Piece, error: Exception | None) -> Piece:
        """Returns what is left of a piece.

        Raises:
            ZooError: If it has killed too many processes.
        """
        machine, process = piece.who
        piece.losses += 1
        piece.who = ("", 0)
        first = str(error or "it ended without a word").strip().partition("\n")[0]
        if piece.losses >= MOST_LOSSES:
            raise ZooError(
                f"{piece.losses} processes in turn died of the same runs; the last said: {first} "
                "What has ended is stored, and the same command goes on."
            )
        if not machine:
            return piece
        name = f"{machine}, process {process}"
        if machine not in _alive():
            name = f"{machine}, the machine"
        now = time.monotonic()
        if now - self._said.get(name, -math.inf) > EPISODE_SECONDS:
            self._say(f"{name}, is lost. Runs that go to others: {len(piece.places)}.")
        self._said[name] = now
        return piece


def _alive() -> set[str]:
    """Returns the addresses of the machines that are there."""
    import ray

    return {node["NodeManagerAddress"] for node in ray.nodes() if node["Alive"]}
