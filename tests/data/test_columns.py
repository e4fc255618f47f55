"""What columns hold, and which of them teach nothing."""

import numpy as np
import pandas as pd
import pytest

from zoo.data.columns import CATEGORY, DATE, NUMBER, Column, column_of, quoted, useless
from zoo.errors import ZooError

ROWS = np.arange(30)
DAYS = [f"2024-01-{day:02d}" for day in range(1, 21)]
LABELS = ROWS % 3


def column(values, comma="thousands", name="it"):
    return column_of(name, pd.Series(values), comma, lambda row: f"line {row + 2}")


@pytest.mark.parametrize(
    ("values", "comma", "numbers"),
    [
        ([1, 2, 3], "thousands", [1, 2, 3]),
        ([1.5, None, 3], "thousands", [1.5, np.nan, 3]),
        ([True, False, True], "thousands", [1, 0, 1]),
        ([True, None, False], "thousands", [1, np.nan, 0]),
        (["1", " 2 ", "?"], "thousands", [1, 2, np.nan]),
        (["5%", "50 %", "NA"], "thousands", [5, 50, np.nan]),
        (["1,000", "2,500.5", "3"], "thousands", [1000, 2500.5, 3]),
        (["1,000", "2,5", "3"], "decimal", [1, 2.5, 3]),
        (["1.234,5", "-0,25"], "decimal", [1234.5, -0.25]),
        (["$3", "$4.50"], "thousands", [3, 4.5]),
        (pd.array([1, None, 3], dtype="Int64"), "thousands", [1, np.nan, 3]),
    ],
)
def test_numbers(values, comma, numbers):
    found = column(values, comma)
    assert found.kind == NUMBER
    np.testing.assert_array_equal(found.values, numbers)
    assert found.missing == int(np.isnan(numbers).sum())


def test_words_are_places_among_all_that_occur_and_missing_is_the_last():
    found = column(["b", "a", None, " a ", "?", "b"])
    assert (found.kind, found.categories, found.missing) == (CATEGORY, ("a", "b", "missing"), 2)
    assert found.values.tolist() == [1, 0, 2, 0, 2, 1]


def test_few_values_may_be_numbers_and_words():
    found = column(["0", "1", "2", "3+"] * 5)
    assert (found.kind, found.categories) == (CATEGORY, ("0", "1", "2", "3+"))


@pytest.mark.parametrize(
    ("texts", "parts"),
    [
        (["2024-01-02", "2024-03-05", "2025-03-06"], 5),  # year, month, day, weekday, days
        (["05.01.2024", "25.01.2024", "26.01.2024"], 3),  # one month: day, weekday, days
        (["2024-01-02 10:00", "2024-01-02 11:30", "2024-01-02 11:45"], 2),  # one day: hour, days
    ],
)
def test_dates_have_parts_that_vary(texts, parts):
    found = column(texts)
    assert (found.kind, found.values.shape) == (DATE, (3, parts))
    times = pd.to_datetime(texts, dayfirst="." in texts[0])
    days = (times - times[0]) / pd.Timedelta(days=1)
    assert any(np.allclose(part, days) for part in found.values.T)


def test_missing_dates_are_missing_in_every_part():
    found = column(["2024-01-02", None, "2025-03-06"])
    assert (found.kind, found.missing) == (DATE, 1)
    assert np.isnan(found.values[1]).all()


@pytest.mark.parametrize("values", [[None, None], ["", "NA"], [np.nan, np.nan]])
def test_an_empty_column_is_said_to_be_empty(values):
    assert column(values) == "is empty"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([*map(str, range(20)), "many"], "'it' holds text: 'many' in line 22.*\n.*--drop it"),
        ([*DAYS, "2024-02-30"], "'it' holds no date: '2024-02-30' in line 22.*\n.*--drop it"),
        (["", "unknown", *DAYS], "'it' holds no date: 'unknown' in line 3"),
        ([1.0, np.inf], "'it' has 1 values.*first is inf in line 3"),
        ([1.0, 1e39, 2e39], "'it' has 2 values.*line 3"),
    ],
)
def test_a_wrong_value_is_shown_with_its_line(values, message):
    with pytest.raises(ZooError, match=message):
        column(values)


def useful(values, **given):
    found = column(values, **given)
    return useless(found, LABELS, ROWS)


NOISE = np.random.default_rng(0).integers(0, 500, 30)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (NOISE, ""),
        (ROWS, "numbers the rows"),
        (ROWS + 1001, "numbers the rows"),
        (np.random.default_rng(0).permutation(30) + 1, "numbers the rows"),
        (ROWS[::-1] - 40, ""),  # another scale that falls
        (ROWS / 2, ""),
        ([f"{row}%" for row in ROWS], ""),
        ([f"K{row}" for row in ROWS], "has another value in every row"),
        ([7] * 30, "holds one value"),
        (["x"] * 30, "holds one value"),
        ([7] * 29 + [None], ""),
        (["xyz"[label] for label in LABELS], "repeats the target"),
        (LABELS * -2.5, "repeats the target"),
        ([[1, 1, 2][label] for label in LABELS], ""),
        ([f"K{row // 2}" for row in ROWS], ""),
        ([f"K{min(row, 25)}" for row in ROWS], "has 26 different texts in 30 rows"),
    ],
)
def test_what_teaches_nothing(values, reason):
    assert useful(values) == reason


@pytest.mark.parametrize(
    ("name", "is_key"),
    [
        ("id", True),
        ("patient_id", True),
        ("customerID", True),
        ("unnamed 1", True),
        ("paid", False),
    ],
)
def test_whole_numbers_that_never_repeat_are_a_key_if_they_are_called_so(name, is_key):
    reason = useful(ROWS**2, name=name)
    assert reason == ("has another value in every row" if is_key else "")


def test_a_category_of_too_many_texts():
    rows = np.arange(200)
    found = column([f"K{row % 50}" for row in rows])
    assert useless(found, rows % 3, rows) == "has 50 different texts, more than 40"


def test_a_date_of_one_day_holds_one_value():
    assert useless(column(["2024-01-02"] * 30), LABELS, ROWS) == "holds one value"


def test_rows_without_a_label_do_not_hide_a_number_of_the_rows():
    kept = np.delete(ROWS, [3, 4])
    found = Column("it", NUMBER, kept.astype(float), counts=True)
    assert useless(found, kept % 3, kept) == "numbers the rows"


def test_names_with_blanks_are_quoted():
    assert quoted(["a", "b c"]) == 'a,"b c"'
