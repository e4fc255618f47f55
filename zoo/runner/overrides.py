"""What `--variants` and `--set` change about an experiment: from words to values. Needs no Keras.

`--set` takes numbers of the recipe and the keywords of `build_model` (of a measured experiment:
of `measure`) that have a plain default. A value has the type of what it replaces.
"""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from zoo.errors import ZooError, closest
from zoo.experiment import Experiment, Measurement, Recipe

RECIPE = ("epochs", "batch_size", "train_examples")
ALL = "all"  # training examples
# What options of their own set, with the names that people may try.
OPTIONS = {
    "data": "--data",
    "seeds": "--seeds",
    "scale": "--scale",
    "variants": "--variants",
    "split": "--split",
    "learning_rate": "--learning-rates",
    "learning_rates": "--learning-rates",
    "lr": "--learning-rates",
}
GIVEN = ("input_shape", "num_classes")  # by the data
# Words that stand in the names of folders for something else.
TAKEN = ("smoke", "scale", "data", "epochs", "batch", "seeds", "rates", "split", "variants")
LONGEST = 60  # characters of a word in the name of a folder
UNSAFE = frozenset('/\\:*?<>|"=,+')

Words = Sequence[tuple[str, str]]


def labels_in(given: Sequence[str]) -> tuple[str, ...]:
    """Returns the labels that `--variants` names, each once.

    Args:
        given: Labels separated by commas, which no label contains; the option may be repeated.

    Raises:
        ZooError: If a label is empty.
    """
    labels = [label.strip() for text in given for label in text.split(",")]
    if not all(labels):
        raise ZooError(
            "`--variants` must be labels separated by commas, like relu,tanh. "
            f"Received: {','.join(given)!r}"
        )
    return tuple(dict.fromkeys(labels))


def words_in(given: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Returns names and values, as text, that `--set` gives.

    Args:
        given: Texts like `depth=8`, or `depth=2,4,8` for several values.

    Raises:
        ZooError: If one is something else, or a name is given twice.
    """
    found: dict[str, str] = {}
    for text in given:
        name, _, value = (part.strip() for part in text.partition("="))
        if not name or not value:
            raise ZooError(
                f"`--set` must be NAME=VALUE, or NAME=VALUE,VALUE,... Received: {text!r}"
            )
        if name in found:
            raise ZooError(
                f"`--set {name}` must be given once; several values are written "
                f"{name}={found[name]},{value}. Received: it twice"
            )
        found[name] = value
    return tuple(found.items())


def check_single(words: Words, panel: bool) -> None:
    """Raises ZooError if a panel is to be run with several values."""
    if panel and any("," in text for _, text in words):
        raise ZooError("`--set` must have one value with `--panel`. Run it once for each.")


def settable(experiment: Experiment | Measurement) -> dict[str, Any]:
    """Returns what `--set` may change, with the declared values, by name.

    What has no plain default (a number, a text, true or false) is left alone, and so is the factor.
    """
    if isinstance(experiment, Measurement):
        keywords = _plain_defaults(experiment.measure, skipped=2)
        return {name: value for name, value in keywords.items() if name != "data"}  # has an option
    keywords = _plain_defaults(experiment.recipe.build_model)
    if experiment.factor == "build_model":
        keywords = {}  # each variant has a builder of its own
    found = keywords | {name: getattr(experiment.recipe, name) for name in RECIPE}
    return {name: value for name, value in found.items() if name != experiment.factor}


def _plain_defaults(function: Callable[..., Any], skipped: int = 0) -> dict[str, Any]:
    parameters = list(inspect.signature(function).parameters.values())[skipped:]
    return {
        each.name: each.default
        for each in parameters
        if isinstance(each.default, bool | int | float | str) and each.name not in GIVEN
    }


def values_of(words: Words, experiment: Experiment | Measurement) -> dict[str, Any]:
    """Returns the values that words give, each of the type of what it replaces, by name.

    They are in the order in which they can be set, whatever the order of the words.

    Raises:
        ZooError: If there is no such name, or a value is of another type.
    """
    known = settable(experiment)
    for name, _ in words:
        if name not in known:
            raise ZooError(_unknown(name, experiment, known))
    given = dict(words)
    return {name: typed(name, given[name], known[name]) for name in known if name in given}


def several_of(words: Words, experiment: Experiment | Measurement) -> dict[str, list[Any]]:
    """Returns the values of each name that has several, in the order of the words.

    Numbers are in rising order, with all training examples as the last.

    Raises:
        ZooError: If there is no such name, a value is of another type, or there twice.
    """
    found = {}
    for name, text in words:
        if "," not in text:
            continue
        one_each = [values_of([(name, part.strip())], experiment) for part in text.split(",")]
        values = [value for each in one_each for value in each.values()]
        if len(set(values)) < len(values):
            raise ZooError(f"`--set {name}` must list different values. Received: {text!r}")
        if all(value is None or type(value) in (int, float) for value in values):
            values.sort(key=lambda value: math.inf if value is None else value)
        found[name] = values
    return found


def typed(name: str, text: str, default: Any) -> Any:
    """Returns a text as a value of the type of a default.

    Args:
        name: What is set.
        text: Its value.
        default: What it replaces; `None` only for `train_examples`, where it means all.

    Raises:
        ZooError: If the text is none of that type.
    """
    found: Any = None
    if name == "train_examples" and text.lower() in (ALL, "none"):
        return None
    if isinstance(default, bool):
        expected, found = "true or false", {"true": True, "false": False}.get(text.lower())
    elif isinstance(default, float):
        expected, found = "a finite number", _number(text)
    elif isinstance(default, str):
        return text
    else:
        expected = f"a whole number, or {ALL}" if name == "train_examples" else "a whole number"
        found = int(text) if re.fullmatch(r"[+-]?[0-9]{1,18}", text) else None
    if found is None:
        raise ZooError(
            f"`--set {name}` must be {expected}; without it, it is {text_of(default)}. "
            f"Received: {text!r}"
        )
    return found


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in text else None


def text_of(value: Any) -> str:
    """Returns a value as `--set` takes it."""
    if value is None:
        return ALL
    return str(value).lower() if isinstance(value, bool) else str(value)


def in_words(words: Words) -> str:
    """Returns names and values as `--set` takes them."""
    return ", ".join(f"{name}={text}" for name, text in words)


def _unknown(name: str, experiment: Experiment | Measurement, known: Mapping[str, Any]) -> str:
    """Returns what to say about a name that cannot be set."""
    listed = [(each, text_of(value)) for each, value in known.items()]
    there = (
        f"What can be set: {in_words(listed)}."
        if known
        else "Nothing can be set in this experiment."
    )
    if isinstance(experiment, Experiment) and name == experiment.factor:
        return (
            f"The experiment varies its {name.replace('_', ' ')}, so that cannot be set; "
            f"--variants chooses among its variants. Received: --set {name}.\n{there}"
        )
    if name in GIVEN:
        return f"`{name}` follows from the data, which --data sets.\n{there}"
    if name in OPTIONS:
        return f"`--set {name}` must be given as {OPTIONS[name]}.\n{there}"
    offer = closest(name, list(known)) if known else ""
    like = f" {offer}" if offer.startswith("Did") else ""
    return f"There is nothing to set that is called {name!r}.{like}\n{there}"


def applied(recipe: Recipe, values: Mapping[str, Any]) -> Recipe:
    """Returns the recipe with values that `values_of` gave."""
    fields = {name: value for name, value in values.items() if name in RECIPE}
    keywords = {name: value for name, value in values.items() if name not in RECIPE}
    if keywords:
        fields["build_model"] = partial(recipe.build_model, **keywords)
    return dataclasses.replace(recipe, **fields)


def beyond(words: Words, experiment: Experiment | Measurement) -> tuple[tuple[str, str], ...]:
    """Returns the words without those that say what is declared anyway, each in one spelling."""
    declared = settable(experiment)
    return tuple(
        (name, text_of(value))
        for name, value in values_of(words, experiment).items()
        if value != declared[name]
    )


def differing(labels: Sequence[str], words: Sequence[tuple[str, Sequence[str]]]) -> dict[str, str]:
    """Returns variants and values in the words of a folder's name, by name.

    Args:
        labels: The variants that are run, empty for all.
        words: Names with their values as texts.
    """
    found = {"variants": joined(labels)} if labels else {}
    for name, texts in words:
        found[f"set {name}" if name in TAKEN and name != "epochs" else name] = ",".join(
            [joined([text]) for text in texts]
        )
    return {
        name: text if len(text.encode()) <= LONGEST else f"{text[:8].rstrip()}-{_digest(text)}"
        for name, text in found.items()
    }


def joined(labels: Sequence[str]) -> str:
    """Returns texts as one word of a folder's name, which is another for other texts.

    Labels, which contain no comma, are joined by `+` unless one contains that. A digest takes the
    place of what is too long, or what cannot stand in the name of a folder.
    """
    marked = any("+" in label for label in labels)
    text = ("," if marked else "+").join(labels)
    unsafe = UNSAFE if len(labels) == 1 else UNSAFE - {"+"}  # alone it may look like two
    safe = text.isprintable() and not any(unsafe & set(label) for label in labels)
    if safe and len(text.encode()) <= LONGEST:
        return text
    return f"{len(labels)}-{_digest(text)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:8]
