import numpy as np
import pandas as pd
import pytest

from zoo.data.arrays import inputs_of, numbered, pairs_of, rows, shapes_of, single
from zoo.errors import ZooError

X = np.arange(20.0).reshape(10, 2)
Y = np.arange(10) % 2


def test_pairs_become_three_parts_of_float32():
    train, validation, test = pairs_of(((X, Y), (X[:4], Y[:4])))
    assert train[0].dtype == np.float32
    np.testing.assert_array_equal(train[0], X)
    np.testing.assert_array_equal(train[1], Y)
    assert validation[0] is test[0]
    assert len(pairs_of(((X, Y), (X[:4], Y[:4]), (X[:3], Y[:3])))[2][1]) == 3


@pytest.mark.parametrize(("share", "first"), [(None, 8), (0.3, 7), (0.25, 7), (0.01, 9)])
def test_one_pair_is_split_as_keras_splits(share, first):
    # Keras trains on the first floor(n * (1 - share)) examples.
    (x, y), (x_validation, y_validation), _ = pairs_of((X, Y), share)
    np.testing.assert_array_equal(x, X[:first])
    np.testing.assert_array_equal(y, Y[:first])
    np.testing.assert_array_equal(x_validation, X[first:])
    np.testing.assert_array_equal(y_validation, Y[first:])


def test_features_may_be_tables_vectors_lists_and_several_inputs():
    frame = pd.DataFrame(X, columns=["a", "b"])
    (x, y), *_ = pairs_of((frame, pd.Series(Y)))
    np.testing.assert_array_equal(x, X[:8])
    assert y.shape == (8,)
    assert pairs_of((X[:, 0], Y))[0][0].shape == (8, 1)
    assert pairs_of((X.tolist(), Y.tolist()))[0][0].shape == (8, 2)
    several = [X, X[:, :1]]
    (x, y), (held_out, _), _ = pairs_of((several, Y))
    assert [each.shape for each in x] == [(8, 2), (8, 1)]
    assert [each.shape for each in held_out] == [(2, 2), (2, 1)]
    named = {"first": X, "second": X[:, :1]}
    (x, _), *_ = pairs_of(((named, Y), (named, Y)))
    assert shapes_of(x) == {"first": (2,), "second": (1,)}
    assert len(inputs_of(x)) == 2
    np.testing.assert_array_equal(rows(x, slice(1, 3))["first"], X[1:3])


def with_value(value):
    x = X.copy()
    x[3, 1] = value
    return x


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e39])
def test_features_that_are_no_finite_float32_are_refused(value):
    with pytest.raises(ZooError, match=r"x of the validation part has 1 values .*\[3, 1\]"):
        pairs_of(((X, Y), (with_value(value), Y)))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (X, "pairs of arrays. Received: ndarray"),
        ((X,), "a tuple of 1"),
        ((X, Y, X), "a tuple of 3"),
        ((X, Y[:9]), "same length"),
        ((X[:0], Y[:0]), "must have examples"),
        (((X, Y), (X[:, :1], Y)), r"same shape. Received: \(2,\), \(1,\)"),
        ((np.array([["a"]] * 10), Y), "array of numbers.*TextVectorization"),
        ((pd.DataFrame({"a": ["u"] * 10, "b": 1}), Y), "array of numbers"),
        ((X, None), "array of labels"),
        ((X, np.where(Y, np.nan, 1.0)), "missing, NaN or infinite, the first in row 1"),
        ((X, [None, *Y[1:].tolist()]), "the first in row 0"),
        ((X, pd.array([1, None] * 5)), "the first in row 1"),
        ((X, np.array(["a", 1] * 5, object)), "words and 1"),
        ((X, np.repeat(["a", None], 5)), "words and None"),
        ((X, np.repeat([0, 1, 2], [4, 4, 2])), r"lack \(2\): the data are sorted"),
        ((X[:1], Y[:1]), "cannot be split"),
    ],
)
def test_what_cannot_be_trained_on_is_refused(data, said):
    with pytest.raises(ZooError, match=said):
        pairs_of(data)


@pytest.mark.parametrize("share", [0, 1, 1.5, -0.1, True, "half", np.nan])
def test_a_share_lies_between_0_and_1(share):
    with pytest.raises(ZooError, match="`validation_split` must lie between 0 and 1"):
        pairs_of((X, Y), share)


def test_a_share_is_for_one_pair():
    with pytest.raises(ZooError, match="for data=\\(x, y\\)"):
        pairs_of(((X, Y), (X, Y)), 0.2)


@pytest.mark.parametrize(
    ("labels", "places", "codes", "names"),
    [
        ([0, 2, 1], 3, [0, 2, 1], "012"),
        ([0, 1], 4, [0, 1], "0123"),  # an output may have no label
        ([0.0, 1.0], 2, [0, 1], "01"),
        ([-1, 1, -1], 2, [0, 1, 0], ("-1", "1")),
        ([-1, 1], 3, [0, 1], ("-1", "1")),
        ([1, 2, 3], 3, [0, 1, 2], "123"),
        (["no", "yes", "no"], 2, [0, 1, 0], ("no", "yes")),
    ],
)
def test_labels_are_numbered_from_0_if_they_are_not(labels, places, codes, names):
    (found, other), named = numbered([np.array(labels), np.array(labels[:1])], places)
    assert found.tolist() == codes
    assert other.tolist() == codes[:1]
    assert found.dtype == np.int32
    assert named == tuple(names)


@pytest.mark.parametrize(
    ("labels", "places", "said"),
    [
        ([0, 1, 2], 2, "outputs for 2 classes.* 3 labels: 0, 1, 2. Received: label 2 without"),
        (["a", "b", "c"], 2, "label c without"),
        ([0.5, 1.0], 2, "Received: a label of 0.5"),
    ],
)
def test_labels_without_an_output_are_named(labels, places, said):
    with pytest.raises(ZooError, match=said):
        numbered([np.array(labels)], places)


def test_words_in_one_part_and_numbers_in_another_are_refused():
    with pytest.raises(ZooError, match="must be words, or none"):
        numbered([np.array([0, 1]), np.array(["0", "1"])], 2)


def test_a_label_an_example_of_columns_and_one_hot_labels():
    assert single(np.array([2, 0])).tolist() == [2, 0]
    assert single(np.array([[2], [0]])).tolist() == [2, 0]
    assert single(np.array([["a"], ["b"]])).tolist() == ["a", "b"]
    assert single(np.eye(3)[[2, 0]]).tolist() == [2, 0]
    for other in (np.ones((2, 2)), np.array([[0.5, 0.5]]), np.zeros((2, 3)), np.eye(2)[None]):
        with pytest.raises(ZooError, match="one label an example"):
            single(other)
