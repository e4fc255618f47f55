import numpy as np
import pytest

from zoo.advice.paired import gap_of_classes, gap_of_numbers, mcnemar_p


@pytest.mark.parametrize(
    ("first", "second", "p"),
    [(0, 0, 1), (5, 5, 1), (0, 5, 2 / 32), (1, 7, 2 * 9 / 256), (8, 0, 2 / 256)],
)
def test_mcnemar_is_exact(first, second, p):
    assert mcnemar_p(first, second) == pytest.approx(p)


def test_single_models_are_compared_row_by_row():
    first, second = np.array([[1, 1, 0, 0, 0, 0, 0]]), np.array([[1, 0, 1, 1, 1, 1, 1]])
    found = gap_of_classes(first, second)
    assert found.mean == pytest.approx(4 / 7)
    assert found.p == pytest.approx(2 * (1 + 6) / 64)
    assert found.low < found.mean < found.high


def test_networks_are_compared_over_rows_and_seeds():
    draw = np.random.default_rng(0)
    first = draw.random((5, 200)) < 0.7
    second = first | (draw.random((5, 200)) < 0.5)
    found = gap_of_classes(first, second)
    assert found.mean == pytest.approx(second.mean() - first.mean())
    assert 0 < found.low < found.mean < found.high
    assert found.p < 0.001
    same = gap_of_classes(first, first)
    assert (same.mean, same.p) == (0, 1)


def test_numbers_are_compared_by_r2():
    truth = np.array([0.0, 2.0] * 50)  # variance 1
    worse, better = np.full((1, 100), 0.5), np.full((1, 100), 0.25)
    found = gap_of_numbers(worse, better, truth)
    assert found.mean == pytest.approx(0.25)
    assert found.low <= 0.25 <= found.high
    assert found.p < 0.001
    assert gap_of_numbers(better, better, truth).p == 1
    assert gap_of_numbers(better, worse, np.ones(100)).mean == 0
