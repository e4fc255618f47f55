"""Arrays that a search is given, and what each model's loss makes of their labels."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from zoo.data import Data, fingerprint_of
from zoo.data.arrays import single
from zoo.data.weights import by_class, of_examples, weighted
from zoo.engine.given import fitting
from zoo.engine.outputs import kind_of, loss_of
from zoo.runs.run import Progress


def data_of(train: Any, validation: Any) -> Data | None:
    """Returns arrays as the engines take them, or None if they are something else.

    Features are used as they are, and labels as they come: `fitted` makes of them what a loss
    takes. What a search reports is measured on the validation examples; as the engines want test
    examples, they get the same.

    Args:
        train: Pair of features, shape `(examples, ...)`, and labels or numbers, shape
            `(examples, ...)`.
        validation: The same for validation.
    """
    if not isinstance(validation, tuple) or len(validation) != 2:
        return None
    known, held_out = _examples(*train), _examples(*validation)
    if known is None or held_out is None:
        return None
    return Data("given", *known, *held_out, *held_out, 0, (), "")


def _examples(x: Any, y: Any) -> tuple[Any, Any] | None:
    if not (hasattr(x, "__array__") and hasattr(y, "__array__")):
        return None
    x, y = np.asarray(x), labels_of(y)
    if x.dtype.kind not in "iuf" or x.ndim < 2 or not x.size or y is None:
        return None
    return x.astype(np.float32), y


def labels_of(y: Any) -> Any:
    """Returns labels as whole numbers, finite floats or texts, or None if they are none of these.

    Args:
        y: An array of shape `(examples, ...)`.
    """
    y = np.asarray(y)
    if y.dtype.kind == "O" and all(isinstance(each, str) for each in y.flat):
        y = y.astype(str)
    if y.dtype.kind not in "biufU" or not y.size or not y.ndim:
        return None
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        return None
    return y.astype(np.int8) if y.dtype.kind == "b" else y


def counted(data: Data, sample_weight: Any, split: bool) -> Data:
    """Returns data whose examples have weights.

    Args:
        data: What `data_of` returns.
        sample_weight: What `fit` takes under this name, or None.
        split: Whether it is of all examples, the last of which validate.

    Raises:
        ZooError: If it is not one number for each.
    """
    if sample_weight is None:
        return data
    train, held_out = len(data.y_train), len(data.y_validation)
    if not split:
        return dataclasses.replace(data, w_train=of_examples(sample_weight, train))
    whole = of_examples(sample_weight, train + held_out)
    last = whole[train:]
    return dataclasses.replace(data, w_train=whole[:train], w_validation=last, w_test=last)


def fitted(model: Any, outputs: Any, data: Data, told: Progress, class_weight: Any = None) -> Data:
    """Returns the data with the labels that a compiled model's loss takes, as `fit_many` has them.

    Args:
        model: Has one loss and one output.
        outputs: What it makes of some examples, shape `(batch, outputs)`; only the shape counts.
        data: What `data_of` returns.
        told: Is told if labels are numbered.
        class_weight: What `fit` takes under this name, by the labels as they were given; or None.

    Raises:
        ZooError: If there are more classes than outputs, or labels that are none.
    """
    given = [data.y_train, data.y_validation]
    (train, held_out), names = fitted_labels(model, outputs, given, told)
    known = fingerprint_of(data.x_train, train, data.x_validation, held_out, *data.weights)
    own = dataclasses.replace(
        data,
        y_train=train,
        y_validation=held_out,
        y_test=held_out,
        num_classes=len(names),
        class_names=names,
        fingerprint=known,
    )
    return weighted(own, class_weight)


def fitted_labels(
    model: Any, outputs: Any, given: list[Any], told: Progress
) -> tuple[list[Any], tuple[str, ...]]:
    """Returns the labels of all parts as a compiled model's loss takes them, and classes' names.

    Args:
        model: As of `fitted`.
        outputs: As of `fitted`.
        given: What `labels_of` returns, of each part.
        told: Is told if labels are numbered.
    """
    loss = loss_of(model.loss, given[0], outputs)
    if not kind_of(loss):  # of numbers, or of labels that it knows itself
        if outputs.shape[-1] == 1:
            given = [single(each) if each.shape[1:] == (1,) else each for each in given]
        return [_plain(each) for each in given], ()
    return fitting(given, loss, outputs, told)


def _plain(y: Any) -> Any:
    return y if y.dtype.kind == "U" else y.astype(np.int32 if y.dtype.kind in "iu" else np.float32)


def taken_alone(
    model: Any, x: Any, y: Any, named: Mapping[str, Any], told: Progress
) -> tuple[Any, dict[str, Any]]:
    """Returns labels and arguments for `fit` in which labels of classes are as the loss takes them.

    What is no array, or has a model with several losses or outputs, stays as it is.

    Args:
        model: A compiled model.
        x: What `fit` is given as `x`.
        y: What it is given as `y`.
        named: What it is given by name.
        told: Is told if labels are numbered.
    """
    arguments = dict(named)
    held_out = arguments.get("validation_data")
    pair = isinstance(held_out, tuple | list) and len(held_out) > 1
    ys = [y, held_out[1]] if pair and held_out is not None else [y]
    if not one_loss(model) or not all(hasattr(each, "__array__") for each in (x, *ys)):
        return y, arguments
    given = [labels_of(each) for each in ys]
    outputs = model(np.asarray(x)[:3])
    if any(each is None for each in given) or not hasattr(outputs, "shape"):
        return y, arguments
    if not kind_of(loss_of(model.loss, given[0], outputs)) or len(outputs.shape) != 2:
        return y, arguments
    labels, names = fitted_labels(model, outputs, given, told)
    if pair and held_out is not None:
        arguments["validation_data"] = (held_out[0], labels[1], *held_out[2:])
    if weights := arguments.get("class_weight"):
        arguments["class_weight"] = by_class(weights, labels[0], names)
    return labels[0], arguments


def one_loss(model: Any) -> bool:
    """Returns whether a compiled model has one loss for all of its outputs."""
    return isinstance(model.loss, str | keras.losses.Loss) or callable(model.loss)
