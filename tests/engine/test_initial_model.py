from dataclasses import replace
from functools import partial

import keras
import numpy as np
import pytest
from keras import layers, optimizers

from zoo.data import Data
from zoo.engine import fit, population
from zoo.engine.initial_model import Start, builder_key
from zoo.experiment import Recipe
from zoo.initializers import LSUV
from zoo.runs.run import Job, Run, Silent

FEATURES, CLASSES = 6, 3


def make_data():
    generator = np.random.default_rng(0)
    parts = []
    for examples in (96, 30, 30):
        x = generator.normal(size=(examples, FEATURES)).astype(np.float32)
        parts += [x, (np.arange(examples) % CLASSES).astype(np.int32)]
    return Data("toy", *parts, CLASSES, tuple("abc"), "toy")


DATA = make_data()
LOADED = np.linspace(-1, 1, FEATURES * 8, dtype="float32").reshape(FEATURES, 8)
BUILT = []


class Scaled(layers.Layer):
    """Has a random weight whose initializer is not its attribute."""

    def build(self, shape):
        self.scale = self.add_weight(shape=(shape[-1],), initializer="random_normal")

    def call(self, inputs):
        return inputs * (1 + self.scale)


def transfer(input_shape, num_classes):
    BUILT.append(1)
    body = layers.Dense(8, "relu", trainable=False)
    body.build((None, *input_shape))
    body.set_weights([LOADED, np.zeros(8)])
    return keras.Sequential(
        [keras.Input(input_shape), body, Scaled(), layers.Dropout(0.2), layers.Dense(num_classes)]
    )


RECIPE = Recipe(
    build_model=transfer,
    optimizer=optimizers.SGD,
    learning_rates=(0.1,),
    epochs=2,
    batch_size=32,
)


def jobs_of(seeds, **changes):
    recipe = replace(RECIPE, **changes)
    return [Job(recipe, Run("a", 0.1, seed)) for seed in seeds]


@pytest.mark.slow
def test_both_engines_start_from_the_same_loaded_and_drawn_values():
    jobs = jobs_of((0, 3))
    together = {result.run: result for result in population.train(jobs, DATA, Silent())}
    for alone in fit.train(jobs, DATA, Silent()):
        one = together[alone.run]
        assert one.engine.startswith("population")
        for name in ("loss", "val_loss"):
            np.testing.assert_allclose(one.history[name], alone.history[name], rtol=1e-5)
    assert len({tuple(result.history["loss"]) for result in together.values()}) == 2


def test_the_values_of_a_population_are_those_of_fresh_models():
    start = Start(jobs_of((0,))[0].recipe, DATA)
    for seed in (4, 0):
        model = start.fresh(seed)
        variables = [*model.trainable_variables, *model.non_trainable_variables]
        for value, variable in zip(start.values(seed), variables, strict=True):
            np.testing.assert_array_equal(value, keras.ops.convert_to_numpy(variable))
        for value, variable in zip(start.placed(seed).variables, model.variables, strict=True):
            np.testing.assert_array_equal(*map(keras.ops.convert_to_numpy, (value, variable)))
        np.testing.assert_array_equal(model.layers[0].get_weights()[0], LOADED)


@pytest.mark.slow
@pytest.mark.parametrize("engine", [population, fit])
def test_what_is_drawn_is_found_out_once_for_all_runs(engine):
    def plain(input_shape, num_classes):
        BUILT.append(1)
        return keras.Sequential([keras.Input(input_shape), layers.Dense(num_classes)])

    BUILT.clear()
    list(engine.train(jobs_of(range(5), epochs=1, build_model=plain), DATA, Silent()))
    assert len(BUILT) == 2 + (5 if engine is fit else 0)


@pytest.mark.slow
@pytest.mark.parametrize("engine", [population, fit])
def test_a_network_from_outside_starts_each_run_alike_and_is_left_as_it_was(engine):
    body = layers.Dense(8, "relu")
    body.build((None, FEATURES))
    body.set_weights([LOADED, np.zeros(8)])

    def around(input_shape, num_classes):
        return keras.Sequential([keras.Input(input_shape), body, layers.Dense(num_classes)])

    jobs = jobs_of((0, 1), build_model=around)
    both = list(engine.train(jobs, DATA, Silent()))
    np.testing.assert_array_equal(body.get_weights()[0], LOADED)
    (again,) = engine.train(jobs[1:], DATA, Silent())
    np.testing.assert_allclose(again.history["loss"], both[1].history["loss"], rtol=1e-6)
    assert both[0].history["loss"] != both[1].history["loss"]


def test_a_loaded_kernel_is_not_scaled_although_its_layer_names_lsuv():
    def loaded(input_shape, num_classes):
        model = keras.Sequential(
            [
                keras.Input(input_shape),
                layers.Dense(8, kernel_initializer=LSUV()),
                layers.Dense(num_classes, kernel_initializer=LSUV()),
            ]
        )
        model.layers[0].set_weights([LOADED, np.zeros(8)])
        return model

    model = Start(jobs_of((0,), build_model=loaded)[0].recipe, DATA).fresh(0)
    np.testing.assert_array_equal(model.layers[0].get_weights()[0], LOADED)
    assert abs(model.predict(DATA.x_train, verbose=0).var() - 1) <= 0.02


def sized(input_shape, num_classes, units=8, norm=False, names=None):
    BUILT.append(units)
    hidden = layers.Dense(units, "relu", name=(names or [None])[0])
    more = [layers.BatchNormalization()] if norm else []
    return keras.Sequential([keras.Input(input_shape), hidden, *more, layers.Dense(num_classes)])


def test_recipes_that_build_the_same_are_tried_once_and_train_as_if_alone():
    builders = [partial(sized, units=4), partial(sized, units=4), partial(sized, units=5)]
    recipes = [replace(RECIPE, build_model=build) for build in builders]
    jobs = [Job(recipe, Run("a", 0.1, seed)) for seed, recipe in enumerate(recipes)]
    alone = [next(iter(population.train([job], DATA, Silent()))) for job in jobs]
    BUILT.clear()
    together = {each.run: each for each in population.train(jobs, DATA, Silent())}
    assert (BUILT.count(4), BUILT.count(5)) == (2, 2)
    assert [together[each.run].history for each in alone] == [each.history for each in alone]


def test_builders_are_told_apart_by_function_and_keywords():
    assert builder_key(partial(sized, units=4)) == builder_key(partial(sized, units=4))
    assert builder_key(partial(partial(sized, norm=True), units=4)) == builder_key(
        partial(partial(sized, norm=True), units=4)
    )
    apart = [
        sized,
        transfer,
        partial(sized, units=4),
        partial(sized, units=5),
        partial(sized, norm=True),
        partial(sized, norm=1),
        partial(sized, (6,)),
    ]
    assert len({builder_key(each) for each in apart}) == len(apart)
    lists = [partial(sized, names=["a"]) for _ in range(2)]
    assert builder_key(lists[0]) != builder_key(lists[1])  # a list may change
