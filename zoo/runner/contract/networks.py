"""What an experiment's networks must keep: one input, logits, and a factor that does something."""

from __future__ import annotations

import contextlib
import functools
import itertools
import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

import keras
import numpy as np

from zoo.data.memory import total_memory
from zoo.errors import ZooError
from zoo.experiment import Recipe
from zoo.runner.contract.declaration import shown_value
from zoo.runner.mistakes import line_of, line_of_argument, mistakes_in, place
from zoo.runner.registry import Entry
from zoo.runs.identity import describe, key_of, recipe_identity
from zoo.runs.plan import optimizer_of
from zoo.runs.seeding import fresh_model

COPIES = 4  # of the weights: the network, the one it is compared with, gradients, the optimizer's
MODEL = (
    "`build_model` must return a new Keras model of one input, of shape `input_shape`, and one "
    "output, the logits of shape (batch, num_classes)"
)


@contextlib.contextmanager
def within_memory() -> Iterator[None]:
    """Refuses, before it is allocated, a network whose weights do not fit into the memory."""
    there = total_memory()
    asked = 0
    add_weight = keras.layers.Layer.add_weight

    @functools.wraps(add_weight)
    def counting(self: Any, shape: Any = None, *arguments: Any, **keywords: Any) -> Any:
        nonlocal asked
        asked += 4 * math.prod(shape or ())  # single precision
        if asked * COPIES > there:
            raise ZooError(
                f"The network's weights take {asked / 1e9:.1f} GB and more. They must fit {COPIES} "
                f"times into the memory that this process may use, {there / 1e9:.1f} GB."
            )
        return add_weight(self, shape, *arguments, **keywords)

    keras.layers.Layer.add_weight = counting
    try:
        yield
    finally:
        keras.layers.Layer.add_weight = add_weight


def network(entry: Entry, recipe: Recipe, shape: tuple[int, ...], num_classes: int) -> Any:
    """Builds a variant's network and looks at its output.

    Args:
        entry: The experiment.
        recipe: The variant's recipe.
        shape: Shape of one example.
        num_classes: Number of classes.

    Raises:
        ZooError: If it is none, or has another input or output than the data; names file and line.
    """
    line = line_of(entry.path, recipe.build_model, "build_model")
    told = f"{MODEL}. input_shape={shape}, num_classes={num_classes}."

    def build() -> Any:
        model = recipe.build_model(shape, num_classes)
        if not isinstance(model, keras.Model):
            raise ZooError(f"{told} Received: {shown_value(model)}")
        return model

    with mistakes_in(entry.path, told, line), within_memory():
        model = fresh_model(build, shape)
        for side, found in (("inputs", model.inputs), ("outputs", model.outputs)):
            if found is not None and len(found) != 1:
                raise ZooError(f"{told} Received: a model of {len(found)} {side}")
        x = np.random.default_rng(0).normal(size=(3, *shape)).astype("float32")
        logits = keras.ops.convert_to_numpy(model(x, training=False))
        if logits.shape != (3, num_classes):
            received = ("batch", *logits.shape[1:])
            raise ZooError(f"{told} Received: an output of shape ({', '.join(map(str, received))})")
        if num_classes > 1 and (logits >= 0).all() and np.allclose(logits.sum(axis=1), 1):
            raise ZooError(f"{told} Received: probabilities. Leave the softmax out")
    return model


def identity(recipe: Recipe, model: Any, rate: float = 0.01, steps: int = 4) -> str:
    """Returns the key of a variant: equal keys mean that nothing at all varies.

    A grid of one rate is no grid to choose from: the rate is a part of the variant.

    Args:
        recipe: The variant's recipe.
        model: Its network.
        rate: Learning rate.
        steps: Steps in an epoch.
    """
    grid = cast(Sequence[float], recipe.learning_rates)  # of a variant's own recipe
    if len(grid) == 1:
        (rate,) = grid
    chosen = (recipe.data, recipe.train_examples, recipe.preprocessing, recipe.class_weight)
    data = describe(chosen)
    shared = recipe_identity(recipe, model, data, steps)
    return key_of(shared, describe(optimizer_of(recipe, rate, steps)))


def same(
    of: Mapping[str, Any], alike: Callable[[Any, Any], bool] = operator.eq
) -> list[tuple[str, str]]:
    """Returns the pairs of labels whose keys, or whatever else is known of them, are alike."""
    return [pair for pair in itertools.combinations(of, 2) if alike(of[pair[0]], of[pair[1]])]


def identical(entry: Entry, keys: Mapping[str, str]) -> list[str]:
    """Checks that no two variants have the same identity, given each variant's."""
    where = place(entry.path, line_of_argument(entry.path, "variants"))
    return [
        f"{where}: the factor does nothing between {first!r} and {second!r}: their networks, "
        "optimizers and data are declared alike"
        for first, second in same(keys)
    ]
