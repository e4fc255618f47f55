"""A change of the user's code is a change of the run; a comment is none."""

import sys
import sysconfig
import types

import keras
import numpy as np
import pytest

from zoo import data
from zoo.experiment import Experiment
from zoo.runs.code import code_of, is_users
from zoo.runs.plan import plan

HELPER = """
import numpy as np

FACTOR = 2.0
TABLE = {"a": [1, 2], "b": (3.0,)}
ARRAY = np.arange(3)


def doubled(x):
    return FACTOR * x


def unused(x):
    return x + 1


class Base:
    power = 2

    def raised(self, x):
        return x**self.power
"""

EXPERIMENT = '''"""Does a leak help?"""

import functools

import keras
import numpy as np
from keras import layers, ops

import helper_of_mine
from zoo.experiment import Experiment, Recipe

SCALE = 1.0
SLOPES = [0.1, 0.2]


def leak(x):
    """Leaks."""
    return ops.where(x > 0, x, SLOPES[0] * x) * SCALE


def outer(slope):
    def inner(x):
        return ops.maximum(x, slope * x)

    return inner


def powered(x, power=2, *, shift=0.5):
    return x**power + shift


def through_helper(x):
    return helper_of_mine.doubled(x)


class Offset(helper_of_mine.Base):
    amount = 0.25

    def __call__(self, x):
        return self.raised(x) + self.amount


class Own(layers.Layer):
    def __init__(self, gain=1.5, **keywords):
        super().__init__(**keywords)
        self.gain = gain

    def call(self, inputs):
        return scaled(inputs, self.gain)

    def get_config(self):
        return super().get_config()


def scaled(x, gain):
    return gain * x


class Penalty(keras.regularizers.Regularizer):
    def __call__(self, x):
        return 0.01 * ops.sum(x)

    def get_config(self):
        return {}


class Start(keras.initializers.Initializer):
    def __call__(self, shape, dtype=None):
        return ops.ones(shape, dtype) * START

    def get_config(self):
        return {}


START = 0.5


class Stopper(keras.callbacks.Callback):
    patience = 3

    def on_epoch_end(self, epoch, logs=None):
        if epoch > self.patience * LIMIT:
            self.model.stop_training = True


LIMIT = 2


def focal(y_true, y_pred):
    p = ops.softmax(y_pred)
    return -ops.mean(ops.log(ops.take_along_axis(p, ops.cast(y_true[:, None], "int32"), 1)))


class Loss(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return focal(y_true, y_pred) * WEIGHT


WEIGHT = 1.0


def rate_of(epoch, rate):
    return rate * DECAY


DECAY = 0.9


def share(model, given):
    return float(np.mean(given.y_test)) + PROBED


PROBED = 0.0


def build_model(input_shape, num_classes, activation):
    flat = [keras.Input(input_shape), layers.Flatten(), Own()]
    hidden = layers.Dense(
        4, activation, kernel_regularizer=Penalty(), bias_initializer=Start()
    )
    mixed = layers.Lambda(lambda x: x * 1.0 + len(helper_of_mine.TABLE["a"]))
    return keras.Sequential([*flat, hidden, mixed, layers.Dense(num_classes)])


EXPERIMENT = Experiment(
    factor="activation",
    baseline="leak",
    variants={
        "leak": leak,
        "closure": outer(0.3),
        "partial": functools.partial(powered, power=3),
        "default": powered,
        "helper": through_helper,
        "object": Offset(),
        "lambda": lambda x: x + helper_of_mine.ARRAY[1],
    },
    recipe=Recipe(
        build_model=build_model,
        data="digits",
        optimizer=keras.optimizers.SGD,
        learning_rates=(0.1,),
        epochs=1,
        batch_size=64,
        callbacks=lambda: [Stopper(), keras.callbacks.LearningRateScheduler(rate_of)],
        loss=Loss,
        probes={"share": share},
    ),
)
'''

ALL = frozenset(("leak", "closure", "partial", "default", "helper", "object", "lambda"))
# What is changed, in which file, and which variants it changes.
CHANGES = {
    "body of an activation": ("mine", "SLOPES[0] * x", "-5 * ops.sin(x)", {"leak"}),
    "global number": ("mine", "SCALE = 1.0", "SCALE = 0.0", {"leak"}),
    "global list": ("mine", "SLOPES = [0.1", "SLOPES = [0.4", {"leak"}),
    "value closed over": ("mine", "outer(0.3)", "outer(0.7)", {"closure"}),
    "body of a closure": ("mine", "ops.maximum(x, slope", "ops.minimum(x, slope", {"closure"}),
    "argument of a partial": ("mine", "power=3)", "power=4)", {"partial"}),
    "default": ("mine", "power=2, *", "power=5, *", {"partial", "default"}),
    "default of a keyword": ("mine", "shift=0.5", "shift=0.75", {"partial", "default"}),
    "body behind a partial": ("mine", "x**power +", "x**power -", {"partial", "default"}),
    "function of a module beside": ("helper", "FACTOR * x", "FACTOR + x", {"helper"}),
    "global of a module beside": ("helper", "FACTOR = 2.0", "FACTOR = 3.0", {"helper"}),
    "method of an object": ("mine", "self.raised(x) +", "self.raised(x) -", {"object"}),
    "attribute of a class": ("mine", "amount = 0.25", "amount = 0.5", {"object"}),
    "method of a base elsewhere": ("helper", "x**self.power", "x * self.power", {"object"}),
    "attribute of a base elsewhere": ("helper", "power = 2", "power = 3", {"object"}),
    "array of a module beside": ("helper", "np.arange(3)", "np.arange(3) + 1", {"lambda"}),
    "body of a lambda": ("mine", "lambda x: x + helper", "lambda x: x - helper", {"lambda"}),
    "table that a lambda reads": ("helper", "[1, 2]", "[1, 2, 3]", ALL),
    "number in a layer's lambda": ("mine", "x * 1.0 +", "x * 2.0 +", ALL),
    "method of a layer": ("mine", "scaled(inputs, self.gain)", "scaled(inputs, 2.0)", ALL),
    "function that a layer calls": ("mine", "return gain * x", "return gain + x", ALL),
    "default of a layer": ("mine", "gain=1.5", "gain=1.25", ALL),
    "regularizer": ("mine", "0.01 * ops.sum", "0.02 * ops.sum", ALL),
    "initializer": ("mine", "ops.ones(shape", "ops.zeros(shape", ALL),
    "global of an initializer": ("mine", "START = 0.5", "START = 0.75", ALL),
    "method of a callback": ("mine", "epoch > self", "epoch >= self", ALL),
    "attribute of a callback": ("mine", "patience = 3", "patience = 4", ALL),
    "global of a callback": ("mine", "LIMIT = 2", "LIMIT = 3", ALL),
    "function of a loss": ("mine", "-ops.mean(ops.log", "-ops.sum(ops.log", ALL),
    "global of a loss": ("mine", "WEIGHT = 1.0", "WEIGHT = 2.0", ALL),
    "function of a schedule": ("mine", "rate * DECAY", "rate / DECAY", ALL),
    "global of a schedule": ("mine", "DECAY = 0.9", "DECAY = 0.8", ALL),
    "function of a probe": ("mine", "np.mean(given", "np.max(given", ALL),
    "global of a probe": ("mine", "PROBED = 0.0", "PROBED = 1.0", ALL),
}
NO_CHANGES = {
    "comment": ("mine", "SCALE = 1.0", "SCALE = 1.0  # as it is"),
    "comment in a function": ("mine", "    return gain * x", "    # louder\n    return gain * x"),
    "docstring": ("mine", '"""Leaks."""', '"""Leaks a little."""'),
    "docstring of a class": ("mine", "    patience = 3", '    """Stops."""\n\n    patience = 3'),
    "blank lines": ("mine", "START = 0.5", "\n\nSTART = 0.5"),
    "function that nobody calls": ("helper", "return x + 1", "return x + 2"),
}


@pytest.fixture(scope="module")
def digits():
    return data.load("digits")


@pytest.fixture
def keys(tmp_path, monkeypatch, digits):
    """Returns a function of a changed text: the key of each variant's run."""
    monkeypatch.syspath_prepend(tmp_path)

    def read(file="", old="", new=""):
        texts = {"mine": EXPERIMENT, "helper": HELPER}
        if file:
            assert old in texts[file]
            texts[file] = texts[file].replace(old, new)
        for name, text in (("helper_of_mine", texts["helper"]), ("mine_of_mine", texts["mine"])):
            (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
            module = type(sys)(name)
            module.__file__ = str(tmp_path / f"{name}.py")
            monkeypatch.setitem(sys.modules, name, module)
            exec(compile(text, module.__file__, "exec"), vars(module))
        experiment = module.EXPERIMENT
        assert isinstance(experiment, Experiment)
        return {job.run.variant: job.run.key for job in plan(experiment, digits, [0])}

    return read


@pytest.fixture(scope="module")
def unchanged():
    return {}


@pytest.fixture
def before(keys, unchanged):
    """Returns the keys without any change, which no folder's name is part of: read once."""
    if not unchanged:
        unchanged |= keys()
    return unchanged


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_the_users_code_makes_new_runs(keys, before, change):
    *edit, changed = CHANGES[change]
    after = keys(*edit)
    assert {label for label in before if before[label] != after[label]} == set(changed)


@pytest.mark.slow
@pytest.mark.parametrize("change", NO_CHANGES)
def test_what_changes_no_number_makes_none(keys, before, change):
    assert keys(*NO_CHANGES[change]) == before


def test_all_that_is_a_library_is_not_looked_into():
    assert code_of(np.mean, data.load, "text", 3, [len], {"a": np.arange(3)}) == ([], [])
    assert not is_users("numpy.linalg")
    assert not is_users("json")
    assert not is_users("zoo.layers")
    assert is_users("__main__")


def test_an_installed_experiment_counts_like_one_in_a_folder(monkeypatch):
    name = "experiments.regularizers.planted"
    module = types.ModuleType(name)
    module.__file__ = f"{sysconfig.get_paths()['purelib']}/experiments/regularizers/planted.py"
    monkeypatch.setitem(sys.modules, name, module)
    assert is_users(name)
    monkeypatch.setitem(sys.modules, "planted", module)
    assert not is_users("planted")


def test_what_cannot_be_known_is_said(tmp_path):
    names = {"path": tmp_path / "a.txt"}
    exec("def read(x):\n    return x * float(open(path).read())", names)
    names["read"].__module__ = "mine"
    found, unknown = code_of(names["read"])
    assert len(found) == 1
    assert unknown == ["mine.read calls open: a change of what it reads is not seen"]


def test_functions_that_call_each_other_end():
    names = {}
    exec("def a(x):\n    return b(x)\ndef b(x):\n    return a(x)", names)
    for name in ("a", "b"):
        names[name].__module__ = "mine"
    assert len(code_of(names["a"])[0]) == 2


class Compiled(keras.Model):
    """A user's own model; this module is nobody's library."""

    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(2)

    def call(self, inputs):
        return self.dense(inputs)


def test_what_compiling_notes_in_a_model_is_no_code():
    models = [Compiled() for _ in range(2)]
    for model in models:
        model.compile("adam", "mse", metrics=["accuracy"])
        model(np.zeros((1, 3), np.float32))
    first, second = map(code_of, models)
    assert first == second
    assert "Compiled" in str(first)
    assert "0x" not in str(first)
