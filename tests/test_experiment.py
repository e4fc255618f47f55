import math

import pytest

from zoo.claims import Claim, Difference
from zoo.errors import ZooError
from zoo.experiment import DEFAULT_SEEDS, FACTORS, Experiment, Measurement, Recipe, no_schedule


def build_model(input_shape, num_classes, activation="relu", depth=1):
    return input_shape, num_classes, activation, depth


def optimizer(rate):
    return "sgd", rate


def recipe_with(**changes):
    given = {
        "build_model": build_model,
        "optimizer": optimizer,
        "learning_rates": (0.01, 0.1),
        "epochs": 2,
        "batch_size": 8,
    }
    return Recipe(**given | changes)


def experiment_with(**changes):
    given = {
        "factor": "activation",
        "baseline": "a",
        "variants": {"a": "relu", "b": "tanh"},
        "recipe": recipe_with(),
    }
    return Experiment(**given | changes)


def message_of(make, **changes):
    with pytest.raises(ZooError) as caught:
        make(**changes)
    return str(caught.value)


@pytest.mark.parametrize("name", ["epochs", "batch_size", "train_examples"])
@pytest.mark.parametrize("value", [0, -1, 1.5, 2.0, True, "3", math.nan])
def test_counts_must_be_positive_integers(name, value):
    message = message_of(recipe_with, **{name: value})
    assert message == f"`{name}` must be a positive integer. Received: {name}={value!r}"


@pytest.mark.parametrize("name", ["epochs", "batch_size"])
def test_only_train_examples_may_be_none(name):
    assert recipe_with(train_examples=None).train_examples is None
    assert f"Received: {name}=None" in message_of(recipe_with, **{name: None})


@pytest.mark.parametrize("grids", [(), [], {"a": (0.1,), "b": ()}])
def test_a_grid_must_name_a_rate(grids):
    message = message_of(recipe_with, learning_rates=grids)
    assert message.startswith("`learning_rates` must be a non-empty tuple of numbers")


@pytest.mark.parametrize("rate", [0, 0.0, -0.1, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("as_mapping", [False, True])
def test_a_rate_must_be_finite_and_above_zero(rate, as_mapping):
    grids = {"a": (0.1,), "b": (0.1, rate)} if as_mapping else (0.1, rate)
    message = message_of(recipe_with, learning_rates=grids)
    assert message == f"A learning rate must be a finite number above 0. Received: {rate!r}"


def test_a_recipe_takes_keywords_only():
    with pytest.raises(TypeError):
        Recipe(build_model, optimizer, (0.1,), 2, 8)


@pytest.mark.parametrize("labels", [[], ["a"]])
def test_an_experiment_needs_two_variants(labels):
    message = message_of(experiment_with, variants=dict.fromkeys(labels))
    assert message == f"`variants` must hold at least two variants. Received: {labels}"


@pytest.mark.parametrize("label", ["", "a|b", "a,b", "a;b", "a\nb", 'a"b', "a'b"])
def test_a_label_must_fit_into_a_table(label):
    message = message_of(experiment_with, variants={"a": 1, label: 2})
    assert "must be non-empty, without commas, bars or quotes" in message
    assert message.endswith(f"Received: {label!r}")


@pytest.mark.parametrize("label", ["swish 1", "leaky 0.01", "None", "L2 10^-4", "β = ½"])
def test_other_labels_are_fine(label):
    experiment = experiment_with(baseline=label, variants={label: 1, "b": 2})
    assert list(experiment.variants) == [label, "b"]


def test_the_baseline_must_be_a_variant():
    message = message_of(experiment_with, baseline="c")
    assert message == "`baseline` must be one of the variants ['a', 'b']. Received: 'c'"


@pytest.mark.parametrize("factor", ["aktivation", "input_shape", "num_classes", ""])
def test_the_factor_must_be_known(factor):
    message = message_of(experiment_with, factor=factor)
    assert "a keyword of build_model ['activation', 'depth']" in message
    assert f"a field of the recipe {sorted(FACTORS)}" in message
    assert message.endswith(f"Received: {factor!r}")


def test_a_mapping_of_grids_must_name_each_variant():
    recipe = recipe_with(learning_rates={"a": (0.1,), "c": (0.1,)})
    message = message_of(experiment_with, recipe=recipe)
    assert "must have one grid for each variant" in message
    assert message.endswith("Without one: ['b'], unknown: ['c']")


def test_a_tuple_of_rates_is_everybodys_grid():
    experiment = experiment_with(recipe=recipe_with(learning_rates=(1, 0.1, 0.01, 0.1)))
    for label in experiment.variants:
        assert experiment.learning_rates(label) == (0.01, 0.1, 1.0)
        assert all(isinstance(rate, float) for rate in experiment.learning_rates(label))


def test_a_mapping_gives_each_variant_its_own_grid():
    recipe = recipe_with(learning_rates={"a": [0.3, 0.1], "b": (1,)})
    experiment = experiment_with(recipe=recipe)
    assert experiment.learning_rates("a") == (0.1, 0.3)
    assert experiment.learning_rates("b") == (1.0,)
    assert experiment.recipe_for("a").learning_rates == (0.1, 0.3)
    assert experiment.recipe_for("b").learning_rates == (1.0,)


def test_recipe_for_binds_a_keyword_of_build_model():
    experiment = experiment_with()
    built = {label: experiment.recipe_for(label).build_model((4,), 3) for label in "ab"}
    assert built == {"a": ((4,), 3, "relu", 1), "b": ((4,), 3, "tanh", 1)}
    assert experiment.recipe.build_model is build_model


def test_recipe_for_replaces_a_field_of_the_recipe():
    experiment = experiment_with(factor="batch_size", variants={"a": 8, "b": 16})
    assert [experiment.recipe_for(label).batch_size for label in "ab"] == [8, 16]
    assert experiment.recipe_for("b") == recipe_with(batch_size=16)


def test_a_variants_value_is_checked_like_the_recipes():
    experiment = experiment_with(factor="batch_size", variants={"a": 8, "b": 0})
    assert message_of(lambda: experiment.recipe_for("b")).endswith("Received: batch_size=0")


def test_a_factory_is_handed_on_as_it_is():
    def other(rate):
        return "adam", rate

    experiment = experiment_with(factor="optimizer", variants={"a": optimizer, "b": other})
    assert experiment.recipe_for("a").optimizer is optimizer
    assert experiment.recipe_for("b").optimizer is other


def test_defaults_keep_the_rate_constant_and_add_no_callbacks():
    recipe = recipe_with()
    assert recipe.schedule is no_schedule
    assert recipe.schedule(0.1, 10, 2) == 0.1
    assert recipe.callbacks() == []
    assert recipe.callbacks() is not recipe.callbacks()


def test_default_seeds_are_the_fewest_whose_smallest_p_is_below_one_percent():
    assert 2 / 2**DEFAULT_SEEDS < 0.01 < 2 / 2 ** (DEFAULT_SEEDS - 1)


@pytest.mark.parametrize("factor", ["learning_rates", "probes"])
def test_what_variants_must_share_is_no_factor(factor):
    assert "`factor` must be" in message_of(experiment_with, factor=factor)


@pytest.mark.parametrize("grid", [0.1, "0.1", None])
def test_a_grid_is_a_sequence(grid):
    message = message_of(recipe_with, learning_rates=grid)
    assert message.startswith("`learning_rates` must be a non-empty tuple of numbers")
    assert message.endswith(f"Received: {grid!r}")


def test_a_label_is_text():
    message = message_of(experiment_with, baseline=1, variants={1: "a", 2: "b"})
    assert "label" in message


def test_a_function_of_the_seed_measures_itself():
    found = Measurement(factor="power", variants={"a": lambda seed: {"square": seed**2}})
    assert found.measure(found.variants["a"], 3) == {"square": 9}


def test_what_measures_takes_value_and_seed():
    def measure(value, seed):
        return {"product": value * seed}

    found = Measurement(factor="number", variants={"a": 2}, measure=measure)
    assert found.measure(found.variants["a"], 3) == {"product": 6}


def test_a_value_that_cannot_be_called_needs_what_measures():
    message = message_of(
        Measurement, factor="number", variants={"a": lambda seed: {}, "b": 0.5}, seeds=1
    )
    assert message == (
        "A variant's value must be a function of the seed, or `measure` be given, a function of "
        "value and seed. Received: 0.5 for 'b'"
    )


def test_a_scale_of_a_measurement_is_checked_too():
    scales = {"large": {"variants": {"a": 0.5}}}
    found = Measurement(factor="number", variants={"a": lambda seed: {}}, scales=scales)
    assert "Received: 0.5 for 'a'" in message_of(lambda: found.at_scale("large"))


def test_only_some_variants_are_kept_in_declared_order_with_their_grids():
    grids = {"a": (0.1,), "b": (0.2,), "c": (0.3,)}
    whole = experiment_with(
        variants={"a": "relu", "b": "tanh", "c": "elu"},
        recipe=recipe_with(learning_rates=grids),
        claims=[Claim("MINE", Difference("b", "a"), says="b is better.")],
    )
    some = whole.only(["c"])
    assert list(some.variants) == ["a", "c"]
    assert some.left_out == ("b",)
    assert some.recipe.learning_rates == {"a": (0.1,), "c": (0.3,)}
    assert some.claims == whole.claims
    assert whole.only(["c", "b"]).left_out == ()


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (["a"], "`--variants` must name a variant besides the baseline a. Received: a"),
        (["b", "B"], "There is no variant 'B'. Choose from: a, b."),
    ],
)
def test_only_variants_that_are_there_are_kept(labels, said):
    assert message_of(lambda: experiment_with().only(labels)) == said


def test_a_measurement_without_a_baseline_may_keep_one_variant():
    whole = Measurement(factor="f", variants={"a": 1, "b": 2}, measure=lambda value, seed: {})
    assert whole.only(["b"]).variants == {"b": 2}
    with_baseline = Measurement(
        factor="f", variants={"a": 1, "b": 2, "c": 3}, measure=lambda value, seed: {}, baseline="a"
    )
    assert list(with_baseline.only(["c"]).variants) == ["a", "c"]
    assert with_baseline.only(["c"]).left_out == ("b",)
