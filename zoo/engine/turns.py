"""Several trainings at once: what is compiled runs in threads, all the rest takes turns here.

A compiled step of small networks leaves much of a processor idle, and compiling nearly all of it
but one core. So while one training waits for what is compiled, another goes on.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Protocol

from zoo.engine.device import cores, on_processor
from zoo.runs.phases import phase
from zoo.runs.run import Result

MOST = 4  # trainings at once, however many cores there are


@dataclass(frozen=True)
class Work:
    """What a training waits for.

    Attributes:
        phase: What its time is counted as.
        call: Does it, in a thread of its own; it must touch nothing but arrays and what is
            compiled, as Keras's models are shared.
    """

    phase: str
    call: Callable[[], Any]


# Yields results, and work, of which it is sent what comes out.
Steps = Generator[Work | Result, Any, None]

# Returns what may begin beside those that train, or None as long as nothing may.
Next = Callable[[Sequence["Training"]], "Training | None"]


class Share:
    """A clock that counts for a training its share of the time in which several take turns."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        """Returns the seconds so far."""
        return self.seconds


class Training(Protocol):
    """What can train in turns with others."""

    def steps(self, clock: Callable[[], float]) -> Steps:
        """Trains; `clock` has its share of the time."""


def at_once() -> int:
    """Returns how many trainings gain by taking turns: one on an accelerator, or on one core.

    Else one more than there are cores, as often one is traced or looked at while others train.
    """
    return min(cores() + 1, MOST) if on_processor() and cores() > 1 else 1


@dataclass(eq=False)
class _Turn:
    """A training that has begun, and what it is sent next."""

    training: Training
    steps: Steps
    share: Share
    outcome: Any = None
    error: BaseException | None = None

    def go_on(self) -> Work | Result | None:
        """Goes on until it yields something; returns None if it has ended."""
        outcome, error = self.outcome, self.error
        self.outcome = self.error = None
        try:
            return self.steps.send(outcome) if error is None else self.steps.throw(error)
        except StopIteration:
            return None


class _Turns:
    """Trainings that take turns."""

    def __init__(self, following: Next, most: int) -> None:
        self._following = following
        self._most = most
        self._pool = ThreadPoolExecutor(most, thread_name_prefix="training")
        self._ready: deque[_Turn] = deque()
        self._waiting: dict[Future[Any], tuple[_Turn, Work]] = {}
        self._since = time.perf_counter()

    def results(self) -> Iterator[Result]:
        """Yields results as they come."""
        try:
            while self._begin():
                if not self._ready:
                    self._wait()
                turn = self._ready[0]
                step = turn.go_on()
                self._tick()
                if isinstance(step, Result):
                    yield step
                    self._since = time.perf_counter()  # whoever took it is no training
                    continue
                self._ready.popleft()
                if step is not None:
                    self._waiting[self._pool.submit(step.call)] = turn, step
        finally:
            self._pool.shutdown(cancel_futures=True)
            for turn in self._active():
                turn.steps.close()

    def _active(self) -> list[_Turn]:
        return [*self._ready, *(turn for turn, _ in self._waiting.values())]

    def _begin(self) -> bool:
        """Begins as many as may train at once; returns whether there are any."""
        while len(active := self._active()) < self._most:
            training = self._following([turn.training for turn in active])
            if training is None:
                break
            share = Share()
            self._ready.append(_Turn(training, training.steps(share), share))
        return bool(active)

    def _wait(self) -> None:
        """Waits until some work is done."""
        _, oldest = next(iter(self._waiting.values()))
        with phase(oldest.phase):
            done, _ = wait(self._waiting, return_when=FIRST_COMPLETED)
        self._tick()
        for future in done:
            turn, _ = self._waiting.pop(future)
            turn.error = future.exception()
            turn.outcome = None if turn.error is not None else future.result()
            self._ready.append(turn)

    def _tick(self) -> None:
        """Counts the time since the last tick in equal shares."""
        now, active = time.perf_counter(), self._active()
        for turn in active:
            turn.share.seconds += (now - self._since) / len(active)
        self._since = now


def in_turns(following: Next, most: int) -> Iterator[Result]:
    """Trains, so many at once, and yields each result as it is finished.

    Args:
        following: Is asked what trains next as long as there is room.
        most: How many train at once.
    """
    yield from _Turns(following, most).results()
