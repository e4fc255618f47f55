"""What every experiment and every variant must keep, and proof that the checks find what breaks it.

The slow part trains each variant, and then some of them again after all the others.
"""

import ast
import contextlib
import functools
import itertools
import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers, regularizers

from zoo import data as datasets
from zoo.engine import fit
from zoo.experiment import FACTORS, Experiment, Recipe
from zoo.runner.registry import entries
from zoo.runs.identity import describe, key_of, recipe_identity
from zoo.runs.plan import optimizer_of
from zoo.runs.run import Job, Run, Silent
from zoo.runs.seeding import fresh_model

pytestmark = [
    # TensorFlow's variables do not know NumPy 2's `copy` yet.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    # Reading batches stays compiled where all else is not.
    pytest.mark.filterwarnings("ignore:Even though the `tf.config:UserWarning"),
]

ROOT = Path(__file__).parents[2]
ENTRIES = {entry.name: entry for entry in entries() if entry.trained}
CASES = [(name, label) for name, entry in ENTRIES.items() for label in entry.load().variants]

SHAPES = {"mnist1d": (40,), "digits": (8, 8, 1)}
CLASSES = 10
LONGEST_MODULE = 150  # lines; the whole experiment on one or two screens
LONGEST_LABEL = 28  # characters; what fits into a legend

EPOCHS, TRAIN_EXAMPLES, BATCH = 2, 200, 50
# How an experiment is trained where two epochs at the middle of its grid cannot show its factor.
TRAINED_WITH = {
    # The longest columns start below 2 and pass radius 4 in the fourth epoch at the largest rate.
    "max_norm": {"epochs": 6, "rate": max},
}
# What acts at the end of an epoch needs epochs; a plateau with patience 5 acts in the seventh.
EPOCHS_OF_FACTOR = {"schedule": 8, "callbacks": 8}

# A declared exception that no longer holds fails the test.
DIVERGES: dict[tuple[str, str], str] = {
    ("batch_norm_robustness", "none at 3"): "a rate that normalisation stands",
    ("batch_norm_robustness", "none at 10"): "a rate that normalisation stands",
    ("dying_relu", "maxout at 0.3"): "the rate that kills ReLU units",
    ("dying_relu", "prelu at 0.3"): "the rate that kills ReLU units",
    ("gradient_clipping", "none"): "what the others clip",
}
ALIKE: dict[tuple[str, ...], str] = {
    ("dying_relu", "relu bias -5", "relu bias -10"): "dead: only the biases of the logits learn",
}


# The checks


def identity(experiment, label, shape=SHAPES["mnist1d"], rate=0.01, steps=4):
    """Returns the key of a variant: equal keys mean that nothing at all varies.

    A grid of one rate is no grid to choose from: the rate is a part of the variant.
    """
    recipe = experiment.recipe_for(label)
    if len(recipe.learning_rates) == 1:
        (rate,) = recipe.learning_rates
    model = fresh_model(functools.partial(recipe.build_model, shape, CLASSES))
    data = describe([recipe.data, recipe.train_examples, recipe.preprocessing])
    shared = recipe_identity(recipe, model, data, steps)
    return key_of(shared, describe(optimizer_of(recipe, rate, steps)))


def check_identities(experiment):
    """Fails if two variants have the same identity."""
    keys = {label: identity(experiment, label) for label in experiment.variants}
    same = [pair for pair in itertools.combinations(keys, 2) if keys[pair[0]] == keys[pair[1]]]
    assert not same, f"identity: the factor does nothing between {same}"


def alike(first, second):
    """Returns whether two histories differ by no more than rounding."""
    return all(
        len(first[name]) == len(second[name])
        and np.allclose(first[name], second[name], rtol=1e-6, atol=0, equal_nan=True)
        for name in first
    )


def check_histories(histories, declared=()):
    """Fails if two histories are the same, or two that are declared alike are not."""
    for pair in declared:
        assert alike(*(histories[label] for label in pair)), f"{pair} are no longer alike"
    pairs = [set(pair) for pair in declared]
    same = [
        pair
        for pair in itertools.combinations(histories, 2)
        if set(pair) not in pairs and alike(*(histories[label] for label in pair))
    ]
    assert not same, f"history: the factor does nothing between {same}"


def check_finite(history, diverges):
    finite = all(math.isfinite(value) for values in history.values() for value in values)
    assert finite != diverges, f"declared to diverge: {diverges}, finite: {finite}"


def falls(history):
    return history["loss"][-1] < history["loss"][0]


def check_falls(histories):
    """Fails unless the training loss falls at one learning rate at least."""
    assert any(map(falls, histories.values())), f"the loss falls at none of {sorted(histories)}"


# Quick: every experiment


@pytest.mark.parametrize("name", ENTRIES)
def test_module_asks_a_question_and_cites_sources(name):
    entry = ENTRIES[name]
    assert entry.question.endswith("?")
    _, heading, references = entry.docstring.partition("\nReferences:\n")
    assert heading
    cited = [line for line in references.splitlines() if line.strip()]
    assert cited
    assert all(line.startswith("    ") for line in cited)


@pytest.mark.parametrize("name", ENTRIES)
def test_module_is_short_and_says_what_it_varies(name):
    text = ENTRIES[name].path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST_MODULE
    assert ENTRIES[name].factor == ENTRIES[name].load().factor
    functions = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    assert "build_model" in [function.name for function in functions]


def test_no_two_modules_have_the_same_ten_lines():
    seen = {}
    for entry in entries():
        text = entry.path.read_text(encoding="utf-8")
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        for start in range(len(lines) - 9):
            ten = tuple(lines[start : start + 10])
            assert seen.setdefault(ten, entry.name) == entry.name, ten


@pytest.mark.parametrize("name", ENTRIES)
def test_labels_are_short_and_the_baseline_is_one_of_them(name):
    experiment = ENTRIES[name].load()
    assert experiment.baseline in experiment.variants
    assert [label for label in experiment.variants if len(label) > LONGEST_LABEL] == []


@pytest.mark.parametrize("name", ENTRIES)
def test_every_variant_differs_from_every_other(name):
    check_identities(ENTRIES[name].load())


# Quick: every variant


@pytest.mark.parametrize(("name", "label"), CASES)
def test_variant_builds_and_gives_logits_of_new_layers(name, label):
    recipe = ENTRIES[name].load().recipe_for(label)
    used = set()
    for shape in SHAPES.values():
        model = recipe.build_model(shape, CLASSES)
        x = np.random.default_rng(0).normal(size=(3, *shape)).astype("float32")
        logits = keras.ops.convert_to_numpy(model(x, training=False))
        assert logits.shape == (3, CLASSES)
        # A softmax would add up to 1 in every row.
        assert not np.allclose(logits.sum(axis=1), 1)
        assert not used & set(model.layers)
        used |= set(model.layers)


@pytest.mark.parametrize(("name", "label"), CASES)
def test_variant_has_new_optimizers_and_callbacks(name, label):
    recipe = ENTRIES[name].load().recipe_for(label)
    (first, ours), (second, others) = (optimizer_of(recipe, 0.01, 4) for _ in range(2))
    assert first is not second
    assert not {id(callback) for callback in ours} & {id(callback) for callback in others}
    assert isinstance(first, keras.optimizers.Optimizer)
    assert all(isinstance(callback, keras.callbacks.Callback) for callback in ours)


# Slow: every variant is trained


@functools.cache
def tiny_data(preprocessing=None):
    """Returns 200 digits; validation is wrong on purpose.

    What learns the digits gets worse on validation, so that whatever watches it has to act.
    """
    digits = datasets.load("digits", train_examples=TRAIN_EXAMPLES, preprocessing=preprocessing)
    return replace(
        digits,
        x_validation=digits.x_validation[:60],
        y_validation=(digits.y_validation[:60] + 1) % digits.num_classes,
        x_test=digits.x_test[:60],
        y_test=digits.y_test[:60],
    )


def middle(grid):
    return sorted(grid)[len(grid) // 2]


@contextlib.contextmanager
def uncompiled():
    """Makes TensorFlow run functions as they are: for some steps compiling takes much longer."""
    if keras.backend.backend() != "tensorflow":
        yield
        return
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(False)


def train(experiment, label, *, rate, epochs=EPOCHS):
    """Trains one variant with seed 0 and returns its history."""
    recipe = replace(experiment.recipe_for(label), epochs=epochs, batch_size=BATCH)
    data = tiny_data(recipe.preprocessing)
    with uncompiled():
        return fit.train_one(Job(recipe, Run(label, rate, 0)), data, Silent()).history


def settings_of(name, label):
    """Returns how this contract trains a variant of one of the zoo's experiments."""
    experiment = ENTRIES[name].load()
    settings = TRAINED_WITH.get(name, {})
    rate = settings.get("rate", middle)(experiment.learning_rates(label))
    epochs = settings.get("epochs", EPOCHS_OF_FACTOR.get(experiment.factor, EPOCHS))
    return {"rate": rate, "epochs": epochs}


def train_by_name(name, label):
    return train(ENTRIES[name].load(), label, **settings_of(name, label))


@functools.cache
def first_time(name):
    """Returns the history of every variant, trained in the order of the declaration."""
    return {label: train_by_name(name, label) for label in ENTRIES[name].load().variants}


@pytest.mark.slow
@pytest.mark.parametrize("name", ENTRIES)
def test_every_variants_history_differs_from_every_others(name):
    declared = [labels for experiment, *labels in ALIKE if experiment == name]
    check_histories(first_time(name), declared)


@pytest.mark.slow
@pytest.mark.parametrize("name", ENTRIES)
def test_baselines_loss_falls(name):
    experiment = ENTRIES[name].load()
    baseline = experiment.baseline
    histories = {settings_of(name, baseline)["rate"]: first_time(name)[baseline]}
    for rate in experiment.learning_rates(baseline):
        if not any(falls(history) for history in histories.values()):
            histories[rate] = train(experiment, baseline, rate=rate)
    check_falls(histories)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "label"), CASES)
def test_variant_is_finite(name, label):
    check_finite(first_time(name)[label], (name, label) in DIVERGES)


@pytest.mark.slow
@pytest.mark.parametrize("name", ENTRIES)
def test_first_variants_are_the_same_after_others(name):
    for label in list(first_time(name))[1::-1]:
        again = train_by_name(name, label)
        np.testing.assert_equal(again, first_time(name)[label])  # equal to the last bit, NaN too


@pytest.mark.slow
def test_variant_is_the_same_alone_in_a_process():
    name, label = "dropout", "inputs 0.5 + hidden 0.5"
    program = (
        "import json, test_experiments;"
        f"print(json.dumps(test_experiments.train_by_name({name!r}, {label!r})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert json.loads(done.stdout.splitlines()[-1]) == first_time(name)[label]


def test_declared_exceptions_name_variants_that_exist():
    named = [*DIVERGES, *((name, label) for name, *labels in ALIKE for label in labels)]
    assert set(named) <= set(CASES)
    assert set(TRAINED_WITH) <= set(ENTRIES)
    assert set(EPOCHS_OF_FACTOR) <= FACTORS


# Planted faults: the checks must find them


def small_model(input_shape, num_classes, penalty=0.0, ignored=None):
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Flatten(),
            layers.Dense(num_classes, kernel_regularizer=regularizers.L2(penalty)),
        ]
    )


def planted(factor, *values):
    recipe = Recipe(
        build_model=small_model,
        optimizer=keras.optimizers.SGD,
        learning_rates=(0.1,),
        epochs=2,
        batch_size=BATCH,
    )
    variants = {str(value): value for value in values}
    return Experiment(factor=factor, baseline=str(values[0]), variants=variants, recipe=recipe)


def test_a_variant_that_ignores_its_factor_is_found():
    with pytest.raises(AssertionError, match=r"identity: .* between \[\('1', '2'\)\]"):
        check_identities(planted("ignored", 1, 2))
    check_identities(planted("penalty", 0.1, 0.2))


def test_two_variants_of_three_that_are_the_same_are_found():
    experiment = planted("penalty", 0.1, 0.2, 0.3)
    same = replace(experiment, variants={"a": 0.1, "b": 0.2, "c": 0.1}, baseline="a")
    with pytest.raises(AssertionError, match=r"between \[\('a', 'c'\)\]"):
        check_identities(same)


@pytest.mark.slow
def test_a_treatment_without_effect_is_found_by_its_history():
    # The declaration differs, and what is trained does not: 1e-12 is below rounding.
    experiment = planted("penalty", 0.0, 1e-12, 0.1)
    check_identities(experiment)
    histories = {label: train(experiment, label, rate=0.1) for label in experiment.variants}
    with pytest.raises(AssertionError, match=r"history: .* between \[\('0.0', '1e-12'\)\]"):
        check_histories(histories)
    check_histories(histories, [("0.0", "1e-12")])
    with pytest.raises(AssertionError, match="are no longer alike"):
        check_histories(histories, [("0.0", "1e-12"), ("0.0", "0.1")])


HISTORY = {"loss": [2.0, 1.0], "learning_rate": [0.1, 0.1]}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, True),
        ({"loss": [2.0, 1.0 + 1e-8]}, True),
        ({"loss": [2.0, 1.0 + 1e-5]}, False),
        ({"learning_rate": [0.1, 0.05]}, False),
        ({"loss": [2.0], "learning_rate": [0.1]}, False),
        ({"loss": [2.0, math.nan]}, False),
    ],
)
def test_same_histories_are_found(change, found):
    histories = {"a": HISTORY, "b": HISTORY | change}
    if found:
        with pytest.raises(AssertionError, match=r"between \[\('a', 'b'\)\]"):
            check_histories(histories)
    else:
        check_histories(histories)


def test_two_histories_that_are_nan_alike_are_found():
    lost = {"loss": [math.nan], "learning_rate": [0.1]}
    with pytest.raises(AssertionError):
        check_histories({"a": lost, "b": dict(lost)})


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_divergence_is_found_and_so_is_a_declared_one_that_is_gone(bad):
    lost = HISTORY | {"loss": [2.0, bad]}
    check_finite(HISTORY, diverges=False)
    check_finite(lost, diverges=True)
    for history, diverges in ((lost, False), (HISTORY, True)):
        with pytest.raises(AssertionError, match="declared to diverge"):
            check_finite(history, diverges)


def test_a_loss_that_never_falls_is_found():
    rising = {"loss": [1.0, 2.0]}
    check_falls({0.1: rising, 0.2: HISTORY})
    with pytest.raises(AssertionError, match=r"falls at none of \[0.1, 0.2\]"):
        check_falls({0.1: rising, 0.2: {"loss": [1.0, math.nan]}})
