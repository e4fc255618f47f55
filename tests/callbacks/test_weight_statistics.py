import math

import keras
import numpy as np
import pytest
from callback_case import assert_same_runs, fit_alone, fit_in_both_engines

from callbacks import WeightStatistics
from callbacks.kernels import kernels
from callbacks.weight_statistics import weight_statistics

METRICS = ["mean", "standard_deviation", "norm"]


def slow_statistics(weights):
    numbers = [float(number) for number in np.ravel(weights)]
    mean = sum(numbers) / len(numbers)
    spread = sum((number - mean) ** 2 for number in numbers) / len(numbers)
    return [mean, math.sqrt(spread), math.sqrt(sum(number**2 for number in numbers))]


@pytest.mark.parametrize("shape", [(1,), (3, 4), (2, 2, 3, 5)])
def test_agrees_with_a_slow_computation(shape):
    weights = np.random.default_rng(0).normal(1, 2, shape).astype(np.float32)
    found = weight_statistics(weights)
    assert list(found) == METRICS
    np.testing.assert_allclose(list(found.values()), slow_statistics(weights), rtol=1e-12)


def test_a_diverged_kernel_is_nan_without_a_warning():
    found = weight_statistics(np.array([1.0, np.inf, -np.inf]))
    assert math.isnan(found["mean"])
    assert found["norm"] == math.inf


# Which variables are kernels


def test_kernels_are_named_after_their_layer():
    model = keras.Sequential(
        [
            keras.Input((8, 8, 2)),
            keras.layers.Conv2D(3, 3, name="convolution"),
            keras.layers.BatchNormalization(),
            keras.layers.Flatten(),
            keras.layers.Dense(4, name="dense"),
        ]
    )
    found = kernels(model)
    assert {name: tuple(item.shape) for name, item in found.items()} == {
        "convolution": (3, 3, 2, 3),
        "dense": (6 * 6 * 3, 4),
    }


def test_several_kernels_of_a_layer_are_told_apart():
    inner = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, name="a")], name="inner")
    inner.add(keras.layers.Dense(3, name="b"))
    inputs = keras.Input((5, 4))
    outputs = inner(keras.layers.GRU(4, name="gru")(inputs))
    found = kernels(keras.Model(inputs, outputs))
    assert list(found) == [
        "gru/gru_cell/kernel",
        "gru/gru_cell/recurrent_kernel",
        "inner/a/kernel",
        "inner/b/kernel",
    ]


# Fits


def table(records):
    assert all(list(record) == ["epoch", "layer", "metric", "value"] for record in records)
    return {(r["epoch"], r["layer"], r["metric"]): r["value"] for r in records}


def test_real_fit_is_measured_before_training_and_every_epoch():
    callback = WeightStatistics()
    seen = []
    keep = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: seen.append(callback.model.get_weights()),
        on_train_end=lambda logs: seen.append(callback.model.get_weights()),
    )
    fit_alone([callback, keep])
    found = table(callback.records)
    assert len(found) == len(callback.records) == 4 * 2 * 3
    for epoch, weights in enumerate(seen):
        for layer, kernel in (("hidden", weights[0]), ("logits", weights[2])):
            values = [found[epoch, layer, metric] for metric in METRICS]
            np.testing.assert_allclose(values, slow_statistics(kernel), rtol=1e-12)


def test_measuring_changes_nothing():
    _, free = fit_alone([])
    _, measured = fit_alone([WeightStatistics()])
    assert measured == free


def test_an_instance_serves_several_fits():
    callback = WeightStatistics()
    fit_alone([callback], epochs=1)
    first = callback.records
    fit_alone([callback], epochs=1)
    assert callback.records == first
    assert callback.records is not first


@pytest.mark.slow
def test_population_equals_alone():
    both = fit_in_both_engines(WeightStatistics, epochs=2)
    assert_same_runs(both)
    (_, together), (_, alone) = both
    for one, other in zip(together, alone, strict=True):
        some, others = table(one.records), table(other.records)
        assert list(some) == list(others)
        np.testing.assert_allclose(list(some.values()), list(others.values()), rtol=1e-4, atol=1e-6)
    assert together[0].records != together[1].records
