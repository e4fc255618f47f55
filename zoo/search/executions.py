"""Trains the trials of a search over a hypermodel: together where they can, else one at a time."""

from __future__ import annotations

import copy
import dataclasses
import functools
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
from rich.console import Console

from zoo.data import Data
from zoo.data.weights import BOTH
from zoo.engine.outputs import kind_of
from zoo.engine.population import program_of
from zoo.errors import ZooError, capital
from zoo.results.files import write_text
from zoo.results.store import Store
from zoo.runner.progress import tell
from zoo.runner.trainer import Engine, Trainer, here
from zoo.runs.identity import key_of
from zoo.runs.initial_values import Others
from zoo.runs.run import Job
from zoo.search.apart import apart
from zoo.search.given import counted, data_of, taken_alone
from zoo.search.hypermodel import (
    LABEL,
    built,
    fits_itself,
    jobs_of,
    validation_of,
)
from zoo.search.identity import contents, identity_of
from zoo.search.oracle import Trial, keras_tuner_or_error
from zoo.search.table import Execution, execution_of, first_line
from zoo.search.tune import trained_model

# What `fit` can be given where trials train together, and what they can be scored by.
TOGETHER = {
    *("epochs", "batch_size", "validation_data", "validation_split", "callbacks", "verbose"),
    *("sample_weight", "class_weight"),
}
OBJECTIVES = (("val_accuracy", "max"), ("val_loss", "min"))
BATCH_SIZE = 32  # Keras's


@dataclass(frozen=True, eq=False)
class HypermodelTrainer:
    """Trains the trials of a hypermodel, and keeps each execution as it ends.

    Attributes:
        hypermodel: What builds the models.
        objective: Name of the objective.
        executions: Seeds of a trial.
        folder: Where executions are kept, with the store.
        positional: What `fit` is given without a name.
        arguments: What `fit` is given by name, except for the callbacks.
        callbacks: Function that returns fresh callbacks.
        epochs: Epochs of a trial for which the strategy names none.
        data: The data, if trials can train together.
        reason: Why none can; empty if they can.
        console: Where is said how far it has come.
        engine: What trains trials together.
        said: The lines that have been said so far, such as why trials train one at a time.
        others: Builds of trials, which are like those of others where trials share programs.
    """

    hypermodel: Any
    objective: str
    executions: int
    folder: Path
    positional: list[Any]
    arguments: Mapping[str, Any]
    callbacks: Callable[[], list[Any]]
    epochs: int
    data: Data | None
    reason: str
    console: Console
    engine: Engine = field(default_factory=Engine)
    said: set[str] = field(default_factory=set)
    others: Others = field(default_factory=Others)

    @functools.cached_property
    def _given(self) -> Any:
        """What `fit` is given, described."""
        given = {name: value for name, value in self.arguments.items() if name != "verbose"}
        return contents([self.positional, given, self.callbacks()])

    def epoch(self, jobs: list[Job], epoch: int) -> None:
        """Does nothing: what trains shows how far it has come."""

    def note(self, text: str) -> None:
        """Says once what was done with labels."""
        self._print(f"{capital(text)}.")

    def train(
        self, batch: Sequence[Trial], store: Store
    ) -> dict[Trial, list[Execution] | Exception]:
        """Returns what became of each trial, from what is kept or trained now.

        An error in the user's code is the result of the trial that it happened in.

        Raises:
            ZooError: If something is wrong with all trials.
        """
        jobs: dict[Trial, list[Job]] = {}
        found: dict[Trial, Any] = dict.fromkeys(batch)
        by_data: dict[str, tuple[Data, list[Trial]]] = {}  # which differ where losses do
        for trial in batch:
            own, data, reason = self._jobs(trial)
            if reason or data is None:
                self.say(reason)
                found[trial] = _attempt(partial(self._alone, trial))
            else:
                jobs[trial] = own
                by_data.setdefault(data.fingerprint, (data, []))[1].append(trial)
        for data, trials in by_data.values():
            every = [job for trial in trials for job in jobs[trial]]
            if _attempt(partial(self._together, every, data, store)) is not None:
                for trial in trials:  # one by one, to see whose error it is
                    found[trial] = _attempt(partial(self._together, jobs[trial], data, store))
        for trial, own in jobs.items():
            if found[trial] is None:
                of_classes = bool(kind_of(own[0].recipe.loss()))
                results = store.results(job.run for job in own)
                found[trial] = [
                    execution_of(result, self.objective, of_classes) for result in results
                ]
        return found

    def together(self, space: Any) -> bool:
        """Returns whether trials like that of the defaults train together."""
        return not self._jobs(Trial("", {}, None, space.copy()))[2]

    def engine_for(self, space: Any) -> Engine:
        """Returns what trains trials from a space together."""
        return Engine(apart=apart(space, self.executions, self._program))

    def _program(self, point: Any) -> str:
        """Returns a text that is equal for points whose runs train by one program."""
        jobs, data, reason = self._jobs(Trial("", {}, None, point))
        return reason if data is None or not jobs else program_of(jobs[0], data)

    def say(self, reason: str) -> None:
        """Says once why trials train one at a time."""
        self._print(f"Trials train one at a time: {reason}.")

    def _print(self, line: str) -> None:
        if line not in self.said:
            self.said.add(line)
            tell(self.console, line)

    def model(self, trial: Trial) -> Any:
        """Trains the first execution of a trial once more and returns its compiled model."""
        jobs, data, _ = self._jobs(trial)
        if not jobs or data is None:
            return self._fitted(trial, 0)[0]
        return trained_model(jobs[0], data)

    def _jobs(self, trial: Trial) -> tuple[list[Job], Data | None, str]:
        """Returns the runs of a trial and their data, or why it trains alone."""
        if self.data is None:
            return [], None, self.reason
        made = _attempt(
            partial(
                jobs_of,
                self.hypermodel,
                trial.hyperparameters,
                self.data,
                range(self.executions),
                epochs=trial.epochs or self.epochs,
                batch_size=self.arguments.get("batch_size") or BATCH_SIZE,
                callbacks=self.callbacks,
                objective=self.objective,
                told=self,
                class_weight=self.arguments.get("class_weight"),
                others=self.others if self.engine.apart is None else None,
            )
        )
        if isinstance(made, Exception):
            return [], None, f"a model could not be examined ({first_line(made)})"
        jobs, data, reason = made
        return jobs, data, reason

    def _together(self, jobs: Iterable[Job], data: Data, store: Store) -> None:
        """Trains the runs that the store does not have."""
        Trainer(store=store, where=here(self.console, self.engine)).train(
            jobs, {LABEL: data}, "tuner"
        )

    def _alone(self, trial: Trial) -> list[Execution]:
        """Trains a trial with the hypermodel's `fit`, or reads what became of it."""
        point = trial.hyperparameters
        identity, unknown = identity_of(self.hypermodel, point, trial.values)
        for sentence in unknown:
            self._print(f"{sentence}. Another folder trains all of them again.")
        executions = []
        for seed in range(self.executions):
            key = key_of(identity, self._given, trial.epochs, self.objective, seed)
            path = self.folder / "runs" / f"{key}.json"
            if path.is_file():
                executions.append(_kept(path, point))
                continue
            executions.append(_read(self._fitted(trial, seed)[1], self.objective))
            kept = dataclasses.asdict(executions[-1]) | {"hyperparameters": point.get_config()}
            path.parent.mkdir(exist_ok=True)
            write_text(path, json.dumps(kept))
        return executions

    def _fitted(self, trial: Trial, seed: int) -> tuple[Any, Any]:
        """Returns a model after the hypermodel's `fit`, and what that returned."""
        point = trial.hyperparameters
        model = built(self.hypermodel, point, seed=seed)
        keras.utils.set_random_seed(seed)  # whatever the model has drawn
        arguments = {**self.arguments, "callbacks": self.callbacks()}
        if trial.epochs:
            arguments["epochs"] = trial.epochs
        positional = list(self.positional)
        if len(positional) == 2 and not fits_itself(self.hypermodel):
            x, y = positional
            positional[1], arguments = taken_alone(model, x, y, arguments, self)
        return model, self.hypermodel.fit(point, model, *positional, **arguments)


def trainer_of(
    hypermodel: Any,
    objective: tuple[str, str],
    executions: int,
    folder: Path,
    x: Any,
    y: Any,
    arguments: dict[str, Any],
) -> HypermodelTrainer:
    """Checks what `fit` is to be given, and sees whether trials can train together.

    Args:
        hypermodel: What builds the models.
        objective: Name and direction.
        executions: Seeds of a trial.
        folder: Where executions are kept.
        x: What `fit` takes as `x`.
        y: What `fit` takes as `y`.
        arguments: What `fit` takes by name.

    Raises:
        ZooError: If it does not fit together.
    """
    own = fits_itself(hypermodel)
    train, validation = validation_of(x, y, arguments)
    if objective[0].startswith("val_") and validation is None and not own:
        raise ZooError(
            f"The objective {objective[0]} needs validation_data=(x, y), or validation_split=0.2 "
            "to take the last fifth of the examples. Received: neither"
        )
    epochs = arguments.get("epochs", 1)
    if isinstance(epochs, bool) or not isinstance(epochs, int) or epochs < 1:
        raise ZooError(f"`epochs` must be a positive integer. Received: epochs={epochs!r}")
    reason, data = "", None
    unknown = sorted(set(arguments) - TOGETHER)
    if own:
        reason = "the hypermodel has a fit of its own"
    elif objective not in OBJECTIVES:
        reason = f"the objective is {objective[0]}"
    elif unknown:
        reason = f"fit is given {', '.join(unknown)}"
    else:
        data = data_of(train, validation)
        reason = "" if data else "the data are not arrays of features and of labels or numbers"
    weights = [arguments.get(name) for name in ("sample_weight", "class_weight")]
    if data is not None:
        if all(each is not None for each in weights):
            raise ZooError(BOTH)
        split = arguments.get("validation_data") is None
        data = counted(data, weights[0], split)
    given = {name: value for name, value in arguments.items() if name != "callbacks"}
    return HypermodelTrainer(
        hypermodel=hypermodel,
        objective=objective[0],
        executions=executions,
        folder=folder,
        positional=[each for each in (x, y) if each is not None],
        arguments=given if own else {**given, "verbose": 0},
        callbacks=_factory(arguments.get("callbacks") or []),
        epochs=epochs,
        data=data,
        reason=reason,
        console=Console(quiet=arguments.get("verbose", 1) == 0),
    )


def _factory(callbacks: Any) -> Callable[[], list[Any]]:
    """Returns a function that returns fresh callbacks.

    Raises:
        ZooError: If they cannot be copied.
    """
    if isinstance(callbacks, keras.callbacks.Callback):
        callbacks = [callbacks]
    if callable(callbacks):
        return lambda: list(callbacks())
    try:
        copy.deepcopy(callbacks)
    except TypeError as error:
        raise ZooError(
            f"`callbacks` must be copied for each run, and cannot be ({error}). Give a function "
            "that returns fresh ones: callbacks=lambda: [...]"
        ) from error
    return lambda: copy.deepcopy(callbacks)


def _kept(path: Path, point: Any) -> Execution:
    """Reads what became of an execution, and takes in what its `fit` asked for.

    Raises:
        ZooError: If the file is damaged.
    """
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        asked = type(point).from_config(kept.pop("hyperparameters"))
        execution = Execution(**kept)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ZooError(
            f"{path} is damaged ({first_line(error)}). Delete it; its trial is trained again."
        ) from error
    point.merge(asked, overwrite=False)
    point.values.update(asked.values)
    return execution


def _attempt(function: Callable[[], Any]) -> Any:
    """Returns what a function returns, or an error of the user's code."""
    try:
        return function()
    except Exception as error:
        if isinstance(error, ZooError | keras_tuner_or_error().errors.FatalError):
            raise
        return error


def _read(returned: Any, objective: str) -> Execution:
    """Reads what a `fit` returned: a history, a dict of metrics, or the objective."""
    if isinstance(returned, keras.callbacks.History):
        history = {name: np.asarray(values).tolist() for name, values in returned.history.items()}
    elif isinstance(returned, Mapping):
        history = {name: [np.asarray(value).tolist()] for name, value in returned.items()}
    elif isinstance(returned, int | float | np.number):
        history = {objective: [float(returned)]}
    else:
        raise ZooError(
            "`fit` must return a History, a dict of metrics, or the objective as a number. "
            f"Received: {returned!r}"
        )
    if objective not in history:
        raise ZooError(
            f"The objective {objective} must be among what is logged. "
            f"Received: {', '.join(history)}"
        )
    last = history[objective][-1]
    if np.ndim(last):
        raise ZooError(
            f"The objective {objective} must be one number an epoch. Received: {last}. A metric "
            'that gives one for each class has an argument such as average="macro".'
        )
    value = float(last)
    finite = all(map(math.isfinite, [value, *history.get("loss", ())]))
    return Execution(value, "completed" if finite else "diverged", history)
