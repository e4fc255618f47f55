"""Which runs train together, how many at a time, and which have to train alone."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import keras
import numpy as np

from callbacks.keras_internals import (
    all_layers,
    excludes_from_weight_decay,
    learning_rate_of,
    seed_generators,
)
from zoo.data import Data, Draws
from zoo.data.arrays import inputs_of
from zoo.data.draws import bytes_of
from zoo.data.memory import free_memory
from zoo.engine.convolutions import convolves, why_slow
from zoo.engine.device import cores
from zoo.engine.initial_model import (
    Start,
    Starts,
    compiled_besides,
    own_step,
    recurrent_in,
)
from zoo.engine.program import EVALUATION_CHUNK
from zoo.engine.run_model import change_of_training, hook_below_epochs
from zoo.engine.seams import SEAMS, seam
from zoo.engine.steps import network_key, signature
from zoo.engine.strengths import momentum, strengths, values
from zoo.experiment import no_callbacks
from zoo.runs.code import is_users
from zoo.runs.plan import optimizer_of, steps_per_epoch
from zoo.runs.run import Job, Silent

# On a processor a run-step costs the same in a population of 8 and of 128 (`make benchmark`), and a
# fixed number of places makes every run's bits independent of how many runs were asked for.
PLACES_CPU = 8
LARGEST_GPU = 1024
MEMORY_SHARE = 0.6
DRAWS_SHARE = 0.2  # of the memory, for the draws of data that lie on the device at once
# A step of so many floating-point operations keeps one core busy by itself.
BUSY_CORE_OPERATIONS = 2.5e7
# Steps of a run in which XLA saves no more time than it takes to compile: with so many, a network
# of 20 to 200 units took 0.7 of the time without it, one of 300 to 600 units the same.
FEW_STEPS = 2000


@dataclass
class Group:
    """Runs that share one program.

    Attributes:
        jobs: The runs, those with equal initial values next to each other.
        model: A model of their architecture.
        optimizer: An optimizer of their kind.
        key: The signature of their program.
        reason: Why they have to train one at a time with `fit`; empty if they do not.
        size: How many train at once.
        why_size: What bounds the size; empty if nothing does.
        foreign: Whether callbacks are not Keras's or the zoo's, and so may draw random numbers
            that depend on what else happens.
        validates: Whether they are evaluated after each epoch, and not after their last one only.
        by_xla: Whether XLA compiles their program.
    """

    jobs: list[Job]
    model: Any
    optimizer: Any
    key: str
    reason: str = ""
    size: int = 1
    why_size: str = ""
    foreign: bool = False
    validates: bool = True
    by_xla: bool = True
    _drawn: tuple[Any, int, list[Any]] | None = field(default=None, repr=False)
    _starts: dict[int, Start] = field(default_factory=dict, repr=False)
    _numbers: dict[tuple[int, float], list[Any]] = field(default_factory=dict, repr=False)
    _rates: dict[tuple[int, float], Any] = field(default_factory=dict, repr=False)

    def add(
        self, jobs: Sequence[Job], start: Start, optimizer: Any, callbacks: Sequence[Any]
    ) -> None:
        """Adds runs of one recipe and rate, where they start, and what one of them trains with."""
        recipe, rate = jobs[0].recipe, jobs[0].run.learning_rate
        self.jobs += jobs
        self._starts[id(recipe)] = start
        if not callbacks:
            self._rates[id(recipe), rate] = learning_rate_of(optimizer)
        own = [*values(strengths(start.model)), *momentum(optimizer)]
        self._numbers[id(recipe), rate] = [np.asarray(float(each), np.float32) for each in own]

    @property
    def lent(self) -> set[int]:
        """The ids of the model's variables if callbacks or probes are lent it, else none."""
        recipes = {id(job.recipe): job.recipe for job in self.jobs}.values()
        lent = any(each.probes or each.callbacks is not no_callbacks for each in recipes)
        return {id(variable) for variable in self.model.variables} if lent else set()

    def numbers_of(self, job: Job) -> list[Any]:
        """Returns a run's strengths and its momentum, as arrays of shape `()`."""
        return self._numbers[id(job.recipe), job.run.learning_rate]

    def trained_by(self, job: Job) -> tuple[Any, list[Any]]:
        """Returns a run's learning rate, as its optimizer has it, and fresh callbacks."""
        if (rate := self._rates.get((id(job.recipe), job.run.learning_rate))) is not None:
            return rate, []
        optimizer, callbacks = self.start_of(job).trained_by(job)
        return learning_rate_of(optimizer), callbacks

    def describe(self) -> str:
        """Returns the group in a few words."""
        variants = list(dict.fromkeys(job.run.variant for job in self.jobs))
        names = ", ".join(variants[:3]) + (f" and {len(variants) - 3} more" * (len(variants) > 3))
        return f"{names}: {len(self.jobs)} runs"

    def start_of(self, job: Job) -> Start:
        """Returns where the runs of a job's recipe start."""
        return self._starts[id(job.recipe)]

    def initial_values(self, job: Job) -> list[Any]:
        """Returns the initial values of a run's trainable and frozen variables."""
        recipe, seed = job.recipe, job.run.seed
        if self._drawn is None or self._drawn[0] is not recipe or self._drawn[1] != seed:
            self._drawn = (recipe, seed, self.start_of(job).values(seed))
        return self._drawn[2]


def groups(
    jobs: Sequence[Job],
    data: Data,
    largest: int | None = None,
    starts: Starts | None = None,
    apart: int | None = None,
) -> Iterator[Group]:
    """Yields the jobs in groups that share a program, in the order of their first jobs.

    Args:
        jobs: The runs.
        data: The data.
        largest: Most runs that may train at once; `None` leaves it to the device's memory.
        starts: Where the runs start, as far as it is known.
        apart: Runs of a recipe, where hardly two recipes share a program: so many places are
            enough, and XLA compiles only what trains for long. `None` where many share one.
    """
    found: dict[str, Group] = {}
    networks: dict[int, str] = {}
    starts = starts or Starts(jobs, data, Silent())
    for recipe, own in _by_recipe(jobs):
        steps = steps_per_epoch(recipe, data)
        start = starts.of(recipe)
        model = start.model
        if id(model) not in networks:  # several recipes may share it
            networks[id(model)] = network_key(model)
        for rate, of_rate in _by_rate(own):
            optimizer, callbacks = optimizer_of(recipe, rate, steps)
            reason = why_alone(model, optimizer, callbacks)
            reason = reason or why_slow(model, recipe.batch_size) or _why_start(start)
            key = signature(of_rate[0], networks[id(model)], optimizer, steps)
            by_xla = apart is None or recipe.epochs * steps > FEW_STEPS or _draws(model)
            group = found.setdefault(
                f"{reason} {key} {by_xla}",
                Group([], model, optimizer, key, reason, by_xla=by_xla),
            )
            group.add(of_rate, start, optimizer, callbacks)
            group.foreign |= any(is_users(type(each).__module__) for each in callbacks)
    for group in (part for whole in found.values() for part in _parts(whole, data)):
        order = {id(recipe): place for place, (recipe, _) in enumerate(_by_recipe(group.jobs))}
        group.jobs.sort(key=lambda job: (order[id(job.recipe)], job.run.seed))
        if not group.reason:
            group.size, group.why_size = places(group, data, apart)
            if largest is not None and largest < group.size:
                group.size, group.why_size = largest, "as asked for"
            if apart is not None:
                group.size = min(apart, group.size)
        yield group


def _parts(group: Group, data: Data) -> list[Group]:
    """Returns a group in parts with so few seeds each that the draws of their data fit."""
    if group.reason or not isinstance(data, Draws):
        return [group]
    seeds = sorted({job.run.seed for job in group.jobs})
    most = max(1, int(DRAWS_SHARE * _memory() // bytes_of(data)))
    blocks = [set(seeds[start : start + most]) for start in range(0, len(seeds), most)]
    return [
        replace(group, jobs=[job for job in group.jobs if job.run.seed in block])
        for block in blocks
    ]


def _memory() -> float:
    """Returns the bytes of the device's memory, of a processor those that are free."""
    memory: int | None = seam().device_memory()
    return free_memory() if memory is None else memory


def _bytes_of_draws(group: Group, data: Data) -> float:
    """Returns the bytes of the data of all seeds on the device, if each has a draw of its own."""
    seeds = {job.run.seed for job in group.jobs}
    return float(len(seeds) * bytes_of(data)) if isinstance(data, Draws) else 0.0


def _by_recipe(jobs: Iterable[Job]) -> list[tuple[Any, list[Job]]]:
    kept: dict[int, tuple[Any, list[Job]]] = {}
    for job in jobs:
        kept.setdefault(id(job.recipe), (job.recipe, []))[1].append(job)
    return list(kept.values())


def _by_rate(jobs: Iterable[Job]) -> list[tuple[float, list[Job]]]:
    kept: dict[float, list[Job]] = {}
    for job in jobs:
        kept.setdefault(job.run.learning_rate, []).append(job)
    return list(kept.items())


def why_alone(model: Any, optimizer: Any, callbacks: Sequence[Any]) -> str:
    """Returns why runs of this kind cannot train in a population, or an empty text."""
    backend = keras.backend.backend()
    if backend not in SEAMS:
        return f"the {backend} backend has no population engine"
    for callback in callbacks:
        hook = hook_below_epochs(callback)
        if hook:
            return f"{type(callback).__name__}.{hook} works below epochs"
        change = change_of_training(callback)
        if change:
            return f"{type(callback).__name__} {change}"
        if getattr(callback, "needs_own_optimizer", False):
            return f"{type(callback).__name__} needs an optimizer of its own"
    if own := own_step(model):
        return f"{type(model).__name__} has a {own} of its own"
    if besides := compiled_besides(model):
        return besides
    recurrent = recurrent_in(model)
    if recurrent and backend == "tensorflow":
        return f"TensorFlow cannot compile {type(recurrent[0]).__name__} with XLA"
    if any(layer.activity_regularizer is not None for layer in _layers(model)):
        return "an activity penalty would count the examples that fill up a chunk"
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        return "a loss scale is shared by the runs of a program"
    if optimizer.use_ema:
        return "moving averages replace the weights only in fit"
    if excludes_from_weight_decay(optimizer):
        return "exclude_from_weight_decay is no part of an optimizer's configuration"
    if lost := _lost(optimizer):
        return f"the configuration of {type(optimizer).__name__} does not say its {lost[0]}"
    return ""


def _lost(optimizer: Any) -> list[str]:
    """Returns the numbers and texts of a user's optimizer that a copy of it does not have."""
    if not is_users(type(optimizer).__module__):
        return []
    copy = vars(type(optimizer).from_config(optimizer.get_config()))
    return [
        name
        for name, value in vars(optimizer).items()
        if isinstance(value, bool | int | float | str)
        and name not in ("name", "_auto_config")
        and copy.get(name) != value
    ]


def _why_start(start: Start) -> str:
    if len(start.outputs.shape) != 2:
        return "its output is not one vector for each example"
    if start.loss.reduction in (None, "none"):
        return "its loss is not reduced to one number"
    return ""


def _draws(model: Any) -> bool:
    """Returns whether a network draws random numbers, which are others without XLA."""
    return any(map(seed_generators, _layers(model)))


def _layers(model: Any) -> list[Any]:
    return all_layers(model)


def places(group: Group, data: Data, apart: int | None = None) -> tuple[int, str]:
    """Returns how many runs train at once, and why not as many as usual.

    Args:
        group: The runs.
        data: The data.
        apart: As for `groups`: a fixed number then, whatever is left of an interrupted search.
    """
    memory = seam().device_memory()
    if memory is None:
        if convolves(group.model):  # several at once are no faster, and few runs would be slower
            return 1, "convolutions on a processor train one after the other"
        operations = 6.0 * _parameters(group.model) * group.jobs[0].recipe.batch_size
        if operations > BUSY_CORE_OPERATIONS * cores():
            return 1, "one run keeps all cores busy"
        few = apart is None and len(group.jobs) < PLACES_CPU
        if few and keras.backend.backend() == "jax":
            return len(group.jobs), "idle places would cost more than fit does on JAX"
        size, each = PLACES_CPU, bytes_per_run(group, data)
        free = free_memory() - _bytes_of_draws(group, data)
        while size > 1 and size * each > MEMORY_SHARE * free:
            size //= 2
        why = f"{each / 1e6:.0f} MB a run of {free / 1e9:.1f} GB that are free"
        return size, why if size < PLACES_CPU else ""
    each = bytes_per_run(group, data)
    memory -= _bytes_of_draws(group, data)
    fitting = max(1, min(LARGEST_GPU, int(MEMORY_SHARE * memory // each)))
    rounds = math.ceil(len(group.jobs) / fitting)
    why = f"{each / 1e6:.0f} MB a run of {memory / 1e9:.1f} GB" if rounds > 1 else ""
    return math.ceil(len(group.jobs) / rounds), why


def _parameters(model: Any) -> int:
    return sum(int(np.prod(item.shape)) for item in model.trainable_variables)


def bytes_per_run(group: Group, data: Data) -> float:
    """Returns an estimate of the memory that one run takes: variables, gradients, activations."""
    model = group.model
    numbers = sum(int(np.prod(item.shape)) for item in model.variables)
    trained = _parameters(model)
    moments = 2 * trained  # Adam's; most optimizers keep fewer
    outputs = [_examples_size(layer) for layer in _layers(model)]
    batch = group.jobs[0].recipe.batch_size
    inputs = sum(int(np.prod(each.shape[1:])) for each in inputs_of(data.x_train))
    training = 2 * batch * (inputs + sum(outputs))
    evaluation = 2 * EVALUATION_CHUNK * max([0, *outputs])
    return 4.0 * (2 * (numbers + moments) + trained + training + evaluation)


def _examples_size(layer: Any) -> int:
    """Returns how many numbers a layer's output has for one example; 0 if it does not say."""
    shape = getattr(getattr(layer, "output", None), "shape", None) if layer.built else None
    if shape is None or any(size is None for size in shape[1:]):
        return 0
    return int(np.prod(shape[1:]))
