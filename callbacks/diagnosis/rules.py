"""The rules by which `diagnose` names what a loss curve looks like, one function each."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from callbacks.diagnosis.statistics import (
    Curve,
    calibrated_bound,
    end_of,
    loss_floor,
    periodicity,
    remaining_fall,
    running_mean,
    skill,
)

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
UNCHANGED = 1e-6


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


def not_finite(train: Curve, validation: Curve | None) -> Finding | None:
    """Looks for NaN and infinity."""
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


def negative_gradients(train: Curve, guess: float | None) -> Finding | None:
    """Looks for a loss that rises in every epoch, or falls below 0."""
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


def diverging(train: Curve, guess: float | None) -> Finding | None:
    """Looks for a loss far above its first value, or far above guessing at the end."""
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


def not_learning(train: Curve, guess: float) -> Finding | None:
    """Looks for a loss that stays at guessing."""
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


def slow_start(train: Curve, guess: float) -> Finding | None:
    """Looks for a loss that stays at guessing for the first epochs only."""
    near = np.abs(train - guess) <= PLATEAU * guess
    epochs = len(train) if near.all() else int(near.argmin())
    least = max(PLATEAU_EPOCHS, math.ceil(PLATEAU_SHARE * len(train)))
    if len(train) < 5 or epochs < least or end_of(train) >= DROP * guess:
        return None
    return Finding(
        "slow start",
        float(epochs),
        float(least),
        f"The loss stays at that of guessing for {epochs} epochs and only then falls: the initial "
        "weights are too small for the signal to get through, so try He or Glorot initialisation "
        "or batch normalisation.",
    )


def stuck(train: Curve, right: Curve | None, num_classes: int) -> Finding | None:
    """Looks for a loss at one of the floors of bounded logits."""
    if right is None or len(train) < 5 or _falling(train):
        return None
    end, share = end_of(train), end_of(right)
    if end <= calibrated_bound(share, num_classes) or skill(share, num_classes) < POOR:
        return None
    for name, distance, cause in (
        (
            "softmax twice",
            1.0,
            "as if softmax were applied twice or logits came out of a sigmoid: take the activation "
            "off the last layer, or set from_logits=False if it is a softmax",
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


def underfit(
    train: Curve,
    validation: Curve | None,
    right: Curve | None,
    num_classes: int,
) -> Finding | None:
    """Looks for a loss that has stopped falling while too few are right."""
    if len(train) < 5 or _falling(train):
        return None
    if validation is not None and end_of(validation) > (1 + GAP) * end_of(train):
        return None
    if right is not None:
        measured = skill(end_of(right), num_classes)
        poor = measured < POOR
        what = f"training accuracy stays at {end_of(right):.3f}"
    else:
        measured = end_of(train) / math.log(num_classes)
        poor = measured > POOR
        what = f"training loss stays at {100 * measured:.0f} % of guessing"
    if not poor:
        return None
    advice = "the model cannot fit the data, so try a larger one, less regularisation, or other "
    if right is not None and np.ptp(right[len(right) // 2 :]) <= UNCHANGED:
        advice = "it does not change at all, as if only one class were predicted, so look at dead "
        advice += "units, inputs that are not scaled and the labels, and try other "
    return Finding(
        "underfit",
        measured,
        POOR,
        f"The {what}, and validation is no worse: {advice}learning rates.",
    )


def overfit(train: Curve, validation: Curve | None) -> Finding | None:
    """Looks for a validation loss that has risen while the training loss fell."""
    if validation is None or len(train) < 5:
        return None
    smooth = running_mean(validation, 3)
    best = int(smooth.argmin())
    lowest, end = float(smooth[best]), end_of(validation)
    if lowest <= 0:
        return None
    # Differences of independent noise have twice its variance; the median is blind to the trend of
    # single large steps.
    noise = float(np.median(np.abs(np.diff(validation)))) / (0.6745 * math.sqrt(2))
    threshold = max(1 + GAP, 1 + NOISE * noise / lowest)
    gap = end - end_of(train)
    if end <= threshold * lowest or end_of(train) >= train[best] or gap <= GAP * end:
        return None
    return Finding(
        "overfit",
        end / lowest,
        threshold,
        f"Validation loss has risen to {end / lowest:.2f} times its minimum, about epoch "
        f"{best + 1}, while training loss fell: stop there (EarlyStopping), or try more data, "
        "augmentation, dropout or weight decay.",
    )


def not_converged(train: Curve, validation: Curve | None) -> Finding | None:
    """Looks for losses that are still falling."""
    curves = [train] if validation is None else [train, validation]
    if len(train) < 5 or not all(_falling(curve) for curve in curves):
        return None
    share = min(remaining_fall(curve, NOISE)[0] for curve in curves)
    which = "loss is" if validation is None else "losses of training and validation are"
    return Finding(
        "not converged",
        share,
        FALLING,
        f"The {which} still falling, by {100 * share:.0f} % of the whole fall in a quarter of the "
        "epochs: train longer, or try a higher learning rate.",
    )


def periodic(losses: Curve, steps: int) -> Finding | None:
    """Looks for batch losses that repeat themselves every epoch."""
    found = periodicity(losses, steps)
    if found is None or found[0] <= max(AUTOCORRELATION, found[1]):
        return None
    return Finding(
        "periodic",
        found[0],
        max(AUTOCORRELATION, found[1]),
        f"The loss of the batches repeats itself every epoch (autocorrelation {found[0]:.2f}, at "
        f"other lags at most {found[1]:.2f}): the data come in the same order each time. Shuffle "
        "them again for every epoch; Keras on TensorFlow does not once a seed is set with "
        "keras.utils.set_random_seed.",
    )


def validation_set_too_small(right: Curve, examples: int) -> Finding | None:
    """Looks for a validation accuracy that is known too badly."""
    share = end_of(right)
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


def _falling(curve: Curve) -> bool:
    share, certain = remaining_fall(curve, NOISE)
    return certain and share > FALLING
