"""`zoo.tuner.Search`: anybody's hypermodel."""

import math

import keras
import keras_tuner
import numpy as np
import pandas as pd
import pytest
from keras import layers
from search_case import (
    GIVEN,
    LOSS,
    VALIDATION,
    OwnFit,
    X,
    Y,
    compiled,
    network,
    of_rate,
    searched,
    text_of,
)

import zoo
from zoo.engine import population
from zoo.errors import ZooError
from zoo.results.store import Store
from zoo.search.hypermodel import space_of
from zoo.tuner import Search


@pytest.mark.slow
@pytest.mark.parametrize("probabilities", [False, True])
def test_trials_that_train_together_score_as_alone(tmp_path, monkeypatch, probabilities):
    activation = "softmax" if probabilities else None
    loss = "sparse_categorical_crossentropy" if probabilities else LOSS

    def build(hp):
        rate = hp.Float("lr", 1e-3, 1e-1, sampling="log")
        hidden = layers.Dense(4, "relu"), layers.Dropout(0.3)
        return compiled(network(*hidden, activation=activation), keras.optimizers.Adam(rate), loss)

    programs = []
    made = population.Program
    monkeypatch.setattr(
        population, "Program", lambda *arguments: programs.append(1) or made(*arguments)
    )
    trials = searched(build, tmp_path, objective="val_loss", executions=2).trials
    assert len(programs) == 1
    assert (trials["status"] == "completed").all()
    alone = zoo.fit_many(
        lambda: network(layers.Dense(4, "relu"), layers.Dropout(0.3), activation=activation),
        keras.optimizers.Adam,
        ((X, Y), VALIDATION),
        seeds=(0, 1),
        learning_rates=(trials["lr"][1],),
        epochs=3,
        batch_size=10,
        loss=lambda: keras.losses.SparseCategoricalCrossentropy(from_logits=not probabilities),
        engine="fit",
    )
    reached = trials.loc[1, ["val_loss_0", "val_loss_1"]].tolist()
    np.testing.assert_allclose(reached, [each.final["val_loss"] for each in alone], atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["bayesian", "hyperband"])
def test_a_killed_search_goes_on_and_ends_the_same(tmp_path, monkeypatch, capsys, strategy):
    arguments = {"strategy": strategy, "trials": 5, "seed": 3}
    whole = searched(of_rate, tmp_path / "whole", **arguments).trials
    added, left = Store.add, iter(range(2))

    def add(store, experiment, result):
        if next(left, None) is None:
            raise KeyboardInterrupt
        added(store, experiment, result)

    monkeypatch.setattr(Store, "add", add)
    with pytest.raises(KeyboardInterrupt):
        searched(of_rate, tmp_path / "killed", **arguments)
    again = []
    monkeypatch.setattr(Store, "add", lambda *all: again.append(all[2].run) or added(*all))
    search = searched(of_rate, tmp_path / "killed", **arguments)
    pd.testing.assert_frame_equal(search.trials, whole, rtol=1e-5)
    assert text_of(tmp_path / "killed") == text_of(tmp_path / "whole")
    assert len(again) == whole["val_accuracy_0"].size - 2
    assert set(whole["epochs"]) == ({1, 3} if strategy == "hyperband" else {3})

    stock = keras_tuner.RandomSearch(
        of_rate,
        objective="val_accuracy",
        directory=tmp_path / "whole",
        project_name="keras_tuner",
        overwrite=False,
    )
    stock.results_summary(100)
    assert capsys.readouterr().out.count("Score: ") == len(whole)


@pytest.mark.slow
def test_a_score_is_the_mean_of_the_executions(tmp_path):
    trials = searched(of_rate, tmp_path, executions=3).trials
    reached = trials[[f"val_accuracy_{place}" for place in range(3)]]
    np.testing.assert_allclose(trials["score"], reached.mean(axis=1))
    np.testing.assert_allclose(trials["deviation"], reached.std(axis=1, ddof=1))
    kept = pd.read_csv(tmp_path / "trials.csv")
    np.testing.assert_allclose(kept["score"], trials["score"], rtol=1e-9)


@pytest.mark.slow
def test_diverged_trials_are_results(tmp_path):
    def build(hp):
        rate = hp.Choice("lr", [0.01, 1e30])
        return compiled(network(layers.Dense(4, "relu")), keras.optimizers.SGD(rate))

    search = searched(build, tmp_path, strategy="grid", objective="val_loss")
    fine, lost = search.trials.to_dict("records")
    assert (fine["status"], lost["status"]) == ("completed", "diverged")
    assert not math.isfinite(lost["val_loss_0"])
    assert lost["score"] == pytest.approx(2 * fine["score"])  # worse than the only finite one
    assert search.get_best_hyperparameters()[0].values == {"lr": 0.01}


def test_all_that_build_asks_for_is_found():
    def build(hp):
        kind = hp.Choice("kind", ["plain", "deep"])
        with hp.conditional_scope("kind", ["deep"]):
            if kind == "deep":
                hp.Boolean("normalised")
                with hp.conditional_scope("normalised", [True]):
                    if hp.get("normalised"):
                        hp.Float("momentum", 0.5, 0.99)
        for layer in range(hp.Int("depth", 0, 2)):
            hp.Int(f"units_{layer}", 2, 4)
        return compiled(network(), "sgd")

    found = space_of(Search(build, folder="unused").hypermodel)
    names = {"kind", "normalised", "momentum", "depth", "units_0", "units_1"}
    assert {each.name for each in found.space} == names
    given = keras_tuner.HyperParameters()
    given.Fixed("kind", "plain")
    search = Search(build, folder="unused", hyperparameters=given)
    assert {each.name for each in search.space.space} == {"kind", "depth", "units_0", "units_1"}


@pytest.mark.slow
def test_conditional_hyperparameters_are_searched_where_they_are_active(tmp_path):
    def build(hp):
        kind = hp.Choice("optimizer", ["sgd", "adam"])
        with hp.conditional_scope("optimizer", ["sgd"]):
            momentum = hp.Choice("momentum", [0.0, 0.9])
        optimizer = keras.optimizers.SGD(0.1, momentum) if kind == "sgd" else kind
        return compiled(network(), optimizer)

    trials = searched(build, tmp_path, strategy="grid").trials
    assert trials["optimizer"].tolist() == ["sgd", "sgd", "adam"]
    np.testing.assert_equal(trials["momentum"].tolist(), [0.0, 0.9, math.nan])


@pytest.mark.slow
@pytest.mark.parametrize("hypermodel", [of_rate, OwnFit()], ids=["together", "alone"])
def test_the_best_models_reproduce_their_scores(tmp_path, hypermodel):
    search = searched(hypermodel, tmp_path, trials=3)
    models = search.get_best_models(2)
    best = search.trials.sort_values("score", ascending=False, kind="stable").head(2)
    for model, expected in zip(models, best["val_accuracy_0"], strict=True):
        told = model.evaluate(*VALIDATION, verbose=0, return_dict=True)
        assert told["accuracy"] == pytest.approx(expected, abs=1e-4)


@pytest.mark.slow
def test_what_cannot_be_built_is_a_failed_trial(tmp_path):
    def build(hp):
        if hp.Choice("width", [1, 2, 3, 4]) == 3:
            raise ValueError("three is too wide")
        return compiled(network(), "sgd")

    with pytest.warns(UserWarning, match="cannot be built with {'width': 3} .*three is too wide"):
        trials = searched(build, tmp_path, strategy="grid").trials
    assert trials["status"].tolist() == ["completed", "completed", "failed", "completed"]
    assert trials["error"].dropna().tolist() == ["ValueError: three is too wide"]
    assert trials["score"].notna().all()


def test_a_fault_of_every_trial_ends_the_search(tmp_path):
    def build(hp):
        return compiled(network(layers.Reshape((hp.Choice("width", [2, 3, 4]),))), "sgd")

    with pytest.raises(ValueError, match="5"):
        Search(build, folder=tmp_path)
    for trials in (2, 3):
        with pytest.raises(ValueError, match="incompatible"):
            Search(of_rate, trials=trials, folder=tmp_path).search(X[:, :4], Y, **GIVEN)


@pytest.mark.parametrize(
    ("arguments", "given", "said"),
    [
        ({"strategy": "sobol"}, {}, "`strategy` must be one of random, grid, bayesian, hyperband"),
        ({"trials": 0}, {}, "`trials` must be at least 1. Received: 0"),
        ({"executions": 0}, {}, "`executions` must be at least 1. Received: 0"),
        ({"hypermodel": 3}, {}, "must be a keras_tuner.HyperModel"),
        ({"hypermodel": lambda hp: 3}, {}, "must return a Keras model. Received: 3"),
        ({"hypermodel": lambda hp: network()}, {}, "must return a compiled model"),
        ({"objective": "val_beauty"}, {}, "`objective` must say what is better"),
        ({"objective": ["val_loss", "loss"]}, {}, "`objective` must be a metric's name"),
        ({"objective": "val_auc"}, {}, "must be among what is logged. Received: accuracy, loss"),
        ({}, {"y": Y[:50]}, r"same length. Received: \[60, 50\]"),
        ({}, {"validation_data": (X, Y[:7])}, r"same length. Received: \[60, 7\]"),
        ({}, {"validation_data": None}, "needs validation_data"),
        ({}, {"validation_data": None, "validation_split": 2}, "between 0 and 1. Received: 2"),
        ({}, {"y": np.arange(60) % 4}, "outputs for 3 classes, and there are 4 labels"),
        ({}, {"epochs": 0}, "`epochs` must be a positive integer. Received: epochs=0"),
        ({}, {"callbacks": [(item for item in ())]}, "`callbacks` must be copied"),
    ],
)
def test_bad_input_is_named(tmp_path, arguments, given, said):
    arguments = {"hypermodel": of_rate, "trials": 1} | arguments
    with pytest.raises(ZooError, match=said):
        Search(folder=tmp_path, **arguments).search(**{"x": X, "y": Y} | GIVEN | given)


def test_results_need_a_search(tmp_path):
    with pytest.raises(ZooError, match="no trials yet"):
        Search(of_rate, folder=tmp_path).get_best_hyperparameters()


@pytest.mark.slow
def test_summaries_are_printed(tmp_path, capsys):
    search = searched(of_rate, tmp_path, trials=2)
    search.results_summary(1)
    search.search_space_summary()
    out = capsys.readouterr().out
    assert out.count("completed") == 1
    assert "Float(name: 'lr'" in out


@pytest.mark.slow
def test_arguments_of_fit_by_position_are_those_by_name(tmp_path):
    named = searched(of_rate, tmp_path / "named", trials=1).trials
    search = Search(of_rate, folder=tmp_path / "placed", trials=1)
    search.search(X, Y, 10, 3, 0, validation_data=VALIDATION)
    assert search.trials.equals(named)
    with pytest.raises(ZooError, match="`epochs` must be given once"):
        search.search(X, Y, 10, 3, epochs=3, validation_data=VALIDATION)


@pytest.mark.parametrize(
    ("word", "answer"),
    [
        ("max_trials", "It is called `trials` here."),
        ("directory", "It is called `folder` here."),
        ("colour", "`Search` takes no argument `colour`. Leave it out."),
    ],
)
def test_words_of_keras_tuner_get_an_answer(tmp_path, word, answer):
    with pytest.raises(ZooError, match=answer):
        Search(of_rate, folder=tmp_path, **{word: 3})


@pytest.mark.slow
def test_a_metric_of_ones_own_is_there_for_callbacks(tmp_path, capsys):
    def build(hp):
        model = network()
        top = keras.metrics.SparseTopKCategoricalAccuracy(2, name="top2")
        rate = hp.Float("lr", 1e-3, 1e-2)
        model.compile(keras.optimizers.SGD(rate), LOSS, metrics=["accuracy", top])
        return model

    search = Search(build, folder=tmp_path, trials=1)
    stop = keras.callbacks.EarlyStopping("val_top2", mode="min", patience=0)
    search.search(X, Y, **{**GIVEN, "epochs": 6, "verbose": 1}, callbacks=[stop])
    assert "besides accuracy, top2" in capsys.readouterr().out
    assert "val_top2" in search.history(search.trials["trial"][0])


def test_an_objective_that_is_a_list_is_refused(tmp_path):
    def build(hp):
        model = network(activation="softmax")
        scores = keras.metrics.F1Score(name="f1_score")
        rate = hp.Float("lr", 1e-3, 1e-2)
        model.compile(keras.optimizers.SGD(rate), "categorical_crossentropy", metrics=[scores])
        return model

    search = Search(build, "val_f1_score", folder=tmp_path, trials=1)
    hot = np.eye(3)
    with pytest.raises(ZooError, match=r'must be one number an epoch.*average="macro"'):
        search.search(X, hot[Y], validation_data=(VALIDATION[0], hot[VALIDATION[1]]), verbose=0)


@pytest.mark.slow
def test_the_pictures_of_a_search_are_drawn(tmp_path):
    searched(of_rate, tmp_path, objective="val_loss")
    assert {"scores.svg", "best_so_far.svg"} <= {path.name for path in tmp_path.iterdir()}
