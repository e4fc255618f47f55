"""Checks of a network before training it."""

from __future__ import annotations

import random
import sys
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from callbacks.kernels import kernels
from callbacks.preflight import checks
from callbacks.preflight.checks import Check, Task
from callbacks.preflight.copy import CannotCopyError, compile_like, copied, numbers_of, step_of
from callbacks.preflight.signals import signals
from callbacks.update_ratio import update_ratio

NAMES = (
    "finite values",
    "labels",
    "class balance",
    "input mean",
    "input deviation",
    "outputs",
    "initial loss",
    "penalty",
    "activation spread",
    "saturation",
    "dead units",
    "update ratio",
    "overfit",
)


class Preflight(keras.callbacks.Callback):
    """Checks a classifier when training begins, as `preflight` does, and lets training go on.

    Args:
        x: Array of shape `(examples, ...)`, as the model takes it.
        y: Array of shape `(examples, ...)`, the labels as the loss takes them.
        verbose: 0 prints nothing, 1 prints the checks that warn, 2 prints all.
        validation_labels: Array of labels of the validation part, or `None`.
        **settings: Keywords of `preflight`: `examples`, `batch_size`, `overfit_examples`,
            `overfit_steps`, `update_steps`, `seed`.

    Attributes:
        checks: List of `Check`, made when training began.

    Raises:
        ValueError: If an argument is out of its range; when training begins, if the model is not
            compiled or does not take `x`.

    References:
        Karpathy (2019), A Recipe for Training Neural Networks.
    """

    def __init__(
        self, x: Any, y: Any, verbose: int = 1, *, validation_labels: Any = None, **settings: int
    ) -> None:
        super().__init__()
        self.x, self.y = _arrays(x, y)
        if verbose not in (0, 1, 2):
            raise ValueError(f"`verbose` must be 0, 1 or 2. Received: verbose={verbose}")
        self.verbose = verbose
        self.validation_labels = validation_labels
        self.settings = _settings(**settings)
        self.checks: list[Check] = []

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Forgets an earlier fit and checks the network."""
        self.checks = preflight(
            self.model, self.x, self.y, validation_labels=self.validation_labels, **self.settings
        )
        if self.verbose:
            shown = [check for check in self.checks if self.verbose == 2 or check.result == "warn"]
            for line in lines_of(shown):
                sys.stdout.write(f"{line}\n")


def lines_of(found: list[Check]) -> list[str]:
    """Returns one line a check, for people."""
    lines = []
    for check in found:
        measured = "" if check.measured is None else f"{check.measured:.3g}"
        where = f" ({check.where})" if check.where else ""
        expected = f", expected {check.expected}" if check.expected else ""
        advice = f" {check.advice}" if check.advice else ""
        text = f"{measured}{where}{expected}."
        lines.append(f"{check.result}  {check.name}: {text if check.expected else ''}{advice}")
    return lines


def preflight(
    model: Any, x: Any, y: Any, *, validation_labels: Any = None, **settings: int
) -> list[Check]:
    """Checks a compiled classifier and its data before the long training.

    The model is left as it is: copies of it are looked at and trained. They compute as in training,
    batch normalisation with the batch's own statistics, but with dropout off; the penalties of
    regularisers count only where it says so. Sample and class weights are not considered.

    - `finite values`: no NaN or infinity in data and weights.
    - `labels`: of the kind and range that the loss takes.
    - `class balance`: the largest class has at most 10 times the examples of the smallest; and
      training has every class of validation, if `validation_labels` are given.
    - `input mean`, `input deviation`: of what enters the first layer with weights (behind
      layers such as `Rescaling`), within 1 of 0 and in [0.1, 3].
    - `outputs`: probabilities or logits, as the loss takes them.
    - `initial loss`: without penalties at most ln C + 2, and at least three quarters of the labels'
      entropy. Normal logits of variance v have a loss of at most ln C + v / 2; behind ReLU with
      He's initialization v is about 2.
    - `penalty`: what regularisers add to the loss: above 0, at most 10 times the loss.
    - `activation spread`: deviation over examples of the outputs of each hidden layer with weights,
      divided by the one of what enters the first of them, or of the last normalisation before it:
      within [0.05, 20]. Layers whose outputs are normalised at once are left out.
    - `saturation`: share of outputs within 1 % of a bound of the activation, at most a quarter.
    - `dead units`: share of a ReLU layer's units that are 0 for every example, at most a quarter.
    - `update ratio`: norm(update) / norm(weights) of each kernel in the last of `update_steps`
      training steps, penalties and dropout included: within [0.0001, 0.2]. Kernels that start at 0
      count only if they stay there. The rule of thumb is
      0.001; first steps with momentum or Adam are often larger, in the last kernel most of all.
    - `overfit`: trained on a tiny batch without penalties, dropout and weight decay (constraints
      stay), with the model's own optimizer and learning rate, the network reaches an accuracy of 1
      and a loss of a tenth of ln C.

    Args:
        model: A compiled Keras classifier. Checks of what is inside it are skipped unless it
            is Functional or Sequential, with one input and one output.
        x: Array of shape `(examples, ...)`, as the model takes it.
        y: Array of shape `(examples, ...)`, the labels as the loss takes them.
        validation_labels: Array of labels of the validation part as the loss takes them, or `None`.
        **settings: `examples` (512): at most this many, drawn at random, are shown to the network.
            `batch_size` (32): of the steps of `update ratio`. `overfit_examples` (20): size of the
            tiny batch. `overfit_steps` (1000): most steps on it. `update_steps` (10): steps of
            `update ratio`. `seed` (0): of the draw.

    Returns:
        The checks, in the order of `NAMES`.

    Raises:
        ValueError: If a setting is out of its range, or the model is not compiled or does not take
            `x`.

    References:
        Karpathy (2019), A Recipe for Training Neural Networks.
        Karpathy (2015), CS231n lecture notes, Neural Networks Part 3.
    """
    x, y = _arrays(x, y)
    chosen = _settings(**settings)
    if not getattr(model, "compiled", False) or getattr(model, "optimizer", None) is None:
        raise ValueError(
            "`model` must be compiled: call model.compile(optimizer, loss) first. "
            f"Received: a {type(model).__name__} that is not"
        )
    # Where several networks share the layers, asking the model is what loads this one's values.
    _ = model.layers
    found: dict[str, Check] = {}
    weights = {variable.path: numbers_of(variable) for variable in model.weights}
    found["finite values"] = checks.check_finite({"x": x, "y": y, **weights})
    obstacle = _obstacle(model, x)
    if found["finite values"].result == "warn":
        obstacle = "There are NaN or infinite values."
    task = "There are NaN or infinite values." if not np.isfinite(y).all() else task_of(model)
    indices = None
    if isinstance(task, Task):
        found["labels"] = checks.check_labels(y, task, tuple(model.outputs[0].shape[1:]))
        if found["labels"].result == "pass":
            indices = checks.class_indices(y, task)
            other = None if validation_labels is None else np.asarray(validation_labels)
            other = other if other is None else checks.class_indices(other, task)
            found["class balance"] = checks.check_balance(indices, task.num_classes, other)
        else:
            obstacle = task = "The labels do not fit."
    elif unit := _on_one_unit(model):
        found["outputs"] = unit
        obstacle = "One unit tells no classes apart."
    if not obstacle:
        # Keras draws the seeds of the copied initializers from it.
        state = random.getstate()
        try:
            _look_inside(model, x, y, task, chosen, found)
        except CannotCopyError as error:
            obstacle = f"The model cannot be copied: {error}"
        finally:
            random.setstate(state)
    for name in NAMES:
        reason = obstacle or (task if isinstance(task, str) else "")
        found.setdefault(name, checks.skipped(name, reason))
    return [found[name] for name in NAMES]


def task_of(model: Any) -> Task | str:
    """Returns how to read outputs and labels, or why this is not known.

    Args:
        model: A compiled Keras model.
    """
    loss = model.loss
    if isinstance(loss, str):
        loss = keras.losses.get(loss)
    called = getattr(loss, "__name__", type(loss).__name__)
    name = called.replace("_", "").lower()
    outputs = getattr(model, "outputs", None) or []
    if len(outputs) != 1 or len(outputs[0].shape) < 2:
        return "Only models with one output, of shape (batch, ..., classes), are judged."
    from_logits = bool(getattr(loss, "from_logits", False))
    smoothing = float(getattr(loss, "label_smoothing", 0.0))
    width = outputs[0].shape[-1]
    if getattr(loss, "ignore_class", None) is not None or getattr(loss, "axis", -1) != -1:
        return "Losses with `ignore_class` or another `axis` than -1 are not judged."
    if name == "sparsecategoricalcrossentropy" and width > 1:
        return Task("sparse", width, from_logits)
    if name == "categoricalcrossentropy" and width > 1:
        return Task("one_hot", width, from_logits, smoothing)
    if name == "binarycrossentropy" and width == 1 and len(outputs[0].shape) == 2:
        return Task("binary", 2, from_logits, smoothing)
    return f"Only crossentropy over classes is judged, not {called} on {width} outputs."


def _on_one_unit(model: Any) -> Check | None:
    """Returns a warning of a categorical loss on one unit."""
    loss = keras.losses.get(model.loss) if isinstance(model.loss, str) else model.loss
    name = getattr(loss, "__name__", type(loss).__name__).replace("_", "").lower()
    outputs = getattr(model, "outputs", None) or []
    if len(outputs) != 1 or outputs[0].shape[-1] != 1 or "categorical" not in name:
        return None
    return Check("outputs", "warn", 1.0, "a unit for each class", checks.ONE_UNIT, "units")


def _look_inside(
    model: Any,
    x: npt.NDArray[Any],
    y: npt.NDArray[Any],
    task: Task | str,
    chosen: dict[str, int],
    found: dict[str, Check],
) -> None:
    """Adds the checks that need copies of the network."""
    order = np.random.default_rng(chosen["seed"]).permutation(len(x))
    rows = order[: chosen["examples"]]
    copy = copied(model, plain=False)
    probe = copied(model, plain=True)
    found |= signals(probe, x[rows])
    outputs = numbers_of(probe(x[rows], training=True))
    if isinstance(task, Task):
        indices = checks.class_indices(y[rows], task)
        found["outputs"] = checks.check_outputs(outputs, task)
        loss = checks.crossentropy(outputs, indices, task)
        every = checks.class_indices(y, task)
        found["initial loss"] = checks.check_initial_loss(loss, every, task.num_classes)
        found["penalty"] = checks.skipped("penalty", "The model has no penalties.")
        if probe.losses:
            penalty = sum(float(numbers_of(item)) for item in probe.losses)
            found["penalty"] = checks.check_penalty(penalty, loss)
        tiny = order[: chosen["overfit_examples"]]
        found["overfit"] = _overfit(model, x[tiny], y[tiny], task, chosen["overfit_steps"])
    found["update ratio"] = _update(model, copy, x[order], y[order], chosen)


def _update(
    model: Any, copy: Any, x: npt.NDArray[Any], y: npt.NDArray[Any], chosen: dict[str, int]
) -> Check:
    """Trains a copy for some steps and compares the last update with the weights before it."""
    trained = {name: item for name, item in kernels(copy).items() if item.trainable}
    if not trained:
        return checks.skipped("update ratio", "No kernel is trained.")
    compile_like(copy, model, plain=False)
    start = before = {name: numbers_of(kernel).copy() for name, kernel in trained.items()}
    for step in range(chosen["update_steps"]):
        before = {name: numbers_of(kernel).copy() for name, kernel in trained.items()}
        rows = np.arange(step * chosen["batch_size"], (step + 1) * chosen["batch_size"]) % len(x)
        step_of(copy, x[rows], y[rows])
    after = {name: numbers_of(kernel) for name, kernel in trained.items()}
    ratios = {}
    for name, values in after.items():
        if np.array_equal(before[name], values):
            ratios[name] = 0.0
        elif start[name].any():  # from 0, each of the first steps is about as large as the weights
            ratios[name] = update_ratio(before[name], values)
    if not ratios:
        return checks.skipped("update ratio", "All kernels start at 0.")
    return checks.check_update_ratio(ratios, chosen["update_steps"])


def _overfit(model: Any, x: npt.NDArray[Any], y: npt.NDArray[Any], task: Task, most: int) -> Check:
    """Trains a copy on a tiny batch until it knows it by heart."""
    prefix, accuracy_metric = {
        "sparse": ("SparseCategorical", keras.metrics.SparseCategoricalAccuracy(name="share")),
        "one_hot": ("Categorical", keras.metrics.CategoricalAccuracy(name="share")),
        "binary": (
            "Binary",
            keras.metrics.BinaryAccuracy("share", threshold=0.0 if task.from_logits else 0.5),
        ),
    }[task.kind]
    crossentropy = getattr(keras.metrics, f"{prefix}Crossentropy")
    metrics = [crossentropy("crossentropy", from_logits=task.from_logits), accuracy_metric]
    if task.kind == "binary":
        y = y.reshape(len(y), 1)
    copy = copied(model, plain=True)
    compile_like(copy, model, plain=True, metrics=metrics)
    bound = checks.overfit_bound(task)
    steps = 0
    while True:
        logs = step_of(copy, x, y)  # measured before the step is made
        loss, accuracy = float(logs["crossentropy"]), float(logs["share"])
        if not np.isfinite(loss) or (accuracy == 1.0 and loss <= bound) or steps == most:
            return checks.check_overfit(loss, accuracy, task, len(x), steps, most)
        steps += 1


def _obstacle(model: Any, x: npt.NDArray[Any]) -> str:
    """Returns why the inside of a network cannot be seen, or an empty text."""
    inputs: Any = getattr(model, "inputs", None) or []
    outputs: Any = getattr(model, "outputs", None) or []
    if len(inputs) != 1 or len(outputs) != 1:
        return "Only built Functional and Sequential models with one input and output are judged."
    wanted, given = tuple(inputs[0].shape)[1:], tuple(np.shape(x))[1:]
    if len(wanted) != len(given) or any(
        size not in (None, other) for size, other in zip(wanted, given, strict=True)
    ):
        raise ValueError(
            f"`x` must hold examples of the shape that the model takes, {wanted}. Received: {given}"
        )
    if callable(model.loss) or isinstance(model.loss, str):
        return ""
    return "The loss is not a single one."


def _arrays(x: Any, y: Any) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    x, y = np.asarray(x), np.asarray(y)
    if x.ndim < 2 or not x.size or y.ndim < 1 or len(x) != len(y):
        raise ValueError(
            "`x` and `y` must be arrays of the same number of examples, at least one. "
            f"Received: shapes {x.shape} and {y.shape}"
        )
    for name, array in (("x", x), ("y", y)):
        if array.dtype.kind not in "biuf":
            raise ValueError(f"`{name}` must hold numbers. Received: {array.dtype}")
    return x, y


def _settings(**settings: int) -> dict[str, int]:
    """Fills in the defaults and checks the numbers."""
    defaults = {
        "examples": 512,
        "batch_size": 32,
        "overfit_examples": 20,
        "overfit_steps": 1000,
        "update_steps": 10,
        "seed": 0,
    }
    for name, value in settings.items():
        if name not in defaults:
            raise ValueError(f"`{name}` is none of the settings {list(defaults)}.")
        lowest = 0 if name == "seed" else 1
        if isinstance(value, bool) or not isinstance(value, int) or value < lowest:
            raise ValueError(
                f"`{name}` must be an integer of at least {lowest}. Received: {name}={value!r}"
            )
    return {**defaults, **settings}
