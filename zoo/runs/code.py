"""What the user's own code does, as data: a change of it is a change of the run.

Whatever is the user's and can be reached from a model, a loss, an optimizer or a callback counts:
the code of functions and classes without comments and docstrings, what they close over, what they
read globally, their defaults, and the versions of the libraries that they name. Libraries are known
by their version, the zoo itself by the code of what is used directly.
"""

from __future__ import annotations

import ast
import dataclasses
import dis
import functools
import hashlib
import inspect
import pickle
import sys
import sysconfig
import textwrap
import types
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import keras
import numpy as np

from callbacks.keras_internals import all_layers
from zoo.runs.reach import (
    imported_in,
    instructions,
    module_named,
    module_of,
    names_in,
    pickled,
    readers_in,
    slots_of,
    unwrapped,
)

# Versions of these belong to every key.
COUNTED = frozenset({"keras", "numpy", "tensorflow", "jax", "torch", "zoo", "callbacks"})
PLAIN = (type(None), bool, int, float, complex, str, bytes)


@functools.cache
def _library_folders() -> tuple[Path, ...]:
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    return tuple({Path(sysconfig.get_paths()[name]).resolve() for name in names})


def is_users(module_name: str | None) -> bool:
    """Returns whether a module is neither a library's nor the zoo's own.

    Experiments count as the user's, also those that were installed with the zoo.
    """
    top = (module_name or "").partition(".")[0]
    if top in ("__main__", "experiments"):
        return True
    if top in COUNTED or top in sys.stdlib_module_names or top in sys.builtin_module_names:
        return False
    module = sys.modules.get(module_name or "")
    file = getattr(module, "__file__", None)
    if file is None:
        return module is None
    path = Path(file).resolve()
    return not any(folder in path.parents for folder in _library_folders())


def code_of(*roots: Any, exact: bool = False) -> tuple[list[Any], list[str]]:
    """Describes the user's code that can be reached from some objects.

    Args:
        roots: Models, losses, optimizers, callbacks, functions.
        exact: Whether to tell also which object is met again and what counters are at. Keys of
            stored runs are without.

    Returns:
        A JSON-ready description, empty if nothing of the user's is reached; and sentences about
        what cannot be known, such as what a function reads from a file.
    """
    reader = _Reader(exact)
    for root in roots:
        reader.look(root)
    return reader.found, list(dict.fromkeys(reader.unknown))


def value_and_code(value: Any) -> tuple[Any, list[str]]:
    """Describes a value and the user's code that can be reached from it.

    Returns:
        A JSON-ready description, and sentences about what cannot be known.
    """
    reader = _Reader(exact=True)
    described = reader.describe(value)
    return [described, reader.found], list(dict.fromkeys(reader.unknown))


class _Reader:
    """Walks through objects and keeps the description of each piece of the user's code once."""

    def __init__(self, exact: bool = False) -> None:
        self._exact = exact
        self.found: list[Any] = []
        self.unknown: list[str] = []
        self._seen: dict[int, Any] = {}  # keeps what it has seen, so that no id is used twice
        self._libraries: set[str] = set()

    def look(self, value: Any) -> None:
        """Looks for the user's code in an object that may be a library's."""
        if isinstance(value, (*PLAIN, np.ndarray, np.generic, keras.Variable)):
            return
        if id(value) in self._seen:
            return
        if _is_code(value) or is_users(type(value).__module__):
            self.describe(value)
        elif isinstance(value, Mapping):
            self._seen[id(value)] = value
            for item in value.values():
                self.look(item)
        elif isinstance(value, list | tuple | set | frozenset):
            self._seen[id(value)] = value
            for item in value:
                self.look(item)
        elif type(value).__module__.partition(".")[0] in ("keras", "zoo", "callbacks"):
            self._seen[id(value)] = value
            for item in _parts(value):
                self.look(item)

    def describe(self, value: Any) -> Any:
        """Returns a description of a value that the user's code uses."""
        if isinstance(value, (*PLAIN, Mapping, Sequence)) and is_users(type(value).__module__):
            self.describe(type(value))
        if isinstance(value, float | complex | bytes):
            return repr(value)
        if isinstance(value, PLAIN):
            return value
        if isinstance(value, np.ndarray | np.generic | keras.Variable):
            return _digest(value)
        if id(value) in self._seen:
            which = [[*self._seen].index(id(value))] if self._exact else []
            return ["again", getattr(value, "__qualname__", type(value).__qualname__), *which]
        self._seen[id(value)] = value
        if isinstance(value, Mapping):
            if factory := getattr(value, "default_factory", None):
                self.describe(factory)
            return [[self.describe(key), self.describe(item)] for key, item in value.items()]
        if isinstance(value, set | frozenset):
            return sorted(repr(self.describe(item)) for item in value)
        if isinstance(value, Sequence):
            return [self.describe(item) for item in value]
        if isinstance(value, functools.partial):
            return ["partial", *map(self.describe, (value.func, value.args, value.keywords))]
        if isinstance(value, types.MethodType):
            return [self.describe(value.__func__), self.describe(value.__self__)]
        if isinstance(value, types.ModuleType):
            return self._module(value, ())
        if isinstance(value, type):
            return self._class(value)
        if isinstance(value, functools.cached_property):
            return ["cached", self.describe(value.func)]
        if inspect.isroutine(value) and hasattr(inspect.unwrap(value), "__qualname__"):
            return self._routine(value)
        return self._object(value)

    def _routine(self, value: Any) -> Any:
        function = unwrapped(value, is_users)
        name = f"{getattr(function, '__module__', None)}.{function.__qualname__}"
        if isinstance(dispatched := getattr(value, "registry", None), Mapping):
            self.found.append([name, self.describe(list(dispatched.values()))])
        if not is_users(module_of(function)):
            self._library(module_of(function))
            return name
        if not hasattr(function, "__code__"):
            self.unknown.append(f"{name} is compiled, so a change of it is not seen")
            return name
        names = names_in(function.__code__)
        if used := readers_in(names, function.__globals__):
            self.unknown.append(f"{name} calls {used[0]}: a change of what it reads is not seen")
        cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
        described = [
            "function",
            instructions(function.__code__, function.__doc__),
            self.describe([function.__defaults__, function.__kwdefaults__]),
            [[name, self._cell(cell)] for name, cell in cells.items()],
            self._globals(function.__globals__, names),
        ]
        own = [module_named(each, is_users) for each in imported_in(function.__code__)]
        described += [self._module(module, names) for module in own if module]
        if self._exact:
            described += [function.__code__.co_argcount, function.__code__.co_flags & 12]
        self.found.append([name, described])
        return ["function", name]

    def _cell(self, cell: Any) -> Any:
        try:
            return self.describe(cell.cell_contents)
        except ValueError:  # not filled yet: a function that names itself
            return "empty"

    def _globals(self, known: Mapping[str, Any], names: Sequence[str]) -> list[Any]:
        found = []
        for name in names:
            if name in known:
                value = known[name]
                if isinstance(value, types.ModuleType):
                    found.append([name, self._module(value, names)])
                else:
                    found.append([name, self.describe(value)])
        return found

    def _module(self, module: types.ModuleType, names: Sequence[str]) -> Any:
        if not is_users(module.__name__):
            self._library(module.__name__)
            return module.__name__
        if "getattr" in names:  # it may ask for any of them
            names = [name for name in sorted(vars(module)) if not name.startswith("__")]
        own = []
        for name in [name for name in names if name in vars(module)]:
            item = vars(module)[name]
            inner = [each for each in names if each not in (name, "getattr")]
            if isinstance(item, types.ModuleType):
                own.append([name, self._module(item, inner)])
            else:
                own.append([name, self.describe(item)])
        return ["module", own]

    def _class(self, cls: type) -> Any:
        name = f"{cls.__module__}.{cls.__qualname__}"
        if not is_users(cls.__module__):
            self._library(cls.__module__)
            return name
        members, made = [], assigned_by(cls)
        for key, member in sorted(vars(cls).items()):
            if key in ("__doc__", "__module__", "__dict__", "__weakref__", "__qualname__"):
                continue
            if key.startswith("__") and not inspect.isroutine(member):
                continue
            if key in made and isinstance(member, PLAIN):
                members.append([key, _written(cls, key)])  # a counter, perhaps: how it begins
                members += [[key, repr(member)]] * self._exact
                continue
            if isinstance(member, staticmethod | classmethod):
                member = member.__func__
            if isinstance(member, property):
                members.append([key, self.describe([member.fget, member.fset])])
            elif isinstance(member, types.MemberDescriptorType | types.GetSetDescriptorType):
                continue
            elif not key.startswith("_abc_"):
                members.append([key, self.describe(member)])
        bases = [self.describe(base) for base in cls.__bases__]
        if is_users(type(cls).__module__):
            bases.append(self.describe(type(cls)))
        self.found.append([name, ["class", bases, members]])
        return ["class", name]

    def _object(self, value: Any) -> Any:
        cls = type(value)
        if is_users(cls.__module__):
            slots, usual = slots_of(value, is_users), _usual(cls)
            state = {
                key: item
                for key, item in sorted((slots | getattr(value, "__dict__", {})).items())
                if key not in usual and not isinstance(item, keras.Variable)
            }
            for key in [key for key, item in state.items() if isinstance(item, keras.Layer)]:
                self.look(state.pop(key))
            described = [self._class_once(cls), self.describe(state)]
            self.found.append([cls.__qualname__, described])
            return ["object", cls.__qualname__]
        self._library(cls.__module__)
        if cls.__module__.partition(".")[0] in ("keras", "zoo", "callbacks"):
            for item in _parts(value):
                self.look(item)
        if isinstance(value, keras.layers.Layer):
            weights = [_digest(variable) for variable in value.variables]
            return [cls.__qualname__, repr(value.get_config()), weights]
        if hasattr(value, "get_config"):
            return [cls.__qualname__, repr(value.get_config())]
        try:
            written, own = pickled(value, is_users)
            for item in own:
                self.describe(item)
            return [cls.__qualname__, hashlib.sha256(written).hexdigest()]
        except (pickle.PicklingError, TypeError, AttributeError, NotImplementedError):
            if dataclasses.is_dataclass(value) and cls.__module__.startswith("zoo."):
                return [cls.__qualname__, self.describe(vars(value))]
            self.unknown.append(f"what is in a {cls.__qualname__} cannot be read")
            return cls.__qualname__

    def _class_once(self, cls: type) -> Any:
        return ["again", cls.__qualname__] if id(cls) in self._seen else self.describe(cls)

    def _library(self, module_name: str | None) -> None:
        top = (module_name or "").partition(".")[0]
        if not top or top in COUNTED | sys.stdlib_module_names or top in self._libraries:
            return
        self._libraries.add(top)
        packages = _distributions().get(top, [])
        self.found += [[package, metadata.version(package)] for package in sorted(set(packages))]


@functools.cache
def _distributions() -> Mapping[str, list[str]]:
    return metadata.packages_distributions()


def _is_code(value: Any) -> bool:
    return isinstance(value, type | functools.partial) or inspect.isroutine(value)


def _parts(value: Any) -> Iterator[Any]:
    """Yields what an object of Keras's or the zoo's holds, without what Keras notes for itself."""
    if isinstance(value, keras.Model | keras.layers.Layer):
        yield from all_layers(value)
    for name, item in sorted(getattr(value, "__dict__", {}).items()):
        if not name.startswith("_"):
            yield item


def _usual(cls: type) -> frozenset[str]:
    """Returns the attributes that every object of its kind has from Keras."""
    kinds: tuple[Any, ...] = (
        keras.Model,
        keras.layers.Layer,
        keras.callbacks.Callback,
        keras.losses.Loss,
        keras.metrics.Metric,
    )
    usual: set[str] = {"name", "built", "_name"}
    for kind in kinds:
        if issubclass(cls, kind):
            usual |= _attributes(kind)
    if issubclass(cls, keras.layers.Layer):
        usual |= {"_inbound_nodes", "_outbound_nodes", "_build_shapes_dict", "_call_context_args"}
        usual |= {"_tracker", "_layers", "_metrics", "_path", "_losses", "_loss_ids"}
    if issubclass(cls, keras.callbacks.Callback):
        usual |= {"_model", "params", "validation_data"}
    return frozenset(usual)


@functools.cache
def _attributes(kind: Any) -> frozenset[str]:
    made = kind()
    if isinstance(made, keras.Model):
        made.compile(loss="mse")  # which notes more, partly addresses; what trains is told besides
    return frozenset(vars(made))


def assigned_by(cls: type) -> set[str]:
    """Returns the names of attributes that methods of a class assign, but for `__init__`."""
    return {
        str(step.argval)
        for name, member in vars(cls).items()
        if name != "__init__" and hasattr(member, "__code__")
        for step in dis.get_instructions(member)
        if step.opname == "STORE_ATTR"
    }


def _written(cls: type, name: str) -> str:
    """Returns what an attribute is in the source of a class; empty if that is not there."""
    try:
        body = ast.parse(source_of(cls)).body[0]
    except (OSError, TypeError):
        return ""
    for node in getattr(body, "body", ()):
        targets = getattr(node, "targets", [getattr(node, "target", None)])
        if name in [getattr(target, "id", "") for target in targets] and node.value is not None:
            return ast.unparse(node.value)
    return ""


def source_of(cls: type) -> str:
    """Returns the source of a class without comments and docstrings.

    Raises:
        OSError: If it has none, such as one made in an interactive session.
    """
    tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            value = first.value if isinstance(first, ast.Expr) else None
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)


def _digest(array: Any) -> str:
    value = np.ascontiguousarray(keras.ops.convert_to_numpy(array))
    if value.dtype == object:
        return hashlib.sha256(repr(value.tolist()).encode()).hexdigest()
    return hashlib.sha256(f"{value.shape}{value.dtype}".encode() + value.tobytes()).hexdigest()
