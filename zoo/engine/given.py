"""Makes data and a loss that fit to a network of what people hand over."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from zoo import data as datasets
from zoo.data import Data, fingerprint_of
from zoo.data.arrays import PARTS, are_pairs, inputs_of, numbered, pairs_of, rows, single
from zoo.data.weights import BOTH, by_class, of_examples, weighted
from zoo.engine.outputs import check_labels, kind_of, loss_of
from zoo.engine.streams import Stream, is_stream, of_batches, of_outputs
from zoo.errors import ZooError
from zoo.experiment import crossentropy
from zoo.runs import arguments
from zoo.runs.run import Progress
from zoo.runs.seeding import fresh_model

BATCH_SIZE = 32  # Keras's
INSTEAD = {
    "validation_split": "Give validation data: data=(training, validation).",
    "batch_size": "The data say it.",
    "sample_weight": "Yield (x, y, sample_weight).",
    "class_weight": "Give sample_weight, a list or dict of weights.",
}
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
    model = _model(build_model)
    outputs = _outputs(model, pairs[0][0])
    if not hasattr(outputs, "shape"):
        count = len(keras.tree.flatten(outputs))
        raise ZooError(
            f"The network has {count} outputs, so y must be a list or dict of {count} arrays of "
            "labels. Received: one array"
        )
    if sample_weight is not None and len(outputs.shape) != 2:
        raise ZooError(
            "`sample_weight` is for networks with one vector of outputs an example, as in `fit`. "
            f"Received: outputs of shape {tuple(outputs.shape[1:])} an example"
        )
    weights = _weights(data, pairs, sample_weight)
    chosen = _loss(model, loss)
    labels, names = fitting([y for _, y in pairs], chosen(), outputs, told)
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


def stream_and_loss(
    build_model: Any,
    data: Any,
    loss: Any,
    *,
    validation_split: float | None,
    batch_size: int | None,
    steps_per_epoch: int | None,
    validation_steps: int | None,
    sample_weight: Any,
    class_weight: Any,
) -> tuple[Stream, Callable[[], Any]]:
    """Returns what only `fit` reads, and a function that returns the loss, or several.

    Args:
        build_model: Function without arguments that returns a Keras model.
        data: Batches, see `zoo.engine.streams.of_batches`, or arrays with labels of several
            outputs, see `of_outputs`.
        loss: What is given as a loss, a list or dict of some, or None.
        validation_split: Share of the last examples that validate, if there is one pair of arrays.
        batch_size: Examples a step, of arrays.
        steps_per_epoch: Batches of an epoch, or None.
        validation_steps: Batches that validate, or None.
        sample_weight: Weights of the examples of arrays, or None.
        class_weight: Weights of classes by number, of batches, or None.

    Raises:
        ZooError: If one of these is something else, or they do not fit together.
    """
    batches = is_stream(data)
    refused = {
        "validation_split": validation_split if batches else None,
        "batch_size": batch_size if batches else None,
        "sample_weight": sample_weight if batches else None,
        "class_weight": None if batches else class_weight,
        "steps_per_epoch": None if batches else steps_per_epoch,
        "validation_steps": None if batches else validation_steps,
    }
    for name, value in refused.items():
        if value is not None:
            raise ZooError(
                f"`{name}` is not for {'batches' if batches else 'several outputs'}. Received: "
                f"{arguments.shown(value)}. {INSTEAD.get(name, 'Leave it out.')}"
            )
    if batches:
        stream = of_batches(data, steps_per_epoch, validation_steps)
    else:
        stream = of_outputs(data, validation_split, batch_size or BATCH_SIZE, sample_weight)
    model = _model(build_model)
    x, y = stream.first
    outputs = _outputs(model, x)
    count = len(keras.tree.flatten(outputs))
    if class_weight is not None:
        if hasattr(stream.train(0), "__next__"):
            raise ZooError(
                "Keras takes no `class_weight` with a generator. Received: "
                f"{arguments.shown(class_weight)}. Yield (x, y, sample_weight)."
            )
        if not hasattr(outputs, "shape") or not isinstance(class_weight, Mapping):
            raise ZooError(
                "Of batches `class_weight` must be weights by number, such as {0: 1, 1: 5}, for a "
                f"network with one output. Received: {arguments.shown(class_weight)}"
            )
        classes = np.arange(max(2, outputs.shape[-1]))
        known = by_class(class_weight, classes)
        weights = {each: known.get(each, 1.0) for each in classes.tolist()}
        stream = dataclasses.replace(stream, class_weight=weights)
    if loss is None and model.compiled:
        loss = model.loss
    if isinstance(loss, list | tuple | Mapping):
        _check_losses(model, loss, stream.first, outputs)
        return stream, lambda: loss
    if count > 1 and loss is None:
        raise ZooError(
            f"A network with {count} outputs needs a loss for each. Received: none. Give loss=[...]"
            " or loss={name: ...}, or compile it in `build_model`."
        )
    chosen = _loss(model, loss)
    if hasattr(outputs, "shape") and hasattr(y, "shape"):
        _check_loss(chosen(), y, outputs)
    else:
        _check_losses(model, chosen(), stream.first, outputs)
    return stream, chosen


def _check_losses(model: Any, loss: Any, first: tuple[Any, Any], outputs: Any) -> None:
    """Raises ZooError if losses cannot be computed of labels for several outputs."""
    x, y = first
    try:
        model.compile("sgd", loss)
        model.compute_loss(x, y, outputs)
    except Exception as error:
        count = len(keras.tree.flatten(outputs))
        raise ZooError(
            "`loss` must take labels and outputs. Received: labels for "
            f"{_listed(y)} and {count} output{'s' * (count != 1)}; {_reason(error)}"
        ) from error


def _listed(labels: Any) -> str:
    """Returns which outputs labels are for."""
    if isinstance(labels, Mapping):
        return ", ".join(map(str, labels))
    return f"{len(inputs_of(labels))} outputs"


def _weights(data: Any, pairs: Sequence[Any], sample_weight: Any) -> dict[str, Any]:
    """Returns weights of examples by field: of one pair those that validate have theirs, too."""
    if sample_weight is None:
        return {}
    train, validation = (len(y) for _, y in pairs[:2])
    if are_pairs(data):
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
