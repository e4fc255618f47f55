"""Targets that are numbers: which they are, how they are split and scaled, and what is said."""

import numpy as np
import pandas as pd
import pytest

from zoo import data
from zoo.data import TableOptions
from zoo.data.numbers import repeats
from zoo.data.told import lines_of, notes_of
from zoo.errors import ZooError

ROWS = 40
GENERATOR = np.random.default_rng(0)
WORDS = ["low", "high"] * (ROWS // 2)
PRICE = GENERATOR.normal(10, 3, ROWS)


def frame(target, **columns):
    return pd.DataFrame({"a": GENERATOR.normal(size=ROWS), **columns, "target": target})


@pytest.mark.parametrize(
    ("target", "task", "numbers"),
    [
        (PRICE, None, True),
        ([f"{value:.2f} €".replace(".", ",") for value in PRICE], None, True),
        (np.arange(ROWS) % 11, None, True),
        (np.arange(ROWS) % 10, None, False),
        (np.arange(ROWS) % 10, "regression", True),
        (np.arange(ROWS) % 11, "classification", False),
        (WORDS, None, False),
        ([value == "low" for value in WORDS], None, False),
        ([f"{place % 12} rooms" for place in range(ROWS)], None, False),
    ],
)
def test_numbers_of_more_than_ten_values_are_predicted(target, task, numbers):
    found = data.load(frame(target), table=TableOptions(task=task))
    assert found.of_numbers == numbers
    assert (found.num_classes == 1) == numbers
    assert found.y_train.dtype == (np.float32 if numbers else np.int32)
    assert any(line.startswith("target") for line in lines_of(found)) == numbers


def test_the_training_part_of_each_draw_scales_the_target():
    draws = data.load_draws(frame(PRICE))
    for seed in (0, 1):
        own = draws.of(seed)
        mean, deviation = own.target_scale
        assert own.y_train.mean() == pytest.approx(0, abs=1e-6)
        assert own.y_train.std() == pytest.approx(1, abs=1e-6)
        every = np.concatenate([own.y_train, own.y_validation, own.y_test]) * deviation + mean
        np.testing.assert_allclose(np.sort(every), np.sort(PRICE), atol=1e-5)
    assert draws.of(0).target_scale != draws.of(1).target_scale
    # A fifth of 40 is tested on, a fifth of the rest validates.
    assert [len(part) for part in (own.y_train, own.y_validation, own.y_test)] == [26, 6, 8]


def test_what_is_done_is_told():
    target = pd.Series(PRICE).astype(object)
    target[3] = "?"
    table = frame(target, kind=WORDS, double=2 * PRICE + 1)
    lines = lines_of(data.load(table))
    assert "left out  double repeats the target (--keep double)" in lines
    [told] = [line for line in lines if line.startswith("target")]
    assert "'target' is a number from " in told
    assert "1 row without a label left out, the first in row 4" in told
    assert "or is it another column, as with --target kind?" in told
    assert "another column" not in "".join(notes_of(data.load(table).table))
    kept = data.load(table, table=TableOptions(keep=("double",), examples=20, target="target"))
    assert "another column" not in "".join(lines_of(kept))
    assert len(kept.y_train) + len(kept.y_validation) + len(kept.y_test) == 20
    assert kept.table["numbers"]["lowest"] >= PRICE.min() - 1e-4


@pytest.mark.parametrize(
    ("target", "task", "message"),
    [
        (WORDS, "regression", "takes numbers in column 'target'. Received: 'low' in row 1"),
        ([1.5] * ROWS, "regression", "is 1.5 in every row"),
        ([*PRICE[:15], *[None] * 25], None, "25 of 40 rows"),
    ],
)
def test_what_cannot_be_predicted_is_said(target, task, message):
    with pytest.raises(ZooError, match=message) as caught:
        data.load(frame(target), table=TableOptions(task=task))
    assert len(str(caught.value).splitlines()) <= 2


def test_arrays_of_fractions_are_predicted_and_keep_their_test_part(tmp_path):
    arrays = {"x_train": np.ones((ROWS, 2)), "y_train": PRICE[:, None]}
    arrays |= {"x_test": np.ones((5, 2)), "y_test": np.arange(5.0)}
    np.savez(tmp_path / "mine.npz", **arrays)
    found = data.load_draws(str(tmp_path / "mine.npz"))
    mean, deviation = found.target_scale
    assert found.keeps_test
    np.testing.assert_allclose(found.y_test * deviation + mean, np.arange(5.0), atol=1e-5)
    assert lines_of(found)[1].startswith("target    a number, mean ")


def test_named_data_sets_have_classes():
    with pytest.raises(ZooError, match="digits has classes"):
        data.load("digits", table=TableOptions(task="regression"))
    with pytest.raises(ZooError, match="`--task` must be classification or regression"):
        TableOptions(task="ranking")


def test_a_column_repeats_a_target_on_a_straight_line_only():
    assert repeats(3 - PRICE / 7, PRICE)
    assert not repeats(PRICE**2, PRICE)
    assert not repeats(np.where(PRICE > 10, np.nan, PRICE), PRICE)


def test_a_target_that_numbers_the_rows_is_none():
    with pytest.raises(ZooError, match="'target' numbers the rows, so it is no target"):
        data.load(frame(np.arange(ROWS)))
    assert data.load(frame(np.arange(ROWS)), table=TableOptions(task="regression")).of_numbers


def test_nine_numbers_are_too_few():
    few = frame(PRICE).head(9)
    with pytest.raises(ZooError, match=r"another number in each of its 9 rows.*at least 10 exam"):
        data.load(few)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ([*PRICE[:-1].round(2), "seventy"], r"holds text: 'seventy' in row 40.*\n.*--task class"),
        ([f"{value:.3f} kg" for value in PRICE], "numbers with a unit. Remove 'kg'"),
        ([*PRICE[:-1], np.inf], "infinite or beyond float32; the first is inf in row 40"),
        ([*PRICE[:-1], 1e300], "infinite or beyond float32; the first is 1e.300 in row 40"),
    ],
)
def test_what_is_nearly_a_number_is_named(target, message):
    with pytest.raises(ZooError, match=message) as caught:
        data.load(frame(target))
    assert len(str(caught.value).splitlines()) <= 2
