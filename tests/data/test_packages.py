"""Real tables that come with packages: as many examples, features and classes as they have."""

from importlib import resources

import keras
import numpy as np
import pytest
from sklearn import datasets

import zoo
from benchmarks import tables
from zoo import data
from zoo.data import TableOptions

# Package and file, or what scikit-learn's loader is called; then options, examples, features, and
# classes or, of numbers, 1. What is left out or added follows from each: 61 of the 64 pixels of
# digits vary, a date of monthly prices makes 5 parts, and three stocks have months without a price.
TABLES = {
    "iris": ("load_iris", {}, 150, 4, 3),
    "wine": ("load_wine", {}, 178, 13, 3),
    "breast cancer": ("load_breast_cancer", {}, 569, 30, 2),
    "digits": ("load_digits", {}, 1797, 61, 10),
    "diabetes": ("load_diabetes", {}, 442, 10, 1),
    "diabetes raw": (("sklearn.datasets.data", "diabetes_data_raw.csv.gz"), {}, 442, 9, 1),
    "digits file": (("sklearn.datasets.data", "digits.csv.gz"), {}, 1797, 61, 10),
    "blobs": (("mlxtend.data.data", "three_blobs.csv.gz"), {}, 150, 2, 3),
    "wine file": (("mlxtend.data.data", "wine.csv"), {}, 178, 13, 3),
    "cars": (("mlxtend.data.data", "autompg.csv.gz"), {}, 392, 7, 1),
    "cars by origin": (("mlxtend.data.data", "autompg.csv.gz"), {"target": "7"}, 392, 7, 3),
    "boston": (("mlxtend.data.data", "boston_housing.csv"), {}, 506, 13, 1),
    "stocks": (("matplotlib.mpl-data.sample_data", "Stocks.csv"), {}, 391, 9 + 5 + 3, 1),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_of_a_package_is_read_as_it_is(name):
    source, said, examples, features, classes = TABLES[name]
    if isinstance(source, str):
        given = getattr(datasets, source)(as_frame=True).frame
    else:
        package, *folders = source[0].split(".")
        given = str(resources.files(package).joinpath(*folders, source[1]))
    found = data.load(given, table=TableOptions(**said))
    sizes = [len(found.y_train), len(found.y_validation), len(found.y_test)]
    assert sum(sizes) == examples
    assert sizes[2] == pytest.approx(examples / 5, abs=1)
    assert found.input_shape == (features,)
    assert found.num_classes == classes
    assert found.of_numbers == (classes == 1)


BY_HAND = ("iris", "wine", "breast cancer", "digits", "cars by origin")


@pytest.mark.parametrize("name", BY_HAND)
def test_features_are_those_that_scikit_learn_makes_by_hand(name):
    load, target, left_out = tables.TABLES[name]
    frame = load()
    said = TableOptions(target=target, task="classification")
    ours = data.load_draws(frame, table=said)
    theirs = tables.draws_by_hand(frame, target, left_out)
    for seed in (0, 1):
        own, other = ours.of(seed), theirs.of(seed)
        assert np.array_equal(own.y_test, other.y_test)
        np.testing.assert_allclose(own.x_train, other.x_train, atol=1e-5)
        np.testing.assert_allclose(own.x_test, other.x_test, atol=1e-5)


def test_a_network_learns_more_of_a_table_than_guessing_knows():
    load, target, _ = tables.TABLES["cars by origin"]
    draws = data.load_draws(load(), table=TableOptions(target=target))

    def build():
        hidden = keras.layers.Dense(16, "relu")
        return keras.Sequential([keras.Input(draws.input_shape), hidden, keras.layers.Dense(3)])

    fits = zoo.fit_many(build, keras.optimizers.Adam, draws, learning_rates=0.01, epochs=15)
    guesses = [np.bincount(draws.of(seed).y_test).max() for seed in range(len(fits))]
    gains = fits.frame["test_accuracy"] - np.array(guesses) / len(draws.y_test)
    assert gains.mean() > 0.05
