"""The vocabulary in which experiments are written. It needs neither Keras nor NumPy."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zoo.claims import Claim
from zoo.errors import ZooError, closest, printable

DEFAULT_SEEDS = 8  # the smallest exact two-sided sign-flip p with 8 pairs is 2 / 2**8 = 0.0078
MOST_EPOCHS = 10_000_000  # at a thousandth of a second each, three hours


def no_schedule(learning_rate: float, steps_per_epoch: int, epochs: int) -> float:
    """Returns the learning rate itself: constant over the whole run."""
    return learning_rate


def no_callbacks() -> list[Any]:
    """Returns an empty list of callbacks."""
    return []


def crossentropy() -> Any:
    """Returns Keras's crossentropy between integer labels and logits."""
    import keras

    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that stays the same in an experiment.

    Whatever carries state is given as a factory and made anew for every run.

    Attributes:
        build_model: Function of `input_shape` (without the batch axis) and `num_classes` that
            returns a model with logits of shape `(batch, num_classes)`; on data whose target is a
            number with `num_classes=1`. Its further keywords may be the factor of an experiment.
        optimizer: Function of the learning rate that returns an optimizer.
        learning_rates: The grid that every variant is trained on, each rate above 0. A mapping
            gives each variant, by label, a grid of its own.
        epochs: Positive integer. Passes over the training examples.
        batch_size: Positive integer. Examples a step; an incomplete last batch is dropped, the
            next epoch's shuffle brings its examples back.
        data: Name of a data set, or path of a `.npz` or `.csv` file.
        train_examples: Positive integer or `None` for all. Train on this many examples only
            (stratified, the same for every run), for experiments about small data.
        preprocessing: Function of the raw training features, shape `(examples, ...)`, that returns
            what is applied to the features of every part, or `None`: centred and scaled with the
            training part's mean and standard deviation (`zoo/preprocessing.py`).
        class_weight: How much the training examples of each class count in the loss: a mapping of
            numbers by label, in which one that is left out counts once; `"balanced"`, so that all
            classes count alike; or `None`.
        schedule: Function of `(learning_rate, steps_per_epoch, epochs)` that returns what the
            optimizer takes as learning rate (a number or a `LearningRateSchedule`), or a
            callback that sets the rate as training goes.
        callbacks: Function that returns a list of Keras callbacks.
        loss: Function that returns the loss on `(labels, logits)`. Where the target is a number
            squared error takes the place of the crossentropy that is the default.
        probes: What is measured in every trained network besides: functions of the model and the
            data that return a number, by the name that claims use (`zoo/probes.py`).
    """

    build_model: Callable[..., Any]
    optimizer: Callable[[Any], Any]
    learning_rates: Sequence[float] | Mapping[str, Sequence[float]]
    epochs: int
    batch_size: int
    data: str = "mnist1d"
    train_examples: int | None = None
    preprocessing: Callable[[Any], Callable[[Any], Any]] | None = None
    class_weight: Mapping[Any, float] | str | None = None
    schedule: Callable[[float, int, int], Any] = no_schedule
    callbacks: Callable[[], list[Any]] = no_callbacks
    loss: Callable[[], Any] = crossentropy
    probes: Mapping[str, Callable[[Any, Any], float]] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        """Checks the numbers."""
        for name in ("epochs", "batch_size", "train_examples"):
            value = getattr(self, name)
            if value is None and name == "train_examples":
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ZooError(f"`{name}` must be a positive integer. Received: {name}={value!r}")
        if self.epochs > MOST_EPOCHS:
            raise ZooError(
                f"`epochs` must be at most {MOST_EPOCHS}. Received: epochs={self.epochs}"
            )
        grids = self.learning_rates
        for grid in grids.values() if isinstance(grids, Mapping) else [grids]:
            if isinstance(grid, str) or not isinstance(grid, Sequence) or not grid:
                raise ZooError(
                    "`learning_rates` must be a non-empty tuple of numbers, or one for each "
                    f"variant. Received: {grid!r}"
                )
            for rate in grid:
                number = isinstance(rate, int | float) and math.isfinite(rate)
                if not number or rate <= 0:
                    raise ZooError(
                        f"A learning rate must be a finite number above 0. Received: {rate!r}"
                    )


# The grid is every variant's own.
FACTORS = frozenset(field.name for field in dataclasses.fields(Recipe)) - {
    "learning_rates",
    "probes",
}


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """One factor, its variants, and the recipe that stays the same.

    Attributes:
        factor: What varies: a keyword of `recipe.build_model` or a field of the recipe.
        baseline: Label of the variant that the others are compared with.
        variants: Value of the factor by label, in the order of tables and legends.
        recipe: What all variants share.
        claims: What the lectures say about it, each with the rule that settles it.
        scales: Larger sizes by name, such as `lecture` for that of the slides and `paper` for that
            of the literature: the fields of the recipe, or of the experiment, that differ.
        left_out: Labels of variants that are not run, which claims may name (`only` sets it).
    """

    factor: str
    baseline: str
    variants: Mapping[str, Any]
    recipe: Recipe
    claims: Sequence[Claim] = ()
    scales: Mapping[str, Mapping[str, Any]] = dataclasses.field(default_factory=dict)
    left_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Checks that the declaration can be run."""
        if len(self.variants) < 2:
            raise ZooError(
                f"`variants` must hold at least two variants. Received: {list(self.variants)}"
            )
        check_labels(self.variants)
        if self.baseline not in self.variants:
            raise ZooError(
                f"`baseline` must be one of the variants {list(self.variants)}. "
                f"Received: {self.baseline!r}"
            )
        if self.factor not in FACTORS and self.factor not in self._model_keywords():
            raise ZooError(
                f"`factor` must be a keyword of build_model {self._model_keywords()} or a field of "
                f"the recipe {sorted(FACTORS)}. Received: {self.factor!r}"
            )
        check_claims(self.claims, [*self.variants, *self.left_out])
        grids = self.recipe.learning_rates
        if isinstance(grids, Mapping) and set(grids) != set(self.variants):
            raise ZooError(
                "`learning_rates` given as a mapping must have one grid for each variant. "
                f"Without one: {sorted(set(self.variants) - set(grids))}, "
                f"unknown: {sorted(set(grids) - set(self.variants))}"
            )

    def at_scale(self, scale: str) -> Experiment:
        """Returns the experiment at one of its scales."""
        changes = dict(scale_of(self.scales, scale))
        own = {field.name for field in dataclasses.fields(self)} & set(changes)
        outer = {name: changes.pop(name) for name in own}
        return dataclasses.replace(
            self, recipe=dataclasses.replace(self.recipe, **changes), **outer
        )

    def only(self, labels: Sequence[str]) -> Experiment:
        """Returns the experiment with these variants and the baseline, in declared order.

        Raises:
            ZooError: If there is no such variant, or none besides the baseline.
        """
        kept = named(self.variants, [*labels, self.baseline])
        if len(kept) < 2:
            raise ZooError(
                f"`--variants` must name a variant besides the baseline {self.baseline}. "
                f"Received: {', '.join(labels)}"
            )
        recipe = self.recipe
        if isinstance(recipe.learning_rates, Mapping):
            grids = {label: recipe.learning_rates[label] for label in kept}
            recipe = dataclasses.replace(recipe, learning_rates=grids)
        left = tuple(label for label in self.variants if label not in kept)
        return dataclasses.replace(self, variants=kept, recipe=recipe, left_out=left)

    def _model_keywords(self) -> list[str]:
        """Returns the keywords of `build_model` beyond input shape and number of classes."""
        names = inspect.signature(self.recipe.build_model).parameters
        return [name for name in names if name not in ("input_shape", "num_classes")]

    def learning_rates(self, variant: str) -> tuple[float, ...]:
        """Returns the grid of one variant, sorted."""
        grids = self.recipe.learning_rates
        grid = grids[variant] if isinstance(grids, Mapping) else grids
        return tuple(sorted(set(map(float, grid))))

    def recipe_for(self, variant: str) -> Recipe:
        """Returns the whole recipe of one variant, its factor filled in."""
        value = self.variants[variant]
        changes: dict[str, Any] = {"learning_rates": self.learning_rates(variant)}
        if self.factor in FACTORS:
            changes[self.factor] = value
        else:
            changes["build_model"] = functools.partial(
                self.recipe.build_model, **{self.factor: value}
            )
        return dataclasses.replace(self.recipe, **changes)


def call_with_seed(value: Callable[[int], Mapping[Any, float]], seed: int) -> Mapping[Any, float]:
    """Measures a variant whose value is itself a function of the seed."""
    return value(seed)


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """An experiment that finds its numbers itself instead of having a recipe trained.

    Attributes:
        factor: What varies, in words.
        variants: Value by label, in the order of tables.
        measure: Function of a variant's value and a seed that returns numbers by the name of their
            metric. Without it each variant's value is such a function itself, of the seed alone. A
            metric that is known at several places, such as layers, has keys `(metric, place)` with
            numbers as places; rules name it `metric@place`. Under `("histogram", place)` it may
            return shares and edges of bins, as arrays of shape `(bins,)` and `(bins + 1,)`; the
            edges are the same for every seed. Under `("image", place)` it may return an array of
            shape `(rows, columns)`, which is drawn for the first seed. Before each call the seed is
            given to `keras.utils.set_random_seed`.
        seeds: Number of seeds; 1 where nothing is drawn.
        claims: What the lectures say about it, each with the rule that settles it.
        baseline: Label that the others are compared with, if there is one.
        places: What the places of metrics are, for the pictures.
        scales: Larger sizes by name: the fields that differ.
        timed: Whether the numbers are times, which no second run gives again: what was measured is
            kept until `--fresh` asks for it again.
        needs: Name of the data set that it asks for, if it is one of those that are downloaded.
        trains: Whether it trains networks of its own.
        left_out: Labels of variants that are not run, which claims may name (`only` sets it).
    """

    factor: str
    variants: Mapping[str, Any]
    measure: Callable[[Any, int], Mapping[Any, float]] = call_with_seed
    seeds: int = DEFAULT_SEEDS
    claims: Sequence[Claim] = ()
    baseline: str = ""
    places: str = "layer"
    scales: Mapping[str, Mapping[str, Any]] = dataclasses.field(default_factory=dict)
    timed: bool = False
    needs: str = ""
    trains: bool = False
    left_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Checks that the declaration can be run."""
        check_labels(self.variants)
        if self.seeds < 1:
            raise ZooError(f"`seeds` must be at least 1. Received: seeds={self.seeds}")
        for label, value in self.variants.items():
            if self.measure is call_with_seed and not callable(value):
                raise ZooError(
                    "A variant's value must be a function of the seed, or `measure` be given, a "
                    f"function of value and seed. Received: {value!r} for {label!r}"
                )
        check_claims(self.claims, [*self.variants, *self.left_out])

    def at_scale(self, scale: str) -> Measurement:
        """Returns the measurement at one of its scales."""
        return dataclasses.replace(self, **scale_of(self.scales, scale))

    def only(self, labels: Sequence[str]) -> Measurement:
        """Returns the measurement with these variants, and the baseline if there is one.

        Raises:
            ZooError: If there is no such variant.
        """
        kept = named(self.variants, [*labels, *([self.baseline] if self.baseline else [])])
        left = tuple(label for label in self.variants if label not in kept)
        return dataclasses.replace(self, variants=kept, left_out=left)


def named(variants: Mapping[str, Any], labels: Sequence[str]) -> dict[str, Any]:
    """Returns the variants of these labels, in declared order.

    Raises:
        ZooError: If there is no such variant; offers the closest.
    """
    for label in labels:
        if label not in variants:
            raise ZooError(f"There is no variant {label!r}. {closest(label, list(variants))}")
    return {label: value for label, value in variants.items() if label in labels}


def scale_of(scales: Mapping[str, Mapping[str, Any]], scale: str) -> Mapping[str, Any]:
    """Returns what differs at a scale.

    Raises:
        ZooError: If there is no such scale.
    """
    if scale not in scales:
        known = ", ".join(scales) or "none: it has one size only"
        raise ZooError(
            f"`--scale` must be one of the experiment's ({known}). Received: {scale!r}. "
            "Without it the experiment has its usual size."
        )
    return scales[scale]


def check_labels(variants: Mapping[str, Any]) -> None:
    """Raises ZooError if there is no variant, or a label that cannot stand in tables."""
    if not isinstance(variants, Mapping):
        raise ZooError(
            "`variants` must be a mapping of labels to values, {label: value, ...}. "
            f"Received: {variants!r}"
        )
    if not variants:
        raise ZooError("`variants` must hold at least one variant. Received: none")
    for label in variants:
        if (
            not isinstance(label, str)
            or not label
            or any(mark in label for mark in "|,;\"'")
            or printable(label, kept="") != label
        ):
            raise ZooError(
                "A variant's label goes into tables and must be non-empty, without commas, "
                f"bars or quotes, and without control characters. Received: {label!r}"
            )


def check_claims(claims: Sequence[Claim], labels: Sequence[str]) -> None:
    """Raises ZooError if something is no claim, or names a variant that is not there."""
    if not isinstance(claims, Sequence) or not all(isinstance(claim, Claim) for claim in claims):
        raise ZooError(
            f"`claims` must be a list of Claim(id, rule, says=...). Received: {claims!r}"
        )
    for claim in claims:
        claim.check(labels)
