"""Deals runs out to workers, in keras-tuner's words, and takes back what a lost one held.

A run travels as one of keras-tuner's trials: its id is the run's key, its values are the point of
the space with `tuner/epochs`, which is Hyperband's own word, and the seed. It comes back with the
result among the values, as text, because the metrics of keras-tuner's protocol have seven digits.
"""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zoo.search.workers.protocol import IDLE, RUNNING, STOPPED, trial_of

EPOCHS, SEED = "tuner/epochs", "zoo/seed"
RESULT, REFUSAL = "zoo/result", "zoo/refusal"


@dataclass(frozen=True)
class Task:
    """A run that a worker is to train.

    Attributes:
        key: The run's.
        values: Value by hyperparameter.
        epochs: Epochs to train.
        seed: The replicate.
    """

    key: str
    values: Mapping[str, Any]
    epochs: int
    seed: int


def task_of(trial: Any) -> Task:
    """Returns what a trial asks a worker to train."""
    values = dict(trial.hyperparameters.values)
    return Task(trial.trial_id, epochs=values.pop(EPOCHS), seed=values.pop(SEED), values=values)


class Dealer:
    """What keras-tuner's server asks in place of an oracle; several threads may do so at once.

    A worker asks for trials until it is told to be idle, trains those together, ends them, and asks
    again. It gets a fair share of what there is: what share a program train together.

    Attributes:
        ended: Key, result and refusal of every run that has ended, one of the two empty.

    Args:
        workers: How many workers are expected, at least 1.
    """

    def __init__(self, workers: int) -> None:
        self.ended: queue.SimpleQueue[tuple[str, str, str]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._expected = workers
        self._waiting: list[Task] = []
        self._held: dict[str, dict[str, Task]] = {}
        self._open: set[str] = set()
        self._heard: dict[str, float] = {}
        self._share = 1
        self._stopped = False

    def put(self, tasks: Sequence[Task]) -> None:
        """Adds runs with different keys."""
        with self._lock:
            self._waiting += tasks
            self._open.update(task.key for task in tasks)
            self._divide()

    def lose(self, worker: str) -> int:
        """Takes back what a worker held, and returns how many runs that were."""
        with self._lock:
            held = self._held.pop(worker, {})
            self._heard.pop(worker, None)
            self._expected -= 1
            self._waiting[:0] = held.values()
            self._divide()
            return len(held)

    def workers(self) -> dict[str, float]:
        """Returns for how many seconds nothing has been heard of each worker that is there."""
        with self._lock:
            now = time.monotonic()
            return {worker: now - heard for worker, heard in self._heard.items()}

    def stop(self) -> None:
        """Tells every worker from now on that the search is over; one that knows is not there."""
        with self._lock:
            self._stopped = True

    def create_trial(self, tuner_id: str) -> Any:
        """Gives a worker a run; or tells it to be idle, or that the search is over."""
        with self._lock:
            if not self._hear(tuner_id):
                return trial_of("", STOPPED)
            held = self._held.setdefault(tuner_id, {})
            if not self._waiting or len(held) >= self._share:
                return trial_of("", IDLE)
            task = self._waiting.pop(0)
            held[task.key] = task
        values = {**task.values, EPOCHS: task.epochs, SEED: task.seed}
        return trial_of(task.key, RUNNING, values)

    def update_trial(self, trial_id: str, metrics: Mapping[str, float], step: int = 0) -> Any:
        """Hears that the run's worker is alive; tells it if the search is over."""
        with self._lock:
            for worker, held in self._held.items():
                if trial_id in held and not self._hear(worker):
                    return trial_of(trial_id, STOPPED)
        return trial_of(trial_id, RUNNING)

    def end_trial(self, trial: Any) -> None:
        """Takes a result, the first for each run."""
        key, values = trial.trial_id, trial.hyperparameters.values
        with self._lock:
            for worker, held in self._held.items():
                if held.pop(key, None) is not None:
                    self._hear(worker)
            if key in self._open:
                self._open.remove(key)
                self._waiting = [task for task in self._waiting if task.key != key]
                self.ended.put((key, values.get(RESULT, ""), values.get(REFUSAL, "")))

    def _hear(self, worker: str) -> bool:
        """Notes that a worker is there, and returns whether the search goes on."""
        if self._stopped:
            self._heard.pop(worker, None)
        else:
            self._heard[worker] = time.monotonic()
        return not self._stopped

    def _divide(self) -> None:
        workers = max(self._expected, len(self._heard), 1)
        self._share = max(math.ceil(len(self._waiting) / workers), 1)
