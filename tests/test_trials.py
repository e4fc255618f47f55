import keras
import numpy as np
import pytest
from keras import layers

from zoo import data
from zoo.engine import fit
from zoo.errors import ZooError
from zoo.experiment import Recipe
from zoo.runs.run import Job, Run, Silent
from zoo.runs.seeding import derived_seed
from zoo.search_space import Dimension
from zoo.trials import draw_points, forget, load_for, restart, search, together, train


def build_model(input_shape, num_classes, units=4):
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Flatten(),
            layers.Dense(units, "relu"),
            layers.Dense(num_classes),
        ]
    )


RECIPE = Recipe(
    build_model=build_model,
    optimizer=lambda rate: keras.optimizers.SGD(rate, momentum=0.5),
    learning_rates=(0.1,),
    epochs=2,
    batch_size=64,
    data="digits",
    train_examples=256,
)
SPACE = {"learning_rate": Dimension("learning_rate", 1e-3, 1.0, "log")}


@pytest.mark.slow
def test_a_search_is_its_seed_and_shares_nothing_with_another():
    first, again, other = (search(RECIPE, SPACE, seed, trials=4) for seed in (0, 0, 1))
    assert first.equals(again)
    assert not set(first["learning_rate"]) & set(other["learning_rate"])
    assert list(first.columns) == ["learning_rate", "score", "test_accuracy", "epochs", "diverged"]
    assert set(first["epochs"]) == {2}


@pytest.mark.slow
def test_searches_that_train_together_are_trained_point_by_point():
    drawn = {name: draw_points(SPACE, seed, trials=2) for name, seed in (("a", 0), ("b", 1))}
    found = together(RECIPE, drawn, "s")
    points = [{"learning_rate": rate} for name in drawn for rate in drawn[name]["learning_rate"]]
    results = train(RECIPE, points, "s")
    assert list(found) == ["a", "b"]
    for place, name in ((0, "a"), (2, "b")):
        own = results[place : place + 2]
        assert found[name]["learning_rate"].tolist() == drawn[name]["learning_rate"].tolist()
        assert found[name]["score"].tolist() == [r.final["val_accuracy"] for r in own]
        assert found[name]["test_accuracy"].tolist() == [r.final["test_accuracy"] for r in own]
        assert found[name]["losses"].tolist() == [r.history["loss"] for r in own]
        assert found[name]["epochs"].tolist() == [2, 2]


@pytest.mark.slow
def test_trials_train_as_fit_does_each_from_weights_of_its_own(fit_uncompiled):
    points = [{"learning_rate": 0.1, "one_minus_momentum": 0.1}, {"learning_rate": 0.1, "units": 5}]
    found = train(RECIPE, points, "s", epochs=[1, 2])
    assert [result.epochs for result in found] == [1, 2]
    seeds = [result.run.seed for result in found]
    assert seeds == [derived_seed("search", "s", number) for number in (0, 1)]
    own = data.load("digits", train_examples=256)
    recipe = Recipe(
        build_model=lambda *shapes: build_model(*shapes, units=5),
        optimizer=RECIPE.optimizer,
        learning_rates=(0.1,),
        epochs=2,
        batch_size=64,
    )
    alone = fit.train_one(Job(recipe, Run("alone", 0.1, seeds[1])), own, Silent())
    assert found[1].final == pytest.approx(alone.final, rel=1e-4)
    np.testing.assert_allclose(found[1].history["loss"], alone.history["loss"], rtol=1e-4)


def test_equal_points_of_one_search_differ_in_their_initial_weights():
    first, second = train(RECIPE, [{"learning_rate": 0.1}] * 2, 0)
    assert first.history["loss"] != second.history["loss"]


@pytest.mark.slow
def test_a_strategy_hears_of_scores_and_gives_its_own_epochs():
    found = search(RECIPE, SPACE, 3, strategy="hyperband", epochs=4, at_once=4)
    assert found["epochs"].max() == 4
    assert found["epochs"].min() < 4
    grid = search(RECIPE, SPACE, 3, strategy="grid", trials=3, epochs=1)
    assert len(set(grid["learning_rate"])) == 3


def test_points_are_drawn_without_training():
    space = SPACE | {"penalty": Dimension("penalty", 1e-6, 1e-2, "log")}
    points, again, other = (draw_points(space, seed, trials=20) for seed in (0, 0, 1))
    assert list(points.columns) == ["learning_rate", "penalty"]
    assert points.shape == (20, 2)
    assert points.equals(again)
    assert not set(points["penalty"]) & set(other["penalty"])
    assert points["learning_rate"].between(1e-3, 1.0).all()
    assert points["penalty"].between(1e-6, 1e-2).all()


def test_a_grid_of_nine_points_has_three_values_of_each():
    space = {name: Dimension(name, 0.0, 1.0) for name in ("first", "second")}
    points = draw_points(space, 0, strategy="grid", trials=9)
    for name in space:  # the middles of three parts
        assert sorted(points[name].unique()) == pytest.approx([1 / 6, 1 / 2, 5 / 6], abs=1e-3)
    assert len(points.drop_duplicates()) == 9


def test_points_of_no_strategy_are_refused():
    with pytest.raises(ZooError, match="strategy"):
        draw_points(SPACE, 0, strategy="gird")


def test_a_draw_of_the_data_is_that_of_the_runs_of_experiments():
    drawn = load_for(RECIPE, draw=3)
    same = data.load_draws("digits", train_examples=256).of(3)
    assert drawn.fingerprint == same.fingerprint
    np.testing.assert_array_equal(drawn.x_test, same.x_test)
    assert load_for(RECIPE).fingerprint == data.load("digits", train_examples=256).fingerprint


@pytest.mark.slow
def test_points_train_on_the_draw_that_they_are_told():
    point, drawn = {"learning_rate": 0.1}, load_for(RECIPE, draw=3)
    (found,) = train(RECIPE, [point], "s", draw=3)
    run = Run("point 0", 0.1, derived_seed("search", "s", 0))
    (expected,) = fit.train([Job(RECIPE, run)], drawn, Silent())
    np.testing.assert_allclose(found.history["loss"], expected.history["loss"], rtol=1e-4)


def test_a_restarted_model_trains_as_before_and_with_another_seed_otherwise():
    model = build_model((3,), 2)
    model.add(layers.Dropout(0.5))
    model.compile(keras.optimizers.Adam(0.1), "mse")
    x = np.random.default_rng(0).normal(size=(32, 3)).astype("float32")
    losses = []
    for seed in (0, 0, 1):
        restart(model, seed)
        losses.append(model.fit(x, x[:, :2], shuffle=False, epochs=3, verbose=0).history["loss"])
    assert losses[0] == losses[1]
    assert not set(losses[0]) & set(losses[2])
    assert float(model.optimizer.learning_rate) == pytest.approx(0.1)


def test_an_optimizer_that_forgets_is_as_at_first():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile(keras.optimizers.Adagrad(0.25), "mse")
    forget(model)  # has nothing to forget
    model.optimizer.build(model.trainable_variables)
    first = [np.array(variable) for variable in model.optimizer.variables]
    model.train_on_batch(np.ones((4, 3)), np.ones((4, 2)))
    assert any(
        (np.array(v) != f).any() for v, f in zip(model.optimizer.variables, first, strict=True)
    )
    model.optimizer.learning_rate = 0.5
    forget(model)
    assert float(model.optimizer.learning_rate) == 0.5
    model.optimizer.learning_rate = 0.25
    for variable, value in zip(model.optimizer.variables, first, strict=True):
        np.testing.assert_array_equal(np.array(variable), value)
