"""What an experiment's declaration must keep: question, labels, claims, factories."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import keras

from zoo import catalogue
from zoo.errors import ZooError
from zoo.evidence import metrics
from zoo.experiment import Experiment, Measurement, Recipe
from zoo.runner.mistakes import line_of, line_of_argument, mistakes_in, place
from zoo.runner.registry import Entry

LONGEST_LABEL = 28  # characters; what fits into a legend
FACTORIES = {
    "optimizer": "a function of the learning rate that returns a new optimizer, such as "
    "`keras.optimizers.Adam` or `lambda rate: keras.optimizers.SGD(rate, momentum=0.9)`",
    "schedule": "a function of (learning_rate, steps_per_epoch, epochs) that returns a number, a "
    "`LearningRateSchedule` or a callback",
    "callbacks": "a function that returns a list of new callbacks, such as "
    "`lambda: [keras.callbacks.EarlyStopping()]`",
    "loss": "a function that returns a loss on labels and logits, such as "
    "`lambda: keras.losses.SparseCategoricalCrossentropy(from_logits=True)`",
}


def load(entry: Entry) -> Experiment | Measurement:
    """Imports an experiment's module.

    Raises:
        ZooError: If it cannot be imported; names file and line.
    """
    with mistakes_in(entry.path, "Importing the file must define EXPERIMENT and do nothing else."):
        return entry.load() if entry.kind == "trained" else entry.load_measurement()


def question(entry: Entry) -> list[str]:
    """Checks that the docstring's first line asks a question."""
    if "?" in entry.question:
        return []
    return [
        f"{place(entry.path, 1)}: the docstring's first line must ask the experiment's question. "
        f"Received: {entry.question!r}"
    ]


def docstring(entry: Entry) -> list[str]:
    """Says what the zoo's own docstrings have and this one lacks."""
    lacks = []
    if not entry.question.endswith("?"):
        lacks.append("its first line does not end in `?`")
    _, _, section = entry.docstring.partition("\nReferences:\n")
    lines = [line for line in section.splitlines() if line.strip()]
    if not lines or not all(line.startswith("    ") for line in lines):
        lacks.append("it cites no source under `References:`")
    return [f"{place(entry.path, 1)}: the docstring: {each}" for each in lacks]


def labels(entry: Entry, experiment: Experiment | Measurement) -> list[str]:
    """Checks that labels fit into a legend."""
    return [
        f"{place(entry.path, line_of_argument(entry.path, 'variants'))}: a label must have at most "
        f"{LONGEST_LABEL} characters, to fit into a legend. Received: {label!r}"
        for label in experiment.variants
        if len(label) > LONGEST_LABEL
    ]


def claims(entry: Entry, experiment: Experiment | Measurement) -> list[str]:
    """Checks that claims say something, and that a trained network has what they measure."""
    wrong = []
    line = line_of_argument(entry.path, "claims")
    for claim in experiment.claims:
        if not (claim.says or catalogue.find(claim.id).says):
            wrong.append(
                f"claim {claim.id} is not the catalogue's, so it must be told what it `says`"
            )
        if isinstance(experiment, Experiment):
            probes = experiment.recipe.probes
            wrong += [
                f"claim {claim.id}: {metrics.unknown(rule.metric, probes)}"
                for rule in claim.rules
                if not metrics.is_metric(rule.metric) and rule.metric not in probes
            ]
    return [f"{place(entry.path, line)}: {each}" for each in wrong]


def factories(entry: Entry, experiment: Experiment) -> list[str]:
    """Checks that what carries state is made anew at every call, for every variant."""
    return of_variants(
        (label, problem)
        for label in experiment.variants
        for problem in _factories_of(entry.path, experiment.recipe_for(label))
    )


def of_variants(problems: Iterable[tuple[str, str]]) -> list[str]:
    """Returns each problem once, with the labels of the variants that have it."""
    having: dict[str, list[str]] = {}
    for label, problem in problems:
        having.setdefault(problem, []).append(repr(label))
    return [
        f"{problem} (variant{'s' * (len(found) > 1)} {', '.join(found)})"
        for problem, found in having.items()
    ]


def _factories_of(path: Path, recipe: Recipe) -> Iterator[str]:
    given = {name: getattr(recipe, name) for name in FACTORIES}
    (rate, *_) = cast(Sequence[float], recipe.learning_rates)  # of a variant's own recipe
    calls: dict[str, tuple[Any, ...]] = {
        "optimizer": (rate,),
        "schedule": (rate, 4, recipe.epochs),
        "callbacks": (),
        "loss": (),
    }
    right = {
        "optimizer": lambda made: isinstance(made, keras.optimizers.Optimizer),
        "schedule": lambda made: isinstance(
            made, int | float | keras.optimizers.schedules.LearningRateSchedule | _CALLBACK
        ),
        "callbacks": lambda made: (
            isinstance(made, Sequence) and all(isinstance(each, _CALLBACK) for each in made)
        ),
        "loss": lambda made: callable(made),
    }
    for name, function in given.items():
        where = place(path, line_of(path, function, name))
        must = f"`{name}` must be {FACTORIES[name]}"
        if not callable(function) or isinstance(function, keras.losses.Loss):
            yield f"{where}: {must}. Received: {shown_value(function)}"
            continue
        try:
            with mistakes_in(path, f"{must}.", line_of(path, function, name)):
                first, second = (function(*calls[name]) for _ in range(2))
        except ZooError as error:
            yield str(error)
            continue
        if not right[name](first):
            yield f"{where}: {must}. It returned {shown_value(first)}"
        elif shared := _stateful(first) & _stateful(second):
            kinds = ", ".join(sorted({kind for _, kind in shared}))
            yield f"{where}: {must}; the same {kinds} was returned twice"


_CALLBACK = keras.callbacks.Callback


def shown_value(value: Any) -> str:
    """Returns what a message says was received; an object without a text of its own by its kind."""
    text = repr(value)
    return f"an instance of {type(value).__name__}" if " object at 0x" in text else text


def _stateful(made: Any) -> set[tuple[int, str]]:
    """Returns id and class of what carries state from one run into the next."""
    each = made if isinstance(made, Sequence) else [made]
    kinds = (keras.optimizers.Optimizer, _CALLBACK)
    return {(id(item), type(item).__name__) for item in each if isinstance(item, kinds)}
