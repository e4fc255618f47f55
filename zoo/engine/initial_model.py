"""The untrained model of a run, the same for every engine."""

from __future__ import annotations

from functools import partial
from typing import Any

import keras

from zoo.data import Data
from zoo.initializers import scale_to_unit_variance
from zoo.runs.run import Job
from zoo.runs.seeding import draw_initial_values, fresh_model

SCALING_EXAMPLES = 512  # training examples that a data-dependent initializer looks at


def convolves(model: Any) -> bool:
    """Returns whether a model has convolutions, which XLA is slow at on processors."""
    kinds = tuple(
        getattr(keras.layers, name)
        for name in dir(keras.layers)
        if "Conv" in name and isinstance(getattr(keras.layers, name), type)
    )
    return any(isinstance(layer, kinds) for layer in model._flatten_layers(include_self=False))


def initial_model(job: Job, data: Data) -> Any:
    """Builds a run's model and gives it the initial values of the run's seed."""
    model = fresh_model(
        partial(job.recipe.build_model, data.input_shape, data.num_classes), data.input_shape
    )
    set_initial_values(model, job.run.seed, data)
    return model


def set_initial_values(model: Any, seed: int, data: Data) -> None:
    """Gives a model of this architecture the initial values of another seed, in place."""
    draw_initial_values(model, seed)
    scale_to_unit_variance(model, data.x_train[:SCALING_EXAMPLES])
