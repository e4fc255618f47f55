import math
import random

import keras
import numpy as np
import pytest
from callback_case import fit_in_both_engines
from keras import layers

from callbacks.preflight import NAMES, Preflight, checks, preflight
from callbacks.preflight.checks import Task

# TensorFlow's variables do not know NumPy 2's `copy` yet.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

FEATURES, CLASSES = 20, 5
LOGITS = Task("sparse", CLASSES, from_logits=True)


def make_data(examples=200, seed=0):
    """Returns examples of five noisy classes, of mean 0 and deviation 1."""
    generator = np.random.default_rng(seed)
    y = (np.arange(examples) % CLASSES).astype(np.int32)
    x = generator.normal(size=(CLASSES, FEATURES))[y] + generator.normal(size=(examples, FEATURES))
    return ((x - x.mean()) / x.std()).astype(np.float32), y


X, Y = make_data()


def mlp(activation="relu", initializer="he_normal", *, normalise=False, depth=3, out=None):
    model = keras.Sequential([keras.Input((FEATURES,))])
    for place in range(depth):
        model.add(layers.Dense(32, kernel_initializer=initializer, name=f"dense_{place}"))
        if normalise:
            model.add(layers.BatchNormalization())
        model.add(layers.Activation(activation, name=f"activation_{place}"))
    model.add(layers.Dense(CLASSES, activation=out, kernel_initializer=initializer, name="logits"))
    return model


def convolution():
    return keras.Sequential(
        [
            keras.Input((FEATURES,)),
            layers.Reshape((FEATURES, 1)),
            layers.Conv1D(16, 3, activation="relu", kernel_initializer="he_normal"),
            layers.MaxPooling1D(2),
            layers.Conv1D(16, 3, activation="relu", kernel_initializer="he_normal"),
            layers.Flatten(),
            layers.Dense(CLASSES),
        ]
    )


def crossentropy(from_logits=True):
    return keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits)


def compiled(build=mlp, optimizer=None, loss=None, seed=0):
    keras.utils.set_random_seed(seed)
    model = build()
    model.compile(optimizer or keras.optimizers.SGD(0.1), loss or crossentropy())
    return model


def by_name(found):
    return {check.name: check for check in found}


def warned(found):
    return {check.name for check in found if check.result == "warn"}


# From numbers to a verdict.


@pytest.mark.parametrize(
    ("measured", "result"),
    [(0.9, "warn"), (1.0, "pass"), (2.0, "pass"), (2.1, "warn"), (math.nan, "warn")],
)
def test_bounds_belong_to_the_range_and_nan_to_no_range(measured, result):
    assert checks.between("name", measured, 1.0, 2.0, "advice").result == result


def test_equal_outputs_have_the_crossentropy_ln_c():
    indices = np.arange(10) % CLASSES
    for outputs, from_logits in ((np.full((10, 5), 7.0), True), (np.full((10, 5), 0.2), False)):
        found = checks.crossentropy(outputs, indices, Task("sparse", 5, from_logits))
        assert found == pytest.approx(math.log(5))
    for outputs, from_logits in ((np.zeros((10, 1)), True), (np.full((10, 1), 0.5), False)):
        found = checks.crossentropy(outputs, indices % 2, Task("binary", 2, from_logits))
        assert found == pytest.approx(math.log(2))


def test_crossentropy_agrees_with_a_slow_computation():
    logits = np.random.default_rng(0).normal(size=(6, 4)) * 5
    classes = np.array([0, 1, 2, 3, 0, 1])
    total = 0.0
    for row, label in zip(logits.tolist(), classes.tolist(), strict=True):
        total -= math.log(math.exp(row[label]) / sum(math.exp(value) for value in row))
    found = checks.crossentropy(logits, classes, Task("sparse", 4, from_logits=True))
    assert found == pytest.approx(total / 6)


@pytest.mark.parametrize(
    ("labels", "loss", "result"),
    [
        ([0, 1] * 5, math.log(2) + 2.0, "pass"),
        ([0, 1] * 5, math.log(2) + 2.1, "warn"),
        # A quarter below the entropy of the labels is below chance.
        ([0, 1] * 5, 0.76 * math.log(2), "pass"),
        ([0, 1] * 5, 0.74 * math.log(2), "warn"),
        # Of one class alone, chance is certain.
        ([0] * 10, 0.0, "pass"),
        ([0, 1] * 5, math.nan, "warn"),
    ],
)
def test_initial_loss_lies_between_entropy_and_chance(labels, loss, result):
    assert checks.check_initial_loss(loss, np.array(labels), 2).result == result


@pytest.mark.parametrize(
    ("y", "task", "shape", "result"),
    [
        ([0, 4], LOGITS, (5,), "pass"),
        ([[0], [4]], LOGITS, (5,), "pass"),
        ([[0, 4, 1]], LOGITS, (3, 5), "pass"),
        ([1, 5], LOGITS, (5,), "warn"),
        ([0, -1], LOGITS, (5,), "warn"),
        ([0, 0.5], LOGITS, (5,), "warn"),
        ([[1, 0, 0, 0, 0]], LOGITS, (5,), "warn"),
        ([[1, 0, 0, 0, 0]], Task("one_hot", 5, True), (5,), "pass"),
        ([[0.5, 0.5, 0, 0, 0]], Task("one_hot", 5, True), (5,), "pass"),
        ([[1, 1, 0, 0, 0]], Task("one_hot", 5, True), (5,), "warn"),
        ([0, 4], Task("one_hot", 5, True), (5,), "warn"),
        ([0, 1], Task("binary", 2, False), (1,), "pass"),
        ([0, 2], Task("binary", 2, False), (1,), "warn"),
    ],
)
def test_labels_must_be_of_the_kind_that_the_loss_takes(y, task, shape, result):
    assert checks.check_labels(np.array(y), task, shape).result == result


def test_labels_from_one_are_told_apart_from_other_mistakes():
    assert "subtract 1" in checks.check_labels(np.arange(1, 6), LOGITS, (5,)).advice
    assert "subtract 1" not in checks.check_labels(np.array([0, 7]), LOGITS, (5,)).advice


@pytest.mark.parametrize(
    ("counts", "ratio", "result"),
    [((3, 3), 1, "pass"), ((10, 1), 10, "pass"), ((11, 1), 11, "warn"), ((3, 0), math.inf, "warn")],
)
def test_balance_is_the_ratio_of_largest_and_smallest_class(counts, ratio, result):
    check = checks.check_balance(np.repeat([0, 1], counts), 2)
    assert (check.measured, check.result) == (ratio, result)


@pytest.mark.parametrize(
    ("outputs", "task", "result"),
    [
        ([[0.5, 0.5], [0.1, 0.9]], Task("sparse", 2, False), "pass"),
        ([[0.5, 0.5], [0.1, 0.9]], Task("sparse", 2, True), "warn"),
        ([[0.5, 0.5], [0.1, 0.8]], Task("sparse", 2, False), "warn"),
        ([[0.5, 0.5], [-0.1, 1.1]], Task("sparse", 2, False), "warn"),
        ([[0.5, 0.5], [-0.1, 1.1]], Task("sparse", 2, True), "pass"),
        ([[0.0, 0.0]], Task("sparse", 2, True), "pass"),
        ([[0.2], [0.9]], Task("binary", 2, False), "pass"),
        ([[0.2], [0.9]], Task("binary", 2, True), "warn"),
        ([[0.2], [1.9]], Task("binary", 2, False), "warn"),
        ([[0.2], [-1.9]], Task("binary", 2, True), "pass"),
    ],
)
def test_outputs_must_be_what_the_loss_takes(outputs, task, result):
    assert checks.check_outputs(np.array(outputs), task).result == result


def test_signal_is_each_units_own_deviation():
    # Deviations 1 and 7 around means that are far apart.
    outputs = np.array([[101.0, -7.0], [99.0, 7.0]])
    assert checks.signal(outputs) == pytest.approx(math.sqrt((1 + 49) / 2))
    assert checks.signal(outputs.T, unit_axis=0) == pytest.approx(math.sqrt((1 + 49) / 2))
    assert checks.signal(np.array([[5.0, -3.0], [5.0, -3.0]])) == 0


@pytest.mark.parametrize(
    ("ratios", "where", "result"),
    [
        ({"a": 1.0, "b": 2.0}, "b", "pass"),
        ({"a": 0.4, "b": 2.0}, "a", "pass"),
        ({"a": 1.0, "b": 1 / 21}, "b", "warn"),
        ({"a": 21.0, "b": 1.0}, "a", "warn"),
        ({"a": 1.0, "b": 0.0}, "b", "warn"),
        ({"a": math.nan, "b": 1.0}, "a", "warn"),
    ],
)
def test_spread_names_the_layer_that_differs_most(ratios, where, result):
    check = checks.check_spread(ratios)
    assert (check.where, check.result) == (where, result)


@pytest.mark.parametrize(
    ("penalty", "result"),
    [(0.1, "pass"), (20.0, "pass"), (20.1, "warn"), (0, "warn"), (-1, "warn")],
)
def test_penalty_must_add_to_the_loss_and_not_swamp_it(penalty, result):
    assert checks.check_penalty(penalty, loss=2.0).result == result


def test_smoothed_labels_leave_a_loss():
    # The best outputs are 0.9 + 0.1 / 4 for the label.
    bound = checks.overfit_bound(Task("one_hot", 4, True, label_smoothing=0.1))
    assert bound == pytest.approx(0.1 * math.log(4) - math.log(0.925))
    assert checks.overfit_bound(Task("one_hot", 4, True)) == pytest.approx(0.1 * math.log(4))


# Healthy networks.

HEALTHY = {
    "relu": mlp,
    "tanh": lambda: mlp("tanh", "glorot_normal"),
    "batch normalisation": lambda: mlp(normalise=True),
    "convolution": convolution,
}
OPTIMIZERS = {
    "sgd": lambda: keras.optimizers.SGD(0.1),
    "momentum": lambda: keras.optimizers.SGD(0.03, momentum=0.9),
    "adam": lambda: keras.optimizers.Adam(0.003),
}


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("build", HEALTHY)
def test_healthy_networks_pass(build, optimizer):
    for seed in range(3):
        found = preflight(compiled(HEALTHY[build], OPTIMIZERS[optimizer](), seed=seed), X, Y)
        assert [check.name for check in found] == list(NAMES)
        assert not warned(found)


@pytest.mark.parametrize("build", HEALTHY)
def test_healthy_networks_pass_at_once(build):
    found = preflight(compiled(HEALTHY[build]), X, Y)
    assert not warned(found)
    skips = {"penalty", "dead units" if build == "tanh" else "saturation"}
    skips |= {"activation spread"} if build == "batch normalisation" else set()
    assert {check.name for check in found if check.result == "skip"} == skips


def test_one_hot_labels_and_probabilities_pass():
    one_hot = keras.utils.to_categorical(Y, CLASSES)
    for loss in ("categorical_crossentropy", keras.losses.CategoricalCrossentropy()):
        model = compiled(lambda: mlp(out="softmax"), loss=loss)
        found = by_name(preflight(model, X, one_hot))
        assert not warned(found.values())
    sparse = compiled(lambda: mlp(out="softmax"), loss="sparse_categorical_crossentropy")
    again = by_name(preflight(sparse, X, Y))
    assert again["initial loss"].measured == pytest.approx(found["initial loss"].measured)
    assert again["overfit"].where == found["overfit"].where


def test_two_classes_with_one_output_pass():
    def build():
        hidden = layers.Dense(32, "relu", kernel_initializer="he_normal")
        return keras.Sequential([keras.Input((FEATURES,)), hidden, layers.Dense(1, "sigmoid")])

    model = compiled(build, loss="binary_crossentropy")
    found = by_name(preflight(model, X, (Y > 2).astype(np.int32)))
    assert not warned(found.values())
    assert found["overfit"].result == "pass"


# Each defect and the checks that warn of it.


def dead(share):
    """Builds a ReLU network with this share of the second layer's biases at -100."""

    def build():
        model = mlp()
        bias = np.zeros(32, np.float32)
        bias[: int(share * 32)] = -100
        model.get_layer("dense_1").bias.assign(bias)
        return model

    return build


def softmax_and_more():
    """Builds a network whose softmax Keras's TensorFlow backend does not see through."""
    model = mlp(out="softmax")
    model.add(layers.Rescaling(1.0))
    return model


def normal(deviation):
    return lambda: mlp(initializer=keras.initializers.RandomNormal(stddev=deviation, seed=0))


STUCK = {"activation spread", "dead units", "update ratio", "overfit"}
EXPLODED = {"initial loss", "activation spread", "update ratio", "overfit"}
DEFECTS = {
    "softmax twice": (softmax_and_more, 0.1, {"outputs", "overfit"}),
    "no softmax": (mlp, 0.1, {"outputs", "initial loss", "overfit", "update ratio"}),
    "deviation 1": (normal(1.0), 0.1, EXPLODED),
    "deviation 0.001": (normal(0.001), 0.1, {"activation spread", "update ratio", "overfit"}),
    "rate 0": (mlp, 0.0, {"update ratio", "overfit"}),
    "rate 1000": (mlp, 1e3, {"update ratio", "overfit"}),
    "half dead": (dead(0.5), 0.1, {"dead units"}),
    "all dead": (dead(1.0), 0.1, STUCK),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_is_warned_of_and_nothing_else(defect):
    build, rate, expected = DEFECTS[defect]
    loss = crossentropy(from_logits=defect != "no softmax")
    found = preflight(compiled(build, keras.optimizers.SGD(rate), loss), X, Y)
    assert warned(found) == expected
    assert all(check.advice for check in found if check.result != "pass")


def test_softmax_before_logits_is_warned_of_where_keras_sees_through_it():
    found = preflight(compiled(lambda: mlp(out="softmax")), X, Y)
    assert "outputs" in warned(found)


def test_features_from_0_to_255_are_to_be_normalised():
    # Shares of the range, as images have them.
    raw = 255 * (X - X.min()) / (X.max() - X.min())
    model = compiled(optimizer=keras.optimizers.Adam(0.001))
    found = warned(preflight(model, raw, Y))
    # What all features have in common decides the sign of some units, which are then dead.
    assert found == {"input mean", "input deviation", "initial loss", "dead units"}
    model = compiled(lambda: mlp(normalise=True), keras.optimizers.Adam(0.001))
    assert warned(preflight(model, raw, Y)) == {"input mean", "input deviation"}


def test_normalisation_inside_the_model_counts():
    def build():
        scale = layers.Rescaling(1 / 100, offset=-0.5)
        return keras.Sequential([keras.Input((FEATURES,)), scale, *mlp().layers])

    assert not warned(preflight(compiled(build), 100 * (X + 0.5), Y))


def test_labels_from_one_stop_what_needs_labels():
    found = by_name(preflight(compiled(), X, Y + 1))
    assert warned(found.values()) == {"labels"}
    assert found["labels"].measured == CLASSES
    assert found["overfit"].result == found["initial loss"].result == "skip"


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_values_that_are_not_finite_stop_the_rest(value):
    x = X.copy()
    x[3, 4] = value
    found = by_name(preflight(compiled(), x, Y))
    assert warned(found.values()) == {"finite values"}
    assert found["finite values"].measured == 1
    model = compiled()
    model.get_layer("dense_1").bias.assign(np.full(32, value))
    found = by_name(preflight(model, X, Y))
    assert warned(found.values()) == {"finite values"}
    assert found["finite values"].measured == 32


def test_sigmoids_with_large_weights_saturate():
    def build():
        return mlp("sigmoid", keras.initializers.RandomNormal(stddev=5.0, seed=0))

    found = by_name(preflight(compiled(build), X, Y))
    assert found["saturation"].result == "warn"
    gentle = by_name(preflight(compiled(lambda: mlp("sigmoid", "glorot_normal")), X, Y))
    assert gentle["saturation"].result == "pass"


# What is measured.


def test_penalty_is_shown_apart_and_trained_without():
    def build(strength):
        def make():
            return keras.Sequential(
                [
                    keras.Input((FEATURES,)),
                    layers.Dense(32, "relu", kernel_initializer="he_normal"),
                    layers.Dropout(0.99 if strength else 0.0),
                    layers.Dense(CLASSES, kernel_regularizer=keras.regularizers.L2(strength)),
                ]
            )

        return make

    model = compiled(build(0.05))
    found = by_name(preflight(model, X, Y))
    expected = 0.05 * float(np.square(model.layers[-1].kernel.numpy()).sum())
    assert found["penalty"].measured == pytest.approx(expected, rel=1e-5)
    free = compiled(build(0.0))
    free.set_weights(model.get_weights())
    plain = by_name(preflight(free, X, Y))
    assert found["initial loss"].measured == pytest.approx(plain["initial loss"].measured)
    assert found["overfit"] == plain["overfit"]
    assert found["overfit"].result == "pass"
    assert found["update ratio"].measured != plain["update ratio"].measured


def test_update_ratio_of_one_step_is_rate_times_gradient():
    model = keras.Sequential([keras.Input((FEATURES,)), layers.Dense(CLASSES, name="logits")])
    model.compile(keras.optimizers.SGD(0.125), crossentropy())
    kernel = np.random.default_rng(0).normal(size=(FEATURES, CLASSES)) / 4
    model.set_weights([kernel, np.zeros(CLASSES)])
    found = by_name(preflight(model, X, Y, update_steps=1, batch_size=len(X)))
    shares = np.exp(X @ kernel)
    shares /= shares.sum(axis=1, keepdims=True)
    gradient = X.T @ (shares - np.eye(CLASSES)[Y]) / len(X)
    expected = 0.125 * np.linalg.norm(gradient) / np.linalg.norm(kernel)
    assert found["update ratio"].measured == pytest.approx(expected, rel=1e-4)
    loss = -np.log(shares[np.arange(len(Y)), Y]).mean()
    assert found["initial loss"].measured == pytest.approx(loss, rel=1e-5)
    assert found["activation spread"].result == "skip"


def test_kernels_that_start_at_zero_count_only_if_they_stay_there():
    def build():
        model = mlp()
        model.get_layer("logits").kernel.assign(np.zeros((32, CLASSES)))
        return model

    # Counted, the second update would be as large as the weights.
    model = compiled(build, keras.optimizers.Adam(0.003))
    assert not warned(preflight(model, X, Y, update_steps=2))
    zeros = by_name(preflight(compiled(lambda: mlp(initializer="zeros")), X, Y))
    assert warned(zeros.values()) == STUCK
    assert zeros["update ratio"].measured == 0


def test_layers_behind_a_normalisation_are_compared_with_it():
    def build():
        return keras.Sequential(
            [
                keras.Input((FEATURES,)),
                layers.Dense(32, kernel_initializer="he_normal", name="normalised"),
                layers.BatchNormalization(),
                layers.ReLU(),
                layers.Dense(32, kernel_initializer="he_normal", name="free"),
                layers.ReLU(),
                layers.Dense(CLASSES),
            ]
        )

    model = compiled(build, keras.optimizers.Adam(0.003))
    found, scaled = by_name(preflight(model, X, Y)), by_name(preflight(model, 100 * X, Y))
    assert warned(scaled.values()) == {"input deviation"}
    assert found["activation spread"].where == scaled["activation spread"].where == "free"
    expected = pytest.approx(found["activation spread"].measured, rel=1e-2)
    assert scaled["activation spread"].measured == expected


def test_overfit_counts_the_steps_of_plain_training():
    model = compiled()
    found = by_name(preflight(model, X, Y))
    tiny = np.random.default_rng(0).permutation(len(X))[:20]
    steps = 0
    while True:
        logits = keras.ops.convert_to_numpy(model(X[tiny]))
        loss = checks.crossentropy(logits, Y[tiny], LOGITS)
        accuracy = float((logits.argmax(axis=1) == Y[tiny]).mean())
        if accuracy == 1 and loss <= 0.1 * math.log(CLASSES):
            break
        model.train_on_batch(X[tiny], Y[tiny])
        steps += 1
    assert steps > 2
    assert found["overfit"].where == f"20 examples, {steps} of 1000 steps, accuracy 1"
    assert found["overfit"].measured == pytest.approx(loss, rel=1e-3)


def test_overfit_trains_without_weight_decay():
    free, decayed = (
        by_name(preflight(compiled(optimizer=keras.optimizers.SGD(0.1, weight_decay=decay)), X, Y))
        for decay in (None, 5.0)
    )
    assert decayed["overfit"] == free["overfit"]
    assert decayed["update ratio"].measured > free["update ratio"].measured


def test_layers_of_every_make_can_be_copied():
    inner = keras.Sequential([keras.Input((32,)), layers.Dense(32, "relu"), layers.Dropout(0.5)])
    inputs = keras.Input((FEATURES,))
    hidden = layers.Dense(32, "relu", kernel_initializer="he_normal")(inputs)
    hidden = layers.Lambda(lambda values: values * 1.0)(hidden)
    outputs = layers.Dense(CLASSES)(layers.Add()([hidden, inner(hidden)]))
    model = compiled(lambda: keras.Model(inputs, outputs))
    found = by_name(preflight(model, X, Y))
    assert not warned(found.values())
    assert found["overfit"].result == "pass"


def test_what_cannot_be_copied_is_skipped():
    class Own(layers.Layer):
        def __init__(self, factor):
            super().__init__()
            self.factor = factor

        def call(self, inputs):
            return inputs * self.factor

    def build():
        return keras.Sequential([keras.Input((FEATURES,)), Own(2.0), layers.Dense(CLASSES)])

    found = by_name(preflight(compiled(build), X, Y))
    assert found["labels"].result == "pass"
    assert found["overfit"].result == "skip"
    assert "cannot be copied" in found["overfit"].advice


def test_regression_is_judged_only_in_part():
    def build():
        hidden = layers.Dense(32, "relu", kernel_initializer="he_normal")
        return keras.Sequential([keras.Input((FEATURES,)), hidden, layers.Dense(1)])

    model = compiled(build, keras.optimizers.SGD(0.01), "mse")
    found = by_name(preflight(model, X, X[:, :1]))
    for name in ("labels", "class balance", "outputs", "initial loss", "overfit"):
        assert found[name].result == "skip"
        assert "mean_squared_error" in found[name].advice
    for name in ("input mean", "activation spread", "dead units", "update ratio"):
        assert found[name].result == "pass"


def test_a_model_without_a_graph_is_judged_only_in_part():
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(CLASSES)

        def call(self, inputs):
            return self.dense(inputs)

    model = compiled(Own)
    callback = Preflight(X, Y, verbose=0)
    model.fit(X, Y, verbose=0, callbacks=[callback])
    found = by_name(callback.checks)
    assert found["finite values"].result == "pass"
    assert {check.result for check in callback.checks} == {"pass", "skip"}
    assert "Functional" in found["overfit"].advice


# The model is left alone.


def test_a_fit_after_it_is_the_same_as_without():
    def build():
        hidden = layers.Dense(32, "relu", kernel_initializer="he_normal", kernel_regularizer="l2")
        inner = [hidden, layers.BatchNormalization(), layers.Dropout(0.5)]
        return keras.Sequential([keras.Input((FEATURES,)), *inner, layers.Dense(CLASSES)])

    def state(model):
        variables = [*model.variables, *model.optimizer.variables, *model.metrics_variables]
        return [np.array(keras.ops.convert_to_numpy(item)) for item in variables]

    def drawn():
        stream = keras.random.uniform((2,))  # from Keras's global stream
        return random.random(), np.random.random(), np.asarray(stream).tolist()  # noqa: NPY002

    histories, states = [], []
    for look in (False, True):
        model = compiled(build, keras.optimizers.Adam(0.01))
        model.fit(X, Y, verbose=0)
        keras.utils.set_random_seed(1)
        before, function, counters = state(model), model.train_function, len(model.layers)
        if look:
            preflight(model, X, Y, overfit_steps=5)
        for one, other in zip(before, state(model), strict=True):
            np.testing.assert_array_equal(one, other)
        assert (model.train_function, len(model.layers)) == (function, counters)
        assert all(len(layer._inbound_nodes) == 1 for layer in model.layers)
        histories.append((drawn(), model.fit(X, Y, epochs=2, verbose=0).history))
        states.append(state(model))
    assert histories[0] == histories[1]
    for one, other in zip(*states, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_same_model_gives_the_same_checks():
    def build():
        hidden = layers.Dense(32, "relu", kernel_initializer="he_normal")
        return keras.Sequential(
            [keras.Input((FEATURES,)), hidden, layers.Dropout(0.5), layers.Dense(CLASSES)]
        )

    model = compiled(build)
    first = preflight(model, X, Y)
    random.random()  # what else the program draws does not matter
    assert preflight(model, X, Y) == first
    other = by_name(preflight(model, X, Y, seed=1))
    assert other["overfit"] != by_name(first)["overfit"]


# The callback.


def test_callback_keeps_the_checks_and_serves_several_fits(capsys):
    callback = Preflight(X, Y, verbose=2, overfit_steps=200)
    model = compiled()
    expected = preflight(model, X, Y, overfit_steps=200)
    model.fit(X, Y, verbose=0, callbacks=[callback])
    assert callback.checks == expected
    lines = capsys.readouterr().out.splitlines()
    assert [line[:4] for line in lines] == [check.result for check in expected]
    compiled(optimizer=keras.optimizers.SGD(0.0)).fit(X, Y, verbose=0, callbacks=[callback])
    assert warned(callback.checks) == {"update ratio", "overfit"}


def test_callback_prints_warnings_alone_or_nothing(capsys):
    for verbose, expected in ((0, 0), (1, 2)):
        callback = Preflight(X, Y, verbose=verbose, overfit_steps=5)
        compiled(optimizer=keras.optimizers.SGD(0.0)).fit(X, Y, verbose=0, callbacks=[callback])
        assert len(capsys.readouterr().out.splitlines()) == expected


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": Y[1:]}, "the same number of examples"),
        ({"x": X.astype(str)}, "must hold numbers"),
        ({"verbose": 3}, "`verbose` must be"),
        ({"examples": 0}, "`examples` must be an integer of at least 1"),
        ({"seed": -1}, "`seed` must be an integer of at least 0"),
        ({"overfit_steps": 1.5}, "`overfit_steps` must be"),
        ({"steps": 1}, "`steps` is none of the settings"),
    ],
)
def test_wrong_arguments_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        Preflight(**{"x": X, "y": Y, **change})


def test_models_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="must be compiled"):
        preflight(mlp(), X, Y)
    with pytest.raises(ValueError, match="`x` must hold examples of the shape"):
        preflight(compiled(), X[:, 1:], Y)


def test_population_equals_alone():
    x, y = X[:48, :4], Y[:48] % 3
    both = fit_in_both_engines(lambda: Preflight(x, y, 0, overfit_steps=20), epochs=1)
    (_, together), (_, alone) = both
    assert len(together) == len(alone) == 2
    for one, other in zip(together, alone, strict=True):
        for check, twin in zip(one.checks, other.checks, strict=True):
            assert (check.name, check.result) == (twin.name, twin.result)
            if twin.measured is not None:
                assert check.measured == pytest.approx(twin.measured, rel=1e-3)
    assert together[0].checks != together[1].checks
