"""What becomes of an experiment where the target is a number: one output and squared error."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from zoo.data import Data
from zoo.engine.outputs import kind_of, loss_of
from zoo.errors import NeedsClassesError
from zoo.experiment import Experiment, Recipe, crossentropy
from zoo.probes import OF_CLASSES

LOWER = 2  # rates that a grid gets below its first


def squared_error() -> Any:
    """Returns the loss that takes the place of crossentropy."""
    return keras.losses.MeanSquaredError()


def fitting(
    name: str, experiment: Experiment, data_of: Mapping[str, Data], widen: bool = False
) -> Experiment:
    """Returns an experiment as its data ask for it: unchanged where they have classes.

    Where the target is a number `build_model` is called with `num_classes=1`, crossentropy becomes
    squared error, and probes of classes are left out. Other losses of numbers stay. As the slope of
    a square has no bound, which that of crossentropy has, the grids get lower rates besides.

    Args:
        name: The experiment's name, for messages.
        experiment: What is to be run.
        data_of: The data by variant.
        widen: Whether the grids may get them.

    Raises:
        NeedsClassesError: If it has a loss of its own that is for classes.
    """
    data = data_of[experiment.baseline]
    if not data.of_numbers:
        return experiment
    labels = [label for label in experiment.variants if _needs_classes(experiment, label)]
    if labels:
        what = f"varies losses ({labels[0]})" if experiment.factor == "loss" else "has a loss"
        raise NeedsClassesError(
            f"{name} needs classes: it {what} of them, and the target of {data.name} is a number. "
            "Name another target with --target NAME, or make classes of it with --task "
            "classification."
        )
    recipe = experiment.recipe
    probes = {key: each for key, each in recipe.probes.items() if type(each) not in OF_CLASSES}
    loss = squared_error if recipe.loss is crossentropy else recipe.loss
    recipe = dataclasses.replace(recipe, loss=loss, probes=probes)
    if widen and loss is squared_error:
        grids = {label: lowered(experiment.learning_rates(label)) for label in experiment.variants}
        recipe = dataclasses.replace(recipe, learning_rates=grids)
    return dataclasses.replace(experiment, recipe=recipe)


def lowered(grid: Sequence[float]) -> tuple[float, ...]:
    """Returns a grid with `LOWER` rates before the first, in the step that it begins with.

    Args:
        grid: Rates in rising order; one alone stays.
    """
    if len(grid) < 2:
        return tuple(grid)
    step = grid[0] / grid[1]
    lower = [float(f"{grid[0] * step**power:.2g}") for power in range(LOWER, 0, -1)]
    return (*lower, *grid)


def _needs_classes(experiment: Experiment, label: str) -> bool:
    """Returns whether a variant's loss is one of classes, and no default."""
    recipe: Recipe = experiment.recipe_for(label)
    if recipe.loss is crossentropy and experiment.factor != "loss":
        return False
    labels, outputs = np.zeros(2, np.float32), np.zeros((2, 1), np.float32)
    return bool(kind_of(loss_of(recipe.loss(), labels, outputs)))
