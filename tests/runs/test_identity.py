import functools
import os
import subprocess
import sys
from dataclasses import replace
from importlib import util
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers, optimizers
from keras.optimizers import schedules

from callbacks import InverseSquareRootDecay, NewBob
from zoo.data import Data
from zoo.experiment import Experiment, Recipe
from zoo.initializers import IdenticalColumns
from zoo.runs.identity import describe, key_of
from zoo.runs.plan import plan


def toy_data(fingerprint="f"):
    x, y = np.zeros((20, 4), np.float32), np.arange(20, dtype=np.int32) % 2
    return Data("toy", x, y, x, y, x, y, 2, ("0", "1"), fingerprint)


def build_model(
    input_shape, num_classes, units, activation="relu", initializer="he_normal", extra=list
):
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Dense(units, activation=activation, kernel_initializer=initializer),
            *extra(),
            layers.Dense(num_classes),
        ]
    )


RECIPE = Recipe(
    build_model=build_model,
    optimizer=lambda rate: optimizers.SGD(rate, momentum=0.9),
    learning_rates=(0.1,),
    epochs=3,
    batch_size=9,
)


def runs(recipe=RECIPE, data=None, seeds=(0,), units=8, **model_arguments):
    """Returns the planned runs of the first of two variants."""
    build = functools.partial(build_model, **model_arguments)
    experiment = Experiment(
        factor="units",
        baseline="this",
        variants={"this": units, "other": units + 1},
        recipe=replace(recipe, build_model=build),
    )
    jobs = plan(experiment, data or toy_data(), seeds)
    return [job.run for job in jobs if job.run.variant == "this"]


def key(*arguments, **keywords):
    return runs(*arguments, **keywords)[0].key


# The key of a run


def test_equal_recipes_have_equal_keys_of_32_hexadecimal_digits():
    assert key() == key(replace(RECIPE))
    assert len(key()) == 32
    int(key(), 16)


CHANGES = {  # 20 examples make two steps of 9 or of 10
    "epochs": replace(RECIPE, epochs=4),
    "batch size": replace(RECIPE, batch_size=10),
    "learning rate": replace(RECIPE, learning_rates=(0.2,)),
    "momentum": replace(RECIPE, optimizer=lambda rate: optimizers.SGD(rate, momentum=0.8)),
    "optimizer": replace(RECIPE, optimizer=optimizers.Adam),
    "clipping": replace(
        RECIPE, optimizer=lambda rate: optimizers.SGD(rate, momentum=0.9, clipnorm=1.0)
    ),
    "schedule": replace(
        RECIPE, schedule=lambda rate, steps, epochs: schedules.ExponentialDecay(rate, steps, 0.9)
    ),
    "schedule's parameter": replace(
        RECIPE, schedule=lambda rate, steps, epochs: schedules.ExponentialDecay(rate, steps, 0.8)
    ),
    "schedule of ours": replace(
        RECIPE, schedule=lambda rate, steps, epochs: InverseSquareRootDecay(rate, steps)
    ),
    "schedule as a callback": replace(RECIPE, schedule=lambda *_: NewBob()),
    "its argument": replace(RECIPE, schedule=lambda *_: NewBob(factor=0.4)),
    "callback": replace(RECIPE, callbacks=lambda: [keras.callbacks.EarlyStopping(patience=3)]),
    "callback's argument": replace(
        RECIPE, callbacks=lambda: [keras.callbacks.EarlyStopping(patience=4)]
    ),
    "loss": replace(
        RECIPE,
        loss=lambda: keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum"),
    ),
}
MODEL_CHANGES = {  # 20 examples make two steps of 9 or of 10
    "units": {"units": 7},
    "activation": {"activation": "tanh"},
    "initial distribution": {"initializer": "glorot_normal"},
    "its parameter": {"initializer": keras.initializers.RandomNormal(stddev=0.3)},
    "initializer of ours": {"initializer": IdenticalColumns()},
    "added layer": {"extra": lambda: [layers.Dropout(0.5)]},
    "its rate": {"extra": lambda: [layers.Dropout(0.4)]},
}


@pytest.fixture(scope="module")
def keys():
    """Returns the key of the unchanged recipe and of every change to it."""
    return (
        {"nothing": key(), "data": key(data=toy_data("g")), "seed": key(seeds=(1,))}
        | {name: key(recipe) for name, recipe in CHANGES.items()}
        | {name: key(**arguments) for name, arguments in MODEL_CHANGES.items()}
    )


@pytest.mark.slow
@pytest.mark.parametrize("change", ["data", "seed", *CHANGES, *MODEL_CHANGES])
def test_key_changes_with(change, keys):
    assert [name for name in keys if keys[name] == keys[change]] == [change]


def test_mixed_precision_changes_the_key():
    before = key()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        assert key() != before
    finally:
        keras.config.set_dtype_policy("float32")
    assert key() == before


def test_key_does_not_depend_on_what_was_built_before():
    first = key()
    for _ in range(3):
        build_model((4,), 2, 5)
        optimizers.SGD(0.1)
    assert key() == first


def test_losses_are_described_alike_however_many_were_made_before():
    class Squared(keras.losses.Loss):
        def call(self, y_true, y_pred):
            return keras.ops.mean((y_true - y_pred) ** 2, axis=-1)

    first, second = Squared(), Squared()
    assert first.name != second.name
    assert describe(first) == describe(second)


def test_key_does_not_depend_on_the_rest_of_the_plan():
    alone = key()
    many = runs(replace(RECIPE, learning_rates=(0.01, 0.03, 0.1)), seeds=(2, 1, 0))
    assert [run.key for run in many if (run.learning_rate, run.seed) == (0.1, 0)] == [alone]
    assert len({run.key for run in many}) == 9


@pytest.mark.slow
def test_key_is_the_same_in_every_process():
    program = "import test_identity; print(test_identity.key())"
    tests = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=tests,
        env={**os.environ, "PYTHONPATH": str(tests.parents[1]), "PYTHONHASHSEED": "5"},
    )
    assert done.stdout.strip() == key()


# Sources of classes that are not Keras's own


def load_source(monkeypatch, folder, text):
    """Imports `text` as the module `authors_own`."""
    folder.mkdir()
    (folder / "authors_own.py").write_text(text, encoding="utf-8")
    spec = util.spec_from_file_location("authors_own", folder / "authors_own.py")
    module = util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "authors_own", module)
    spec.loader.exec_module(module)
    return module


SOURCES = {
    "layer": """
import keras
class Own(keras.layers.Layer):
    def call(self, inputs):
        return inputs * 2
""",
    "initializer": """
import keras
class Own(keras.initializers.Initializer):
    def __call__(self, shape, dtype=None):
        return keras.ops.ones(shape, dtype) * 2
""",
    "callback": """
import keras
class Own(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        return 2
""",
    "schedule": """
import keras
class Own(keras.optimizers.schedules.LearningRateSchedule):
    def __call__(self, step):
        return 2
    def get_config(self):
        return {}
""",
}


@pytest.mark.parametrize("kind", SOURCES)
def test_key_changes_with_the_source_of_an_authors_own(kind, monkeypatch, tmp_path):
    def key_with(own):
        if kind == "layer":
            return key(extra=lambda: [own()])
        if kind == "initializer":
            return key(initializer=own())
        if kind == "callback":
            return key(replace(RECIPE, callbacks=lambda: [own()]))
        return key(replace(RECIPE, schedule=lambda *_: own()))

    keys = [
        key_with(load_source(monkeypatch, tmp_path / folder, text).Own)
        for folder, text in (
            ("first", SOURCES[kind]),
            ("again", SOURCES[kind]),
            ("changed", SOURCES[kind].replace("2", "3")),
        )
    ]
    assert keys[0] == keys[1]
    assert keys[0] != keys[2]


# Functions and plain data


def scaled(factor):
    return lambda x: x * factor


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (scaled(2), scaled(3)),
        (scaled((1, 2)), scaled((1, 3))),
        (scaled(scaled(2)), scaled(scaled(3))),
        (lambda x: x + 1, lambda x: x + 2),
        (lambda x: x + 1, lambda x: x - 1),
        (lambda x: x.sum(), lambda x: x.max()),
        (lambda x: lambda: 1, lambda x: lambda: 2),
        (lambda x: lambda: x.sum(), lambda x: lambda: x.max()),
        (lambda x=1: x, lambda x=2: x),
        (lambda *, x=1: x, lambda *, x=2: x),
        (functools.partial(scaled, 2), functools.partial(scaled, 3)),
        (functools.partial(scaled, factor=2), functools.partial(scaled, factor=3)),
    ],
    ids=[
        "closure",
        "tuple in closure",
        "function in closure",
        "constant",
        "operator",
        "name",
        "nested constant",
        "nested name",
        "default",
        "keyword default",
        "partial argument",
        "partial keyword",
    ],
)
def test_functions_that_differ_are_described_differently(first, second):
    assert key_of(describe(first)) != key_of(describe(second))


def test_functions_alike_are_described_alike():
    assert describe(scaled(2)) == describe(scaled(2))
    assert describe(functools.partial(scaled, 2)) == describe(functools.partial(scaled, 2))


def test_closure_of_a_callbacks_function_changes_the_key():
    def with_limit(limit):
        return replace(
            RECIPE,
            callbacks=lambda: [keras.callbacks.LambdaCallback(on_epoch_end=lambda e, logs: limit)],
        )

    assert key(with_limit(1)) == key(with_limit(1))
    assert key(with_limit(1)) != key(with_limit(2))


def test_closure_of_a_lambda_layer_changes_the_key():
    def with_factor(factor):
        return key(extra=lambda: [layers.Lambda(scaled(factor))])

    assert with_factor(2.0) == with_factor(2.0)
    assert with_factor(2.0) != with_factor(3.0)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (0.5, 0.5),
        ("a", "a"),
        (np.float32(0.5), 0.5),
        ((1, [2, "b"]), [1, [2, "b"]]),
        ({1: (2,), "c": None}, {"1": [2], "c": None}),
        (layers.Dense, "keras.src.layers.core.dense.Dense"),
    ],
)
def test_plain_data_is_described_as_itself(value, expected):
    assert describe(value) == expected


def test_arrays_are_described_by_their_values():
    a = np.arange(4.0)
    assert describe(a) == describe(a.copy())
    assert describe(a) != describe(a + 1)


def test_shared_layers_and_wiring_count():
    def graph(swap):
        inputs = keras.Input((3,))
        first, second = layers.Dense(3, name="first"), layers.Dense(3, name="second")
        branches = [first(inputs), second(first(inputs))]
        outputs = layers.Concatenate()(branches[::-1] if swap else branches)
        return key_of(describe(keras.Model(inputs, outputs, name="model")))

    keras.utils.clear_session(free_memory=False)
    first = graph(swap=False)
    keras.utils.clear_session(free_memory=False)
    second = graph(swap=True)
    assert first != second


def test_losses_that_differ_in_what_their_configuration_leaves_out_are_told_apart():
    usual, other = keras.losses.Huber(), keras.losses.Huber(0.5)
    assert describe(usual) != describe(other)
    assert describe(usual)["config"] == usual.get_config()  # keys of what has been run stay
