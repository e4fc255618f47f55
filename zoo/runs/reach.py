"""What objects reach that neither their attributes nor the names in their code show."""

from __future__ import annotations

import dis
import importlib
import importlib.util
import inspect
import io
import pickle
import sys
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

# Names by which code reads what may be another tomorrow.
READERS = (
    *("open", "read_text", "read_bytes", "read_csv", "loadtxt", "genfromtxt", "urlopen"),
    *("fromfile", "read_parquet", "read_json", "read_excel", "read_pickle", "environ", "getenv"),
    *("globals", "eval", "exec", "import_module"),
)

Users = Callable[[Any], bool]


def unwrapped(value: Any, users: Users) -> Any:
    """Returns what a decorator has wrapped, up to the first wrapper that the user has written."""
    while hasattr(value, "__wrapped__"):
        if isinstance(value, types.FunctionType) and users(value.__globals__.get("__name__")):
            return value
        value = value.__wrapped__
    return value


def module_of(function: Any) -> str:
    """Returns the name of the module that a function's code is from."""
    if hasattr(function, "__wrapped__"):
        return str(function.__globals__["__name__"])
    owner = getattr(function, "__objclass__", None)
    return str(getattr(function, "__module__", None) or getattr(owner, "__module__", "builtins"))


def slots_of(value: Any, users: Users) -> dict[str, Any]:
    """Returns the attributes of an object that its classes keep in `__slots__`."""
    names: list[str] = []
    for cls in type(value).__mro__:
        slots = vars(cls).get("__slots__", ()) if users(cls.__module__) else ()
        names += [slots] if isinstance(slots, str) else slots
    kept = [name for name in names if not name.startswith("__") and hasattr(value, name)]
    return {name: getattr(value, name) for name in kept}


def imported_in(code: types.CodeType) -> Iterator[str]:
    """Yields the modules that a function, or one in it, imports when it is called."""
    for step in dis.get_instructions(code):
        if step.opname == "IMPORT_NAME" and step.argval:
            yield str(step.argval)
    for item in code.co_consts:
        if isinstance(item, types.CodeType):
            yield from imported_in(item)


def module_named(name: str, users: Users) -> types.ModuleType | None:
    """Returns a module of the user's, imported if it is not yet; `None` for a library's."""
    top = name.partition(".")[0]
    if top not in sys.modules:
        spec = importlib.util.find_spec(top)
        if spec is None or "-packages" in str(spec.origin):
            return None
    elif not users(top):
        return None
    try:
        module = importlib.import_module(name)
    except ImportError:
        return None
    return module if users(name) else None


def pickled(value: Any, users: Users) -> tuple[bytes, list[Any]]:
    """Returns a library's object as bytes, and what of the user's code is in it.

    Raises:
        pickle.PicklingError, TypeError, AttributeError, NotImplementedError: If it cannot be read.
    """
    found: list[Any] = []

    class Pickler(pickle.Pickler):
        def persistent_id(self, item: Any) -> Any:
            code = isinstance(item, types.FunctionType | type)
            if code and users(item.__module__):
                found.append(item)
                return item.__qualname__
            return None

    written = io.BytesIO()
    Pickler(written).dump(value)
    return written.getvalue(), found


def readers_in(names: Sequence[str], known: Mapping[str, Any]) -> list[str]:
    """Returns those of the names in a function's code by which it may read what is elsewhere.

    Args:
        names: The names.
        known: The globals of the function.
    """
    used = [word for word in READERS if word in names]
    if "load" in names and any(known.get(each) is np for each in names):
        used += ["load"] * (getattr(known.get("data"), "__name__", "") != "zoo.data")
    return used


def instructions(code: types.CodeType, docstring: str | None = None) -> Any:
    """Returns what a code object does: not its comments, its docstring or its line numbers."""
    constants: list[Any] = [
        instructions(item, _docstring(item))
        if isinstance(item, types.CodeType)
        else _constant(item)
        for item in code.co_consts
    ]
    if docstring is not None and code.co_consts and code.co_consts[0] == docstring:
        constants[0] = "None"
    return [code.co_code.hex(), constants, list(code.co_names), list(code.co_varnames)]


def _constant(item: object) -> str:
    """Returns a constant as text; a set of texts in an order that every process gives it."""
    if isinstance(item, frozenset) and not all(isinstance(each, int) for each in item):
        return f"frozenset({sorted(map(repr, item))})"
    return repr(item)


def _docstring(code: types.CodeType) -> str | None:
    """Returns the docstring of a function inside another: the first constant, if it is a text."""
    first = code.co_consts[0] if code.co_consts else None
    function = code.co_flags & inspect.CO_OPTIMIZED and not code.co_name.startswith("<")
    return first if function and isinstance(first, str) else None


def names_in(code: types.CodeType) -> list[str]:
    """Returns all names that a function and the functions in it look up, sorted."""
    found = set(code.co_names)
    for item in code.co_consts:
        if isinstance(item, types.CodeType):
            found |= set(names_in(item))
    return sorted(found)
