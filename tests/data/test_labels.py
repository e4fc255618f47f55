"""The target of a table."""

import numpy as np
import pandas as pd
import pytest

from zoo.data.labels import labels_of, typed
from zoo.errors import ZooError


def labels(values, keep=False):
    series = pd.Series(values, dtype=object)
    return labels_of("mine.csv", "kind", series, lambda row: f"line {row + 2}", keep)


def test_rows_without_a_label_are_left_out_and_told():
    found = labels(["x", "y", "NA", None] + ["x", "y"] * 3)
    assert found.rows.tolist() == [0, 1, *range(4, 10)]
    assert found.counts == {"x": 4, "y": 4}
    [note] = found.notes
    assert note.startswith("2 rows without a label left out, the first in line 4; --keep kind")


def test_missing_may_be_a_class():
    found = labels(["x", "NA"] * 5, keep=True)
    assert (found.counts, list(found.notes)) == ({"NA": 5, "x": 5}, [])


def test_most_rows_have_a_label():
    with pytest.raises(ZooError, match=r"line 3 \(''\), and in 6 of 10 rows"):
        labels(["x", "", "", "", "", "", "", "y", "x", "y"])


def test_few_rows_of_rare_classes_are_left_out_and_many_are_not():
    found = labels(["x", "y"] * 20 + ["z", "w"])
    assert found.counts == {"x": 20, "y": 20}
    assert list(found.notes) == ["2 rows of w, z left out, as a class needs 3 examples"]
    assert labels(["x", "y"] * 5 + ["z"]).counts == {"x": 5, "y": 5, "z": 1}


@pytest.mark.parametrize(
    ("values", "classes", "told"),
    [
        (["Yes", "yes", "Yes", "No"] * 3, {"No": 3, "Yes": 9}, ["yes read as Yes"]),
        (["a", "A", "b"] * 3, {"A": 3, "a": 3, "b": 3}, []),  # of letters both may be meant
        ([1.0, 2.0] * 3, {"1": 3, "2": 3}, []),
        ([True, False] * 3, {"False": 3, "True": 3}, []),
        (["-1", "1"] * 3, {"-1": 3, "1": 3}, []),
        ([b"u", b"v"] * 3, {"u": 3, "v": 3}, []),
    ],
)
def test_classes(values, classes, told):
    found = labels(values)
    assert (found.counts, list(found.notes)) == (classes, told)


def test_labels_are_numbers_where_all_are():
    assert typed(["10", "9"]).dtype.kind == "i"
    assert typed(["1.5", "2"]).dtype.kind == "f"
    np.testing.assert_array_equal(typed(["1", "one"]), ["1", "one"])
    assert typed([str(10**40)]).dtype.kind == "U"
