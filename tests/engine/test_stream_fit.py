"""`fit_many` on what only Keras's own `fit` reads, beside `fit` itself."""

import keras
import numpy as np
import pytest
from keras import layers
from uncompiled import uncompiled

import zoo
from zoo.errors import ZooError
from zoo.runs.seeding import derived_seed

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 5)).astype(np.float32), RNG.integers(0, 3, 40)
NUMBER = X.sum(axis=1)
HELD_OUT = X[32:], Y[32:]
CROSSENTROPY = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


class Batches(keras.utils.PyDataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        own = slice(8 * index, 8 * index + 8)
        return X[own], Y[own]


def generator():
    for index in range(4):
        yield Batches()[index]


def dataset():
    tf = pytest.importorskip("tensorflow")
    return tf.data.Dataset.from_tensor_slices((X[:32], Y[:32])).batch(8)


def known(*units):
    """Returns outputs whose initial weights no seed reaches."""
    drawn = keras.initializers.RandomNormal(seed=1)
    return [layers.Dense(each, kernel_initializer=drawn, name=f"of_{each}") for each in units]


def network():
    return keras.Sequential([keras.Input((5,)), *known(3)])


def two_outputs():
    inputs = keras.Input((5,))
    return keras.Model(inputs, [layer(inputs) for layer in known(3, 1)])


def by_name():
    inputs = keras.Input((5,))
    first, second = (layer(inputs) for layer in known(3, 1))
    model = keras.Model(inputs, {"label": first, "number": second})
    losses = {"label": CROSSENTROPY, "number": "mse"}
    weights = {"label": 1.0, "number": 0.5}
    model.compile("sgd", losses, metrics={"number": ["mae"]}, loss_weights=weights)
    return model


def many(data, build=network, **changes):
    arguments = {"seeds": 1, "learning_rates": 0.1, "epochs": 2} | changes
    with uncompiled():
        return zoo.fit_many(build, keras.optimizers.SGD, data, **arguments)


def fitted(*data, **arguments):
    """Returns the history of Keras's own `fit`."""
    with uncompiled():
        model = network()
        model.compile(keras.optimizers.SGD(0.1), CROSSENTROPY, metrics=["accuracy"])
        keras.utils.set_random_seed(derived_seed(1, "batches"))  # Keras shuffles a PyDataset's
        return model.fit(*data, epochs=2, verbose=0, **arguments).history


@pytest.mark.parametrize(
    ("train", "given", "why"),
    [
        (dataset, {}, "a tf.data dataset"),
        (Batches, {}, "a PyDataset, Batches"),
        (lambda: generator, {"steps_per_epoch": 4}, "a generator"),
        (lambda: dataset().repeat(), {"steps_per_epoch": 4}, "a tf.data dataset"),
        (Batches, {"class_weight": {1: 3}}, "a PyDataset, Batches"),
    ],
    ids=["dataset", "PyDataset", "generator", "endless", "class weights"],
)
def test_batches_train_as_in_fit(train, given, why):
    (result,) = many((train(), HELD_OUT), **given)
    assert result.engine == f"fit (`data` is {why})"
    weights = {0: 1, 1: 3, 2: 1} if "class_weight" in given else None
    expected = fitted(
        Batches(), validation_data=HELD_OUT, class_weight=weights, shuffle=train is Batches
    )
    for name, values in expected.items():
        np.testing.assert_allclose(result.history[name], values, rtol=1e-5, err_msg=name)
    assert result.final["test_accuracy"] == result.final["val_accuracy"]


def test_seeds_draw_the_weights_and_a_test_part_counts():
    results = many(
        (Batches(), HELD_OUT, Batches()), lambda: keras.Sequential([layers.Dense(3)]), seeds=(0, 1)
    )
    first, second = (result.history["loss"] for result in results)
    assert first != second
    assert results[0].final["test_loss"] != results[0].final["val_loss"]
    assert results.best().run.seed in (0, 1)
    assert {"learning_rate", "val_accuracy"} <= set(results.frame)


@pytest.mark.parametrize("weights", [None, np.arange(32) % 3], ids=["plain", "weighted"])
def test_several_outputs_train_as_in_fit(weights):
    data = (X[:32], [Y[:32], NUMBER[:32]]), (X[32:], [Y[32:], NUMBER[32:]])
    losses = [CROSSENTROPY, "mse"]
    whole = {"batch_size": 32, "sample_weight": weights}  # of one batch the order does not matter
    (result,) = many(data, two_outputs, loss=losses, **whole)
    assert result.engine == "fit (there are labels for 2 outputs)"
    with uncompiled():
        model = two_outputs()
        model.compile(keras.optimizers.SGD(0.1), losses)
        expected = model.fit(*data[0], epochs=2, validation_data=data[1], verbose=0, **whole)
    assert {"val_of_3_loss", "val_of_1_loss"} <= set(result.final)
    for name, values in expected.history.items():
        np.testing.assert_allclose(result.history[name], values, rtol=1e-5, err_msg=name)


def test_a_compiled_model_brings_losses_weights_and_metrics():
    (result,) = many((X, {"label": Y, "number": NUMBER}), by_name, batch_size=32)
    assert "val_number_mae" in result.history
    loss, parts = result.final["val_loss"], ("val_label_loss", "val_number_loss")
    first, second = (result.final[name] for name in parts)
    assert loss == pytest.approx(first + 0.5 * second, rel=1e-5)


def test_a_network_that_diverges_is_stopped():
    (result,) = many((Batches(), HELD_OUT), loss=lambda y, p: y[:, None] * p * np.nan)
    assert (result.status, result.epochs) == ("diverged", 1)


PAIR = X, [Y, NUMBER]


@pytest.mark.parametrize(
    ("data", "build", "given", "said"),
    [
        ((Batches(), HELD_OUT), network, {"batch_size": 3}, "`batch_size` is not for batches"),
        ((Batches(), HELD_OUT), network, {"validation_split": 0.2}, "Give validation data"),
        ((Batches(), HELD_OUT), network, {"sample_weight": Y}, "Yield .x, y, sample_weight."),
        ((Batches(), HELD_OUT), network, {"class_weight": {9: 1}}, "classes 0, 1, 2"),
        ((Batches(), HELD_OUT), network, {"class_weight": "balanced"}, "weights by number"),
        (
            (generator, HELD_OUT),
            network,
            {"class_weight": {1: 2}, "steps_per_epoch": 4},
            "no `class_weight` with a generator",
        ),
        ((Batches(), HELD_OUT), network, {"steps_per_epoch": 0}, "positive integer"),
        ((Batches(), HELD_OUT), network, {"workers": 2}, "together, and `data` is a PyDataset"),
        ((X, Y), network, {"steps_per_epoch": 3}, "are for datasets and generators"),
        ((X, Y), network, {"validation_steps": 3}, "are for datasets and generators"),
        (PAIR, two_outputs, {}, "2 outputs needs a loss for each"),
        (PAIR, two_outputs, {"class_weight": {0: 1}}, "Give sample_weight, a list or dict"),
        (PAIR, network, {"loss": "mse"}, "labels for 2 outputs and 1 output"),
        (PAIR, two_outputs, {"loss": ["mse"] * 3}, "`loss` must take labels and outputs"),
        ((X, {"label": Y, "size": NUMBER}), by_name, {}, "labels for label, size and 2 outputs"),
        ((X, Y), two_outputs, {"loss": ["mse"] * 2}, "y must be a list or dict of 2 arrays"),
    ],
)
def test_what_does_not_fit_together_is_said(data, build, given, said):
    with pytest.raises(ZooError, match=said) as told:
        many(data, build, **given)
    assert len(str(told.value)) < 300
