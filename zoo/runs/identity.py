"""What determines a run, as text and as a key: runs with equal keys are equal."""

from __future__ import annotations

import functools
import hashlib
import inspect
import json
import re
import sys
import warnings
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import keras
import numpy as np

from callbacks.keras_internals import all_layers, unwritten_arguments
from zoo.experiment import Recipe
from zoo.runs.code import code_of, is_users, source_of
from zoo.runs.reach import instructions

ROOT = Path(__file__).parents[2]
PLAIN = frozenset({type(None), bool, int, float, str})


def describe(value: Any) -> Any:
    """Returns a JSON-ready description of a Keras object, a function or plain data.

    Two values with equal descriptions behave alike: classes that are not Keras's own bring their
    source, functions their byte code, constants and closure.
    """
    if isinstance(value, type):
        return _named(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return hashlib.sha256(value.tobytes()).hexdigest()
    if isinstance(value, Mapping):
        described = {str(key): describe(item) for key, item in value.items()}
        # Keras's form of an object inside a configuration names its class and omits its source.
        cls = getattr(sys.modules.get(str(value.get("module"))), str(value.get("class_name")), None)
        return {**described, "source": _named(cls)} if isinstance(cls, type) else described
    if isinstance(value, Sequence | set | frozenset):
        plain = PLAIN.issuperset(map(type, value))  # such as a million numbers
        return list(value) if plain else [describe(item) for item in value]
    if inspect.isroutine(value) and hasattr(value, "__code__"):
        return _function(value)
    if isinstance(value, keras.Model):
        return {"layers": [describe_layer(layer) for layer in _layers(value)], **_model(value)}
    if hasattr(value, "get_config"):
        config = value.get_config()
        if isinstance(value, keras.optimizers.Optimizer):
            config.pop("name", None)  # counts the optimizers that were made before
        if isinstance(value, keras.losses.Loss):
            config |= unwritten_arguments(value)
            if isinstance(config.get("name"), str):
                # A name that Keras gives counts the losses that were made before.
                config["name"] = re.sub(r"_\d+$", "", config["name"])
        return {"class": _named(type(value)), "config": describe(config)}
    if hasattr(value, "func") and hasattr(value, "keywords"):  # functools.partial
        return [describe(value.func), describe(value.args), describe(value.keywords)]
    return {"class": _named(type(value)), "arguments": _arguments(value)}


def describe_layer(layer: Any) -> Any:
    """Returns class and configuration of one layer.

    What Keras cannot write down, such as an activation that is a partial function, is described by
    the arguments that the layer keeps.
    """
    try:
        config = describe({**layer.get_config(), **dict.fromkeys(_lambdas(layer), "lambda")})
    except (NotImplementedError, TypeError, ValueError):
        config = _arguments(layer)
    return {"class": _named(type(layer)), "config": config}


def _layers(model: Any) -> list[Any]:
    return all_layers(model)


def _model(model: Any) -> dict[str, Any]:
    """Returns what the list of layers does not say: how they are wired, and the shapes."""
    shapes = [list(variable.shape) for variable in model.variables]
    try:
        if not any(map(_lambdas, _layers(model))):
            return {"class": _named(type(model)), "shapes": shapes, "graph": model.to_json()}
    except NotImplementedError:  # a subclassed model without get_config: its source says it all
        return {"class": _named(type(model)), "shapes": shapes}
    except (TypeError, ValueError):
        pass  # some layer cannot be written down, so the summary has to do
    lines: list[str] = []
    model.summary(line_length=200, print_fn=lambda line, *_, **__: lines.append(line))
    return {"class": _named(type(model)), "shapes": shapes, "graph": lines}


def _lambdas(layer: Any) -> set[str]:
    """Returns the attributes of a layer that are lambdas.

    Keras writes them down with their line numbers; what they do is in `users_code`.
    """
    return {
        name
        for name, value in vars(layer).items()
        if inspect.isfunction(value) and value.__name__ == "<lambda>"
    }


def _named(cls: type) -> Any:
    name = f"{cls.__module__}.{cls.__qualname__}"
    if cls.__module__.partition(".")[0] in ("keras", "builtins", "numpy"):
        return name
    try:
        return [name, source_of(cls) if is_users(cls.__module__) else _source(cls)]
    except (OSError, TypeError):  # made in an interactive session
        return name


@functools.cache
def _source(cls: type) -> str:
    return inspect.getsource(cls)


def _function(function: Any) -> Any:
    cells = [describe(cell.cell_contents) for cell in function.__closure__ or ()]
    defaults = describe([function.__defaults__, function.__kwdefaults__])
    own = is_users(function.__module__)
    code = instructions(function.__code__, function.__doc__) if own else _code(function.__code__)
    return ["function", code, defaults, cells]


def _code(code: Any) -> Any:
    constants = [_code(item) if inspect.iscode(item) else repr(item) for item in code.co_consts]
    return [code.co_code.hex(), constants, list(code.co_names)]


def _arguments(value: Any) -> Any:
    """Returns the constructor's arguments of an object that keeps them under the same names."""
    names = [name for name in inspect.signature(type(value)).parameters if hasattr(value, name)]
    return {name: describe(getattr(value, name)) for name in names}


def library_versions() -> dict[str, str]:
    """Returns the versions that numbers depend on, by package."""
    return {name: _version(name) for name in ("keras", keras.backend.backend(), "numpy")}


@functools.cache
def _version(package: str) -> str:
    return metadata.version(package)


def recipe_identity(
    recipe: Recipe,
    model: Any,
    fingerprint: str,
    steps_per_epoch: int,
    trained_by: Any = (),
    loaded: Sequence[str] = (),
) -> Any:
    """Returns what all runs of one variant share, except for the learning rate.

    Args:
        recipe: The variant's recipe.
        model: A model built from it.
        fingerprint: The data's fingerprint.
        steps_per_epoch: Steps in an epoch.
        trained_by: An optimizer and callbacks made from it, for the user's code in them.
        loaded: What the builder has set of the weights, as `zoo.runs.loaded` describes it.
    """
    code, _ = users_code(recipe, model, trained_by)
    with warnings.catch_warnings():
        # Keras warns of a lambda that cannot be loaded again. Nothing is saved here.
        warnings.filterwarnings("ignore", message=".*includes a `lambda`")
        described = describe(model)
    return {
        "model": described,
        "loss": describe(recipe.loss()),
        "callbacks": describe(recipe.callbacks()),
        "epochs": recipe.epochs,
        "batch_size": recipe.batch_size,
        "steps_per_epoch": steps_per_epoch,
        "data": fingerprint,
        "versions": library_versions(),
        # What was run without probes keeps its key.
        **({"probes": describe(dict(recipe.probes))} if recipe.probes else {}),
        **({"code": code} if code else {}),
        **({"loaded": list(loaded)} if loaded else {}),
    }


def users_code(recipe: Recipe, model: Any, trained_by: Any) -> tuple[list[Any], list[str]]:
    """Returns the user's code that a run depends on, and what of it cannot be known.

    Args:
        recipe: The variant's recipe.
        model: A model built from it.
        trained_by: An optimizer and callbacks made from it.
    """
    return code_of(model, recipe.loss(), recipe.callbacks(), dict(recipe.probes), trained_by)


def digest_of_sources(*patterns: str) -> str:
    """Returns a digest of the zoo's own files, by patterns such as `zoo/engine/*.py`."""
    digest = hashlib.sha256()
    for pattern in patterns:
        for path in sorted(ROOT.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()


class Text(str):
    """Described parts as text, which is made once where many keys have them."""

    __slots__ = ()


def text_of(part: Any) -> Text:
    """Returns a described part as the text that stands for it in keys."""
    return part if isinstance(part, Text) else Text(json.dumps(part, sort_keys=True, default=repr))


def key_of(*parts: Any) -> str:
    """Returns 32 hexadecimal digits that identify the described parts, or their texts."""
    text = f"[{', '.join(map(text_of, parts))}]"
    return hashlib.sha256(text.encode()).hexdigest()[:32]
