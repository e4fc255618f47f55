import keras
import pytest

from zoo.advice import knobs, network
from zoo.advice.knobs import Item, all_turned, items_of, own_items, turned, wanted
from zoo.errors import ZooError
from zoo.runner.registry import find


@pytest.fixture
def recipe():
    return network.baseline(10, 32)


def test_every_knob_is_asked_once_before_any_twice(recipe):
    items, left = items_of(recipe, knobs.NAMES)
    names = [item.knob for item in items]
    assert tuple(names[: len(knobs.NAMES)]) == knobs.NAMES
    assert left == {}
    assert len({item.label for item in items}) == len(items)


def test_every_item_builds_another_recipe(recipe):
    items, _ = items_of(recipe, knobs.NAMES)
    assert network.STANDARD.keys() == set(knobs.defaults_of(recipe))
    for item in items:
        own = turned(recipe, item)
        assert own != recipe
        model = own.build_model((3,), 2)
        assert model.output_shape == (None, 2)
        if item.keyword and item.compiles:
            assert model.to_json() != recipe.build_model((3,), 2).to_json()


def test_the_baseline_is_two_layers_of_a_hundred_units():
    model = network.build_model((3,), 5)
    dense = [layer.units for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    assert dense == [100, 100, 5]
    assert model.count_params() == 3 * 100 + 100 + 100 * 100 + 100 + 100 * 5 + 5


def test_normalisation_stands_before_the_activation_and_dropout_behind():
    model = network.build_model((3,), 5, depth=1, batch_norm=True, dropout=0.3)
    names = [type(layer).__name__ for layer in model.layers]
    assert names == ["Flatten", "Dense", "BatchNormalization", "Activation", "Dropout", "Dense"]


def test_sgd_brings_larger_rates_and_a_fixed_rate_comes_first(recipe):
    sgd = turned(recipe, Item("optimizer", "Adam", "SGD", "SGD with momentum"))
    assert knobs.rates_of(sgd) == (0.009, 0.03, 0.09)
    both = all_turned(
        recipe,
        [
            Item("optimizer", "Adam", "SGD", "SGD with momentum"),
            Item("batch size", "32", "8", 8),
        ],
    )
    assert (both.batch_size, type(both.optimizer(0.1)).__name__) == (8, "SGD")


def test_the_middle_of_a_grid_is_kept(recipe):
    assert [knobs.some_rates(recipe, number) for number in (1, 2, 3)] == [
        (0.001,),
        (0.0003, 0.001),
        (0.0003, 0.001, 0.003),
    ]


def test_knobs_are_named_in_words():
    assert wanted([]) == knobs.NAMES
    assert wanted(["dropout, batch_size", "Activation"]) == ("dropout", "activation", "batch size")
    with pytest.raises(ZooError, match="Did you mean dropout"):
        wanted(["dropuot"])


def test_a_model_of_ones_own_is_asked_what_it_has_keywords_for(sized_experiment):
    experiment = find(str(sized_experiment)).load()
    recipe = experiment.recipe_for(experiment.baseline)
    own = own_items(experiment)
    assert [(item.start, item.to) for item in own] == [("relu", "tanh"), ("relu", "leaky 0.1")]
    items, left = items_of(recipe, knobs.NAMES)
    asked = {item.knob for item in items}
    assert {"width", "optimizer", "batch size", "preprocessing"} <= asked
    assert {"dropout", "depth", "normalization", "learning rate"} <= set(left)
    assert (
        turned(recipe, own[0]).build_model((4,), 2).layers[1].activation is keras.activations.tanh
    )


def test_a_batch_is_not_larger_than_the_examples_to_train_on(recipe):
    items, left = items_of(recipe, ("batch size",), 105)
    assert [item.value for item in items] == [16]
    assert left == {"batch size: 128": "there are 105 examples to train on"}
    assert [item.value for item in items_of(recipe, ("batch size",), 128)[0]] == [128, 16]
