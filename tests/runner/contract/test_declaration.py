import pytest

from zoo.errors import ZooError
from zoo.runner.contract import declaration
from zoo.runner.registry import find

DOCSTRING = '"""Does tanh train a tiny network better than ReLU?"""'


@pytest.fixture
def tiny(tiny_experiment):
    """Returns a function that changes the text of a small experiment and reads it."""

    def change(old="", new=""):
        text = tiny_experiment.read_text(encoding="utf-8")
        assert old in text
        tiny_experiment.write_text(text.replace(old, new, 1), encoding="utf-8")
        return find(str(tiny_experiment))

    return change


def line(entry, text):
    lines = entry.path.read_text(encoding="utf-8").splitlines()
    return next(number for number, each in enumerate(lines, 1) if text in each)


def test_a_right_declaration_has_nothing_wrong(tiny):
    entry = tiny()
    experiment = declaration.load(entry)
    assert declaration.question(entry) == []
    assert declaration.labels(entry, experiment) == []
    assert declaration.claims(entry, experiment) == []
    assert declaration.factories(entry, experiment) == []


@pytest.mark.parametrize(
    ("docstring", "wrong", "notes"),
    [
        ('"""Tanh."""', "must ask the experiment's question. Received: 'Tanh.'", 2),
        ('"""Tanh? (a try)"""', "", 2),
        ('"""Tanh?"""', "", 1),
        ('"""Tanh?\n\nReferences:\nMe (2020).\n"""', "", 1),
        ('"""Tanh?\n\nReferences:\n    Me (2020).\n"""', "", 0),
    ],
)
def test_the_docstring_asks_a_question_and_cites_sources(tiny, docstring, wrong, notes):
    entry = tiny(DOCSTRING, docstring)
    found = declaration.question(entry)
    assert len(found) == bool(wrong)
    assert all(f"tiny.py:1: the docstring's first line {wrong}" in each for each in found)
    assert len(declaration.docstring(entry)) == notes


def test_a_long_label_is_named(tiny):
    longest = "t" * declaration.LONGEST_LABEL
    entry = tiny('"tanh": "tanh"', f'"{longest}": "tanh", "{longest}t": "elu"')
    (found,) = declaration.labels(entry, declaration.load(entry))
    assert found.startswith(f"{entry.path}:{line(entry, 'variants=')}: a label must have at most")
    assert found.endswith(f"Received: '{longest}t'")


def claimed(tiny, *claims):
    entry = tiny("recipe=Recipe", f"claims=[{', '.join(claims)}],\n    recipe=Recipe")
    entry = tiny(
        "from zoo.experiment", "from zoo.claims import Claim, Difference\nfrom zoo.experiment"
    )
    return entry, declaration.claims(entry, declaration.load(entry))


def test_a_claim_measures_what_runs_have(tiny):
    entry, found = claimed(
        tiny,
        "Claim('ACT01', Difference('relu', 'tanh'))",
        "Claim('ACT01', Difference('relu', 'tanh', 'acuracy'))",
    )
    (found,) = found
    start = f"{entry.path}:{line(entry, 'claims=')}: claim ACT01: A metric must be one of epochs,"
    assert found.startswith(start)
    assert found.endswith("Received: 'acuracy'")


def test_a_claim_of_ones_own_says_something(tiny):
    entry, found = claimed(
        tiny,
        "Claim('MINE', Difference('relu', 'tanh'), says='It is.')",
        "Claim('YOURS', Difference('relu', 'tanh'))",
    )
    assert found == [
        f"{entry.path}:{line(entry, 'claims=')}: claim YOURS is not the catalogue's, "
        "so it must be told what it `says`"
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('{"relu": "relu", "tanh": "tanh"}', '["relu", "tanh"]', "`variants` must be a mapping"),
        ("recipe=Recipe", "claims=['x'], recipe=Recipe", "`claims` must be a list of Claim"),
        ("epochs=2", "epochs=0", "`epochs` must be a positive integer. Received: epochs=0"),
        ("EXPERIMENT =", "import sys; sys.exit(0)\nEXPERIMENT =", "SystemExit: 0"),
        ("import keras", "import not_there_at_all", "ModuleNotFoundError: No module named"),
    ],
)
def test_a_module_that_cannot_be_imported_is_said_with_its_line(tiny, old, new, message):
    entry = tiny(old, new)
    with pytest.raises(ZooError, match=r"tiny\.py:\d+: ") as raised:
        declaration.load(entry)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "optimizer=keras.optimizers.SGD",
            "optimizer=keras.optimizers.SGD(0.1)",
            "`optimizer` must be a function of the learning rate that returns a new optimizer, "
            "such as `keras.optimizers.Adam` or "
            "`lambda rate: keras.optimizers.SGD(rate, momentum=0.9)`. Received: an instance of SGD",
        ),
        ("optimizer=keras.optimizers.SGD", "optimizer='sgd'", "Received: 'sgd'"),
        ("optimizer=keras.optimizers.SGD", "optimizer=lambda rate: rate", "It returned 0.01"),
        (
            "optimizer=keras.optimizers.SGD",
            "optimizer=lambda rate, ONE=keras.optimizers.SGD(0.1): ONE",
            "the same SGD was returned twice",
        ),
        ("epochs=2", "callbacks=[]", "`callbacks` must be a function that returns a list"),
        ("epochs=2", "callbacks=lambda: keras.callbacks.History()", "It returned an instance of"),
        ("epochs=2", "callbacks=lambda ONE=[keras.callbacks.History()]: ONE", "same History"),
        ("epochs=2", "schedule=lambda rate: rate", "takes 1 positional argument but 3 were given"),
        ("epochs=2", "schedule=lambda rate, steps, epochs: 'cosine'", "It returned 'cosine'"),
        ("epochs=2", "loss=lambda: 'mse'", "It returned 'mse'"),
        ("epochs=2", "loss=keras.losses.Poisson()", "`loss` must be a function that returns"),
        ("epochs=2", "loss=lambda: 1 / 0", "ZeroDivisionError: division by zero"),
    ],
)
def test_what_is_no_factory_is_said_with_its_line_and_what_to_write(tiny, old, new, message):
    entry = tiny(old, new if old != "epochs=2" else f"epochs=2,\n        {new}")
    (found,) = declaration.factories(entry, declaration.load(entry))
    assert found.startswith(f"{entry.path}:{line(entry, new)}: ")
    assert message in found
    assert found.endswith("(variants 'relu', 'tanh')")


def test_a_factory_of_one_variant_is_its_own(tiny):
    tiny('factor="activation"', 'factor="optimizer"')
    entry = tiny(
        '{"relu": "relu", "tanh": "tanh"}', '{"relu": keras.optimizers.SGD, "tanh": "sgd"}'
    )
    (found,) = declaration.factories(entry, declaration.load(entry))
    assert found.endswith("Received: 'sgd' (variant 'tanh')")
