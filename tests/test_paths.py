import keras
import numpy as np
import pytest
from keras import ops, optimizers

from zoo.paths import Path, follow

START = np.array([1.0, -2.0, 0.5])


def bowl(x):
    """A height whose slope is the place."""
    return x**2 / 2


def test_a_path_begins_at_the_start_and_goes_down_the_slope():
    places = Path(optimizers.SGD(0.5), bowl, (3,), 4)(START)
    # Half of the slope, which is the place, is subtracted each time.
    np.testing.assert_array_equal(places, START * 0.5 ** np.arange(5)[:, None])
    assert places.dtype == np.float64


@pytest.mark.parametrize(
    "make",
    [
        lambda: optimizers.SGD(0.25, momentum=0.5, nesterov=True),
        lambda: optimizers.Adagrad(0.25),
        lambda: optimizers.Adam(0.25),
    ],
)
def test_a_path_is_that_of_steps_by_hand_and_begins_anew_at_each_call(make):
    noise = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")
    optimizer, place = make(), keras.Variable(START, dtype="float64")
    by_hand = [START]
    for added in noise:
        optimizer.apply([ops.convert_to_tensor(by_hand[-1] + added)], [place])
        by_hand.append(ops.convert_to_numpy(place))
    path = Path(make(), bowl, (3,), 6)
    first = path(START, noise)
    np.testing.assert_allclose(first, by_hand, rtol=1e-12)
    path(2 * START)
    np.testing.assert_array_equal(path(START, noise), first)


def test_a_path_may_have_another_learning_rate_for_one_call():
    path = Path(optimizers.SGD(0.5), bowl, (3,), 2)
    np.testing.assert_array_equal(path(START, learning_rate=0.25)[1], 0.75 * START)
    np.testing.assert_array_equal(path(START)[1], 0.5 * START)


def test_places_may_have_rows_and_slopes_may_be_one_for_all():
    start = np.array([[1.0, 2.0], [3.0, 4.0]])
    places = Path(optimizers.SGD(0.5), ops.zeros_like, (2, 2), 3)(start, 2.0)
    np.testing.assert_array_equal(places, start - np.arange(4)[:, None, None])


def test_a_formula_is_followed_with_its_memories_and_numbers():
    def step(place, first, second, number, slope):
        return place - slope(place), first + number, second + 1

    places, memories = follow(step, START, np.zeros((3, 3)), steepness=0.5)
    np.testing.assert_array_equal(places, START * 0.5 ** np.arange(4)[:, None])
    # 0, 1, 1 + 2 and 1 + 2 + 3.
    np.testing.assert_array_equal(memories[:, 0], [0, 1, 3, 6])


def test_what_is_added_to_a_formulas_slopes_is_that_of_the_step():
    def step(place, first, second, number, slope):
        return place - slope(place), first, second

    places, _ = follow(step, np.zeros(1), [[1.0], [10.0], [100.0]])
    np.testing.assert_array_equal(places[:, 0], [0, -1, -11, -111])
