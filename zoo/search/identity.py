"""What determines a trial that trains alone, described so that it can be stored and found again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from callbacks.keras_internals import compiled_with
from zoo.data import fingerprint_of
from zoo.runs.code import PLAIN, assigned_by, code_of, is_users
from zoo.runs.identity import describe, library_versions
from zoo.search.hypermodel import built


def identity_of(
    hypermodel: Any, hyperparameters: Any, values: Mapping[str, Any]
) -> tuple[Any, list[str]]:
    """Returns what determines a run that trains alone, except for `fit`'s arguments and the seed.

    And sentences about what cannot be known of it, such as what `fit` reads from a file.

    Args:
        hypermodel: What builds and fits the model.
        hyperparameters: The point of the space.
        values: What `fit` may ask for, as it was before.
    """
    model = built(hypermodel, hyperparameters)
    compiled = compiled_with(model) if model.compiled else None
    own = _beside_build(hypermodel)
    code, unknown = code_of(model, compiled, *own.values())
    described = describe(compiled) if model.compiled else None
    model.compiled = False
    plain = {name: value for name, value in own.items() if isinstance(value, PLAIN)}
    identity = {
        "model": describe(model),
        "compiled": described,
        "fit": describe(type(hypermodel).fit),
        "values": describe(values),
        "versions": library_versions(),
        **({"code": code} if code else {}),
        **({"constants": describe(plain)} if plain else {}),
    }
    return identity, unknown


def _beside_build(hypermodel: Any) -> dict[str, Any]:
    """Returns what a hypermodel of the user's has, by name, but what builds.

    The model says what that did. What methods assign, such as a counter, is what came of a search
    and not what it depends on.
    """
    found: dict[str, Any] = {}
    made: set[str] = set()
    for cls in reversed(type(hypermodel).__mro__):
        if is_users(cls.__module__):
            found |= {name: item for name, item in vars(cls).items() if name[:2] != "__"}
            made |= assigned_by(cls)
    if found:
        found |= vars(hypermodel)
    return {name: item for name, item in found.items() if name not in {"build", *made}}


def contents(value: Any) -> Any:
    """Returns a JSON-ready description in which arrays count with all that is in them.

    A data set that is neither an array nor a list of some counts only with its class.
    """
    if isinstance(value, tuple | list):
        return [contents(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): contents(item) for key, item in value.items()}
    if not hasattr(value, "__array__"):
        return describe(value)
    array = np.asarray(value)
    return describe(array.tolist()) if array.dtype == object else fingerprint_of(array)
