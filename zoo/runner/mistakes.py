"""What is wrong in an experiment's file: where it stands, and what was expected there."""

from __future__ import annotations

import ast
import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from zoo.errors import MistakeError, ZooError


@contextlib.contextmanager
def mistakes_in(path: Path, expected: str, line: int | None = None) -> Iterator[None]:
    """Turns what the code of an experiment's file raises in this block into a ZooError.

    It names the file, the line that raised and what was expected. Whatever raises without a line of
    that file being to blame is left as it is, unless `line` says where to look. An end of Python
    (`SystemExit`) is a mistake like any other; only the user's Control-C passes.

    Args:
        path: The experiment's file.
        expected: A sentence that says what the code was asked for.
        line: Where to look if no line of the file has raised: where the function is defined.
    """
    try:
        yield
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:  # a module may raise anything, and may end Python
        ends = 1 if isinstance(error, SystemExit) else None  # wherever: it must not end the zoo
        where = place(path, _line(error, path) or line or ends)
        if where is None or str(error).startswith(where.partition(":")[0]):
            raise
        if isinstance(error, ZooError):
            raise type(error)(f"{where}: {error}") from error
        said = " ".join([f"{type(error).__name__}:", *str(error).split()]).rstrip(":.")
        raise MistakeError(f"{where}: {said}.\n{expected}") from error


def place(path: Path, line: int | None) -> str | None:
    """Returns file and line as they are written in messages, or `None` without a line."""
    return f"{shown(path)}:{line}" if line else None


def shown(path: Path) -> str:
    """Returns a path as a message names it: from the working folder if it lies in it."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith(os.pardir) else relative


def line_of_argument(path: Path, name: str) -> int:
    """Returns the line of the first argument of that name in a file, or 1 if there is none."""
    lines = [
        node.value.lineno
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.keyword) and node.arg == name
    ]
    return min(lines, default=1)


def line_of(path: Path, value: Any, name: str) -> int:
    """Returns the line where a function is defined, or that of the argument it is given as.

    Args:
        path: The experiment's file.
        value: What the experiment gives as `name`.
        name: Name of the argument.
    """
    code = getattr(getattr(value, "func", value), "__code__", None)  # a partial has its function
    if code is not None and code.co_filename == str(path):
        return int(code.co_firstlineno)
    return line_of_argument(path, name)


def _line(error: BaseException, path: Path) -> int | None:
    """Returns the line of the file that was running last when an error was raised."""
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
