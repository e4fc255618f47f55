import numpy as np
import pytest

from zoo.advice.held import examples_of, kept_back
from zoo.data.parts import checked
from zoo.errors import ZooError


def parts(rows=200, rare=50, test=0):
    x = np.arange(2.0 * rows).reshape(rows, 2)
    y = np.repeat([0, 1], [rows - rare, rare])
    given = (np.full((test, 2), -1.0), np.arange(test) % 2) if test else ()
    return checked(x, y, *given, source="mine")


def test_a_stratified_fifth_is_kept_back_and_asked_nothing():
    split = kept_back("mine", parts())
    assert (split.rows, split.held_out) == (160, 40)
    assert np.bincount(split.last.y_test).tolist() == [30, 10]
    held = set(split.last.x_test[:, 0])
    assert held.isdisjoint(split.asked.x[:, 0])
    draws = split.draws
    assert len(draws.y_train) + len(draws.y_validation) + len(draws.y_test) == 160


def test_the_users_own_test_part_is_kept_back():
    split = kept_back("mine", parts(test=30))
    assert (split.rows, split.held_out) == (200, 30)
    assert split.asked.x_test is None
    assert set(split.last.x_test.ravel()) == {-1.0}


def test_the_program_has_the_rows_that_were_kept_back(tmp_path):
    x, y = np.random.default_rng(0).normal(size=(300, 3)), np.arange(300) % 3
    np.savez(tmp_path / "mine.npz", x=x, y=y)
    split, data = (
        kept_back("mine", checked(x, y, source="mine")),
        examples_of(str(tmp_path / "mine.npz")),
    )
    assert (data.y_test == split.last.y_test).all()
    assert len(data.y_train) + len(data.y_validation) == split.rows
    assert abs(data.x_train.mean()) < 1e-6  # standardised


def test_rows_that_a_split_is_tested_on_are_known():
    x = np.random.default_rng(0).normal(size=(300, 3))
    split = kept_back("mine", checked(x, np.arange(300) % 3, source="mine"))
    raw = split.draws_with(lambda x_train: lambda given: given)
    for seed in (0, 5):
        rows = split.tested(seed)
        assert np.allclose(raw.of(seed).x_test, split.asked.x[rows])
        assert (raw.of(seed).y_test == split.asked.y[rows]).all()


@pytest.mark.parametrize(("given", "words"), [((199, 50), "199"), ((200, 9), "9 of 1")])
def test_too_few_rows_are_refused(given, words):
    with pytest.raises(ZooError, match=words) as refused:
        kept_back("mine", parts(*given))
    assert len(str(refused.value).splitlines()) <= 2
