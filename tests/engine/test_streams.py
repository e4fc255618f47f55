"""Batches and labels of several outputs: what is recognised, and what is said of the others."""

import functools

import keras
import numpy as np
import pytest

from zoo.engine.streams import has_several, is_stream, of_batches, of_outputs
from zoo.errors import ZooError

X, Y = np.zeros((12, 5), np.float32), np.arange(12) % 3
PAIR = X, Y


class Batches(keras.utils.PyDataset):
    def __len__(self):
        return 3

    def __getitem__(self, index):
        own = slice(4 * index, 4 * index + 4)
        return X[own], Y[own]


class Endless(Batches):
    @property
    def num_batches(self):
        return None


def batches():
    for index in range(3):
        yield Batches()[index]


def of_one(batch):
    return lambda: iter([batch])


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (Batches(), True),
        ((Batches(), PAIR), True),
        ((PAIR, Batches()), True),
        ((batches, PAIR), True),
        (batches(), True),
        ((functools.partial(batches), PAIR), True),
        (PAIR, False),
        ((PAIR, PAIR), False),
        ("digits", False),
        (([X, X], Y), False),
        (None, False),
    ],
)
def test_what_is_read_in_batches(data, found):
    assert is_stream(data) is found


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ((X, [Y, Y]), True),
        ((X, {"a": Y}), True),
        (((X, [Y, Y]), (X, [Y, Y])), True),
        ((X, [Y, Y[:3]]), True),
        (([X, X], {"a": Y}), True),
        (PAIR, False),
        ((X, Y.tolist()), False),
        ((X, np.eye(3)[Y].tolist()), False),
        ((X, list(np.eye(3)[Y])), False),
        ((PAIR, PAIR), False),
        (([X, X], Y), False),
        ("digits", False),
        ((3, 4), False),
    ],
)
def test_labels_of_several_outputs(data, found):
    assert has_several(data) is found


def test_a_generator_begins_anew_and_its_validation_is_kept():
    found = of_batches((batches, batches), 3, 2)
    assert found.why == "`data` is a generator"
    own = found.train(0)
    ys = [next(own)[1].tolist() for _ in range(5)]
    assert ys[3:] == ys[:2]
    (kept,) = found.parts["val"]
    assert len(kept) == 2
    assert found.parts["test"] is found.parts["val"]


def test_what_a_function_draws_follows_the_seed():
    def drawn():
        yield np.random.normal(size=(4, 5)), Y[:4]  # noqa: NPY002 - as users do

    found = of_batches((drawn, PAIR), 1, None)
    first, again, other = (next(found.train(seed))[0] for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("data", "steps", "said"),
    [
        (Batches(), None, "must have validation data. Received: a PyDataset, Batches"),
        ((PAIR, Batches()), None, "must be batches to train on, if others are"),
        ((batches(), PAIR), 3, "read only once. Received: one as training data"),
        ((batches, PAIR), None, "do not say where an epoch ends: a generator"),
        ((Endless(), PAIR), None, "do not say where an epoch ends: a PyDataset, Endless"),
        ((Batches(), batches), None, "The validation data do not say.*Give validation_steps"),
        ((lambda seed: Batches(), PAIR), None, "must take no arguments"),
        ((lambda: None, PAIR), None, "must return a dataset or a generator. Received: None"),
        ((Batches(), None), None, "validation data must be batches, or a pair"),
        ((Batches(), (X, Y, Y, Y)), None, "validation data must be batches, or a pair"),
        ((of_one(X), PAIR), 1, r"tuples \(x, y\).*Received: ndarray"),
        ((of_one((X,)), PAIR), 1, r"tuples \(x, y\).*Received: one of 1"),
        ((lambda: iter([]), PAIR), 1, "Received: none"),
        ((of_one((X[0], Y[0])), PAIR), 1, r"several examples.*batch\(32\)"),
    ],
)
def test_wrong_batches(data, steps, said):
    with pytest.raises(ZooError, match=said) as told:
        of_batches(data, steps, None)
    assert len(str(told.value)) < 250


def test_arrays_come_in_the_order_of_a_seed():
    x = np.arange(12.0)[:, None]
    found = of_outputs((x, {"a": Y, "b": x[:, 0]}), 0.25, 3, np.arange(12))
    assert (found.steps, found.why) == (3, "there are labels for 2 outputs")
    own = found.train(0)
    seen = [next(own) for _ in range(6)]
    for features, labels, weights in seen:
        assert features[:, 0].tolist() == labels["b"].tolist() == weights.tolist()
    rows = [batch[0][:, 0].tolist() for batch in seen]
    for epoch in (rows[:3], rows[3:]):
        assert sorted(np.concatenate(epoch)) == list(range(9))
    assert rows[:3] != rows[3:]
    assert rows[0] != next(found.train(1))[0][:, 0].tolist()
    assert [part[0][:, 0].tolist() for part in found.parts.values()] == [[9, 10, 11]] * 2


@pytest.mark.parametrize(
    ("data", "given", "said"),
    [
        ((X, [Y, Y[:3]]), {}, "must have the same length. Received: .3, 12."),
        ((X[:4], [Y, Y]), {}, "must have the same length"),
        ((X, [Y, np.full(12, np.nan)]), {}, "12 labels that are missing"),
        ((X, [Y, np.array(list("abc" * 4))]), {}, "must be numbers. Received: words, such as 'a'"),
        ((X, {"a": Y}), {"batch_size": 10}, "must not exceed the 9 training examples"),
        ((X, {"a": Y}), {"validation_split": 2}, "between 0 and 1. Received: 2"),
        (((X, {"a": Y}), (X, {"a": Y})), {"validation_split": 0.5}, "without validation examples"),
        ((X, {"a": Y}), {"sample_weight": {"a": Y[:3]}}, "for each of the 12 examples"),
    ],
)
def test_wrong_labels_of_several_outputs(data, given, said):
    arguments = {"validation_split": None, "batch_size": 3, "sample_weight": None} | given
    with pytest.raises(ZooError, match=said):
        of_outputs(data, *arguments.values())
