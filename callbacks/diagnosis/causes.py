"""What labels and outputs explain of a loss curve, so that nobody looks for another cause."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from callbacks.diagnosis.rules import Finding
from callbacks.diagnosis.statistics import Curve, end_of

SAME_SHARE = 0.01
BELOW_GUESSING = 0.5
SHOWN = 5

# What a cause that is known explains; the advice of these would mislead.
EXPLAINED = {
    "one class": {"underfit", "softmax twice", "bounded logits"},
    "unseen classes": {"overfit"},
    "one output": {"not learning", "underfit", "diverging", "not converged", "one class"},
    "logits as probabilities": {
        "not learning",
        "underfit",
        "diverging",
        "softmax twice",
        "bounded logits",
        "one class",
    },
}


def classes_in(labels: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Returns the class of each label, given as integers, as shares, or as rows of shares."""
    array = np.asarray(labels)
    if array.ndim > 1 and array.shape[-1] > 1:
        array = array.argmax(axis=-1)
    classes: npt.NDArray[np.int64] = np.rint(array).astype(np.int64).ravel()
    return classes


def one_class(right: Curve | None, labels: npt.ArrayLike) -> Finding | None:
    """Looks for a training accuracy that stays at the share of the most frequent class."""
    if right is None or len(right) < 5:
        return None
    values, counts = np.unique(classes_in(labels), return_counts=True)
    share = float(counts.max() / counts.sum())
    tolerance = min(SAME_SHARE, 0.1 * (1 - share))
    distance = float(np.abs(right[len(right) // 2 :] - share).max())
    if len(values) < 2 or distance > tolerance:
        return None
    return Finding(
        "one class",
        distance,
        tolerance,
        f"Training accuracy stays at {share:.3f}, the share of class {values[counts.argmax()]}, "
        "the most frequent one: the network predicts this class only. Before the size of the "
        "model, look at the learning rate, dead units, inputs that are not scaled, and the labels.",
    )


def unseen_classes(labels: npt.ArrayLike, validation_labels: npt.ArrayLike) -> Finding | None:
    """Looks for classes in the validation part that training lacks."""
    train, validation = classes_in(labels), classes_in(validation_labels)
    unseen = np.setdiff1d(validation, train)
    if not len(unseen):
        return None
    some = ", ".join(map(str, unseen[:SHOWN])) + ", ..." * (len(unseen) > SHOWN)
    share = float(np.isin(validation, unseen).mean())
    return Finding(
        "unseen classes",
        share,
        0.0,
        f"{100 * share:.0f} % of the validation examples are of classes that no training example "
        f"has: {some}. The data are sorted by class; shuffle them before they are split "
        "(validation_split takes the last examples).",
    )


def worse_than_guessing(val_right: Curve | None, num_classes: int | None) -> Finding | None:
    """Looks for a validation accuracy that no overfitting explains."""
    if val_right is None or num_classes is None:
        return None
    end, bound = end_of(val_right), BELOW_GUESSING / num_classes
    if end >= bound:
        return None
    return Finding(
        "unseen classes",
        end,
        bound,
        f"Validation accuracy is {end:.3f} at the end, far below guessing ({1 / num_classes:.3f}), "
        "which overfitting is not: validation has classes that training lacks, or other labels. "
        "If the data are sorted by class, shuffle them before they are split (validation_split "
        "takes the last examples).",
    )


def output_mistake(model: Any) -> Finding | None:
    """Looks at a classifier's last layer and its loss.

    Args:
        model: A compiled Keras model; of any other nothing is said.
    """
    loss = getattr(model, "loss", None)
    if isinstance(loss, str):
        loss = keras.losses.get(loss)
    name = getattr(loss, "__name__", type(loss).__name__).replace("_", "").lower()
    layers = getattr(model, "layers", None)
    shape = getattr(model, "output_shape", None)
    # A function of the user's with such a name may well take logits.
    own = not getattr(loss, "__module__", "").startswith("keras")
    if own or "crossentropy" not in name or not layers or not isinstance(shape, tuple):
        return None
    units = shape[-1]
    activation = getattr(getattr(layers[-1], "activation", None), "__name__", "")
    if units == 1 and ("categorical" in name or activation == "softmax"):
        return Finding(
            "one output",
            1.0,
            2.0,
            f"One output and {'softmax' if activation == 'softmax' else name} give a probability "
            "of 1 whatever the input: give the last layer a unit for each class, or one unit "
            "without activation and BinaryCrossentropy(from_logits=True).",
        )
    # Only layers with a kernel: of an activation behind others, `linear` may be meant.
    plain = activation == "linear" and getattr(layers[-1], "kernel", None) is not None
    if plain and not getattr(loss, "from_logits", False):
        return Finding(
            "logits as probabilities",
            0.0,
            1.0,
            "The last layer has no activation and the loss takes its logits for probabilities: "
            f"set from_logits=True, or add {'sigmoid' if 'binary' in name else 'softmax'}.",
        )
    return None


def without_explained(findings: list[Finding]) -> list[Finding]:
    """Returns the findings but for those that another one of them explains."""
    explained = set().union(*(EXPLAINED.get(finding.name, set()) for finding in findings))
    return [finding for finding in findings if finding.name not in explained]
