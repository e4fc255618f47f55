"""What a loss curve, or the losses of its batches, measure."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Curve = npt.NDArray[np.float64]


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
    rest = series - running_mean(series, period)
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


def _quarter(curve: Curve) -> int:
    return max(2, len(curve) // 4)


def end_of(curve: Curve) -> float:
    """Returns the mean of the last quarter, of at least 2 epochs."""
    return float(curve[-_quarter(curve) :].mean())


def skill(accuracy: float, num_classes: int) -> float:
    """Returns how far an accuracy is on the way from guessing, 0, to all right, 1."""
    return (accuracy - 1 / num_classes) / (1 - 1 / num_classes)


def running_mean(curve: Curve, width: int) -> Curve:
    """Averages over `width` neighbours, or as many as there are at the ends."""
    ones = np.ones(width)
    count = np.convolve(np.ones(len(curve)), ones, "same")
    mean: Curve = np.convolve(curve, ones, "same") / count
    return mean


def remaining_fall(curve: Curve, errors: float) -> tuple[float, bool]:
    """Returns by what share of its whole fall a curve still falls, and whether beyond chance.

    Args:
        curve: Array of shape `(epochs,)`, at least 4 of them.
        errors: Float. By how many standard errors the slope must be below 0 to be beyond chance.
    """
    width = _quarter(curve)
    recent = curve[-2 * width :]
    whole = float(curve.max()) - end_of(curve)
    if whole <= 0:
        return 0.0, False
    time = np.arange(len(recent)) - (len(recent) - 1) / 2
    slope = float(time @ recent) / float(time @ time)
    residual = recent - recent.mean() - slope * time
    error = math.sqrt(float(residual @ residual) / (len(recent) - 2) / float(time @ time))
    return -slope * width / whole, -slope > errors * error
