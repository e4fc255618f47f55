"""What a population needs from TensorFlow: map, loop, compile, differentiate."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import keras
import tensorflow as tf
from keras import layers

from callbacks.keras_internals import BACKEND_NEUTRAL
from zoo.engine.draws_tensorflow import drawn_alone, drawn_at_once
from zoo.runs.phases import phase

# Every program is a function of its own, which TensorFlow mistakes for retracing in a loop.
logging.getLogger("tensorflow").setLevel(logging.ERROR)

DONATES = False  # whether a compiled epoch uses up the state that it is given

# Layers whose random numbers take no longer than other arithmetic; see `draws_tensorflow`.
DRAWN_FAST = (layers.Dropout, layers.SpatialDropout1D, layers.SpatialDropout2D)


def stateless(optimizer: Any) -> Any:
    """Gives one optimizer instance the backend-neutral methods of its base class; returns it."""
    cls = type(optimizer)
    base = next(parent for parent in cls.__mro__ if parent.__name__ == "BaseOptimizer")
    distributed = next(parent for parent in cls.__mro__ if parent.__name__ == "TFOptimizer")
    methods = {  # a method that the optimizer's own class defines, such as Muon's, stays
        name: getattr(base, name)
        for name in BACKEND_NEUTRAL
        if getattr(cls, name) is getattr(distributed, name)
    }
    optimizer.__class__ = type(cls.__name__, (cls,), methods)
    return optimizer


def to_device(array: Any) -> Any:
    """Copies an array to the device."""
    return tf.constant(array)


def assign(variables: Sequence[Any], arrays: Sequence[Any]) -> None:
    """Sets Keras variables to arrays of their own shapes and types."""
    # Keras's `assign` checks and casts and reads the value back, and takes five times as long.
    for variable, array in zip(variables, arrays, strict=True):
        copy = tf.constant(array)  # an operation may share the memory of what it is given
        tf.raw_ops.AssignVariableOp(resource=variable.value.handle, value=copy)


def values(variables: Sequence[Any]) -> list[Any]:
    """Returns copies of the values of Keras variables as NumPy arrays."""
    found = []
    for variable in variables:
        own = variable.value
        found.append(tf.raw_ops.ReadVariableOp(resource=own.handle, dtype=own.dtype).numpy())
    return found


def called(
    model: Any, trainable: Sequence[Any], frozen: Sequence[Any], x: Any, training: bool
) -> tuple[Any, list[Any], list[Any]]:
    """Calls a model as `model.fit` does, with these values in the place of its variables.

    Returns:
        Its outputs, the frozen variables' values after it, and the losses that it adds.
    """
    # `stateless_call` leaves out what `__call__` does, such as telling inner layers of training.
    places = zip(model.trainable_variables, trainable, strict=True)
    others = zip(model.non_trainable_variables, frozen, strict=True)
    with keras.StatelessScope([*places, *others], collect_losses=True) as scope:
        told = (
            {"training": training} if "training" in inspect.signature(model.call).parameters else {}
        )
        outputs = model(x, **told)
        costs = model.losses
    after = [scope.get_current_value(item) for item in model.non_trainable_variables]
    return outputs, after, costs


def value_and_gradients(
    objective: Callable[[Any], tuple[Any, Any]], variables: list[Any]
) -> tuple[Any, Any, list[Any]]:
    """Returns the objective's value, what it returns besides, and its gradients."""
    with tf.GradientTape() as tape:
        tape.watch(variables)
        value, besides = objective(variables)
    gradients = tape.gradient(value, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return value, besides, gradients


def over_runs(function: Callable[[Any], Any], arguments: Any, runs: int, kept: bool = False) -> Any:
    """Applies a function to every run's slice of the arguments, all at once, within XLA.

    Args:
        function: Function of one run's arguments.
        arguments: Arrays whose first axis has the runs.
        runs: Their number.
        kept: Whether random numbers of a single run are better kept than drawn for each use.
    """
    if runs == 1:  # an unmapped program keeps plain convolutions and matmuls
        single = tf.nest.map_structure(lambda array: array[0], arguments)
        with drawn_alone(kept=kept):
            return tf.nest.map_structure(lambda array: tf.expand_dims(array, 0), function(single))
    with drawn_at_once():
        return tf.vectorized_map(function, arguments)


def compiled_epoch(
    step: Callable[..., Any], kept: bool = False, by_xla: bool = True
) -> Callable[..., Any]:
    """Returns a compiled function that takes a whole population through an epoch.

    Args:
        step: Function of `(state, rate, x, y)` of one run that returns `(state, loss, accuracy)`.
        kept: Whether random numbers have many uses in it.
        by_xla: Whether XLA compiles it, or TensorFlow carries out its operations one by one.

    Returns:
        Function of `(state, rates, orders, x, y)`, with rates of shape `(steps, runs)`, orders of
        shape `(steps, runs, batch)` and the training data, that returns the state and the sums
        over steps of loss and accuracy, each of shape `(runs,)`.
    """

    @phase("trace")  # of this function, which is called to be traced only
    def epoch(state: Any, rates: Any, orders: Any, x: Any, y: Any) -> Any:
        steps, runs = rates.shape

        def one(arguments: Any) -> Any:
            return step(*arguments)

        def body(i: Any, state: Any, losses: Any, accuracies: Any) -> Any:
            batch = tf.nest.map_structure(lambda array: tf.gather(array, orders[i]), (x, y))
            state, loss, accuracy = over_runs(one, (state, rates[i], *batch), runs, kept)
            return i + 1, state, losses + loss, accuracies + accuracy

        start = (tf.constant(0), state, tf.zeros([runs]), tf.zeros([runs]))
        _, *out = tf.while_loop(lambda i, *_: i < steps, body, start)
        return out

    return tf.function(epoch, jit_compile=by_xla, autograph=False)  # type: ignore[no-any-return]


def compiled_evaluation(measure: Callable[..., Any], by_xla: bool = True) -> Callable[..., Any]:
    """Returns a compiled function that evaluates a whole population on one chunk of examples.

    Args:
        measure: Function of `(trainable, frozen, strengths, x, y, weight)` of one run that returns
            sums of loss and accuracy, and which examples are right.
        by_xla: As for `compiled_epoch`.

    Returns:
        Function of `(population, x, y, weight, rows)` that returns these for every run, on the
        examples of its own rows, shape `(runs, chunk)`, or on all of them if rows are None.
    """

    @phase("trace")
    def evaluation(population: Any, x: Any, y: Any, weight: Any, rows: Any) -> Any:
        trainable, frozen, _ = population
        runs = (trainable or frozen)[0].shape[0]
        if rows is None:
            return over_runs(lambda own: measure(*own, x, y, weight), population, runs)
        examples = tf.nest.map_structure(lambda array: tf.gather(array, rows), (x, y))

        def one(arguments: Any) -> Any:
            own, x, y = arguments
            return measure(*own, x, y, weight)

        return over_runs(one, (population, *examples), runs)

    return tf.function(evaluation, jit_compile=by_xla, autograph=False)  # type: ignore[no-any-return]


def begun(function: Any, *arguments: Any) -> Callable[[], Any]:
    """Returns what carries out a compiled function, in whichever thread; it is traced here."""
    return partial(function.get_concrete_function(*arguments), *arguments)


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Returns a function of arrays, compiled once for each of their shapes."""
    # Arrays that are no tensors would be constants, each with a program of its own.
    own = tf.function(function, jit_compile=True, autograph=False)
    return lambda *arrays: own(*map(tf.convert_to_tensor, arrays))


def largest(logits: Any) -> Any:
    """Returns the index of the largest logit; Keras's `argmax` has bit casts that do not map."""
    return tf.argmax(logits, axis=-1, output_type=tf.int32)


def vectorised(function: Callable[[Any], Any], points: Any) -> Any:
    """Applies a function of one number to many."""
    return keras.ops.convert_to_numpy(tf.vectorized_map(function, tf.constant(points)))


def device_memory() -> int | None:
    """Returns the bytes of the accelerator's memory, or `None` on a processor."""
    gpus = tf.config.list_logical_devices("GPU")
    if not gpus:
        return None
    from tensorflow.python.client import device_lib

    limits = [
        device.memory_limit
        for device in device_lib.list_local_devices()
        if device.device_type == "GPU"
    ]
    return int(limits[0])
