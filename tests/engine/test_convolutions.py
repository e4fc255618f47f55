"""Convolutions as products compute, train and are told as Keras's own layers are."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers, optimizers
from test_fit import DATA, RECIPE

from zoo.engine import convolutions, fit, population
from zoo.engine.convolutions import products_of, replaced, why_slow
from zoo.measure import gradients
from zoo.runs.run import Job, Run, Silent

BATCH = 6
TENSORFLOW = keras.backend.backend() == "tensorflow"  # where dropout is drawn fast


@pytest.fixture(autouse=True)
def processor(monkeypatch):
    """Has the tests' device be a processor."""
    for module in (convolutions, fit):
        monkeypatch.setattr(module, "on_processor", lambda: True)


def drawn(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def network(shape, *stack):
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input(shape), *stack, layers.Flatten(), layers.Dense(3)])


SIGNAL = [
    layers.Conv1D(4, 3),
    layers.Conv1D(4, 5, padding="same", activation="tanh"),
    layers.Conv1D(4, 4, strides=2, padding="same", use_bias=False),
    layers.Conv1D(4, 3, strides=3),
    layers.Conv1D(4, 3, padding="causal", dilation_rate=2),
    layers.Conv1D(4, 1),
]
IMAGE = [
    layers.Conv2D(4, 3),
    layers.Conv2D(4, (2, 3), strides=(2, 1), padding="same", activation="relu"),
    layers.Conv2D(4, 3, dilation_rate=(1, 2)),
    layers.Conv2D(4, 5, strides=2),
]


@pytest.mark.parametrize("layer", [*SIGNAL, *IMAGE])
def test_outputs_and_gradients_are_those_of_keras(layer):
    copy = type(layer).from_config(layer.get_config())
    shape = (11, 2) if isinstance(layer, layers.Conv1D) else (9, 8, 2)
    pool = layers.MaxPooling1D(2) if len(shape) == 2 else layers.MaxPooling2D((1, 2))
    model = network(shape, layers.Dense(2), copy, pool)
    x, y = drawn(BATCH, *shape), np.arange(BATCH) % 3
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    expected = keras.ops.convert_to_numpy(model(x)), gradients(model, loss, x, y)
    products = products_of(model)
    assert [each for each, _ in products] == [copy, pool]
    with replaced(products):
        found = keras.ops.convert_to_numpy(model(x)), gradients(model, loss, x, y)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-4, atol=1e-5)
    for one, other in zip(found[1], expected[1], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    assert "call" not in vars(copy)


@pytest.mark.parametrize("size", [(2, 2), (3, 2), (1, 4)])
def test_of_equal_places_in_a_window_the_first_has_the_gradient(size):
    model = network((7, 9, 1), layers.Conv2D(2, 1), layers.MaxPooling2D(size))
    # Few different numbers, so that most windows have several that are the largest.
    x = np.random.default_rng(0).integers(0, 2, (BATCH, 7, 9, 1)).astype("float32")
    y = np.arange(BATCH) % 3
    expected = gradients(model, "sparse_categorical_crossentropy", x, y)
    with replaced(products_of(model)):
        found = gradients(model, "sparse_categorical_crossentropy", x, y)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def convolving(input_shape, num_classes):
    stack = [layers.Reshape((5, 1)), layers.Conv1D(4, 3, activation="relu")]
    stack += [layers.BatchNormalization(), layers.MaxPooling1D(2), layers.Flatten()]
    return keras.Sequential([keras.Input(input_shape), *stack, layers.Dense(num_classes)])


def dropping(input_shape, num_classes):
    stack = [layers.Reshape((5, 1)), layers.Conv1D(4, 3, activation="relu")]
    stack += [layers.SpatialDropout1D(0.3), layers.Conv1D(4, 2), layers.Dropout(0.4)]
    stack += [layers.Flatten(), layers.Dense(num_classes)]
    return keras.Sequential([keras.Input(input_shape), *stack])


@pytest.mark.parametrize("build_model", [convolving, dropping] if TENSORFLOW else [convolving])
def test_they_train_as_fit_trains_them(build_model):
    recipe = replace(RECIPE, build_model=build_model, optimizer=optimizers.Adam)
    jobs = [Job(recipe, Run("toy", rate, seed)) for rate in (0.01, 0.1) for seed in range(2)]
    expected = {each.run: each for each in fit.train(jobs, DATA, Silent())}
    for result in population.train(jobs, DATA, Silent()):
        assert result.engine == "population of 1"
        other = expected[result.run]
        for name, values in result.history.items():
            np.testing.assert_allclose(values, other.history[name], rtol=1e-4, atol=1e-6)
        assert result.final == pytest.approx(other.final, rel=1e-4)
        assert result.rights == other.rights


class Mine(layers.Conv1D):
    """A convolution of a user's, which may compute something else."""


class Drawing(keras.Model):
    """Draws with a stream of random numbers of the model itself."""

    def __init__(self):
        super().__init__()
        self.convolution, self.last = layers.Conv1D(2, 3), layers.Dense(3)
        self.stream = keras.random.SeedGenerator(0)

    def call(self, inputs):
        outputs = self.last(keras.ops.mean(self.convolution(inputs), axis=1))
        return outputs + keras.random.normal((3,), seed=self.stream)


def drawing(shape):
    model = Drawing()
    model(drawn(1, *shape))
    return model


def shared(shape):
    layer, x = layers.Conv1D(2, 3, padding="same"), keras.Input(shape)
    return keras.Model(x, layers.Dense(3)(layers.Flatten()(layer(layer(x)))))


def pooled(shape, *stack):
    return network(shape, layers.Conv1D(4, 3), *stack)


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (lambda: network((11, 2), layers.Dense(2)), ""),
        (lambda: network((11, 2), layers.Conv1D(4, 3)), ""),
        (lambda: pooled((11, 2), layers.GlobalMaxPooling1D()), ""),
        (lambda: shared((11, 2)), ""),
        (lambda: pooled((11, 2), layers.Dropout(0.5)), "" if TENSORFLOW else "as many random"),
        (lambda: pooled((11, 2), layers.GaussianNoise(0.5)), "as many random numbers"),
        (lambda: drawing((11, 2)), "as many random numbers"),
        (lambda: network((11, 2), Mine(4, 3)), "Mine on a processor"),
        (lambda: network((11, 2), layers.Conv1D(4, 3, groups=2)), "Conv1D on a processor"),
        (lambda: network((11, 2), layers.SeparableConv1D(4, 3)), "SeparableConv1D on a proc"),
        (lambda: network((5, 6, 2), layers.Conv2DTranspose(4, 3)), "Conv2DTranspose on a"),
        (lambda: pooled((11, 2), layers.MaxPooling1D(3, strides=1)), "MaxPooling1D on a"),
        (lambda: pooled((11, 2), layers.MaxPooling1D(2, padding="same")), "MaxPooling1D on a"),
        (lambda: network((32, 32, 3), layers.Conv2D(199, 9)), "convolutions of this size"),
        (
            lambda: keras.Sequential(
                [keras.Input((None, 2)), layers.Conv1D(4, 3), layers.GlobalAveragePooling1D()]
            ),
            "convolutions on a processor are slower in XLA if shapes are not known",
        ),
    ],
)
def test_what_trains_alone_says_why(monkeypatch, model, why):
    built = model()
    assert why_slow(built, BATCH).startswith(why)
    assert bool(why_slow(built, BATCH)) == bool(why)
    assert why_slow(built, 10**9) != "" or not convolutions.convolves(built)
    monkeypatch.setattr(convolutions, "on_processor", lambda: False)
    assert why_slow(built, BATCH) == ""
    assert products_of(built) == []
