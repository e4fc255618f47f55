"""What a callback sees of its run: a model and an optimizer that are the run's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from zoo.engine.program import seam
from zoo.engine.strengths import assign, penalties, strengths

BATCH_HOOKS = tuple(
    f"on_{where}{phase}_{when}"
    for where, phase in (
        ("", "batch"),
        ("train_", "batch"),
        ("test_", "batch"),
        ("predict_", "batch"),
        ("", "test"),
        ("", "predict"),
    )
    for when in ("begin", "end")
)


def hook_below_epochs(callback: Any) -> str:
    """Returns the name of a hook that works below epochs, or an empty text."""
    for name in BATCH_HOOKS:  # a LambdaCallback has its hooks on the instance
        hook = getattr(callback, name)
        if getattr(hook, "__func__", hook) is not getattr(keras.callbacks.Callback, name):
            return name
    return ""


class RunModel:
    """Stands for the model of one run of a population.

    `stop_training` and `optimizer.learning_rate` are kept here. Anything else is asked of a real
    Keras model, into which the run's weights are loaded at the first question of a hook and from
    which they are taken back after it.

    Args:
        host: A compiled Keras model of the run's architecture, shared among runs.
        rate: The run's learning rate, or a schedule.
        read: Function that returns the run's variables, in the order of `variables`, the strengths
            of its penalties and its momentum.
        write: Function that sets the first so many of them.
    """

    def __init__(
        self,
        host: Any,
        rate: Any,
        read: Callable[[], list[Any]],
        write: Callable[[list[Any]], None],
    ) -> None:
        self.__dict__.update(
            host=host,
            stop_training=False,
            optimizer=RunOptimizer(self, rate),
            read=read,
            write=write,
            loaded=[],
            borrowed=[],
        )

    def load(self, optimizer: bool = False) -> Any:
        """Returns the host with this run's values, on demand with those of its optimizer.

        The host's variables are in the order in which the population keeps them.
        """
        host = self.host
        wanted = [*host.trainable_variables, *host.non_trainable_variables]
        if optimizer:
            wanted += host.optimizer.variables
        if not self.loaded:
            self._lend_strengths()
        if len(self.loaded) < len(wanted):
            start = len(self.loaded)
            seam().assign(wanted[start:], self.read()[start : len(wanted)])
            self.__dict__["loaded"] = wanted
        return host

    def numbers(self) -> list[Any]:
        """Returns the strengths of the run's penalties and its momentum."""
        variables = len(self.host.variables) + len(self.host.optimizer.variables)
        return list(self.read()[variables:])

    def _lend_strengths(self) -> None:
        """Gives the host's penalties, which may be the author's objects, those of this run."""
        own = penalties(self.host)
        if not own:
            return
        values = tuple(float(value) for value in self.numbers()[: len(own)])
        if values != getattr(self.host, "compiled_strengths", values):
            # What Keras has compiled holds the strengths of another run.
            self.host.train_function = self.host.test_function = None
        self.host.compiled_strengths = values
        self.__dict__["borrowed"] = [own, strengths(own)]
        assign(own, values)

    def release(self) -> None:
        """Takes the values back from the host after a hook."""
        if self.loaded:
            self.write(seam().values(self.loaded))
            self.__dict__["loaded"] = []
            if self.borrowed:
                assign(*self.borrowed)

    def jax_state_sync(self) -> None:
        """Does nothing: a population's state is always in reach."""

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Applies the run's model."""
        return self.load()(*arguments, **keywords)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.load(), name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.__dict__:
            self.__dict__[name] = value
        else:
            setattr(self.load(), name, value)


class RunOptimizer:
    """Stands for the optimizer of one run of a population; its learning rate is the run's."""

    def __init__(self, model: RunModel, rate: Any) -> None:
        if not isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
            rate = keras.Variable(rate, trainable=False, name="learning_rate")
        self.__dict__.update(model=model, _learning_rate=rate, current=np.float32(0.0))

    @property
    def learning_rate(self) -> Any:
        """The learning rate: a variable, or of a schedule the number after the last step."""
        if self.scheduled:
            return self.current
        return self._learning_rate

    @property
    def momentum(self) -> Any:
        """The run's momentum, if the optimizer has one."""
        numbers = self.model.numbers()[len(penalties(self.model.host)) :]
        return float(numbers[0]) if numbers else self.model.host.optimizer.momentum

    @property
    def scheduled(self) -> bool:
        """Whether the rate is a schedule's."""
        kind = keras.optimizers.schedules.LearningRateSchedule
        return isinstance(self._learning_rate, kind)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model.load(optimizer=True).optimizer, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name != "learning_rate":
            optimizer = self.model.host.optimizer
            if not hasattr(optimizer, name):
                setattr(optimizer, name, value)
                return
            raise AttributeError(
                f"The runs of a population share their optimizer's {name!r}: only the learning "
                "rate can be set. Train with the fit engine to set it."
            )
        if self.scheduled:
            raise TypeError(
                "This optimizer was made with a LearningRateSchedule, so its learning rate cannot "
                "be set. Make it with a float to set it from a callback."
            )
        if isinstance(value, keras.optimizers.schedules.LearningRateSchedule):
            raise TypeError("A population takes numbers as learning rates, not a schedule.")
        self._learning_rate.assign(value)
