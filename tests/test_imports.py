import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = ("callbacks", "experiments", "zoo")
FILES = sorted(path for package in OURS for path in (ROOT / package).rglob("*.py"))
NAMES = [path.relative_to(ROOT).as_posix() for path in FILES]

# Which package of the zoo may import which others, besides the files that lie in zoo/ itself.
MAY = {
    "data": (),
    "runs": ("data",),
    "engine": ("data", "runs"),
    "evidence": ("runs",),
    "results": ("runs", "evidence"),
    "figures": ("results",),
    "report": ("results",),
    "runner": ("data", "runs", "engine", "evidence", "results", "figures"),
    "search": ("data", "runs", "engine", "evidence", "results", "figures", "runner"),
    "advice": ("data", "runs", "engine", "evidence", "results", "figures", "runner"),
    "commands": (
        "data",
        "runs",
        "engine",
        "evidence",
        "results",
        "figures",
        "runner",
        "search",
        "advice",
        "report",
    ),
}
TYPES_ONLY = {("runs", "data"), ("evidence", "runs")}
# Files of zoo/ that are doors to the packages for anybody's Keras code; the others import none.
DOORS = ("adviser", "fits", "many", "notebook", "outcome", "probes", "trials", "tuner")
# What works where Keras is not installed.
WITHOUT_KERAS = ("evidence", "results", "figures", "report")
FRAMEWORKS = ("keras", "tensorflow", "jax", "torch")
EXPERIMENTS_MAY = (
    "keras",
    "numpy",  # what Keras computes is compared with what NumPy does
    "callbacks",
    "zoo.catalogue",
    "zoo.claims",
    "zoo.experiment",
    "zoo.initializers",
    "zoo.layers",
    "zoo.losses",
    "zoo.many",
    "zoo.measure",
    "zoo.paths",
    "zoo.preprocessing",
    "zoo.probes",
    "zoo.search_space",
    "zoo.trials",
)
LIGHT = ("zoo.catalogue", "zoo.claims", "zoo.errors", "zoo.experiment", "zoo.runner.registry")


def module_of(name):
    """Returns the dotted name of a file such as `zoo/engine/fit.py`."""
    return name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def is_type_checking(node):
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def imports(text, name, *, top_level=False, types=False):
    """Lists the modules that a file imports.

    Args:
        text: The file's text.
        name: Its path below the root, for relative imports.
        top_level: Whether to leave out what only a function imports.
        types: Whether to list what only type checkers import too.
    """
    package = module_of(name).split(".")
    if not name.endswith("__init__.py"):
        package = package[:-1]
    found, todo = [], list(ast.parse(text).body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            base = ".".join(part for part in (start, node.module) if part)
            # `from zoo.results import tables` imports zoo.results.tables; `import write` from there
            # imports no module of that name, but whatever may be said of it is true of tables.
            found += [f"{base}.{alias.name}" for alias in node.names]
        elif is_type_checking(node):
            todo += node.orelse + (node.body if types else [])
        elif not (top_level and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)):
            todo += ast.iter_child_nodes(node)
    return sorted(found)


def under(imported, *modules):
    return any(imported == module or imported.startswith(f"{module}.") for module in modules)


def package_of(module):
    """Returns the zoo's package that a dotted name lies in, or that of a file of zoo/ itself."""
    first, _, rest = module.partition(".")
    name = rest.partition(".")[0]
    return name if first == "zoo" and name in MAY else ""


def may_import(name, imported, *, types=False):
    """Returns whether the file `name` may import a module; `types` for type checkers only."""
    first = name.partition("/")[0]
    if first == "callbacks":
        return not under(imported, "zoo", "experiments", "tensorflow")
    if first == "experiments":
        standard = imported.partition(".")[0] in sys.stdlib_module_names
        return standard or under(imported, *EXPERIMENTS_MAY)
    own, target = package_of(module_of(name)), package_of(imported)
    if own in WITHOUT_KERAS and under(imported, *FRAMEWORKS):
        return False
    if under(imported, "experiments"):
        return False
    if target in ("", own):
        return True
    if own:
        return target in MAY[own] and (types or (own, target) not in TYPES_ONLY)
    if name == "zoo/__main__.py":
        return target == "commands"
    return module_of(name) in {f"zoo.{door}" for door in DOORS} and target != "commands"


def arrows_back(text, name):
    """Lists the imports of a file that run against the direction of the design."""
    run = imports(text, name)
    wrong = [imported for imported in run if not may_import(name, imported)]
    only_types = set(imports(text, name, types=True)) - set(run)
    wrong += sorted(i for i in only_types if not may_import(name, i, types=True))
    if module_of(name) in LIGHT:
        heavy = (*FRAMEWORKS, "numpy")
        wrong += [i for i in imports(text, name, top_level=True) if under(i, *heavy)]
    return wrong


@pytest.mark.parametrize("name", NAMES)
def test_no_arrow_runs_back(name):
    assert arrows_back((ROOT / name).read_text(encoding="utf-8"), name) == []


def test_every_package_has_its_row_and_is_read():
    assert {name.partition("/")[0] for name in NAMES} == set(OURS)
    assert {"zoo/experiment.py", "zoo/engine/fit.py", "callbacks/new_bob.py"} <= set(NAMES)
    assert {path.parent.name for path in (ROOT / "zoo").glob("*/__init__.py")} == set(MAY)
    assert {f"zoo/{door}.py" for door in DOORS} <= set(NAMES)


TYPES = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    "


@pytest.mark.parametrize(
    ("name", "text", "wrong"),
    [
        ("callbacks/a.py", "from zoo.errors import ZooError", ["zoo.errors.ZooError"]),
        ("callbacks/a.py", "def f():\n    import zoo", ["zoo"]),
        ("callbacks/a.py", "import tensorflow as tf", ["tensorflow"]),
        ("callbacks/__init__.py", "from callbacks.new_bob import NewBob", []),
        ("experiments/a/b.py", "import tensorflow as tf", ["tensorflow"]),
        ("experiments/a/b.py", "import pandas as pd", ["pandas"]),
        ("experiments/a/b.py", "from zoo import data", ["zoo.data"]),
        ("experiments/a/b.py", "from zoo.search import oracle", ["zoo.search.oracle"]),
        ("experiments/a/b.py", "from zoo.tuner import Search", ["zoo.tuner.Search"]),
        ("experiments/a/b.py", "from zoo.experiments import x", ["zoo.experiments.x"]),
        ("experiments/a/b.py", "import math\nfrom zoo.layers import Swish\nimport keras.ops", []),
        ("zoo/a.py", "import experiments", ["experiments"]),
        ("zoo/a.py", "from zoo.experiment import Experiment", []),
        ("zoo/claims.py", "from zoo.runs.run import Run", ["zoo.runs.run.Run"]),
        ("zoo/many.py", "from zoo.engine import fit", []),
        ("zoo/many.py", "from zoo.commands import app", ["zoo.commands.app"]),
        ("zoo/__main__.py", "from zoo.commands.app import main", []),
        (
            "zoo/engine/a.py",
            "from ...experiments.regularizers import dropout",
            ["experiments.regularizers.dropout"],
        ),
        ("zoo/engine/a.py", "from zoo.runs import run\nfrom zoo import data, errors", []),
        ("zoo/engine/a.py", "from ..results import store", ["zoo.results.store"]),
        ("zoo/engine/a.py", f"{TYPES}from zoo import results", ["zoo.results"]),
        ("zoo/runs/a.py", "from zoo.data import Data", ["zoo.data.Data"]),
        ("zoo/runs/a.py", f"{TYPES}from zoo.data import Data", []),
        ("zoo/results/a.py", "def f():\n    import keras", ["keras"]),
        ("zoo/results/a.py", "from zoo.runner import registry", ["zoo.runner.registry"]),
        ("zoo/figures/a.py", "from zoo.results import files\nfrom zoo.search_space import x", []),
        ("zoo/runner/a.py", "from zoo.search import points", ["zoo.search.points"]),
        ("zoo/search/a.py", "from zoo.runner import prepare", []),
        ("zoo/search/a.py", "from zoo.commands.app import main", ["zoo.commands.app.main"]),
        ("zoo/errors.py", "import numpy as np", ["numpy"]),
        ("zoo/errors.py", "try:\n    import keras.ops\nexcept ImportError: pass", ["keras.ops"]),
        ("zoo/experiment.py", "def f():\n    import keras", []),
        ("zoo/runner/registry.py", "class A:\n    from keras import ops", ["keras.ops"]),
        ("zoo/runner/registry.py", f"{TYPES}import keras", []),
    ],
)
def test_planted_arrows_are_found(name, text, wrong):
    assert arrows_back(text, name) == wrong


def cycle(arrows):
    """Returns modules that import each other in a circle, or an empty list."""
    done = set()

    def walk(module, trail):
        if module in trail:
            return [*trail[trail.index(module) :], module]
        if module in done:
            return []
        for target in sorted(arrows.get(module, ())):
            if found := walk(target, [*trail, module]):
                return found
        done.add(module)
        return []

    return next((found for module in sorted(arrows) if (found := walk(module, []))), [])


def test_nothing_is_imported_in_a_circle():
    modules = {module_of(name): name for name in NAMES}
    arrows = {}
    for module, name in modules.items():
        found = imports((ROOT / name).read_text(encoding="utf-8"), name)
        # The longest known module that a dotted name starts with is the one imported.
        targets = (max((m for m in modules if under(i, m)), key=len, default="") for i in found)
        arrows[module] = set(targets) - {"", "zoo", module}
    assert arrows["zoo.commands.app"] >= {"zoo.errors", "zoo.commands.run"}
    assert cycle(arrows) == []
    assert cycle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]


def brought_in(modules, heavy):
    """Imports modules one after the other in a fresh process; says which of them brought what."""
    program = (
        "import importlib, json, sys\n"
        f"heavy, brought = {heavy!r}, {{}}\n"
        f"for module in {modules!r}:\n"
        "    before = set(sys.modules)\n"
        "    importlib.import_module(module)\n"
        "    if new := (set(sys.modules) - before) & heavy:\n"
        "        brought[module] = sorted(new)\n"
        "print(json.dumps(brought))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return json.loads(done.stdout)


@pytest.mark.slow
def test_what_reads_results_starts_without_keras():
    packages = tuple(f"zoo/{package}/" for package in WITHOUT_KERAS)
    readers = [module_of(name) for name in NAMES if name.startswith(packages)]
    modules = ["zoo.commands.app", "zoo.runner.registry", *readers]
    assert brought_in(modules, {*FRAMEWORKS, "sklearn"}) == {}


def test_vocabulary_needs_no_numpy():
    assert brought_in(LIGHT, {"keras", "numpy"}) == {}


def test_what_a_module_brings_in_is_seen():
    assert brought_in(["json", "zoo.preprocessing"], {"numpy"}) == {"zoo.preprocessing": ["numpy"]}


def private_names(text):
    """Lists the attributes with a leading underscore that are asked of another object."""
    return [
        ast.unparse(node)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute)
        and node.attr.startswith("_")
        and not node.attr.startswith("__")
        and ast.unparse(node.value) not in ("self", "cls")
    ]


# keras-tuner's, the operating system's, and our own.
OTHERS_PRIVATE = {
    "self._oracle._set_project_dir",
    "os._exit",
    "self.schedule._announced",
}


@pytest.mark.parametrize("name", [name for name in NAMES if name != "callbacks/keras_internals.py"])
def test_what_keras_keeps_to_itself_is_touched_in_one_module(name):
    found = set(private_names((ROOT / name).read_text(encoding="utf-8")))
    assert found <= OTHERS_PRIVATE


def test_planted_private_names_are_found():
    text = "self._own\nself.__class__\nmodel._layers\noptimizer.x._rate = 3"
    assert private_names(text) == ["model._layers", "optimizer.x._rate"]
