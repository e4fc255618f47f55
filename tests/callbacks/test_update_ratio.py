import math

import keras
import numpy as np
import pytest
from callback_case import (
    X,
    Y,
    assert_same_runs,
    build_model,
    crossentropy,
    fit_alone,
    fit_in_both_engines,
)

from callbacks import UpdateRatio
from callbacks.update_ratio import update_ratio


def slow_ratio(before, after):
    pairs = list(zip(np.ravel(before).tolist(), np.ravel(after).tolist(), strict=True))
    moved = math.sqrt(sum((new - old) ** 2 for old, new in pairs))
    return moved / math.sqrt(sum(old**2 for old, _ in pairs))


def test_agrees_with_a_slow_computation():
    generator = np.random.default_rng(0)
    for shape in ((1,), (3, 4), (2, 2, 3)):
        before, after = generator.normal(size=(2, *shape)).astype(np.float32)
        assert update_ratio(before, after) == pytest.approx(slow_ratio(before, after), rel=1e-12)


@pytest.mark.parametrize(
    ("before", "after", "ratio"),
    [
        ([3.0, 4.0], [3.0, 4.0], 0),
        ([3.0, 4.0], [0.0, 0.0], 1),
        ([3.0, 4.0], [3.0, 4.05], 0.01),
        # The lecture's example: an update of 0.0002 on weights of 0.02.
        ([0.02], [0.0202], 0.01),
        ([0.0, 0.0], [1.0, 0.0], math.inf),
        ([0.0], [0.0], math.nan),
        ([1.0], [math.inf], math.inf),
        ([math.inf], [math.inf], math.nan),
    ],
)
def test_closed_forms(before, after, ratio):
    found = update_ratio(np.array(before), np.array(after))
    assert found == pytest.approx(ratio, rel=1e-9, nan_ok=True)


def values(callback, layer):
    return [record["value"] for record in callback.records if record["layer"] == layer]


def one_step(optimizer):
    """Trains one step of a linear softmax model; returns its ratio, kernel and gradient."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="logits")])
    model.compile(optimizer, crossentropy())
    kernel = np.random.default_rng(0).normal(size=(4, 3))
    model.set_weights([kernel, np.zeros(3)])
    callback = UpdateRatio()
    model.fit(X, Y, batch_size=len(X), verbose=0, callbacks=[callback])
    logits = X @ kernel
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    gradient = X.T @ (shares - np.eye(3)[Y]) / len(X)
    assert [record["layer"] for record in callback.records] == ["logits"]
    return values(callback, "logits")[0], kernel, gradient


def test_step_of_sgd_is_rate_times_gradient():
    ratio, kernel, gradient = one_step(keras.optimizers.SGD(0.125))
    expected = 0.125 * np.linalg.norm(gradient) / np.linalg.norm(kernel)
    assert ratio == pytest.approx(expected, rel=1e-4)


def test_first_step_of_adam_is_rate_times_root_of_size():
    # Each element moves by the rate, whatever its gradient.
    ratio, kernel, _ = one_step(keras.optimizers.Adam(0.001))
    assert ratio == pytest.approx(0.001 * math.sqrt(12) / np.linalg.norm(kernel), rel=1e-3)


def test_real_fit_measures_the_sum_of_an_epochs_steps():
    callback = UpdateRatio()
    seen = []
    keep = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: seen.append(callback.model.get_weights()),
        on_train_end=lambda logs: seen.append(callback.model.get_weights()),
    )
    fit_alone([callback, keep])
    assert [record["epoch"] for record in callback.records] == [1, 1, 2, 2, 3, 3]
    assert {record["metric"] for record in callback.records} == {"update_ratio"}
    for layer, place in (("hidden", 0), ("logits", 2)):
        expected = [slow_ratio(seen[e][place], seen[e + 1][place]) for e in range(3)]
        assert values(callback, layer) == pytest.approx(expected, rel=1e-12)


def test_frozen_layer_has_ratio_zero():
    model = build_model()
    model.get_layer("hidden").trainable = False
    model.compile(keras.optimizers.SGD(0.1), crossentropy())
    callback = UpdateRatio()
    fit_alone([callback], model=model, epochs=2)
    assert values(callback, "hidden") == [0, 0]
    assert min(values(callback, "logits")) > 0


@pytest.mark.slow
def test_measuring_changes_nothing():
    _, free = fit_alone([])
    _, measured = fit_alone([UpdateRatio()])
    assert measured == free


def test_an_instance_serves_several_fits():
    callback = UpdateRatio()
    fit_alone([callback], epochs=2)
    first = callback.records
    fit_alone([callback], epochs=2)
    assert callback.records == first


@pytest.mark.slow
def test_population_equals_alone():
    both = fit_in_both_engines(UpdateRatio, epochs=2)
    assert_same_runs(both)
    (_, together), (_, alone) = both
    for one, other in zip(together, alone, strict=True):
        for record, twin in zip(one.records, other.records, strict=True):
            assert record == {**twin, "value": pytest.approx(twin["value"], rel=1e-4)}
    assert together[0].records != together[1].records
