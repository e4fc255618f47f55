"""What claims measure in a run beyond its final numbers: derived from its history."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from zoo.errors import ZooError

if TYPE_CHECKING:
    from zoo.runs.run import Result

CURVES = ("loss", "accuracy", "val_loss", "val_accuracy")
# The columns of runs.csv that every run has.
PLAIN = ("epochs", "loss", "accuracy", "val_loss", "val_accuracy", "test_loss", "test_accuracy")
OF_R2 = {"r2": "accuracy", "val_r2": "val_accuracy", "test_r2": "test_accuracy"}
ACCURACY = re.compile(
    r"(best_|mean_)?(val_|test_)?accuracy(_batch_\d+|_under_noise|_without_units)?"
)
VALIDATION = "val_accuracy"  # what the learning rate is chosen by, unless a metric chooses its own
OWN = ("loss", "initial_loss", "accuracy", "val_loss", "best_val_loss")  # that choose it themselves
TARGET = r"([0-9]+(?:\.[0-9]+)?(?:e-?[0-9]+)?)"
EPOCHS_TO = re.compile(rf"epochs_to_({'|'.join(CURVES)})_{TARGET}")
EPOCHS_TO_SHARE = re.compile(r"epochs_to_((?:val_)?(?:accuracy|r2))_(0\.[0-9]+)_of_best")


def _gap(result: Result) -> float:
    return result.history["accuracy"][-1] - result.final["test_accuracy"]


def _loss_gap(result: Result) -> float:
    return result.final["test_loss"] - result.history["loss"][-1]


def _best_val_loss(result: Result) -> float:
    return _lowest(result.history["val_loss"])


def _val_loss_rise(result: Result) -> float:
    return result.history["val_loss"][-1] - _lowest(result.history["val_loss"])


def _best_val_accuracy(result: Result) -> float:
    finite = filter(math.isfinite, result.history["val_accuracy"])
    return max(finite, default=math.nan)


def _lowest(values: Sequence[float]) -> float:
    return min((value for value in values if math.isfinite(value)), default=math.nan)


DERIVED: Mapping[str, Callable[[Result], float]] = {
    "accuracy_gap": _gap,
    "loss_gap": _loss_gap,
    "best_val_accuracy": _best_val_accuracy,
    "best_val_loss": _best_val_loss,
    "val_loss_rise": _val_loss_rise,
    "initial_loss": lambda result: result.history["loss"][0],
    "final_learning_rate": lambda result: result.history["learning_rate"][-1],
    "rate_reductions": lambda result: float(_reductions(result.history["learning_rate"])),
    "diverged": lambda result: float(result.status == "diverged"),
}
"""Metrics by name:

- `accuracy_gap`: training accuracy of the last epoch minus test accuracy;
- `loss_gap`: test loss minus training loss of the last epoch;
- `best_val_accuracy`, `best_val_loss`: over the epochs;
- `val_loss_rise`: last validation loss minus the lowest;
- `initial_loss`: training loss of the first epoch;
- `final_learning_rate`, `rate_reductions`: the last rate, and how often an epoch ended lower;
- `diverged`: 1 or 0;
- `epochs_to_accuracy_0.75`, `epochs_to_val_loss_0.5`, ...: epochs until a curve reaches a value,
  from above for a loss. A run that never does counts as one more epoch than the recipe has: a
  lower bound;
- `epochs_to_accuracy_0.5_of_best`, ...: until an accuracy has come half of the way from chance to
  the best of the experiment's cells, so that the target suits every data set. Between epochs, and
  before the first from chance on, the curve is taken to be straight. Where the target is a number
  it is `epochs_to_r2_0.5_of_best`, from an R2 of 0 on; claims may name either.

Claims on `r2`, `val_r2` and `test_r2` are on data whose target is a number.
"""


def inside(metric: str) -> str:
    """Returns the name by which runs have a metric: there R2 is called accuracy."""
    return OF_R2.get(metric) or named_for(metric, numbers=False)


def named_for(metric: str, numbers: bool) -> str:
    """Returns the name that a speed has where numbers are predicted, or where classes are.

    Other metrics keep their names.
    """
    if not EPOCHS_TO_SHARE.fullmatch(metric):
        return metric
    return metric.replace("accuracy", "r2") if numbers else metric.replace("r2", "accuracy")


def way_of(results: Sequence[Result], curve: str, classes: int) -> tuple[float, float]:
    """Returns where an accuracy starts and how far the experiment brings it.

    Args:
        results: All runs of an experiment.
        curve: `accuracy` or `val_accuracy`.
        classes: Number of classes; 1 of numbers, whose accuracy is R2.

    Returns:
        The accuracy of guessing, and the best mean over seeds of a variant and learning rate in its
        last epoch; a value that is not finite counts as guessing.
    """
    chance = 1 / classes if classes > 1 else 0.0  # R2 of guessing the mean
    cells: dict[tuple[str, float], list[float]] = {}
    for result in results:
        last = result.history[curve][-1]
        own = cells.setdefault((result.run.variant, result.run.learning_rate), [])
        own.append(last if math.isfinite(last) else chance)
    return chance, max((sum(own) / len(own) for own in cells.values()), default=chance)


def range_of(metric: str) -> tuple[float, float]:
    """Returns the least and the most that a metric can be, for a name with or without its place.

    An accuracy is a share, and a gap a difference of two; of others nothing is known.
    """
    name = metric.partition("@")[0]
    if ACCURACY.fullmatch(name):
        return 0.0, 1.0
    return (-1.0, 1.0) if name == "accuracy_gap" else (-math.inf, math.inf)


def is_share(metric: str) -> bool:
    """Returns whether a metric is a share or a difference of two, which is told in percent."""
    return math.isfinite(range_of(metric)[0])


def chosen_by(metric: str) -> str:
    """Returns by which metric a claim on a metric has the learning rate chosen.

    Claims on speed, on losses and on training accuracy choose by their own, so that no variant is
    called slow, or its loss high, for a rate that is best at something else; those on the test loss
    by the validation loss, as test data choose nothing; all others by validation accuracy.
    """
    if metric == "test_loss":
        return "val_loss"
    return metric if is_speed(metric) or metric in OWN else VALIDATION


def of_classes(metric: str) -> bool:
    """Returns whether margins on a metric of runs mean something of classes only.

    Those on accuracies are in points of it and those on losses in crossentropy, and so are targets.
    A share of the way from guessing to the best has no unit: R2 does for accuracy there.
    """
    name = metric.partition("@")[0]
    losses = name in ("loss_gap", "val_loss_rise") or name.endswith("loss")
    return losses or is_share(name) or bool(EPOCHS_TO.fullmatch(name))


def of_rights(metric: str) -> bool:
    """Returns whether a metric is a mean over test examples of whether each is right.

    So is a number of the same run less that mean.
    """
    return metric in ("test_accuracy", "accuracy_gap")


def held_out(metric: str) -> bool:
    """Returns whether a metric is measured on examples that are not trained on, or may be.

    That of a probe may be, as nothing is known of it.
    """
    if metric in ("accuracy_gap", "loss_gap") or not is_metric(metric):
        return True
    return "val_" in metric or "test_" in metric


def lower_is_better(metric: str) -> bool:
    """Returns whether low values of a metric are the good ones: losses, and epochs to a target."""
    return is_speed(metric) or metric.endswith("loss")


def is_speed(metric: str) -> bool:
    """Returns whether a metric is epochs until a curve reaches a target."""
    return bool(EPOCHS_TO.fullmatch(metric) or EPOCHS_TO_SHARE.fullmatch(metric))


def _reductions(rates: Sequence[float]) -> int:
    return sum(later < earlier for earlier, later in pairwise(rates))


def is_metric(name: str) -> bool:
    """Returns whether runs have a metric of that name."""
    return name in PLAIN or name in DERIVED or name in OF_R2 or is_speed(name)


def unknown(name: str, probes: Iterable[str] = ()) -> str:
    """Returns what is wrong with a name that is no metric; probes measure some more."""
    known = ", ".join((*PLAIN, *DERIVED, "epochs_to_accuracy_0.75", *probes))
    return f"A metric must be one of {known}. Received: {name!r}"


def measure(
    result: Result,
    name: str,
    epochs: int,
    ways: Mapping[str, tuple[float, float]] | None = None,
) -> float:
    """Returns a derived metric of a run, or what a probe measured in it.

    Args:
        result: The run.
        name: A name of `DERIVED`, or `epochs_to_...`, or a probe's.
        epochs: Epochs of the recipe.
        ways: What `way_of` returns by curve, for targets that are a share of the way.
    """
    if name in DERIVED:
        return DERIVED[name](result)
    if name in result.final:
        return result.final[name]
    if found := EPOCHS_TO_SHARE.fullmatch(name):
        start, best = (ways or {})[found[1]]
        target = start + float(found[2]) * (best - start)
        return _crossing(result.history[found[1]], start, target, epochs)
    found = EPOCHS_TO.fullmatch(name)
    if found is None:
        raise ZooError(unknown(name))
    curve, target = found[1], float(found[2])
    for epoch, value in enumerate(result.history[curve], 1):
        if value <= target if curve.endswith("loss") else value >= target:
            return float(epoch)
    return float(epochs + 1)


def _crossing(curve: Sequence[float], start: float, target: float, epochs: int) -> float:
    """Returns when straight lines from epoch to epoch first reach a target above the start."""
    if not target > start:  # nothing was learned in any cell
        return float(epochs + 1)
    place, height = 0, start
    for epoch, value in enumerate(curve, 1):
        if value >= target:
            return place + (epoch - place) * (target - height) / (value - height)
        if math.isfinite(value):
            place, height = epoch, value
    return float(epochs + 1)
