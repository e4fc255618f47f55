import re
from functools import partial

import keras
import pytest
from keras import layers, regularizers

from zoo.errors import ZooError
from zoo.experiment import Experiment, Recipe
from zoo.runner.contract import networks
from zoo.runner.registry import find
from zoo.runs.seeding import fresh_model

SHAPE, CLASSES = (8, 8, 1), 10
BUILD = "    return keras.Sequential(\n"


@pytest.fixture
def tiny(tiny_experiment):
    """Returns a function that has `build_model` do something first, and reads the experiment."""

    def change(statement):
        text = tiny_experiment.read_text(encoding="utf-8")
        assert BUILD in text
        changed = text.replace(BUILD, f"    {statement}\n{BUILD}")
        tiny_experiment.write_text(changed, encoding="utf-8")
        return find(str(tiny_experiment))

    return change


def line(entry, text):
    lines = entry.path.read_text(encoding="utf-8").splitlines()
    return next(number for number, each in enumerate(lines, 1) if text in each)


def test_a_right_network_is_built(tiny):
    entry = tiny("pass")
    model = networks.network(entry, entry.load().recipe_for("relu"), SHAPE, CLASSES)
    assert model.count_params() == (64 * 8 + 8) + (8 * 10 + 10)


INPUTS = "i, j = keras.Input(input_shape), keras.Input((3,)); "


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("return None", "Received: None"),
        ("return hidden", "Received: <Dense"),
        (INPUTS + "return keras.Model([i, j], layers.Dense(10)(j))", "a model of 2 inputs"),
        (INPUTS + "return keras.Model(i, [layers.Flatten()(i)] * 2)", "a model of 2 outputs"),
        (
            INPUTS + "return keras.Model(i, layers.Dense(9)(layers.Flatten()(i)))",
            "an output of shape (batch, 9)",
        ),
        (INPUTS + "return keras.Model(i, layers.Dense(10)(i))", "shape (batch, 8, 8, 10)"),
        (
            INPUTS + "return keras.Model(i, layers.Dense(10, 'softmax')(layers.Flatten()(i)))",
            "probabilities. Leave the softmax out",
        ),
    ],
)
def test_another_network_is_said_with_the_line_of_its_builder(tiny, statement, message):
    entry = tiny(statement)
    with pytest.raises(ZooError) as raised:
        networks.network(entry, entry.load().recipe_for("relu"), SHAPE, CLASSES)
    text = str(raised.value)
    assert text.startswith(f"{entry.path}:{line(entry, 'def build_model')}: `build_model` must")
    assert "input_shape=(8, 8, 1), num_classes=10" in text
    assert message in text


def test_a_builder_that_raises_is_said_with_the_line_that_does(tiny):
    entry = tiny("raise RuntimeError('no model today')")
    where = f"{entry.path}:{line(entry, 'no model today')}: RuntimeError: no model today."
    with pytest.raises(ZooError, match=re.escape(where)):
        networks.network(entry, entry.load().recipe_for("relu"), SHAPE, CLASSES)


def test_a_network_larger_than_the_memory_is_refused_before_it_is_allocated(tiny):
    entry = tiny("hidden = layers.Dense(10**12)")
    add_weight = layers.Layer.add_weight
    # 64 inputs a unit, 4 bytes each
    with pytest.raises(ZooError, match=r"The network's weights take 256000\.0 GB and more"):
        networks.network(entry, entry.load().recipe_for("relu"), SHAPE, CLASSES)
    assert layers.Layer.add_weight is add_weight


# Variants that do not differ


def penalised(input_shape, num_classes, penalty=0.0, ignored=None):
    logits = layers.Dense(num_classes, kernel_regularizer=regularizers.L2(penalty))
    return keras.Sequential([keras.Input(input_shape), layers.Flatten(), logits])


def identities(factor, *values, **changes):
    recipe = Recipe(
        build_model=penalised,
        optimizer=keras.optimizers.SGD,
        learning_rates=(0.1,),
        epochs=2,
        batch_size=50,
    )
    variants = {str(value): value for value in values}
    experiment = Experiment(
        factor=factor, baseline=str(values[0]), variants=variants, recipe=recipe, **changes
    )
    recipes = {label: experiment.recipe_for(label) for label in variants}
    return {
        label: networks.identity(own, fresh_model(partial(own.build_model, SHAPE, CLASSES)))
        for label, own in recipes.items()
    }


def test_variants_that_differ_have_identities_of_their_own():
    assert networks.same(identities("penalty", 0.1, 0.2)) == []
    assert networks.same(identities("batch_size", 10, 20)) == []
    assert networks.same(identities("train_examples", 10, 20)) == []


def test_a_variant_that_ignores_its_factor_is_found():
    assert networks.same(identities("ignored", 1, 2)) == [("1", "2")]


def test_two_variants_of_three_that_are_the_same_are_said(tiny):
    entry = tiny("pass")
    keys = {"a": "1", "b": "2", "c": "1"}
    assert networks.identical(entry, keys) == [
        f"{entry.path}:{line(entry, 'variants=')}: the factor does nothing between 'a' and 'c': "
        "their networks, optimizers and data are declared alike"
    ]
    assert networks.identical(entry, {"a": "1", "b": "2"}) == []
