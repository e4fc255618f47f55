import random

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

from callbacks import GradientStatistics
from callbacks.gradient_probe import Probe
from callbacks.gradient_statistics import gradient_size


def smooth_model():
    """Returns a network whose loss has derivatives everywhere."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(5, "tanh", name="hidden", kernel_regularizer="l2"),
            keras.layers.Dense(3, name="logits"),
        ]
    )
    model.compile(keras.optimizers.SGD(0.1), crossentropy())
    return model


def slow_loss(weights, x, y, shifts=None):
    """Computes the loss of `smooth_model` in float64, with shifts added to its layers' outputs."""
    kernel, bias, last, offset = weights
    shifts = shifts or {"hidden": 0.0, "logits": 0.0}
    logits = (np.tanh(x @ kernel + bias) + shifts["hidden"]) @ last + offset + shifts["logits"]
    losses = [np.log(np.exp(row).sum()) - row[label] for row, label in zip(logits, y, strict=True)]
    return np.mean(losses) + 0.01 * np.square(kernel).sum()


def difference_quotients(loss, point, step=1e-5):
    """Differentiates a function of an array, one element at a time."""
    slopes = np.zeros(point.shape)
    for place in np.ndindex(point.shape):
        there, back = point.copy(), point.copy()
        there[place] += step
        back[place] -= step
        slopes[place] = (loss(there) - loss(back)) / (2 * step)
    return slopes


def slow_gradients(weights, x, y):
    weights = [item.astype(float) for item in weights]
    x = x.astype(float)
    by_kernel, by_output = {}, {}
    for place, name, units in ((0, "hidden", 5), (2, "logits", 3)):

        def of_kernel(kernel, place=place):
            return slow_loss([*weights[:place], kernel, *weights[place + 1 :]], x, y)

        def of_output(shift, name=name):
            return slow_loss(weights, x, y, {"hidden": 0.0, "logits": 0.0, name: shift})

        by_kernel[name] = difference_quotients(of_kernel, weights[place])
        by_output[name] = difference_quotients(of_output, np.zeros((len(x), units)))
    return by_kernel, by_output


def test_gradients_agree_with_difference_quotients():
    model = smooth_model()
    found = Probe(model, (6, 4), None).gradients(X[:6], Y[:6])
    for some, others in zip(found, slow_gradients(model.get_weights(), X[:6], Y[:6]), strict=True):
        assert list(some) == list(others)
        for name, gradient in some.items():
            np.testing.assert_allclose(
                gradient.reshape(others[name].shape), others[name], rtol=1e-4, atol=1e-6
            )


def test_sizes_agree_with_their_definitions():
    gradient = np.random.default_rng(0).normal(size=(3, 4, 5))
    total = sum(float(number) ** 2 for number in gradient.ravel())
    assert gradient_size(gradient) == pytest.approx(
        {"norm": total**0.5, "rms": (total / 60) ** 0.5}, rel=1e-12
    )


def deep_model():
    """Returns a network with what a training step changes: statistics, masks, a shared layer."""
    inputs = keras.Input((4,))
    shared = keras.layers.Dense(4, name="shared")
    hidden = shared(keras.layers.BatchNormalization(name="normal")(shared(inputs)))
    hidden = keras.layers.Dropout(0.5, name="dropout")(keras.ops.tanh(hidden))
    outputs = keras.layers.Dense(3, name="logits", kernel_constraint="unit_norm")(hidden + inputs)
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.SGD(0.1), crossentropy())
    return model


def test_the_gradients_are_those_of_the_training_step():
    model = deep_model()
    kernel = model.get_layer("shared").kernel
    probe = Probe(model, X.shape, None)
    for _ in range(3):
        before = [np.array(keras.ops.convert_to_numpy(item)) for item in model.variables]
        weights, outputs = probe.gradients(X, Y)
        for variable, value in zip(model.variables, before, strict=True):
            np.testing.assert_array_equal(keras.ops.convert_to_numpy(variable), value)
        start = np.array(keras.ops.convert_to_numpy(kernel))
        model.train_on_batch(X, Y)  # the same masks are drawn now
        step = (start - keras.ops.convert_to_numpy(kernel)) / 0.1
        np.testing.assert_allclose(weights["shared"], step, rtol=1e-3, atol=1e-5)
    assert list(weights) == ["shared", "logits"]
    assert {"normal", "dropout", "logits"} < set(outputs)
    assert outputs["shared"].shape == (2, len(X), 4)  # it is called twice


def test_integer_inputs_and_sequences():
    inputs = keras.Input((None,), dtype="int32")
    hidden = keras.layers.Embedding(7, 4, name="embedding", mask_zero=True)(inputs)
    outputs = keras.layers.Dense(3, name="logits")(keras.layers.GRU(4, name="gru")(hidden))
    model = keras.Model(inputs, outputs)
    model.compile("sgd", crossentropy())
    tokens = np.random.default_rng(0).integers(0, 7, (6, 5))
    weights, outputs = Probe(model, tokens.shape, None).gradients(tokens, Y[:6])
    assert set(weights) == {"gru/gru_cell/kernel", "gru/gru_cell/recurrent_kernel", "logits"}
    assert outputs["embedding"].shape == (1, 6, 5, 4)
    masked = outputs["embedding"][0][tokens == 0]
    assert np.all(masked == 0)
    assert np.all(np.abs(outputs["embedding"][0][tokens != 0]).max(axis=-1) > 0)


# Fits


def table(records):
    assert all(list(record) == ["epoch", "layer", "metric", "value"] for record in records)
    return {(r["epoch"], r["layer"], r["metric"]): r["value"] for r in records}


def test_real_fit_is_measured_before_training_and_every_epoch():
    model = smooth_model()
    callback = GradientStatistics(X[:6], Y[:6])
    seen = []
    keep = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: seen.append(model.get_weights()),
        on_train_end=lambda logs: seen.append(model.get_weights()),
    )
    fit_alone([callback, keep], model=model, epochs=2)
    found = table(callback.records)
    assert len(found) == len(callback.records) == 3 * 2 * 4
    for epoch, weights in enumerate(seen):
        for kind, gradients in zip(
            ("weight", "output"), slow_gradients(weights, X[:6], Y[:6]), strict=True
        ):
            for layer, gradient in gradients.items():
                norm = np.sqrt((gradient**2).sum())
                key = epoch, layer, f"{kind}_gradient_norm"
                assert found[key] == pytest.approx(norm, rel=1e-4)
                key = epoch, layer, f"{kind}_gradient_rms"
                assert found[key] == pytest.approx(norm / gradient.size**0.5, rel=1e-4)


@pytest.mark.slow
def test_measuring_changes_nothing():
    _, free = fit_alone([])
    state = random.getstate()
    _, measured = fit_alone([GradientStatistics(X, Y)])
    assert measured == free
    model = build_model()
    model.compile("sgd", crossentropy())
    state = random.getstate()
    Probe(model, X.shape, None)
    assert random.getstate() == state


def test_frozen_kernels_are_left_out_and_layers_chosen():
    model = build_model()
    model.get_layer("logits").trainable = False
    model.compile("sgd", crossentropy())
    weights, outputs = Probe(model, X.shape, None).gradients(X, Y)
    assert list(weights) == ["hidden"]
    assert list(outputs) == ["hidden", "dropout", "logits"]
    weights, outputs = Probe(model, X.shape, ["logits"]).gradients(X, Y)
    assert list(weights) == []
    assert list(outputs) == ["logits"]


def test_an_instance_serves_several_fits():
    callback = GradientStatistics(X, Y, ["hidden"])
    fit_alone([callback], epochs=1)
    first = callback.records
    fit_alone([callback], epochs=1)
    assert callback.records == first


@pytest.mark.slow
def test_population_equals_alone():
    both = fit_in_both_engines(lambda: GradientStatistics(X, Y), epochs=2)
    assert_same_runs(both)
    (_, together), (_, alone) = both
    for one, other in zip(together, alone, strict=True):
        some, others = table(one.records), table(other.records)
        assert list(some) == list(others)
        np.testing.assert_allclose(list(some.values()), list(others.values()), rtol=1e-3, atol=1e-6)
    assert together[0].records != together[1].records


# Errors


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": X[:0], "y": Y[:0]}, r"at least one. Received: shapes \(0, 4\) and \(0,\)"),
        ({"y": Y[:3]}, r"same number of examples.* Received: shapes \(48, 4\) and \(3,\)"),
        ({"layers": []}, r"`layers` must be a list of layer names or None. Received: layers=\[\]"),
        ({"layers": "hidden"}, "Received: layers='hidden'"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        GradientStatistics(**{"x": X, "y": Y, **arguments})


def test_models_that_cannot_be_copied_are_refused():
    with pytest.raises(ValueError, match=r"one input and one output. Received: a Sequential"):
        Probe(keras.Sequential([keras.layers.Dense(3)]), X.shape, None)
    with pytest.raises(ValueError, match=r"'logits'\]. Received: \['hiden'\]"):
        Probe(build_model(), X.shape, ["hiden"])


def test_arguments_are_attributes_of_the_same_name():
    callback = GradientStatistics(X, Y, ["hidden"])
    np.testing.assert_array_equal(callback.x, X)
    np.testing.assert_array_equal(callback.y, Y)
    assert callback.layers == ["hidden"]
