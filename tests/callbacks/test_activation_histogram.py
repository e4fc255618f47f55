import math

import keras
import numpy as np
import pytest
from callback_case import (
    X,
    assert_same_runs,
    build_model,
    crossentropy,
    fit_alone,
    fit_in_both_engines,
)

from callbacks import ActivationHistogram
from callbacks.activation_histogram import activation_statistics, bounds_of, chosen_layers

PROBE = X[:20]


def slow_quantile(ordered, share):
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def slow_statistics(output, bins, bounds, margin, unit_axis):
    """Computes everything with loops, from the words of the docstring."""
    numbers = sorted(float(number) for number in np.ravel(output))
    mean = sum(numbers) / len(numbers)
    found = {
        "mean": mean,
        "standard_deviation": math.sqrt(sum((n - mean) ** 2 for n in numbers) / len(numbers)),
    }
    for share in (0.05, 0.25, 0.5, 0.75, 0.95):
        found[f"quantile_{share}"] = slow_quantile(numbers, share)
    counts = [0] * (len(bins) + 1)
    for number in numbers:
        counts[sum(number >= edge for edge in bins)] += 1
    found["histogram"] = counts
    found["zero_share"] = sum(number == 0 for number in numbers) / len(numbers)
    units = output.shape[unit_axis]
    dead = [not np.any(np.take(output, unit, unit_axis)) for unit in range(units)]
    found["dead_share"] = sum(dead) / units
    if bounds is not None:
        near = margin * (bounds[1] - bounds[0])
        close = [n for n in numbers if n - bounds[0] < near or bounds[1] - n < near]
        found["saturated_share"] = len(close) / len(numbers)
    return found


def assert_same(found, expected, **tolerance):
    assert list(found) == list(expected)
    for metric, value in found.items():
        np.testing.assert_allclose(value, expected[metric], err_msg=metric, **tolerance)


@pytest.mark.parametrize("bounds", [None, (-1.0, 1.0)])
@pytest.mark.parametrize(("shape", "unit_axis"), [((7, 5), -1), ((4, 3, 3, 6), -1), ((4, 6, 3), 1)])
def test_agrees_with_a_slow_computation(shape, unit_axis, bounds):
    generator = np.random.default_rng(0)
    for _ in range(10):
        output = np.clip(generator.normal(size=shape), -1, 1).astype(np.float32)
        dead = generator.random(shape[unit_axis]) < 0.3
        np.moveaxis(output, unit_axis, -1)[..., dead] = 0
        output[generator.random(shape) < 0.2] = 0
        bins = np.array([-1, -0.5, 0, 0.25, 1])
        arguments = (output, bins, bounds, 0.05, unit_axis)
        assert_same(activation_statistics(*arguments), slow_statistics(*arguments), rtol=1e-9)


def test_edges_belong_to_the_bin_above():
    output = np.array([[-9, 0, 0.5, 1, 2, 9]])
    assert activation_statistics(output, np.array([0, 1, 2]))["histogram"] == [1, 2, 1, 2]


def test_outputs_that_are_not_finite_are_shown_without_a_warning():
    found = activation_statistics(np.array([[1.0, np.inf, -np.inf, np.nan]]), np.array([0, 2]))
    assert found["histogram"] == [1, 1, 1]
    assert math.isnan(found["mean"])
    assert found["zero_share"] == 0


# Which layers, which bounds


@pytest.mark.parametrize(
    ("layer", "bounds"),
    [
        (keras.layers.Dense(2, "tanh"), (-1, 1)),
        (keras.layers.Dense(2, "sigmoid"), (0, 1)),
        (keras.layers.Activation("hard_sigmoid"), (0, 1)),
        (keras.layers.Dense(2, "relu"), None),
        (keras.layers.Dense(2), None),
        (keras.layers.Dropout(0.5), None),
    ],
)
def test_bounds(layer, bounds):
    assert bounds_of(layer) == bounds


@pytest.mark.parametrize(
    "name", ["tanh", "sigmoid", "hard_sigmoid", "hard_tanh", "relu6", "softsign"]
)
def test_bounds_are_those_of_the_activation(name):
    ends = keras.activations.get(name)(np.array([-1e6, 1e6], np.float32))
    found = bounds_of(keras.layers.Activation(name))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(ends), found, atol=1e-5)


def test_layers_are_chosen_by_name():
    model = build_model()
    assert [layer.name for layer in chosen_layers(model, None)] == ["hidden", "dropout", "logits"]
    assert [layer.name for layer in chosen_layers(model, ["logits"])] == ["logits"]


def test_layers_that_cannot_be_looked_at_are_named():
    with pytest.raises(ValueError, match=r"\['hidden', 'dropout', 'logits'\]. Received: 'hiden'"):
        chosen_layers(build_model(), ["hiden"])
    shared = keras.layers.Dense(4, name="shared")
    inputs = keras.Input((4,))
    with pytest.raises(ValueError, match=r"called once.* Received: 'shared'"):
        chosen_layers(keras.Model(inputs, shared(shared(inputs))), None)
    with pytest.raises(ValueError, match=r"with one input. Received: a Sequential"):
        chosen_layers(keras.Sequential([shared]), None)


def test_layers_added_one_by_one_are_looked_at_in_the_model_that_they_make():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="hidden")])
    model.add(keras.layers.ReLU(name="relu"))
    model.add(keras.layers.Dense(2, name="logits"))
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).normal(size=(8, 4)).astype(np.float32)
    callback = ActivationHistogram(x, ["relu"])
    model.fit(x, np.zeros((8, 2)), callbacks=[callback], verbose=0)
    kernel, bias = (keras.ops.convert_to_numpy(item) for item in model.layers[0].weights)
    last = {r["metric"]: r["value"] for r in callback.records if r["epoch"] == 1}
    assert last["mean"] == pytest.approx(np.maximum(x @ kernel + bias, 0).mean(), rel=1e-5)


# Fits


def table(records):
    assert all(list(record) == ["epoch", "layer", "metric", "value"] for record in records)
    return {(r["epoch"], r["layer"], r["metric"]): r["value"] for r in records}


def forward(weights, x):
    hidden = np.maximum(x @ weights[0] + weights[1], 0)
    return {"hidden": hidden, "dropout": hidden, "logits": hidden @ weights[2] + weights[3]}


def test_real_fit_is_measured_before_training_and_every_epoch():
    callback = ActivationHistogram(PROBE)
    seen = []
    keep = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: seen.append(callback.model.get_weights()),
        on_train_end=lambda logs: seen.append(callback.model.get_weights()),
    )
    fit_alone([callback, keep])
    found = table(callback.records)
    assert len(found) == len(callback.records) == 4 * 3 * 10
    for epoch, weights in enumerate(seen):
        for layer, output in forward(weights, PROBE).items():
            expected = slow_statistics(output, callback.bins, None, 0.01, -1)
            values = {metric: found[epoch, layer, metric] for metric in expected}
            # An output so near an edge that rounding moves it would be counted elsewhere.
            assert np.abs(np.subtract.outer(output[output != 0], callback.bins)).min() > 1e-6
            assert_same(values, expected, rtol=1e-4, atol=1e-6)


def test_saturation_is_recorded_of_bounded_layers_only():
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(
                5,
                "tanh",
                name="bounded",
                kernel_initializer=lambda s, dtype: 50.0 * keras.ops.ones(s, dtype),
            ),
            keras.layers.Dense(3, name="free"),
        ]
    )
    model.compile("sgd", crossentropy())
    callback = ActivationHistogram(PROBE, margin=0.02)
    fit_alone([callback], model=model, epochs=1)
    found = table(callback.records)
    assert {key[1] for key in found if key[2] == "saturated_share"} == {"bounded"}
    assert found[0, "bounded", "saturated_share"] > 0.9


def test_channels_are_the_units_of_convolutions():
    model = keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            keras.layers.Conv2D(4, 3, activation="relu", name="convolution"),
            keras.layers.GlobalAveragePooling2D(name="pooling"),
            keras.layers.Dense(3),
        ]
    )
    kernel, bias = model.layers[0].get_weights()
    bias[:3] = -1000  # three of the four channels are dead
    model.layers[0].set_weights([kernel, bias])
    callback = ActivationHistogram(np.random.default_rng(0).random((5, 6, 6, 1)), ["convolution"])
    callback.set_model(model)
    callback.on_train_begin()
    callback.on_epoch_begin(0)
    assert table(callback.records)[0, "convolution", "dead_share"] == 0.75


def test_measuring_changes_nothing():
    _, free = fit_alone([])
    _, measured = fit_alone([ActivationHistogram(PROBE)])
    assert measured == free


def test_an_instance_serves_several_fits():
    callback = ActivationHistogram(PROBE, ["hidden"], bins=[0, 1])
    fit_alone([callback], epochs=1)
    first = callback.records
    fit_alone([callback], epochs=1)
    assert callback.records == first


@pytest.mark.slow
def test_population_equals_alone():
    both = fit_in_both_engines(lambda: ActivationHistogram(PROBE), epochs=2)
    assert_same_runs(both)
    (_, together), (_, alone) = both
    for one, other in zip(together, alone, strict=True):
        some, others = table(one.records), table(other.records)
        assert list(some) == list(others)
        for key, value in some.items():
            np.testing.assert_allclose(value, others[key], rtol=1e-4, atol=1e-6, err_msg=str(key))
    assert together[0].records != together[1].records


# Errors


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": np.zeros((0, 4))}, r"`x` must hold at least one example. Received: shape \(0, 4\)"),
        ({"layers": []}, r"`layers` must be a list of layer names or None. Received: layers=\[\]"),
        ({"layers": "hidden"}, "Received: layers='hidden'"),
        ({"bins": [1]}, r"`bins` must be at least two increasing .* Received: bins=\[1\]"),
        ({"bins": [1, 1]}, r"Received: bins=\[1, 1\]"),
        ({"bins": [0, float("nan")]}, r"Received: bins=\[0, nan\]"),
        ({"margin": 0}, "`margin` must be above 0 and at most 0.5. Received: margin=0"),
        ({"margin": 0.6}, "Received: margin=0.6"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        ActivationHistogram(**{"x": PROBE, **arguments})


def test_arguments_are_attributes_of_the_same_name():
    callback = ActivationHistogram(PROBE, ["hidden"], [0, 1], 0.1)
    np.testing.assert_array_equal(callback.x, PROBE)
    assert (callback.layers, callback.bins.tolist(), callback.margin) == (["hidden"], [0, 1], 0.1)
