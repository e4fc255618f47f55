"""What every experiment of the zoo keeps; the checks themselves lie in `zoo/runner/contract/`.

The slow part trains each variant, and then some of them again after all the others.
"""

import ast
import functools
import json
import subprocess
import sys
from pathlib import Path

import pytest

from zoo import catalogue
from zoo import data as datasets
from zoo.claims import Identity, Number, Ratio
from zoo.runner.contract import declaration, networks, training
from zoo.runner.registry import entries

ROOT = Path(__file__).parents[2]
ALL = {entry.name: entry for entry in entries()}
TRAINED = {name: entry for name, entry in ALL.items() if entry.kind == "trained"}
SHAPES = {"mnist1d": (40,), "digits": (8, 8, 1)}
CLASSES = 10
LONGEST_PROPOSITION = 160  # letters
LONGEST_MODULE = 150  # lines; the whole experiment on one or two screens

# A declared exception that no longer holds fails the test.
DIVERGING = {
    "batch_norm_robustness": ["none at 3", "none at 10"],  # rates that normalisation stands
    "gradient_clipping": ["none"],  # what the others clip
    "gradient_clipping_survival": ["none"],
    "learning_rate": ["3", "10", "1e+06"],
    "warmup": ["constant at 0.5"],  # too high to start with
}


@pytest.mark.parametrize("name", ALL)
def test_the_declaration_asks_cites_and_claims(name):
    entry = ALL[name]
    experiment = declaration.load(entry)
    assert declaration.question(entry) == []
    assert declaration.docstring(entry) == []
    assert declaration.labels(entry, experiment) == []
    assert declaration.claims(entry, experiment) == []
    assert entry.factor == experiment.factor
    assert len(entry.path.read_text(encoding="utf-8").splitlines()) <= LONGEST_MODULE


def test_no_two_claims_have_the_same_id():
    """Several claims on a sentence have names of their parts, so that no id contradicts itself."""
    seen = {}
    for name, entry in ALL.items():
        for claim in entry.claims:
            assert seen.setdefault(claim, name) == name, claim
        assert len(set(entry.claims)) == len(entry.claims)


@pytest.mark.parametrize("name", ALL)
def test_claims_say_what_is_tested_and_definitions_claim_no_effect(name):
    entry = ALL[name]
    claims = declaration.load(entry).claims
    assert set(entry.claims) == {claim.id for claim in claims}, "write ids as plain texts"
    for claim in claims:
        exact = all(isinstance(rule, Identity) for rule in claim.rules)
        printed = all(isinstance(rule, Identity | Number | Ratio) for rule in claim.rules)
        if not printed or (entry.kind == "trained" and not exact):
            assert claim.proposition, claim.id
            assert len(claim.proposition) <= LONGEST_PROPOSITION, claim.id
        if catalogue.find(claim.id).is_definition and claim.id in catalogue.entries():
            assert printed, claim.id


def test_no_two_modules_have_the_same_ten_lines():
    seen = {}
    for name, entry in ALL.items():
        text = entry.path.read_text(encoding="utf-8")
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        for start in range(len(lines) - 9):
            ten = tuple(lines[start : start + 10])
            assert seen.setdefault(ten, name) == name, ten


@pytest.mark.parametrize("name", TRAINED)
def test_optimizers_callbacks_and_losses_are_made_anew(name):
    assert declaration.factories(TRAINED[name], TRAINED[name].load()) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", TRAINED)
def test_every_variant_builds_and_differs_from_every_other(name):
    entry = TRAINED[name]
    functions = [
        node
        for node in ast.parse(entry.path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    ]
    assert "build_model" in [function.name for function in functions]
    identities = {}
    for label in entry.load().variants:
        recipe = entry.load().recipe_for(label)
        first, second = (
            networks.network(entry, recipe, shape, CLASSES) for shape in SHAPES.values()
        )
        assert not set(first.layers) & set(second.layers), label
        identities[label] = networks.identity(recipe, first)
    assert networks.identical(entry, identities) == []


@functools.cache
def some_digits(preprocessing=None):
    digits = datasets.load("digits", preprocessing=preprocessing, train_examples=training.EXAMPLES)
    return training.few(digits)


@functools.cache
def trained(name):
    """Trains every variant of an experiment on digits."""
    experiment = TRAINED[name].load()
    recipes = {label: experiment.recipe_for(label) for label in experiment.variants}
    data_of = {label: some_digits(recipe.preprocessing) for label, recipe in recipes.items()}
    return training.Trained(experiment, data_of)


@pytest.mark.slow
@pytest.mark.parametrize("name", TRAINED)
def test_no_variant_diverges_that_is_not_declared(name):
    assert trained(name).diverging() == DIVERGING.get(name, [])


@pytest.mark.slow
@pytest.mark.parametrize("name", TRAINED)
def test_the_baseline_learns(name):
    assert trained(name).learns()


@pytest.mark.slow
@pytest.mark.parametrize("name", TRAINED)
def test_variants_train_the_same_after_others(name):
    assert trained(name).unrepeated() == []


@pytest.mark.slow
@pytest.mark.parametrize("name", TRAINED)
def test_every_factor_acts(name):
    assert trained(name).without_effect() == []


@pytest.mark.slow
def test_a_variant_is_the_same_alone_in_a_process():
    name, label = "dropout", "inputs 0.5 + hidden 0.5"
    program = (
        f"import sys; sys.path[:0] = [{str(ROOT)!r}, {str(Path(__file__).parent)!r}]\n"
        "import json, test_experiments as tests\n"
        f"recipe = tests.TRAINED[{name!r}].load().recipe_for({label!r})\n"
        f"rate = {trained(name).rate_of(label)}\n"
        "print(json.dumps(tests.training.train(recipe, tests.some_digits(), rate)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout.splitlines()[-1]) == trained(name).histories[label]


def test_declared_exceptions_name_variants_that_exist():
    for name, labels in DIVERGING.items():
        assert set(labels) <= set(TRAINED[name].load().variants)
