"""From an experiment to the list of runs it asks for."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from zoo.errors import ZooError
from zoo.experiment import Experiment, Recipe
from zoo.runs.run import Job, Run

if TYPE_CHECKING:
    from zoo.data import Data


def steps_per_epoch(recipe: Recipe, data: Data) -> int:
    """Returns how many full batches an epoch has.

    Raises:
        ZooError: If the training part is smaller than one batch.
    """
    steps = len(data.y_train) // recipe.batch_size
    if steps == 0:
        raise ZooError(
            f"`batch_size` must not exceed the {len(data.y_train)} training examples of "
            f"{data.name}. Received: batch_size={recipe.batch_size}. On the command line "
            f"--batch-size sets it."
        )
    return steps


def optimizer_of(recipe: Recipe, learning_rate: float, steps: int) -> tuple[Any, list[Any]]:
    """Makes a run's optimizer and callbacks.

    Args:
        recipe: The variant's recipe.
        learning_rate: Initial learning rate.
        steps: Steps in an epoch.

    Returns:
        A fresh optimizer and a list of fresh callbacks, the schedule among them if it is one.
    """
    import keras

    schedule = recipe.schedule(learning_rate, steps, recipe.epochs)
    callbacks = list(recipe.callbacks())
    if isinstance(schedule, keras.callbacks.Callback):
        return recipe.optimizer(learning_rate), [*callbacks, schedule]
    return recipe.optimizer(schedule), callbacks


def check_output(model: Any) -> None:
    """Raises ZooError unless a network puts out one number without bounds, to predict one."""
    import keras

    shape = tuple(getattr(model, "output_shape", None) or (None, 1))
    if shape[1:] != (1,):
        raise ZooError(
            "Where the target is a number `build_model` is called with num_classes=1 and must "
            f"return a network with one output. Received: outputs of shape {shape}"
        )
    last = model.layers[-1] if getattr(model, "layers", None) else None
    activation = getattr(last, "activation", None)
    if isinstance(last, keras.layers.Softmax) or activation is keras.activations.softmax:
        raise ZooError(
            "The network ends in a softmax, which of one output is always 1. Return what comes "
            "before it; the loss takes logits."
        )


def jobs_of(
    recipe: Recipe,
    data: Data,
    variant: str,
    rates: Iterable[float],
    seeds: Sequence[int],
    model: Any = None,
) -> list[Job]:
    """Lists the runs of a recipe, each with its key.

    Args:
        recipe: What is trained.
        data: The data it is trained on.
        variant: Label.
        rates: Learning rates.
        seeds: Distinct non-negative integers.
        model: What the recipe builds, as it is when it is built; `None` to build it.
    """
    from zoo.runs.identity import describe, key_of, recipe_identity, text_of
    from zoo.runs.loaded import loaded
    from zoo.runs.seeding import fresh_model

    steps = steps_per_epoch(recipe, data)
    build = partial(recipe.build_model, data.input_shape, data.num_classes)
    if model is None:
        model = fresh_model(build, data.input_shape, backend_too=False)
    if data.of_numbers:
        check_output(model)
    made = {rate: optimizer_of(recipe, rate, steps) for rate in rates}
    first = next(iter(made.values()), ())
    set_by_builder = loaded(model, build, data.input_shape)
    shared = text_of(recipe_identity(recipe, model, data.fingerprint, steps, first, set_by_builder))
    return [
        Job(recipe, Run(variant, rate, seed, key_of(shared, trained_by, seed)))
        for rate, trained_by in ((rate, text_of(describe(each))) for rate, each in made.items())
        for seed in seeds
    ]


def plan(
    experiment: Experiment,
    data: Data | Mapping[str, Data],
    seeds: Sequence[int],
    variants: Container[str] | None = None,
) -> list[Job]:
    """Lists the runs of an experiment: variants x learning rates x seeds, each with its key.

    Args:
        experiment: What to run.
        data: The data it runs on, or by variant where they are what varies.
        seeds: Distinct non-negative integers.
        variants: Labels of those whose runs are wanted; `None` for all.
    """
    data_of = data if isinstance(data, Mapping) else dict.fromkeys(experiment.variants, data)
    return [
        job
        for variant in experiment.variants
        if variants is None or variant in variants
        for job in jobs_of(
            experiment.recipe_for(variant),
            data_of[variant],
            variant,
            experiment.learning_rates(variant),
            seeds,
        )
    ]


def unknown(experiment: Experiment, data_of: Mapping[str, Data]) -> list[str]:
    """Returns sentences about what runs depend on and their keys do not know, such as files read.

    Args:
        experiment: What is run.
        data_of: The data by variant.
    """
    from zoo.runs.identity import users_code
    from zoo.runs.seeding import fresh_model

    found: dict[str, None] = {}
    for variant in experiment.variants:
        recipe, data = experiment.recipe_for(variant), data_of[variant]
        build = partial(recipe.build_model, data.input_shape, data.num_classes)
        rate = experiment.learning_rates(variant)[0]
        made = optimizer_of(recipe, rate, steps_per_epoch(recipe, data))
        model = fresh_model(build, data.input_shape, backend_too=False)
        found |= dict.fromkeys(users_code(recipe, model, made)[1])
    return list(found)
