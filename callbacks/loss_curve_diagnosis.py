"""Names for what a loss curve looks like, by rules that are written down."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

FLAT = 0.02
CHANCE = 0.95
RISE = 1.1
PLATEAU = 0.01
PLATEAU_EPOCHS, PLATEAU_SHARE = 3, 0.1
DROP = 0.8
EXPLODED = 3.0
POOR = 0.5
GAP = 0.1
NOISE = 3.0
FALLING = 0.1
AUTOCORRELATION = 0.3
STANDARD_ERROR = 0.02
ABOVE_FLOOR = 0.1


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that a loss curve shows.

    Attributes:
        name: What it is called, as in the table of `diagnose`.
        measured: The number that the rule compares.
        threshold: What it is compared with.
        explanation: A sentence with the number, and what to try.
    """

    name: str
    measured: float
    threshold: float
    explanation: str

    def __str__(self) -> str:
        return f"{self.name}: {self.explanation}"


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
    ) -> None:
        super().__init__()
        _check_counts(num_classes=num_classes, validation_examples=validation_examples)
        self.num_classes = num_classes
        self.validation_examples = validation_examples
        self.accuracy = accuracy
        self.batches = batches
        self.verbose = verbose
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
        )
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
    if found := _not_finite(train, validation):
        before = _diverging(train[: int((~np.isfinite(train)).argmax())], None)
        return [found, before] if before else [found]
    findings = [_negative_gradients(train, guess) or _diverging(train, guess)]
    if not findings[0] and guess is not None and num_classes is not None:
        findings.append(_not_learning(train, guess))
        findings.append(_slow_start(train, guess))
        if not findings[1]:
            findings.append(_stuck(train, right, num_classes))
        if not (findings[1] or findings[-1]):
            findings.append(_underfit(train, validation, right, num_classes))
    if not findings[0]:
        findings.append(_overfit(train, validation))
    if all(found is None or found.name == "slow start" for found in findings):
        findings.append(_not_converged(train, validation))
    if batch_losses is not None and steps_per_epoch is not None:
        findings.append(_periodic(np.asarray(batch_losses, np.float64), steps_per_epoch))
    if val_right is not None and validation_examples is not None:
        findings.append(_validation_set_too_small(val_right, validation_examples))
    return [found for found in findings if found]


def loss_floor(num_classes: int, distance: float) -> float:
    """Returns the least cross-entropy that bounded logits allow, in nats.

    Args:
        num_classes: Integer of at least 2.
        distance: Positive float. How far the right class's logit can be above the others: 1 for
            logits between 0 and 1, 2 for logits between -1 and 1.
    """
    return math.log1p((num_classes - 1) * math.exp(-distance))


def calibrated_bound(accuracy: float, num_classes: int) -> float:
    """Returns the highest cross-entropy of a calibrated classifier, by Fano's inequality, in nats.

    Args:
        accuracy: Float between 0 and 1.
        num_classes: Integer of at least 2.
    """
    wrong = 1 - accuracy
    entropy = -sum(p * math.log(p) for p in (accuracy, wrong) if p > 0)
    return entropy + wrong * math.log(num_classes - 1)


def periodicity(batch_losses: npt.ArrayLike, steps_per_epoch: int) -> tuple[float, float] | None:
    """Returns the autocorrelation of batch losses at a lag of one epoch, and the highest between.

    Args:
        batch_losses: Array of shape `(epochs * steps_per_epoch,)`; what is left over at the end
            takes no part.
        steps_per_epoch: Positive integer.

    Returns:
        The autocorrelation at a lag of one epoch and the highest at lags from a quarter to three
        quarters of an epoch; `None` if there are fewer than 4 epochs or 8 batches in each, or the
        losses do not vary.
    """
    epochs, period = len(np.asarray(batch_losses)) // steps_per_epoch, steps_per_epoch - 1
    if epochs < 4 or steps_per_epoch < 8:
        return None
    table = np.asarray(batch_losses, np.float64)[: epochs * steps_per_epoch]
    series = table.reshape(epochs, steps_per_epoch)[1:, :-1].ravel()
    if not np.isfinite(series).all():
        return None
    # A loss falls by orders of magnitude, and its noise with it; on a logarithmic scale the late
    # epochs count as much as the early ones.
    tiny = 1e-6 * float(np.abs(series).max())
    if tiny > 0 and series.min() >= -tiny:
        series = np.log(np.maximum(series, tiny))
    rest = series - _running_mean(series, period)
    if np.abs(rest).max() <= 1e-6:
        return None
    # Few epochs share a large batch loss by chance; cut off, it has no more say than others.
    spread = np.median(np.abs(rest))
    if spread > 0:
        rest = np.clip(rest, -5 * spread, 5 * spread)
    rest = rest - rest.mean()

    def correlation(lag: int) -> float:
        one, other = rest[:-lag], rest[lag:]
        norm = math.sqrt(float(one @ one) * float(other @ other))
        return float(one @ other) / norm if norm else 0.0

    between = range(math.ceil(period / 4), 3 * period // 4 + 1)
    return correlation(period), max(correlation(lag) for lag in between)


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
) -> npt.NDArray[np.float64] | None:
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


def _quarter(curve: npt.NDArray[np.float64]) -> int:
    return max(2, len(curve) // 4)


def _end(curve: npt.NDArray[np.float64]) -> float:
    return float(curve[-_quarter(curve) :].mean())


def _skill(accuracy: float, num_classes: int) -> float:
    """Returns how far an accuracy is on the way from guessing, 0, to all right, 1."""
    return (accuracy - 1 / num_classes) / (1 - 1 / num_classes)


def _running_mean(curve: npt.NDArray[np.float64], width: int) -> npt.NDArray[np.float64]:
    """Averages over `width` neighbours, or as many as there are at the ends."""
    ones = np.ones(width)
    count = np.convolve(np.ones(len(curve)), ones, "same")
    mean: npt.NDArray[np.float64] = np.convolve(curve, ones, "same") / count
    return mean


def _fall(curve: npt.NDArray[np.float64]) -> tuple[float, bool]:
    """Returns by what share of its whole fall a curve still falls, and whether beyond chance."""
    width = _quarter(curve)
    recent = curve[-2 * width :]
    whole = float(curve.max()) - _end(curve)
    if whole <= 0:
        return 0.0, False
    time = np.arange(len(recent)) - (len(recent) - 1) / 2
    slope = float(time @ recent) / float(time @ time)
    residual = recent - recent.mean() - slope * time
    error = math.sqrt(float(residual @ residual) / (len(recent) - 2) / float(time @ time))
    return -slope * width / whole, -slope > NOISE * error


def _falling(curve: npt.NDArray[np.float64]) -> bool:
    share, certain = _fall(curve)
    return certain and share > FALLING


def _not_finite(
    train: npt.NDArray[np.float64], validation: npt.NDArray[np.float64] | None
) -> Finding | None:
    bad = ~np.isfinite(train)
    if validation is not None:
        bad |= ~np.isfinite(validation)
    if not bad.any():
        return None
    return Finding(
        "not finite",
        float(bad.sum()),
        0.0,
        f"The loss is NaN or infinite in {bad.sum()} of {len(train)} epochs, first in epoch "
        f"{bad.argmax() + 1}: look for the logarithm of 0 (use the loss with from_logits=True), "
        "for a division by 0 and for NaN in the data, and try a smaller learning rate.",
    )


def _negative_gradients(train: npt.NDArray[np.float64], guess: float | None) -> Finding | None:
    if guess is not None and train[-1] < 0:
        return Finding(
            "negative gradients",
            float(train[-1]),
            0.0,
            f"The loss falls to {train[-1]:.3f}, and no cross-entropy is below 0: check the sign "
            "of the loss, and whether it takes logits or probabilities.",
        )
    if len(train) < 3 or not (np.diff(train) > 0).all() or train[-1] <= RISE * train[0]:
        return None
    if guess is not None and train[0] <= guess:
        return None
    return Finding(
        "negative gradients",
        float(train[-1] / train[0]),
        RISE,
        f"The loss rises from the start and in every epoch, to {train[-1] / train[0]:.2f} times "
        "the first: the update goes up the gradient, so check the signs of the loss and of the "
        "learning rate; if they are right, the learning rate is far too high.",
    )


def _diverging(train: npt.NDArray[np.float64], guess: float | None) -> Finding | None:
    if not len(train):
        return None
    ratio = float(train.max() / train[0]) if train[0] > 0 else 0.0
    above = "the first"
    if ratio <= EXPLODED and guess is not None:
        ratio, above = float(train[-1] / guess), "the loss of guessing"
    if ratio <= EXPLODED:
        return None
    return Finding(
        "diverging",
        ratio,
        EXPLODED,
        f"The loss is {ratio:.1f} times {above}: try a learning rate ten times smaller, a warmup "
        "or clipped gradients.",
    )


def _not_learning(train: npt.NDArray[np.float64], guess: float) -> Finding | None:
    third = len(train) // 3
    if not third:
        return None
    fall = float(train[:third].mean() - train[-third:].mean()) / guess
    end = float(train[-third:].mean())
    if fall >= FLAT or end <= CHANCE * guess:
        return None
    return Finding(
        "not learning",
        fall,
        FLAT,
        f"The loss is {end:.3f} at the end, no better than guessing ({guess:.3f}), and has fallen "
        f"by only {100 * fall:.1f} % of that: check that the learning rate is not 0, that weights "
        "are trainable and gradients reach them, that labels belong to their examples, and try "
        "learning rates ten times higher and lower.",
    )


def _slow_start(train: npt.NDArray[np.float64], guess: float) -> Finding | None:
    near = np.abs(train - guess) <= PLATEAU * guess
    epochs = len(train) if near.all() else int(near.argmin())
    least = max(PLATEAU_EPOCHS, math.ceil(PLATEAU_SHARE * len(train)))
    if len(train) < 5 or epochs < least or _end(train) >= DROP * guess:
        return None
    return Finding(
        "slow start",
        float(epochs),
        float(least),
        f"The loss stays at that of guessing for {epochs} epochs and only then falls: the initial "
        "weights are too small for the signal to get through, so try He or Glorot initialisation "
        "or batch normalisation.",
    )


def _stuck(
    train: npt.NDArray[np.float64], right: npt.NDArray[np.float64] | None, num_classes: int
) -> Finding | None:
    if right is None or len(train) < 5 or _falling(train):
        return None
    end, share = _end(train), _end(right)
    if end <= calibrated_bound(share, num_classes) or _skill(share, num_classes) < POOR:
        return None
    for name, distance, cause in (
        (
            "softmax twice",
            1.0,
            "as if softmax were applied twice or logits came out of a sigmoid: take the activation "
            "off the last layer or set from_logits=False",
        ),
        (
            "bounded logits",
            2.0,
            "as if logits came out of tanh: take the activation off the last layer",
        ),
    ):
        floor = loss_floor(num_classes, distance)
        room = ABOVE_FLOOR * (math.log(num_classes) - floor)
        limit = floor + distance * (1 - share) + room
        if train.min() >= 0.99 * floor and end <= limit:
            return Finding(
                name,
                end,
                limit,
                f"The loss is stuck at {end:.3f} although {100 * share:.0f} % are right, and never "
                f"goes below {floor:.3f}, {cause}.",
            )
    return None


def _underfit(
    train: npt.NDArray[np.float64],
    validation: npt.NDArray[np.float64] | None,
    right: npt.NDArray[np.float64] | None,
    num_classes: int,
) -> Finding | None:
    if len(train) < 5 or _falling(train):
        return None
    if validation is not None and _end(validation) > (1 + GAP) * _end(train):
        return None
    if right is not None:
        measured = _skill(_end(right), num_classes)
        poor = measured < POOR
        what = f"training accuracy stays at {_end(right):.3f}"
    else:
        measured = _end(train) / math.log(num_classes)
        poor = measured > POOR
        what = f"training loss stays at {100 * measured:.0f} % of guessing"
    if not poor:
        return None
    return Finding(
        "underfit",
        measured,
        POOR,
        f"The {what}, and validation is no worse: the model cannot fit the data, so try a larger "
        "one, less regularisation, or other learning rates.",
    )


def _overfit(
    train: npt.NDArray[np.float64], validation: npt.NDArray[np.float64] | None
) -> Finding | None:
    if validation is None or len(train) < 5:
        return None
    smooth = _running_mean(validation, 3)
    best = int(smooth.argmin())
    lowest, end = float(smooth[best]), _end(validation)
    if lowest <= 0:
        return None
    # Differences of independent noise have twice its variance; the median is blind to the trend of
    # single large steps.
    noise = float(np.median(np.abs(np.diff(validation)))) / (0.6745 * math.sqrt(2))
    threshold = max(1 + GAP, 1 + NOISE * noise / lowest)
    gap = end - _end(train)
    if end <= threshold * lowest or _end(train) >= train[best] or gap <= GAP * end:
        return None
    return Finding(
        "overfit",
        end / lowest,
        threshold,
        f"Validation loss has risen to {end / lowest:.2f} times its minimum, about epoch "
        f"{best + 1}, while training loss fell: stop there (EarlyStopping), or try more data, "
        "augmentation, dropout or weight decay.",
    )


def _not_converged(
    train: npt.NDArray[np.float64], validation: npt.NDArray[np.float64] | None
) -> Finding | None:
    curves = [train] if validation is None else [train, validation]
    if len(train) < 5 or not all(_falling(curve) for curve in curves):
        return None
    share = min(_fall(curve)[0] for curve in curves)
    which = "loss is" if validation is None else "losses of training and validation are"
    return Finding(
        "not converged",
        share,
        FALLING,
        f"The {which} still falling, by {100 * share:.0f} % of the whole fall in a quarter of the "
        "epochs: train longer, or try a higher learning rate.",
    )


def _periodic(losses: npt.NDArray[np.float64], steps: int) -> Finding | None:
    found = periodicity(losses, steps)
    if found is None or found[0] <= max(AUTOCORRELATION, found[1]):
        return None
    return Finding(
        "periodic",
        found[0],
        max(AUTOCORRELATION, found[1]),
        f"The loss of the batches repeats itself every epoch (autocorrelation {found[0]:.2f}, at "
        f"other lags at most {found[1]:.2f}): the data come in the same order each time. Shuffle "
        "them anew for every epoch; Keras on TensorFlow does not once a seed is set with "
        "keras.utils.set_random_seed.",
    )


def _validation_set_too_small(right: npt.NDArray[np.float64], examples: int) -> Finding | None:
    share = _end(right)
    middle = (examples * share + 2) / (examples + 4)
    error = math.sqrt(middle * (1 - middle) / (examples + 4))
    if error <= STANDARD_ERROR:
        return None
    needed = math.ceil(middle * (1 - middle) / STANDARD_ERROR**2)
    return Finding(
        "validation set too small",
        error,
        STANDARD_ERROR,
        f"{examples} validation examples know an accuracy of {share:.3f} only to a standard error "
        f"of {error:.3f}: use about {needed} examples, or cross-validation.",
    )
