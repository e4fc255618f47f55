import itertools

import numpy as np
import pandas as pd
import pytest

from zoo.results.searches import best_of_k, importance, shares
from zoo.search_space import Dimension

SPACE = {
    "variant": Dimension("variant", choices=("a", "b", "c")),
    "lr": Dimension("lr", 1e-4, 1.0, "log"),
    "units": Dimension("units", choices=(8, 16)),
}


def test_the_best_of_k_is_that_of_all_subsets():
    score = np.array([1.0, 2.0, 3.0, 5.0])
    low, middle, high = best_of_k(score)
    for size in (1, 2, 3, 4):
        best = [max(each) for each in itertools.combinations(score, size)]
        assert low[size - 1] >= min(best)
        assert high[size - 1] == 5.0
        assert middle[size - 1] in best
    assert low[3] == 5.0
    assert middle[1] in (3.0, 5.0)  # half of the pairs have the 5


def test_what_decides_the_score_is_the_most_important():
    generator = np.random.default_rng(0)
    rates = 10 ** generator.uniform(-4, 0, 40)
    trials = pd.DataFrame(
        {
            "score": 1 - np.abs(np.log10(rates) + 1) / 4,
            "variant": generator.choice(["a", "b", "c"], 40),
            "lr": rates,
            "units": generator.choice([8.0, 16.0], 40),
        }
    )
    mean, deviation = importance(trials, SPACE)
    assert np.argmax(mean) == 1
    assert mean[1] > 5 * max(mean[0], mean[2])
    assert (deviation >= 0).all()


def test_values_lie_between_the_ends_of_their_axis():
    assert list(shares(SPACE["variant"], pd.Series(["a", "c", "b"]))) == [0.0, 1.0, 0.5]
    assert list(shares(SPACE["units"], pd.Series([16.0, 8.0]))) == [1.0, 0.0]
    assert list(shares(SPACE["lr"], pd.Series([1e-4, 1e-2]))) == [0.0, pytest.approx(0.5)]
