import numpy as np
import pytest
from scipy import stats
from sklearn.decomposition import PCA

from zoo.preprocessing import (
    Centre,
    Chain,
    NoiseFeatures,
    OwnStatistics,
    Principal,
    Range,
    Units,
    standardise,
    unchanged,
)

ROUNDING = {"rtol": 1e-10, "atol": 1e-10}
LEARNERS = {
    "unchanged": unchanged,
    "range": Range(-1.0, 1.0),
    "range together": Range(0.0, 1.0, together=True),
    "centre": Centre(),
    "centre by channel": Centre(by_channel=True),
    "standardise": standardise,
    "principal": Principal(),
    "whiten": Principal(whiten=True),
    "units": Units(2.0),
    "chain": Chain((Units(2.0), standardise, Principal(2))),
}


def normal(*shape, seed=0):
    drawn = np.random.default_rng(seed).normal(size=shape)
    return drawn * (1 + np.arange(shape[-1])) + 3


# What holds for all of them


@pytest.mark.parametrize("learn", LEARNERS.values(), ids=LEARNERS)
def test_other_parts_are_told_from_the_training_part_alone(learn):
    x_train, x_test = normal(30, 4), normal(12, 4, seed=1) + 100
    apply = learn(x_train)
    whole = apply(x_test)
    # One by one and after other parts were seen: nothing of them is kept or mixed.
    alone = np.concatenate([apply(example[None]) for example in x_test])
    np.testing.assert_allclose(alone, whole, **ROUNDING)
    np.testing.assert_array_equal(apply(x_train), learn(x_train)(x_train))
    np.testing.assert_allclose(apply(x_train.copy()), apply(x_train), **ROUNDING)


@pytest.mark.parametrize("learn", [*LEARNERS.values(), OwnStatistics(5), NoiseFeatures(1.0, 3)])
def test_the_features_given_are_not_changed(learn):
    x_train, x_test = normal(30, 4), normal(12, 4, seed=1)
    before = x_train.copy(), x_test.copy()
    apply = learn(x_train)
    apply(x_train), apply(x_test)
    np.testing.assert_array_equal(x_train, before[0])
    np.testing.assert_array_equal(x_test, before[1])


@pytest.mark.parametrize("learn", LEARNERS.values(), ids=LEARNERS)
def test_bytes_are_computed_with_as_numbers(learn):
    # 255 + 1 is 0 in bytes, and the mean of large sums is lost in single precision.
    pixels = np.random.default_rng(0).integers(0, 256, (40, 5)).astype(np.uint8)
    found = learn(pixels)(pixels)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, learn(pixels.astype(float))(pixels.astype(float)), **ROUNDING)


# Range


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-1.0, 1.0), (2.0, 5.0)])
def test_range_takes_the_training_part_s_ends_to_its_own(low, high):
    x_train, x_test = np.array([[0.0, 10.0], [4.0, 30.0]]), np.array([[2.0, 50.0]])
    apply = Range(low, high)(x_train)
    np.testing.assert_allclose(apply(x_train), [[low, low], [high, high]])
    # Half the way, and as far beyond the high end as the range is wide.
    np.testing.assert_allclose(apply(x_test), [[(low + high) / 2, 2 * high - low]])


def test_range_takes_a_constant_to_the_low_end():
    assert Range(-1.0, 1.0)(np.full((3, 1), 7.0))(np.full((2, 1), 7.0)).tolist() == [[-1.0], [-1.0]]


def test_together_features_keep_their_scales():
    x_train, x_test = np.array([[1.0, 3.0], [2.0, 11.0]]), np.array([[21.0, 6.0]])
    apply = Range(0.0, 2.0, together=True)(x_train)
    np.testing.assert_allclose(apply(x_train), [[0.0, 0.4], [0.2, 2.0]], **ROUNDING)
    np.testing.assert_allclose(apply(x_test), [[4.0, 1.0]], **ROUNDING)


# Centre, standardise


def test_centre_takes_the_mean_image_or_the_channels_means():
    x = normal(6, 5, 4, 3)
    np.testing.assert_allclose(Centre()(x)(x), x - np.mean(x, axis=0), **ROUNDING)
    channels = np.array([x[..., channel].mean() for channel in range(3)])
    np.testing.assert_allclose(Centre(by_channel=True)(x)(x), x - channels, **ROUNDING)


def test_standardise_is_the_z_score_of_the_training_part():
    x_train, x_test = normal(50, 4), normal(9, 4, seed=1)
    apply = standardise(x_train)
    np.testing.assert_allclose(apply(x_train), stats.zscore(x_train), **ROUNDING)
    np.testing.assert_allclose(apply(x_test), stats.zmap(x_test, x_train), **ROUNDING)


@pytest.mark.parametrize("constant", [0.0, 0.1, -1e9, 1e-20, 1 / 3])
def test_standardise_takes_a_constant_to_0(constant):
    # The computed deviation of 0.1 seven times over is not 0.
    found = standardise(np.full((7, 2), constant))(np.full((3, 2), constant))
    np.testing.assert_allclose(found, 0, atol=abs(constant) * 1e-12)


@pytest.mark.parametrize("unit", [1e-15, 1e-6, 1.0, 1e6, 1e15])
def test_standardise_does_not_depend_on_the_unit(unit):
    x = normal(20, 3)
    centred = x - x.mean(axis=0)
    for features in (x, centred):
        found = standardise(features * unit)(features * unit)
        np.testing.assert_allclose(found, stats.zscore(features), rtol=1e-8, atol=1e-8)


def test_standardise_takes_a_single_example_to_0():
    x = normal(1, 4)
    assert standardise(x)(x).tolist() == [[0.0] * 4]


# OwnStatistics


def test_own_statistics_are_those_of_each_group():
    x_train, x_test = normal(30, 4), normal(10, 4, seed=1)
    apply = OwnStatistics(4)(x_train)
    np.testing.assert_allclose(apply(x_train), stats.zscore(x_train), **ROUNDING)
    expected = [stats.zscore(group) for group in (x_test[:4], x_test[4:8], x_test[8:])]
    np.testing.assert_allclose(apply(x_test), np.concatenate(expected), **ROUNDING)


def test_own_statistics_of_single_examples_leave_nothing():
    x_train, x_test = normal(30, 4), normal(10, 4, seed=1)
    assert not OwnStatistics(1)(x_train)(x_test).any()


# Principal


def test_principal_is_scikit_learn_s_up_to_signs():
    x_train, x_test = normal(60, 5), normal(7, 5, seed=1)
    mixing = normal(5, 5, seed=2)
    x_train, x_test = x_train @ mixing, x_test @ mixing
    known = PCA(3).fit(x_train)
    apply = Principal(3)(x_train)
    for part in (x_train, x_test):
        np.testing.assert_allclose(abs(apply(part)), abs(known.transform(part)), rtol=1e-8)


def test_whitened_training_data_have_the_unit_covariance():
    x = normal(60, 5) @ normal(5, 5, seed=2)
    found = Principal(whiten=True, epsilon=0.0)(x)(x)
    np.testing.assert_allclose(np.cov(found, rowvar=False), np.eye(5), atol=1e-9)
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-9)


def test_epsilon_is_added_to_the_variance():
    x = np.array([[-1.0], [1.0]])  # variance 2
    found = Principal(whiten=True, epsilon=6.0)(x)(x)
    np.testing.assert_allclose(abs(found), 1 / np.sqrt(8))


def test_directions_without_variance_stay_finite():
    x = np.repeat(normal(20, 1), 3, axis=1)  # rank 1
    assert np.abs(Principal(whiten=True)(x)(x)[:, 1:]).max() < 1e-3


def test_images_become_vectors():
    x = normal(50, 3, 2)
    np.testing.assert_allclose(Principal()(x)(x), Principal()(x.reshape(50, 6))(x.reshape(50, 6)))


def test_one_feature_is_its_own_component():
    x = normal(20, 1)
    np.testing.assert_allclose(abs(Principal()(x)(x)), abs(x - x.mean()), **ROUNDING)


# Units, NoiseFeatures, Chain


def test_units_spread_over_the_decades_by_the_seed():
    x = np.ones((2, 3, 3))
    factors = Units(2.0, seed=4)(x)(x)
    np.testing.assert_allclose(np.sort(np.log10(factors[0].ravel())), np.linspace(0, 2, 9))
    np.testing.assert_array_equal(factors[0], factors[1])
    np.testing.assert_array_equal(factors, Units(2.0, seed=4)(x)(x))
    assert (factors != Units(2.0, seed=5)(x)(x)).any()


def test_noise_stands_beside_the_features_and_differs_between_parts():
    x = normal(2000, 2, 2)
    apply = NoiseFeatures(3.0, 5, seed=1)(x)
    first, second = apply(x), apply(x)
    assert first.shape == (2000, 9)
    np.testing.assert_array_equal(first[:, :4], x.reshape(2000, 4))
    # 10 000 draws: a standard error of 1 / sqrt(20 000) of the deviation.
    assert first[:, 4:].std() == pytest.approx(3.0, rel=0.03)
    assert abs(np.corrcoef(first[:, 4:].ravel(), second[:, 4:].ravel())[0, 1]) < 0.05
    np.testing.assert_array_equal(NoiseFeatures(3.0, 5, seed=1)(x)(x), first)
    assert NoiseFeatures(3.0)(x)(x).shape == (2000, 8)  # as many as there are


def test_chain_learns_each_step_from_what_the_one_before_leaves():
    x_train, x_test = normal(30, 4), normal(8, 4, seed=1)
    first = Units(2.0)(x_train)
    second = standardise(first(x_train))
    apply = Chain((Units(2.0), standardise))(x_train)
    for part in (x_train, x_test):
        np.testing.assert_allclose(apply(part), second(first(part)), **ROUNDING)


def test_chain_keeps_the_noise_that_later_steps_were_learned_from():
    x_train = normal(30, 2)
    found = Chain((NoiseFeatures(1.0, 3), standardise))(x_train)(x_train)
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(found.std(axis=0), 1, atol=1e-12)


def test_chain_gives_own_statistics_to_other_parts_only():
    x_train, x_test = normal(30, 4), normal(8, 4, seed=1)
    apply = Chain((Units(2.0), OwnStatistics(1)))(x_train)
    np.testing.assert_allclose(apply(x_train), stats.zscore(x_train), **ROUNDING)
    assert not apply(x_test).any()
