"""Makes data and a loss that fit to a network of what people hand over."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import keras

from zoo import data as datasets
from zoo.data import Data, fingerprint_of
from zoo.data.arrays import PARTS, inputs_of, numbered, pairs_of, rows, single
from zoo.data.weights import BOTH, of_examples, weighted
from zoo.engine.outputs import check_labels, kind_of, loss_of
from zoo.errors import ZooError
from zoo.experiment import crossentropy
from zoo.runs import arguments
from zoo.runs.run import Progress
from zoo.runs.seeding import fresh_model

FIELDS = ("x_train", "y_train", "x_validation", "y_validation", "x_test", "y_test")
LENGTH = 120  # of what is told of an error of Keras


def data_and_loss(
    build_model: Any,
    data: Any,
    validation_split: float | None,
    loss: Any,
    told: Progress,
    sample_weight: Any = None,
    class_weight: Any = None,
) -> tuple[Data, Callable[[], Any]]:
    """Returns the data as the engines take them, and a function that returns the loss.

    Args:
        build_model: Function without arguments that returns a Keras model.
        data: A data set, its name or file, or pairs of arrays; see `zoo.data.arrays.pairs_of`.
        validation_split: Share of the last examples that validate, if there is one pair.
        loss: What is given as a loss, or None.
        told: Is told if labels are numbered.
        sample_weight: A number for each training example, or of one pair for each example; or None.
        class_weight: A number by label for the training examples; or None.

    Raises:
        ZooError: If one of these is something else, or they do not fit together.
    """
    if sample_weight is not None and class_weight is not None:
        raise ZooError(BOTH)
    if isinstance(data, Data | str):
        if sample_weight is not None:
            raise ZooError(
                "`sample_weight` is for arrays, data=(x, y), whose order you know. For a data set "
                "give class_weight."
            )
        if validation_split is not None:
            raise ZooError(
                "`validation_split` is for data=(x, y): a data set has validation examples. "
                f"Received: validation_split={arguments.shown(validation_split)}"
            )
        found = datasets.load(data) if isinstance(data, str) else data
        model = _model(build_model)
        _outputs(model, found.x_train)
        if found.of_numbers and loss is None and not model.compiled:
            loss = keras.losses.MeanSquaredError
        return weighted(found, class_weight), _loss(model, loss)
    pairs = pairs_of(data, validation_split)
    weights = _weights(data, pairs, sample_weight)
    model = _model(build_model)
    outputs = _outputs(model, pairs[0][0])
    chosen = _loss(model, loss)
    labels, names = [y for _, y in pairs], tuple[str, ...]()
    if hasattr(outputs, "shape"):  # if there are several, the engines say so
        labels, names = fitting(labels, chosen(), outputs, told)
        _check_loss(chosen(), labels[0], outputs)
    parts = [each for (x, _), y in zip(pairs, labels, strict=True) for each in (x, y)]
    found = Data(
        name="given",
        num_classes=len(names),
        class_names=names,
        fingerprint=fingerprint_of(
            *[array for part in parts for array in inputs_of(part)], *weights.values()
        ),
        **dict(zip(FIELDS, parts, strict=True)),
        **weights,
    )
    return weighted(found, class_weight), chosen


def _weights(data: Any, pairs: Sequence[Any], sample_weight: Any) -> dict[str, Any]:
    """Returns weights of examples by field: of one pair those that validate have theirs, too."""
    if sample_weight is None:
        return {}
    train, validation = (len(y) for _, y in pairs[:2])
    if all(isinstance(each, tuple | list) and len(each) == 2 for each in data):
        return {"w_train": of_examples(sample_weight, train)}
    whole = of_examples(sample_weight, train + validation)
    return {"w_train": whole[:train], "w_validation": whole[train:], "w_test": whole[train:]}


def _model(build_model: Any) -> Any:
    """Returns a model, to see what it puts out."""
    must = "`build_model` must be a function without arguments that returns a new Keras model."
    received = f"Received: {arguments.shown(build_model)}"
    if isinstance(build_model, keras.Model) or not callable(build_model):
        raise ZooError(f"{must} {received}. Write lambda: keras.models.clone_model(model)")
    if not arguments.accepts(build_model, 0):
        raise ZooError(f"{must} {received}, which needs some. Write lambda: build(...)")
    return fresh_model(build_model)


def _outputs(model: Any, x: Any) -> Any:
    """Returns what a model makes of the first three examples."""
    first = rows(x, slice(3))
    try:
        return model(first)
    except Exception as error:
        shapes = ", ".join(str(each.shape[1:]) for each in inputs_of(first))
        raise ZooError(
            f"The network of `build_model` must take the examples. Received: of shape {shapes}; "
            f"{_reason(error)}"
        ) from error


def _reason(error: Exception) -> str:
    """Returns what Keras says in a line: what is bold in its message, or the first line."""
    text = re.sub(r"\{\{.*?\}\}|\[Op:.*", "", str(error))
    bold = re.search(r"\x1b\[1m(.*?)\x1b\[0m", text, re.DOTALL)
    line = " ".join((bold[1] if bold else text.strip().partition("\n")[0]).split())
    return f"{type(error).__name__}: {line[:LENGTH]}"


def _loss(model: Any, given: Any) -> Callable[[], Any]:
    """Returns a function that returns the loss that is asked for or fits to a model."""
    if given is None and model.compiled:
        given = model.loss
    if given is not None:
        return arguments.loss_from(given)
    last = model.layers[-1] if getattr(model, "outputs", None) else None
    activation = getattr(last, "activation", None)
    if activation is keras.activations.softmax or isinstance(last, keras.layers.Softmax):
        return lambda: keras.losses.SparseCategoricalCrossentropy()
    if activation is keras.activations.sigmoid and model.output_shape[1:] == (1,):
        return lambda: keras.losses.BinaryCrossentropy()
    return crossentropy


def fitting(
    labels: list[Any], loss: Any, outputs: Any, told: Progress
) -> tuple[list[Any], tuple[str, ...]]:
    """Returns the labels of all parts as a network and its loss take them, and classes' names."""
    kind, places = kind_of(loss_of(loss, labels[0], outputs)), outputs.shape[-1]
    flat = len(outputs.shape) == 2
    several = labels[0].ndim == 2 and labels[0].shape[1] > 1
    if flat and (kind == "sparse" or (places == 1 and several)):
        labels = [single(each) for each in labels]
    if flat and kind == "categorical" and not several:
        labels, names = fitting(labels, crossentropy(), outputs, told)
        return [keras.utils.to_categorical(each, places) for each in labels], names
    if kind == "sparse" and places == 1:
        raise ZooError(
            "The loss takes an output for each class, and the network has 1 output. For two "
            "classes take keras.losses.BinaryCrossentropy(from_logits=True), or give the last "
            "layer a unit for each."
        )
    of_two = kind == "binary" and places == 1
    beyond = any(each.dtype.kind != "U" and (each.min() < 0 or each.max() > 1) for each in labels)
    if kind != "sparse" and not (of_two and beyond) and labels[0].dtype.kind != "U":
        whole = all(each.dtype.kind in "iu" for each in labels)
        return [each.astype("int32" if whole else "float32") for each in labels], ()
    given = labels
    labels, names = numbered(labels, 2 if places == 1 else places)
    if any((one != other).any() for one, other in zip(given, labels, strict=True)):
        told.note(f"labels {', '.join(names)} are numbered from 0")
    return labels, names


def _check_loss(loss: Any, labels: Any, outputs: Any) -> None:
    """Raises ZooError if a loss cannot be computed of some examples."""
    check_labels(loss, outputs, {PARTS[0]: labels})
    # Another number of examples than of outputs, so that no shapes fit by chance.
    count = 3 if outputs.shape[-1] == 2 else 2
    y, p = labels[:count], outputs[:count]
    try:
        loss_of(loss, y, p)(y, p)
    except Exception as error:
        raise ZooError(
            f"`loss` must take labels and outputs. Received: labels of shape {tuple(y.shape)} and "
            f"outputs of shape {tuple(p.shape)}; {_reason(error)}"
        ) from error
