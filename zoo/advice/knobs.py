"""The knobs that advice is about: what each starts from, what it is turned to, and how."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from zoo.advice import network
from zoo.errors import ZooError, closest
from zoo.experiment import Experiment, Recipe
from zoo.preprocessing import Range, unchanged

LEARNING_RATE, BATCH_SIZE, STOPPING = "learning rate", "batch size", "early stopping"
ALWAYS = 0.001  # Keras's default learning rate of Adam
SGD_FACTOR = 30.0  # how much larger SGD's rates are than Adam's
# Words of a keyword of `build_model` by what we call it.
KEYWORDS: Mapping[str, tuple[str, ...]] = {
    "normalization": ("batch_norm", "batch_normalization", "normalize"),
    "dropout": ("dropout", "dropout_rate"),
    "width": ("units", "width", "hidden_units"),
    "depth": ("depth", "num_layers", "hidden_layers"),
    "activation": ("activation",),
    "weight decay": ("weight_decay", "l2"),
    "initialization": ("initializer", "kernel_initializer"),
}
# In the order of what is likely to matter; a second round has the second values.
VALUES: Mapping[str, tuple[Any, ...]] = {
    LEARNING_RATE: (ALWAYS,),
    "optimizer": ("SGD with momentum", "RMSprop"),
    "schedule": ("cosine decay",),
    STOPPING: ("early stopping",),
    "normalization": (True,),
    "dropout": (0.3, 0.5),
    "width": (300, 30),
    "depth": (4, 1),
    "activation": ("tanh", "gelu"),
    "weight decay": (0.001, 0.0001),
    BATCH_SIZE: (4, 0.5),  # times the baseline's
    "initialization": ("glorot_uniform", "random_normal"),
    "preprocessing": ("scaled to [0, 1]", "none"),
}
NAMES = tuple(VALUES)
OPTIMIZERS = {"SGD with momentum": network.sgd, "RMSprop": network.rmsprop}
PREPROCESSING = {"scaled to [0, 1]": Range(0.0, 1.0), "none": unchanged}
FIRST = {
    LEARNING_RATE: "chosen on validation",
    "optimizer": "Adam",
    "schedule": "constant",
    STOPPING: "last epoch",
    "preprocessing": "standardised",
}


@dataclass(frozen=True)
class Item:
    """A knob turned from the baseline's value to another.

    Attributes:
        knob: Its name.
        start: What the baseline has, in words.
        to: What it is turned to, in words.
        value: That value.
        keyword: The keyword of `build_model` that it is; empty for what the recipe has.
        compiles: Whether it needs a program of its own.
        cost: About how many times as long as the baseline a step takes.
    """

    knob: str
    start: str
    to: str
    value: Any
    keyword: str = ""
    compiles: bool = True
    cost: float = 1.0

    @property
    def label(self) -> str:
        """The knob and its value, as the runs are called."""
        return f"{self.knob}: {self.to}"


def wanted(given: Iterable[str]) -> tuple[str, ...]:
    """Returns the knobs that are named, in prior order; all without any.

    Args:
        given: Names separated by commas, which may be repeated.

    Raises:
        ZooError: If there is no such knob.
    """
    names = [name.strip().lower().replace("_", " ") for text in given for name in text.split(",")]
    for name in names:
        if name not in NAMES:
            raise ZooError(f"There is no knob {name!r}. {closest(name, list(NAMES))}")
    return tuple(name for name in NAMES if name in names or not names)


def items_of(
    recipe: Recipe, names: Sequence[str], examples: int | None = None
) -> tuple[list[Item], dict[str, str]]:
    """Returns what can be asked about a recipe, in the order of asking, and why not the rest.

    Args:
        recipe: The baseline.
        names: Knobs, in prior order.
        examples: How many there are to train on, where a batch can be too large.

    Returns:
        Items, the first value of every knob before the second of any; and reasons by knob.
    """
    rounds: list[list[Item]] = [[], []]
    left = {}
    defaults = defaults_of(recipe)
    for name in names:
        keyword = next((word for word in KEYWORDS.get(name, ()) if word in defaults), "")
        if name in KEYWORDS and not keyword:
            left[name] = "build_model has no keyword for it with a default"
            continue
        if name == LEARNING_RATE and ALWAYS not in rates_of(recipe):
            left[name] = f"{ALWAYS:g} is not among the recipe's rates"
            continue
        for place, value in enumerate(VALUES[name]):
            made = _item(name, value, keyword, defaults.get(keyword), recipe)
            if made is not None and name == BATCH_SIZE and made.value > (examples or made.value):
                left[made.label] = f"there are {examples} examples to train on"
            elif made is not None:
                rounds[place].append(made)
    return [item for each in rounds for item in each], left


def own_items(experiment: Experiment) -> list[Item]:
    """Returns the variants of a user's experiment as items, if its factor is of `build_model`."""
    start = experiment.baseline
    return [
        Item(experiment.factor, start, label, value, experiment.factor)
        for label, value in experiment.variants.items()
        if label != start and experiment.factor in _keywords(experiment.recipe)
    ]


def rates_of(recipe: Recipe) -> tuple[float, ...]:
    """Returns the rates of a recipe."""
    grids = recipe.learning_rates
    return tuple(next(iter(grids.values())) if isinstance(grids, Mapping) else grids)


def some_rates(recipe: Recipe, number: int) -> tuple[float, ...]:
    """Returns so many rates of a recipe, in rising order: those in the middle of its grid."""
    rates = sorted(rates_of(recipe))
    middle = (len(rates) - 1) // 2
    nearest = sorted(rates, key=lambda rate: abs(rates.index(rate) - middle))
    return tuple(sorted(nearest[:number]))


def turned(recipe: Recipe, item: Item) -> Recipe:
    """Returns a recipe with one knob turned."""
    if item.keyword:
        builder = partial(recipe.build_model, **{item.keyword: item.value})
        return dataclasses.replace(recipe, build_model=builder)
    changes: dict[str, Any]
    if item.knob == LEARNING_RATE:
        changes = {"learning_rates": (item.value,)}
    elif item.knob == "optimizer":
        changes = {"optimizer": OPTIMIZERS[item.value]}
        if item.value.startswith("SGD"):
            rates = tuple(float(f"{SGD_FACTOR * rate:.1g}") for rate in rates_of(recipe))
            changes["learning_rates"] = rates
    elif item.knob == "schedule":
        changes = {"schedule": network.cosine}
    elif item.knob == STOPPING:
        changes = {"callbacks": network.early_stopping}
    elif item.knob == BATCH_SIZE:
        changes = {"batch_size": item.value}
    else:
        changes = {"preprocessing": PREPROCESSING[item.value]}
    return dataclasses.replace(recipe, **changes)


def all_turned(recipe: Recipe, items: Iterable[Item]) -> Recipe:
    """Returns a recipe with several knobs turned, the optimizer first, as it brings its rates."""
    for item in sorted(items, key=lambda each: NAMES.index(each.knob) if each.knob in NAMES else 0):
        recipe = turned(recipe, item)
    return recipe


def _item(name: str, value: Any, keyword: str, default: Any, recipe: Recipe) -> Item | None:
    """Returns an item; none if the baseline has that value, or it cannot be told apart."""
    if name == BATCH_SIZE:
        value = max(1, int(value * recipe.batch_size))
        if value == recipe.batch_size:
            return None
        return Item(name, str(recipe.batch_size), str(value), value, cost=0.7)
    if name in FIRST:
        to = f"always {value:g}" if name == LEARNING_RATE else str(value)
        return Item(name, FIRST[name], to, value, compiles=name == "optimizer")
    if value == default or (isinstance(default, bool) != isinstance(value, bool)):
        return None
    if isinstance(value, str) != isinstance(default, str):
        return None
    start, to = (_shown(name, each) for each in (default, value))
    compiles = name != "initialization"
    return Item(name, start, to, value, keyword, compiles, _cost(name, value, default))


def _cost(name: str, value: Any, default: Any) -> float:
    if name == "width":
        return float(max(1.0, (value / max(default, 1)) ** 1.5))
    if name == "depth":
        return float(max(0.6, value / max(default, 1)))
    return 2.0 if name in ("normalization", "dropout") else 1.2


def _shown(name: str, value: Any) -> str:
    if name == "normalization":
        return "batch normalisation" if value else "none"
    if name in ("dropout", "weight decay"):
        return f"{value:g}" if value else "none"
    return str(value)


def _keywords(recipe: Recipe) -> list[str]:
    return list(inspect.signature(recipe.build_model).parameters)


def defaults_of(recipe: Recipe) -> dict[str, Any]:
    """Returns the keywords of `build_model` that have a plain value, with it."""
    given = getattr(recipe.build_model, "keywords", {})
    found = {
        each.name: given.get(each.name, each.default)
        for each in inspect.signature(recipe.build_model).parameters.values()
    }
    return {
        name: value for name, value in found.items() if isinstance(value, bool | int | float | str)
    }
