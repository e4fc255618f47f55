"""A population written by hand in JAX, as an expert would: what the engine is measured against."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def epoch_of(widths: list[int], runs: int, x: Any, y: Any, batch: int) -> Callable[[], object]:
    """Returns a function that trains `runs` ReLU networks with SGD for an epoch."""
    rng = np.random.default_rng(0)
    parameters = [
        (
            jnp.asarray(rng.normal(size=(runs, a, b)) * (2 / a) ** 0.5, jnp.float32),
            jnp.zeros((runs, b), jnp.float32),
        )
        for a, b in itertools.pairwise(widths)
    ]
    steps = len(x) // batch
    orders = jnp.asarray(
        np.stack([rng.permutation(len(x)).reshape(steps, batch) for _ in range(runs)], axis=1)
    )
    x, y = jnp.asarray(x), jnp.asarray(y)

    def loss(parameters: Any, x: Any, y: Any) -> Any:
        for place, (kernel, bias) in enumerate(parameters):
            x = x @ kernel + bias
            if place < len(parameters) - 1:
                x = jax.nn.relu(x)
        return -jnp.mean(jax.nn.log_softmax(x)[jnp.arange(batch), y])

    def step(parameters: Any, rows: Any) -> tuple[Any, Any]:
        def one(parameters: Any, rows: Any) -> Any:
            gradients = jax.grad(loss)(parameters, x[rows], y[rows])
            return jax.tree.map(lambda p, g: p - 0.01 * g, parameters, gradients)

        return jax.vmap(one)(parameters, rows), None

    epoch = jax.jit(lambda parameters: jax.lax.scan(step, parameters, orders)[0])
    state = {"parameters": parameters}

    def work() -> None:
        state["parameters"] = jax.block_until_ready(epoch(state["parameters"]))

    return work
