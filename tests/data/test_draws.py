"""Every seed draws its data: other examples, the same sizes, preprocessed by their own part."""

from itertools import pairwise

import numpy as np
import pytest

from zoo import data
from zoo.data import sources
from zoo.data.draws import drawn_seed
from zoo.errors import ZooError

PARTS = ("train", "validation", "test")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("ZOO_DATA", raising=False)


@pytest.fixture
def table(tmp_path):
    """Returns the path of 300 numbered examples of 3 classes, as many as 50, 100 and 150."""
    y = np.repeat([0, 1, 2], [50, 100, 150])
    path = tmp_path / "mine.npz"
    np.savez(path, x=np.arange(300.0)[:, None] * [1, 1], y=y)
    return path


@pytest.fixture
def with_test_part(tmp_path):
    path = tmp_path / "fixed.npz"
    x, y = np.arange(120.0)[:, None], np.arange(120) % 3
    np.savez(path, x_train=x[:90], y_train=y[:90], x_test=x[90:], y_test=y[90:])
    return path


def as_given(x_train):
    return lambda x: x


def examples(drawn):
    """Returns the numbers of the examples in each part."""
    return [set(getattr(drawn, f"x_{part}")[:, 0].tolist()) for part in PARTS]


def shares(labels):
    return (np.bincount(labels) / len(labels)).tolist()


def test_every_seed_splits_all_examples_anew_with_the_same_sizes_and_shares(table):
    given = data.load_draws(str(table), preprocessing=as_given)
    fixed = data.load(str(table), preprocessing=as_given)
    seen = []
    for seed in range(4):
        drawn = given.of(seed)
        parts = examples(drawn)
        assert set.union(*parts) == set(range(300))
        assert sum(map(len, parts)) == 300
        for part in PARTS:
            labels = getattr(drawn, f"y_{part}")
            assert len(labels) == len(getattr(fixed, f"y_{part}"))
            np.testing.assert_allclose(shares(labels), [1 / 6, 1 / 3, 1 / 2], atol=0.02)
            features = getattr(drawn, f"x_{part}")[:, 0]
            np.testing.assert_array_equal(labels, np.digitize(features, [50, 150]))
        seen.append(parts)
    for one, other in pairwise(seen):
        assert all(a != b for a, b in zip(one, other, strict=True))


def test_a_seed_has_the_same_draw_whoever_asks_for_it_and_in_whatever_order(table):
    first, second = (data.load_draws(str(table)) for _ in range(2))
    backwards = [second.of(seed).fingerprint for seed in (2, 1, 0)][::-1]
    assert [first.of(seed).fingerprint for seed in range(3)] == backwards
    assert len(set(backwards)) == 3
    assert first.fingerprint == second.fingerprint


def test_variants_with_other_preprocessing_share_the_examples_of_a_seed(table):
    one = data.load_draws(str(table), preprocessing=as_given)
    other = data.load_draws(str(table), preprocessing=lambda x_train: lambda x: x + 1)
    np.testing.assert_array_equal(one.of(3).x_train + 1, other.of(3).x_train)
    assert one.fingerprint != other.fingerprint


def test_a_test_part_that_its_owner_fixed_stays(with_test_part):
    given = data.load_draws(str(with_test_part), preprocessing=as_given)
    one, other = (examples(given.of(seed)) for seed in (0, 1))
    assert one[2] == other[2] == set(range(90, 120))
    assert one[0] != other[0]
    assert one[0] | one[1] == other[0] | other[1] == set(range(90))
    assert given.overlap == 18 / 72  # validation examples over training examples
    assert given.keeps_test


def test_a_test_part_is_kept_only_where_it_was_given(table):
    assert not data.load_draws(str(table)).keeps_test
    assert not data.load_draws("digits").keeps_test


def test_preprocessing_takes_the_training_part_of_each_draw(table):
    given = data.load_draws(str(table))
    raw = data.load_draws(str(table), preprocessing=as_given)
    for seed in (0, 5):
        drawn, own = given.of(seed), raw.of(seed)
        np.testing.assert_allclose(drawn.x_train.mean(axis=0), 0, atol=1e-5)
        np.testing.assert_allclose(drawn.x_train.std(axis=0), 1, rtol=1e-5)
        mean, scale = own.x_train.mean(axis=0), own.x_train.std(axis=0)
        np.testing.assert_allclose(drawn.x_test, (own.x_test - mean) / scale, rtol=1e-3, atol=1e-5)


def test_a_subset_of_the_training_part_is_drawn_anew_and_the_overlap_is_that_of_the_whole(table):
    given = data.load_draws(str(table), train_examples=20, preprocessing=as_given)
    assert len(given.x_train) == 20
    assert examples(given.of(0))[0] != examples(given.of(1))[0]
    assert given.overlap == 60 / 192 == data.load_draws(str(table)).overlap


def test_the_fingerprint_changes_with_the_examples_and_is_not_that_of_a_split(table, tmp_path):
    with np.load(table) as archive:
        x, y = archive["x"], archive["y"]
    x[7] += 1e-3
    other = tmp_path / "other.npz"
    np.savez(other, x=x, y=y)
    found = [data.load_draws(str(path)).fingerprint for path in (table, other)]
    found += [data.load(str(table)).fingerprint, data.load_draws(str(table)).of(0).fingerprint]
    assert len(set(found)) == 4


def test_mnist1d_is_generated_anew_once_for_each_seed(monkeypatch):
    made = []

    def generate(seed=None):
        made.append(seed)
        generator = np.random.default_rng(seed)
        y = np.arange(60) % 3
        return generator.normal(size=(60, 4)), y, generator.normal(size=(15, 4)), y[:15]

    monkeypatch.setattr(sources, "_generate_mnist1d", generate)
    given = data.load_draws("mnist1d", preprocessing=as_given)
    assert given.overlap == 0
    one, other = (examples(given.of(seed)) for seed in (0, 1))
    assert not set.union(*one) & set.union(*other)
    again = data.load_draws("mnist1d", preprocessing=as_given)
    assert examples(again.of(1)) == other
    seeds = [drawn_seed(seed, "generate") for seed in (0, 1)]
    assert made == seeds
    assert all(0 <= seed < 2**31 for seed in seeds)


@pytest.mark.slow
def test_the_package_generates_other_examples_of_the_same_kind_for_each_seed():
    given, fixed = data.load_draws("mnist1d"), data.load("mnist1d")
    for part in PARTS:
        arrays = [getattr(each, f"x_{part}") for each in (fixed, given.of(0), given.of(1))]
        assert len({array.shape for array in arrays}) == 1
        assert len({array.tobytes() for array in arrays}) == 3
        means = [array.mean(axis=0) for array in arrays]
        np.testing.assert_allclose(means[0], means[2], atol=0.25)


def test_a_file_in_the_place_of_mnist1d_is_split_and_not_generated(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "_generate_mnist1d", lambda seed=None: pytest.fail("generated"))
    x, y = np.arange(90.0)[:, None], np.arange(90) % 3
    parts = {"x_train": x[:75], "y_train": y[:75], "x_test": x[75:], "y_test": y[75:]}
    np.savez(tmp_path / "mnist1d.npz", **parts)
    given = data.load_draws("mnist1d", data_dir=tmp_path, preprocessing=as_given)
    assert examples(given.of(1))[2] == set(range(75, 90))
    assert given.overlap > 0


def test_preprocessing_that_gives_another_shape_for_another_draw_is_refused(table):
    def by_size(x_train):
        columns = 1 if x_train[0, 0] == given_first else 2
        return lambda x: x[:, :columns]

    raw = data.load_draws(str(table), preprocessing=as_given)
    given_first = raw.of(0).x_train[0, 0]
    other = next(s for s in range(1, 20) if raw.of(s).x_train[0, 0] != given_first)
    given = data.load_draws(str(table), preprocessing=by_size)
    with pytest.raises(ZooError, match=rf"same shape.*for seed {other}"):
        given.of(other)
