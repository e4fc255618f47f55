"""Excel sheets with a title above the names, or names in two rows."""

import numpy as np
import pandas as pd
import pytest

from zoo import data
from zoo.data.told import lines_of
from zoo.errors import ZooError

ROWS = [[value, -value, kind] for value, kind in zip(np.linspace(0, 1, 12), "xy" * 6, strict=True)]
NAMES = ["a", "b", "kind"]


def load(tmp_path, *above, rows=ROWS):
    path = tmp_path / "mine.xlsx"
    pd.DataFrame([*above, *rows]).to_excel(path, header=False, index=False)
    return data.load(str(path))


@pytest.mark.parametrize(
    ("above", "said"),
    [
        ([NAMES], "Excel"),
        ([["Report of 2024", None, None], NAMES], "Excel, 1 row above the names left out"),
        (
            [["Report", None, None], [None] * 3, NAMES],
            "Excel, 2 rows above the names left out",
        ),
    ],
)
def test_titles_are_left_out(tmp_path, above, said):
    found = load(tmp_path, *above)
    [line, *_] = lines_of(found)
    assert line.endswith(f"2 numbers (a, b), {said}")
    assert found.table["target"] == "kind"
    assert found.table["examples"] == 12


@pytest.mark.parametrize(
    "above",
    [
        [["measured", None, "judged"], NAMES],
        [NAMES, ["cm", "kg", "-"]],
        [["Title", None, None], NAMES, ["cm", None, "none"]],
    ],
)
def test_a_second_row_of_names_is_said(tmp_path, above):
    with pytest.raises(ZooError, match=f"row {len(above)} has words .* second row of names"):
        load(tmp_path, *above)


def test_examples_of_words_are_no_names(tmp_path):
    rows = [["red", "big", "x"], ["blue", "small", "y"], ["red", "small", "x"]] * 4
    rows[0] = ["blue", "big", "x"]
    assert load(tmp_path, NAMES, rows=rows).table["examples"] == 12
