from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers, losses, ops, optimizers
from uncompiled import uncompiled

from zoo import probes
from zoo.data import Data
from zoo.engine import fit, population
from zoo.engine.outputs import check, check_labels, loss_of, of_each_example, of_numbers, rights
from zoo.errors import ZooError
from zoo.experiment import Recipe
from zoo.losses import OneHotLoss
from zoo.runs.run import Job, Run, Silent

GENERATOR = np.random.default_rng(0)
N = 40


def labels_of(kind, outputs):
    if kind == "fractions":
        return GENERATOR.uniform(size=(N, outputs)).astype("float32")
    whole = GENERATOR.integers(0, max(outputs, 2), N)
    if kind == "column":
        return whole[:, None]
    if kind == "one-hot":
        return np.eye(outputs, dtype="float32")[whole]
    return whole.astype({"whole": "int32", "floats": "float32"}[kind])


CASES = [
    *((kind, outputs) for kind in ("whole", "floats", "column") for outputs in (1, 2, 5)),
    *(("one-hot", outputs) for outputs in (2, 5)),
    *(("fractions", outputs) for outputs in (1, 2, 5)),
]


def in_keras(labels, outputs, loss):
    """Returns loss and accuracy of a model that puts out what is given."""
    model = keras.Sequential([keras.Input(outputs.shape[1:]), layers.Identity()])
    model.compile("sgd", loss, metrics=["accuracy"], run_eagerly=True)
    found = model.evaluate(outputs, labels, batch_size=N, verbose=0, return_dict=True)
    return found["loss"], found["accuracy"]


@pytest.mark.parametrize(("kind", "outputs"), CASES)
def test_accuracy_is_that_of_keras(kind, outputs):
    labels = labels_of(kind, outputs)
    values = GENERATOR.normal(0.5, 1, size=(N, outputs)).astype("float32")
    right = ops.convert_to_numpy(rights(labels, values))
    assert right.shape == (N,)
    _, expected = in_keras(labels, values, "mse" if kind == "fractions" else "crossentropy")
    assert right.mean() == pytest.approx(expected, abs=1e-6)


def focal(y, p):
    return ops.mean(ops.square(1 - ops.take(p, 0, axis=-1)), axis=-1) + 0 * ops.sum(y)


def absolute(y, p):
    return ops.abs(ops.reshape(y, (-1,)) - p[:, 0])


@pytest.mark.parametrize(
    ("given", "kind", "outputs"),
    [
        ("crossentropy", "whole", 1),
        ("crossentropy", "whole", 3),
        ("ce", "column", 3),
        ("crossentropy", "one-hot", 3),
        ("mse", "fractions", 2),
        ("sparse_categorical_crossentropy", "whole", 3),
        ("SparseCategoricalCrossentropy", "whole", 3),
        (losses.binary_crossentropy, "whole", 1),
        (losses.Hinge(), "whole", 1),
        (absolute, "whole", 3),
        (absolute, "column", 1),
        (focal, "whole", 3),
    ],
)
def test_loss_is_that_of_keras(given, kind, outputs):
    labels = labels_of(kind, outputs)
    values = GENERATOR.uniform(0.1, 1, size=(N, outputs)).astype("float32")
    loss = loss_of(given, labels[:1], values[:1])
    assert isinstance(loss, losses.Loss)
    expected, _ = in_keras(labels, values, given)
    assert float(loss(labels, values)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (losses.SparseCategoricalCrossentropy(), True),
        (OneHotLoss(losses.MeanSquaredError()), True),
        (losses.Hinge(reduction="sum"), False),
        (loss_of(focal, np.zeros(1), np.zeros((1, 1))), False),
        (type("Own", (losses.Loss,), {"__module__": "mine"})(), False),
    ],
)
def test_losses_that_look_at_each_example_alone(loss, expected):
    assert of_each_example(loss) is expected


# What a network cannot learn

SPARSE = losses.SparseCategoricalCrossentropy(from_logits=True)
BINARY = losses.BinaryCrossentropy(from_logits=True)


def places(outputs):
    return np.zeros((1, outputs), "float32")


@pytest.mark.parametrize(
    ("loss", "outputs", "labels", "said"),
    [
        (SPARSE, 2, [0, 1, 2], "2 outputs, for labels from 0 to 1. Received: label 2 in the test"),
        ("crossentropy", 3, [1, 2, 3], "Received: label 3"),
        (SPARSE, 2, [-1, 1], "label -1 in the test part. Number the labels from 0"),
        (SPARSE, 1, [0, 1], "1 output, for labels from 0 to 0.*take BinaryCrossentropy"),
        (OneHotLoss(losses.MeanSquaredError()), 2, [0, 2], "Received: label 2"),
        (losses.SparseCategoricalCrossentropy(ignore_class=-1), 2, [-1, 2], "label 2"),
        (BINARY, 1, [-1, 1], "from 0 to 1. Received: label -1 in the test part.* 1 output"),
        (BINARY, 1, [0, 1, 2], "Received: label 2"),
        (BINARY, 3, [0, 1], "a label for each output. Received: 1 an example.* 3 outputs"),
        (losses.CategoricalCrossentropy(), 3, [0, 1], r"\(3,\) an example. Received: \(\)"),
    ],
)
def test_labels_without_an_output_are_named(loss, outputs, labels, said):
    with pytest.raises(ZooError, match=said):
        check_labels(loss, places(outputs), {"test": np.array(labels)})


@pytest.mark.parametrize(
    ("loss", "outputs", "labels"),
    [
        (SPARSE, 3, [0, 2]),
        (losses.SparseCategoricalCrossentropy(ignore_class=-1), 2, [-1, 0, 1]),
        (BINARY, 1, [0, 1]),
        (BINARY, 1, [[0.2], [0.9]]),
        (BINARY, 2, [[0, 1], [1, 1]]),
        (losses.CategoricalCrossentropy(), 2, [[0, 1], [0.5, 0.5]]),
        ("hinge", 1, [-1, 1]),
        (focal, 2, [5, 6]),
    ],
)
def test_labels_that_the_loss_takes(loss, outputs, labels):
    check_labels(loss, places(outputs), {"test": np.array(labels)})


@pytest.mark.parametrize(
    ("loss", "labels", "expected"),
    [
        ("mse", np.arange(4), True),
        (losses.Huber(), np.arange(4.0), True),
        ("hinge", np.array([-1, 1]), False),
        ("crossentropy", np.arange(4), False),
        (losses.BinaryCrossentropy(), np.array([0.25, 0.75]), False),
        (lambda known, found: ops.abs(known - found), np.array([0.25, 0.75]), True),
        (lambda known, found: ops.abs(known - found), np.arange(4), False),
    ],
)
def test_losses_of_numbers_are_known(loss, labels, expected):
    assert of_numbers(loss, labels) is expected


def test_features_must_be_finite():
    y = np.array([0, 1])
    good = np.zeros((2, 3))
    for value in (np.nan, np.inf):
        wrong = np.array([[0, 1, value]] * 2)
        for x in (wrong, [good, wrong], {"a": good, "b": wrong}):
            with pytest.raises(ZooError, match="x of the validation part must be finite"):
                check(SPARSE, places(2), {"training": (good, y), "validation": (x, y)})
    check(SPARSE, places(2), {"training": (good, y), "validation": ([good, good], y)})
    with pytest.raises(ZooError, match="label 1 in the validation part"):
        check(SPARSE, places(1), {"training": (good, 0 * y), "validation": (good, y)})


@pytest.mark.parametrize("engine", [population, fit])
def test_engines_refuse_labels_that_a_network_cannot_have(engine):
    data = make_data(2 * TWO, X)
    two = {"build_model": dense(2), "loss": lambda: SPARSE}
    with pytest.raises(ZooError, match="2 outputs, for labels from 0 to 1"):
        list(engine.train([Job(replace(RECIPE, **two), Run("a", 0.1, 0))], data, Silent()))


# In both engines


def make_data(y, x=None):
    parts = []
    for rows in (slice(0, 64), slice(64, 90), slice(90, 100)):  # the last two of unlike length
        parts += [x[rows], y[rows]]
    return Data("toy", *parts, 2, ("a", "b"), "toy")


X = GENERATOR.normal(size=(100, 5)).astype("float32")
TWO = (X[:, 0] + 0.5 * X[:, 1] > 0).astype("int32")


class BatchSpread(losses.Loss):
    """Looks at the whole batch, so that an example more would change it."""

    def call(self, y_true, y_pred):
        return ops.square(y_pred[:, 0] - ops.mean(y_pred[:, 0]) - y_true)


class Cost(layers.Layer):
    """Adds a mean over the batch to the loss."""

    def call(self, inputs):
        self.add_loss(0.1 * ops.mean(ops.square(inputs + 1)))
        return inputs


def dense(units, activation=None, between=()):
    def build(input_shape, num_classes):
        made = [layer() for layer in between]
        last = layers.Dense(units, activation)
        return keras.Sequential([keras.Input(input_shape), layers.Dense(8, "tanh"), *made, last])

    return build


RECIPE = Recipe(
    build_model=dense(1),
    optimizer=optimizers.Adam,
    learning_rates=(0.03,),
    epochs=3,
    batch_size=16,
    loss=lambda: losses.BinaryCrossentropy(from_logits=True),
)
BOTH = {
    "logit": ({}, TWO),
    "sigmoid": ({"build_model": dense(1, "sigmoid"), "loss": losses.BinaryCrossentropy}, TWO),
    "column": ({}, TWO[:, None].astype("float32")),
    "one-hot": (
        {
            "build_model": dense(2, "softmax"),
            "loss": losses.CategoricalCrossentropy,
        },
        np.eye(2, dtype="float32")[TWO],
    ),
    "regression": ({"loss": losses.MeanSquaredError}, X[:, 2]),
    "function": ({"loss": lambda: absolute}, TWO),
    "sum": ({"loss": lambda: losses.BinaryCrossentropy(from_logits=True, reduction="sum")}, TWO),
    "batch": ({"loss": BatchSpread}, TWO),
    "added": ({"build_model": dense(1, None, [Cost])}, TWO),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BOTH)
def test_engines_agree_with_each_other(name):
    changes, labels = BOTH[name]
    data = make_data(labels, X)
    job = Job(replace(RECIPE, **changes), Run("a", 0.03, 1))
    (one,) = population.train([job], data, Silent())
    with uncompiled():
        other = fit.train_one(job, data, Silent())
    assert one.engine.startswith("population")
    for metric, values in one.history.items():
        np.testing.assert_allclose(values, other.history[metric], rtol=2e-5, err_msg=metric)
    for metric, value in one.final.items():
        assert value == pytest.approx(other.final[metric], rel=2e-5), metric


@pytest.mark.slow
def test_one_logit_learns_and_probes_count_it_as_keras_does():
    data = make_data(TWO, X)
    noise = {"noisy": probes.AccuracyUnderNoise((0.0,))}
    job = Job(replace(RECIPE, epochs=20, probes=noise), Run("a", 0.03, 1))
    (result,) = population.train([job], data, Silent())
    assert result.history["val_accuracy"][-1] > 0.85  # of two classes that a plane parts
    assert result.final["noisy"] == pytest.approx(result.final["test_accuracy"], abs=1e-6)
    model = keras.Sequential([keras.Input((1,)), layers.Identity()])
    assert probes.accuracy(model, np.array([[0.4], [0.6], [3.0]]), np.array([0, 1, 0])) == 2 / 3


@pytest.mark.slow
def test_outputs_of_another_shape_train_alone_and_count_every_answer():
    def steps(input_shape, num_classes):
        return keras.Sequential([keras.Input(input_shape), layers.Reshape((5, 1)), layers.Dense(2)])

    labels = (X > 0).astype("int32")  # one for each of five steps
    changes = {
        "build_model": steps,
        "loss": lambda: losses.SparseCategoricalCrossentropy(from_logits=True),
    }
    (result,) = population.train(
        [Job(replace(RECIPE, epochs=1, **changes), Run("a", 0.03, 0))],
        make_data(labels, X),
        Silent(),
    )
    assert result.engine == "fit (its output is not one vector for each example)"
    assert (result.final["val_accuracy"] * 26 * 5) % 1 == pytest.approx(0, abs=1e-9)
    assert result.final["val_accuracy"] == pytest.approx(result.history["val_accuracy"][-1])
