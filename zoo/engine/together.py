"""Runs of one program, in a fixed number of places."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from zoo.data import Data
from zoo.engine.device import device_name, on_processor
from zoo.engine.explained import in_r2
from zoo.engine.groups import PLACES_CPU, Group
from zoo.engine.program import Program, Rights
from zoo.engine.run_model import Loan, NeedsFit
from zoo.engine.seams import seam
from zoo.engine.steps import State
from zoo.engine.turns import Steps, Work
from zoo.runs.phases import phase
from zoo.runs.plan import steps_per_epoch
from zoo.runs.rights import packed
from zoo.runs.run import (
    METRICS,
    Job,
    Progress,
    Result,
    Run,
    exact_share,
    records_of,
    status_of,
)
from zoo.runs.seeding import epoch_order

AHEAD = 0.25  # seconds of epochs that are one piece of work where nobody looks between them


@dataclass(eq=False)
class Slot:
    """A place in the population and the run that trains there.

    Attributes:
        job: The run.
        callbacks: Its callbacks.
        rates: Learning rate of each step if a schedule sets it, else a single one.
        place: Its index in the population.
        loan: Lends its callbacks a model.
        history: What has been recorded.
        done: Whether it trains no more.
        told: Whether its result is known, or that it has left.
    """

    job: Job
    callbacks: list[Any]
    rates: Any
    place: int
    loan: Loan | None = None
    history: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in METRICS})
    done: bool = False
    told: bool = False

    @property
    def epoch(self) -> int:
        """Epochs trained so far."""
        return len(self.history["loss"])

    @property
    def left(self) -> str:
        """What a callback did that only `fit` can do; empty if none did."""
        return self.loan.reason if self.loan is not None else ""


class Population:
    """Runs of one program, in a fixed number of places.

    Args:
        program: The program they share.
        group: How the runs start, and how many train at once.
        data: The data.
        progress: Is told of every epoch.
        waiting: Those that have yet to train, which wait until a place is free; several
            populations may take them from here.
        clock: Has the seconds that the population has had.

    Attributes:
        left: The runs that have to train with `fit` from their start, and why.
        done: The runs that have been yielded.
    """

    def __init__(
        self,
        program: Program,
        group: Group,
        data: Data,
        progress: Progress,
        waiting: deque[Job] | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.program = program
        self.group = group
        self.data = data
        self.progress = progress
        self.batch_size = group.jobs[0].recipe.batch_size
        self.steps = steps_per_epoch(group.jobs[0].recipe, data)
        self.waiting = deque(group.jobs) if waiting is None else waiting
        self.clock = clock
        self.slots: list[Slot] = []
        self.left: list[tuple[Job, str]] = []
        self.done: set[Run] = set()
        self._seconds = math.inf  # that an epoch takes; unknown
        self._began = clock()
        first = [self.waiting.popleft() for _ in range(min(group.size, len(self.waiting)))]
        seated = [self._initial(job) for job in first]
        seated += seated[-1:] * (group.size - len(seated))  # places without a run idle along
        stacked = zip(*seated, strict=True)
        self._set_state([np.stack(arrays) for arrays in stacked])
        for place, job in enumerate(first):
            self._seat(job, place)

    @phase("initial weights")
    def _initial(self, job: Job) -> list[Any]:
        """Returns the initial values of all variables of a run, then what else it is given."""
        own = self.group.initial_values(job)
        return [*own, *self.program.optimizer_start, *self.group.numbers_of(job)]

    def _set_state(self, arrays: list[Any]) -> None:
        """Copies NumPy arrays of shape `(runs, ...)` to the device."""
        model = self.program.model
        trainable = len(model.trainable_variables)
        frozen = trainable + len(model.non_trainable_variables)
        given = [seam().to_device(array) for array in arrays]
        self.state: State = (given[:trainable], given[trainable:frozen], given[frozen:])
        self._host_copy: list[Any] | None = None

    def _seat(self, job: Job, place: int) -> None:
        """Gives a run its place and begins its training."""
        rate, callbacks = self.group.trained_by(job)
        if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
            rates = self.program.trace(rate, self.steps * job.recipe.epochs + 1)
        else:
            rate = np.float32(keras.ops.convert_to_numpy(rate))
            rates = rate
        slot = Slot(job, callbacks, rates, place)
        self.slots.append(slot)
        if callbacks:
            slot.loan = self._loan(slot, rate)
            if rates.ndim:
                slot.loan.optimizer.reached(rates[0])
            parameters = {"verbose": 0, "epochs": job.recipe.epochs, "steps": self.steps}
            for callback in callbacks:
                callback.set_params(parameters)
            self._call(slot, "set_model", slot.loan.model)
            self._call(slot, "on_train_begin")

    def _loan(self, slot: Slot, rate: Any) -> Loan:
        """Returns what lends the host to a run."""
        return Loan(
            self.program.host,
            rate,
            lambda: [array[slot.place] for array in self._arrays()],
            lambda values: self._write(slot.place, values),
        )

    def _arrays(self) -> list[Any]:
        """Returns the whole state as NumPy arrays, copied from the device once an epoch."""
        if self._host_copy is None:
            flat = [array for group in self.state for array in group]
            self._host_copy = [np.array(keras.ops.convert_to_numpy(array)) for array in flat]
        return self._host_copy

    def _write(self, place: int, values: list[Any]) -> None:
        """Sets the variables of one run, the first of them or all."""
        arrays = self._arrays()
        changed = False
        for array, value in zip(arrays, values, strict=False):
            if array[place].tobytes() != value.tobytes():  # NaN is equal to itself in its bits
                array[place] = value
                changed = True
        if changed:
            self._set_state(arrays)
            self._host_copy = arrays

    @phase("callbacks")
    def _call(self, slot: Slot, hook: str, *arguments: Any) -> None:
        """Calls one hook of all callbacks of a run, unless the run has left."""
        if slot.loan is None or slot.left:
            return
        slot.loan.keep(slot.callbacks)
        try:
            for callback in slot.callbacks:
                getattr(callback, hook)(*arguments)
        except NeedsFit:
            if not slot.left:  # it is of another run
                raise
        slot.loan.release()
        slot.done = slot.done or bool(slot.left)

    def train(self) -> Steps:
        """Trains until no run is left; yields each result as it is finished, and work."""
        while self.slots:
            if all(slot.left for slot in self.slots):
                yield from self._ended()
            else:
                yield from self.epochs()
            self._reseat()

    def epochs(self) -> Steps:
        """Trains the runs that have a place for an epoch, or several; yields results and work."""
        for slot in self.slots:
            self._call(slot, "on_epoch_begin", slot.epoch, {})
        if self.program.has_run and self._unseen():
            found = yield self._ahead()
        else:
            found = [(yield from self._epoch())]
        for self.state, *values, self._seconds in found:
            self._host_copy = None
            self._tell(values)
            yield from self._ended()

    def _ended(self) -> Steps:
        """Yields the results of runs that have ended, and work; others go on in their places."""
        ended = [slot for slot in self.slots if slot.done and not slot.told]
        for slot in ended:
            slot.told = True
        self.left += [(slot.job, slot.left) for slot in ended if slot.left]
        now = self.clock()
        yield from self._results(
            [slot for slot in ended if not slot.left], (now - self._began) / max(len(ended), 1)
        )
        self._began = now if ended else self._began

    def _unseen(self) -> bool:
        """Returns whether nobody looks at the state between two epochs, and it can be kept."""
        return not seam().DONATES and on_processor() and not any(slot.loan for slot in self.slots)

    def _ahead(self) -> Work:
        """Returns the work of so many epochs that another population need not wait for orders."""
        left = min(slot.job.recipe.epochs - slot.epoch for slot in self.slots)
        count = max(1, min(left, int(AHEAD / self._seconds)))
        given = [self._given(ahead) for ahead in range(count)]
        return self.program.epochs(
            self.state, given, self._seeds() if self.group.validates else None
        )

    def _epoch(self) -> Generator[Work, Any, tuple[Any, ...]]:
        """Trains for an epoch; yields the work, and returns the state and what is told of it."""
        state, *trained = yield self.program.epoch(self.state, *self._given(0))
        self.state = state
        validated: Any = np.full((2, self._size), np.nan)
        if self.group.validates:
            validated = yield self._evaluation("val")
        elif not self.program.has_run:
            yield self._evaluation("val")  # shows whether all of it compiles
        return state, *trained, *validated[:2], math.inf

    def _given(self, ahead: int) -> tuple[Any, Any]:
        """Returns rates and orders, as `Program.epoch` wants them, of an epoch after the next."""
        rates = np.zeros((self.steps, self._size), np.float32)
        orders = np.zeros((self.steps, self._size, self.batch_size), np.int32)
        known: dict[tuple[int, int], Any] = {}
        for slot in self.slots:
            epoch = slot.epoch + ahead
            rates[:, slot.place] = _rates(slot, self.steps, epoch)
            key = (slot.job.run.seed, epoch)
            if key not in known:
                order = epoch_order(len(self.data.y_train), *key)
                order = self.program.pools.rows(slot.job.run.seed, order)
                known[key] = order[: self.steps * self.batch_size].reshape(self.steps, -1)
            orders[:, slot.place] = known[key]
        return rates, orders

    def _tell(self, values: Sequence[Any]) -> None:
        """Records an epoch of every run and tells of it.

        Args:
            values: Loss and accuracy, then those of validation, each of shape `(runs,)`.
        """
        told: dict[int, list[Job]] = {}
        for slot in self.slots:
            if slot.done:
                continue
            own = (float(value[slot.place]) for value in values)
            self._record(slot, dict(zip(METRICS, own, strict=False)))
            told.setdefault(slot.epoch, []).append(slot.job)
        for epoch, jobs in told.items():
            self.progress.epoch(jobs, epoch)

    def _evaluation(self, part: str) -> Work:
        """Returns the work of `Program.evaluate`, of every place on its own run's part."""
        return self.program.evaluate(self.state, part, self._seeds())

    def _seeds(self) -> list[int]:
        """Returns the seed of every place, one without a run has any."""
        seeds = [self.slots[0].job.run.seed] * self._size
        for slot in self.slots:
            seeds[slot.place] = slot.job.run.seed
        return seeds

    @property
    def _size(self) -> int:
        return int(self.state[2][0].shape[0])

    def _record(self, slot: Slot, logs: dict[str, float]) -> None:
        """Keeps a run's epoch, lets its callbacks act, and says whether it is done."""
        epoch = slot.epoch
        for name, value in logs.items():
            slot.history[name].append(value)
        rate = _rates(slot, self.steps, slot.epoch)
        rate = rate[0] if rate.ndim else rate  # of the next step, as Keras has it between epochs
        slot.history["learning_rate"].append(float(rate))
        diverged = not math.isfinite(logs["loss"])
        stopped = False
        if slot.loan is not None:
            slot.loan.optimizer.reached(rate)
            if diverged:
                slot.loan.model.stop_training = True
            told = dict(logs)
            self._call(slot, "on_epoch_end", epoch, told)
            slot.loan.history.on_epoch_end(epoch, told)
            stopped = slot.loan.model.stop_training
        slot.done = slot.done or stopped or diverged or slot.epoch == slot.job.recipe.epochs
        if slot.done:
            self._call(slot, "on_train_end", dict(logs))

    def _results(self, finished: list[Slot], seconds: float) -> Steps:
        if not finished:
            return
        final: dict[str, tuple[Any, Any, Rights]] = {}
        for part in ("val", "test"):
            final[part] = yield self._evaluation(part)
        examples = {"val": len(self.data.y_validation), "test": len(self.data.y_test)}
        rights = final["test"][2]()
        of_numbers = self.data.of_numbers
        for slot in finished:
            values, history = {}, slot.history
            for part, (losses, accuracies, _) in final.items():
                values[f"{part}_loss"] = float(losses[slot.place])
                own = accuracies[slot.place]
                shared = float(own) if of_numbers else exact_share(own, examples[part])
                values[f"{part}_accuracy"] = shared
            if of_numbers:
                history, values = in_r2(history, values, self.data.of(slot.job.run.seed))
            values |= self._probe(slot)
            self.done.add(slot.job.run)
            yield Result(
                run=slot.job.run,
                status=status_of(slot.history["loss"], slot.callbacks),
                history=history,
                final=values,
                engine=f"population of {self._size}",
                device=device_name(),
                seconds=seconds,
                rights="" if of_numbers else packed(rights[slot.place]),
                records=records_of(slot.callbacks),
            )

    @phase("probes")
    def _probe(self, slot: Slot) -> dict[str, float]:
        """Returns what the recipe's probes measure in a trained network."""
        probes = slot.job.recipe.probes
        if not probes:
            return {}
        loan = self._loan(slot, 0.0)
        model = loan.load()
        own = self.data.of(slot.job.run.seed)
        with np.errstate(over="ignore", invalid="ignore"):  # of a network that has diverged
            values = {name: float(probe(model, own)) for name, probe in probes.items()}
        loan.release()
        return values

    def _reseat(self) -> None:
        """Gives free places to waiting runs; closes the others when most are free."""
        free = [slot.place for slot in self.slots if slot.done]
        self.slots = [slot for slot in self.slots if not slot.done]
        for place in free[: len(self.waiting)]:
            job = self.waiting.popleft()
            self._write(place, self._initial(job))
            self._seat(job, place)
        if self._size > PLACES_CPU and 0 < 2 * len(self.slots) <= self._size:
            self._shrink()

    def _shrink(self) -> None:
        places = [slot.place for slot in self.slots]
        self._set_state([array[places] for array in self._arrays()])
        for place, slot in enumerate(self.slots):
            slot.place = place


def _rates(slot: Slot, steps: int, epoch: int) -> Any:
    """Returns the learning rate of every step of a run's epoch, shape `(steps,)` or `()`."""
    if slot.rates.ndim:
        return slot.rates[epoch * steps :][:steps]
    if slot.loan is None:
        return slot.rates
    (rate,) = seam().values([slot.loan.optimizer.learning_rate])
    return np.float32(rate)
