"""Names for what a loss curve looks like, by rules that are written down."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from callbacks.diagnosis import causes, rules
from callbacks.diagnosis.rules import Finding
from callbacks.diagnosis.statistics import Curve


class LossCurveDiagnosis(keras.callbacks.Callback):
    """Says after training what the loss curve looks like: not learning, overfit, not shuffled, ...

    It collects the history and gives it to `diagnose`, whose docstring has the rules. Validation
    curves take part if every epoch was validated.

    Args:
        num_classes: Integer of at least 2, or `None` to take it from the model's output if the loss
            is a cross-entropy. Without it the rules that know the loss of guessing are left out.
        validation_examples: Positive integer, or `None`. Number of validation examples; without it
            the rule for a validation set that is too small is left out.
        accuracy: String. The name under which the accuracy is logged, if it is.
        batches: Boolean. Whether to collect the loss of every batch too, which the rule for data
            that are not shuffled needs. Off, the callback has no hook below epochs.
        labels: Array of the training labels, or `None`: integers, shares, or rows of shares.
        validation_labels: Array of the validation labels, or `None`.
        verbose: 0 or 1. Whether to print the findings, or that there are none.

    Attributes:
        findings: List of `Finding`, in the order of the table; empty before training has ended and
            for a healthy curve.
        history: Dict from `loss`, `val_loss`, `accuracy` and `val_accuracy` to lists of floats.
        batch_losses: List of floats. The loss of every batch, if `batches`.

    Raises:
        ValueError: If an argument is out of its range.

    References:
        Karpathy (2019), A Recipe for Training Neural Networks.
    """

    def __init__(
        self,
        num_classes: int | None = None,
        validation_examples: int | None = None,
        accuracy: str = "accuracy",
        batches: bool = False,
        verbose: int = 0,
        labels: npt.ArrayLike | None = None,
        validation_labels: npt.ArrayLike | None = None,
    ) -> None:
        super().__init__()
        _check_counts(num_classes=num_classes, validation_examples=validation_examples)
        self.num_classes = num_classes
        self.validation_examples = validation_examples
        self.accuracy = accuracy
        self.batches = batches
        self.verbose = verbose
        self.labels = labels
        self.validation_labels = validation_labels
        if batches:
            # On the instance, so that without it no batch-level hook is overridden: engines and
            # Keras itself take a faster path then.
            self.on_train_batch_end = self._collect_batch
        self._reset()

    def _reset(self) -> None:
        self.findings: list[Finding] = []
        self.history: dict[str, list[float]] = {}
        self.batch_losses: list[float] = []
        self._steps = 0
        self._mean = 0.0
        self._steps_of_epochs: list[int] = []

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Forgets an earlier fit."""
        self._reset()

    def _collect_batch(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        # Keras logs the mean over the epoch so far. Batches of an execution with several steps
        # share their mean.
        if batch < self._steps:
            self._steps, self._mean = 0, 0.0
        steps, mean = batch + 1, float((logs or {})["loss"])
        new = steps - self._steps
        loss = (steps * mean - self._steps * self._mean) / new
        self.batch_losses.extend([loss] * new)
        self._steps, self._mean = steps, mean

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Takes down the epoch."""
        self._steps_of_epochs.append(self._steps)
        names = {
            "loss": "loss",
            "val_loss": "val_loss",
            "accuracy": self.accuracy,
            "val_accuracy": f"val_{self.accuracy}",
        }
        for name, logged in names.items():
            if logged in (logs or {}):
                self.history.setdefault(name, []).append(float((logs or {})[logged]))

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Makes the diagnosis."""
        loss = self.history.get("loss", [])
        curves = {
            name: values for name, values in self.history.items() if len(values) == len(loss) > 0
        }
        if not curves:
            return
        # A last epoch that was stopped early does no harm; epochs of different lengths have no
        # common period.
        lengths = set(self._steps_of_epochs[:-1] or self._steps_of_epochs)
        periods = bool(self.batch_losses) and len(lengths) == 1
        self.findings = diagnose(
            **curves,
            batch_losses=self.batch_losses if periods else None,
            steps_per_epoch=lengths.pop() if periods else None,
            num_classes=self.num_classes or classes_of(self.model),
            validation_examples=self.validation_examples,
            labels=self.labels,
            validation_labels=self.validation_labels,
        )
        if mistake := causes.output_mistake(self.model):
            self.findings = causes.without_explained([mistake, *self.findings])
        if self.verbose:
            for finding in self.findings:
                print(f"\n{finding}")  # noqa: T201
            if not self.findings:
                print("\nThe loss curve looks healthy.")  # noqa: T201


def diagnose(
    loss: Sequence[float],
    val_loss: Sequence[float] | None = None,
    accuracy: Sequence[float] | None = None,
    val_accuracy: Sequence[float] | None = None,
    *,
    batch_losses: Sequence[float] | None = None,
    steps_per_epoch: int | None = None,
    num_classes: int | None = None,
    validation_examples: int | None = None,
    labels: npt.ArrayLike | None = None,
    validation_labels: npt.ArrayLike | None = None,
) -> list[Finding]:
    """Names what a loss curve looks like.

    Below, C is the number of classes; ln C is the cross-entropy of guessing, if the classes are
    about equally frequent. Start and end are the means of the first and last third of the epochs
    for `not learning`, and the end is the mean of the last quarter (at least 2 epochs) otherwise.
    A curve is still falling if a straight line through its last half falls, over a quarter of the
    epochs, by more than 10 % of the curve's whole fall and by more than 3 standard errors.

    | name | rule | from | needs |
    |---|---|---|---|
    | `not finite` | a loss is NaN or infinite; of the other rules only `diverging` is then applied,
    to the epochs before | 1 epoch | |
    | `negative gradients` | each epoch's loss is above the one before, the last above 1.1 times the
    first, and the first above ln C | 3 epochs | |
    | | or the last is below 0, which no cross-entropy is | 1 epoch | C |
    | `diverging` | not the above, and a loss above 3 times the first, or the last above 3 ln C |
    1 epoch | |
    | `not learning` | not the above; from start to end the loss falls by less than 2 % of ln C, and
    the end is above 0.95 ln C | 3 epochs | C |
    | `slow start` | the first epochs, at least 3 and 10 % of all, within 1 % of ln C; the end below
    0.8 ln C | 5 epochs | C |
    | `softmax twice`, `bounded logits` | none of the above but `slow start`; not falling, and the
    loss is stuck at a floor, see below | 5 epochs | C, accuracy |
    | `underfit` | none of the above but `slow start`; not falling, and training accuracy at the end
    below half way from guessing to 1 (without accuracy: loss above 0.5 ln C), and validation loss
    at most 10 % above training loss | 5 epochs | C |
    | `overfit` | validation loss at the end above 1.1 times its minimum (running mean of 3 epochs)
    and above it by 3 times its noise; training loss has fallen since; gap at the end above 10 % |
    5 epochs | val_loss |
    | `not converged` | the loss, and the validation loss if there is one, are still falling, and
    no other rule on epochs but `slow start` is met | 5 epochs | |
    | `periodic` | autocorrelation of the batch losses at a lag of one epoch above 0.3, and above
    every one at lags from a quarter to three quarters of an epoch | 4 epochs of 8 batches | batch
    losses |
    | `validation set too small` | standard error of the validation accuracy at the end above 0.02 |
    1 epoch | val_accuracy, validation_examples |

    Causes that are known come first, and take the place of what they explain:

    - `one class`, with `labels`: training accuracy is within 0.01 (and a tenth of the other
      classes' share) of the share of the most frequent class, in every epoch of the last half of
      at least 5. It is not `underfit`.
    - `unseen classes`, with both labels: validation has classes that training lacks. Without them,
      in place of `overfit`: validation accuracy at the end below 0.5 / C. It is not `overfit`.
    - `one output` and `logits as probabilities`, from the model of `LossCurveDiagnosis`: a
      categorical cross-entropy or softmax on one unit; a last layer without activation whose loss
      has not `from_logits=True`.

    The floor is the loss of a classifier that is right and as sure as it can be. If probabilities
    go through softmax once more, or logits come out of a sigmoid, their distance is at most d = 1;
    with tanh it is 2. The floor is then ln(1 + (C - 1) exp(-d)): 1.4612 and 0.7966 for 10 classes.
    Stuck means: accuracy at least half way from guessing to 1, loss never more than 1 % below the
    floor, at the end at most a tenth of the way from the floor to ln C above floor + d * (1 -
    accuracy), and higher than a calibrated classifier of this accuracy can have, which is by Fano's
    inequality h(accuracy) + (1 - accuracy) ln(C - 1), where h is the binary entropy.

    The autocorrelation is that of the logarithm of the loss, after a running mean over an epoch has
    been taken out. The last batch of each epoch, which may be smaller, and the first epoch, in
    which the loss falls fast, take no part.

    The standard error of an accuracy p on n examples is that of Agresti and Coull (1998), sqrt(q (1
    - q) / (n + 4)) with q = (n p + 2) / (n + 4). How much the accuracy changes from epoch to epoch
    does not show it: the epochs share the examples, and so their luck.

    Args:
        loss: Training loss of every epoch. For the rules that need C a cross-entropy in nats,
            without penalties on weights.
        val_loss: Validation loss of every epoch, or `None`.
        accuracy: Training accuracy of every epoch, between 0 and 1, or `None`.
        val_accuracy: Validation accuracy of every epoch, between 0 and 1, or `None`.
        batch_losses: Training loss of every batch of all epochs, or `None`.
        steps_per_epoch: Positive integer. Number of batches of an epoch; needed for `batch_losses`.
        num_classes: Integer of at least 2, or `None`.
        validation_examples: Positive integer, or `None`.
        labels: Array of the training labels, or `None`: integers, shares, or rows of shares.
        validation_labels: Array of the validation labels, or `None`.

    Returns:
        The findings, in the order of the table; an empty list for a healthy curve.

    Raises:
        ValueError: If an argument is out of its range or curves differ in length.

    References:
        Karpathy (2019), A Recipe for Training Neural Networks.
        Fano (1961), Transmission of Information, MIT Press.
        Agresti and Coull (1998), Approximate is better than "exact" for interval estimation of
        binomial proportions, The American Statistician.
    """
    _check_counts(num_classes=num_classes, validation_examples=validation_examples)
    if batch_losses is not None and (steps_per_epoch is None or steps_per_epoch < 1):
        raise ValueError(
            "`steps_per_epoch` must be a positive integer if `batch_losses` are given. "
            f"Received: steps_per_epoch={steps_per_epoch}"
        )
    train = np.asarray(loss, np.float64)
    validation = _as_curve("val_loss", val_loss, len(train))
    right = _as_curve("accuracy", accuracy, len(train), share=True)
    val_right = _as_curve("val_accuracy", val_accuracy, len(train), share=True)
    if not len(train):
        return []
    guess = math.log(num_classes) if num_classes else None
    if found := rules.not_finite(train, validation):
        before = rules.diverging(train[: int((~np.isfinite(train)).argmax())], None)
        return [found, before] if before else [found]
    findings = [rules.negative_gradients(train, guess) or rules.diverging(train, guess)]
    if not findings[0] and guess is not None and num_classes is not None:
        findings.append(rules.not_learning(train, guess))
        findings.append(rules.slow_start(train, guess))
        if not findings[1]:
            findings.append(rules.stuck(train, right, num_classes))
        if not (findings[1] or findings[-1]):
            findings.append(rules.underfit(train, validation, right, num_classes))
    if not findings[0]:
        findings.append(rules.overfit(train, validation))
    if all(found is None or found.name == "slow start" for found in findings):
        findings.append(rules.not_converged(train, validation))
    if batch_losses is not None and steps_per_epoch is not None:
        findings.append(rules.periodic(np.asarray(batch_losses, np.float64), steps_per_epoch))
    if val_right is not None and validation_examples is not None:
        findings.append(rules.validation_set_too_small(val_right, validation_examples))
    if any(found is not None and found.name == "overfit" for found in findings):
        findings.insert(0, causes.worse_than_guessing(val_right, num_classes))
    if labels is not None:
        learns = not any(found is not None and found.name == "not learning" for found in findings)
        findings.insert(0, causes.one_class(right, labels) if learns else None)
        if validation_labels is not None and (
            unseen := causes.unseen_classes(labels, validation_labels)
        ):
            findings = [unseen, *(f for f in findings if f is None or f.name != unseen.name)]
    return causes.without_explained([found for found in findings if found])


def classes_of(model: Any) -> int | None:
    """Returns the number of classes of a compiled model, or `None` if its loss does not tell."""
    loss = getattr(model, "loss", None)
    name = loss if isinstance(loss, str) else getattr(loss, "name", getattr(loss, "__name__", ""))
    if "crossentropy" not in str(name):
        return None
    units = getattr(model, "output_shape", (None,))[-1]
    if "binary" in str(name):
        return 2
    return int(units) if isinstance(units, int) and units >= 2 else None


def _check_counts(num_classes: int | None, validation_examples: int | None) -> None:
    if num_classes is not None and (not isinstance(num_classes, int) or num_classes < 2):
        raise ValueError(
            "`num_classes` must be an integer of at least 2 or None. "
            f"Received: num_classes={num_classes}"
        )
    if validation_examples is not None and (
        not isinstance(validation_examples, int) or validation_examples < 1
    ):
        raise ValueError(
            "`validation_examples` must be a positive integer or None. "
            f"Received: validation_examples={validation_examples}"
        )


def _as_curve(
    name: str, values: Sequence[float] | None, epochs: int, share: bool = False
) -> Curve | None:
    if values is None:
        return None
    curve = np.asarray(values, np.float64)
    if curve.shape != (epochs,):
        raise ValueError(
            f"`{name}` must have one value for each of the {epochs} epochs of `loss`. "
            f"Received: {len(curve)} values"
        )
    if share and not ((curve >= 0) & (curve <= 1)).all():
        raise ValueError(f"`{name}` must be between 0 and 1. Received: {name}={list(values)}")
    return curve
