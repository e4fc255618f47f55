"""What `--variants` and `--set` say, as values of the right types. Nothing here needs Keras."""

import pytest

from zoo.errors import ZooError
from zoo.experiment import Experiment, Measurement, Recipe
from zoo.runner import overrides


def build_model(
    input_shape, num_classes, activation, depth=3, rate=0.5, bias=True, pool="max", sizes=(1, 2)
):
    """Builds nothing."""


def build_other(input_shape, num_classes, units=7):
    """Builds nothing."""


def make(factor="activation", variants=None, **recipe):
    given = {"build_model": build_model, "optimizer": lambda rate: None, "learning_rates": (0.1,)}
    return Experiment(
        factor=factor,
        baseline="a",
        variants=variants or {"a": 1, "b": 2},
        recipe=Recipe(**given | {"epochs": 30, "batch_size": 10} | recipe),
    )


def measure(value, seed, draws=100, name=None):
    """Measures nothing."""
    return {}


def test_labels_are_separated_by_commas_and_named_once():
    given = ["relu, leaky 0.1", "tanh", "relu"]
    assert overrides.labels_in(given) == ("relu", "leaky 0.1", "tanh")
    assert overrides.labels_in([]) == ()
    with pytest.raises(ZooError, match="must be labels separated by commas"):
        overrides.labels_in(["relu,"])


def test_words_are_names_with_values():
    given = ["depth=8", " units = 30,100 ", "name=a=b"]
    assert overrides.words_in(given) == (("depth", "8"), ("units", "30,100"), ("name", "a=b"))


@pytest.mark.parametrize("text", ["depth", "depth=", "=8", "", "="])
def test_words_must_have_name_and_value(text):
    with pytest.raises(ZooError, match="`--set` must be NAME=VALUE"):
        overrides.words_in([text])


def test_a_name_twice_says_how_several_values_are_written():
    with pytest.raises(ZooError, match="several values are written depth=2,4"):
        overrides.words_in(["depth=2", "depth=4"])


def test_plain_defaults_and_numbers_of_the_recipe_can_be_set():
    assert overrides.settable(make()) == {
        "depth": 3,
        "rate": 0.5,
        "bias": True,
        "pool": "max",
        "epochs": 30,
        "batch_size": 10,
        "train_examples": None,
    }


@pytest.mark.parametrize("factor", ["depth", "batch_size"])
def test_the_factor_cannot_be_set(factor):
    experiment = make(factor)
    assert factor not in overrides.settable(experiment)
    words = factor.replace("_", " ")
    with pytest.raises(ZooError, match=f"varies its {words}, so that cannot be set; --variants"):
        overrides.values_of([(factor, "4")], experiment)


def test_builders_that_vary_have_no_keywords_in_common():
    experiment = make("build_model", {"a": build_model, "b": build_other})
    assert set(overrides.settable(experiment)) == set(overrides.RECIPE)


def test_of_a_measurement_the_keywords_of_measure_can_be_set():
    found = overrides.settable(Measurement(factor="f", variants={"a": 1}, measure=measure))
    assert found == {"draws": 100}
    own = Measurement(factor="f", variants={"a": lambda seed: {}})
    with pytest.raises(ZooError, match="Nothing can be set in this experiment"):
        overrides.values_of([("draws", "3")], own)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("depth", "8", 8),
        ("depth", "-1", -1),
        ("rate", "1", 1.0),
        ("rate", "1e-3", 0.001),
        ("bias", "false", False),
        ("bias", "True", True),
        ("pool", "mean", "mean"),
        ("pool", "3", "3"),
        ("epochs", "60", 60),
        ("train_examples", "200", 200),
        ("train_examples", "all", None),
        ("train_examples", "none", None),
    ],
)
def test_a_value_has_the_type_of_what_it_replaces(name, text, value):
    found = overrides.values_of([(name, text)], make())
    assert found == {name: value}
    assert type(found[name]) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("depth", "2.5", "must be a whole number; without it, it is 3. Received: '2.5'"),
        ("depth", "8_0", "must be a whole number"),
        ("depth", "²", "must be a whole number"),
        ("depth", "true", "must be a whole number"),
        ("depth", "9" * 5000, "must be a whole number"),
        ("rate", "half", "must be a finite number; without it, it is 0.5. Received: 'half'"),
        ("rate", "nan", "must be a finite number"),
        ("rate", "1e999", "must be a finite number"),
        ("bias", "1", "must be true or false; without it, it is true. Received: '1'"),
        ("train_examples", "some", "must be a whole number, or all; without it, it is all"),
    ],
)
def test_a_value_of_another_type_says_what_was_expected(name, text, expected):
    with pytest.raises(ZooError, match=f"`--set {name}` {expected}"):
        overrides.values_of([(name, text)], make())


LISTED = "depth=3, rate=0.5, bias=true, pool=max, epochs=30, batch_size=10, train_examples=all"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("dept", "nothing to set that is called 'dept'. Did you mean depth"),
        ("zzz", "nothing to set that is called 'zzz'."),
        ("sizes", "nothing to set that is called 'sizes'."),
        ("input_shape", "`input_shape` follows from the data, which --data sets"),
        ("learning_rate", "must be given as --learning-rates"),
        ("seeds", "must be given as --seeds"),
    ],
)
def test_an_unknown_name_lists_what_can_be_set(name, said):
    with pytest.raises(ZooError) as refused:
        overrides.values_of([(name, "1")], make())
    first, second = str(refused.value).splitlines()
    assert said in first
    assert second == f"What can be set: {LISTED}."


def test_several_values_rise_if_they_are_numbers():
    words = [("pool", "mean,max"), ("depth", "10, 2"), ("rate", "0.1")]
    assert overrides.several_of(words, make()) == {"pool": ["mean", "max"], "depth": [2, 10]}
    found = overrides.several_of([("train_examples", "all,500,200")], make())
    assert found == {"train_examples": [200, 500, None]}
    with pytest.raises(ZooError, match=r"must list different values\. Received: '2,02'"):
        overrides.several_of([("depth", "2,02")], make())
    with pytest.raises(ZooError, match="must be a whole number"):
        overrides.several_of([("depth", "2,")], make())


def test_values_go_to_the_recipe_and_to_the_builder():
    given = {"depth": 8, "pool": "mean", "epochs": 60}
    recipe = overrides.applied(make().recipe, given)
    assert recipe.epochs == 60
    assert recipe.build_model.func is build_model
    assert recipe.build_model.keywords == {"depth": 8, "pool": "mean"}
    assert overrides.applied(make().recipe, {"epochs": 60}).build_model is build_model


def test_what_is_declared_anyway_is_left_out_and_the_rest_has_one_spelling():
    words = [("pool", "mean"), ("depth", "03"), ("rate", "1"), ("bias", "TRUE")]
    assert overrides.beyond(words, make()) == (("rate", "1.0"), ("pool", "mean"))


LABELS = [
    ("relu", "tanh"),
    ("relu", "tanh sigmoid"),
    ("relu+tanh",),
    ("relu", "softmax + squares"),
    ("relu + softmax", "squares"),
    ("a/b", "c"),
    ("a_b", "c"),
    ("a=b", "c"),
    tuple(f"variant {number}" for number in range(20)),
    tuple(f"variant {number}" for number in range(19)),
    ("é" * 40, "c"),
]


def test_a_word_of_a_folder_is_short_and_another_for_other_labels():
    assert overrides.joined(("relu", "leaky 0.1")) == "relu+leaky 0.1"
    words = [overrides.joined(labels) for labels in LABELS]
    assert len(set(words)) == len(words)
    assert all(len(word.encode()) <= overrides.LONGEST for word in words)
    assert not any("/" in word for word in words)


def test_a_keyword_that_is_called_like_an_option_has_a_word_of_its_own():
    words = [("data", ["x"]), ("depth", ["2", "4"])]
    assert overrides.differing(("a", "b"), words) == {
        "variants": "a+b",
        "set data": "x",
        "depth": "2,4",
    }
    [(_, word)] = overrides.differing((), [("depth", list(map(str, range(99))))]).items()
    assert len(word) <= overrides.LONGEST
