"""Finds experiments by listing files. Nothing else in the zoo knows that experiments exist."""

from __future__ import annotations

import ast
import functools
import importlib
import importlib.util
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from zoo.errors import ZooError, closest, printable
from zoo.experiment import Experiment, Measurement
from zoo.runner.mistakes import mistakes_in, shown

FOLDER = Path(__file__).resolve().parents[2] / "experiments"
DECLARES = re.compile(r"^EXPERIMENT\b", re.MULTILINE)


@dataclass(frozen=True)
class Entry:
    """One experiment module, known from its text alone.

    Attributes:
        name: The file's name without `.py`.
        path: The module's file.
        docstring: The module's docstring; its first line is the experiment's question.
        factor: What the experiment varies, as written in its declaration.
        claims: Ids of its claims, in order.
        kind: `trained` or `measured`.
    """

    name: str
    path: Path
    docstring: str
    factor: str
    claims: tuple[str, ...] = ()
    kind: str = "trained"

    @property
    def topic(self) -> str:
        """Name of the folder of `experiments/` that it lies in; empty for a user's own."""
        return self.path.parent.name if FOLDER in self.path.parents else ""

    @property
    def question(self) -> str:
        """The first line of the docstring."""
        return printable(self.docstring.strip().partition("\n")[0])

    def load(self) -> Experiment:
        """Imports the module (and so Keras) and returns its `EXPERIMENT`.

        Raises:
            ZooError: If it trains nothing.
        """
        found = _load(self.path)
        if isinstance(found, Measurement):
            raise ZooError(
                f"{self.name} trains nothing, it only measures. Name another experiment."
            )
        return found

    def load_measurement(self) -> Measurement:
        """Imports the module (and so Keras) and returns its `EXPERIMENT`, which trains nothing."""
        found = _load(self.path)
        if isinstance(found, Experiment):
            raise ZooError(f"{self.name} trains networks. Received: a request to measure it")
        return found

    def scales(self) -> tuple[str, ...]:
        """Imports the module (and so Keras) and returns the names of its larger sizes."""
        return tuple(_load(self.path).scales)


# What was loaded, with the contents then of its file and of the modules beside it.
_loaded: dict[Path, tuple[Experiment | Measurement, dict[Path, bytes]]] = {}


def _load(path: Path) -> Experiment | Measurement:
    """Returns what a file declares; imports it again if it has changed, or a module beside it."""
    experiment, contents = _loaded.get(path, (None, {}))
    if experiment is None or any(_content(each) != known for each, known in contents.items()):
        for name in _beside(path) if contents else ():
            del sys.modules[name]
        importlib.invalidate_caches()
        _check_names(path)
        experiment = _imported(path)
        _loaded[path] = (
            experiment,
            {each: _content(each) for each in (path, *_beside(path).values())},
        )
    return experiment


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _beside(path: Path) -> dict[str, Path]:
    """Returns the imported modules that lie in the folder of a user's experiment, or below it."""
    from zoo.runs.code import is_users

    if FOLDER in path.parents:
        return {}
    files = {name: getattr(each, "__file__", None) for name, each in sys.modules.copy().items()}
    experiments = {f"mine_{each.stem}" for each in (path, *_loaded)}  # which nobody imports by name
    return {
        name: Path(file)
        for name, file in files.items()
        if file
        and path.parent in Path(file).parents
        and FOLDER not in Path(file).parents
        and name not in experiments | {"__main__"}
        and is_users(name)
    }


def _check_names(path: Path) -> None:
    """Checks that modules beside a file are not taken for those beside another.

    Raises:
        ZooError: If one has the name of a module that was imported from beside another file.
    """
    words = set(re.findall(r"\w+", path.read_text(encoding="utf-8")))
    for other, (_, contents) in _loaded.items():
        for module in contents.keys() - {other}:
            own = path.parent / module.name
            if own.is_file() and own != module and module.stem in words:
                raise ZooError(
                    f"{shown(own)} has the name of {shown(module)}, which {other.name} imports. "
                    "Run the two experiments in two processes, or rename one of the modules."
                )


def _imported(path: Path) -> Experiment | Measurement:
    module_name = f"mine_{path.stem}"
    if FOLDER in path.parents:
        module_name = ".".join(path.relative_to(FOLDER.parent).with_suffix("").parts)
    elif str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))  # modules beside it; the zoo's own come first
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise ZooError(f"An experiment must be a Python file. Received: {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    with mistakes_in(path, "An experiment's file must be importable and define EXPERIMENT."):
        spec.loader.exec_module(module)
    experiment = getattr(module, "EXPERIMENT", None)
    if not isinstance(experiment, Experiment | Measurement):
        raise ZooError(
            f"{shown(path)} must define EXPERIMENT = Experiment(...) or Measurement(...). "
            f"Received: {type(experiment).__name__}"
        )
    return experiment


def read(path: Path) -> Entry:
    """Reads what a module says about itself, without importing it."""
    try:
        return _told(path, path.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError) as error:
        raise ZooError(f"{path} is not valid Python: {error}") from error


@functools.cache
def _told(path: Path, text: str) -> Entry:
    """Reads what the text of a module says."""
    tree = ast.parse(text)
    factor, kind = "", "trained"
    claims: dict[str, None] = {}
    for node in ast.walk(tree):
        called = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
        if called == "Claim" and isinstance(node, ast.Call) and node.args:
            # An id that is put together is known only when the module is imported.
            name = node.args[0]
            claims |= {str(name.value): None} if isinstance(name, ast.Constant) else {}
        if called in ("Experiment", "Measurement") and isinstance(node, ast.Call):
            kind = "trained" if called == "Experiment" else "measured"
            for keyword in node.keywords:
                if keyword.arg == "factor" and isinstance(keyword.value, ast.Constant):
                    factor = str(keyword.value.value)
    return Entry(path.stem, path, ast.get_docstring(tree) or "", factor, tuple(claims), kind)


def topics() -> dict[str, str]:
    """Returns the question of each topic by its name, in the order of the folders."""
    found = {}
    for path in sorted(FOLDER.glob("*/__init__.py")):
        docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        found[path.parent.name] = docstring.partition("\n")[0]
    return found


def _paths() -> dict[str, Path]:
    """Returns the files of the zoo's own experiments, wherever in their folder, by name."""
    paths = [path for path in FOLDER.rglob("*.py") if not path.stem.startswith("_")]
    return {path.stem: path for path in sorted(paths)}


def entries() -> list[Entry]:
    """Returns the zoo's own experiments, sorted by name."""
    return [read(path) for _, path in sorted(_paths().items())]


def find(name: str) -> Entry:
    """Returns the experiment of that name, or of that file when `name` ends in `.py`.

    Raises:
        ZooError: If there is none; the closest names are offered, or the folders that there are.
    """
    paths = _paths()
    names = sorted(paths)
    if name.endswith(".py"):
        path = Path(name).resolve()
        if not path.is_file():
            raise ZooError(f"No such file: {name}. Give the path of an experiment module.")
        if printable(path.stem, kept="") != path.stem:
            raise ZooError(
                "An experiment's file gives it its name and must be without control characters. "
                f"Received: {path.stem!r}. Rename the file."
            )
        if path.stem in names and path != paths[path.stem]:
            raise ZooError(
                f"{name} has the name of one of the zoo's own experiments and would share its "
                f"results folder. Rename the file."
            )
        return read(path)
    if name not in names:
        if os.sep in name:
            raise ZooError(f"No such folder: {name}.{_folders_in(Path(name).parent)}")
        raise ZooError(f"No experiment is called {name!r}. {closest(name, names)}")
    return read(paths[name])


def find_all(names: Sequence[str]) -> list[Entry]:
    """Returns experiments by name, file or folder, each once, in the order that they are named.

    Raises:
        ZooError: If there is no such experiment, or none in a folder.
    """
    found: dict[Path, Entry] = {}
    for name in names:
        own = _in_folder(Path(name)) if is_folder(name) else [find(name)]
        found |= {entry.path: entry for entry in own}
    return list(found.values())


def is_folder(name: str) -> bool:
    """Returns whether a name is that of a folder; an experiment's own name comes first."""
    return Path(name).is_dir() and name not in _paths()


def _in_folder(folder: Path) -> list[Entry]:
    """Returns the experiments in a folder, sorted by name; modules that declare none are left."""
    files = sorted(path for path in folder.glob("*.py") if not path.stem.startswith("_"))
    found = [find(str(path)) for path in files if DECLARES.search(path.read_text(encoding="utf-8"))]
    if not found:
        raise ZooError(
            f"A folder must have files of experiments, with EXPERIMENT = ... Received: {folder}."
            f"{_folders_in(folder)}"
        )
    return found


def _folders_in(folder: Path) -> str:
    """Returns a sentence that names the folders with files of Python in a folder, if it has any."""
    if not folder.is_dir():
        return ""
    found = {path.parent.name for path in folder.glob("[!_.]*/*.py")}
    return f" Folders in {folder}: {', '.join(sorted(found))}." if found else ""
