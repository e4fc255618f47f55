import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = ("callbacks", "experiments", "zoo")
FILES = sorted(path for package in OURS for path in (ROOT / package).rglob("*.py"))
NAMES = [path.relative_to(ROOT).as_posix() for path in FILES]

EXPERIMENTS_MAY = (
    "keras",
    "numpy",  # what Keras computes is compared with what NumPy does
    "callbacks",
    "zoo.catalogue",
    "zoo.claims",
    "zoo.experiment",
    "zoo.layers",
    "zoo.initializers",
    "zoo.losses",
    "zoo.measure",
    "zoo.search.oracle",
    "zoo.preprocessing",
    "zoo.search_space",
    "zoo.probes",
    "zoo.trials",
)
LIGHT = ("zoo.catalogue", "zoo.claims", "zoo.errors", "zoo.experiment", "zoo.runner.registry")
# What only reads results must start in well under a second.
READERS = (
    "zoo.commands.app",
    "zoo.figures.trained",
    "zoo.runner.registry",
    "zoo.results.store",
    "zoo.results.summary",
    "zoo.results.tables",
)


def module_of(name):
    """Returns the dotted name of a file such as `zoo/engine/fit.py`."""
    return name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def is_type_checking(node):
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def imports(text, name, *, top_level=False):
    """Lists the modules that a file imports when it is run; those for type checkers are not.

    Args:
        text: The file's text.
        name: Its path below the root, for relative imports.
        top_level: Whether to leave out what only a function imports.
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
            todo += node.orelse
        elif not (top_level and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)):
            todo += ast.iter_child_nodes(node)
    return sorted(found)


def under(imported, *modules):
    return any(imported == module or imported.startswith(f"{module}.") for module in modules)


def arrows_back(text, name):
    """Lists the imports of a file that run against the direction of the design."""
    package, module = name.partition("/")[0], module_of(name)
    wrong = []
    for imported in imports(text, name):
        standard = imported.partition(".")[0] in sys.stdlib_module_names
        if package == "callbacks":
            bad = under(imported, "zoo", "experiments", "tensorflow")
        elif package == "experiments":
            bad = not standard and not under(imported, *EXPERIMENTS_MAY)
        else:
            bad = under(imported, "experiments")
        if bad:
            wrong.append(imported)
    if module in LIGHT:
        heavy = ("keras", "numpy", "tensorflow", "jax")
        wrong += [i for i in imports(text, name, top_level=True) if under(i, *heavy)]
    return wrong


@pytest.mark.parametrize("name", NAMES)
def test_no_arrow_runs_back(name):
    assert arrows_back((ROOT / name).read_text(encoding="utf-8"), name) == []


def test_all_three_packages_are_read():
    assert {name.partition("/")[0] for name in NAMES} == set(OURS)
    assert {"zoo/experiment.py", "zoo/engine/fit.py", "callbacks/new_bob.py"} <= set(NAMES)


@pytest.mark.parametrize(
    ("name", "text", "wrong"),
    [
        ("callbacks/a.py", "from zoo.errors import ZooError", ["zoo.errors.ZooError"]),
        ("callbacks/a.py", "def f():\n    import zoo", ["zoo"]),
        ("callbacks/a.py", "import tensorflow as tf", ["tensorflow"]),
        ("callbacks/__init__.py", "from callbacks.new_bob import NewBob", []),
        ("experiments/a.py", "import tensorflow as tf", ["tensorflow"]),
        ("experiments/a.py", "import pandas as pd", ["pandas"]),
        ("experiments/a.py", "from zoo import data", ["zoo.data"]),
        ("experiments/a.py", "from zoo.experiments import x", ["zoo.experiments.x"]),
        ("experiments/a.py", "import math\nfrom zoo.layers import Swish\nimport keras.ops", []),
        ("zoo/a.py", "import experiments", ["experiments"]),
        (
            "zoo/a.py",
            "def f():\n    from experiments.regularizers.dropout import E",
            ["experiments.regularizers.dropout.E"],
        ),
        (
            "zoo/engine/a.py",
            "from ...experiments.regularizers import dropout",
            ["experiments.regularizers.dropout"],
        ),
        ("zoo/a.py", "from zoo.experiment import Experiment", []),
        ("zoo/errors.py", "import numpy as np", ["numpy"]),
        ("zoo/errors.py", "try:\n    import keras.ops\nexcept ImportError: pass", ["keras.ops"]),
        ("zoo/experiment.py", "def f():\n    import keras", []),
        ("zoo/runner/registry.py", "class A:\n    from keras import ops", ["keras.ops"]),
        (
            "zoo/runner/registry.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import keras",
            [],
        ),
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


@pytest.mark.parametrize("module", READERS)
def test_what_reads_results_starts_without_keras(module):
    heavy = "{'keras', 'tensorflow', 'jax', 'torch', 'sklearn'}"
    program = f"import sys, {module}; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("module", LIGHT)
def test_vocabulary_needs_no_numpy(module):
    program = f"import sys, {module}; print(sorted({{'keras', 'numpy'}} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"
