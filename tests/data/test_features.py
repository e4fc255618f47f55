"""Features of columns: the same width for every training part, medians of its own."""

import numpy as np

from zoo.data.columns import CATEGORY, DATE, NUMBER, Column
from zoo.data.features import Features, encoded

NAN = np.nan


def test_plain_numbers_are_the_features():
    columns = [Column("a", NUMBER, np.array([1.0, 2.0])), Column("b", NUMBER, np.array([3.0, 4.0]))]
    x, features = encoded(columns)
    assert features is None
    assert x.tolist() == [[1, 3], [2, 4]]


def test_missing_numbers_have_the_training_parts_median_and_a_mark():
    x, features = encoded([Column("a", NUMBER, np.array([1.0, NAN, 2.0, 9.0]), missing=1)])
    assert x[:, 1].tolist() == [0, 1, 0, 0]
    for train, median in (([0, 2], 1.5), ([0, 2, 3], 2), ([0, 3], 5)):
        assert features(x[train])(x).tolist() == [[1, 0], [median, 1], [2, 0], [9, 0]]
    # A training part in which all are missing has no median.
    assert features(x[[1]])(x)[1].tolist() == [0, 1]


def test_categories_are_those_of_the_whole_table():
    column = Column("c", CATEGORY, np.array([0.0, 2.0, 1.0]), ("r", "g", "b"))
    x, features = encoded([column])
    assert features == Features((3,))
    assert features(x[:1])(x).tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]


def test_two_categories_make_one_feature():
    x, features = encoded([Column("c", CATEGORY, np.array([0.0, 1.0]), ("no", "yes"))])
    assert features(x)(x).tolist() == [[0], [1]]


def test_the_width_is_known_before():
    columns = [
        Column("d", DATE, np.array([[1.0, 2.0], [NAN, NAN]]), missing=1),
        Column("c", CATEGORY, np.array([0.0, 2.0]), ("r", "g", "b")),
        Column("a", NUMBER, np.array([1.0, 2.0])),
    ]
    x, features = encoded(columns)
    assert features.categories == (0, 0, 0, 3, 0)
    assert features(x)(x).shape == (2, features.width) == (2, 2 + 1 + 3 + 1)
