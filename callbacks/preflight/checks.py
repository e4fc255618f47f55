"""What is healthy before training: pure functions from numbers to a verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

# How far the loss may lie above ln C: by Jensen's inequality, normal logits of variance v have a
# loss of at most ln C + v / 2, and behind ReLU with He's initialization v is 2, give or take.
LOSS_MARGIN = 2.0
# An untrained network that only knows how frequent the classes are has the labels' entropy.
ENTROPY_SHARE = 0.75
# The classes' largest ratio that is not called unbalanced.
LARGEST_IMBALANCE = 10.0
# Of the penalties to the loss: beyond, training mostly shrinks the weights.
LARGEST_PENALTY_RATIO = 10.0
LARGEST_INPUT_MEAN = 1.0
INPUT_DEVIATION = (0.1, 3.0)  # images in [0, 1] have about 0.3, normalised features 1
SPREAD = (0.05, 20.0)  # five layers of ReLU with Glorot's initialization have 0.1, and train well
LARGEST_SATURATED_SHARE = 0.25
LARGEST_DEAD_SHARE = 0.25
# The rule of thumb is 0.001; with momentum or Adam, the first steps of networks that go on to train
# well have up to 0.1 in their smallest kernel, the last one.
UPDATE_RATIO = (1e-4, 2e-1)
ONE_UNIT = (
    "One unit has probability 1 whatever the input: give the last layer a unit for each class, or "
    "one unit without activation and BinaryCrossentropy(from_logits=True)."
)
# A batch is learned by heart when the loss has fallen to this share of ln C.
OVERFIT_SHARE = 0.1


@dataclass(frozen=True)
class Check:
    """The verdict on one thing.

    Attributes:
        name: What was looked at.
        result: `pass`, `warn`, or `skip` where it cannot be judged.
        measured: The number that was compared, or `None`.
        expected: What a healthy network has, in words.
        advice: What to do after `warn`, why not judged after `skip`, otherwise empty.
        where: The layer that the number is from, or other circumstances; may be empty.
    """

    name: str
    result: str
    measured: float | None
    expected: str
    advice: str = ""
    where: str = ""


@dataclass(frozen=True)
class Task:
    """How the outputs and labels of a classifier are to be read.

    Attributes:
        kind: `sparse` (labels are integers), `one_hot` (rows of shares) or `binary` (one output).
        num_classes: Integer of at least 2.
        from_logits: Whether the loss takes logits rather than probabilities.
        label_smoothing: Float in [0, 1).
    """

    kind: str
    num_classes: int
    from_logits: bool
    label_smoothing: float = 0.0


def skipped(name: str, reason: str) -> Check:
    """Returns the verdict on what cannot be judged."""
    return Check(name, "skip", None, "", reason)


def between(
    name: str, measured: float, low: float, high: float, advice: str, where: str = ""
) -> Check:
    """Returns whether a number lies in `[low, high]`; NaN does not."""
    if low <= measured <= high:
        advice = ""
    if math.isinf(low):
        expected = f"at most {high:.3g}"
    elif math.isinf(high):
        expected = f"at least {low:.3g}"
    else:
        expected = f"{low:.3g} to {high:.3g}"
    return Check(name, "warn" if advice else "pass", float(measured), expected, advice, where)


def check_finite(arrays: Mapping[str, Array]) -> Check:
    """Looks for NaN and infinity.

    Args:
        arrays: Arrays by the name under which they are reported.
    """
    counts = {name: int((~np.isfinite(array)).sum()) for name, array in arrays.items()}
    bad = [name for name, count in counts.items() if count]
    advice = f"Find where the NaN or infinite values in {', '.join(bad)} come from." if bad else ""
    result = "warn" if bad else "pass"
    return Check("finite values", result, sum(counts.values()), "no NaN or infinity", advice)


def check_labels(y: Array, task: Task, output_shape: tuple[int, ...]) -> Check:
    """Compares the labels with the outputs.

    Args:
        y: Labels of shape `(examples, ...)`.
        task: How they are to be read.
        output_shape: Shape of one example's output, `(..., classes)`.
    """
    shape, classes = y.shape[1:], task.num_classes
    if task.kind == "sparse":
        expected = f"integers from 0 to {classes - 1}"
        if shape not in (output_shape[:-1], (*output_shape[:-1], 1)):
            advice = (
                f"The loss takes {expected} and received labels of shape {y.shape}: rows of shares "
                "need CategoricalCrossentropy."
            )
            return Check("labels", "warn", None, expected, advice)
        wrong = (y < 0) | (y >= classes) | (y != np.floor(y))
        if not wrong.any():
            return Check("labels", "pass", float(y.max()), expected)
        first = float(y[wrong].max())
        if y.min() == 1 and y.max() == classes and (y == np.floor(y)).all():
            advice = f"The labels count from 1 to {classes}: subtract 1."
        else:
            advice = (
                f"{wrong.sum()} labels are no {expected}: encode them, or give the model as many "
                "outputs as there are classes."
            )
        return Check("labels", "warn", first, expected, advice)
    if task.kind == "binary":
        expected = "numbers from 0 to 1"
        wrong = (y < 0) | (y > 1)
        if shape in ((), (1,)) and not wrong.any():
            return Check("labels", "pass", float(y.max()), expected)
        advice = "A single output tells two classes apart: label them 0 and 1."
        return Check("labels", "warn", float(y.max()), expected, advice)
    expected = "rows of shares with sum 1"
    if shape != output_shape:
        advice = (
            f"The loss takes one row of {classes} shares for each example and received labels of "
            f"shape {y.shape}: integers need SparseCategoricalCrossentropy."
        )
        return Check("labels", "warn", None, expected, advice)
    sums = y.sum(axis=-1, dtype=np.float64)
    worst = float(sums.flat[np.abs(sums - 1).argmax()])
    good = bool((y >= 0).all()) and abs(worst - 1) < 1e-3
    advice = "" if good else "Encode each label as one 1 among zeros: keras.utils.to_categorical."
    return Check("labels", "pass" if good else "warn", worst, expected, advice)


def class_indices(y: Array, task: Task) -> npt.NDArray[np.int64]:
    """Returns the class of each label that `check_labels` passed, flat."""
    if task.kind == "one_hot":
        y = np.argmax(y, axis=-1)
    if task.kind == "binary":
        return (y.ravel() >= 0.5).astype(np.int64)
    return y.ravel().astype(np.int64)


def check_balance(
    indices: npt.NDArray[np.int64],
    num_classes: int,
    validation: npt.NDArray[np.int64] | None = None,
) -> Check:
    """Compares the largest class with the smallest one, and training with validation.

    Args:
        indices: Class of each training example.
        num_classes: Number of classes.
        validation: Class of each validation example, or `None`.
    """
    unseen = [] if validation is None else np.setdiff1d(validation, indices).tolist()
    if unseen:
        some = ", ".join(map(str, unseen[:5])) + ", ..." * (len(unseen) > 5)
        advice = f"Validation has classes that no training example has: {some}. The data are sorted"
        advice += " by class: shuffle them before they are split."
        return Check("class balance", "warn", float(len(unseen)), "0 unseen classes", advice)
    counts = np.bincount(indices, minlength=num_classes)
    ratio = counts.max() / counts.min() if counts.min() else math.inf
    missing = np.flatnonzero(counts == 0).tolist()
    if missing:
        some = ", ".join(map(str, missing[:5])) + (", ..." if len(missing) > 5 else "")
        advice = f"No example has class {some}: does the model have too many outputs?"
    else:
        advice = "Weight or resample the classes, and judge by more than accuracy."
    where = "largest class / smallest class"
    return between("class balance", float(ratio), -math.inf, LARGEST_IMBALANCE, advice, where)


def check_input(values: Array) -> list[Check]:
    """Compares mean and deviation of the numbers that enter the first weights with 0 and 1."""
    numbers = np.asarray(values, np.float64)
    advice = "Normalise the features: subtract the mean of the training data and divide by its"
    advice += " standard deviation."
    mean, bound = float(numbers.mean()), LARGEST_INPUT_MEAN
    return [
        between("input mean", mean, -bound, bound, advice),
        between("input deviation", float(numbers.std()), *INPUT_DEVIATION, advice),
    ]


def check_outputs(outputs: Array, task: Task) -> Check:
    """Compares the outputs with what the loss takes: logits or probabilities.

    Args:
        outputs: Array of shape `(examples, ..., classes)`.
        task: How they are to be read.
    """
    numbers = np.asarray(outputs, np.float64)
    if task.kind == "binary":
        measured = float(numbers.max())
        where = "largest output"
        shares = bool((numbers >= 0).all() and (numbers <= 1).all())
        surely = shares and bool((numbers > 0).all())
        one = "an output from 0 to 1"
        if len(numbers) > 1 and (numbers == 1).all():  # softmax over one unit
            return Check("outputs", "warn", 1.0, "outputs that differ", ONE_UNIT, where)
    else:
        sums = numbers.sum(axis=-1)
        measured = float(sums.flat[np.abs(sums - 1).argmax()])
        where = "sum of an example's outputs, the farthest from 1"
        shares = surely = bool((numbers >= 0).all()) and abs(measured - 1) < 1e-2
        one = "shares with sum 1"
    name = "sigmoid" if task.kind == "binary" else "softmax"
    if task.from_logits:
        advice = f"The outputs are probabilities already: leave out the last {name}, or"
        advice = f"{advice} from_logits=False." if surely else ""
        return Check("outputs", "warn" if surely else "pass", measured, "logits", advice, where)
    advice = "" if shares else f"The loss takes probabilities: add {name}, or from_logits=True."
    return Check("outputs", "pass" if shares else "warn", measured, one, advice, where)


def crossentropy(outputs: Array, indices: npt.NDArray[np.int64], task: Task) -> float:
    """Returns the mean crossentropy, in nats, without penalties and label smoothing.

    Args:
        outputs: Array of shape `(examples, ..., classes)`.
        indices: Class of each row of outputs, flat.
        task: How the outputs are to be read.
    """
    rows = np.asarray(outputs, np.float64).reshape(-1, outputs.shape[-1])
    with np.errstate(invalid="ignore", over="ignore"):
        if task.kind == "binary":
            if task.from_logits:
                rows = np.concatenate([np.zeros_like(rows), rows], axis=-1)
            else:
                rows = np.concatenate([1 - rows, rows], axis=-1)
        if task.from_logits:
            top = rows.max(axis=-1, keepdims=True)
            rows = rows - top - np.log(np.exp(rows - top).sum(axis=-1, keepdims=True))
        else:
            rows = np.log(np.clip(rows, 1e-7, 1.0))  # Keras clips there too
    return float(-rows[np.arange(len(rows)), indices].mean())


def check_initial_loss(loss: float, indices: npt.NDArray[np.int64], num_classes: int) -> Check:
    """Compares the untrained network's loss with ln C, the loss of equal probabilities.

    Args:
        loss: Mean crossentropy without penalties, in nats.
        indices: Class of each label; a network that only knows their frequencies has their
            entropy.
        num_classes: C.
    """
    shares = np.bincount(indices, minlength=num_classes) / len(indices)
    entropy = float(-(shares[shares > 0] * np.log(shares[shares > 0])).sum())
    chance = math.log(num_classes)
    if loss < ENTROPY_SHARE * entropy:
        advice = "It is below chance: the model has been trained, or its inputs tell the label."
    else:
        advice = "Start with smaller weights in the last layer, or normalise the inputs."
    low, high = ENTROPY_SHARE * entropy, chance + LOSS_MARGIN
    return between("initial loss", loss, low, high, advice, f"ln {num_classes} = {chance:.3g}")


def check_penalty(penalty: float, loss: float) -> Check:
    """Compares the sum of the penalties with the loss: it must add to it, and not swamp it."""
    high = LARGEST_PENALTY_RATIO * loss
    if penalty > 0:
        advice = "The penalties dwarf the loss: take a smaller regularisation strength."
    else:
        advice = "Regularisation must raise the loss: check the regularisers' signs and strengths."
    check = between("penalty", penalty, 0.0, high, advice, f"loss {loss:.3g} without it")
    expected = f"above 0, at most {high:.3g}"
    if penalty == 0:
        return Check("penalty", "warn", 0.0, expected, advice, check.where)
    return Check("penalty", check.result, penalty, expected, check.advice, check.where)


def signal(outputs: Array, unit_axis: int = -1) -> float:
    """Returns how much outputs tell examples apart: their deviation, unit by unit.

    What differs between units but not between examples carries no information on the input, so the
    variance is each unit's own, over examples and places; the root of its mean is returned.
    """
    numbers = np.asarray(outputs, np.float64)
    rows = np.moveaxis(numbers, unit_axis, -1).reshape(-1, numbers.shape[unit_axis])
    with np.errstate(invalid="ignore", over="ignore"):
        return float(np.sqrt(rows.var(axis=0).mean()))


def check_spread(ratios: Mapping[str, float]) -> Check:
    """Looks at the layer whose signal differs most from the one that it is compared with.

    Args:
        ratios: Quotients of `signal`, by layer.
    """
    worst = max(ratios, key=lambda name: _distance(ratios[name], 1.0))
    if ratios[worst] < 1:
        advice = "The signal vanishes with depth: initialise with He (ReLU) or Glorot (tanh), or"
        advice += " normalise batches."
    else:
        advice = "The signal explodes with depth: initialise with smaller weights, or normalise"
        advice += " batches."
    return between("activation spread", ratios[worst], *SPREAD, advice, worst)


def _distance(ratio: float, centre: float) -> float:
    """Returns how many factors of e a ratio is away from the centre; NaN is farthest."""
    if not math.isfinite(ratio) or ratio <= 0:
        return math.inf
    return abs(math.log(ratio / centre))


def check_saturation(shares: Mapping[str, float]) -> Check:
    """Looks at the layer with the largest share of outputs at a bound of its activation."""
    worst = max(shares, key=shares.__getitem__)
    advice = "Initialise with smaller weights, or normalise the inputs: at its bounds the"
    advice += " activation has no gradient."
    high = LARGEST_SATURATED_SHARE
    return between("saturation", shares[worst], -math.inf, high, advice, worst)


def check_dead_units(shares: Mapping[str, float]) -> Check:
    """Looks at the layer with the largest share of units that are 0 for every example."""
    worst = max(shares, key=shares.__getitem__)
    advice = "Units that are 0 for every example get no gradient: check their biases and the scale"
    advice += " of weights, or use leaky ReLU."
    high = LARGEST_DEAD_SHARE
    return between("dead units", shares[worst], -math.inf, high, advice, worst)


def check_update_ratio(ratios: Mapping[str, float], steps: int) -> Check:
    """Looks at the kernel whose norm(update) / norm(weights) is farthest from 0.001."""
    worst = max(ratios, key=lambda name: _distance(ratios[name], 1e-3))
    if ratios[worst] < UPDATE_RATIO[0]:
        advice = "The weights hardly move: raise the learning rate, or see why no gradient arrives."
    else:
        advice = "The weights move too far in a step: lower the learning rate."
    where = f"{worst}, step {steps}"
    return between("update ratio", ratios[worst], *UPDATE_RATIO, advice, where)


def overfit_bound(task: Task) -> float:
    """Returns the crossentropy below which a batch counts as learned by heart.

    With label smoothing the best outputs are not certain, so theirs is added.
    """
    certain = 1 - task.label_smoothing * (1 - 1 / task.num_classes)
    return OVERFIT_SHARE * math.log(task.num_classes) - math.log(certain)


def check_overfit(
    loss: float, accuracy: float, task: Task, examples: int, steps: int, most: int
) -> Check:
    """Says whether a network learned a tiny batch by heart."""
    bound = overfit_bound(task)
    if not math.isfinite(loss):
        advice = "Training diverges on a tiny batch: lower the learning rate."
    elif accuracy == 1.0:
        advice = "The tiny batch is told apart but its loss stays high: is the loss the right one"
        advice += " for the outputs, or the learning rate too low?"
    else:
        advice = "A network must be able to learn a tiny batch by heart: try another learning rate,"
        advice += " then look for a mistake in model, loss or labels."
    where = f"{examples} examples, {steps} of {most} steps, accuracy {accuracy:.3g}"
    low = -math.inf if accuracy == 1.0 else math.nan
    check = between("overfit", loss, low, bound, advice, where)
    expected = f"at most {bound:.3g}, accuracy 1"
    return Check("overfit", check.result, check.measured, expected, check.advice, where)
