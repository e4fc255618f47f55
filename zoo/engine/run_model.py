"""What a callback sees of its run: a model and an optimizer that are the run's own."""

from __future__ import annotations

import copy
import dis
import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np

from callbacks.keras_internals import all_layers, learning_rate_of
from zoo.engine.seams import seam
from zoo.engine.strengths import assign, strengths, values

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
# What changes how a model trains, which the runs of one program have in common.
REFUSED = frozenset(
    {
        *("add", "compile", "compile_from_config", "fit", "make_train_function", "pop"),
        *("quantize", "train_on_batch"),
    }
)
SET = frozenset({"loss", "optimizer", "trainable", "train_function", "train_step"})
WITH_OPTIMIZER = frozenset({"get_compile_config", "get_state_tree", "save"})
LIBRARIES = ("keras", "callbacks")  # whose callbacks are known to do none of it


def hook_below_epochs(callback: Any) -> str:
    """Returns the name of a hook that works below epochs, or an empty text."""
    for name in BATCH_HOOKS:  # a LambdaCallback has its hooks on the instance
        hook = getattr(callback, name)
        if getattr(hook, "__func__", hook) is not getattr(keras.callbacks.Callback, name):
            return name
    return ""


def change_of_training(callback: Any) -> str:
    """Returns what in a callback's code changes how the model trains, or an empty text.

    It finds `self.model.compile(...)` and the like, and `layer.trainable = ...`. What is written
    another way is found out when it happens.
    """
    for code in _codes(callback):
        before = ""  # the name of what an attribute is asked of
        for step in dis.get_instructions(code):
            name, of_model = step.argval, before == "model"
            if step.opname == "STORE_ATTR" and before != "self":
                if name == "trainable" or (of_model and name in SET):
                    return f"sets {name}"
            elif step.opname in ("LOAD_ATTR", "LOAD_METHOD") and of_model and name in REFUSED:
                return f"calls model.{name}"
            before = name if step.opname.startswith("LOAD_") else ""
    return ""


def _codes(callback: Any) -> Iterator[Any]:
    """Yields the code of a callback's own methods and of functions that it keeps."""
    own = [cls for cls in type(callback).__mro__ if cls.__module__.split(".")[0] not in LIBRARIES]
    kept = [value for place in (*own, callback) for value in vars(place).values()]
    todo = [each.__code__ for each in kept if inspect.isfunction(each)]
    for code in todo:  # which grows on the way
        yield code
        todo += [each for each in code.co_consts if inspect.iscode(each)]


class NeedsFit(AttributeError):
    """A callback does what the runs of one program cannot each do for themselves."""


class Loan:
    """Lends a real Keras model to the callbacks of one run of a population.

    The run's values are loaded into it at the first question of a hook and taken back after it.

    Args:
        host: A compiled Keras model of the run's architecture, shared among runs.
        rate: The run's learning rate, or a schedule.
        read: Function that returns the run's variables, trainable, frozen and the optimizer's, the
            strengths of its penalties and constraints, and its momentum.
        write: Function that sets the first so many of them.

    Attributes:
        model: What callbacks see: attributes that they set are the run's own, the rest is the
            host's.
        optimizer: What they see of the optimizer; its learning rate is the run's.
        own: The attributes of the run.
        history: Is to be told of each epoch, after the callbacks.
        reason: What a callback did that only `fit` can do; empty as long as none did.
    """

    def __init__(
        self,
        host: Any,
        rate: Any,
        read: Callable[[], list[Any]],
        write: Callable[[list[Any]], None],
    ) -> None:
        self.host = host
        self.own: dict[str, Any] = {"stop_training": False}
        self.reason = ""
        self._read = read
        self._write = write
        # The order in which the population keeps them, whatever becomes of `trainable`.
        self._variables = [*host.trainable_variables, *host.non_trainable_variables]
        self._loaded: list[Any] = []
        self._borrowed: list[Any] = []
        self._trainable = [(layer, layer.trainable) for layer in _layers(host)]
        parts = (*(layer for layer, _ in self._trainable), *self._variables)
        self._parts = {id(each) for each in parts}
        self.optimizer = RunOptimizer(self, rate)
        self.model = RunModel(self)
        self.own["history"] = self.history = keras.callbacks.History()
        self.history.set_model(self.model)
        self.history.on_train_begin()

    def load(self, optimizer: bool = False) -> Any:
        """Returns the host with this run's values, on demand with those of its optimizer."""
        wanted = [*self._variables, *(self.host.optimizer.variables if optimizer else ())]
        if not self._loaded:
            self._lend_strengths()
        if len(self._loaded) < len(wanted):
            start = len(self._loaded)
            seam().assign(wanted[start:], self._read()[start : len(wanted)])
            self._loaded = wanted
            if optimizer:
                learning_rate_of(self.host.optimizer).assign(self.optimizer.learning_rate)
        return self.host

    def keep(self, callbacks: Sequence[Any]) -> None:
        """Loads the values before a hook of callbacks that keep layers or variables of the host."""
        if any(map(self._holds, callbacks)):
            self.load(optimizer=True)

    def _holds(self, callback: Any) -> bool:
        for value in vars(callback).values():
            inside = list(value.values()) if isinstance(value, dict) else value
            several = inside if isinstance(inside, list | tuple | set) else (value,)
            if any(id(each) in self._parts for each in several):
                return True
        return False

    def numbers(self) -> list[Any]:
        """Returns the strengths of the run's penalties and constraints, and its momentum."""
        return list(self._read()[len(self._variables) + len(self.host.optimizer.variables) :])

    def _lend_strengths(self) -> None:
        """Gives the host's penalties and constraints, maybe the author's, this run's numbers."""
        own = strengths(self.host)
        if not own:
            return
        numbers = tuple(float(value) for value in self.numbers()[: len(own)])
        if numbers != getattr(self.host, "compiled_strengths", numbers):
            # What Keras has compiled holds the strengths of another run.
            self.host.train_function = self.host.test_function = None
        self.host.compiled_strengths = numbers
        self._borrowed = [own, values(own)]
        assign(own, numbers)

    def release(self) -> None:
        """Takes the values back from the host after a hook."""
        if not self._loaded:
            return
        values = seam().values(self._loaded)
        rate = learning_rate_of(self.host.optimizer)
        for index, variable in enumerate(self._loaded):
            if variable is rate:  # the run keeps its rate itself
                values[index] = self._read()[index]
        changed = [layer.name for layer, kept in self._trainable if layer.trainable != kept]
        if changed:
            self.reason = self.reason or f"a callback sets trainable of {changed[-1]}"
            for layer, kept in self._trainable:  # from the outermost in, as one sets its inner ones
                layer.trainable = kept
        self._write(values)
        self._loaded = []
        if self._borrowed:
            assign(*self._borrowed)
            self._borrowed = []

    def refuse(self, deed: str) -> NeedsFit:
        """Returns the error that ends the run here, to be trained by `fit` from its start."""
        self.reason = self.reason or f"a callback {deed}"
        return NeedsFit(f"The runs of a population share their program, and {self.reason}.")


class RunModel:
    """Stands for the model of one run of a population, and passes for it.

    Args:
        loan: Lends it the real model.
    """

    __slots__ = ("_loan",)

    def __init__(self, loan: Loan) -> None:
        object.__setattr__(self, "_loan", loan)

    # So that it is an instance of the host's class.
    __class__ = property(lambda self: type(self._loan.host))  # type: ignore[assignment]

    def jax_state_sync(self) -> None:
        """Does nothing: a population's state is always in reach."""

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Applies the run's model."""
        return self._loan.load()(*arguments, **keywords)

    def __getattr__(self, name: str) -> Any:
        loan = self._loan
        if name in loan.own:
            return loan.own[name]
        if name == "optimizer":
            return loan.optimizer
        if name in REFUSED:
            return functools.partial(_refuse, loan, f"calls model.{name}")
        return getattr(loan.load(optimizer=name in WITH_OPTIMIZER), name)

    def __setattr__(self, name: str, value: Any) -> None:
        loan = self._loan
        if name in loan.own:
            loan.own[name] = value
        elif name in _of_keras() or _is_part(value) or _is_part(getattr(loan.host, name, None)):
            raise loan.refuse(f"sets model.{name}")
        else:
            loan.own[name] = value

    def __delattr__(self, name: str) -> None:
        if name not in self._loan.own:
            raise self._loan.refuse(f"deletes model.{name}")
        del self._loan.own[name]

    def __dir__(self) -> list[str]:
        return sorted({*dir(self._loan.host), *self._loan.own})

    def __repr__(self) -> str:
        return repr(self._loan.host)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return copy.deepcopy(self._loan.load(optimizer=True), memo)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self._loan.load(optimizer=True).__reduce_ex__(protocol)


class RunOptimizer:
    """Stands for the optimizer of one run of a population; its learning rate is the run's.

    Args:
        loan: Lends it the real optimizer.
        rate: The run's learning rate, or a schedule.
    """

    __slots__ = ("_loan", "_own")

    def __init__(self, loan: Loan, rate: Any) -> None:
        if not isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
            rate = keras.Variable(rate, trainable=False, name="learning_rate")
        object.__setattr__(self, "_loan", loan)
        object.__setattr__(self, "_own", {"_learning_rate": rate, "_current": np.float32(0.0)})

    # So that it is an instance of the real one's class.
    __class__ = property(lambda self: type(self._loan.host.optimizer))  # type: ignore[assignment]

    @property
    def learning_rate(self) -> Any:
        """The learning rate: a variable, or of a schedule the number after the last step."""
        if self.scheduled:
            return keras.ops.convert_to_tensor(self._own["_current"])
        return self._own["_learning_rate"]

    @property
    def momentum(self) -> Any:
        """The run's momentum, if the optimizer has one."""
        numbers = self._loan.numbers()[len(strengths(self._loan.host)) :]
        return float(numbers[0]) if numbers else self._loan.host.optimizer.momentum

    @property
    def scheduled(self) -> bool:
        """Whether the rate is a schedule's."""
        kind = keras.optimizers.schedules.LearningRateSchedule
        return isinstance(self._own["_learning_rate"], kind)

    def reached(self, rate: Any) -> None:
        """Says what the schedule has come to."""
        self._own["_current"] = np.float32(rate)

    def get_config(self) -> dict[str, Any]:
        """Returns the configuration, with the run's own numbers."""
        config = dict(self._loan.host.optimizer.get_config())
        rate = self._own["_learning_rate"]
        if self.scheduled:
            config["learning_rate"] = keras.optimizers.schedules.serialize(rate)
        else:
            config["learning_rate"] = float(keras.ops.convert_to_numpy(rate))
        if "momentum" in config:
            config["momentum"] = self.momentum
        return config

    def __getattr__(self, name: str) -> Any:
        if name in self._own:
            return self._own[name]
        return getattr(self._loan.load(optimizer=True).optimizer, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name != "learning_rate":
            if name in self._own or not hasattr(self._loan.host.optimizer, name):
                self._own[name] = value
                return
            raise self._loan.refuse(f"sets optimizer.{name}: only the learning rate can be set")
        if self.scheduled:
            raise TypeError(
                "This optimizer was made with a LearningRateSchedule, so its learning rate cannot "
                "be set. Make it with a float to set it from a callback."
            )
        if isinstance(value, keras.optimizers.schedules.LearningRateSchedule):
            raise self._loan.refuse("sets the learning rate to a schedule")
        self._own["_learning_rate"].assign(value)

    def __dir__(self) -> list[str]:
        return sorted({*dir(self._loan.host.optimizer), *self._own})

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return copy.deepcopy(self._loan.load(optimizer=True).optimizer, memo)


def _refuse(loan: Loan, deed: str, *_: Any, **__: Any) -> Any:
    raise loan.refuse(deed)


def _layers(model: Any) -> list[Any]:
    return all_layers(model, include_self=True)


def _is_part(value: Any) -> bool:
    """Returns whether a value is a part of a network."""
    return isinstance(value, keras.layers.Layer | keras.Variable)


@functools.cache
def _of_keras() -> frozenset[str]:
    """Returns the names of the attributes that a compiled Keras model has."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Identity()])
    model.compile("sgd", "mse")
    return frozenset(dir(model))
