"""What a population needs from JAX: map, loop, compile, differentiate."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from zoo.runs.phases import phase

DONATES = True  # whether a compiled epoch uses up the state that it is given
DRAWN_FAST = ()  # layers whose random numbers take no longer than other arithmetic


def stateless(optimizer: Any) -> Any:
    """Returns the optimizer: on JAX it is stateless already."""
    return optimizer


def to_device(array: Any) -> Any:
    """Copies an array to the device."""
    return jnp.asarray(array)


def assign(variables: Sequence[Any], arrays: Sequence[Any]) -> None:
    """Sets Keras variables to arrays of their own shapes and types."""
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)


def values(variables: Sequence[Any]) -> list[Any]:
    """Returns copies of the values of Keras variables as NumPy arrays."""
    return [np.array(variable.value) for variable in variables]


def called(
    model: Any, trainable: Sequence[Any], frozen: Sequence[Any], x: Any, training: bool
) -> tuple[Any, list[Any], list[Any]]:
    """Calls a model as `model.fit` does, with these values in the place of its variables.

    See `zoo.engine.backend_tensorflow.called`.
    """
    told = {"training": training} if "training" in inspect.signature(model.call).parameters else {}
    return model.stateless_call(  # type: ignore[no-any-return]
        trainable, frozen, x, return_losses=True, **told
    )


def value_and_gradients(
    objective: Callable[[Any], tuple[Any, Any]], variables: list[Any]
) -> tuple[Any, Any, list[Any]]:
    """Returns the objective's value, what it returns besides, and its gradients."""
    (value, besides), gradients = jax.value_and_grad(objective, has_aux=True)(variables)
    return value, besides, gradients


def over_runs(function: Callable[[Any], Any], arguments: Any, runs: int) -> Any:
    """Applies a function to every run's slice of the arguments, all at once."""
    if runs == 1:  # an unmapped program keeps plain convolutions and matmuls
        single = jax.tree.map(lambda array: array[0], arguments)
        return jax.tree.map(lambda array: jnp.expand_dims(array, 0), function(single))
    return jax.vmap(function)(arguments)


def compiled_epoch(
    step: Callable[..., Any], kept: bool = False, by_xla: bool = True
) -> Callable[..., Any]:
    """Returns a compiled function that takes a whole population through an epoch.

    See `zoo.engine.backend_tensorflow.compiled_epoch`; JAX leaves everything to XLA.
    """

    @phase("trace")  # of this function, which is called to be traced only
    def epoch(state: Any, rates: Any, orders: Any, x: Any, y: Any) -> Any:
        runs = rates.shape[1]

        def body(carry: Any, inputs: Any) -> Any:
            state, losses, accuracies = carry
            rate, rows = inputs
            batch = jax.tree.map(lambda array: array[rows], (x, y))
            state, loss, accuracy = over_runs(
                lambda arguments: step(*arguments), (state, rate, *batch), runs
            )
            return (state, losses + loss, accuracies + accuracy), None

        start = (state, jnp.zeros(runs), jnp.zeros(runs))
        out, _ = jax.lax.scan(body, start, (rates, orders))
        return out

    return jax.jit(epoch, donate_argnums=0)  # type: ignore[no-any-return]


def compiled_evaluation(measure: Callable[..., Any], by_xla: bool = True) -> Callable[..., Any]:
    """Returns a compiled function that evaluates a whole population on one chunk of examples.

    See `zoo.engine.backend_tensorflow.compiled_evaluation`.
    """

    @phase("trace")
    def evaluation(population: Any, x: Any, y: Any, weight: Any, rows: Any) -> Any:
        trainable, frozen, _ = population
        runs = (trainable or frozen)[0].shape[0]
        if rows is None:
            return over_runs(lambda own: measure(*own, x, y, weight), population, runs)
        examples = jax.tree.map(lambda array: array[rows], (x, y))

        def one(arguments: Any) -> Any:
            own, x, y = arguments
            return measure(*own, x, y, weight)

        return over_runs(one, (population, *examples), runs)

    return jax.jit(evaluation)  # type: ignore[no-any-return]


def begun(function: Any, *arguments: Any) -> Callable[[], Any]:
    """Begins a compiled function; returns what waits for its outputs, in whichever thread."""
    outputs = function(*arguments)
    return lambda: jax.block_until_ready(outputs)


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Returns a function of arrays, compiled once for each of their shapes."""
    return jax.jit(function)  # type: ignore[no-any-return]


def largest(logits: Any) -> Any:
    """Returns the index of the largest logit."""
    return jnp.argmax(logits, axis=-1).astype("int32")


def vectorised(function: Callable[[Any], Any], points: Any) -> Any:
    """Applies a function of one number to many."""
    return np.asarray(jax.vmap(function)(jnp.asarray(points)))


def device_memory() -> int | None:
    """Returns the bytes of the accelerator's memory, or `None` on a processor."""
    device = jax.devices()[0]
    if device.platform == "cpu":
        return None
    return int(device.memory_stats()["bytes_limit"])
