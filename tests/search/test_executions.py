"""Which trials of a hypermodel train together, which alone, and by what `fit`."""

import itertools

import keras
import keras_tuner
import numpy as np
import pandas as pd
import pytest
from keras import layers
from search_case import (
    LOSS,
    VALIDATION,
    OwnFit,
    X,
    Y,
    compiled,
    network,
    of_rate,
    regression,
    searched,
)

import zoo
from zoo.errors import ZooError
from zoo.tuner import Search


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["mse", keras.losses.Huber(0.5)], ids=["name", "object"])
def test_regression_trains_together_to_the_losses_of_fit(tmp_path, capsys, loss):
    def build(hp):
        model = keras.Sequential([keras.Input((5,)), layers.Dense(1)])
        model.compile(keras.optimizers.SGD(hp.Float("lr", 1e-3, 1e-2)), loss)
        return model

    search = Search(build, "val_loss", trials=3, folder=tmp_path)
    validation = VALIDATION[0], VALIDATION[0].sum(axis=1)
    weights = np.arange(len(X)) % 3
    given = {"validation_data": validation, "epochs": 2, "batch_size": 10}
    search.search(X, X.sum(axis=1), sample_weight=weights, **given)
    assert "one at a time" not in capsys.readouterr().out
    alone = zoo.fit_many(
        lambda: keras.Sequential([keras.Input((5,)), layers.Dense(1)]),
        keras.optimizers.SGD,
        ((X, X.sum(axis=1)), validation),
        seeds=0,
        learning_rates=search.trials["lr"].tolist(),
        epochs=2,
        batch_size=10,
        loss=loss,
        sample_weight=weights,
        engine="fit",
    )
    for trial, one in zip(search.trials["trial"], alone, strict=True):
        curves = search.history(trial)
        np.testing.assert_allclose(curves["val_loss"], one.history["val_loss"], rtol=1e-5)
        assert "val_accuracy" not in curves
    scores = [one.final["val_loss"] for one in alone]
    np.testing.assert_allclose(search.trials["score"], scores, rtol=1e-5)
    assert np.isfinite(search.get_best_models()[0].predict(X, verbose=0)).all()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"sample_weight": np.ones(3)}, "for each of the 60 examples"),
        ({"sample_weight": np.full(60, np.nan)}, "Received: nan for example 0"),
        ({"class_weight": {9: 1}}, "classes 0, 1, 2. Received: one of 9"),
        ({"class_weight": {0: 1}, "sample_weight": np.ones(60)}, "cannot both be given"),
    ],
)
def test_weights_that_do_not_fit(tmp_path, given, said):
    search = Search(lambda hp: compiled(network(), "adam"), folder=tmp_path)
    with pytest.raises(ZooError, match=said):
        search.search(X, Y, validation_data=VALIDATION, **given)


def test_regression_scored_by_accuracy_names_what_is_logged(tmp_path):
    with pytest.raises(ZooError, match="val_accuracy must be among what is logged"):
        Search(regression, folder=tmp_path, trials=1).search(
            X, X.sum(axis=1), validation_data=(X, X.sum(axis=1)), verbose=0
        )


@pytest.mark.slow
@pytest.mark.parametrize("alone", [False, True])
def test_labels_of_classes_are_numbered_as_fit_many_does(tmp_path, capsys, alone):
    def build(hp):
        model = keras.Sequential([keras.Input((5,)), layers.Dense(1, "sigmoid")])
        return compiled(
            model, keras.optimizers.SGD(hp.Float("lr", 0.1, 1.0)), "binary_crossentropy"
        )

    def scores(folder, label_of, weights):
        search = Search(build, folder=tmp_path / folder, trials=2)
        labels = [np.asarray(label_of)[(y == 1).astype(int)] for y in (Y, VALIDATION[1])]
        given = {"class_weight": weights} | ({"initial_epoch": 0} if alone else {})
        held_out = VALIDATION[0], labels[1]
        search.search(X, labels[0], validation_data=held_out, epochs=2, batch_size=10, **given)
        return search.trials["score"].tolist()

    expected = scores("numbers", [0, 1], {0: 1.0, 1: 2.0})
    assert "are numbered" not in capsys.readouterr().out
    assert scores("signs", [-1, 1], {-1: 1.0, 1: 2.0}) == expected
    assert "Labels -1, 1 are numbered from 0." in capsys.readouterr().out
    assert scores("words", ["no", "yes"], {"no": 1.0, "yes": 2.0}) == expected


@pytest.mark.slow
def test_a_metric_trains_alone_and_counts_the_last_epoch(tmp_path, monkeypatch, capsys):
    def regression(hp):
        model = keras.Sequential([keras.Input((5,)), layers.Dense(1)])
        model.compile(keras.optimizers.SGD(hp.Float("lr", 1e-3, 1e-2)), "mse", metrics=["mae"])
        return model

    target = X.sum(axis=1)

    def run():
        search = Search(regression, "val_loss", trials=3, executions=2, folder=tmp_path)
        validation = VALIDATION[0], VALIDATION[0].sum(axis=1)
        search.search(X, target, validation_data=validation, epochs=2)
        return search

    search = run()
    reason = "one at a time: it is compiled with a metric besides accuracy, mae"
    assert capsys.readouterr().out.count(reason) == 1
    for point, row in zip(search.get_best_hyperparameters(3), itertools.count()):
        keras.utils.clear_session(free_memory=False)
        keras.utils.set_random_seed(1)
        model = regression(point)
        keras.utils.set_random_seed(1)
        validation = VALIDATION[0], VALIDATION[0].sum(axis=1)
        done = model.fit(X, target, validation_data=validation, epochs=2, verbose=0)
        best = search.trials.sort_values("score").iloc[row]
        assert best["val_loss_1"] == pytest.approx(done.history["val_loss"][-1], abs=1e-6)
        assert search.history(best["trial"])["val_loss"].tolist()[2:] == pytest.approx(
            done.history["val_loss"], abs=1e-6
        )
    monkeypatch.setattr(keras.Model, "fit", None)  # nothing is trained again
    pd.testing.assert_frame_equal(run().trials, search.trials)


@pytest.mark.slow
def test_a_fit_of_its_own_may_ask_for_more(tmp_path):
    trials = searched(OwnFit(), tmp_path, strategy="grid", trials=4).trials
    assert len(trials) == 4
    # The first trial shows the batch size, which the others vary.
    assert trials["batch_size"].tolist()[0] == 10
    assert set(trials["batch_size"]) == {10, 30}
    fits = OwnFit.fits
    pd.testing.assert_frame_equal(
        searched(OwnFit(), tmp_path, strategy="grid", trials=4).trials, trials
    )
    assert OwnFit.fits == fits == 4


RATE_FACTOR = 1.0


def factor():
    return RATE_FACTOR


class Scaled(keras_tuner.HyperModel):
    """Uses a global number of its author's where it fits, and one of the class."""

    times = 1.0

    def build(self, hp):
        return of_rate(hp)

    def fit(self, hp, model, *args, **kwargs):
        return factor() * self.times * hp.get("lr")


@pytest.mark.slow
def test_a_changed_constant_of_a_fit_of_its_own_is_another_run(tmp_path, monkeypatch):
    arguments = {"strategy": "grid", "trials": 2, "objective": keras_tuner.Objective("x", "max")}
    scores = searched(Scaled(), tmp_path, **arguments).trials["score"]
    monkeypatch.setitem(globals(), "RATE_FACTOR", 2.0)
    monkeypatch.setattr(Scaled, "times", 3.0)
    thrice = searched(Scaled(), tmp_path, **arguments).trials["score"]
    np.testing.assert_allclose(sorted(thrice), 6 * np.sort(scores))
    monkeypatch.setattr(Scaled, "times", 1.0)
    again = searched(Scaled(), tmp_path, **arguments).trials["score"]
    np.testing.assert_allclose(sorted(again), 2 * np.sort(scores))


class Returning(keras_tuner.HyperModel):
    """Fits nothing and returns what it was made with."""

    def __init__(self, returned):
        super().__init__()
        self.returned = returned

    def build(self, hp):
        return network()  # which need not be compiled

    def fit(self, hp, model, *args, **kwargs):
        return self.returned


def curve(values):
    history = keras.callbacks.History()
    history.history = {"loss": [1.0, 0.5, 0.7], "val_accuracy": values}
    return history


@pytest.mark.parametrize("returned", [curve([0.1, 0.9, 0.4]), {"val_accuracy": 0.4}, 0.4])
def test_the_last_value_that_a_fit_of_its_own_returns_is_the_score(tmp_path, returned):
    trials = searched(Returning(returned), tmp_path).trials
    assert trials["score"].tolist() == [0.4]


@pytest.mark.parametrize(
    ("returned", "said"), [(None, "must return a History"), ({"a": 1.0}, "Received: a")]
)
def test_a_fit_of_its_own_must_return_the_objective(tmp_path, returned, said):
    with pytest.raises(ZooError, match=said):
        searched(Returning(returned), tmp_path)


@pytest.mark.slow
def test_loaded_weights_are_kept(tmp_path, capsys):
    weights = [np.eye(5, 3), np.zeros(3)]

    def pretrained(hp):
        model = compiled(network(), keras.optimizers.SGD(hp.Choice("lr", [1e-9, 1e-8])))
        model.set_weights(weights)
        return model

    search = searched(pretrained, tmp_path, strategy="grid", given={"verbose": 1, "epochs": 1})
    assert "one at a time" not in capsys.readouterr().out
    expected = np.mean(VALIDATION[0][:, :3].argmax(axis=1) == VALIDATION[1])
    np.testing.assert_allclose(search.trials["score"], expected, atol=1e-6)


class OwnStep(keras.Sequential):
    def train_step(self, *arguments):
        return super().train_step(*arguments)


class OwnWeights(layers.Layer):
    """Draws weights that have no initializer by their name."""

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], 3))

    def call(self, inputs):
        return inputs @ self.kernel


def two_inputs():
    inputs = keras.Input((5,)), keras.Input((5,))
    return keras.Model(inputs, layers.Dense(3)(layers.Concatenate()(inputs)))


def batches():
    import tensorflow as tf

    return tf.data.Dataset.from_tensor_slices((X, Y)).batch(10)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.shuffle=True. was passed")  # with a dataset, by Keras itself
@pytest.mark.parametrize(
    ("build", "given", "reason"),
    [
        (lambda: OwnStep([keras.Input((5,)), layers.Dense(3)]), {}, "a train_step of its own"),
        (
            two_inputs,
            {"x": [X, X], "validation_data": ([X, X], Y)},
            "not arrays of features",
        ),
        (network, {"validation_data": (X, Y, np.ones(60))}, "not arrays of features"),
        (network, {"initial_epoch": 0}, "fit is given initial_epoch"),
        (network, {"x": batches, "y": None, "validation_data": batches}, "not arrays"),
    ],
    ids=["step", "inputs", "validation weights", "initial epoch", "dataset"],
)
def test_what_cannot_train_together_trains_alone(tmp_path, capsys, build, given, reason):
    search = Search(lambda hp: compiled(build(), "adam"), folder=tmp_path)
    given = {name: value() if callable(value) else value for name, value in given.items()}
    search.search(**{"x": X, "y": Y, "validation_data": VALIDATION} | given)
    assert reason in capsys.readouterr().out
    assert search.trials["status"].tolist() == ["completed"]  # the space has no other point


@pytest.mark.slow
@pytest.mark.parametrize("layer", [OwnWeights, lambda: layers.Dropout(0.5)], ids=["own", "dropout"])
def test_networks_of_any_weights_train_together_and_as_in_fit(tmp_path, capsys, layer):
    def build(hp):
        return compiled(network(layer()), keras.optimizers.SGD(hp.Float("lr", 0.01, 0.1)))

    search = searched(build, tmp_path, given={"verbose": 1})
    assert "one at a time" not in capsys.readouterr().out
    expected = zoo.fit_many(
        lambda: network(layer()),
        keras.optimizers.SGD,
        ((X, Y), VALIDATION),
        seeds=(0,),
        learning_rates=search.trials["lr"].tolist(),
        epochs=3,
        batch_size=10,
        loss=LOSS,
        engine="fit",
    )
    reached = [result.final["val_accuracy"] for result in expected]
    np.testing.assert_allclose(search.trials["score"], reached, atol=1e-4)


@pytest.mark.slow
def test_one_sigmoid_unit_trains_together_and_as_in_fit(tmp_path, capsys):
    def build(hp):
        model = keras.Sequential([keras.Input((5,)), layers.Dense(1, "sigmoid")])
        rate = hp.Float("lr", 0.1, 1.0)
        return compiled(model, keras.optimizers.SGD(rate), "binary_crossentropy")

    search = Search(build, folder=tmp_path, trials=2)
    validation = VALIDATION[0], VALIDATION[1] == 1
    search.search(X, Y == 1, validation_data=validation, epochs=2, batch_size=10, verbose=0)
    assert "one at a time" not in capsys.readouterr().out
    expected = zoo.fit_many(
        lambda: keras.Sequential([keras.Input((5,)), layers.Dense(1, "sigmoid")]),
        keras.optimizers.SGD,
        ((X, Y == 1), validation),
        seeds=0,
        learning_rates=search.trials["lr"].tolist(),
        epochs=2,
        batch_size=10,
        engine="fit",
    )
    reached = [result.final["val_accuracy"] for result in expected]
    np.testing.assert_allclose(search.trials["score"], reached, atol=1e-4)


@pytest.mark.slow
def test_schedules_callbacks_and_a_split_train_together(tmp_path, capsys):
    def build(hp):
        rate = keras.optimizers.schedules.CosineDecay(hp.Float("lr", 0.1, 1.0), 12)
        return compiled(network(), keras.optimizers.SGD(rate))

    given = {
        "validation_data": None,
        "validation_split": 0.2,
        "callbacks": [keras.callbacks.EarlyStopping("val_accuracy", patience=0)],
        "epochs": 5,
        "verbose": 1,
    }
    search = searched(build, tmp_path, trials=2, given=given)
    assert "one at a time" not in capsys.readouterr().out
    for trial in search.trials["trial"]:
        rates = search.history(trial)["learning_rate"]
        assert rates.is_monotonic_decreasing
        assert rates.nunique() == len(rates)
    expected = zoo.fit_many(
        lambda: network(),
        lambda rate: keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(rate, 12)),
        ((X[:48], Y[:48]), (X[48:], Y[48:])),
        seeds=(0,),
        learning_rates=search.trials["lr"].tolist(),
        epochs=5,
        batch_size=10,
        callbacks=lambda: [keras.callbacks.EarlyStopping("val_accuracy", patience=0)],
        engine="fit",
    )
    reached = [result.final["val_accuracy"] for result in expected]
    np.testing.assert_allclose(search.trials["score"], reached, atol=1e-4)


@pytest.mark.slow
def test_a_damaged_execution_is_named(tmp_path):
    arguments = {"strategy": "grid", "trials": 2, "objective": keras_tuner.Objective("x", "max")}
    searched(Scaled(), tmp_path, **arguments)
    path = sorted((tmp_path / "runs").iterdir())[0]
    for text in ("{", "{}", "[]", '{"hyperparameters": 3}'):
        path.write_text(text)
        with pytest.raises(ZooError, match=rf"{path} is damaged .*Delete it"):
            searched(Scaled(), tmp_path, **arguments)
    path.unlink()
    assert len(searched(Scaled(), tmp_path, **arguments).trials) == 2
