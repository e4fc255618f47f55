"""What a search varies: a range or a list of values for every hyperparameter. Needs no Keras.

The space follows from the experiment: its variants, the span of their learning rates, and whatever
numbers its `build_model` has defaults for. Everything can be overridden in words.
"""

from __future__ import annotations

import dataclasses
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zoo.errors import ZooError, closest
from zoo.experiment import Experiment

SAMPLINGS = ("linear", "log")
VARIANT, LEARNING_RATE, MOMENTUM = "variant", "learning_rate", "one_minus_momentum"
# Keywords of `build_model` that a search knows a range for: lowest and highest as multiples of the
# default or as they are, and how to sample between them.
SIZES = ("units", "width", "filters")
SHARES = ("dropout", "rate")
PENALTIES = ("l2", "l1", "penalty", "weight_decay")
MOST = {**dict.fromkeys(SHARES, 0.95), MOMENTUM: 1.0}  # what a range never goes beyond
NARROWED = 1 / 3  # of the width of a range, for a second stage
KEPT = 0.25  # of the trials, whose values of a list a second stage keeps


@dataclass(frozen=True)
class Dimension:
    """The values that one hyperparameter may have.

    Attributes:
        name: `variant`, `learning_rate`, `one_minus_momentum` or a keyword of `build_model`.
        low: Lowest number; NaN for a list.
        high: Highest number; NaN for a list.
        sampling: `linear`, or `log` for equal chances of every factor between two values.
        whole: Whether only whole numbers count.
        choices: The values of a list, or empty.
    """

    name: str
    low: float = math.nan
    high: float = math.nan
    sampling: str = "linear"
    whole: bool = False
    choices: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        """Checks the ends."""
        if self.choices:
            if len(set(self.choices)) < len(self.choices):
                raise ZooError(
                    f"`--space {self.name}` must list different values. Received: {self.choices}"
                )
            return
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ZooError(
                f"`--space {self.name}` must go from a number to a higher one. "
                f"Received: {self.low}:{self.high}"
            )
        if self.sampling not in SAMPLINGS:
            raise ZooError(
                f"`--space {self.name}` must be sampled {' or '.join(SAMPLINGS)}. "
                f"Received: {self.sampling!r}"
            )
        if self.sampling == "log" and self.low <= 0:
            raise ZooError(
                f"`--space {self.name}` must begin above 0 for log. Received: {self.low:g}"
            )

    @property
    def is_list(self) -> bool:
        """Whether it is a list of values instead of a range."""
        return bool(self.choices)

    def __str__(self) -> str:
        """Returns it as `--space` takes it."""
        if self.is_list:
            return f"{self.name}={','.join(map(str, self.choices))}"
        ends = f"{self.low:g}:{self.high:g}"
        return f"{self.name}={ends}" + (":log" if self.sampling == "log" else "")

    def place(self, value: float) -> float:
        """Returns where a value lies between the ends, 0 to 1, as it is sampled."""
        low, high, at = self.low, self.high, float(value)
        if self.sampling == "log":
            low, high, at = math.log(low), math.log(high), math.log(at)
        return (at - low) / (high - low)

    def value_at(self, place: float) -> float:
        """Returns the value at a place between 0 and 1; beyond, the range is continued."""
        if self.sampling == "log":
            low, high = math.log(self.low), math.log(self.high)
            value = math.exp(low + place * (high - low))
        else:
            value = self.low + place * (self.high - self.low)
        return float(round(value)) if self.whole else float(f"{value:.3g}")

    def grid(self, points: int) -> tuple[Any, ...]:
        """Returns a list's values, or the middles of equal parts of a range."""
        if self.is_list:
            return self.choices
        values = [self.value_at((part + 0.5) / points) for part in range(points)]
        found = [int(value) if self.whole else value for value in values]
        return tuple(dict.fromkeys(found))

    def narrowed(self, best: float, share: float) -> Dimension:
        """Returns the range around a value, a share as wide; past an end if the value is near it.

        A range whose end was best goes on beyond it, so that the best lies inside of the next, but
        never below 0 if it did not begin there, nor beyond what such a number can be.
        """
        if self.is_list:
            return self
        middle = min(max(self.place(best), 0.0), 1.0)
        low, high = self.value_at(middle - share / 2), self.value_at(middle + share / 2)
        if self.whole:
            low = max(low, 1.0)
        if self.low >= 0:
            low = max(low, 0.0)
        high = min(high, MOST.get(self.name, math.inf))
        return dataclasses.replace(self, low=low, high=max(high, low + 1 if self.whole else high))

    def at_end(self, value: Any, share: float = 0.05) -> bool:
        """Returns whether a value lies within a share of either end of the range."""
        return not self.is_list and not share < self.place(value) < 1 - share


def space_of(experiment: Experiment) -> dict[str, Dimension]:
    """Returns the space that follows from an experiment, by name."""
    recipe = experiment.recipe
    rates = [rate for label in experiment.variants for rate in experiment.learning_rates(label)]
    low, high = min(rates), max(rates)
    found = [
        Dimension(VARIANT, choices=tuple(experiment.variants)),
        Dimension(LEARNING_RATE, low / 3 if low == high else low, 3 * high, "log"),
    ]
    for name, default in keywords(recipe.build_model, experiment.factor).items():
        if name in SIZES:
            found.append(Dimension(name, max(default // 4, 1), 4 * default, "log", whole=True))
        elif name == "depth":
            found.append(Dimension(name, 1, 2 * default, whole=True))
        elif name in SHARES:
            found.append(Dimension(name, 0.0, 0.8))
        elif name in PENALTIES:
            found.append(Dimension(name, 1e-6, 1e-1, "log"))
    return {dimension.name: dimension for dimension in found}


def closer(space: Mapping[str, Dimension], trials: Any) -> dict[str, Dimension]:
    """Returns the space around the best trial, for a second stage.

    A range becomes a third as wide and goes on beyond an end that was best; a list keeps the values
    of the best quarter of the trials.

    Args:
        space: What was searched.
        trials: A pandas table with a column for each hyperparameter and `score`.
    """
    ranked = trials.sort_values("score", ascending=False, kind="stable")
    best = ranked.iloc[0]
    top = ranked.head(max(round(KEPT * len(ranked)), 1))
    found = {}
    for name, dimension in space.items():
        if dimension.is_list:
            kept = tuple(choice for choice in dimension.choices if choice in set(top[name]))
            found[name] = dataclasses.replace(dimension, choices=kept)
        else:
            found[name] = dimension.narrowed(float(best[name]), NARROWED)
    return found


def keywords(build_model: Callable[..., Any], factor: str) -> dict[str, Any]:
    """Returns the keywords of `build_model` with a number as default, except for the factor."""
    parameters = inspect.signature(build_model).parameters.values()
    return {
        each.name: each.default
        for each in parameters
        if isinstance(each.default, int | float)
        and not isinstance(each.default, bool)
        and each.name != factor
    }


def overridden(
    space: Mapping[str, Dimension], words: Sequence[str], known: Sequence[str]
) -> dict[str, Dimension]:
    """Returns the space with some of its dimensions given in words.

    Args:
        space: The space.
        words: Like `learning_rate=1e-5:1e-1:log`, `units=32,64,128` or `dropout=0.5`, a single
            value. `lr` is short for `learning_rate`.
        known: Names that may be given besides those of the space.
    """
    found = dict(space)
    for text in words:
        name, equals, rest = text.partition("=")
        name = {"lr": LEARNING_RATE}.get(name.strip(), name.strip())
        if not equals or not rest:
            raise ZooError(
                "`--space` must be NAME=LOW:HIGH, NAME=LOW:HIGH:log or NAME=VALUE,VALUE. "
                f"Received: {text!r}"
            )
        names = [*space, *(other for other in known if other not in space)]
        if name not in names:
            raise ZooError(f"There is no hyperparameter {name!r}. {closest(name, names)}")
        found[name] = _dimension(name, rest, found.get(name))
    return found


def _dimension(name: str, text: str, before: Dimension | None) -> Dimension:
    if ":" not in text:
        choices = tuple(_value(part.strip()) for part in text.split(","))
        if before is not None and name == VARIANT:
            choices = tuple(str(choice) for choice in text.split(","))
            for choice in choices:
                if choice not in before.choices:
                    raise ZooError(
                        f"There is no variant {choice!r}. {closest(choice, list(before.choices))}"
                    )
        else:
            _check_numbers(name, choices, before)
        return Dimension(name, choices=choices)
    if name == VARIANT:
        raise ZooError(f"`--space {VARIANT}` must list labels. Received: {text!r}")
    low, _, rest = text.partition(":")
    high, _, sampling = rest.partition(":")
    try:
        ends = float(low), float(high)
    except ValueError:
        raise ZooError(
            f"`--space {name}` must go from a number to a number. Received: {text!r}"
        ) from None
    _check_numbers(name, ends, before)
    whole = before.whole if before is not None else all(end.is_integer() for end in ends)
    return Dimension(name, *ends, sampling or "linear", whole)


def _check_numbers(name: str, values: Sequence[Any], before: Dimension | None) -> None:
    """Raises ZooError for what a hyperparameter cannot be, which was searched before so."""
    whole = before is not None and before.whole
    for value in values:
        number = not isinstance(value, str) and math.isfinite(value)
        if not number or (whole and (value < 1 or not float(value).is_integer())):
            raise ZooError(
                f"`--space {name}` must have {'whole numbers from 1' if whole else 'numbers'}: "
                f"{name}=A,B,C or {name}=LOW:HIGH. Received: {value!r}"
            )


def _value(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
