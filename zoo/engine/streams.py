"""Data that only Keras's own `fit` reads: datasets, generators, labels of several outputs."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np

from zoo.data.arrays import (
    PARTS,
    SHARE,
    are_pairs,
    features_of,
    first_held_out,
    inputs_of,
    labels_of,
    rows,
)
from zoo.data.weights import of_examples
from zoo.errors import ZooError
from zoo.runs.arguments import shown
from zoo.runs.seeding import derived_seed, epoch_order

EVALUATION_BATCH = 1000
INFINITE = -1  # the cardinality of a dataset without an end
WRITE = "Write data=(training, validation)."


@dataclass(frozen=True, eq=False)
class Stream:
    """What the runs of one model read, batch by batch.

    Attributes:
        why: What it is, in words of the user's code.
        train: Function of a run's seed that returns what `fit` takes as x.
        steps: Batches of an epoch, or None where the data say it.
        parts: What `evaluate` takes by position of the `val` and the `test` part.
        first: Features and labels of a first batch.
        class_weight: As `fit` takes it, or None.
    """

    why: str
    train: Callable[[int], Any]
    steps: int | None
    parts: Mapping[str, tuple[Any, ...]]
    first: tuple[Any, Any]
    class_weight: Mapping[int, float] | None = None


def is_stream(data: Any) -> bool:
    """Returns whether what people hand over holds batches that only `fit` reads."""
    return bool(_kind(data)) or (isinstance(data, tuple | list) and any(map(_kind, data)))


def _kind(data: Any) -> str:
    """Returns what holds batches, in words; nothing of what does not."""
    if hasattr(data, "as_numpy_iterator"):
        return "a tf.data dataset"
    if isinstance(data, keras.utils.PyDataset):
        return f"a PyDataset, {type(data).__name__}"
    if type(data).__module__.startswith("torch.utils.data") and hasattr(data, "__iter__"):
        return "a DataLoader of PyTorch"
    if hasattr(data, "__next__"):
        return "a generator"
    return "a function that returns batches" if _is_function(data) else ""


def _is_function(data: Any) -> bool:
    return inspect.isroutine(data) or isinstance(data, partial)


def of_batches(data: Any, steps: int | None, validation_steps: int | None) -> Stream:
    """Returns batches that people hand over, checked.

    Args:
        data: Training and validation data, and test data if there are any. Each is a dataset, a
            `keras.utils.PyDataset`, or a function that returns one or a generator; those that are
            not trained on may be tuples of arrays.
        steps: Batches of an epoch, or None.
        validation_steps: Batches that validate, or None.

    Raises:
        ZooError: If it is something else, or has no end.
    """
    if _kind(data) or not 2 <= len(data) <= 3:
        raise ZooError(
            f"`data` must have validation data. Received: {_kind(data) or len(data)}. {WRITE}"
        )
    train, *others = data
    if not _kind(train):
        raise ZooError(
            "`data` must be batches to train on, if others are. Received: "
            f"{type(train).__name__} and {' and '.join(map(_said, others))}. {WRITE}"
        )
    _check(train, PARTS[0], steps, "steps_per_epoch")
    found = []
    for each, part in zip(others, PARTS[1:], strict=False):
        if _kind(each):
            _check(each, part, validation_steps, "validation_steps")
            found.append((_kept(each, validation_steps),))
        elif isinstance(each, tuple | list) and 2 <= len(each) <= 3:
            found.append(tuple(each))
        else:
            raise ZooError(
                f"The {part} data must be batches, or a pair (x, y). Received: {_said(each)}"
            )
    made = _made(train, 0)
    return Stream(
        why=f"`data` is {_kind(made)}",
        train=partial(_endless if hasattr(made, "__next__") else _made, train),
        steps=steps,
        parts=dict(zip(("val", "test"), (found * 2)[:2], strict=True)),
        first=_first(made),
    )


def _said(data: Any) -> str:
    return _kind(data) or type(data).__name__


def _made(data: Any, seed: int) -> Any:
    """Returns batches, of a function those that it returns, drawn from a run's seed."""
    keras.utils.set_random_seed(derived_seed(seed, "batches"))
    return data() if _is_function(data) else data


def _endless(make: Callable[[], Any], seed: int) -> Iterator[Any]:
    """Yields what generators yield, a fresh one wherever one ends."""
    keras.utils.set_random_seed(derived_seed(seed, "batches"))
    while True:
        yield from make()


def _check(data: Any, part: str, steps: int | None, argument: str) -> None:
    """Raises ZooError unless batches can be read, more than once, and have an end."""
    if hasattr(data, "__next__"):
        raise ZooError(
            f"A generator can be read only once. Received: one as {part} data. Give a function "
            "that returns a new one, without calling it: data=(batches, ...)"
        )
    try:
        made = _made(data, 0)
    except TypeError as error:
        raise ZooError(
            f"The function of the {part} data must take no arguments. Received: {error}"
        ) from error
    if not _kind(made) or _is_function(made):
        raise ZooError(
            f"The function of the {part} data must return a dataset or a generator. "
            f"Received: {shown(made)}"
        )
    endless = hasattr(made, "cardinality") and int(made.cardinality()) == INFINITE
    nameless = isinstance(made, keras.utils.PyDataset) and made.num_batches is None
    if steps is None and (endless or nameless or hasattr(made, "__next__")):
        raise ZooError(
            f"The {part} data do not say where an epoch ends: {_kind(made)}. Give {argument}, a "
            "number of batches."
        )


def _kept(data: Any, steps: int | None) -> Any:
    """Returns batches that can be read again and again; those of a generator are kept."""
    made = _made(data, 0)
    if hasattr(made, "__next__"):
        return _Batches(list(itertools.islice(made, steps)))
    return made if steps is None or not hasattr(made, "take") else made.take(steps)


class _Batches(keras.utils.PyDataset):
    """Batches that lie in the memory."""

    def __init__(self, batches: Sequence[Any]) -> None:
        super().__init__()
        self._batches = batches

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> Any:
        return self._batches[index]


def _first(made: Any) -> tuple[Any, Any]:
    """Returns features and labels of a first batch as NumPy arrays.

    Raises:
        ZooError: If there is none, or it is no pair.
    """
    batch = made[0] if isinstance(made, keras.utils.PyDataset) else next(iter(made), None)
    if not isinstance(batch, tuple | list) or not 2 <= len(batch) <= 3:
        what = "none" if batch is None else f"{type(batch).__name__}"
        raise ZooError(
            "Batches must be tuples (x, y) or (x, y, sample_weight). Received: "
            + (f"one of {len(batch)}" if isinstance(batch, tuple | list) else what)
        )
    x, y = (keras.tree.map_structure(_plain, _lists(each)) for each in batch[:2])
    if not all(each.ndim for each in inputs_of(y)):
        raise ZooError(
            "Batches must hold several examples. Received: one, without an axis for more. Call "
            "dataset.batch(32)."
        )
    return x, y


def _plain(tensor: Any) -> Any:
    return np.asarray(keras.ops.convert_to_numpy(tensor))


def _lists(nested: Any) -> Any:
    """Returns tuples of arrays as lists, as the inputs of a network have them."""
    return list(nested) if isinstance(nested, tuple) else nested


def has_several(data: Any) -> bool:
    """Returns whether labels are those of several outputs: a dict, or a list of arrays."""
    if not isinstance(data, tuple | list) or not 2 <= len(data) <= 3:
        return False
    x, y = data[0] if are_pairs(data) else data[:2]
    if isinstance(y, Mapping):
        return True
    first = inputs_of(_lists(x))[0]
    if not isinstance(y, tuple | list) or not y or not hasattr(first, "__len__"):
        return False
    return len(y) != len(first) and all(getattr(each, "shape", ()) for each in y)


def of_outputs(
    data: Any, validation_split: float | None, batch_size: int, sample_weight: Any
) -> Stream:
    """Returns arrays with labels for several outputs, in batches ordered by each run's seed.

    Args:
        data: Pairs `(x, y)` of training, validation and perhaps test examples, or one pair; y is a
            list or dict of labels.
        validation_split: Share of the last examples that validate, if there is one pair.
        batch_size: Examples a step.
        sample_weight: A number for each training example, or a list or dict of such; or None.

    Raises:
        ZooError: If they do not fit together.
    """
    pairs = list(data) if are_pairs(data) else [data]
    if len(pairs) > 1 and validation_split is not None:
        raise ZooError(
            "`validation_split` is for data=(x, y) without validation examples. Received: "
            f"it and {len(pairs)} pairs. Leave it out."
        )
    parts = [_examples(x, y, part) for (x, y), part in zip(pairs, PARTS, strict=False)]
    (x, y), examples = parts[0], len(inputs_of(parts[0][0])[0])
    weights = () if sample_weight is None else (_mapped(of_examples, sample_weight, examples),)
    whole, first = (x, y, *weights), examples
    if len(parts) == 1:
        first = first_held_out(examples, SHARE if validation_split is None else validation_split)
        parts.append(tuple(rows(each, slice(first, None)) for each in whole))
        whole = tuple(rows(each, slice(first)) for each in whole)
    if batch_size > first:
        raise ZooError(
            f"`batch_size` must not exceed the {first} training examples. Received: "
            f"batch_size={batch_size}"
        )
    return Stream(
        why=f"there are labels for {len(inputs_of(y))} outputs",
        train=partial(_ordered, whole, first, batch_size),
        steps=first // batch_size,
        parts={"val": _tuples(parts[1]), "test": _tuples(parts[-1])},
        first=(rows(x, slice(3)), rows(y, slice(3))),
    )


def _mapped(function: Callable[..., Any], nested: Any, *others: Any) -> Any:
    if isinstance(nested, Mapping):
        return {name: function(each, *others) for name, each in nested.items()}
    several = isinstance(nested, tuple | list) and hasattr(nested[0], "__len__")
    return [function(each, *others) for each in nested] if several else function(nested, *others)


def _examples(x: Any, y: Any, part: str) -> tuple[Any, Any]:
    """Returns checked features, and labels for every output as a list or dict."""
    labels = _mapped(lambda each: labels_of(each, part), _lists(y))
    labels = keras.tree.map_structure(_numbers, labels)
    lengths = {len(each) for each in inputs_of(labels)}
    features = features_of(x, max(lengths), part)
    lengths |= {len(each) for each in inputs_of(features)}
    if len(lengths) > 1:
        raise ZooError(
            f"x and y of the {part} part must have the same length. Received: {sorted(lengths)}"
        )
    return features, labels


def _numbers(labels: Any) -> Any:
    if labels.dtype.kind == "U":
        raise ZooError(
            "Labels of several outputs must be numbers. Received: words, such as "
            f"{str(labels.ravel()[0])!r}. Number them from 0."
        )
    return labels.astype(np.int32 if labels.dtype.kind in "iu" else np.float32)


def _tuples(parts: tuple[Any, ...]) -> tuple[Any, ...]:
    """Returns lists of arrays as tuples, as TensorFlow takes a list for one array."""
    return tuple(tuple(each) if isinstance(each, list) else each for each in parts)


def _ordered(arrays: tuple[Any, ...], examples: int, size: int, seed: int) -> Iterator[Any]:
    """Yields full batches without end, every epoch in the order that the seed gives it."""
    for epoch in itertools.count():
        order = epoch_order(examples, seed, epoch)
        for start in range(0, examples - size + 1, size):
            yield _tuples(tuple(rows(each, order[start : start + size]) for each in arrays))
